from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kbot.web.line import Line, LineFullError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds the work up until it is set."""
    gate = threading.Event()
    yield gate
    gate.set()


async def until_all_stand(line: Line, waiting: int) -> None:
    while line.waiting < waiting:
        await asyncio.sleep(0)


def test_work_is_done_in_the_order_in_which_it_came() -> None:
    async def run() -> list[int]:
        line, done = Line(100, workers=1), list[int]()
        await asyncio.gather(*(line.run(partial(done.append, number)) for number in range(50)))
        line.close()
        return done

    assert asyncio.run(run()) == list(range(50))


def test_who_finds_every_place_taken_is_refused_at_once_and_the_next_after_them_is_not(gate: threading.Event) -> None:
    async def run() -> list[object]:
        line = Line(2, workers=1)
        inside = [asyncio.create_task(line.run(gate.wait)) for _ in range(3)]
        await until_all_stand(line, 2)
        assert line.is_full
        with pytest.raises(LineFullError):
            await line.run(lambda: "too late")
        gate.set()
        done = [*await asyncio.gather(*inside), await line.run(lambda: "next")]
        line.close()
        return done

    assert asyncio.run(run()) == [True, True, True, "next"]


def test_work_that_stood_in_line_too_long_is_refused_and_never_begun() -> None:
    async def run() -> None:
        line = Line(2, workers=1, patience=-1.0)
        begun: list[str] = []
        with pytest.raises(LineFullError):
            await line.run(lambda: begun.append("begun"))
        assert begun == []
        assert line.waiting == 0
        line.close()

    asyncio.run(run())


def test_who_would_wait_too_long_at_the_present_pace_is_refused_although_there_is_a_place(
    gate: threading.Event,
) -> None:
    now = 0.0

    def slow() -> None:
        nonlocal now
        now += 31.0  # a tenth of it is more than three seconds

    async def run() -> None:
        line = Line(100, workers=1, clock=lambda: now)
        await line.run(slow)
        inside = [asyncio.create_task(line.run(gate.wait)) for _ in range(2)]
        await until_all_stand(line, 1)
        with pytest.raises(LineFullError):
            await line.run(lambda: "too late")
        gate.set()
        await asyncio.gather(*inside)
        assert await line.run(lambda: "nobody waits") == "nobody waits"
        line.close()

    asyncio.run(run())


def test_work_that_fails_leaves_its_place() -> None:
    async def run() -> None:
        line = Line(1, workers=1)
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await line.run(lambda: 1 / 0)
        assert not line.is_full
        line.close()
        with pytest.raises(LineFullError):
            await line.run(lambda: None)

    asyncio.run(run())
