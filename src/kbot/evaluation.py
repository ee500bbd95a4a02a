"""Golden questions to a score card. Every rate has its interval; wrong answers are counted apart from missed ones."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from kbot.errors import InputError
from kbot.records import Asked, Fallback, Found, Outcome
from kbot.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kbot.records import Topic

KINDS = ("answerable", "near_miss", "personal", "contact", "off_topic")
_Z = 1.959964  # of the normal distribution, two-sided 95 %
_BINS = 10
_FILE_LIMIT = 20_000_000  # bytes


class Asks(Protocol):
    """Anything that answers a conversation."""

    def ask(self, turns: Sequence[str]) -> Asked:
        """Answer the last turn."""


@dataclass(frozen=True, slots=True)
class Question:
    """One golden question; the last turn is the one that counts."""

    id: str
    turns: tuple[str, ...]
    kind: str
    gold: tuple[str, ...]  # any of these substrings of a passage answers
    missing: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its Wilson interval at 95 %."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share, [0, 1]; 0 of nothing is 0."""
        return self.hits / self.total if self.total else 0.0

    def interval(self) -> tuple[float, float]:
        """Return the bounds of the Wilson score interval at 95 %, [0, 1]. Of nothing nothing is known: (0, 1).

        Example: 8 of 10 -> (0.490, 0.943). Source: Wilson, JASA 1927.
        """
        n = self.total
        if n == 0:
            return 0.0, 1.0
        p = self.hits / n
        centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A question that went wrong."""

    id: str
    kind: str
    question: str
    what: str
    shown: str
    trigger: str


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """What was measured. Rates of answerable questions count every one of them, answered or not."""

    rates: dict[str, Rate]
    auc: float | None  # of the confidence, answerable against near miss; 0.5 is chance
    calibration_error: float | None  # expected, over ten bins, [0, 1]
    p50_ms: float
    p95_ms: float
    mistakes: list[Mistake] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the card as plain values, for JSON."""
        rates = {
            name: {
                "value": round(rate.value, 4),
                "hits": rate.hits,
                "total": rate.total,
                "low": round(rate.interval()[0], 4),
                "high": round(rate.interval()[1], 4),
            }
            for name, rate in self.rates.items()
        }
        return {
            "rates": rates,
            "auc": None if self.auc is None else round(self.auc, 4),
            "calibration_error": None if self.calibration_error is None else round(self.calibration_error, 4),
            "p50_ms": round(self.p50_ms, 2),
            "p95_ms": round(self.p95_ms, 2),
            "mistakes": [
                {
                    "id": m.id,
                    "kind": m.kind,
                    "question": m.question,
                    "what": m.what,
                    "shown": m.shown,
                    "why": m.trigger,
                }
                for m in self.mistakes
            ],
        }


