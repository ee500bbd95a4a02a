"""The composition root: wires the parts from the settings. Every face asks through it."""

from __future__ import annotations

import dataclasses
import logging
import time
from typing import TYPE_CHECKING

from kbot.answering.bot import Bot
from kbot.answering.notes import Notes
from kbot.answering.urgent import LastResort
from kbot.cache import AnswerCache
from kbot.journal.recorder import Recorder, RecorderState
from kbot.records import Asked, Fallback, Outcome
from kbot.search.settled import open_settled
from kbot.settings import JOURNAL_OFF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kbot.answering.notes import StepTime
    from kbot.clinic import Clinic
    from kbot.journal.redact import Redactor
    from kbot.journal.store import Journal
    from kbot.records import Answer, Document, Passage, Topic
    from kbot.search.index import SearchIndex
    from kbot.settings import Settings

_log = logging.getLogger("kbot.service")


class Service:
    """One opened index and the bot on top of it. Holds no state of any visitor.

    It stays with its build: a new one gets a service of its own (`renewed`), and the questions under way end here.
    """

    trouble: str | None = None  # why this is not, or may not stay, the build to serve, for staff; None: all is well
    cache: AnswerCache | None = None  # of this build's answers; None where it is off
    watch: Callable[[Sequence[StepTime]], None] | None = None  # told how long the steps of each question took

    def __init__(
        self, settings: Settings, index: SearchIndex, *, recorder: Recorder | None = None, trouble: str | None = None
    ) -> None:
        """`recorder` is that of the service before, which goes on writing; `trouble` what staff should know."""
        self.settings = settings
        self.trouble = trouble
        self._index = index
        self._bot = Bot(index, rerank=settings.rerank, max_question=settings.max_question)
        self._last_resort = LastResort(index.clinic, index.danger)
        self._recorder = recorder or self._make_recorder()
        if settings.cache:
            self.cache = AnswerCache(settings.cache * 2**20, max_question=settings.max_question)

    def _make_recorder(self) -> Recorder | None:
        if self.settings.journal.strip().lower() == JOURNAL_OFF:
            return None
        # Nothing of it is opened before the first question that is written down.
        return Recorder(
            self.open_journal,
            self._read_redactor,
            retention_days=self.settings.retention_days,
            longest=self.settings.max_question,
        )

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Open the index that the settings name.

        Raises:
            IndexUnusableError: it is missing, damaged or was built with other models.
        """
        return cls(settings, open_settled(settings))

    def renewed(self, index: SearchIndex) -> Service:
        """Return the service of another build, with the same journal: what is written down goes on in order."""
        renewed = Service(self.settings, index, recorder=self._recorder)
        if self._recorder is not None:
            self._recorder.reread(renewed._read_redactor)
        return renewed

    def warm(self) -> None:
        """Read what is otherwise read with the first question: a server must not depend on files that may go."""
        self._index.keywords.open()

    def ask(self, turns: Sequence[str], *, channel: str | None = None) -> Asked:
        """Answer the last of `turns`; the earlier ones are the conversation before it.

        `channel` ("chat" or "rest") is for visitors: the question goes into the journal, in the background and
        redacted. Without one, as for tests and evaluation, nothing is written down.
        """
        start = time.perf_counter()
        turns = _writable(turns)
        notes = Notes() if self.watch else None
        answer = self._reply(turns, notes)
        if notes is not None and self.watch is not None:
            notes.answered()
            self.watch(notes.times)
        if channel is not None and self.cache is not None:
            self.cache.keep(turns, answer)
        return self._recorded(answer, start, channel)

    def recall(self, turns: Sequence[str], *, channel: str) -> Asked | None:
        """Return what `ask` would, in well under a millisecond, where a visitor asked the same lately; else None."""
        start = time.perf_counter()
        answer = None if self.cache is None else self.cache.find(_writable(turns))
        return None if answer is None else self._recorded(answer, start, channel)

    def urgent(self, turns: Sequence[str], *, channel: str) -> Asked | None:
        """Return the reply to somebody in danger, by the reviewed patterns alone; None to everybody else.

        For the times when there is no room to ask the bot: it takes well under a millisecond.
        """
        start = time.perf_counter()
        answer = self._last_resort.ask(_writable(turns))
        return None if answer is None else self._recorded(answer, start, channel)

    def _recorded(self, answer: Answer, start: float, channel: str | None) -> Asked:
        elapsed = (time.perf_counter() - start) * 1000
        asked = Asked(answer=answer, build=self.build, elapsed_ms=elapsed)
        if channel is None or self._recorder is None:
            return asked
        return dataclasses.replace(asked, ticket=self._recorder.record(asked, channel))

    def _reply(self, turns: Sequence[str], notes: Notes | None = None) -> Answer:
        try:
            return self._bot.ask(turns, notes)
        except Exception as error:
            # Whatever broke, a model or a passage that isn't its document's text: nobody in danger waits for it.
            urgent = self._last_resort.ask(turns, classify=True)
            if urgent is None:
                raise
            # Only its type: a message could hold what a visitor typed.
            _log.warning("danger was recognised, everything else fails: %s", type(error).__name__)
            return urgent

    def feedback(self, ticket: str, *, helpful: bool, reason: str = "") -> Fallback | None:
        """Keep what a visitor says of the answer with this ticket.

        Returns the fixed reply to show where the reason is itself a cry for help: it is then counted, not kept.
        """
        answer = self._reply([reason]) if reason.strip() else None
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

    def let_go(self) -> None:
        """Forget the index, after the last question: a web app that was replaced may be held by its framework."""
        vars(self).pop("_index", None)
        vars(self).pop("_bot", None)

    def close(self) -> None:
        """Write down what is still waiting, for some seconds at most, and let go of the journal."""
        if self._recorder is not None:
            self._recorder.close()

    @property
    def index(self) -> SearchIndex:
        """The opened index, for reports."""
        return self._index

    @property
    def build(self) -> str:
        """The id of the build that is served."""
        return self._index.manifest.build

    @property
    def directory(self) -> str:
        """Where the build that is served lies below index/builds; a forced build of the same id has another."""
        return self._index.manifest.directory

    @property
    def clinic(self) -> Clinic:
        """The clinic's facts."""
        return self._index.clinic

    @property
    def documents(self) -> Mapping[str, Document]:
        """Every document of the corpus by its id, those not used in answers included."""
        return self._index.documents

    @property
    def passages(self) -> Mapping[str, Passage]:
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


def _writable(turns: Sequence[str]) -> list[str]:
    """Return the turns without halves of surrogate pairs: they can be neither searched nor written back."""
    return [turn.encode("utf-8", "replace").decode("utf-8") for turn in turns]
