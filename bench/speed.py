"""How long an answer takes: cold, from the command line, and warm, question by question."""

from __future__ import annotations

import resource  # noqa: TC003  its values are used, too
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.machine import describe
from kbot.evaluation import quantile, read_questions
from kbot.service import Service
from kbot.settings import Settings

_COLD_RUNS = 7
_ROUNDS = 3
_GOLDEN = Path("tests/golden/questions.jsonl")


def cold() -> tuple[list[float], list[float]]:
    """Return the seconds and the peak MiB of `kbot ask`, a new process each time."""
    seconds, memory = [], []
    command = [str(Path(sys.executable).parent / "kbot"), "ask", "How many treatments will I need?"]
    for _ in range(_COLD_RUNS):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = _wait(process.pid)
        seconds.append(time.perf_counter() - start)
        memory.append(usage.ru_maxrss / 1024)
        process.returncode = status
    return seconds, memory


def _wait(pid: int) -> tuple[int, int, resource.struct_rusage]:
    import os

    return os.wait4(pid, 0)


def warm() -> list[list[float]]:
    """Return the milliseconds of every golden question, a list a round; the first round only warms up."""
    service = Service.open(Settings())
    questions = read_questions(_GOLDEN)
    rounds = [[service.ask(question.turns).elapsed_ms for question in questions] for _ in range(_ROUNDS + 1)]
    return rounds[1:]


def main() -> None:
    """Print the figures as Markdown."""
    seconds, memory = cold()
    print(f"Measured on {describe()}\n")
    print("| what | median | least to most | runs |\n|---|---|---|---|")
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    print(f"| cold `kbot ask`, seconds | {statistics.median(seconds):.2f} | {spread} | {len(seconds)} |")
    spread = f"{min(memory):.0f} to {max(memory):.0f}"
    print(f"| its peak memory, MiB | {statistics.median(memory):.0f} | {spread} | {len(memory)} |")
    rounds = warm()
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        values = [quantile(times, share) for times in rounds]
        spread = f"{min(values):.1f} to {max(values):.1f}"
        print(f"| one question {name}, ms | {statistics.median(values):.1f} | {spread} | {len(values)} rounds |")


if __name__ == "__main__":
    main()
