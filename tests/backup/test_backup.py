from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from kbot.backup.archive import CONTENTS
from kbot.backup.backup import back_up, restore
from kbot.cli import main
from kbot.errors import BackupError, IndexDamagedError, JournalError
from kbot.journal.entries import JournalEntry
from kbot.journal.store import Journal
from kbot.records import Found, Outcome
from kbot.search.manifest import (
    Manifest,
    keep_manifest,
    kept_builds,
    read_manifest,
    verify_files,
    write_manifest,
)
from kbot.search.models import file_sha256
from kbot.service import Service
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import SmallClinic

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
EVER = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)


def add(settings: Settings, question: str) -> None:
    journal = Journal.open(settings.journal)
    journal.add(JournalEntry(0, NOON, "chat", question, Outcome.ANSWER, None, (), (), 0.5, "b", 1.0))
    journal.close()


def asked(settings: Settings) -> list[str]:
    journal = Journal.open(settings.journal)
    entries = [entry.question for entry in journal.entries(*EVER)]
    journal.close()
    return entries


def small_build(index: Path, name: str, before: str) -> None:
    """Write a build of a few bytes, and serve it."""
    folder = index / "builds" / name
    folder.mkdir(parents=True)
    (folder / "documents.json").write_text(f"the documents of {name}", encoding="utf-8")
    (folder / "passages.json").write_text(f"the passages of {name}", encoding="utf-8")
    model = index / "models" / "encoder-1" / "model.onnx"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text("a model", encoding="utf-8")
    paths = [*folder.iterdir(), model]
    files = {path.relative_to(index).as_posix(): file_sha256(path) for path in paths}
    manifest = Manifest(name, name, "c", "e", "e", "r", "r", 3, {}, files, "2026-03-01T12:00:00", before=before)
    keep_manifest(index, manifest)
    write_manifest(index, manifest)


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two builds of a few bytes and a journal with one entry. What opens a build only hashes it."""
    monkeypatch.setattr(
        "kbot.backup.backup.open_build", lambda settings, manifest: verify_files(settings.index, manifest)
    )
    settings = Settings(index=tmp_path / "index", journal=str(tmp_path / "journal.db"))
    small_build(settings.index, "first", "")
    small_build(settings.index, "second", "first")
    add(settings, "how much")
    return settings


@pytest.fixture
def saved(clinic: Settings, tmp_path: Path) -> Path:
    back_up(clinic, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


def elsewhere(clinic: Settings, folder: Path) -> Settings:
    return dataclasses.replace(clinic, index=folder / "index", journal=str(folder / "journal.db"))


def test_builds_and_journal_come_back_on_another_machine(clinic: Settings, saved: Path, tmp_path: Path) -> None:
    there = elsewhere(clinic, tmp_path / "there")

    restored = restore(there, saved)

    assert restored.builds == ("second", "first")
    assert restored.journal
    assert read_manifest(there.index) == read_manifest(clinic.index)
    assert {manifest.directory for manifest in kept_builds(there.index)} == {"first", "second"}
    for manifest in kept_builds(there.index):
        verify_files(there.index, manifest)
    assert asked(there) == ["how much"]
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_a_real_build_answers_after_it_was_restored(small_clinic: SmallClinic, tmp_path: Path) -> None:
    small_clinic.build(40)
    back_up(small_clinic.settings, tmp_path / "backup.zip")
    there = dataclasses.replace(small_clinic.settings, index=tmp_path / "there")
    restore(there, tmp_path / "backup.zip")
    answer = Service.open(there).ask(["How much is a massage?"]).answer
    assert isinstance(answer, Found)
    assert answer.passages[0].text == "A massage costs 40 dollars."
    assert not any(path.is_symlink() for path in there.index.rglob("*"))


def test_what_was_deleted_or_damaged_is_put_right_in_place(clinic: Settings, saved: Path) -> None:
    manifest = read_manifest(clinic.index)
    (manifest.folder(clinic.index) / "documents.json").write_bytes(b"rubbish")
    (clinic.index / "manifest.json").unlink()
    add(clinic, "later")
    with pytest.raises(JournalError, match="has entries that would be lost"):
        restore(clinic, saved)
    assert not (clinic.index / "manifest.json").exists()

    restore(clinic, saved, replace_journal=True)

    assert read_manifest(clinic.index) == manifest
    verify_files(clinic.index, manifest)
    assert asked(clinic) == ["how much"]
    assert list(clinic.index.glob(".*")) == []


def test_builds_are_restored_without_touching_the_journal(clinic: Settings, saved: Path) -> None:
    shutil.rmtree(clinic.index)
    add(clinic, "later")
    assert not restore(clinic, saved, journal=False).journal
    verify_files(clinic.index, read_manifest(clinic.index))
    assert asked(clinic) == ["how much", "later"]


def test_a_damaged_index_is_not_saved_and_a_file_is_not_written_over(
    clinic: Settings, saved: Path, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="is there already"):
        back_up(clinic, saved)
    (read_manifest(clinic.index).folder(clinic.index) / "documents.json").write_bytes(b"rubbish")
    with pytest.raises(IndexDamagedError, match=r"documents\.json was altered"):
        back_up(clinic, tmp_path / "other.zip")
    assert not (tmp_path / "other.zip").exists()
    assert list(tmp_path.glob(".backup-*")) == []


def rewritten(saved: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Return a copy of a backup whose files were changed."""
    with zipfile.ZipFile(saved) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    path = saved.with_name("changed.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def listed(files: dict[str, bytes], name: str, size: int = 1, sha256: str = "0") -> None:
    """Have the table of contents list a file."""
    contents = json.loads(files[CONTENTS])
    contents["files"][name] = [size, sha256]
    files[CONTENTS] = json.dumps(contents).encode()


def alter(files: dict[str, bytes]) -> None:
    name = next(name for name in files if name.endswith("documents.json"))
    files[name] = files[name].replace(b"second", b"sexond")


def leave_out(files: dict[str, bytes]) -> None:
    del files[next(name for name in files if name.endswith("passages.json"))]


def climb(files: dict[str, bytes]) -> None:
    files["index/../../escaped"] = b"x"
    listed(files, "index/../../escaped")


def absolute(files: dict[str, bytes]) -> None:
    files["/tmp/escaped"] = b"x"  # noqa: S108  what must not be written
    listed(files, "/tmp/escaped")  # noqa: S108


def stranger(files: dict[str, bytes]) -> None:
    files["index/builds/x/y"] = b"x"


def bomb(files: dict[str, bytes]) -> None:
    files["index/builds/x/bomb"] = b"\0" * 50_000_000
    listed(files, "index/builds/x/bomb", 10)


def enormous(files: dict[str, bytes]) -> None:
    files["index/builds/x/bomb"] = b"\0"
    listed(files, "index/builds/x/bomb", 10**18)


def other_format(files: dict[str, bytes]) -> None:
    files[CONTENTS] = json.dumps(json.loads(files[CONTENTS]) | {"format": 99}).encode()


def no_builds(files: dict[str, bytes]) -> None:
    files[CONTENTS] = json.dumps(json.loads(files[CONTENTS]) | {"builds": []}).encode()


def rubbish(files: dict[str, bytes]) -> None:
    files[CONTENTS] = b"[[" * 100_000


@pytest.mark.parametrize(
    "change", [alter, leave_out, climb, absolute, stranger, bomb, enormous, other_format, no_builds, rubbish]
)
def test_a_backup_that_is_damaged_or_made_to_harm_is_refused_and_nothing_is_changed(
    clinic: Settings, saved: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    there = elsewhere(clinic, tmp_path / "there")
    with pytest.raises(BackupError, match=r"changed\.zip"):
        restore(there, rewritten(saved, change))
    assert [path.name for path in (tmp_path / "there").rglob("*")] == ["index"]
    assert not (tmp_path / "escaped").exists()


def test_a_link_in_a_backup_is_refused(clinic: Settings, saved: Path, tmp_path: Path) -> None:
    def link(files: dict[str, bytes]) -> None:
        listed(files, "index/builds/x/link", 11)

    path = rewritten(saved, link)
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("index/builds/x/link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(BackupError, match="is a link"):
        restore(elsewhere(clinic, tmp_path / "there"), path)


def test_a_backup_that_is_cut_is_refused(clinic: Settings, saved: Path, tmp_path: Path) -> None:
    data = saved.read_bytes()
    there = elsewhere(clinic, tmp_path / "there")
    cut = tmp_path / "cut.zip"
    for size in range(0, len(data) - 1, 97):
        cut.write_bytes(data[:size])
        with pytest.raises(BackupError, match=r"cut\.zip"):
            restore(there, cut)


def test_a_backup_with_a_flipped_bit_is_refused_or_restores_the_very_same(
    clinic: Settings, saved: Path, tmp_path: Path
) -> None:
    data = saved.read_bytes()
    flipped = tmp_path / "flipped.zip"
    refused = 0
    for at in range(0, len(data), 13):
        flipped.write_bytes(data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :])
        there = elsewhere(clinic, tmp_path / str(at))
        try:
            restore(there, flipped, journal=False)
        except BackupError:
            refused += 1
            continue
        assert read_manifest(there.index) == read_manifest(clinic.index)
        verify_files(there.index, read_manifest(there.index))
    assert refused > len(data) / 13 / 2


def test_the_commands_say_what_they_saved(
    clinic: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--index", str(clinic.index), "--journal", clinic.journal]
    assert main(["backup", str(tmp_path / "b.zip"), *places]) == 0
    assert "holds 2 builds" in capsys.readouterr().out
    shutil.rmtree(clinic.index)
    assert main(["restore", str(tmp_path / "b.zip"), "--without-journal", *places]) == 0
    assert "Restored 2 builds" in capsys.readouterr().out
    assert main(["restore", str(tmp_path / "b.zip"), *places]) == 1
    assert "add --replace-journal" in capsys.readouterr().err
    url = "postgresql://somebody@localhost/kbot"
    assert main(["backup", str(tmp_path / "c.zip"), "--index", str(clinic.index), "--journal", url]) == 0
    assert "pg_dump" in capsys.readouterr().err
