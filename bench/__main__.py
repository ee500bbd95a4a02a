"""Run every benchmark, one after the other, or those that are named: `python -m bench load growth`.

First one question at a time, then many visitors, then the other systems, and at the end long runs and growth. Each is
a process of its own, so that none finds the memory or the threads of another; its minutes are printed after it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

# The module and what it is given. `growth` measures what bench/results/growth.json doesn't hold yet.
BENCHMARKS: dict[str, tuple[str, ...]] = {
    "speed": ("speed",),
    "profile": ("profile",),
    "browser": ("browser",),
    "redaction": ("redaction",),
    "ablation": ("ablation",),
    "load": ("load",),
    "sustain": ("load", "--sustain", "600"),
    "staff": ("staff",),
    "peers": ("peers",),
    "soak": ("soak",),
    "growth_pipeline": ("growth_pipeline",),
    "growth": ("growth",),
    # Last: it calculates with what the others measured, and writes docs/scale.md and docs/growth.md.
    "scale": ("scale", "--weigh", "--write"),
}


def main(arguments: list[str]) -> int:
    """Run them; one that fails keeps no other from running. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    named = parser.parse_args(arguments).names
    if unknown := [name for name in named if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}")
    failed = []
    for name, (module, *given) in BENCHMARKS.items():
        if named and name not in named:
            continue
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", f"bench.{module}", *given], check=False)
        print(f"{name}: {(time.perf_counter() - start) / 60:.1f} min", file=sys.stderr, flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
