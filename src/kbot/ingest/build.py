"""The build: corpus to index, whole and atomic. What is unchanged is neither encoded nor exported again."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.clinic import Clinic, read_clinic
from kbot.errors import CorpusError, IndexUnusableError
from kbot.ingest.build_models import BuildModels
from kbot.ingest.corpus import corpus_hash, read_corpus
from kbot.ingest.passages import TOKEN_BUDGET, split_passages
from kbot.ingest.progress import Progress, Quiet
from kbot.ingest.publish import locked, prune, publish
from kbot.ingest.questions import read_bank
from kbot.ingest.reuse import HEAD_SOURCE, encode_new, known_head, known_vectors, learnt_from, text_sha256
from kbot.ingest.store_vectors import save_vectors, store_recipe
from kbot.ingest.topic_model import RECIPE as HEAD_RECIPE
from kbot.ingest.topic_model import train_head
from kbot.ingest.vocabulary import learn_language
from kbot.records import TopicKind
from kbot.search.danger_build import danger_id
from kbot.search.index import heading_id, save_texts, vector_id
from kbot.search.keywords import KeywordIndex
from kbot.search.manifest import FORMAT, Manifest, read_manifest, verify_files
from kbot.search.models import ModelFiles, find_model
from kbot.search.retriever import readable
from kbot.search.topics import TopicIndex, phrasing_ids
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kbot.ingest.questions import Bank
    from kbot.records import Document, Passage
    from kbot.search.language import Language
    from kbot.settings import Settings

# Part of the build id: change it whenever the same corpus would make another index.
RECIPE = "passages-topics-language-background-terms-headings-weights-10"
_PARITY_TEXTS = 24
_MOST_NAMED = 20  # passages that warnings name one by one: a large corpus would fill the terminal


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
        IndexBusyError: somebody else builds or publishes into the index just now.
    """
    progress = progress or Quiet()
    progress.step("Reading the corpus")
    documents, clinic = _read(settings.corpus)
    # Until the end: what `kbot publish` switches to or keeps must not be switched from or pruned meanwhile. A publish
    # builds in an index of its own, so it does not wait for itself here.
    with locked(settings.index):
        return _build(settings, documents, clinic, progress, force=force)


