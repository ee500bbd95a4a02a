"""What is left when kbot is killed at any step, or can not write: the old build or the new one, and every entry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import SmallClinic

DRIVER = Path(__file__).with_name("driver.py")


def run(scenario: str, folder: Path) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, str(DRIVER), scenario, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, int] = json.loads(done.stdout.rpartition("RESULT ")[2])
    return result


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="kbot-faults-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def edited_clinic(clinic: SmallClinic, folder: Path) -> None:
    """Leave a build below `folder`, and a corpus that was edited since."""
    clinic.build(40)
    clinic.copy_to(folder / "template")
    clinic.write(41, folder / "template" / "corpus")


def test_a_publish_that_is_killed_anywhere_leaves_the_old_build_or_the_new_one(tmp_path: Path) -> None:
    found = run("publish", tmp_path)
    assert set(found) == {"points", "old", "new"}
    assert found["points"] - 1 == found["old"] + found["new"]
    assert found["points"] > 60


def test_a_rollback_that_is_killed_anywhere_leaves_the_old_build_or_the_new_one(tmp_path: Path) -> None:
    found = run("rollback", tmp_path)
    assert found["points"] - 1 == found["old"] + found.get("new", 0)
    assert found["points"] > 20


def test_a_build_that_is_killed_leaves_the_old_build_or_the_new_one(
    small_clinic: SmallClinic, tmp_path: Path
) -> None:
    edited_clinic(small_clinic, tmp_path / "kills")
    found = run("build", tmp_path / "kills")
    assert found["old"] + found.get("new", 0) > 10
    assert set(found) <= {"points", "old", "new"}


def test_no_entry_of_the_journal_that_was_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    found = run("journal", tmp_path)
    assert found["lost"] == 0
    assert found["acknowledged"] >= found["points"]


def test_a_migration_that_is_killed_at_any_statement_loses_nothing_and_is_done_the_next_time(tmp_path: Path) -> None:
    assert run("migration", tmp_path)["points"] > 10


def test_a_full_disk_fails_the_build_and_leaves_the_old_one(small_clinic: SmallClinic, tmp_path: Path) -> None:
    edited_clinic(small_clinic, tmp_path / "full")
    assert run("full", tmp_path / "full") == {"failed, old": 4, "done, new": 1}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_an_index_that_may_not_be_written_is_served_and_not_built(
    small_clinic: SmallClinic, open_folder: Path
) -> None:
    edited_clinic(small_clinic, open_folder)
    assert run("read-only", open_folder) == {"build": 1, "ask": 0}
