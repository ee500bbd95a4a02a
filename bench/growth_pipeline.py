"""How the whole of kbot grows: build, open and ask with a corpus of many passages, and one changed document.

`python -m bench.growth_pipeline --passages 20000` writes bench/results/growth_pipeline.json. The corpus is made up:
documents of ten short passages of a fixed list of words, beside the repository's own corpus and question bank. With
`--encoder stand-in` (the default) passages are not encoded but given vectors by their hash, since encoding takes the
same time a text at every size; `--encoder real` encodes them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from bench.machine import describe
from kbot.evaluation import quantile, read_questions
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESULTS = Path("bench/results")
_PER_DOCUMENT = 10
_GOLDEN = Path("tests/golden/questions.jsonl")
_QUESTIONS = 120
_SYLLABLES = ("ba", "do", "fen", "gri", "ka", "lo", "mi", "nor", "pu", "ras", "se", "tal", "ver", "wo", "zi", "ul")


def make_corpus(folder: Path, passages: int) -> None:
    """Copy the repository's corpus and put made-up documents beside it; the same number makes the same ones."""
    shutil.copytree("corpus", folder)
    draw = np.random.default_rng(passages)
    parts = draw.integers(0, len(_SYLLABLES), (30_000, 3))
    words = ["".join(_SYLLABLES[at] for at in row) for row in parts]
    ranks = np.minimum(draw.zipf(1.3, passages * 24) - 1, len(words) - 1)
    said = iter(ranks.tolist())
    (folder / "made-up").mkdir()
    for number in range(-(-passages // _PER_DOCUMENT)):
        lines = ["---", f"title: Leaflet {number}", "kind: clinic article", "---", ""]
        for part in range(_PER_DOCUMENT):
            text = [words[next(said)] for _ in range(24)]
            lines += [f"## Part {part} of {words[number % len(words)]}", ""]
            lines += [f"{' '.join(text[:12]).capitalize()}. {' '.join(text[12:]).capitalize()}.", ""]
        (folder / "made-up" / f"leaflet-{number:06d}.md").write_text("\n".join(lines), encoding="utf-8")


def _stand_in(texts: Sequence[str]) -> NDArray[np.float32]:
    rows = []
    for text in texts:
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
        rows.append(np.random.default_rng(seed).standard_normal(384, np.float32))
    vectors = np.stack(rows)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def build(settings: Settings, *, stand_in: bool) -> dict[str, object]:
    """Build and say how long each step took."""
    from kbot.ingest import build as building
    from kbot.ingest.build_models import BuildModels

    if stand_in:

        class StandIn(BuildModels):
            def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
                return _stand_in(texts)

        vars(building)["BuildModels"] = StandIn
    steps = _Steps()
    start, cpu = time.perf_counter(), time.process_time()
    report = building.build(settings, progress=steps)
    steps.step("")
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "encoded": report.encoded,
        "passages": report.manifest.counts["passages"],
        "vectors": report.manifest.counts["vectors"],
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "steps": steps.seconds,
    }


class _Steps:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._name, self._since = "", time.perf_counter()

    def step(self, name: str, total: int = 1) -> None:
        del total
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = round(self.seconds.get(self._name, 0.0) + now - self._since, 1)
        self._name, self._since = name, now

    def advance(self, parts: int = 1) -> None:
        del parts


def serve(settings: Settings) -> dict[str, object]:
    """Open the index and ask some of the golden questions."""
    from kbot.service import Service

    start, cpu = time.perf_counter(), time.process_time()
    service = Service.open(settings)
    service.warm()
    opened = time.perf_counter() - start
    opened_cpu = time.process_time() - cpu
    questions = read_questions(_GOLDEN)[:_QUESTIONS]
    for question in questions[:20]:
        service.ask(question.turns)
    start = time.process_time()
    times = [service.ask(question.turns).elapsed_ms for question in questions]
    memory = psutil.Process().memory_full_info()
    searches = []
    for question in questions:
        begun = time.perf_counter()
        service.index.keywords.search(question.turns[-1], 20)
        searches.append((time.perf_counter() - begun) * 1000)
    return {
        "open_s": round(opened, 2),
        "open_cpu_s": round(opened_cpu, 2),
        "p50_ms": round(quantile(times, 0.5), 1),
        "p95_ms": round(quantile(times, 0.95), 1),
        "cpu_ms": round((time.process_time() - start) * 1000 / len(questions), 1),
        "keywords_p50_ms": round(quantile(searches, 0.5), 2),
        "resident_mib": round(memory.rss / 2**20),
        "private_mib": round(memory.uss / 2**20),
    }


def _apart(step: str, folder: Path, encoder: str) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.growth_pipeline", "--step", step, str(folder), "--encoder", encoder]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, object] = json.loads(answer.stdout.splitlines()[-1])
    return result


def measure(passages: int, encoder: str, scratch: Path) -> dict[str, object]:
    """Build, serve, change one document, and build again; each in a process of its own."""
    make_corpus(scratch / "corpus", passages)
    found: dict[str, object] = {"made_up": passages, "encoder": encoder}
    found["first"] = _apart("build", scratch, encoder)
    found["served"] = _apart("serve", scratch, encoder)
    changed = scratch / "corpus" / "made-up" / "leaflet-000000.md"
    changed.write_text(changed.read_text(encoding="utf-8").replace("Part 3 of", "Third part of"), encoding="utf-8")
    found["one_changed"] = _apart("build", scratch, encoder)
    size = sum(p.stat().st_size for p in (scratch / "index" / "builds").rglob("*") if p.is_file()) / 2**20
    found["disk_mib_of_two_builds"] = round(size)
    return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, nargs="*", default=[0, 20_000, 200_000])
    parser.add_argument("--encoder", choices=("stand-in", "real"), default="stand-in")
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        step, folder = arguments.step
        settings = Settings(corpus=Path(folder) / "corpus", index=Path(folder) / "index", journal="off")
        made = build(settings, stand_in=arguments.encoder == "stand-in") if step == "build" else serve(settings)
        print(json.dumps(made))
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / "growth_pipeline.json"
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
    for passages in arguments.passages:
        with tempfile.TemporaryDirectory() as scratch:
            run = measure(max(passages, _PER_DOCUMENT), arguments.encoder, Path(scratch))
        runs = [each for each in runs if (each["made_up"], each["encoder"]) != (run["made_up"], run["encoder"])]
        runs = sorted([*runs, run], key=lambda each: int(each["made_up"]))
        text = json.dumps({"machine": describe(), "runs": runs}, indent=1) + "\n"
        path.write_text(text, encoding="utf-8")
        print(json.dumps(run), flush=True)


if __name__ == "__main__":
    main()
