"""Which passages are shown: up to three, never two that say the same, and a study beside the clinic's own figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.records import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbot.records import Document, Passage
    from kbot.search.evidence import BankQuote

MAX_PASSAGES = 3
_LEAST_SHARE = 0.2
_SAME_WORDS = 0.8  # share of words in common from which two passages say the same


@dataclass(frozen=True, slots=True)
class Choice:
    """A passage to show."""

    passage: Passage
    highlight: Span
    weight: float  # [0, 1], higher is surer


def choose(choices: Sequence[Choice], documents: Mapping[str, Document]) -> list[Choice]:
    """Return up to three of the choices, best first.

    Where only the clinic's own words would be shown, and a study that speaks of the same thing is good enough, it
    takes the last place, so that a visitor sees both.
    """
    good = [choice for choice in choices if choice.weight >= _LEAST_SHARE * choices[0].weight]
    distinct: list[Choice] = []
    for choice in good:
        if not any(_same(choice.passage, other.passage) for other in distinct):
            distinct.append(choice)
    shown = distinct[:MAX_PASSAGES]
    if any(documents[c.passage.document_id].kind.is_study for c in shown):
        return shown
    study = next((c for c in distinct if documents[c.passage.document_id].kind.is_study), None)
    return [*shown[: MAX_PASSAGES - 1], study] if study is not None else shown


def _same(one: Passage, other: Passage) -> bool:
    a, b = set(one.text.lower().split()), set(other.text.lower().split())
    return len(a & b) >= _SAME_WORDS * min(len(a), len(b)) if a and b else True


def from_bank(quotes: Sequence[BankQuote], passages: Mapping[str, Passage]) -> list[Choice]:
    """Return the passages that the bank offers, each with the sentences of its quote to highlight."""
    return [
        Choice(passages[quote.passage_id], _sentences(passages[quote.passage_id], quote.span), quote.weight)
        for quote in quotes
    ]


def _sentences(passage: Passage, quote: Span) -> Span:
    """Return the whole sentences that a quote touches."""
    touched = [s for s in passage.sentences if s.start < quote.end and quote.start < s.end]
    return Span(touched[0].start, touched[-1].end) if touched else quote
