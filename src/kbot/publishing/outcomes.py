"""The same questions asked of the served build and of the new one: which are met differently?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kbot.answering.bot import Bot
from kbot.records import Answer, Asked, Found, Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kbot.records import Topic
    from kbot.search.index import SearchIndex
    from kbot.settings import Settings

PER_TOPIC = 2  # phrasings of a topic of the bank that are asked; the first ones are the plainest
_URGENT = {Outcome.CRISIS, Outcome.EMERGENCY}


class Origin(StrEnum):
    """Where a question comes from."""

    GOLDEN = "golden"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class Probe:
    """A question that both builds are asked."""

    origin: Origin
    id: str
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What a visitor would be given."""

    outcome: Outcome
    reason: Reason | None
    passages: tuple[str, ...]  # their texts, best first; of an answer only
    lifeline: bool  # 988 is among the people to turn to

    @property
    def urgent(self) -> bool:
        """True for the replies to a crisis and to an emergency."""
        return self.outcome in _URGENT

    def __str__(self) -> str:
        """Say it in a line."""
        if self.passages:
            return f"answer: {self.passages[0]}"
        said = self.outcome.value if self.reason is None else f"{self.outcome.value}, {self.reason.value}"
        return f"{said}, with 988" if self.lifeline and not self.urgent else said


class Turn(StrEnum):
    """How what is given changes."""

    URGENT_LOST = "no longer met as urgent"
    LIFELINE_LOST = "no longer with 988"
    URGENT_GAINED = "met as urgent now"
    LOST = "answer lost"
    GAINED = "answer gained"
    EDITED = "the same passage, edited"
    OTHER_PASSAGE = "another passage first"
    OTHER_REASON = "handed over for another reason"


@dataclass(frozen=True, slots=True)
class Change:
    """A question that is met differently."""

    probe: Probe
    before: Given
    after: Given
    turn: Turn


class Remembering:
    """A bot over one build that is asked each conversation once: several checks share its answers."""

    def __init__(self, index: SearchIndex, settings: Settings) -> None:
        self._bot = Bot(index, rerank=settings.rerank, max_question=settings.max_question)
        self._build = index.manifest.build
        self._asked: dict[tuple[str, ...], Asked] = {}

    def ask(self, turns: Sequence[str]) -> Asked:
        """Answer the last turn."""
        key = tuple(turns)
        if key not in self._asked:
            start = time.perf_counter()
            answer = self._bot.ask(turns)
            self._asked[key] = Asked(answer, self._build, (time.perf_counter() - start) * 1000)
        return self._asked[key]


def given(answer: Answer) -> Given:
    """Return what a visitor sees of an answer."""
    lifeline = any(person.call == "988" for person in answer.resources)
    if isinstance(answer, Found):
        return Given(Outcome.ANSWER, None, tuple(passage.text for passage in answer.passages), lifeline)
    return Given(answer.outcome, answer.reason, (), lifeline)


def bank_probes(*banks: Iterable[Topic], per_topic: int = PER_TOPIC) -> list[Probe]:
    """Return the first phrasings of every topic of these banks, each once."""
    probes: dict[tuple[str, ...], Probe] = {}
    for topic in (topic for bank in banks for topic in bank):
        for phrasing in topic.phrasings[:per_topic]:
            probes.setdefault((phrasing,), Probe(Origin.BANK, topic.id, (phrasing,)))
    return list(probes.values())


def changes(
    old: Remembering,
    new: Remembering,
    probes: Sequence[Probe],
    edited: Mapping[str, str],
    asked: Callable[[], None] = lambda: None,
) -> list[Change]:
    """Ask both builds and return what changes, the gravest first.

    `edited` maps the text of a passage to what it is now; `asked` is called after each question.
    """
    found = []
    for probe in probes:
        before, after = given(old.ask(probe.turns).answer), given(new.ask(probe.turns).answer)
        asked()
        turn = turn_of(before, after, edited)
        if turn is not None:
            found.append(Change(probe, before, after, turn))
    order = list(Turn)
    return sorted(found, key=lambda change: order.index(change.turn))


def turn_of(before: Given, after: Given, edited: Mapping[str, str]) -> Turn | None:
    """Return how what is given changes; None where a visitor would see the same."""
    first, now = before.passages[:1], after.passages[:1]
    rules = (
        (before.urgent and after.outcome is not before.outcome, Turn.URGENT_LOST),
        (after.urgent and not before.urgent, Turn.URGENT_GAINED),
        (before.lifeline and not after.lifeline, Turn.LIFELINE_LOST),
        (bool(before.passages) and not after.passages, Turn.LOST),
        (bool(after.passages) and not before.passages, Turn.GAINED),
        (first != now and tuple(edited.get(text) for text in first) == now, Turn.EDITED),
        (first != now, Turn.OTHER_PASSAGE),
        (before.reason is not after.reason or before.outcome is not after.outcome, Turn.OTHER_REASON),
    )
    return next((turn for holds, turn in rules if holds), None)
