"""Who is told what a build is doing."""

from __future__ import annotations

from typing import Protocol, Self


class Progress(Protocol):
    """Told what the build is doing; a bar on a terminal, nothing in a pipe."""

    def step(self, name: str, total: int = 1) -> None:
        """Begin a step of `total` parts."""

    def advance(self, parts: int = 1) -> None:
        """Say that so many parts of the step are done."""


class Quiet:
    """Progress that nobody watches."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, name: str, total: int = 1) -> None:
        """See `Progress.step`."""

    def advance(self, parts: int = 1) -> None:
        """See `Progress.advance`."""
