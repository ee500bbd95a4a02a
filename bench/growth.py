"""How vector search grows: each kind of FAISS index at 1 thousand to 1 million vectors, and charts of it.

`python -m bench.growth` measures what bench/results/growth.json doesn't hold yet, a new process for each build and
each search, and writes growth.md and growth.svg beside it. `--fresh` forgets what was measured; `--draw` measures
nothing. One million takes most of an hour and 10 GB of disk in the cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
import psutil

from bench.growth_draw import draw
from bench.growth_vectors import Generator, encoded, neighbour_cosines
from bench.machine import describe
from kbot.evaluation import quantile
from kbot.search.vector_kinds import IndexKind
from kbot.search.vectors import FaissStore
from kbot.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path("bench/results")
SIZES = (1_000, 10_000, 20_000, 30_000, 40_000, 100_000, 1_000_000)
_REAL_SIZE = 20_000  # at this size the vectors are really encoded ones
_QUERIES = 500
_K = 80  # as deep as the retriever asks
_AT = 10
_WIDTHS = {"hnsw": (80, 160, 320, 640, 1_000, 1_400), "ivf": (8, 16, 32, 64, 128, 256)}


def cache() -> Path:
    """Return the folder for what is made once: vectors and built indexes."""
    folder = Path(platformdirs.user_cache_dir("kbot-bench")) / "growth"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def prepare(size: int) -> None:
    """Write the vectors, the queries and the exact neighbours of one size, where they aren't there yet."""
    folder = cache()
    if (folder / f"exact-{size}.npy").is_file():
        return
    real = encoded(folder, Settings(journal="off"))
    if size == _REAL_SIZE:
        # Every 41st encoded text asks; the rest is stored.
        asks = np.arange(len(real)) % 41 == 0
        vectors, queries = real[~asks], real[asks][:_QUERIES]
    else:
        generator = _generator(folder, real)
        vectors, queries = generator.make(size), generator.queries(_QUERIES, size)
    store = FaissStore(vectors.shape[1], IndexKind.FLAT)
    store.replace([str(row) for row in range(len(vectors))], vectors)
    near = [[int(id_) for id_, _ in store.search(query, _AT)] for query in queries]
    np.save(folder / f"vectors-{size}.npy", vectors)
    np.save(folder / f"queries-{size}.npy", queries)
    np.save(folder / f"exact-{size}.npy", np.array(near))


def _generator(folder: Path, real: NDArray[np.float32]) -> Generator:
    """Return the generator, learned once: it takes a minute."""
    kept = folder / "generator.npz"
    if not kept.is_file():
        learned = Generator.learn(real)
        np.savez(kept, **{name: getattr(learned, name) for name in Generator.__slots__})
    with np.load(kept) as arrays:
        return Generator(**{name: arrays[name] for name in Generator.__slots__})


def build(size: int, kind: IndexKind) -> dict[str, float]:
    """Build one index and save it. Returns seconds and MiB on the disk."""
    folder = cache()
    vectors = np.load(folder / f"vectors-{size}.npy")
    ids = [f"document-{row // 12:06d}#a-heading-{row:08x}~{row % 12}" for row in range(len(vectors))]
    store = FaissStore(vectors.shape[1], kind)
    start, cpu = time.perf_counter(), time.process_time()
    store.replace(ids, vectors)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    target = folder / f"{kind}-{size}.faiss"
    store.save(target, target.with_suffix(".json"))
    files = [target.with_suffix(end) for end in (".faiss", ".json", ".ids", ".npy")]
    mib = sum(path.stat().st_size for path in files if path.is_file()) / 2**20
    return {"build_s": round(seconds, 1), "build_cpu_s": round(cpu, 1), "disk_mib": round(mib, 1)}


