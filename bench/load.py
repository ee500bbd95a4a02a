"""How many questions a second kbot answers through HTTP, and how long each caller waits.

`python -m bench.load` writes bench/results/load.json and load.md. Callers ask again as soon as they are answered.
`python -m bench.load --sustain 600` sends twice what was measured for ten minutes: see bench/sustain.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.http import Client, Response
from bench.machine import describe
from bench.server import Server
from kbot.evaluation import quantile, read_questions

GOLDEN = Path("tests/golden/questions.jsonl")
RESULTS = Path("bench/results")
_REPEATED = 0.5  # share of questions that are one of _OFTEN, an assumption: the page itself offers questions to press
_OFTEN = 40
_CONVERSATIONS = 50
_WARM_UP = 100


@dataclass(frozen=True, slots=True)
class Figure:
    """One case in one round. Milliseconds as callers see them."""

    case: str
    callers: int
    asked: int
    errors: int
    refused: int  # with people to turn to, for want of room; the chat shows them as cards
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    from_memory: float  # share of the questions
    cpu_ms: float  # processor time of the server for one question
    load: float  # load average of the machine before


Turn = Callable[[Client, str], Awaitable[bool]]


def distinct_questions() -> list[str]:
    """Return the golden questions of one turn, none twice, in a fixed mixed order."""
    found = list(dict.fromkeys(q.turns[0] for q in read_questions(GOLDEN) if len(q.turns) == 1))
    random.Random(8).shuffle(found)  # noqa: S311
    return found


def with_repeats(questions: Sequence[str]) -> list[str]:
    """Return as many questions, of which a share is one of a few that are asked often."""
    draw = random.Random(9)  # noqa: S311
    often, rest = questions[:_OFTEN], iter(questions[_OFTEN:])
    return [draw.choice(often) if draw.random() < _REPEATED else next(rest, often[0]) for _ in questions]


def is_answer(response: Response) -> bool:
    """Return True for a reply of the contract."""
    return response.status == 200 and "outcome" in response.json()


async def _rest(client: Client, question: str) -> bool:
    return is_answer(await client.post("/api/ask", {"turns": [question]}))


async def drive(
    port: int, callers: int, questions: Sequence[str], make: Callable[[], Turn]
) -> tuple[list[float], int]:
    """Return the milliseconds of every question and the number of errors; each caller has a connection of its own."""
    waiting: Iterator[str] = iter(questions)
    times: list[float] = []
    errors = 0

    async def call() -> None:
        nonlocal errors
        client, turn = Client(port), make()
        for question in waiting:
            start = time.perf_counter()
            try:
                errors += not await turn(client, question)
            except (OSError, EOFError, ValueError):
                errors += 1
            times.append((time.perf_counter() - start) * 1000)
        await client.close()

    await asyncio.gather(*(call() for _ in range(callers)))
    return times, errors


class Chat:
    """One visitor's page: what the browser sends and keeps. A conversation ends after some questions."""

    LONGEST = 6

    def __init__(self, function: int) -> None:
        self._function = function
        self._memory: object = ""
        self._history: object = []
        self._asked = 0

    async def __call__(self, client: Client, question: str) -> bool:
        """Ask within the conversation."""
        if self._asked == self.LONGEST:
            self._memory, self._history, self._asked = "", [], 0
        body = {"data": [question, self._memory, self._history], "fn_index": self._function, "session_hash": "bench"}
        response = await client.post("/gradio_api/run/predict", body)
        if response.status != 200:
            return False
        _, self._memory, self._history, *_ = response.json()["data"]
        self._asked += 1
        return isinstance(self._history, list) and "kb-answer" in str(self._history[-1])


async def chat_function(port: int) -> int:
    """Return the number of the function that answers in the chat."""
    client = Client(port)
    config = (await client.get("/config")).json()
    await client.close()
    return int(next(entry["id"] for entry in config["dependencies"] if len(entry["inputs"]) == 3))


