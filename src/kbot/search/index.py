"""The opened index: everything one build made, checked and ready to search."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbot.clinic import Clinic
from kbot.errors import IndexDamagedError, IndexMismatchError
from kbot.search import milvus
from kbot.search.danger import DangerModel
from kbot.search.encoder import Encoder, OnnxEncoder
from kbot.search.keywords import KeywordIndex
from kbot.search.language import Language
from kbot.search.manifest import Manifest, read_manifest, verify_files
from kbot.search.models import find_model
from kbot.search.reranker import OnnxReranker, Reranker
from kbot.search.texts import read_texts, write_texts
from kbot.search.topics import TopicIndex
from kbot.search.vectors import FaissStore, VectorStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kbot.records import Document, Passage
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
    documents: Mapping[str, Document]
    passages: Mapping[str, Passage]  # of searchable documents, in reading order
    vectors: VectorStore
    keywords: KeywordIndex
    topics: TopicIndex
    language: Language
    encoder: Encoder
    reranker: Reranker
    danger: DangerModel | None = None  # None: triage has its patterns only
    counts: Mapping[str, int] | None = None  # stem -> passages it stands in; None: counted when they are needed


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
    """Write the clinic's facts, documents and passages, and in how many passages each stem stands."""
    _write(folder / "clinic.json", clinic.as_dict())
    write_texts(folder, documents, passages)
    from kbot.search.retriever import passage_terms

    texts = {document.id: document for document in documents}
    known = [p for p in passages if p.document_id in texts]  # reading them back refuses any other
    counts = Counter(stem for p in known for stem in passage_terms(p, texts[p.document_id]))
    _write(folder / "terms.json", dict(sorted(counts.items())))


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=0), encoding="utf-8")


def load_texts(folder: Path) -> tuple[Clinic, Mapping[str, Document], Mapping[str, Passage]]:
    """Read the texts that `save_texts` wrote.

    Raises:
        IndexDamagedError: a file can't be read, or a passage is not its document's own text.
    """
    try:
        clinic = Clinic(**_read(folder / "clinic.json"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(f"{folder} can't be read ({error}): run `kbot build`") from error
    return clinic, *read_texts(folder)


def _load_counts(folder: Path) -> dict[str, int] | None:
    path = folder / "terms.json"
    if not path.is_file():
        return None  # a build of kbot 0.1.0: they are counted when it is opened
    try:
        return {str(stem): int(count) for stem, count in _read(path).items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise IndexDamagedError(f"{path} can't be read ({error}): run `kbot build`") from error


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def open_index(settings: Settings) -> SearchIndex:
    """Open the index that the settings name, after checking every file of it.

    Raises:
        IndexUnusableError: it is missing, damaged, or was built with another encoder or reranker.
    """
    return open_build(settings, read_manifest(settings.index))


def open_build(settings: Settings, manifest: Manifest) -> SearchIndex:
    """Open one build of the index that the settings name, whether it is the one that is served or one that is kept.

    Raises: as `open_index`.
    """
    index = settings.index
    _check_models(settings, manifest)
    verify_files(index, manifest)
    folder = manifest.folder(index)
    clinic, documents, passages = load_texts(folder)
    encoder_folder, reranker_folder = manifest.model(index, "encoder"), manifest.model(index, "reranker")
    encoder = OnnxEncoder(
        encoder_folder / "model.onnx",
        encoder_folder / "tokenizer.json",
        dimension=manifest.dimension,
        threads=settings.threads,
    )
    return SearchIndex(
        manifest=manifest,
        clinic=clinic,
        documents=documents,
        passages=passages,
        vectors=_open_vectors(settings, manifest, folder),
        keywords=KeywordIndex.load(folder / "keywords"),
        topics=TopicIndex.load(folder),
        language=Language.load(folder / "language.json"),
        encoder=encoder,
        reranker=OnnxReranker(
            reranker_folder / "model.onnx", reranker_folder / "tokenizer.json", threads=settings.threads
        ),
        danger=_load_danger(index, manifest, encoder, threads=settings.threads),
        counts=_load_counts(folder),
    )


def _load_danger(index: Path, manifest: Manifest, encoder: OnnxEncoder, *, threads: int) -> DangerModel:
    if any(name.startswith("models/danger-") for name in manifest.files):
        return DangerModel.load(manifest.model(index, "danger"), threads=threads)
    return DangerModel.load_first(manifest.folder(index), encoder)


def _open_vectors(settings: Settings, manifest: Manifest, folder: Path) -> VectorStore:
    if not settings.store.startswith(milvus.PREFIX):
        return FaissStore.load(folder / "vectors.faiss", folder / "vectors.json")
    return milvus.open_vectors(settings.store.removeprefix(milvus.PREFIX), folder, manifest.dimension)


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
