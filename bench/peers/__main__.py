"""Measure kbot beside its peers and write bench/results/peers.md and peers.json."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench.peers.environments import cache_folder, versions
from bench.peers.measure import Benchmark
from bench.peers.parts import PARTS, Comparison, Plan
from bench.peers.report import Report
from bench.peers.systems import PEERS, ready
from bench.peers.texts import read_material
from kbot.search.models import find_model
from kbot.settings import read_settings

_GOLDEN = Path("tests/golden/questions.jsonl")
_RESULTS = Path(__file__).parent.parent / "results"
_WHOLE = Plan(rounds=3, questions=400, callers=(1, 8, 32), load_s=3.0, small=50, large=20_000)
_QUICK = Plan(rounds=2, questions=60, callers=(1, 8, 32), load_s=1.0, small=10, large=200)


def main(arguments: list[str] | None = None) -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS, help="the others stay as last measured")
    parser.add_argument("--only", nargs="+", default=[], choices=[p.environment for p in PEERS], help="these peers")
    parser.add_argument("--quick", action="store_true", help="a look whether everything runs, with few questions")
    given = parser.parse_args(arguments)
    # Set before anything forks: the tokenizers in this process would warn otherwise.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    index = read_settings().index
    material = read_material(index, _GOLDEN)
    systems = ready(index, tuple(given.only))
    model = str(find_model("all-MiniLM-L6-v2", "encoder").folder)
    kept = not (given.quick or given.only)
    comparison = Comparison.read(_RESULTS / "peers.json") if kept else Comparison()
    comparison.versions |= {system.name: versions(system.python) for system in systems}
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="indexes-") as work:
        benchmark = Benchmark(systems, material, _QUICK if given.quick else _WHOLE, Path(work), model)
        for name in PARTS:
            if name in given.parts:
                comparison.parts[name] = benchmark.measure(name)
                if kept:
                    # After each part: what took long is not lost where a later one fails.
                    _RESULTS.mkdir(exist_ok=True)
                    comparison.write(_RESULTS / "peers.json")
                    (_RESULTS / "peers.md").write_text(Report(comparison, systems).as_markdown(), encoding="utf-8")
    print(Report(comparison, systems).as_markdown())
    if not kept:
        print("Nothing is written: this was not the whole comparison.", file=sys.stderr)


if __name__ == "__main__":
    main()
