"""Many questions in one process, none twice: whether memory grows and answers slow down.

`python -m bench.soak` asks 100,000 and writes bench/results/soak.json and soak.md; `python -m bench.soak 5000` fewer.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.load import RESULTS, distinct_questions
from bench.machine import describe
from kbot.evaluation import quantile
from kbot.service import Service
from kbot.settings import Settings

COUNT = 100_000
_STEPS = 20  # readings of memory and time: every 5,000 of 100,000 questions
_TAILS = (
    "please",
    "thanks",
    "for my mother",
    "this year",
    "if possible",
    "in general",
    "as a rule",
    "at your clinic",
)


def questions(count: int) -> list[str]:
    """Return as many different questions: the golden ones with a tail, a number, or letters that are mistyped."""
    draw = random.Random(11)  # noqa: S311
    known = distinct_questions()
    made: dict[str, None] = {}
    while len(made) < count:
        text = draw.choice(known)
        at = draw.randrange(len(text))
        match draw.randrange(3):
            case 0:
                text = f"{text} {draw.choice(_TAILS)} {draw.randrange(10**6)}"
            case 1:
                text = f"{text[:at]}{draw.choice('abcdefghijklmnopqrstuvwxyz')}{text[at + 1 :]}"
            case _:
                text = f"{draw.choice(_TAILS)}, {text[:at]}{text[at + 1 :]}"
        made[text] = None
    return list(made)


def resident() -> float:
    """Return the resident MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def soak(count: int) -> dict[str, Any]:
    """Ask `count` questions as a visitor does, with cache and journal, and return what was seen."""
    asked = questions(count)
    step = max(1, count // _STEPS)
    rows = []
    with tempfile.TemporaryDirectory(prefix="kbot-soak-") as folder:
        service = Service.open(Settings(journal=str(Path(folder) / "journal.db")))
        service.warm()
        times: list[float] = []
        for number, question in enumerate(asked, start=1):
            start = time.process_time()
            service.ask([question], channel="rest")
            times.append((time.process_time() - start) * 1000)
            if number % step == 0:
                middle, late = round(quantile(times, 0.5), 2), round(quantile(times, 0.95), 2)
                rows.append({"asked": number, "mib": round(resident(), 1), "cpu_p50_ms": middle, "cpu_p95_ms": late})
                times.clear()
        service.close()
    quarter = rows[len(rows) // 4]
    return {
        "machine": describe(),
        "load_average": round(os.getloadavg()[0], 1),
        "questions": count,
        "grown_mib_after_the_first_quarter": round(float(rows[-1]["mib"]) - float(quarter["mib"]), 1),
        "rows": rows,
    }


def main(arguments: list[str]) -> None:
    """Soak and write the figures down."""
    count = int(arguments[0]) if arguments else COUNT
    figures = soak(count)
    rows = figures["rows"]
    (RESULTS / "soak.json").write_text(json.dumps(figures, indent=1) + "\n")
    table = "\n".join(f"| {r['asked']:,} | {r['mib']} | {r['cpu_p50_ms']} | {r['cpu_p95_ms']} |" for r in rows)
    text = (
        f"Measured on {figures['machine']}, load average {figures['load_average']}, journal and cache on, with "
        f"`python -m bench.soak {count}`. Milliseconds are of processor time.\n\nMemory grew by "
        f"{figures['grown_mib_after_the_first_quarter']} MiB after the first quarter.\n\n"
        f"| asked | resident MiB | p50 ms | p95 ms |\n|---|---|---|---|\n{table}\n"
    )
    (RESULTS / "soak.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
