"""Times of steps within steps, each without what the steps inside it took."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Stopwatch:
    """Sums up the own time of named steps, in one thread."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock` returns seconds."""
        self._clock = clock
        self._own_s: defaultdict[str, float] = defaultdict(float)
        self._inside_s: list[float] = []  # one for each open step: what the steps within it took

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed as this step."""

        @functools.wraps(function)
        def run(*arguments: object, **named: object) -> object:
            self._inside_s.append(0.0)
            begun = self._clock()
            try:
                return function(*arguments, **named)
            finally:
                took = self._clock() - begun
                self._own_s[step] += took - self._inside_s.pop()
                if self._inside_s:
                    self._inside_s[-1] += took

        return run

    @contextmanager
    def on(self, methods: Iterable[tuple[str, type, str]]) -> Iterator[None]:
        """Time the methods (step, class, name) of all objects meanwhile."""
        originals = [(owner, name, owner.__dict__[name]) for _, owner, name in methods]
        for step, owner, name in methods:
            setattr(owner, name, self.timed(step, owner.__dict__[name]))
        try:
            yield
        finally:
            for owner, name, original in originals:
                setattr(owner, name, original)

    def read_off(self) -> dict[str, float]:
        """Return the milliseconds of each step since the last time, and begin anew."""
        ms = {step: 1000 * seconds for step, seconds in self._own_s.items()}
        self._own_s.clear()
        return ms
