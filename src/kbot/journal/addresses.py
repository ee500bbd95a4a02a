"""Postal addresses: street and number in the orders of many countries, boxes, military post, postcodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.journal.patterns import Patterns, read_patterns
from kbot.journal.spans import Detail, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS_ON = 6  # lines or parts between commas that an address goes on for, at most


def find_addresses(text: str) -> Iterator[Place]:
    """Yield the postal addresses of `text`; places may overlap."""
    patterns = read_patterns()
    for pattern in patterns.streets:
        for match in pattern.finditer(text):
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            yield Place(start, _to_the_end(text, end, patterns), Detail.ADDRESS)
    for cue in patterns.home.finditer(text):
        if found := patterns.plain.match(text, cue.end()):
            yield Place(found.start(), _to_the_end(text, found.end(), patterns), Detail.ADDRESS)


def _to_the_end(text: str, end: int, patterns: Patterns) -> int:
    for _ in range(_PARTS_ON):
        match = patterns.on.match(text, end)
        if match is None or patterns.telephone_line.match(text, end):
            break
        end = match.end()
    return end
