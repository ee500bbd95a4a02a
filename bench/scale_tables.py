"""The tables of docs/scale.md, each from the figures that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.scale_format import duration, number, size
from bench.scale_inputs import Figures, How, MissingError
from bench.scale_sums import (
    POSTING,
    cores,
    disk_bytes,
    hit_share,
    machines,
    memory_bytes,
    mixed,
    search_ms,
    search_traffic,
    text_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MANY = 10_000  # questions a second
_RATES = (10, 100, 1_000, MANY)
_PASSAGES = (1_000_000, 10_000_000, 1_000_000_000)
_DIMENSIONS = (384, 768, 1024)
_SERVED = 384  # dimensions of the encoder that is served
_KINDS = ("flat", "hnsw", "hnsw-sq8", "hnsw-pq", "ivf-sq8", "ivf-pq")
_RESULTS = 80  # of a search: 4 times the 20 candidates of `Retriever`
_CONNECTIONS = 4  # to PostgreSQL that a process opens at most
_GIB, _MIB, _DAY = 2**30, 2**20, 86_400


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its rows, the head first, and the names of the figures that they come from."""

    name: str
    uses: tuple[str, ...]
    rows: Callable[[Figures], Iterator[list[str]]]

    def lines(self, figures: Figures) -> list[str]:
        """Return it as Markdown, with where it comes from; or what is missing for it."""
        try:
            head, *rows = self.rows(figures)
            origin = _origin(figures, self.uses)
        except MissingError as missing:
            return [f"*Not calculated yet: {missing}*"]
        lines = [_row(head), "|---" * len(head) + "|", *map(_row, rows)]
        return [*lines, "", f"*{origin}*"] if origin else lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _origin(figures: Figures, uses: tuple[str, ...]) -> str:
    """Return "Calculated, from run: a; assumed: b", or nothing where a table says it itself."""
    if not uses:
        return ""
    groups = {how: [f"`{name}`" for name in uses if figures.how(name) is how] for how in How}
    return "Calculated, from " + "; ".join(f"{how}: {', '.join(names)}" for how, names in groups.items() if names)


def _listed(hows: tuple[How, ...]) -> Callable[[Figures], Iterator[list[str]]]:
    def rows(figures: Figures) -> Iterator[list[str]]:
        yield ["name", "value", "what", "how", "from"]
        for figure in figures.of(*hows):
            command, comma, detail = figure.source.partition(", ")
            source = f"`{command}`" if command.startswith("python") else command
            yield [
                f"`{figure.name}`",
                number(figure.value),
                figure.what,
                figure.how.value,
                f"{source}{comma}{detail}",
            ]

    return rows


def _cores(f: Figures) -> Iterator[list[str]]:
    yield [
        "questions a second",
        "cores, REST",
        "cores, chat",
        "cores, REST, half from memory",
        "memory of the processes",
    ]
    half = mixed(f["miss_ms"], f["hit_ms"], 0.5)
    for rate in _RATES:
        counts = [cores(rate, ms, busy=f["busy"]) for ms in (f["miss_ms"], f["chat_ms"], half)]
        memory = size(counts[0] * f["process_mib"] * _MIB)
        yield [f"{rate:,}", *(f"{count:,}" for count in counts), memory]


def _check(f: Figures) -> Iterator[list[str]]:
    yield [f"cores for {MANY:,} a second, without head-room", "cores"]
    yield ["by the processor time of a question", f"{cores(MANY, f['miss_ms'], busy=1):,}"]
    a_core = f["answered"] / f["load_cores"]
    yield ["by the questions that a process answered with all cores busy", f"{cores(MANY, 1000 / a_core, busy=1):,}"]


def _cache(f: Figures) -> Iterator[list[str]]:
    yield ["share from memory", "ms of a core a question", f"cores for {MANY:,} a second"]
    for share in (0.0, 0.25, 0.5, 0.75, 0.9):
        ms = mixed(f["miss_ms"], f["hit_ms"], share)
        yield [f"{share:.2f}", number(ms), f"{cores(MANY, ms, busy=f['busy']):,}"]


