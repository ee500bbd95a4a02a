"""The composition root: wires the parts from the settings. Every face asks through it."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from kbot.answering.bot import Bot
from kbot.journal.recorder import Recorder, RecorderState
from kbot.records import Asked, Fallback, Outcome
from kbot.search.index import open_index
from kbot.settings import JOURNAL_OFF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.clinic import Clinic
    from kbot.journal.redact import Redactor
    from kbot.journal.store import Journal
    from kbot.records import Document, Passage, Topic
    from kbot.search.index import SearchIndex
    from kbot.settings import Settings


class Service:
    """One opened index and the bot on top of it. Holds no state of any visitor."""

    def __init__(self, settings: Settings, index: SearchIndex) -> None:
        self.settings = settings
        self._index = index
        self._bot = Bot(index, rerank=settings.rerank, max_question=settings.max_question)
        self._recorder: Recorder | None = None
        if settings.journal.strip().lower() != JOURNAL_OFF:
            # Nothing of it is opened before the first question that is written down.
            self._recorder = Recorder(
                self.open_journal,
                self._read_redactor,
                retention_days=settings.retention_days,
                longest=settings.max_question,
            )

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Open the index that the settings name.

        Raises:
            IndexUnusableError: it is missing, damaged or was built with other models.
        """
        return cls(settings, open_index(settings))

    def warm(self) -> None:
        """Read what is otherwise read with the first question: a server must not depend on files that may go."""
        self._index.keywords.open()

    def ask(self, turns: Sequence[str], *, channel: str | None = None) -> Asked:
        """Answer the last of `turns`; the earlier ones are the conversation before it.

        `channel` ("chat" or "rest") is for visitors: the question goes into the journal, in the background and
        redacted. Without one, as for tests and evaluation, nothing is written down.
        """
        start = time.perf_counter()
        # Half of a surrogate pair, as a broken client sends it, can be neither searched nor written back.
        answer = self._bot.ask([turn.encode("utf-8", "replace").decode("utf-8") for turn in turns])
        elapsed = (time.perf_counter() - start) * 1000
        asked = Asked(answer=answer, build=self.build, elapsed_ms=elapsed)
        if channel is None or self._recorder is None:
            return asked
        return dataclasses.replace(asked, ticket=self._recorder.record(asked, channel))

    def feedback(self, ticket: str, *, helpful: bool, reason: str = "") -> Fallback | None:
        """Keep what a visitor says of the answer with this ticket.

        Returns the fixed reply to show where the reason is itself a cry for help: it is then counted, not kept.
        """
        answer = self._bot.ask([reason]) if reason.strip() else None
        urgent = None
        if isinstance(answer, Fallback) and answer.outcome in {Outcome.CRISIS, Outcome.EMERGENCY}:
            urgent, reason = answer, ""
        if self._recorder is not None:
            if urgent is not None:
                self._recorder.count_urgent(urgent.outcome)
            self._recorder.feedback(ticket, helpful=helpful, reason=reason)
        return urgent

    def open_journal(self) -> Journal:
        """Open the journal, for staff.

        Raises:
            JournalError: it is off, or can't be opened.
        """
        from kbot.journal.store import Journal

        return Journal.open(self.settings.journal)

    def _read_redactor(self) -> Redactor:
        from kbot.journal.redact import Redactor

        own = [document.text for document in self.documents.values()]
        topics = self._index.topics.topics
        return Redactor([*own, *(text for topic in topics for text in (topic.about, *topic.phrasings))])

    @property
    def journal_state(self) -> RecorderState | None:
        """How writing to the journal is going; None where it is off."""
        return None if self._recorder is None else self._recorder.state

    def close(self) -> None:
        """Write down what is still waiting, for some seconds at most, and let go of the journal."""
        if self._recorder is not None:
            self._recorder.close()

    @property
    def build(self) -> str:
        """The id of the build that is served."""
        return self._index.manifest.build

    @property
    def clinic(self) -> Clinic:
        """The clinic's facts."""
        return self._index.clinic

    @property
    def documents(self) -> dict[str, Document]:
        """Every document of the corpus by its id, those not used in answers included."""
        return self._index.documents

    @property
    def passages(self) -> dict[str, Passage]:
        """Every passage by its id, in reading order."""
        return self._index.passages

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The question bank."""
        return self._index.topics.topics

    @property
    def bot(self) -> Bot:
        """The bot, for evaluation and staff."""
        return self._bot

    def examples(self, count: int = 4) -> list[str]:
        """Return questions to start with, that the material answers: headings of the FAQ."""
        return self._bot.examples(count)
