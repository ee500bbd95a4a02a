"""The opened index: everything one build made, checked and ready to search."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kbot.clinic import Clinic
from kbot.errors import IndexDamagedError, IndexMismatchError
from kbot.records import Document, Kind, Passage, Span
from kbot.search.danger import DangerModel
from kbot.search.encoder import Encoder, OnnxEncoder
from kbot.search.keywords import KeywordIndex
from kbot.search.language import Language
from kbot.search.manifest import Manifest, read_manifest, verify_files
from kbot.search.models import find_model
from kbot.search.reranker import OnnxReranker, Reranker
from kbot.search.topics import TopicIndex
from kbot.search.vectors import FaissStore, VectorStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kbot.settings import Settings

# A vector belongs to a passage ("<passage id>"), to one of its sentences ("<passage id>~<number>"), or to the
# question that is its heading ("<passage id>~h").
SENTENCE_MARK = "~"
HEADING = "h"


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """One build, opened."""

    manifest: Manifest
    clinic: Clinic
    documents: dict[str, Document]
    passages: dict[str, Passage]  # of searchable documents, in reading order
    vectors: VectorStore
    keywords: KeywordIndex
    topics: TopicIndex
    language: Language
    encoder: Encoder
    reranker: Reranker
    danger: DangerModel | None = None  # None: triage has its patterns only


def vector_id(passage: Passage, sentence: int | None = None) -> str:
    """Return the id under which a passage, or its n-th sentence, stands in the vector store."""
    return passage.id if sentence is None else f"{passage.id}{SENTENCE_MARK}{sentence}"


def passage_of(vector: str) -> str:
    """Return the id of the passage that a vector id belongs to."""
    return vector.split(SENTENCE_MARK, 1)[0]


def sentence_of(vector: str) -> int | None:
    """Return the number of the sentence that a vector id names, or None for a whole passage."""
    _, _, number = vector.partition(SENTENCE_MARK)
    return int(number) if number.isdigit() else None


def heading_id(passage: Passage) -> str:
    """Return the id under which the question above a passage stands in the vector store."""
    return f"{passage.id}{SENTENCE_MARK}{HEADING}"


def is_heading(vector: str) -> bool:
    """Return True for a vector id that names the question above a passage."""
    return vector.endswith(f"{SENTENCE_MARK}{HEADING}")


def save_texts(folder: Path, clinic: Clinic, documents: Sequence[Document], passages: Sequence[Passage]) -> None:
    """Write documents and passages: the snapshot that every shown passage is checked against."""
    _write(folder / "clinic.json", clinic.as_dict())
    _write(folder / "documents.json", [asdict(document) for document in documents])
    _write(folder / "passages.json", [asdict(passage) for passage in passages])


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=0), encoding="utf-8")


def load_texts(folder: Path) -> tuple[Clinic, dict[str, Document], dict[str, Passage]]:
    """Read what `save_texts` wrote.

    Raises:
        IndexDamagedError: a file can't be read, or a passage is not its document's own text.
    """
    try:
        clinic = Clinic(**_read(folder / "clinic.json"))
        documents = {row["id"]: _document(row) for row in _read(folder / "documents.json")}
        passages = {row["id"]: _passage(row) for row in _read(folder / "passages.json")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
    for passage in passages.values():
        document = documents.get(passage.document_id)
        if document is None or document.text[passage.start : passage.end] != passage.text:
            raise IndexDamagedError(f"{folder}: {passage.id} is not its document's own text: run `kbot build`")
    return clinic, documents, passages


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _document(row: dict[str, Any]) -> Document:
    return Document(**{**row, "kind": Kind(row["kind"]), "authors": tuple(row["authors"])})


def _passage(row: dict[str, Any]) -> Passage:
    lead_in = Span(*row["lead_in"]) if row["lead_in"] else None
    sentences = tuple(Span(*pair) for pair in row["sentences"])
    return Passage(**{**row, "heading": tuple(row["heading"]), "sentences": sentences, "lead_in": lead_in})


def open_index(settings: Settings) -> SearchIndex:
    """Open the index that the settings name, after checking every file of it.

    Raises:
        IndexUnusableError: it is missing, damaged, or was built with another encoder or reranker.
    """
    index = settings.index
    manifest = read_manifest(index)
    _check_models(settings, manifest)
    verify_files(index, manifest)
    folder = manifest.folder(index)
    clinic, documents, passages = load_texts(folder)
    encoder_folder, reranker_folder = manifest.model(index, "encoder"), manifest.model(index, "reranker")
    return SearchIndex(
        manifest=manifest,
        clinic=clinic,
        documents=documents,
        passages=passages,
        vectors=FaissStore.load(folder / "vectors.faiss", folder / "vectors.json"),
        keywords=KeywordIndex.load(folder / "keywords"),
        topics=TopicIndex.load(folder),
        language=Language.load(folder / "language.json"),
        encoder=OnnxEncoder(
            encoder_folder / "model.onnx",
            encoder_folder / "tokenizer.json",
            dimension=manifest.dimension,
            threads=settings.threads,
        ),
        reranker=OnnxReranker(
            reranker_folder / "model.onnx", reranker_folder / "tokenizer.json", threads=settings.threads
        ),
        danger=DangerModel.load(folder),
    )


def _check_models(settings: Settings, manifest: Manifest) -> None:
    built_with = {
        "encoder": (manifest.encoder, manifest.encoder_fingerprint, settings.encoder),
        "reranker": (manifest.reranker, manifest.reranker_fingerprint, settings.reranker),
    }
    for role, (name, fingerprint, asked) in built_with.items():
        if asked == name:
            continue
        files = find_model(asked, "encoder" if role == "encoder" else "reranker")
        if files.fingerprint() != fingerprint:
            raise IndexMismatchError(
                f"{settings.index} was built with the {role} {name}, but {asked} was asked for: "
                f"run `kbot build`, or set KBOT_{role.upper()} back"
            )