def _hits(f: Figures) -> Iterator[list[str]]:
    processes = (2, cores(1_000, f["miss_ms"], busy=f["busy"]), cores(MANY, f["miss_ms"], busy=f["busy"]))
    yield ["the same question, asked an hour", *(f"{count:,} processes" for count in processes)]
    for asked in (10, 100, 1_000, 10_000):
        asked_meanwhile = asked * f["kept_s"] / 3600
        yield [f"{asked:,} times", *(f"{hit_share(asked_meanwhile, count):.2f}" for count in processes)]


def _vectors(_: Figures) -> Iterator[list[str]]:
    yield ["kind", *(f"memory at {d}" for d in _DIMENSIONS), *(f"disk at {d}" for d in _DIMENSIONS)]
    for kind in _KINDS:
        memory, disk = ([number(weigh(kind, d)) for d in _DIMENSIONS] for weigh in (memory_bytes, disk_bytes))
        yield [kind, *memory, *disk]


def _counts(f: Figures) -> list[float]:
    """Return numbers of vectors: of 10 million and a billion passages, one each and as many as the clinic's have."""
    return [passages * each for passages in _PASSAGES[1:] for each in (1, f["vectors"])]


def _memory(f: Figures) -> Iterator[list[str]]:
    each = ("one vector each", f"{number(f['vectors'])} vectors each")
    heads = [f"{number(p / 1e6)} M passages, {v}" for p in _PASSAGES[1:] for v in each]
    yield ["kind", "dimension", *heads, "machines for the first", "for the last"]
    for kind in _KINDS:
        for dimension in _DIMENSIONS:
            totals = [count * memory_bytes(kind, dimension) for count in _counts(f)]
            needed = [
                machines(total, memory=f["node_gib"] * _GIB, filled=f["filled"], copies=int(f["copies"]))
                for total in (totals[0], totals[-1])
            ]
            yield [kind, str(dimension), *map(size, totals), *(f"{count:,}" for count in needed)]


def _searches(f: Figures) -> Iterator[list[str]]:
    head = ["vectors", "one graph: ms of a core a search", f"cores for {MANY:,} a second"]
    yield [*head, f"a graph for each {number(f['graph_at'])}: ms", f"cores for {MANY:,} a second"]
    for count in _counts(f):
        best, worst = search_ms(count, f["graph_at"], f["graph_ms"])
        busy = f["busy"]
        cells = [
            number(best),
            number(cores(MANY, best, busy=busy)),
            number(worst),
            number(cores(MANY, worst, busy=busy)),
        ]
        yield [number(count), *cells]


def _text_bytes(f: Figures) -> float:
    return text_bytes(f["made_up_text_bytes"], f["made_up_characters"], f["characters"])


def _texts(f: Figures) -> Iterator[list[str]]:
    yield ["passages", "texts", "BM25", "BM25: a question, at least", "hashes of encoded texts", "memory of a build"]
    for passages in _PASSAGES:
        bm25_s = passages * f["touched"] * f["posting_ns"] / 1e9
        yield [
            f"{passages:,}",
            size(passages * _text_bytes(f)),
            size(passages * f["postings"] * POSTING),
            duration(bm25_s),
            size(passages * f["vectors"] * f["hash_bytes"]),
            size(passages * f["build_bytes"]) if "build_bytes" in f else "not measured",
        ]


def _opening(f: Figures) -> Iterator[list[str]]:
    yield ["passages", "bytes of a build", "hashed by one core in", "of these, vectors that Milvus would hold"]
    for passages in _PASSAGES:
        vectors = passages * f["vectors"] * disk_bytes("hnsw-sq8", _SERVED)
        others = passages * (_text_bytes(f) + f["postings"] * POSTING + f["vectors"] * f["hash_bytes"])
        total = vectors + others
        yield [f"{passages:,}", size(total), duration(total / 1e9 / f["hash_gb_s"]), f"{100 * vectors / total:.0f} %"]


