"""The build: corpus to index, whole and atomic. What is unchanged is neither encoded nor exported again."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from kbot.clinic import Clinic, read_clinic
from kbot.errors import CorpusError, IndexUnusableError
from kbot.ingest.corpus import corpus_hash, read_corpus
from kbot.ingest.passages import TOKEN_BUDGET, split_passages
from kbot.ingest.questions import read_bank
from kbot.ingest.topic_model import train_head
from kbot.ingest.vocabulary import learn_language
from kbot.records import Document, Passage
from kbot.search.encoder import OnnxEncoder
from kbot.search.index import save_texts, vector_id
from kbot.search.keywords import KeywordIndex
from kbot.search.manifest import FORMAT, Manifest, read_manifest, verify_files, write_manifest
from kbot.search.models import ModelFiles, file_sha256, find_model
from kbot.search.retriever import readable
from kbot.search.topics import TopicIndex, phrasing_ids
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from kbot.search.export import SentenceTransformerEncoder
    from kbot.settings import Settings

RECIPE = "passages-topics-language-background-4"  # part of the build id: change it whenever the same corpus would make another index
_KEPT_BUILDS = 2  # the one that is served and the one before, which a running app may still read
_PARITY_TEXTS = 24


class Progress(Protocol):
    """Told what the build is doing; a bar on a terminal, nothing in a pipe."""

    def step(self, name: str, total: int = 1) -> None:
        """Begin a step of `total` parts."""

    def advance(self, parts: int = 1) -> None:
        """Say that so many parts of the step are done."""


class Quiet:
    """Progress that nobody watches."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, name: str, total: int = 1) -> None:
        """See `Progress.step`."""

    def advance(self, parts: int = 1) -> None:
        """See `Progress.advance`."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did."""

    manifest: Manifest
    unchanged: bool  # True: the index already was of this corpus, and nothing was written
    encoded: int  # texts that went through the encoder
    reused: int  # texts whose vectors were taken from the build before
    parity: float | None  # least cosine between the served encoder and the original; None where not exported anew
    warnings: tuple[str, ...] = ()  # what staff should look at, though the build could be made


def build(settings: Settings, *, progress: Progress | None = None, force: bool = False) -> BuildReport:
    """Make the index of `settings.corpus` in `settings.index`.

    The old index is served until the manifest is replaced, in one step, at the very end.

    Raises:
        CorpusError: with every problem of the corpus; the old index is left as it is.
        ModelError: a model is missing or not the reviewed one.
    """
    progress = progress or Quiet()
    progress.step("Reading the corpus")
    documents, clinic = _read(settings.corpus)
    encoder_files = find_model(settings.encoder, "encoder")
    reranker_files = find_model(settings.reranker, "reranker")
    source_hash = corpus_hash(settings.corpus)
    build_id = _build_id(source_hash, encoder_files, reranker_files)
    previous = _previous(settings.index)
    if previous is not None and previous.build == build_id and not force:
        return BuildReport(
            previous,
            unchanged=True,
            encoded=0,
            reused=previous.counts["vectors"] + previous.counts["phrasings"],
            parity=None,
        )

    settings.index.mkdir(parents=True, exist_ok=True)
    models = _Models(settings.index, encoder_files, reranker_files, progress)
    passages = _split(documents, models.count_tokens, progress)
    bank = read_bank(settings.corpus, passages)
    if bank.problems:
        raise CorpusError(bank.problems)
    language = learn_language(documents, bank.topics)
    texts = _texts_to_encode(documents, passages)
    phrasings = {
        key: language.read(text).text
        for topic in bank.topics
        for key, text in zip(phrasing_ids(topic), topic.phrasings, strict=True)
    }
    known = _known_vectors(settings.index, previous, encoder_files)
    progress.step("Encoding passages", len(texts))
    vectors, encoded = _vectors(
        texts, known["vectors"], lambda chunk: models.original.encode(chunk), models.dimension, progress
    )
    progress.step("Encoding the question bank", max(1, len(phrasings)))
    question_vectors, more = _vectors(
        phrasings, known["questions"], models.encode_questions, models.dimension, progress
    )
    encoded += more
    parity = models.check(list(texts.values())[:_PARITY_TEXTS])
    progress.step("Learning the topics")
    owners = [number for number, topic in enumerate(bank.topics) for _ in topic.phrasings]
    head = train_head(question_vectors, owners, len(bank.topics))

    progress.step("Writing the index")
    staging = Path(tempfile.mkdtemp(dir=settings.index, prefix=".build-"))
    try:
        save_texts(staging, clinic, documents, passages)
        store = FaissStore(vectors.shape[1])
        store.replace(list(texts), vectors)
        store.save(staging / "vectors.faiss", staging / "vectors.json")
        questions = FaissStore(vectors.shape[1])
        questions.replace(list(phrasings), question_vectors)
        TopicIndex(bank.topics, questions, head).save(staging)
        language.save(staging / "language.json")
        _write_json(staging / "encoded.json", {key: _sha256(text) for key, text in (texts | phrasings).items()})
        keywords = KeywordIndex()
        by_id = {document.id: document for document in documents}
        keywords.replace([p.id for p in passages], [readable(p, by_id[p.document_id].text) for p in passages])
        keywords.save(staging / "keywords")
        manifest = _publish(settings.index, staging, build_id, source_hash, models, {
            "documents": len(documents), "passages": len(passages), "vectors": len(texts),
            "topics": len(bank.topics), "phrasings": len(phrasings),
        })  # fmt: skip
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _prune(settings.index, manifest, previous)
    progress.advance()
    return BuildReport(
        manifest,
        unchanged=False,
        encoded=encoded,
        reused=len(texts | phrasings) - encoded,
        parity=parity,
        warnings=tuple(bank.warnings),
    )


