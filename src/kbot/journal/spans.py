"""What the finders of personal details share: a text as patterns read it, and the places found in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from kbot.text import is_invisible

if TYPE_CHECKING:
    from collections.abc import Iterable


class Detail(StrEnum):
    """A kind of personal detail. The value stands in its place, between square brackets."""

    NAME = "NAME"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    ADDRESS = "ADDRESS"
    SSN = "SSN"
    DOB = "DOB"
    DATE = "DATE"
    MEMBER_ID = "MEMBER_ID"
    MRN = "MRN"
    CARD = "CARD"
    ACCOUNT = "ACCOUNT"
    LICENCE = "LICENCE"
    ID = "ID"
    IP = "IP"
    URL = "URL"
    USERNAME = "USERNAME"


class Place(NamedTuple):
    """Where a detail stands: the half-open range [start, end)."""

    start: int
    end: int
    detail: Detail


@dataclass(frozen=True, slots=True)
class View:
    """A text as the patterns read it: full-width digits and odd hyphens made plain, and some characters left out.

    Left out are invisible ones, and of many blanks in a row all but two: patterns would go over them again and again.
    """

    text: str
    offsets: tuple[int, ...]  # of each character of `text` in the original, and the original's length at the end

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the original text that stands behind [start, end) of the view."""
        return self.offsets[start], self.offsets[end - 1] + 1


_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(Detail)})\]")
_BLANKS = 2
_MASK = "\ufffc"  # stands for a detail that was already replaced: no pattern matches it
_PLAIN = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-") | dict.fromkeys("’‘ʼ`´", "'") | dict.fromkeys("“”", '"'))


def view(text: str) -> View:
    """Return `text` as the patterns read it. Placeholders are masked, so that a second reading finds nothing new."""
    masked = _PLACEHOLDER.sub(lambda match: _MASK * len(match.group()), text)
    letters: list[str] = []
    offsets: list[int] = []
    blanks = 0
    for offset, character in enumerate(masked):
        blanks = blanks + 1 if character.isspace() else 0
        if blanks > _BLANKS:
            continue
        if character.isascii() or character == _MASK:
            plain = character
        elif is_invisible(character):
            continue
        else:
            folded = unicodedata.normalize("NFKC", character)
            plain = (folded if len(folded) == 1 else character).translate(_PLAIN)
        letters.append(plain)
        offsets.append(offset)
    return View("".join(letters), (*offsets, len(text)))


def merge(found: Iterable[Place]) -> list[Place]:
    """Return the places in order, without overlaps: of two that overlap one range stays, named after the longer."""
    merged: list[Place] = []
    for start, end, detail in sorted(found, key=lambda place: (place[0], -place[1])):
        if merged and start < merged[-1][1]:
            first, last, known = merged[-1]
            longer = detail if end - start > last - first else known
            merged[-1] = Place(first, max(last, end), longer)
        else:
            merged.append(Place(start, end, detail))
    return merged
