from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kbot.clinic import Clinic
from kbot.errors import IndexDamagedError, IndexMissingError
from kbot.records import Document, Kind, Passage, Span
from kbot.search.index import (
    heading_id,
    is_heading,
    load_texts,
    open_index,
    passage_of,
    save_texts,
    sentence_of,
    vector_id,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kbot.service import Service

CLINIC = Clinic("Harbour Clinic", "(555) 010-0100", "+15550100100")
DOCUMENT = Document(
    "study", "A “study”", Kind.STUDY_SUMMARY, "Bring: a towel.", 0, "study.md", authors=("Ada", "Bo"), year=2021
)
PASSAGE = Passage("study#text-1", "study", ("Before",), 7, 15, "a towel.", (Span(0, 8),), Span(0, 6))


def test_texts_are_read_as_they_were_saved(tmp_path: Path) -> None:
    bare = replace(PASSAGE, id="study#text-2", heading=(), lead_in=None)
    save_texts(tmp_path, CLINIC, [DOCUMENT], [PASSAGE, bare])
    assert load_texts(tmp_path) == (CLINIC, {"study": DOCUMENT}, {PASSAGE.id: PASSAGE, bare.id: bare})


@pytest.mark.parametrize(
    "passage", [replace(PASSAGE, text="a Towel."), replace(PASSAGE, start=6), replace(PASSAGE, document_id="other")]
)
def test_a_passage_that_is_not_its_documents_own_text_is_refused(tmp_path: Path, passage: Passage) -> None:
    save_texts(tmp_path, CLINIC, [DOCUMENT], [passage])
    with pytest.raises(IndexDamagedError, match=r"study#text-1 is not its document's own text: run `kbot build`"):
        load_texts(tmp_path)


@pytest.mark.parametrize("name", ["clinic.json", "documents.json", "passages.json"])
@pytest.mark.parametrize("text", [None, "", "[1]", '[{"id": "x"}]', "{"])
def test_damaged_texts_are_refused(tmp_path: Path, name: str, text: str | None) -> None:
    save_texts(tmp_path, CLINIC, [DOCUMENT], [PASSAGE])
    if text is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        load_texts(tmp_path)


def test_a_kind_that_kbot_does_not_know_is_refused(tmp_path: Path) -> None:
    save_texts(tmp_path, CLINIC, [DOCUMENT], [PASSAGE])
    rows = json.loads((tmp_path / "documents.json").read_text(encoding="utf-8"))
    rows[0]["kind"] = "rumour"
    (tmp_path / "documents.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(IndexDamagedError, match="rumour"):
        load_texts(tmp_path)


def test_the_id_of_a_vector_tells_passage_sentence_and_heading() -> None:
    whole, third, heading = vector_id(PASSAGE), vector_id(PASSAGE, 2), heading_id(PASSAGE)
    assert [passage_of(id_) for id_ in (whole, third, heading)] == [PASSAGE.id] * 3
    assert [sentence_of(id_) for id_ in (whole, third, heading)] == [None, 2, None]
    assert [is_heading(id_) for id_ in (whole, third, heading)] == [False, False, True]


def test_an_index_that_is_not_there_is_missing(service: Service, tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="run `kbot build`"):
        open_index(replace(service.settings, index=tmp_path / "nowhere"))


def test_every_passage_of_the_repository_is_its_documents_own_text(service: Service) -> None:
    for passage in service.passages.values():
        document = service.documents[passage.document_id]
        assert document.text[passage.start : passage.end] == passage.text
        assert document.text == (service.settings.corpus / document.path).read_bytes().decode()
        assert document.searchable
