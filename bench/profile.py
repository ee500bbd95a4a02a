"""Where the time of one question goes, step by step, beside what this machine could do at most.

`python -m bench.profile` prints both and writes bench/results/profile.md and profile.json.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.limits import Limits, measure_limits, operations_per_token
from bench.machine import describe
from bench.stopwatch import Stopwatch
from kbot.answering.bot import Bot
from kbot.answering.judge import Judge
from kbot.answering.triage import Triage
from kbot.evaluation import quantile, read_questions
from kbot.search.danger import DangerModel, OnnxNetwork
from kbot.search.encoder import OnnxEncoder
from kbot.search.evidence import Witness
from kbot.search.keywords import KeywordIndex
from kbot.search.language import Language
from kbot.search.manifest import read_manifest
from kbot.search.onnx import OnnxModel
from kbot.search.reranker import OnnxReranker
from kbot.search.retriever import Retriever
from kbot.search.topics import TopicIndex
from kbot.search.vectors import FaissStore
from kbot.service import Service
from kbot.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_GOLDEN = Path("tests/golden/questions.jsonl")
_RESULTS = Path(__file__).parent / "results"
_ROUNDS = 3
_WARM = 50
_WHOLE, _REST = "the whole question", "the rest"
_NETWORK, _ENCODER, _RERANKER = "triage: network of danger", "encoder", "cross-encoder"

# In the order in which a question meets them. What a step calls that stands here as well is not counted in it.
STEPS: tuple[tuple[str, type, str], ...] = (
    ("triage: patterns", Triage, "flags"),
    ("triage: words of danger", DangerModel, "read"),
    (_NETWORK, OnnxNetwork, "logits"),
    ("spelling and abbreviations", Language, "read"),
    (_ENCODER, OnnxEncoder, "encode"),
    ("bank: topics and nearest phrasings", TopicIndex, "match"),
    ("bank: words left over, gate", Witness, "collect"),
    ("bank: words left over, gate", Judge, "judge"),
    ("vector search", FaissStore, "search"),
    ("BM25", KeywordIndex, "search"),
    ("fusing what both found", Retriever, "search"),
    (_RERANKER, OnnxReranker, "score"),
    ("choosing and showing passages", Bot, "_look_up"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One step over all questions of a round."""

    mean_ms: float
    p50_ms: float
    p95_ms: float
    share: float  # of the mean of the whole question, [0, 1]


@dataclass(frozen=True, slots=True)
class ModelWork:
    """What one model does for one question, on average, and how long that takes at least."""

    tokens: float
    gigaops: float
    least_ms: float  # at the peak of this machine
    least_few_rows_ms: float  # at the speed of a product with so few rows
    mean_ms: float


