"""Callers over HTTP, each with one connection and one question at a time, as many at once as wanted."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.http import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

_APART = 37  # questions between where one caller begins and where the next does


@dataclass(frozen=True, slots=True)
class Load:
    """What callers saw."""

    a_second: float  # answers a second, all callers together
    ms: list[float]  # one an answer
    errors: int  # connections that broke, and answers other than 200


def put_under_load(port: int, path: str, bodies: Sequence[object], *, callers: int, seconds: float) -> Load:
    """Ask for some seconds, each caller going through the bodies from another place on."""
    return asyncio.run(_load(port, path, bodies, callers, seconds))


async def _load(port: int, path: str, bodies: Sequence[object], callers: int, seconds: float) -> Load:
    start = time.perf_counter()
    until = start + seconds
    parts = await asyncio.gather(*(_call(port, path, bodies, n * _APART, until) for n in range(callers)))
    elapsed = time.perf_counter() - start
    ms = [one for times, _ in parts for one in times]
    return Load(len(ms) / elapsed, ms, sum(errors for _, errors in parts))


async def _call(port: int, path: str, bodies: Sequence[object], at: int, until: float) -> tuple[list[float], int]:
    client = Client(port)
    times: list[float] = []
    errors = 0
    while (start := time.perf_counter()) < until:
        try:
            answered = (await client.post(path, bodies[at % len(bodies)])).status == 200
        except (OSError, asyncio.IncompleteReadError):
            answered = False
        if answered:
            times.append((time.perf_counter() - start) * 1000)
        else:
            errors += 1
        at += 1
    await client.close()
    return times, errors
