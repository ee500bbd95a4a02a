"""Settings: one frozen object, read at the edge and passed in. Order: flag, `KBOT_*`, default."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "KBOT_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every knob of kbot. Each field is also `KBOT_<FIELD>` and a flag of the command line."""

    corpus: Path = Path("corpus")
    index: Path = Path("index")
    host: str = "127.0.0.1"
    port: int = 7860  # 1..65535
    threads: int = 2  # of the encoder and the cross-encoder, 1..64
    rerank: int = 6  # candidates that the cross-encoder reads for one question, 1..50
    max_question: int = 2000  # characters of a question that are looked at, 50..20000
    encoder: str = "all-MiniLM-L6-v2"  # a name of search/models.toml, or a folder of a sentence-transformers model
    reranker: str = "ms-marco-MiniLM-L12-v2"  # a name of search/models.toml, or a folder with model.onnx
    review_days: int = 365  # days after which a document is due for a review, 1..36500
    contact: str = ""  # e-mail address that Crossref and PubMed are given; needed for what asks them

    def __post_init__(self) -> None:
        _within("port", self.port, 1, 65535)
        _within("threads", self.threads, 1, 64)
        _within("rerank", self.rerank, 1, 50)
        _within("max_question", self.max_question, 50, 20000)
        _within("review_days", self.review_days, 1, 36500)


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{PREFIX}{name.upper()} is {value}: give a whole number from {low} to {high}")


def read_settings(
    environment: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> Settings:
    """Read the settings from flags (None means not given), then `KBOT_*`, then the defaults.

    Raises:
        SettingsError: an unknown `KBOT_*` name (with the nearest known one), or a value out of range.
    """
    environment = os.environ if environment is None else environment
    fields = {f.name: f for f in dataclasses.fields(Settings)}
    values: dict[str, object] = {}
    for key, raw in environment.items():
        if not key.startswith(PREFIX):
            continue
        name = key.removeprefix(PREFIX).lower()
        if name not in fields:
            raise SettingsError(_unknown(key, [PREFIX + n.upper() for n in fields]))
        values[name] = raw
    for name, value in (flags or {}).items():
        if name in fields and value is not None:
            values[name] = value
    return Settings(**{name: _convert(name, value, fields[name].default) for name, value in values.items()})  # type: ignore[arg-type]


def _convert(name: str, value: object, default: object) -> object:
    if isinstance(default, Path):
        if not str(value).strip():
            raise SettingsError(f"{PREFIX}{name.upper()} is empty: give a path, or leave it unset")
        return Path(str(value)).expanduser()
    if isinstance(default, int):
        try:
            return int(str(value))
        except ValueError:
            raise SettingsError(f"{PREFIX}{name.upper()} is {value!r}: give a whole number") from None
    return str(value)


def _unknown(key: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
    return f"{key} is not a setting of kbot: {hint}"
