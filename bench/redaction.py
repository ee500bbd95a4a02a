"""How many personal details redaction finds, how many ordinary questions it alters, and how long it takes.

    python -m bench.redaction [FILE ...]

A FILE has JSON lines: {"text": ..., "spans": [{"start", "end", "type"}]}, or {"turns": [...]} for clean questions.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

from kbot.evaluation import Rate
from kbot.journal.redact import Redactor, read_own_texts

_FILES = ("tests/golden/pii.jsonl", "tests/golden/questions.jsonl")


def main(files: tuple[str, ...] = _FILES) -> None:
    """Print a table for each file."""
    start = time.perf_counter()
    redactor = Redactor(read_own_texts(Path("corpus")))
    print(f"made ready in {time.perf_counter() - start:.2f} s")
    for file in files:
        print(f"\n{file}")
        measure(redactor, Path(file))


def measure(redactor: Redactor, file: Path) -> None:
    """Print recall by kind of detail, the share of clean texts altered, and milliseconds for one text."""
    covered: defaultdict[str, list[bool]] = defaultdict(list)
    altered: list[bool] = []
    milliseconds: list[float] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for text in row.get("turns") or [row["text"]]:
            start = time.perf_counter()
            redacted = redactor.redact(text)
            milliseconds.append((time.perf_counter() - start) * 1000)
            spans = row.get("spans", [])
            if not spans:
                altered.append(redacted != text)
                continue
            gone = {at for place in redactor.find(text) for at in range(place.start, place.end)}
            for span in spans:
                letters = {at for at in range(span["start"], span["end"]) if text[at].isalnum()}
                covered[span["type"]].append(letters <= gone)
    for kind in sorted(covered, key=lambda kind: -len(covered[kind])):
        print(_line(kind, covered[kind]))
    if altered:
        print(_line("clean texts altered", altered))
    print(f"{'one text, median and slowest':32}{statistics.median(milliseconds):.1f} ms, {max(milliseconds):.1f} ms")


def _line(name: str, hits: list[bool]) -> str:
    rate = Rate(sum(hits), len(hits))
    low, high = rate.interval()
    return f"{name:32}{rate.hits:4} of {rate.total:4}   {rate.value:.3f}   {low:.3f} to {high:.3f}"


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or _FILES)
