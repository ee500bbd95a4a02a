"""Who must not get an ordinary answer. Runs before every search, on every turn, and can't be switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from kbot.answering.harmless import HarmlessTurns
from kbot.disguise import fold
from kbot.search.signs import Sign
from kbot.search.word_runs import speaks_of_danger, speaks_of_somebody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.search.danger import DangerModel
    from kbot.search.signs import Reading

__all__ = ["Flag", "Level", "Triage", "fold"]


class Level(StrEnum):
    """What triage says of a message, most urgent first."""

    CRISIS = "crisis"
    EMERGENCY = "emergency"
    ASKED_FOR_A_PERSON = "asked_for_a_person"
    PERSONAL_ADVICE = "personal_advice"
    GREETING = "greeting"
    THANKS = "thanks"
    WHAT_ARE_YOU = "what_are_you"
    CONCERN = "concern"  # answered as usual, with the 988 resource beside it


# Characters of earlier turns that are read again with every question: fifty turns of 20,000 would take a minute.
_READ_AGAIN = 10_000
_SMALL_TALK = (Level.GREETING, Level.THANKS, Level.WHAT_ARE_YOU)


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that triage saw, with what triggered it: for staff and tests, never for a visitor."""

    level: Level
    trigger: str
    spanish: bool = False  # seen in Spanish words


@dataclass(frozen=True, slots=True)
class _Rule:
    level: Level
    name: str
    spanish: bool
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None

    def find(self, message: str) -> str | None:
        """Return what the rule matches in a folded message, or None."""
        match = self.pattern.search(message)
        if match is None or (self.unless is not None and self.unless.search(message)):
            return None
        return match.group().strip()


@dataclass(frozen=True, slots=True)
class _Thresholds:
    """Least probabilities, [0, 1], of `triage.yaml`."""

    crisis: float  # of a message that has a word of danger
    crisis_without_words: float
    crisis_of_nobody: float  # of one that has no word for a person
    crisis_with_pattern: float  # below, a pattern of crisis is taken for hyperbole: concern
    crisis_in_small_talk: float
    crisis_asking_a_person: float
    crisis_with_fear: float  # of a message that speaks of a fear of the treatment
    crisis_in_spanish: float
    emergency: float
    emergency_with_pattern: float
    emergency_to_harmless: float  # least ratio of emergency to the same
    to_harmless: float  # least ratio of crisis or emergency to ordinary questions, suicide as a topic and idioms
    to_harmless_without_words: float
    concern: float  # of crisis, emergency, distress and suicide as a topic together