def _build(
    settings: Settings, documents: Sequence[Document], clinic: Clinic, progress: Progress, *, force: bool
) -> BuildReport:
    encoder_files = find_model(settings.encoder, "encoder")
    reranker_files = find_model(settings.reranker, "reranker")
    source_hash = corpus_hash(settings.corpus)
    build_id = _build_id(source_hash, encoder_files, reranker_files, *store_recipe(settings))
    previous = _previous(settings.index)
    if previous is not None and previous.build == build_id and not force:
        reused = previous.counts["vectors"] + previous.counts["phrasings"]
        return BuildReport(previous, unchanged=True, encoded=0, reused=reused, parity=None)

    with closing(BuildModels(settings.index, encoder_files, reranker_files, progress)) as models:
        made = _make(settings, documents, models, previous, progress)
        models.finish()
        progress.step("Writing the index")
        staging = Path(tempfile.mkdtemp(dir=settings.index, prefix=".build-"))
        try:
            save_texts(staging, clinic, documents, made.passages)
            made.save(staging, documents)
            save_vectors(settings, staging, list(made.texts), made.vectors, previous)
            manifest = publish(settings.index, staging, build_id, source_hash, models, made.counts(documents))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    prune(settings.index, manifest, previous)
    progress.advance()
    texts = len(made.texts) + len(made.phrasings)
    warnings = (*made.bank.warnings, *_unquoted(made))
    return BuildReport(manifest, False, made.encoded, texts - made.encoded, made.parity, warnings)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a build computes, before any of it is written."""

    passages: list[Passage]
    bank: Bank
    language: Language
    texts: dict[str, str]  # vector id -> text, of passages and their sentences
    vectors: NDArray[np.float32]
    phrasings: dict[str, str]  # phrasing id -> text as it is searched
    question_vectors: NDArray[np.float32]
    head: NDArray[np.float32] | None
    learnt_from: str  # hash of what the head was learnt from
    encoded: int
    parity: float | None

    def counts(self, documents: Sequence[Document]) -> dict[str, int]:
        return {
            "documents": len(documents),
            "passages": len(self.passages),
            "vectors": len(self.texts),
            "topics": len(self.bank.topics),
            "phrasings": len(self.phrasings),
        }

    def save(self, folder: Path, documents: Sequence[Document]) -> None:
        questions = FaissStore(self.vectors.shape[1])
        questions.replace(list(self.phrasings), self.question_vectors)
        TopicIndex(self.bank.topics, questions, self.head).save(folder)
        (folder / HEAD_SOURCE).write_text(self.learnt_from, encoding="utf-8")
        self.language.save(folder / "language.json")
        hashes = {key: text_sha256(text) for key, text in (self.texts | self.phrasings).items()}
        (folder / "encoded.json").write_text(json.dumps(hashes, indent=0), encoding="utf-8")
        keywords = KeywordIndex()
        by_id = {document.id: document for document in documents}
        readables = [readable(p, by_id[p.document_id].text) for p in self.passages]
        keywords.replace([p.id for p in self.passages], readables)
        keywords.save(folder / "keywords")


def _make(
    settings: Settings,
    documents: Sequence[Document],
    models: BuildModels,
    previous: Manifest | None,
    progress: Progress,
) -> _Made:
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
    known = known_vectors(settings.index, previous, models.encoder_folder)
    size = models.dimension
    progress.step("Encoding passages", len(texts))
    vectors, encoded = encode_new(texts, known["vectors"], models.encode_passages, size, progress)
    models.finish_encoder()
    progress.step("Encoding the question bank", max(1, len(phrasings)))
    questions, more = encode_new(phrasings, known["questions"], models.encode_questions, size, progress)
    parity = models.check(list(texts.values())[:_PARITY_TEXTS])
    progress.step("Learning the topics")
    owners = [number for number, topic in enumerate(bank.topics) for _ in topic.phrasings]
    background = [number for number, topic in enumerate(bank.topics) if topic.kind is TopicKind.OFF_TOPIC]
    learnt = learnt_from(questions, owners, background)
    head = known_head(settings.index, previous, learnt)
    if head is None:
        head = train_head(questions, owners, len(bank.topics), background=background)
    encoded += more
    return _Made(passages, bank, language, texts, vectors, phrasings, questions, head, learnt, encoded, parity)


def _unquoted(made: _Made) -> list[str]:
    """Return warnings for passages that no topic quotes: with a question bank, nobody would be shown them."""
    if not made.bank.topics:
        return []
    quoted = {quote.passage_id for topic in made.bank.topics for quote in topic.quotes}
    unquoted = [passage for passage in made.passages if passage.id not in quoted]
    warnings = [
        f"no topic of the question bank quotes {passage.id} ({passage.text[:60]!r}): add one, or it never answers"
        for passage in unquoted[:_MOST_NAMED]
    ]
    if len(unquoted) > len(warnings):
        warnings.append(f"no topic quotes {len(unquoted):,} passages in all: `kbot coverage` lists them")
    return warnings


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


def _build_id(source_hash: str, encoder: ModelFiles, reranker: ModelFiles, *more: str) -> str:
    from kbot.search.export import RECIPE as EXPORT_RECIPE

    recipes = (EXPORT_RECIPE, RECIPE, HEAD_RECIPE, danger_id(), str(FORMAT))
    parts = (source_hash, encoder.fingerprint(), reranker.fingerprint(), *recipes, *more)
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
        if passage.heading and passage.heading[-1].endswith("?"):
            texts[heading_id(passage)] = passage.heading[-1]
        if len(passage.sentences) > 1:
            for number, span in enumerate(passage.sentences):
                texts[vector_id(passage, number)] = passage.text[span.start : span.end]
    return texts
