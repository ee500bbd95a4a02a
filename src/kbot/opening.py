"""Opening for visitors, come what may: the last build, the one before it, or a stand-in without any."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kbot.answering.urgent import LastResort
from kbot.clinic import read_clinic
from kbot.errors import CorpusError, IndexUnusableError, KbotError
from kbot.search.danger_spare import spare_danger
from kbot.search.index import open_build
from kbot.search.manifest import read_kept, read_manifest
from kbot.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbot.answering.bot import Bot
    from kbot.answering.notes import Notes
    from kbot.clinic import Clinic
    from kbot.journal.recorder import Recorder
    from kbot.journal.redact import Redactor
    from kbot.records import Answer, Document, Passage, Topic
    from kbot.search.index import SearchIndex
    from kbot.settings import Settings

_log = logging.getLogger("kbot.service")


def open_for_visitors(settings: Settings) -> Service:
    """Open what can be served: the build before where the last one is damaged, or none at all.

    Without any build, people in danger get their reply, and everybody else a clinician's number (`StandIn`).
    What is wrong stands in `trouble`, and is logged.

    Raises:
        KbotError: there is neither a build nor a clinic.toml: nobody knows whom visitors should turn to.
    """
    try:
        return Service.open(settings)
    except KbotError as error:
        trouble = str(error)
    service = _open_before(settings, trouble) or StandIn.make(settings, trouble)
    _log.warning("%s", service.trouble)
    return service


def _open_before(settings: Settings, trouble: str) -> Service | None:
    try:
        before = read_manifest(settings.index).before
        index = open_build(settings, read_kept(settings.index, before)) if before else None
    except KbotError:
        return None
    if index is None:
        return None
    return Service(settings, index, trouble=f"the build before is served ({index.manifest.build}): {trouble}")


class StandIn(Service):
    """Serves while there is no index: people in danger get their reply, everybody else is handed over."""

    def __init__(self, settings: Settings, clinic: Clinic, trouble: str, *, recorder: Recorder | None = None) -> None:
        self.settings = settings
        self.trouble = trouble
        self._clinic = clinic
        self._last_resort = LastResort(clinic, spare_danger(settings.index, threads=settings.threads))
        self._recorder = recorder or self._make_recorder()

    @classmethod
    def make(cls, settings: Settings, trouble: str) -> StandIn:
        """Return one that speaks for the clinic of `clinic.toml`.

        Raises:
            KbotError: that file can't be read either.
        """
        try:
            clinic = read_clinic(settings.corpus / "clinic.toml")
        except CorpusError as error:
            raise IndexUnusableError(
                f"{trouble}; and without the clinic's number nobody can be handed over: {'; '.join(error.problems)}"
            ) from None
        return cls(settings, clinic, f"there is no build to answer from: {trouble}")

    def warm(self) -> None:
        """There is nothing to read."""

    def _reply(self, turns: Sequence[str], notes: Notes | None = None) -> Answer:
        del notes
        urgent = self._last_resort.ask(turns, classify=True)
        if urgent is None:
            raise IndexUnusableError(self.trouble)
        return urgent

    def _read_redactor(self) -> Redactor:
        from kbot.journal.redact import Redactor

        return Redactor([])

    @property
    def build(self) -> str:
        """No build."""
        return ""

    @property
    def directory(self) -> str:
        """No build."""
        return ""

    @property
    def clinic(self) -> Clinic:
        """The clinic's facts, of `clinic.toml`."""
        return self._clinic

    @property
    def documents(self) -> Mapping[str, Document]:
        """No documents."""
        return {}

    @property
    def passages(self) -> Mapping[str, Passage]:
        """No passages."""
        return {}

    @property
    def topics(self) -> tuple[Topic, ...]:
        """No topics."""
        return ()

    @property
    def index(self) -> SearchIndex:
        """There is none.

        Raises:
            IndexUnusableError: always, saying what is wrong with the index.
        """
        raise IndexUnusableError(self.trouble)

    @property
    def bot(self) -> Bot:
        """There is none.

        Raises:
            IndexUnusableError: always, saying what is wrong with the index.
        """
        raise IndexUnusableError(self.trouble)

    def examples(self, count: int = 4) -> list[str]:
        """Return no questions: none would be answered."""
        del count
        return []
