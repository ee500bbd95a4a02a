"""Documents and passages of a build: read whole while they are few, one by one as they are asked for above.

few    documents.json, passages.json
many   documents.{ids,rows,keys}, passages.{ids,rows,keys} and passages.first: tables that are mapped into memory

Either way nothing is handed out that is not its document's own text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from kbot.errors import IndexDamagedError
from kbot.records import Document, Kind, Passage, Span
from kbot.search.strings import StringTable, find_row, sorted_keys, write_strings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Passages up to which all are read and checked when the index is opened: it takes less than 50 ms.
FEW = 5_000
_KEPT = 2_048  # rows that stay in memory once they were read
_T = TypeVar("_T")


class LazyMap(Mapping[str, _T], Generic[_T]):
    """Values by id, in the order in which they were written, each read when it is asked for."""

    def __init__(
        self, ids: StringTable, rows: StringTable, keys: NDArray[np.uint64], read: Callable[[str], _T]
    ) -> None:
        """`keys` are `sorted_keys` of the ids; `read` makes a value of what `rows` has."""
        self._ids, self._rows, self._keys = ids, rows, keys
        self._value = lru_cache(maxsize=_KEPT)(lambda row: read(rows[row]))

    def __getitem__(self, key: str) -> _T:
        """Return the value of an id. Raises KeyError where there is none."""
        row = find_row(self._keys, self._ids, key)
        if row is None:
            raise KeyError(key)
        return self._value(row)

    def __contains__(self, key: object) -> bool:
        """Return True where there is such an id; its value isn't read."""
        return isinstance(key, str) and find_row(self._keys, self._ids, key) is not None

    def __iter__(self) -> Iterator[str]:
        """Go through the ids."""
        return iter(self._ids)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ids)

    def between(self, first: int, end: int) -> list[_T]:
        """Return the values of some rows."""
        return [self._value(row) for row in range(first, end)]

    def row(self, key: str) -> int | None:
        """Return the row of an id, or None."""
        return find_row(self._keys, self._ids, key)

    @classmethod
    def open(cls, folder: Path, name: str, read: Callable[[str], _T]) -> LazyMap[_T]:
        """Open what `write_map` wrote.

        Raises:
            IndexDamagedError: a file can't be read.
        """
        ids, rows = StringTable.open(folder / f"{name}.ids"), StringTable.open(folder / f"{name}.rows")
        keys = _array(folder / f"{name}.keys")
        if len(ids) != len(rows) or keys.shape != (2, len(ids)):
            raise IndexDamagedError(f"{folder / name}.* do not belong together: run `kbot build`")
        return cls(ids, rows, keys, read)


class Passages(LazyMap[Passage]):
    """Passages by id, in reading order; those of one document stand side by side."""

    first: NDArray[np.int64]  # a document each: the row of its first passage; and at the end the number of passages
    documents: LazyMap[Document]

    def of(self, document_id: str) -> list[Passage]:
        """Return the passages of one document, in reading order."""
        at = self.documents.row(document_id)
        return [] if at is None else self.between(int(self.first[at]), int(self.first[at + 1]))


def of_document(passages: Mapping[str, Passage], document_id: str) -> list[Passage]:
    """Return the passages of one document, in reading order, without a look at all the others where they are many."""
    if isinstance(passages, Passages):
        return passages.of(document_id)
    return [passage for passage in passages.values() if passage.document_id == document_id]


def write_texts(folder: Path, documents: Sequence[Document], passages: Sequence[Passage]) -> None:
    """Write documents and passages: the snapshot that every shown passage is checked against."""
    if len(passages) <= FEW:
        for name, records in (("documents", documents), ("passages", passages)):
            text = json.dumps([asdict(record) for record in records], ensure_ascii=False, indent=0)
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        return
    # Passages in the order of their documents, so that a document's own can be found by their first row.
    order = {document.id: number for number, document in enumerate(documents)}
    arranged = sorted(passages, key=lambda passage: order[passage.document_id])
    for name, records in (("documents", documents), ("passages", arranged)):
        ids = [record.id for record in records]
        write_strings(folder / f"{name}.ids", ids)
        write_strings(folder / f"{name}.rows", (json.dumps(asdict(r), ensure_ascii=False) for r in records))
        _write_array(folder / f"{name}.keys", sorted_keys(ids))
    owners = np.array([order[passage.document_id] for passage in arranged])
    _write_array(folder / "passages.first", np.searchsorted(owners, np.arange(len(documents) + 1)))


def read_texts(folder: Path) -> tuple[Mapping[str, Document], Mapping[str, Passage]]:
    """Read what `write_texts` wrote.

    Raises:
        IndexDamagedError: a file can't be read, or a passage is not its document's own text. Where passages are
            many, the latter is found when the passage is asked for.
    """
    if not (folder / "passages.rows").is_file():
        return _read_whole(folder)
    documents = LazyMap[Document].open(folder, "documents", lambda text: _document(json.loads(text)))

    def checked(text: str) -> Passage:
        passage = _passage(json.loads(text))
        _check(passage, documents.get(passage.document_id), folder)
        return passage

    passages = Passages.open(folder, "passages", checked)
    assert isinstance(passages, Passages)  # noqa: S101  `open` returns its own class
    passages.first, passages.documents = _array(folder / "passages.first"), documents
    if passages.first.shape != (len(documents) + 1,):
        raise IndexDamagedError(f"{folder / 'passages.first'} is of other documents: run `kbot build`")
    return documents, passages


def _read_whole(folder: Path) -> tuple[dict[str, Document], dict[str, Passage]]:
    try:
        documents = {row["id"]: _document(row) for row in _read(folder / "documents.json")}
        passages = {row["id"]: _passage(row) for row in _read(folder / "passages.json")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
    for passage in passages.values():
        _check(passage, documents.get(passage.document_id), folder)
    return documents, passages


def _check(passage: Passage, document: Document | None, folder: Path) -> None:
    if document is None or document.text[passage.start : passage.end] != passage.text:
        raise IndexDamagedError(f"{folder}: {passage.id} is not its document's own text: run `kbot build`")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _document(row: dict[str, Any]) -> Document:
    return Document(**{**row, "kind": Kind(row["kind"]), "authors": tuple(row["authors"])})


def _passage(row: dict[str, Any]) -> Passage:
    lead_in = Span(*row["lead_in"]) if row["lead_in"] else None
    sentences = tuple(Span(*pair) for pair in row["sentences"])
    return Passage(**{**row, "heading": tuple(row["heading"]), "sentences": sentences, "lead_in": lead_in})


def _array(path: Path) -> NDArray[Any]:
    """Map an array into memory, as a plain view: np.memmap does work of its own at every slice."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    except (OSError, ValueError, EOFError) as error:
        raise IndexDamagedError(f"{path} can't be read ({error}): run `kbot build`") from error
    return array


def _write_array(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
