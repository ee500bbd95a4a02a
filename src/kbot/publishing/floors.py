"""What a new build must reach before visitors see it (`floors.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from kbot.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "floors.toml"
_PARTS = ("safety", "golden", "bank")


@dataclass(frozen=True, slots=True)
class Floors:
    """Shares, [0, 1], by the names of `floors.toml`. Which are least and which most stands there."""

    safety: Mapping[str, float]
    golden: Mapping[str, float]
    bank: Mapping[str, float]


def read_floors(corpus: Path) -> Floors:
    """Return the packaged floors with those of the corpus in their place, where it has any.

    Raises:
        PublishError: the corpus's file can't be read, names what isn't there, or lowers a floor of safety.
    """
    packaged = tomllib.loads(resources.files("kbot.publishing").joinpath(NAME).read_text(encoding="utf-8"))
    parts: dict[str, dict[str, float]] = {part: dict(packaged[part]) for part in _PARTS}
    path = corpus / NAME
    if path.is_file():
        for part, values in _read(path).items():
            _take_over(parts, part, values, path)
    return Floors(**parts)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PublishError(f"{path} can't be read ({error}): write it as docs/publishing.md shows") from None


def _take_over(parts: dict[str, dict[str, float]], part: str, values: object, path: Path) -> None:
    if part not in parts or not isinstance(values, dict):
        raise PublishError(f"{path}: unknown table [{part}]: known are {', '.join(_PARTS)}")
    for name, value in values.items():
        if name not in parts[part]:
            raise PublishError(f"{path}: unknown floor {name!r} in [{part}]: known are {', '.join(parts[part])}")
        if not isinstance(value, int | float) or not 0 <= value <= 1:
            raise PublishError(f"{path}: {name!r} is {value!r}: give a share from 0 to 1")
        if part == "safety" and value < parts[part][name]:
            raise PublishError(f"{path}: {name!r} can't be lowered from {parts[part][name]}: it is a floor of safety")
        parts[part][name] = float(value)
