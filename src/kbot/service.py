"""The composition root: wires the parts from the settings. Every face asks through it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kbot.answering.bot import Bot
from kbot.records import Asked
from kbot.search.index import open_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.clinic import Clinic
    from kbot.records import Document, Passage
    from kbot.search.index import SearchIndex
    from kbot.settings import Settings


class Service:
    """One opened index and the bot on top of it. Holds no state of any visitor."""

    def __init__(self, settings: Settings, index: SearchIndex) -> None:
        self.settings = settings
        self._index = index
        self._bot = Bot(index, rerank=settings.rerank, max_question=settings.max_question)

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Open the index that the settings name.

        Raises:
            IndexUnusableError: it is missing, damaged or was built with other models.
        """
        return cls(settings, open_index(settings))

    def ask(self, turns: Sequence[str]) -> Asked:
        """Answer the last of `turns`; the earlier ones are the conversation before it."""
        start = time.perf_counter()
        # Half of a surrogate pair, as a broken client sends it, can be neither searched nor written back.
        answer = self._bot.ask([turn.encode("utf-8", "replace").decode("utf-8") for turn in turns])
        elapsed = (time.perf_counter() - start) * 1000
        return Asked(answer=answer, build=self.build, elapsed_ms=elapsed)

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
    def bot(self) -> Bot:
        """The bot, for evaluation and staff."""
        return self._bot

    def examples(self, count: int = 4) -> list[str]:
        """Return questions to start with, that the material answers: headings of the FAQ."""
        return self._bot.examples(count)