class Triage:
    """The reviewed patterns of `triage.yaml` and, where there is an index, its classifier of danger."""

    def __init__(self, danger: DangerModel | None = None) -> None:
        text = resources.files("kbot.answering").joinpath("triage.yaml").read_text(encoding="utf-8")
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  the C twin of SafeLoader
        parts = {name: str(value) for name, value in data.pop("parts").items()}
        self._thresholds = _Thresholds(**{name: float(value) for name, value in data.pop("thresholds").items()})
        self._fears = [_rule(Level.CONCERN, entry, parts) for entry in data.pop("fears")]
        self._rules = [_rule(Level(level), entry, parts) for level, entries in data.items() for entry in entries]
        self._danger = danger
        self._harmless = HarmlessTurns()

    def flags(self, turns: Sequence[str]) -> list[Flag]:
        """Return everything seen in the last turn, most urgent level first.

        Earlier turns were triaged when they were asked; `was_crisis` looks at them again.
        """
        message = fold(turns[-1]) if turns else ""
        found = self._patterns(message)
        reading = self.reading(message)
        if reading is not None:
            found = self._weigh(message, found, reading)
        order = list(Level)
        return [found[level] for level in sorted(found, key=order.index)]

    def reading(self, message: str) -> Reading | None:
        """Return what the classifier says of a folded message; None without one, or where there is no letter."""
        if self._danger is None or not any(c.isalpha() for c in message):
            return None
        return self._danger.read(message)

    def was_crisis(self, turns: Sequence[str]) -> bool:
        """Return True where a turn before the last spoke of a crisis: the 988 resource stays beside the answers.

        Turns are read from the newest back, `_READ_AGAIN` characters of them together.
        """
        left = _READ_AGAIN
        for turn in reversed(turns[:-1]):
            if self._spoke_of_crisis(turn[:left]):
                return True
            left -= len(turn)
            if left <= 0:
                break
        return False

    def _spoke_of_crisis(self, turn: str) -> bool:
        if self._harmless.knows(turn):
            return False
        crisis = any(flag.level is Level.CRISIS for flag in self.flags([turn])[:1])
        if not crisis:
            self._harmless.add(turn)
        return crisis

    def _patterns(self, message: str) -> dict[Level, Flag]:
        found: dict[Level, Flag] = {}
        for rule in self._rules:
            if rule.level not in found and (match := rule.find(message)) is not None:
                found[rule.level] = Flag(rule.level, f"pattern {rule.name}: {match!r}", rule.spanish)
        return found

    def _weigh(self, message: str, found: dict[Level, Flag], reading: Reading) -> dict[Level, Flag]:
        """Return what patterns and classifier say together."""
        least = self._thresholds
        said = _explain(reading)
        spanish = reading.spanish or reading.shares[Sign.SPANISH] * 2 > reading.crisis
        if Level.CRISIS in found and reading.crisis < least.crisis_with_pattern:
            found[Level.CONCERN] = Flag(Level.CONCERN, f"{found.pop(Level.CRISIS).trigger}, but {said}")
        elif Level.CRISIS not in found and reading.crisis >= self._least_crisis(message, found, reading):
            fear = next((rule for rule in self._fears if rule.find(message) is not None), None)
            if fear is None or reading.crisis >= least.crisis_with_fear:
                found[Level.CRISIS] = Flag(Level.CRISIS, said, spanish)
            else:
                found[Level.CONCERN] = Flag(Level.CONCERN, f"fear {fear.name}, but {said}")
        urgent = reading.shares[Sign.EMERGENCY]
        least_urgent = max(least.emergency, least.emergency_to_harmless * _harmless(reading))
        if Level.EMERGENCY in found and urgent < least.emergency_with_pattern:
            found.pop(Level.EMERGENCY)
        elif Level.EMERGENCY not in found and urgent >= least_urgent:
            found[Level.EMERGENCY] = Flag(Level.EMERGENCY, said, spanish)
        if Level.EMERGENCY in found and Level.CRISIS in found and urgent > reading.crisis:
            found.pop(Level.CRISIS)  # both replies carry 911 and 988; what comes first is what can't wait
        burden = reading.crisis + urgent + reading.shares[Sign.DISTRESS] + reading.shares[Sign.TOPIC]
        if Level.CONCERN not in found and burden >= least.concern:
            found[Level.CONCERN] = Flag(Level.CONCERN, said)
        return found

    def _least_crisis(self, message: str, found: dict[Level, Flag], reading: Reading) -> float:
        """Return the least probability of a crisis from which this message is taken for one."""
        least = self._thresholds
        if any(level in found for level in _SMALL_TALK):
            return least.crisis_in_small_talk
        if Level.ASKED_FOR_A_PERSON in found:
            return least.crisis_asking_a_person
        harmless = _harmless(reading)
        if reading.spanish:  # the words of danger and for people are English
            return max(least.crisis_in_spanish, least.to_harmless * harmless)
        if not speaks_of_danger(message):
            lowest = max(least.crisis_without_words, least.to_harmless_without_words * harmless)
        else:
            lowest = max(least.crisis, least.to_harmless * harmless)
        return lowest if speaks_of_somebody(message) else max(lowest, least.crisis_of_nobody)


def _rule(level: Level, entry: dict[str, Any], parts: dict[str, str]) -> _Rule:
    pattern, unless = _compile(entry["pattern"], parts), _optional(entry.get("unless"), parts)
    return _Rule(level, entry["name"], bool(entry.get("spanish", False)), pattern, unless)


def _harmless(reading: Reading) -> float:
    return reading.shares[Sign.ORDINARY] + reading.shares[Sign.TOPIC] + reading.shares[Sign.WORDS_ONLY]


def _explain(reading: Reading) -> str:
    sign = max(reading.shares, key=lambda sign: reading.shares[sign])
    words = ", ".join(repr(word) for word in reading.words)
    return f"classifier: crisis {reading.crisis:.2f}, most like {sign.value} {reading.shares[sign]:.2f} by {words}"


def _compile(pattern: str, parts: dict[str, str]) -> re.Pattern[str]:
    for _ in range(3):  # parts may use parts
        pattern = re.sub(r"<(\w+)>", lambda match: f"(?:{parts[match.group(1)]})", pattern)
    return re.compile(pattern)


def _optional(pattern: str | None, parts: dict[str, str]) -> re.Pattern[str] | None:
    return _compile(pattern, parts) if pattern else None