def read_questions(path: Path) -> list[Question]:
    """Read golden questions, one JSON object a line; rows of other kinds (as "unsure") are left out.

    Raises:
        InputError: the file can't be read, or a line is not such an object; names the line.
    """
    lines = read_lines(path, "questions")
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            question = Question(
                id=str(row["id"]),
                turns=tuple(str(turn) for turn in row["turns"]),
                kind=str(row["kind"]),
                gold=tuple(str(gold) for gold in row.get("gold", [])),
                missing=str(row.get("missing") or ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                f"{path}:{number}: not a question ({error!r}): write one object with id, turns, kind and gold"
            ) from None
        if not question.turns:
            raise InputError(f'{path}:{number}: "turns" is empty: the last turn is the question')
        if question.kind in KINDS:
            questions.append(question)
    return questions


def read_lines(path: Path, what: str) -> list[str]:
    """Return the lines of a JSONL file; other characters that end a line in a text may stand within a string.

    Raises:
        InputError: the file can't be read, or is larger than `_FILE_LIMIT`.
    """
    try:
        if (size := path.stat().st_size) > _FILE_LIMIT:
            raise InputError(f"{path} has {size:,} bytes, more than {_FILE_LIMIT:,}: split it into several files")
        return path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read ({error}): give a JSONL file of {what}") from error


def without_known(questions: Sequence[Question], topics: Iterable[Topic]) -> list[Question]:
    """Return the questions that do not stand word for word in the question bank; follow-ups all stay."""
    known = {tuple(words(phrasing)) for topic in topics for phrasing in topic.phrasings}
    return [
        question for question in questions if len(question.turns) > 1 or tuple(words(question.turns[0])) not in known
    ]


def evaluate(asks: Asks, questions: Sequence[Question]) -> ScoreCard:
    """Ask every question and score the answers."""
    counts: dict[str, list[bool]] = {}
    scored: list[tuple[float, bool, str]] = []  # (confidence, the best passage answers, kind)
    times: list[float] = []
    mistakes: list[Mistake] = []
    for question in questions:
        asked = asks.ask(question.turns)
        times.append(asked.elapsed_ms)
        for name, hit in _judge(question, asked):
            counts.setdefault(name, []).append(hit)
        scored.append((_confidence(asked), _right(question, asked, 3, related=True), question.kind))
        if mistake := _mistake(question, asked):
            mistakes.append(mistake)
    positive = [c for c, _, kind in scored if kind == "answerable"]
    negative = [c for c, _, kind in scored if kind == "near_miss"]
    judged = [(c, right) for c, right, kind in scored if kind in {"answerable", "near_miss"}]
    return ScoreCard(
        rates={name: Rate(sum(hits), len(hits)) for name, hits in counts.items()},
        auc=area_under_curve(positive, negative),
        calibration_error=expected_calibration_error(judged),
        p50_ms=quantile(times, 0.5),
        p95_ms=quantile(times, 0.95),
        mistakes=mistakes,
    )


def _judge(question: Question, asked: Asked) -> Iterable[tuple[str, bool]]:
    answered = isinstance(asked.answer, Found)
    match question.kind:
        case "answerable":
            yield "answerable: right at 1", _right(question, asked, 1)
            yield "answerable: right at 3", _right(question, asked, 3)
            yield "answerable: answered", answered
            yield "answerable: answered wrongly", answered and not _right(question, asked, 3)
            yield "answerable: found at 3, shown or related", _right(question, asked, 3, related=True)
        case "near_miss":
            yield "near miss: answered", answered
        case "personal":
            yield "personal: handed over", not answered
        case "contact":
            yield "contact: answered or handed over", asked.answer.resources != () or answered
        case "off_topic":
            yield "off topic: answered", answered


def _right(question: Question, asked: Asked, cutoff: int, *, related: bool = False) -> bool:
    answer = asked.answer
    passages = answer.passages if isinstance(answer, Found) else (answer.related if related else ())
    return any(gold in passage.text for passage in passages[:cutoff] for gold in question.gold)


def _confidence(asked: Asked) -> float:
    return asked.answer.confidence


def _mistake(question: Question, asked: Asked) -> Mistake | None:
    answer = asked.answer
    answered = isinstance(answer, Found)
    what = None
    if isinstance(answer, Fallback) and answer.outcome in {Outcome.CRISIS, Outcome.EMERGENCY}:
        what = f"taken for {answer.outcome.value}"
    elif question.kind == "answerable" and not answered:
        what = "missed"
    elif question.kind == "answerable" and not _right(question, asked, 1):
        what = "right passage not first" if _right(question, asked, 3) else "answered wrongly"
    elif question.kind not in {"answerable", "contact"} and answered:
        what = "answered"
    if what is None:
        return None
    passages = answer.passages if isinstance(answer, Found) else answer.related
    shown = passages[0].text if passages else ""
    return Mistake(question.id, question.kind, " | ".join(question.turns), what, shown[:100], answer.trigger or "")


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Return the probability that a positive scores above a negative, ties counting half; None without both.

    Example: [0.9, 0.5] against [0.5, 0.1] -> 0.875. Source: Mann & Whitney, 1947.
    """
    if not positive or not negative:
        return None
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


def expected_calibration_error(judged: Sequence[tuple[float, bool]]) -> float | None:
    """Return the mean gap between confidence and share right, over ten bins of equal width, weighted by size.

    Source: Naeini, Cooper & Hauskrecht, AAAI 2015.
    """
    if not judged:
        return None
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in judged:
        bins.setdefault(min(int(confidence * _BINS), _BINS - 1), []).append((confidence, right))
    gaps = (
        abs(sum(c for c, _ in group) / len(group) - sum(r for _, r in group) / len(group)) * len(group)
        for group in bins.values()
    )
    return sum(gaps) / len(judged)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank); 0 for none."""
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, max(0, math.ceil(share * len(values)) - 1))]