def _encoding(f: Figures) -> Iterator[list[str]]:
    yield ["passages", "texts to encode", "hours of one core", "with 100 cores"]
    for passages in _PASSAGES:
        texts = passages * f["vectors"]
        seconds = texts * f["encode_ms"] / 1000
        yield [f"{passages:,}", number(texts), number(seconds / 3600), duration(seconds / 100)]


def _network(f: Figures) -> Iterator[list[str]]:
    yield ["between", "bytes a question", f"at {MANY:,} a second", "Gbit/s"]
    for dimension in _DIMENSIONS:
        sent, got = search_traffic(dimension, _RESULTS, f["id_bytes"], frame=f["frame"])
        for way, count in ((f"app to vector engine, dimension {dimension}", sent), ("and back", got)):
            yield [way, number(count), f"{size(count * MANY)}/s", number(8 * count * MANY / 1e9)]
    answer = f["answer_bytes"]
    yield [
        "app to visitor, not compressed",
        number(answer),
        f"{size(answer * MANY)}/s",
        number(8 * answer * MANY / 1e9),
    ]


def _journal(f: Figures) -> Iterator[list[str]]:
    yield ["questions a second", "rows a day", "bytes a day", "rows kept", "bytes kept", "connections at most"]
    for rate in _RATES:
        rows = rate * _DAY
        kept = rows * f["retention_days"]
        links = _CONNECTIONS * cores(rate, f["miss_ms"], busy=f["busy"])
        yield [
            f"{rate:,}",
            number(rows),
            size(rows * f["row_bytes"]),
            number(kept),
            size(kept * f["row_bytes"]),
            f"{links:,}",
        ]


def _cases(f: Figures) -> Iterator[list[str]]:
    heads = [
        "passages",
        "questions a second",
        "cores of the app",
        "kind of index",
        "vectors",
        "texts",
        "BM25",
        "encoding",
    ]
    yield ["who", *heads, "journal a day"]
    cases = (
        ("this clinic", f["own_passages"], 0.1, "flat"),
        ("a hospital group", 1e6, 10, "hnsw-sq8"),
        ("ten million", 1e7, 1_000, "hnsw-sq8"),
        ("a billion", 1e9, MANY, "hnsw-sq8"),
    )
    for who, passages, rate, kind in cases:
        vectors = passages * f["vectors"]
        yield [
            who,
            f"{passages:,.0f}",
            f"{rate:,}",
            f"{cores(rate, f['miss_ms'], busy=f['busy']):,}",
            kind,
            size(vectors * memory_bytes(kind, _SERVED)),
            size(passages * _text_bytes(f)),
            size(passages * f["postings"] * POSTING),
            f"{duration(vectors * f['encode_ms'] / 1000)} of a core",
            size(rate * _DAY * f["row_bytes"]),
        ]


_TEXTS = ("made_up_text_bytes", "made_up_characters", "characters", "postings")
TABLES = (
    Table("cases", ("own_passages", "miss_ms", "busy", "vectors", *_TEXTS, "encode_ms", "row_bytes"), _cases),
    Table("measured", (), _listed((How.RUN, How.SIMULATED, How.CALCULATED))),
    Table("assumed", (), _listed((How.ASSUMED,))),
    Table("cores", ("miss_ms", "chat_ms", "hit_ms", "busy", "process_mib"), _cores),
    Table("check", ("miss_ms", "answered", "load_cores"), _check),
    Table("cache", ("miss_ms", "hit_ms", "busy"), _cache),
    Table("hits", ("miss_ms", "busy", "kept_s"), _hits),
    Table("vectors", (), _vectors),
    Table("memory", ("vectors", "node_gib", "filled", "copies"), _memory),
    Table("searches", ("vectors", "graph_at", "graph_ms", "busy"), _searches),
    Table("texts", (*_TEXTS, "touched", "posting_ns", "vectors", "hash_bytes"), _texts),
    Table("opening", (*_TEXTS, "vectors", "hash_bytes", "hash_gb_s"), _opening),
    Table("encoding", ("vectors", "encode_ms"), _encoding),
    Table("network", ("id_bytes", "frame", "answer_bytes"), _network),
    Table("journal", ("row_bytes", "retention_days", "miss_ms", "busy"), _journal),
)