def search(size: int, kind: IndexKind) -> dict[str, object]:
    """Open one index and ask it every query, at each width. Returns times, recall and memory."""
    folder = cache()
    queries, near = np.load(folder / f"queries-{size}.npy"), np.load(folder / f"exact-{size}.npy")
    process = psutil.Process()
    before = process.memory_info().rss
    target = folder / f"{kind}-{size}.faiss"
    start = time.perf_counter()
    store = FaissStore.load(target, target.with_suffix(".json"))
    load_ms = (time.perf_counter() - start) * 1000
    found = _ask(store, queries, near)
    memory = (process.memory_info().rss - before) / 2**20
    widths = []
    for width in _WIDTHS.get(kind.split("-")[0], ()):
        store.look_at(width)
        widths.append({"width": width, **_ask(store, queries, near)})
    return {"load_ms": round(load_ms, 1), **found, "resident_mib": round(memory, 1), "widths": widths}


def _ask(store: FaissStore, queries: NDArray[np.float32], rows: NDArray[np.int64]) -> dict[str, float]:
    times: list[float] = []
    cpu: list[float] = []
    hits = 0
    for _ in range(2):  # the first round brings the pages into memory
        times, cpu, hits = [], [], 0
        for query, exact in zip(queries, rows, strict=True):
            start, worked = time.perf_counter(), time.thread_time()
            found = store.search(query, _K)
            times.append((time.perf_counter() - start) * 1000)
            cpu.append((time.thread_time() - worked) * 1000)
            hits += len({_row(id_) for id_, _ in found[:_AT]} & set(exact.tolist()))
    return {
        "p50_ms": round(quantile(times, 0.5), 3),
        "p95_ms": round(quantile(times, 0.95), 3),
        "p50_cpu_ms": round(quantile(cpu, 0.5), 3),
        "recall_at_10": round(hits / rows.size, 4),
    }


def _row(id_: str) -> int:
    return int(id_.rpartition("-")[2].partition("~")[0], 16)


def _apart(step: str, size: int, kind: IndexKind) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.growth", "--step", step, str(size), kind.value]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, object] = json.loads(answer.stdout)
    return result


def measure_again() -> None:
    """Ask every index that is still in the cache folder once more; what was measured of its build stays."""
    path = RESULTS / "growth.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    for run in known["runs"]:
        if (cache() / f"{run['kind']}-{run['size']}.faiss").is_file():
            run.update(_apart("search", run["size"], IndexKind(run["kind"])))
            path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def measure(sizes: list[int], kinds: list[IndexKind]) -> None:
    """Measure what isn't known yet, and write it down after each build."""
    path = RESULTS / "growth.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"runs": [], "cosines": {}}
    known["machine"] = describe()
    done = {(run["size"], run["kind"]) for run in known["runs"]}
    for size in sizes:
        if all((size, kind.value) in done for kind in kinds):
            continue
        prepare(size)
        if str(size) not in known["cosines"]:
            known["cosines"][str(size)] = neighbour_cosines(np.load(cache() / f"vectors-{size}.npy"), 400)
        for kind in kinds:
            if (size, kind.value) in done:
                continue
            load_before = os.getloadavg()[0]
            run = {"size": size, "kind": kind.value, **_apart("build", size, kind), **_apart("search", size, kind)}
            run["other_load"] = round(load_before, 1)  # of the machine in the minute before: more than 0.5 disturbs
            known["runs"].append(run)
            known["runs"].sort(key=lambda each: (each["size"], list(IndexKind).index(each["kind"])))
            path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
            print(json.dumps({key: value for key, value in run.items() if key != "widths"}), flush=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", nargs=3, metavar=("STEP", "SIZE", "KIND"), help=argparse.SUPPRESS)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--kinds", type=IndexKind, nargs="*", default=list(IndexKind))
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--again", action="store_true", help="only search what was built before")
    parser.add_argument("--draw", action="store_true", help="only draw what was measured")
    arguments = parser.parse_args()
    if arguments.step:
        step, size, kind = arguments.step
        result = (build if step == "build" else search)(int(size), IndexKind(kind))
        print(json.dumps(result))
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    if arguments.fresh:
        (RESULTS / "growth.json").unlink(missing_ok=True)
    if arguments.again:
        measure_again()
    elif not arguments.draw:
        measure(arguments.sizes, arguments.kinds)
    draw(RESULTS)


if __name__ == "__main__":
    main()
