"""Settings: one frozen object, read at the edge and passed in. Order: flag, `KBOT_*`, default."""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "KBOT_"
_ORIGIN = re.compile(r"https?://(?:(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
JOURNAL_OFF = "off"


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
    journal: str = "auto"  # "auto" (a file in the user's data folder), a path, a URL of PostgreSQL, or "off"
    retention_days: int = 90  # after which the journal forgets a question, 1..3650
    frame_ancestors: str = "'self'"  # pages that may frame the chat: 'self', 'none', or origins with spaces between
    allowed_origins: str = ""  # websites that carry the chat's button, with spaces between: they may frame it, too
    root_path: str = ""  # path under which a reverse proxy serves kbot, e.g. /help

    def __post_init__(self) -> None:
        _within("port", self.port, 1, 65535)
        _within("threads", self.threads, 1, 64)
        _within("rerank", self.rerank, 1, 50)
        _within("max_question", self.max_question, 50, 20000)
        _within("retention_days", self.retention_days, 1, 3650)
        _within("review_days", self.review_days, 1, 36500)
        if self.frame_ancestors != "'none'":
            _origins("frame_ancestors", self.frame_ancestors, known=("'self'",), empty="'none'")
        if self.allowed_origins:
            _origins("allowed_origins", self.allowed_origins)
        if self.root_path and not _PATH.fullmatch(self.root_path):
            raise SettingsError(
                f"{PREFIX}ROOT_PATH is {self.root_path!r}: give a path such as /help, or leave it unset"
            )

    @property
    def framing(self) -> str:
        """Who may show kbot's pages in a frame, as the Content-Security-Policy's frame-ancestors wants it."""
        sources = [*self.frame_ancestors.split(), *self.allowed_origins.split()]
        return " ".join(dict.fromkeys(s for s in sources if s != "'none'")) or "'none'"


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{PREFIX}{name.upper()} is {value}: give a whole number from {low} to {high}")


def _origins(name: str, value: str, *, known: tuple[str, ...] = (), empty: str = "") -> None:
    """Refuse anything but origins: the value becomes a part of a security policy as it stands."""
    setting = f"{PREFIX}{name.upper()}"
    if not value.split():
        raise SettingsError(
            f"{setting} is empty: " + (f"say {empty}, or leave it unset" if empty else "leave it unset")
        )
    for source in value.split():
        if source not in known and not _ORIGIN.fullmatch(source):
            or_known = "".join(f", or {word}" for word in known)
            raise SettingsError(f'{setting} has {source!r}: give origins such as "https://www.example.org"{or_known}')


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
