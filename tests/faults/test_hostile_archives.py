"""Archives that were made to harm whoever restores them: refused before they fill a disk, and nothing is changed."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import resource
import struct
import tarfile
import tracemalloc
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.faults.archives import CHANGES, HUGE, Archive

from kbot.backup.archive import CONTENTS
from kbot.backup.backup import back_up
from kbot.cli import main
from kbot.journal.store import Journal
from kbot.search.manifest import Manifest, keep_manifest, verify_files, write_manifest
from kbot.search.models import file_sha256
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_WRITTEN = 1_000_000  # bytes that any one file may grow to meanwhile
MOST_MEMORY = 30_000_000  # bytes


class Clinic(NamedTuple):
    """An index with a build of a few bytes, a journal, and a sound backup of both."""

    settings: Settings
    backup: Path

    def archive(self) -> Archive:
        with zipfile.ZipFile(self.backup) as archive:
            files = [(info, archive.read(info)) for info in archive.infolist() if info.filename != CONTENTS]
            return Archive(files, json.loads(archive.read(CONTENTS)))

    def everything(self) -> dict[str, bytes]:
        """Return each file beside the backup: what a refused archive must leave as it is."""
        folder = self.settings.index.parent
        return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    # Opening a build would load models: here it is only hashed.
    monkeypatch.setattr("kbot.backup.backup.open_build", lambda settings, build: verify_files(settings.index, build))
    settings = Settings(index=tmp_path / "clinic" / "index", journal=str(tmp_path / "clinic" / "journal.db"))
    page = settings.index / "builds" / "first" / "documents.json"
    page.parent.mkdir(parents=True)
    page.write_text("the documents", encoding="utf-8")
    files = {"builds/first/documents.json": file_sha256(page)}
    manifest = Manifest("first", "first", "c", "e", "e", "r", "r", 3, {}, files, "2026-03-01T12:00:00")
    keep_manifest(settings.index, manifest)
    write_manifest(settings.index, manifest)
    Journal.open(settings.journal).close()
    back_up(settings, tmp_path / "backup.zip")
    return Clinic(settings, tmp_path / "backup.zip")


@contextlib.contextmanager
def little_room() -> Iterator[None]:
    """No file of this process may grow beyond `MOST_WRITTEN` meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def restored(clinic: Clinic, path: Path) -> int:
    places = ["--index", str(clinic.settings.index), "--journal", clinic.settings.journal]
    return main(["restore", str(path), "--replace-journal", *places])


def test_a_sound_archive_that_was_taken_apart_and_put_together_is_restored(
    clinic: Clinic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise what follows could be refused for no reason of its own."""
    clinic.archive().write(tmp_path / "same.zip")

    assert restored(clinic, tmp_path / "same.zip") == 0
    assert "Restored 1 build (first) and the journal" in capsys.readouterr().out


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_archive_made_to_harm_is_refused_in_a_line_and_nothing_is_changed(
    clinic: Clinic, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Archive], None]
) -> None:
    archive = clinic.archive()
    change(archive)
    archive.write(tmp_path / "hostile.zip")
    refused(clinic, tmp_path / "hostile.zip", capsys)


def refused(clinic: Clinic, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """See that an archive is refused by name in one line, costs little memory, and leaves everything as it was."""
    before = clinic.everything()
    tracemalloc.start()
    with little_room():
        code = restored(clinic, path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert err.startswith("kbot: ")
    assert err.count("\n") == 1
    assert err.rstrip("\n").isprintable()
    assert "File too large" not in err  # it would have filled the disk
    assert path.name in err or "builds/nowhere" in err
    assert clinic.everything() == before
    assert list(path.parent.rglob(".backup-*")) == []
    assert most < MOST_MEMORY


# Files that are no such ZIP file.


def liar(clinic: Clinic) -> bytes:
    """Return an archive whose headers say of 50 MB that they are 10 bytes, and whose contents say so too."""
    archive = clinic.archive()
    archive.add("index/builds/x/bomb", b"\0" * HUGE)
    archive.contents["files"]["index/builds/x/bomb"] = [10, hashlib.sha256(b"\0" * 10).hexdigest()]
    path = clinic.backup.with_name("liar")
    archive.write(path)
    packed = path.read_bytes()
    assert packed.count(struct.pack("<L", HUGE)) == 2
    return packed.replace(struct.pack("<L", HUGE), struct.pack("<L", 10))


def endless_list(clinic: Clinic) -> bytes:
    """Return an archive of a million files without names, as the list at its end says."""
    size = clinic.backup.stat().st_size
    head = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, *[0] * 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    count = 1_000_000 // 2
    listed = (head + b"x") * count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(listed), size, 0)
    return clinic.backup.read_bytes() + listed + end


def endless_list_of_a_large_file(clinic: Clinic) -> bytes:
    """Return the same, the list's length where ZIP files beyond 4 GB have it."""
    data = endless_list(clinic)
    listed, start = struct.unpack("<2L", data[-10:-2])
    larger = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 500_000, 500_000, listed, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(data) - 22, 1)
    return data[:-22] + larger + locator + data[-22:-10] + struct.pack("<2LH", 0xFFFFFFFF, 0xFFFFFFFF, 0)


def comment(clinic: Clinic) -> bytes:
    data = clinic.backup.read_bytes()
    return data[:-2] + struct.pack("<H", 5) + b"PK\5\6 "


def empty(_: Clinic) -> bytes:
    return b""


def tar(clinic: Clinic) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(clinic.settings.index, "../../escaped")
    return packed.getvalue()


def gzip_bomb(_: Clinic) -> bytes:
    return gzip.compress(b"\0" * HUGE)


def bzip2_bomb(_: Clinic) -> bytes:
    return bz2.compress(b"\0" * HUGE)


def xz_bomb(_: Clinic) -> bytes:
    return lzma.compress(b"\0" * HUGE, preset=0)


@pytest.mark.parametrize(
    "make",
    [liar, endless_list, endless_list_of_a_large_file, comment, empty, tar, gzip_bomb, bzip2_bomb, xz_bomb],
    ids=lambda make: make.__name__,
)
def test_a_file_that_lies_of_its_size_or_is_another_kind_of_archive_is_refused(
    clinic: Clinic, tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Clinic], bytes]
) -> None:
    (tmp_path / "hostile.zip").write_bytes(make(clinic))
    refused(clinic, tmp_path / "hostile.zip", capsys)


def test_an_archive_that_would_leave_next_to_nothing_free_is_refused(
    clinic: Clinic, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = clinic.archive()
    needed = sum(size for size, _ in archive.contents["files"].values())
    archive.write(tmp_path / "hostile.zip")
    disk = SimpleNamespace(free=needed + 99_999_999)
    monkeypatch.setattr("kbot.backup.archive.shutil.disk_usage", lambda _: disk)
    refused(clinic, tmp_path / "hostile.zip", capsys)
    disk.free += 1
    assert restored(clinic, tmp_path / "hostile.zip") == 0
