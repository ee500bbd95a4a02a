"""Many strings in one file, read where they lie: opening it costs the same for ten as for ten million."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np

from kbot.errors import IndexDamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

_MAGIC = b"kbotstr1"
_HEADER = 16  # the magic and the number of strings, 8 bytes each
# Smaller files are read whole: nothing that happens to them afterwards can reach a server. A mapped file stays
# readable after it is deleted, but not after it is cut short in place, which nothing of kbot does.
MAPPED_FROM = 32 * 2**20


def read_or_map(path: Path, *, mapped_from: int = MAPPED_FROM) -> bytes | mmap.mmap:
    """Return the bytes of a file: read where it is small, mapped into memory where it is large.

    Raises:
        OSError: the file can't be read.
    """
    if path.stat().st_size < max(1, mapped_from):
        return path.read_bytes()
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class StringTable(Sequence[str]):
    """Strings by number. The file: magic, count, `count` + 1 offsets (little endian, 8 bytes), then UTF-8."""

    def __init__(self, buffer: bytes | mmap.mmap) -> None:
        """`buffer` is what `write_strings` wrote. Raises ValueError where it isn't."""
        if len(buffer) < _HEADER + 8 or buffer[:8] != _MAGIC:
            raise ValueError("not a table of strings")
        count = int.from_bytes(buffer[8:_HEADER], "little")
        self._first = _HEADER + 8 * (count + 1)
        if self._first > len(buffer):
            raise ValueError("a table of strings that was cut short")
        self._buffer = buffer
        self._count = count
        self._ends: NDArray[np.uint64] = np.frombuffer(buffer, "<u8", count + 1, _HEADER)
        if self._first + int(self._ends[-1]) != len(buffer):
            raise ValueError("a table of strings that was cut short")

    @classmethod
    def open(cls, path: Path) -> StringTable:
        """Open a file.

        Raises:
            IndexDamagedError: it can't be read, or is no table of strings.
        """
        try:
            return cls(read_or_map(path))
        except (OSError, ValueError) as error:
            raise IndexDamagedError(f"{path} can't be read ({error}): run `kbot build`") from error

    def __len__(self) -> int:
        """How many strings there are."""
        return self._count

    @property
    def empty(self) -> int:
        """How many of the strings have no character."""
        return int((self._ends[1:] == self._ends[:-1]).sum())

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        """Return one string by its number, or several."""
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(f"there is no string {at} of {self._count}")
        start, end = int(self._ends[at]), int(self._ends[at + 1])
        return self._buffer[self._first + start : self._first + end].decode("utf-8")


def write_strings(path: Path, strings: Iterable[str]) -> None:
    """Write strings into one file, for `StringTable.open`."""
    encoded = [text.encode("utf-8") for text in strings]
    ends = np.zeros(len(encoded) + 1, "<u8")
    np.cumsum([len(data) for data in encoded], out=ends[1:])
    with path.open("wb") as file:
        file.write(_MAGIC + len(encoded).to_bytes(8, "little") + ends.tobytes())
        file.writelines(encoded)


def key_hash(key: str) -> int:
    """Return 64 bits over a string, the same on every machine and in every run."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8"), digest_size=8).digest(), "little")


def sorted_keys(keys: Iterable[str]) -> NDArray[np.uint64]:
    """Return hashes in order and the row of each, shape (2, len(keys)): what `find_row` searches."""
    hashes = np.array([key_hash(key) for key in keys], dtype="<u8")
    order = np.argsort(hashes, kind="stable")
    return np.stack([hashes[order], order.astype("<u8")])


def find_row(pairs: NDArray[np.uint64], keys: Sequence[str], key: str) -> int | None:
    """Return the row of a key, or None. Compares about log2(len(keys)) hashes."""
    wanted = np.uint64(key_hash(key))
    at = int(np.searchsorted(pairs[0], wanted))
    while at < pairs.shape[1] and pairs[0, at] == wanted:
        row = int(pairs[1, at])
        if keys[row] == key:
            return row
        at += 1
    return None