def _read(corpus: Path) -> tuple[list[Document], Clinic]:
    problems: list[str] = []
    documents: list[Document] = []
    clinic: Clinic | None = None
    try:
        documents = read_corpus(corpus)
    except CorpusError as error:
        problems.extend(error.problems)
        if not corpus.is_dir():
            raise
    try:
        clinic = read_clinic(corpus / "clinic.toml")
    except CorpusError as error:
        problems.extend(error.problems)
    if problems or clinic is None:
        raise CorpusError(problems)
    return documents, clinic


def _build_id(source_hash: str, encoder: ModelFiles, reranker: ModelFiles) -> str:
    from kbot.search.export import RECIPE as EXPORT_RECIPE

    parts = (source_hash, encoder.fingerprint(), reranker.fingerprint(), EXPORT_RECIPE, RECIPE, str(FORMAT))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _previous(index: Path) -> Manifest | None:
    """Return the manifest of a whole and sound build, or None: a damaged one is made anew, not reused."""
    try:
        manifest = read_manifest(index)
        verify_files(index, manifest)
    except IndexUnusableError:
        return None
    return manifest


def _split(documents: Sequence[Document], count: Callable[[str], int], progress: Progress) -> list[Passage]:
    searchable = [document for document in documents if document.searchable]
    progress.step("Splitting into passages", len(searchable))
    passages: list[Passage] = []
    for document in searchable:
        passages.extend(split_passages(document, count, budget=TOKEN_BUDGET))
        progress.advance()
    if not passages:
        raise CorpusError(["no passage was found in the corpus: add text below the front matter of a file"])
    return passages


def _texts_to_encode(documents: Sequence[Document], passages: Sequence[Passage]) -> dict[str, str]:
    """Return vector id -> text: every passage with its heading, and every sentence of a longer one."""
    texts_of = {document.id: document.text for document in documents}
    texts: dict[str, str] = {}
    for passage in passages:
        texts[vector_id(passage)] = readable(passage, texts_of[passage.document_id])
        if len(passage.sentences) > 1:
            for number, span in enumerate(passage.sentences):
                texts[vector_id(passage, number)] = passage.text[span.start : span.end]
    return texts


class _Models:
    """The encoder and the reranker of a build: exported or copied into the index once, and then found there."""

    def __init__(self, index: Path, encoder: ModelFiles, reranker: ModelFiles, progress: Progress) -> None:
        from kbot.search import export

        self.encoder, self.reranker = encoder, reranker
        recipe = hashlib.sha256((encoder.fingerprint() + export.RECIPE).encode()).hexdigest()[:16]
        self.encoder_folder = index / "models" / f"encoder-{recipe}"
        self.reranker_folder = index / "models" / f"reranker-{reranker.fingerprint()[:16]}"
        self._original: export.SentenceTransformerEncoder | None = None
        self._exported = False
        if not (self.reranker_folder / "model.onnx").is_file():
            progress.step("Copying the reranker")
            reranker.verify()
            _into_place(self.reranker_folder, lambda folder: _copy(reranker, folder))
        if not (self.encoder_folder / "model.onnx").is_file():
            progress.step("Exporting the encoder to ONNX")
            _into_place(self.encoder_folder, lambda folder: self.original.export(folder))
            self._exported = True
        self.dimension = int(
            json.loads((encoder.folder / "1_Pooling" / "config.json").read_text())["word_embedding_dimension"]
        )
        self._served = [
            OnnxEncoder(
                self.encoder_folder / "model.onnx",
                self.encoder_folder / "tokenizer.json",
                dimension=self.dimension,
                threads=1,
            )
            for _ in range(min(8, os.cpu_count() or 1))
        ]

    @property
    def original(self) -> SentenceTransformerEncoder:
        """The encoder in PyTorch, loaded when something is to be encoded: it takes seconds."""
        from kbot.search.export import SentenceTransformerEncoder

        if self._original is None:
            self._original = SentenceTransformerEncoder(self.encoder)
        return self._original

    def count_tokens(self, text: str) -> int:
        return self._served[0].count_tokens(text)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode phrasings as a visitor's question is encoded when it is asked: by the served encoder."""
        workers = len(self._served)
        with ThreadPoolExecutor(workers) as pool:
            parts = pool.map(lambda n: self._served[n].encode(texts[n::workers]), range(workers))
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for number, part in enumerate(parts):
            vectors[number::workers] = part
        return vectors

    def check(self, texts: Sequence[str]) -> float | None:
        """Compare the served encoder with the original, where it was exported just now."""
        return self.original.check_parity(self.encoder_folder, texts) if self._exported else None


