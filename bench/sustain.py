"""Twice as many questions as kbot can answer, for minutes: what is answered, what is refused and how, and what after.

`python -m bench.load --sustain 600`. Questions come at fixed times, whatever became of those before them. One in a
hundred is of somebody in danger: each of these must get its reply, however full it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.http import Client, Response
from bench.load import RESULTS, distinct_questions, drive, is_answer
from bench.machine import describe
from bench.server import Server
from kbot.evaluation import quantile

if TYPE_CHECKING:
    from pathlib import Path

_CONNECTIONS = 300
_CAPACITY_CALLERS, _CAPACITY_QUESTIONS = 32, 700
_URGENT_EVERY = 100
_IN_DANGER = ("I want to kill myself", "I took too many pills and I can't breathe")
_SETTLED = 20  # questions one after the other, before and afterwards


@dataclass(slots=True)
class Seen:
    """What came back under load."""

    answered_ms: list[float] = field(default_factory=list)
    refused_ms: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)  # what is no promised reply, by what is wrong
    urgent: int = 0
    memory: list[float] = field(default_factory=list)  # MiB, once a second

    def take(self, response: Response, ms: float, *, in_danger: bool) -> None:
        """Take in one reply."""
        data = response.json()
        if in_danger:
            self.urgent += 1
            if response.status != 200 or data["outcome"] not in {"crisis", "emergency"}:
                self.wrong["somebody in danger got another reply"] += 1
        elif is_answer(response):
            self.answered_ms.append(ms)
        elif response.status == 503 and _is_hand_over(response):
            self.refused_ms.append(ms)
        else:
            self.wrong[f"status {response.status} without the contract's reply"] += 1


def _is_hand_over(response: Response) -> bool:
    """Return True for a refusal as promised: when to come back, the clinic's number, and 988."""
    data = response.json()
    calls = {person["call"] for person in data["resources"]}
    has_number = any(number and number in data["message"] for number in calls - {"988"})
    return data["outcome"] == "clinician" and "retry-after" in response.headers and "988" in calls and has_number


async def _flood(server: Server, per_second: float, seconds: float) -> Seen:
    """Send questions at fixed times over many connections; one that finds no free connection waits for one."""
    seen, questions = Seen(), distinct_questions()
    free: asyncio.LifoQueue[Client] = asyncio.LifoQueue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(Client(server.port))
    start, sent = time.perf_counter(), 0
    tasks: set[asyncio.Task[None]] = set()

    async def send(number: int) -> None:
        in_danger = number % _URGENT_EVERY == 0
        question = _IN_DANGER[number // _URGENT_EVERY % 2] if in_danger else questions[number % len(questions)]
        client = await free.get()
        asked = time.perf_counter()
        try:
            response = await client.post("/api/ask", {"turns": [question]})
            seen.take(response, (time.perf_counter() - asked) * 1000, in_danger=in_danger)
        except (OSError, EOFError, ValueError) as error:
            seen.wrong[type(error).__name__] += 1
        free.put_nowait(client)

    while (passed := time.perf_counter() - start) < seconds:
        while sent < passed * per_second:
            task = asyncio.create_task(send(sent))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        if passed >= len(seen.memory):
            seen.memory.append(server.memory())
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    for _ in range(_CONNECTIONS):
        await free.get_nowait().close()
    return seen


async def _rest(client: Client, question: str) -> bool:
    return is_answer(await client.post("/api/ask", {"turns": [question]}))


async def sustain(seconds: float) -> None:
    """Measure the capacity, send twice as much for `seconds`, see when it is as before, and write it all down."""
    questions = distinct_questions()
    with Server(cache="0") as server:
        await drive(server.port, 4, questions[:100], lambda: _rest)
        alone, _ = await drive(server.port, 1, questions[:_SETTLED], lambda: _rest)
        start = time.perf_counter()
        await drive(server.port, _CAPACITY_CALLERS, questions[:_CAPACITY_QUESTIONS], lambda: _rest)
        capacity = len(questions[:_CAPACITY_QUESTIONS]) / (time.perf_counter() - start)
        seen = await _flood(server, 2 * capacity, seconds)
        end = time.perf_counter()
        first, _ = await drive(server.port, 1, questions[:1], lambda: _rest)
        recovered = time.perf_counter() - end
        after, errors = await drive(server.port, 1, questions[:_SETTLED], lambda: _rest)
        settled = await _memory_once_idle(server)
    early, late = seen.memory[len(seen.memory) // 10], seen.memory[-1]
    figures = {
        "machine": describe(),
        "load_average": round(os.getloadavg()[0], 1),
        "seconds": seconds,
        "capacity_per_second": round(capacity, 1),
        "sent_per_second": round(2 * capacity, 1),
        "answered": len(seen.answered_ms),
        "answered_per_second": round(len(seen.answered_ms) / seconds, 1),
        "answered_p50_ms": _quantile(seen.answered_ms, 0.5),
        "answered_p95_ms": _quantile(seen.answered_ms, 0.95),
        "refused_with_503": len(seen.refused_ms),
        "refused_p50_ms": _quantile(seen.refused_ms, 0.5),
        "refused_p95_ms": _quantile(seen.refused_ms, 0.95),
        "in_danger": seen.urgent,
        "wrong": dict(seen.wrong),
        "memory_mib_after_a_tenth": round(early, 1),
        "memory_mib_at_the_end": round(late, 1),
        "memory_mib_most": round(max(seen.memory), 1),
        "memory_mib_idle_again": round(settled, 1),
        "first_question_afterwards_s": round(recovered, 3),
        "alone_p50_ms_before": _quantile(alone, 0.5),
        "alone_p50_ms_afterwards": _quantile(after, 0.5),
        "errors_afterwards": errors + (first == []),
    }
    _write(RESULTS, figures)


async def _memory_once_idle(server: Server) -> float:
    await asyncio.sleep(3)
    return server.memory()


def _quantile(values: list[float], share: float) -> float | None:
    return round(quantile(values, share), 1) if values else None


def _write(folder: Path, figures: dict[str, object]) -> None:
    (folder / "sustain.json").write_text(json.dumps(figures, indent=1) + "\n")
    rows = "\n".join(
        f"| {name.replace('_', ' ')} | {value} |" for name, value in figures.items() if name != "machine"
    )
    command = f"python -m bench.load --sustain {figures['seconds']:g}"
    text = (
        f"Measured on {figures['machine']}, journal on, with `{command}`.\n\n| what | figure |\n|---|---|\n{rows}\n"
    )
    (folder / "sustain.md").write_text(text)
    print(text)
