"""What somebody could make of a backup: archives that are sound ZIP files of sound files, each wrong in one thing."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import sqlite3
import stat
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbot.backup.archive import CONTENTS, JOURNAL

if TYPE_CHECKING:
    from collections.abc import Callable

HUGE = 50_000_000  # bytes that a bomb unpacks to


@dataclasses.dataclass
class Archive:
    """A backup taken apart."""

    files: list[tuple[zipfile.ZipInfo, bytes]]  # without the table of contents
    contents: dict[str, Any]
    packing: int = zipfile.ZIP_DEFLATED  # of the table of contents

    def add(self, name: str, data: bytes, *, packing: int = zipfile.ZIP_DEFLATED, listed: bool = True) -> None:
        """Add a file, and list it as what it is."""
        info = zipfile.ZipInfo(name)
        info.compress_type = packing
        self.files.append((info, data))
        if listed:
            self.contents["files"][name] = [len(data), hashlib.sha256(data).hexdigest()]

    def replace(self, name: str, data: bytes) -> None:
        """Put other bytes in the place of a file, and list them."""
        self.files = [(info, old) for info, old in self.files if info.filename != name]
        self.add(name, data)

    def write(self, path: Path) -> None:
        """Write it as a ZIP file."""
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that stand there twice
            archive.writestr(CONTENTS, json.dumps(self.contents), self.packing)
            for info, data in self.files:
                archive.writestr(info, data)


def twice(archive: Archive) -> None:
    archive.add("index/builds/first/documents.json", b"other documents", listed=False)


def contents_twice(archive: Archive) -> None:
    archive.add(CONTENTS, json.dumps(archive.contents).encode(), listed=False)


def no_name(archive: Archive) -> None:
    archive.add(".", b"x")


def terminal_codes(archive: Archive) -> None:
    archive.add("index/builds/first/\x1b[2J", b"x")


def file_as_folder(archive: Archive) -> None:
    archive.add("index/builds/first/documents.json/more", b"x")


def top_of_the_index(archive: Archive) -> None:
    archive.add("index/manifest.json", b"{}")


def long_name(archive: Archive) -> None:
    archive.add("index/builds/first/" + "a" * 5_000, b"x")


def deep_folders(archive: Archive) -> None:
    archive.add("index/builds/" + "a/" * 5_000 + "a", b"x")


def many_files(archive: Archive) -> None:
    for number in range(40_000):
        archive.add(f"index/builds/x/{number}", b"", packing=zipfile.ZIP_STORED)


def many_unlisted(archive: Archive) -> None:
    for number in range(40_000):
        archive.add(f"{number}", b"", packing=zipfile.ZIP_STORED, listed=False)


def packed_by_lzma(archive: Archive) -> None:
    archive.add("index/builds/x/a", b"x", packing=zipfile.ZIP_LZMA)


def packed_by_bzip2(archive: Archive) -> None:
    archive.add("index/builds/x/a", b"x", packing=zipfile.ZIP_BZIP2)


def contents_by_lzma(archive: Archive) -> None:
    archive.packing = zipfile.ZIP_LZMA


def contents_that_are_huge(archive: Archive) -> None:
    archive.contents["kbot"] = " " * HUGE


def link(archive: Archive) -> None:
    archive.add("index/builds/x/link", b"/etc/passwd")
    archive.files[-1][0].external_attr = (stat.S_IFLNK | 0o777) << 16


def sizes(*listed: object) -> Callable[[Archive], None]:
    def change(archive: Archive) -> None:
        archive.add("index/builds/x/a", b"x")
        archive.contents["files"]["index/builds/x/a"] = list(listed)

    change.__name__ = f"listed as {listed}"
    return change


def builds(names: object, told: str) -> Callable[[Archive], None]:
    def change(archive: Archive) -> None:
        archive.contents["builds"] = names

    change.__name__ = f"builds {told}"
    return change


def journal(*statements: str) -> Callable[[Archive], None]:
    def change(archive: Archive) -> None:
        whole = next(data for info, data in archive.files if info.filename == JOURNAL)
        with tempfile.NamedTemporaryFile() as file:
            file.write(whole)
            file.flush()
            with contextlib.closing(sqlite3.connect(file.name, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode=DELETE")
                for statement in statements:
                    connection.execute(statement)
            archive.replace(JOURNAL, Path(file.name).read_bytes())

    change.__name__ = f"a journal with {statements[0]}"
    return change


def no_journal_at_all(archive: Archive) -> None:
    archive.replace(JOURNAL, b"not a database" * 500)


CHANGES = [
    twice, contents_twice, no_name, terminal_codes, file_as_folder, top_of_the_index, long_name, deep_folders,
    many_files, many_unlisted, packed_by_lzma, packed_by_bzip2, contents_by_lzma, contents_that_are_huge, link,
    sizes(float("inf"), "0"), sizes(float("nan"), "0"), sizes(-1, "0"), sizes(1, None), sizes("1", "0"), sizes(1),
    sizes(1, "0", 2), sizes(),
    builds(["../../clinic"], "above"), builds(["/etc"], "of the system"), builds(["a\0b"], "with a zero"),
    builds(["\ud800"], "of half a sign"), builds([["first"]], "in a list"), builds("first", "as a text"),
    builds({"first": 1}, "as an object"), builds(["first"] * 2, "twice"), builds(["nowhere"], "that are not there"),
    builds([str(number) for number in range(100_000)], "without end"), builds([""], "without a name"),
    builds([".."], "that are the folder above"),
    journal("CREATE TRIGGER spy AFTER INSERT ON entries BEGIN DELETE FROM urgent; END"),
    journal("ALTER TABLE entries RENAME TO e", "CREATE VIEW entries AS SELECT * FROM e"),
    journal("DROP TABLE schema_version"), no_journal_at_all,
]  # fmt: skip
