"""What the sizing starts from: figures that benchmarks have written down, and a table of what is assumed."""

from __future__ import annotations

import json
import re
import statistics
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bench.scale_sums import hit_cost
from kbot.cache import LIFE
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class How(StrEnum):
    """Where a figure comes from."""

    RUN = "run"  # measured on the real thing
    SIMULATED = "simulated"  # measured on made-up vectors or texts
    CALCULATED = "calculated"  # from the others
    ASSUMED = "assumed"  # stated, by nobody measured


@dataclass(frozen=True, slots=True)
class Figure:
    """One number to go on from."""

    name: str
    value: float
    what: str  # with its unit
    how: How
    source: str  # the command that measured it, or how it was worked out


class MissingError(LookupError):
    """A figure that nobody has measured yet; the message says which, and the command that does."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` is missing, `{_MEASURED_BY.get(name, _WEIGH)}` measures it")


_LOAD, _GROWTH, _PIPELINE, _PEERS, _SOAK, _WEIGH = (
    "python -m bench.load",
    "python -m bench.growth",
    "python -m bench.growth_pipeline",
    "python -m bench.peers",
    "python -m bench.soak",
    "python -m bench.scale --weigh",
)
_RETRIEVAL = "kbot, retrieval only"  # as bench/peers calls it
_MEASURED_BY = {
    **dict.fromkeys(("load_cores", "miss_ms", "chat_ms", "hit_ms", "answered"), _LOAD),
    **dict.fromkeys(("graph_at", "graph_ms"), _GROWTH),
    "process_mib": _SOAK,
}  # all others: _WEIGH
ASSUMED = (
    Figure("busy", 0.6, "share of its time that a core works at most", How.ASSUMED, "head-room for peaks"),
    Figure("node_gib", 128, "GiB of memory of a machine that holds vectors", How.ASSUMED, "a common size"),
    Figure("filled", 0.7, "share of it that vectors may fill", How.ASSUMED, "the engine, the system, a rebuild"),
    Figure("copies", 2, "copies of the vectors", How.ASSUMED, "one machine may fail"),
    Figure("frame", 200, "bytes around a message to the vector engine", How.ASSUMED, "HTTP/2 and gRPC"),
    Figure(
        "retention_days",
        Settings().retention_days,
        "days that the journal keeps",
        How.ASSUMED,
        "default of `retention_days`",
    ),
    Figure("kept_s", LIFE, "seconds that an answer stays in the cache", How.ASSUMED, "set in src/kbot/cache.py"),
)


class Figures:
    """Figures by name."""

    def __init__(self, figures: Mapping[str, Figure]) -> None:
        self._figures = dict(figures)

    def __getitem__(self, name: str) -> float:
        """Return a value. Raises MissingError where it was not measured."""
        if name not in self._figures:
            raise MissingError(name)
        return self._figures[name].value

    def __contains__(self, name: str) -> bool:
        """Return True for a figure that is there."""
        return name in self._figures

    def how(self, name: str) -> How:
        """Return where a figure comes from."""
        if name not in self._figures:
            raise MissingError(name)
        return self._figures[name].how

    def of(self, *hows: How) -> list[Figure]:
        """Return all that come from there."""
        return [figure for figure in self._figures.values() if figure.how in hows]


def read_figures(results: Path) -> Figures:
    """Return what the files of a results folder hold, as far as they are there, and what is assumed."""
    read = {name: _read(results / f"{name}.json") for name in ("load", "growth", "growth_pipeline", "peers", "scale")}
    found = [*_of_load(read["load"]), *_of_growth(read["growth"]), *_of_pipeline(read["growth_pipeline"])]
    found += [*_of_peers(read["peers"]), *_of_soak(_read(results / "soak.json")), *_of_weighing(read["scale"])]
    return Figures({figure.name: figure for figure in (*found, *ASSUMED)})


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _of_load(data: Any) -> Iterator[Figure]:
    if data is None:
        return
    count = re.match(r"(\d+) cores", data["machine"])
    if count is not None:
        yield Figure("load_cores", int(count.group(1)), "cores of the machine under load", How.RUN, _LOAD)

    def median(case: str, callers: int, name: str) -> float | None:
        rows = [row for row in data["figures"] if (row["case"], row["callers"]) == (case, callers)]
        return statistics.median(row[name] for row in rows) if rows else None

    miss, repeats = median("rest, distinct", 32, "cpu_ms"), median("rest, repeats", 32, "cpu_ms")
    chat, share = median("chat, distinct", 50, "cpu_ms"), median("rest, repeats", 32, "from_memory")
    answered = median("rest, distinct", 32, "per_second")
    if miss is not None:
        yield Figure("miss_ms", miss, "ms of a core for a question through REST, not asked before", How.RUN, _LOAD)
    if chat is not None:
        yield Figure("chat_ms", chat, "ms of a core for a question in the chat, not asked before", How.RUN, _LOAD)
    if answered is not None:
        what = "questions a second of one process on that machine, the callers beside it"
        yield Figure("answered", answered, what, How.RUN, _LOAD)
    if miss is not None and repeats is not None and share:
        what = "ms of a core for a question that is answered from memory"
        yield Figure("hit_ms", hit_cost(miss, repeats, share), what, How.CALCULATED, f"{_LOAD}, from its two mixes")


def _of_growth(data: Any) -> Iterator[Figure]:
    graphs = [r for r in data["runs"] if r["kind"].startswith("hnsw") and "p50_cpu_ms" in r] if data else []
    if graphs:
        run = max(graphs, key=lambda run: run["size"])
        how = f"{_GROWTH}, {run['kind']} at {run['size']:,}"
        yield Figure("graph_at", run["size"], "vectors of the largest graph that was searched", How.SIMULATED, how)
        what = "ms of a core for one search of it, at the median"
        yield Figure("graph_ms", run["p50_cpu_ms"], what, How.SIMULATED, how)


def _of_pipeline(data: Any) -> Iterator[Figure]:
    runs = sorted(data["runs"], key=lambda run: run["first"]["passages"]) if data else []
    if len(runs) > 1:
        # Not the first build, whose peak is that of learning the bank, whatever the number of passages.
        first, last = runs[0]["one_changed"], runs[-1]["one_changed"]
        slope = (last["peak_mib"] - first["peak_mib"]) * 2**20 / (last["passages"] - first["passages"])
        what = "bytes of memory that a build takes for each passage"
        source = f"{_PIPELINE}, up to {last['passages']:,} passages"
        yield Figure("build_bytes", slope, what, How.SIMULATED, source)
    if runs:
        what = f"MiB that a process has for itself, at {runs[-1]['first']['passages']:,} passages"
        yield Figure("private_mib", runs[-1]["served"]["private_mib"], what, How.SIMULATED, _PIPELINE)


def _of_peers(data: Any) -> Iterator[Figure]:
    if data is None or "large" not in data["parts"]:
        return
    large = data["parts"]["large"]
    values = large["values"].get(_RETRIEVAL, {})
    if "large_build_work_s" in values:
        seconds, count = statistics.median(values["large_build_work_s"]), large["plan"]["large"]
        what = f"ms to encode a passage and put it into an index, whole machine, {count:,} passages"
        yield Figure("peers_encode_ms", 1000 * seconds / count, what, How.RUN, _PEERS)


def _of_soak(data: Any) -> Iterator[Figure]:
    if data is not None:
        what = f"MiB of a process after {data['questions']:,} questions, of the clinic's index"
        yield Figure("process_mib", data["rows"][-1]["mib"], what, How.RUN, _SOAK)


def _of_weighing(data: Any) -> Iterator[Figure]:
    if data is None:
        return
    own, made = data["own"], data["made_up"]
    passages, many = own["passages"], made["passages"]
    clinic, up = f"{_WEIGH}, the clinic's index", f"{_WEIGH}, {many:,} made-up passages"
    yield Figure("own_passages", passages, "passages of the clinic", How.RUN, clinic)
    yield Figure("characters", own["characters"] / passages, "characters of a passage", How.RUN, clinic)
    yield Figure("vectors", own["vectors"] / passages, "vectors of a passage", How.RUN, clinic)
    yield Figure("postings", own["postings"] / passages, "different stems of a passage", How.RUN, clinic)
    yield Figure("id_bytes", own["vector_id_bytes"], "bytes of a vector's id", How.RUN, clinic)
    yield Figure("answer_bytes", data["answer_bytes"], "bytes of an answer as JSON, on average", How.RUN, clinic)
    what = "share of all passages that a question's stems lead BM25 to, summed over the stems"
    yield Figure("touched", own["touched"], what, How.RUN, clinic)
    yield Figure("posting_ns", made["posting_ns"], "ns of a core for each of these", How.SIMULATED, up)
    yield Figure(
        "made_up_characters", made["characters"] / many, "characters of a made-up passage", How.SIMULATED, up
    )
    what = "bytes of texts of a made-up passage: documents, passages and their tables"
    yield Figure("made_up_text_bytes", made["bytes"]["texts"] / many, what, How.SIMULATED, up)
    what = "bytes a text of the hashes by which the next build knows what it needn't encode"
    yield Figure("hash_bytes", made["bytes"]["hashes"] / made["encoded"], what, How.SIMULATED, up)
    yield Figure("hash_gb_s", made["hash_gb_s"], "GB a second that one core hashes at opening", How.RUN, up)
    yield Figure("encode_ms", data["encode_ms"], "ms of a core to encode a text for the index", How.RUN, clinic)
    row, where = data["journal"]["row_bytes"], data["journal"]["database"]
    yield Figure("row_bytes", row, f"bytes of a row of the journal with its indexes, {where}", How.RUN, _WEIGH)
    what = f"rows a second through one connection, a transaction each, {where}"
    yield Figure("rows_a_second", data["journal"]["rows_a_second"], what, How.RUN, _WEIGH)
