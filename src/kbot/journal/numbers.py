"""Details made of digits and signs: telephone, identity, record, member and card numbers, dates, web addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdnum import iban, luhn

from kbot.journal.patterns import Patterns, read_patterns
from kbot.journal.spans import Detail, Place

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_numbers(text: str) -> Iterator[Place]:
    """Yield the details made of digits and signs, no two of which overlap; earlier patterns weigh more."""
    patterns = read_patterns()
    taken = [match.span() for match in patterns.public.finditer(text)]
    for place in _candidates(text, patterns):
        if all(place.end <= start or place.start >= end for start, end in taken):
            taken.append((place.start, place.end))
            yield place


def _candidates(text: str, patterns: Patterns) -> Iterator[Place]:
    for match in patterns.iban.finditer(text):
        if iban.is_valid(match.group()):
            yield Place(*match.span(), Detail.ACCOUNT)
    for detail, pattern in patterns.numbers:
        for match in pattern.finditer(text):
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            if end > start:
                yield Place(start, end, detail)
        if detail is Detail.CARD:
            for match in patterns.card_number.finditer(text):
                if luhn.is_valid(re.sub(r"\D", "", match.group())):
                    yield Place(*match.span(), Detail.CARD)
    for match in patterns.left_over.finditer(text):
        if not patterns.amount_after.match(text, match.end()):
            yield Place(*match.span(), Detail.ID)