async def measure(server: Server, case: str, callers: int, questions: Sequence[str]) -> Figure:
    """Run one case against a warm server."""
    function = await chat_function(server.port) if case.startswith("chat") else 0

    def make() -> Turn:
        return Chat(function) if case.startswith("chat") else _rest

    load, before, cpu = os.getloadavg()[0], server.counters(), server.cpu()
    start = time.perf_counter()
    times, errors = await drive(server.port, callers, questions, make)
    seconds = time.perf_counter() - start
    cpu, after = server.cpu() - cpu, server.counters()
    known, refused = (
        sum(after[name] - before.get(name, 0.0) for name in after if counts(name))
        for counts in (_is_from_memory, _is_refusal)
    )
    p50, p95, p99 = (round(quantile(times, share), 1) for share in (0.5, 0.95, 0.99))
    return Figure(
        case=case,
        callers=callers,
        asked=len(times),
        errors=errors,
        refused=int(refused),
        per_second=round(len(times) / seconds, 1),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        from_memory=round(known / len(times), 3),
        cpu_ms=round(cpu * 1000 / len(times), 1),
        load=round(load, 1),
    )


def _is_refusal(name: str) -> bool:
    return name.startswith("kbot_refused_total{")


def _is_from_memory(name: str) -> bool:
    return name.startswith("kbot_questions_total{") and 'cached="yes"' in name


async def rounds(count: int, most: int) -> tuple[list[float], list[Figure]]:
    """Return the seconds until ready of every start, and the figures, the cases in turn within each round."""
    ready, figures = [], []
    distinct = distinct_questions()[:most]
    repeated = with_repeats(distinct)
    for number in range(count):
        for memory in ("0", "16"):
            with Server(cache=memory) as server:
                ready.append(round(server.ready_after, 2))
                await drive(server.port, 4, [f"{q} please" for q in distinct[:_WARM_UP]], lambda: _rest)
                if memory == "0":
                    for callers in (1, 8, 32):
                        few = distinct[: most // 2] if callers == 1 else distinct
                        figures.append(await measure(server, "rest, distinct", callers, few))
                    figures.append(await measure(server, "chat, distinct", _CONVERSATIONS, distinct))
                else:
                    figures.append(await measure(server, "rest, repeats", 32, repeated))
                    figures.append(await measure(server, "chat, repeats", _CONVERSATIONS, repeated))
            for figure in figures[-4 if memory == "0" else -2 :]:
                print(f"round {number + 1}: {figure}", flush=True)
    return ready, figures


def table(ready: Sequence[float], figures: Sequence[Figure]) -> str:
    """Return the medians over the rounds with their spread, as Markdown."""
    lines = [
        "| case | callers | questions a second | p50 ms | p95 ms | p99 ms | errors | refused | in memory | CPU ms |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for case, callers in dict.fromkeys((figure.case, figure.callers) for figure in figures):
        own = [figure for figure in figures if (figure.case, figure.callers) == (case, callers)]
        spread = [_spread([getattr(f, name) for f in own]) for name in ("per_second", "p50_ms", "p95_ms", "p99_ms")]
        known, cpu = _spread([f.from_memory for f in own], 2), _spread([f.cpu_ms for f in own])
        failed = f"{sum(f.errors for f in own)} | {sum(f.refused for f in own)}"
        lines.append(f"| {case} | {callers} | {' | '.join(spread)} | {failed} | {known} | {cpu} |")
    lines.append(f"\nReady to answer after {_spread(ready, 2)} s ({len(ready)} starts).")
    loads = [figure.load for figure in figures]
    return "\n".join([*lines, f"Load average of the machine before each case: {min(loads):g} to {max(loads):g}."])


def _spread(values: Sequence[float], digits: int = 1) -> str:
    return f"{quantile(values, 0.5):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    """Measure, write the results down, and print them as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--questions", type=int, default=700, help="asked in each case, at most")
    parser.add_argument("--sustain", type=float, metavar="SECONDS", help="send twice the measured capacity instead")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    if options.sustain:
        from bench.sustain import sustain

        asyncio.run(sustain(options.sustain))
        return
    ready, figures = asyncio.run(rounds(options.rounds, options.questions))
    machine = describe()
    data = {"machine": machine, "ready_s": ready, "figures": [asdict(figure) for figure in figures]}
    (RESULTS / "load.json").write_text(json.dumps(data, indent=1) + "\n")
    text = f"Measured on {machine}, journal on, with `python -m bench.load`.\n\n{table(ready, figures)}\n"
    (RESULTS / "load.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
