from __future__ import annotations

from pathlib import Path

import pytest
from bench.__main__ import BENCHMARKS, main

BENCH = Path(__file__).parent.parent.parent / "bench"


def test_every_benchmark_that_is_a_command_is_run_by_make_bench() -> None:
    commands = {path for path in BENCH.glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")}
    packages = {path.parent.name for path in BENCH.glob("*/__main__.py")}

    assert {module for module, *_ in BENCHMARKS.values()} == {path.stem for path in commands} - {
        "__main__"
    } | packages


def test_a_name_that_is_no_benchmark_is_refused_before_any_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed", "sped"])

    assert "no benchmark is called sped" in capsys.readouterr().err
