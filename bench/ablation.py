"""What each part brings: the same golden questions through the parts, one more at a time.

Every variant ranks passages and gives one score; a question is answered where the score reaches a threshold. The
threshold is chosen by the same rule for all (`kbot.thresholds`), on four fifths of the questions, and applied to the
fifth that it was not chosen on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.machine import describe
from kbot.answering.bot import Bot
from kbot.answering.followup import encode_turns
from kbot.answering.judge import Judge
from kbot.answering.select import choose
from kbot.evaluation import Question, Rate, area_under_curve, quantile, read_questions
from kbot.search.evidence import Evidence, Witness
from kbot.search.index import SearchIndex, open_index
from kbot.search.retriever import Candidate, Retriever
from kbot.settings import Settings
from kbot.thresholds import Judged, nested_thresholds

_GOLDEN = Path("tests/golden/questions.jsonl")
_SHOWN = 3

# A variant returns (passage ids, best first; score, higher is surer) for a question and its vector.
Variant = Callable[[str, NDArray[np.float32]], tuple[list[str], float]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    name: str
    right_at_1: Rate
    right_at_3: Rate
    wrong: Rate
    near_misses: Rate
    auc: float
    p50_ms: float


def variants(index: SearchIndex) -> dict[str, Variant]:
    """Return the variants by name, each with one part more than the one before."""
    retriever, witness = Retriever(index), Witness(index)
    judge = Judge(index, rerank=6)

    def dense(_: str, vector: NDArray[np.float32]) -> tuple[list[str], float]:
        found: dict[str, float] = {}
        for identity, cosine in index.vectors.search(vector, 60):
            found.setdefault(identity.split("~")[0], cosine)
        ids = list(found)[:_SHOWN]
        return ids, found[ids[0]] if ids else -1.0

    def fused(question: str, vector: NDArray[np.float32]) -> tuple[list[str], float]:
        return _ranked(retriever.search(question, vector), lambda c: c.cosine)

    def reranked(question: str, vector: NDArray[np.float32]) -> tuple[list[str], float]:
        candidates = retriever.rerank(question, retriever.search(question, vector))
        return _ranked(candidates, lambda c: c.logit if c.logit is not None else -11.0)

    def nearest(question: str, vector: NDArray[np.float32]) -> tuple[list[str], float]:
        features = witness.collect(question, vector).features
        match = index.topics.match(vector)
        answered = [t for t in match.nearest if index.topics[t].kind == "answered"]
        ids = [quote.passage_id for t in answered[:1] for quote in index.topics[t].quotes]
        best = max((match.nearest[t] for t in answered), default=0.0)
        return list(dict.fromkeys(ids))[:_SHOWN], best - features["nearest_rival"]

    def classified(question: str, vector: NDArray[np.float32]) -> tuple[list[str], float]:
        evidence = witness.collect(question, vector)
        return _quoted(evidence), evidence.features["answered_log_odds"]

    def gated(question: str, vector: NDArray[np.float32]) -> tuple[list[str], float]:
        judgement = judge.judge(question, vector)
        shown = choose(judgement.choices, index.documents) if judgement.choices else []
        return [choice.passage.id for choice in shown], judgement.probability

    return {
        "dense vectors": dense,
        "+ BM25": fused,
        "+ cross-encoder": reranked,
        "+ question bank, nearest phrasing": nearest,
        "+ classifier over its topics": classified,
        "+ uncovered words, calibrated gate, quotes reread": gated,
    }


def _ranked(candidates: Sequence[Candidate], score: Callable[[Candidate], float]) -> tuple[list[str], float]:
    return [c.passage.id for c in candidates[:_SHOWN]], score(candidates[0]) if candidates else -11.0


def _quoted(evidence: Evidence) -> list[str]:
    return [quote.passage_id for quote in evidence.quotes[:_SHOWN]]


def measure(index: SearchIndex, name: str, variant: Variant, questions: Sequence[Question]) -> Line:
    """Run one variant over all questions."""
    bot = Bot(index)
    scored: list[tuple[Question, list[str], float]] = []
    times: list[float] = []
    for question in questions:
        read = bot.read(question.turns)
        start = time.perf_counter()
        ids, score = variant(read[-1], encode_turns(read, index.encoder))
        times.append((time.perf_counter() - start) * 1000)
        scored.append((question, ids, score))
    # Thresholds run from 0 to 1: a score becomes its rank among all scores, which keeps every order.
    order = np.argsort(np.argsort([score for _, _, score in scored])) / len(scored)
    judged = [
        Judged(float(rank), question.kind == "answerable", _right(index, question, ids, _SHOWN))
        for rank, (question, ids, _) in zip(order, scored, strict=True)
    ]
    first = {id(one): _right(index, q, ids, 1) for one, (q, ids, _) in zip(judged, scored, strict=True)}
    kinds = {id(one): question.kind for one, (question, _, _) in zip(judged, scored, strict=True)}
    outcomes = [(one, one.probability >= step) for step, part in nested_thresholds(judged) for one in part]
    answerable = [(one, answered) for one, answered in outcomes if one.answerable]
    near = [answered for one, answered in outcomes if kinds[id(one)] == "near_miss"]
    auc = area_under_curve(
        [score for q, _, score in scored if q.kind == "answerable"],
        [score for q, _, score in scored if q.kind == "near_miss"],
    )
    total = len(answerable)
    return Line(
        name,
        Rate(sum(answered and first[id(one)] for one, answered in answerable), total),
        Rate(sum(answered and one.right for one, answered in answerable), total),
        Rate(sum(answered and not one.right for one, answered in answerable), total),
        Rate(sum(near), len(near)),
        auc or 0.0,
        quantile(times, 0.5),
    )


def _right(index: SearchIndex, question: Question, ids: Sequence[str], cutoff: int) -> bool:
    return any(gold in index.passages[i].text for i in ids[:cutoff] for gold in question.gold)


def main() -> None:
    """Print the table as Markdown."""
    index = open_index(Settings())
    questions = [question for question in read_questions(_GOLDEN) if question.kind != "contact"]
    print(f"\nMeasured on {describe()}; {len(questions)} golden questions, thresholds nested.\n")
    print("| parts | right at 1 | right at 3 | answered wrongly | near misses answered | AUC | p50 ms |")
    print("|---|---|---|---|---|---|---|")
    for name, variant in variants(index).items():
        line = measure(index, name, variant, questions)
        rates = (line.right_at_1, line.right_at_3, line.wrong, line.near_misses)
        cells = " | ".join(f"{r.value:.3f} ({r.interval()[0]:.3f} to {r.interval()[1]:.3f})" for r in rates)
        print(f"| {name} | {cells} | {line.auc:.3f} | {line.p50_ms:.1f} |", flush=True)


if __name__ == "__main__":
    main()
