"""Settings: one frozen object, read at the edge and passed in. Order: flag, `KBOT_*`, default."""

from __future__ import annotations

import dataclasses
import ipaddress
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
STAFF_OFF = "off"
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


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
    store: str = "faiss"  # where vectors are: "faiss" (in the index folder), or "milvus+" and a URL or a file
    vector_index: str = "auto"  # of FAISS: "auto" (by size), "flat", "hnsw", "hnsw-sq8", "ivf" or "ivf-sq8"
    journal: str = "auto"  # "auto" (a file in the user's data folder), a path, a URL of PostgreSQL, or "off"
    retention_days: int = 90  # after which the journal forgets a question, 1..3650
    frame_ancestors: str = "'self'"  # pages that may frame the chat: 'self', 'none', or origins with spaces between
    allowed_origins: str = ""  # websites that carry the chat's button, with spaces between: they may frame it, too
    root_path: str = ""  # path under which a reverse proxy serves kbot, e.g. /help
    cache: int = 16  # MiB of answers that are kept in memory for repeated questions, 0 (none)..1024
    waiting: int = 100  # questions that wait at most; those beyond are refused with the clinic's number, 1..10000
    rate: int = 240  # questions a minute from one address, 0 (no limit)..1000000
    metrics: str = "local"  # who may read /metrics: "off", "local" (this machine alone) or "on" (whoever reaches it)
    log: str = "requests"  # "problems", "requests" (a line each, without addresses) or "addresses" (with them)
    trusted_proxies: str = ""  # addresses or networks of reverse proxies that say who asks, with spaces between
    staff: str = "auto"  # folder of the staff's accounts: "auto" (in the user's data folder), a path, or "off"
    staff_header: str = ""  # header in which a trusted proxy names the member of staff it has signed in
    staff_idle_minutes: int = 30  # after which a staff session ends if nothing is done, 1..1440
    staff_longest_hours: int = 8  # after which a staff session ends in any case, 1..168

    def __post_init__(self) -> None:
        _within("port", self.port, 1, 65535)
        _within("threads", self.threads, 1, 64)
        _within("rerank", self.rerank, 1, 50)
        _within("max_question", self.max_question, 50, 20000)
        _within("retention_days", self.retention_days, 1, 3650)
        _within("review_days", self.review_days, 1, 36500)
        _within("cache", self.cache, 0, 1024)
        _within("waiting", self.waiting, 1, 10_000)
        _within("rate", self.rate, 0, 1_000_000)
        _one_of("vector_index", self.vector_index, ("auto", "flat", "hnsw", "hnsw-sq8", "ivf", "ivf-sq8"))
        if self.store != "faiss" and not (self.store.startswith("milvus+") and self.store.removeprefix("milvus+")):
            raise SettingsError(f"{PREFIX}STORE is {self.store!r}: give faiss, or milvus+http://host:19530")
        _one_of("metrics", self.metrics, ("off", "local", "on"))
        _one_of("log", self.log, ("problems", "requests", "addresses"))
        _within("staff_idle_minutes", self.staff_idle_minutes, 1, 1440)
        _within("staff_longest_hours", self.staff_longest_hours, 1, 168)
        if self.frame_ancestors != "'none'":
            _origins("frame_ancestors", self.frame_ancestors, known=("'self'",), empty="'none'")
        if self.allowed_origins:
            _origins("allowed_origins", self.allowed_origins)
        if self.root_path and not _PATH.fullmatch(self.root_path):
            raise SettingsError(
                f"{PREFIX}ROOT_PATH is {self.root_path!r}: give a path such as /help, or leave it unset"
            )
        _networks("trusted_proxies", self.trusted_proxies)
        if self.staff_header and not _HEADER.fullmatch(self.staff_header):
            raise SettingsError(f"{PREFIX}STAFF_HEADER is {self.staff_header!r}: give a name such as X-Remote-User")

    @property
    def framing(self) -> str:
        """Who may show kbot's pages in a frame, as the Content-Security-Policy's frame-ancestors wants it."""
        sources = [*self.frame_ancestors.split(), *self.allowed_origins.split()]
        return " ".join(dict.fromkeys(s for s in sources if s != "'none'")) or "'none'"


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{PREFIX}{name.upper()} is {value}: give a whole number from {low} to {high}")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{PREFIX}{name.upper()} is {value!r}: give one of {', '.join(known)}")


def _networks(name: str, value: str) -> None:
    for network in value.split():
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise SettingsError(
                f"{PREFIX}{name.upper()} has {network!r}: give addresses or networks such as 127.0.0.1 or 10.0.0.0/8"
            ) from None


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