def _copy(model: ModelFiles, folder: Path) -> None:
    for name in model.files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model.folder / name, target)


def _into_place(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under another name and rename it, so that a folder of this name is always complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        fill(staging)
        staging.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _vectors(
    texts: Mapping[str, str],
    known: dict[str, NDArray[np.float32]],
    encode: Callable[[Sequence[str]], NDArray[np.float32]],
    dimension: int,
    progress: Progress,
) -> tuple[NDArray[np.float32], int]:
    """Return one vector a text, in order, and how many had to be encoded. `known` maps a text's hash to its vector."""
    hashes = {key: _sha256(text) for key, text in texts.items()}
    new = [key for key in texts if hashes[key] not in known]
    progress.advance(len(texts) - len(new))
    chunk = 1024  # the encoder sorts a chunk by length, so that short texts are not padded to long ones
    for start in range(0, len(new), chunk):
        keys = new[start : start + chunk]
        for key, vector in zip(keys, encode([texts[key] for key in keys]), strict=True):
            known[hashes[key]] = vector
        progress.advance(len(keys))
    rows = [known[hashes[key]] for key in texts]
    return (np.stack(rows).astype(np.float32) if rows else np.zeros((0, dimension), np.float32)), len(new)


def _known_vectors(
    index: Path, previous: Manifest | None, encoder: ModelFiles
) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return what the build before encoded: text hash -> vector, of passages and of questions apart."""
    known: dict[str, dict[str, NDArray[np.float32]]] = {"vectors": {}, "questions": {}}
    if previous is None or previous.encoder_fingerprint != encoder.fingerprint():
        return known
    folder = previous.folder(index)
    try:
        hashes = json.loads((folder / "encoded.json").read_text(encoding="utf-8"))
        for name, store in known.items():
            ids, vectors = FaissStore.load(folder / f"{name}.faiss", folder / f"{name}.json").items()
            store.update({hashes[key]: vector for key, vector in zip(ids, vectors, strict=True) if key in hashes})
    except (IndexUnusableError, OSError, ValueError):
        # The build before is of an older make: what can't be reused is encoded again.
        return {"vectors": {}, "questions": {}}
    return known


def _publish(
    index: Path, staging: Path, build_id: str, source_hash: str, models: _Models, counts: dict[str, int]
) -> Manifest:
    folder = index / "builds" / build_id
    folder.parent.mkdir(exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    _sync(staging)
    staging.chmod(0o755)  # mkdtemp keeps it for its owner; the server may be somebody else
    staging.rename(folder)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    paths += [models.encoder_folder / "model.onnx", models.encoder_folder / "tokenizer.json"]
    paths += [models.reranker_folder / name for name in models.reranker.files]
    manifest = Manifest(
        build=build_id,
        corpus_hash=source_hash,
        encoder=models.encoder.name,
        encoder_fingerprint=models.encoder.fingerprint(),
        reranker=models.reranker.name,
        reranker_fingerprint=models.reranker.fingerprint(),
        dimension=models.dimension,
        counts=counts,
        files={path.relative_to(index).as_posix(): file_sha256(path) for path in sorted(paths)},
        made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    write_manifest(index, manifest)
    return manifest


def _sync(folder: Path) -> None:
    """Have the bytes of every file on the disk before a manifest names them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _prune(index: Path, manifest: Manifest, previous: Manifest | None) -> None:
    kept = {manifest.build} | ({previous.build} if previous else set())
    builds = sorted((index / "builds").iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    kept |= {path.name for path in builds if path.name not in kept and len(kept) < _KEPT_BUILDS}
    used = {Path(name).parts[1] for name in manifest.files if name.startswith("models/")}
    for folder in [*builds, *(index / "models").iterdir()]:
        if folder.name not in kept | used:
            shutil.rmtree(folder, ignore_errors=True)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=0), encoding="utf-8")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
