from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kbot.errors import IndexDamagedError
from kbot.records import Document, Kind, Passage, Span
from kbot.search import texts
from kbot.search.strings import StringTable, write_strings
from kbot.search.texts import of_document, read_texts, write_texts

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [
    Document("empty", "No passages", Kind.CLINIC_FACTS, "---", 0, "empty.md", searchable=False),
    Document("study", "A “study”", Kind.STUDY_SUMMARY, "Bring: a towel. Rest.", 0, "study.md", authors=("Ada", "Bo")),
    Document("faq", "FAQ", Kind.CLINIC_FAQ, "Yes. No.", 0, "faq.md"),
]
PASSAGES = [
    Passage("study#text-1", "study", ("Before",), 7, 15, "a towel.", (Span(0, 8),), Span(0, 6)),
    Passage("faq#text-3", "faq", ("A", "B?"), 0, 4, "Yes.", (Span(0, 4),)),
    Passage("study#text-2", "study", (), 16, 21, "Rest.", (Span(0, 5),)),
]


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which three passages are many."""
    monkeypatch.setattr(texts, "FEW", 2)
    write_texts(tmp_path, DOCUMENTS, PASSAGES)
    return tmp_path


def test_many_texts_are_read_one_by_one_as_they_were_written(many: Path) -> None:
    documents, passages = read_texts(many)
    assert dict(documents) == {document.id: document for document in DOCUMENTS}
    assert dict(passages) == {passage.id: passage for passage in PASSAGES}
    assert (len(documents), len(passages)) == (3, 3)
    assert ("faq#text-3" in passages, "faq#text" in passages, passages.get("faq#text")) == (True, False, None)


def test_the_passages_of_a_document_are_its_own_however_they_are_kept(many: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    write_texts(few, DOCUMENTS, PASSAGES[:2])
    whole, tables = read_texts(few)[1], read_texts(many)[1]
    assert [[p.id for p in of_document(tables, d.id)] for d in DOCUMENTS] == [
        [],
        ["study#text-1", "study#text-2"],
        ["faq#text-3"],
    ]
    assert [p.id for p in of_document(whole, "study")] == ["study#text-1"]
    assert of_document(tables, "nowhere") == of_document(whole, "nowhere") == []


@pytest.mark.parametrize("change", [{"text": "a Towel."}, {"start": 6}, {"document_id": "other"}])
def test_a_passage_among_many_that_is_not_its_documents_own_text_is_never_handed_out(
    many: Path, change: dict[str, object]
) -> None:
    rows = [json.loads(row) for row in StringTable.open(many / "passages.rows")]
    rows[0] |= change
    write_strings(many / "passages.rows", [json.dumps(row) for row in rows])
    _, passages = read_texts(many)
    with pytest.raises(IndexDamagedError, match=r"study#text-1 is not its document's own text: run `kbot build`"):
        passages["study#text-1"]
    assert passages["faq#text-3"] == PASSAGES[1]


@pytest.mark.parametrize(
    "name",
    ["documents.ids", "documents.rows", "documents.keys", "passages.ids", "passages.keys", "passages.first"],
)
@pytest.mark.parametrize("data", [None, b"", b"rubbish that is no table and no array"])
def test_a_damaged_table_is_refused(many: Path, name: str, data: bytes | None) -> None:
    if data is None:
        (many / name).unlink()
    else:
        (many / name).write_bytes(data)
    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        read_texts(many)


def test_tables_of_different_builds_are_refused(many: Path) -> None:
    write_strings(many / "passages.ids", ["one"])
    with pytest.raises(IndexDamagedError, match="do not belong together"):
        read_texts(many)


def test_few_texts_are_checked_when_they_are_opened(tmp_path: Path) -> None:
    write_texts(tmp_path, DOCUMENTS, [replace(PASSAGES[0], text="a Towel.")])
    with pytest.raises(IndexDamagedError, match="study#text-1 is not its document's own text"):
        read_texts(tmp_path)
