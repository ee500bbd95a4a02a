"""Who must not get an ordinary answer. Runs before every search, on every turn, and can't be switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from kbot.text import normalise, plain

if TYPE_CHECKING:
    from collections.abc import Sequence


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


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that triage saw, with what triggered it: for staff and tests, never for a visitor."""

    level: Level
    trigger: str


@dataclass(frozen=True, slots=True)
class _Rule:
    level: Level
    name: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None


# Letters that look like others: Cyrillic and Greek homoglyphs, and the digits and signs of leetspeak.
_LOOKALIKES = str.maketrans("аеорсухіѕԁһӏոⅼοαεικρτυχν", "aeopcyxisdhlnloaeikptuxv")
_LEET = str.maketrans("013457@$!*", "oieastasii")
_LEET_WORD = re.compile(r"(?=\S*[a-z])(?=\S*[013457@$!*])[a-z013457@$!*]{3,}")
_SPACED = re.compile(r"\b(?:[a-z][\s.\-_*]){3,}[a-z]\b")
_REPEATED = re.compile(r"([a-z])\1{2,}")


def fold(text: str) -> str:
    """Return a message as the patterns read it: plain lower case, disguises undone.

    Look-alike letters, leetspeak inside words, letters spaced apart and letters drawn out are undone.
    Example: "I wanna k1ll mysеlf" (with a Cyrillic e) -> "i wanna kill myself"; "k.i.l.l" -> "kill".
    """
    folded = plain(normalise(text)).translate(_LOOKALIKES)
    folded = _SPACED.sub(lambda match: re.sub(r"[\s.\-_*]", "", match.group()), folded)
    folded = _LEET_WORD.sub(_unleet, folded)
    return _REPEATED.sub(r"\1\1", folded)


def _unleet(match: re.Match[str]) -> str:
    word = match.group()
    # "40mg", "988" and "s41386" are what they are: leetspeak keeps more letters than signs, and starts like a word.
    signs = sum(not c.isalpha() for c in word)
    if signs * 2 > len(word) or word[0].isdigit():
        return word
    trailing = re.search(r"[!*$@]+$", word)
    core, tail = (word[: trailing.start()], trailing.group()) if trailing else (word, "")
    return core.translate(_LEET) + tail


class Triage:
    """The reviewed patterns of `triage.yaml`."""

    def __init__(self) -> None:
        text = resources.files("kbot.answering").joinpath("triage.yaml").read_text(encoding="utf-8")
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  the C twin of SafeLoader
        parts = {name: str(value) for name, value in data.pop("parts").items()}
        self._rules = [
            _Rule(
                Level(level), entry["name"], _compile(entry["pattern"], parts), _optional(entry.get("unless"), parts)
            )
            for level, entries in data.items()
            for entry in entries
        ]

    def flags(self, turns: Sequence[str]) -> list[Flag]:
        """Return everything seen in the last turn, most urgent level first."""
        message = fold(turns[-1]) if turns else ""
        order = list(Level)
        seen: dict[Level, Flag] = {}
        for rule in self._rules:
            if rule.level in seen:
                continue
            for match in rule.pattern.finditer(message):
                if rule.unless is None or not rule.unless.search(message):
                    seen[rule.level] = Flag(rule.level, f"pattern {rule.name}: {match.group().strip()!r}")
                    break
        return sorted(seen.values(), key=lambda flag: order.index(flag.level))


def _compile(pattern: str, parts: dict[str, str]) -> re.Pattern[str]:
    for _ in range(3):  # parts may use parts
        pattern = re.sub(r"<(\w+)>", lambda match: f"(?:{parts[match.group(1)]})", pattern)
    return re.compile(pattern)


def _optional(pattern: str | None, parts: dict[str, str]) -> re.Pattern[str] | None:
    return _compile(pattern, parts) if pattern else None