def main() -> None:
    """Print the tables as Markdown and write the results."""
    settings = read_settings()
    turns = [question.turns for question in read_questions(_GOLDEN)]
    date, before = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), os.getloadavg()[0]
    service = Service.open(Settings(index=settings.index, journal="off"))
    service.warm()
    tokens = _tokens(service, turns)
    rounds = [take_apart(_ask_all(service, turns, time.perf_counter)) for _ in range(_ROUNDS)]
    alone = Service.open(Settings(index=settings.index, journal="off", threads=1))
    _ask_all(alone, turns[:_WARM], time.thread_time)
    processor = take_apart(_ask_all(alone, turns, time.thread_time))
    rows = round(statistics.mean(tokens[_ENCODER]))
    limits = measure_limits(threads=settings.threads, rows=rows)
    work = _work(settings.index, tokens, len(turns), rounds, limits)
    head = f"Made by `python -m bench.profile` on {date}, on {describe()}; load average before it {before:.1f}."
    lines = [*_head(head, len(turns)), *_step_lines(rounds, processor), *_model_lines(work, limits)]
    print("\n".join(lines))
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "profile.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = {
        "head": head,
        "rounds": [{step: asdict(part) for step, part in parts.items()} for parts in rounds],
        "processor": {step: asdict(part) for step, part in processor.items()},
        "models": {name: asdict(one) for name, one in work.items()},
        "limits": asdict(limits),
    }
    (_RESULTS / "profile.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def take_apart(asked: Sequence[dict[str, float]]) -> dict[str, Part]:
    """Return each step over the questions, given as milliseconds by step; a step that a question skips counts as 0.

    Example: [{whole: 4, a: 1}, {whole: 2}] -> a mean 0.5, share 0.5 / 3; the rest mean 2.5.
    """
    steps = list(dict.fromkeys(step for step, _, _ in STEPS))
    table: dict[str, list[float]] = {}
    for step in (_WHOLE, *steps):
        table[step] = [question.get(step, 0.0) for question in asked]
    table[_REST] = [question[_WHOLE] - sum(question.get(step, 0.0) for step in steps) for question in asked]
    whole = statistics.mean(table[_WHOLE])
    return {
        step: Part(statistics.mean(ms), quantile(ms, 0.5), quantile(ms, 0.95), statistics.mean(ms) / whole)
        for step, ms in table.items()
    }


def _ask_all(
    service: Service, turns: Sequence[tuple[str, ...]], clock: Callable[[], float]
) -> list[dict[str, float]]:
    watch = Stopwatch(clock)
    asked = []
    with watch.on(STEPS):
        for question in turns:
            begun = clock()
            service.ask(question)
            whole = (clock() - begun) * 1000
            asked.append(watch.read_off() | {_WHOLE: whole})
    return asked


def _tokens(service: Service, turns: Sequence[tuple[str, ...]]) -> dict[str, list[int]]:
    """Return the tokens of every text that goes through each model, over all questions; it warms everything up."""
    seen: defaultdict[str, list[int]] = defaultdict(list)
    inside = [""]
    name_of_run = "run"
    run = getattr(OnnxModel, name_of_run)

    def counted(model: OnnxModel, text: str, pair: str | None = None) -> Any:
        seen[inside[-1]].append(len(model._tokenizer.encode(text, pair).ids))  # noqa: SLF001  nobody else asks
        return run(model, text, pair)

    def within(step: str, method: Any) -> Any:
        def called(*arguments: object, **named: object) -> object:
            inside.append(step)
            try:
                return method(*arguments, **named)
            finally:
                inside.pop()

        return called

    models = [(step, owner, name) for step, owner, name in STEPS if step in (_NETWORK, _ENCODER, _RERANKER)]
    originals = [(owner, name, owner.__dict__[name]) for _, owner, name in models]
    setattr(OnnxModel, name_of_run, counted)
    for step, owner, name in models:
        setattr(owner, name, within(step, owner.__dict__[name]))
    try:
        for question in turns:
            service.ask(question)
    finally:
        setattr(OnnxModel, name_of_run, run)
        for owner, name, original in originals:
            setattr(owner, name, original)
    return dict(seen)


def _work(
    index: Path, tokens: dict[str, list[int]], questions: int, rounds: Sequence[dict[str, Part]], limits: Limits
) -> dict[str, ModelWork]:
    manifest = read_manifest(index)
    files = {
        _NETWORK: manifest.model(index, "danger") / "network.onnx",
        _ENCODER: manifest.model(index, "encoder") / "model.onnx",
        _RERANKER: manifest.model(index, "reranker") / "model.onnx",
    }
    made = {}
    for step, file in files.items():
        each = sum(tokens.get(step, [])) / questions
        gigaops = operations_per_token(file) * each / 1e9
        mean = statistics.median(parts[step].mean_ms for parts in rounds)
        made[step] = ModelWork(
            each, gigaops, 1000 * gigaops / limits.int8_gops, 1000 * gigaops / limits.int8_few_rows_gops, mean
        )
    return made


def _head(head: str, questions: int) -> Iterator[str]:
    yield "# Where the time of one question goes\n"
    yield f"{head} A run replaces this file.\n"
    yield f"{questions} golden questions, one after the other, {_ROUNDS} rounds; medians over the rounds, with the"
    yield "least and the most in brackets. A step doesn't count what another line of the table counts. Processor time"
    yield "is that of one thread that does all the work: it depends little on what else the machine does.\n"


def _step_lines(rounds: Sequence[dict[str, Part]], processor: dict[str, Part]) -> Iterator[str]:
    yield "| step | mean, ms | share | p50, ms | p95, ms | processor time, mean | its share |"
    yield "|---|---|---|---|---|---|---|"
    for step in rounds[0]:
        means = [parts[step].mean_ms for parts in rounds]
        share, p50, p95 = (
            statistics.median(getattr(parts[step], name) for parts in rounds)
            for name in ("share", "p50_ms", "p95_ms")
        )
        alone = f"{processor[step].mean_ms:.2f} | {100 * processor[step].share:.0f} %"
        spread = f"{statistics.median(means):.2f} ({min(means):.2f} to {max(means):.2f})"
        yield f"| {step} | {spread} | {100 * share:.0f} % | {p50:.2f} | {p95:.2f} | {alone} |"


def _model_lines(work: dict[str, ModelWork], limits: Limits) -> Iterator[str]:
    yield "\n## Beside the limit of the machine\n"
    yield f"Measured in the same run, with {limits.threads} threads, the best of many tries:\n"
    yield "| what | at most |\n|---|---|"
    yield f"| product of large matrices, float32 | {limits.float32_gflops:.0f} GFLOP/s |"
    yield f"| product of large matrices, int8 | {limits.int8_gops:.0f} Gop/s |"
    yield f"| int8 product with the rows of one question | {limits.int8_few_rows_gops:.0f} Gop/s |"
    yield f"| memory, one thread copying | {limits.copy_gb_s:.1f} GB/s |"
    yield f"| flat search, one thread reading vectors | {limits.scan_gb_s:.1f} GB/s |"
    yield "\nOn average over all questions, those that skip a model included:\n"
    yield "| model | tokens | Gop | at the peak, ms | at the speed of so few rows, ms | measured, ms | of the peak |"
    yield "|---|---|---|---|---|---|---|"
    for name, one in work.items():
        share = f"{100 * one.least_ms / one.mean_ms:.0f} %" if one.mean_ms else "–"
        yield (
            f"| {name} | {one.tokens:.1f} | {one.gigaops:.3f} | {one.least_ms:.2f} | {one.least_few_rows_ms:.2f} "
            f"| {one.mean_ms:.2f} | {share} |"
        )


if __name__ == "__main__":
    main()
