"""What the tests of several folders share: a service with scripted answers, and the real one."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import hypothesis
import pytest
from fastapi.testclient import TestClient

from kbot.answering.replies import Replies, read_replies
from kbot.answering.show import show
from kbot.clinic import Clinic, read_clinic
from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import split_passages
from kbot.journal import recorder
from kbot.records import (
    Answer,
    Asked,
    Fallback,
    Found,
    Outcome,
    Quote,
    Reason,
    ShownPassage,
    Span,
    Topic,
    TopicKind,
)
from kbot.search.encoder import HashEncoder
from kbot.search.index import SearchIndex
from kbot.search.keywords import KeywordIndex
from kbot.search.language import Language, count_words
from kbot.search.manifest import Manifest
from kbot.search.reranker import OverlapReranker
from kbot.search.retriever import readable
from kbot.search.topics import TopicIndex, phrasing_ids
from kbot.search.vectors import FaissStore
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.app import create_app
from tests.traces import leaves_no_trace  # noqa: F401  a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kbot.ingest.build import BuildReport
    from kbot.records import Document, Passage
    from kbot.search.models import ModelFiles

REPOSITORY = Path(__file__).parent.parent
# The same examples in every run, and no clock: a gate must not depend on luck or on a busy machine.
hypothesis.settings.register_profile("gate", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.load_profile("gate")
# How the ids of passages begin; the rest is a hash of the text.
SIDE_EFFECTS = "faq#what-are-the-side-effects"
SESSIONS = "article#iv-ketamine-infusion-therapy"
BENEFIT = "article#benefits-of-ketamine-therapy"
STUDY = "wilkinson-2018#what-was-found"
ANSWERED = {
    "side effects": (SIDE_EFFECTS,),
    "how long": (SESSIONS, SIDE_EFFECTS),
    "how well": (BENEFIT, STUDY),
    "suicidal": (BENEFIT,),
}
EXAMPLES = ["What are the side effects of ketamine?", "How long does a session take?", "Hello, who are you?"]


class ScriptedService(Service):
    """A service over the real corpus that answers by a word of the question: it tests the faces, not the bot."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.asked: list[tuple[str, ...]] = []
        self._clinic = read_clinic(settings.corpus / "clinic.toml")
        self._documents = {document.id: document for document in read_corpus(settings.corpus)}
        self._passages = {
            passage.id: passage
            for document in self._documents.values()
            if document.searchable
            for passage in split_passages(document, lambda text: len(text.split()))
        }
        self._replies: Replies = read_replies(self._clinic)

    def ask(self, turns: Sequence[str], *, channel: str | None = None) -> Asked:
        del channel
        self.asked.append(tuple(turns))
        return Asked(answer=self._answer(turns[-1]), build=self.build, elapsed_ms=1.0)

    def _answer(self, question: str) -> Answer:
        lowered = question.lower()
        if "break down" in lowered:
            raise RuntimeError(f"the secret of {question}")
        passages = next((ids for words, ids in ANSWERED.items() if words in lowered), None)
        if passages is not None:
            return self._found(question, passages)
        return self._fallback(question, lowered)

    def _fallback(self, question: str, lowered: str) -> Fallback:
        replies = self._replies
        if "die" in lowered:
            in_crisis = (replies.lifeline, replies.lifeline_spanish, replies.emergency, replies.clinic)
            return Fallback(question, Outcome.CRISIS, replies.text("crisis"), in_crisis)
        if "breathe" in lowered:
            in_emergency = (replies.emergency, replies.poison, replies.lifeline)
            return Fallback(question, Outcome.EMERGENCY, replies.text("emergency"), in_emergency)
        if "hello" in lowered:
            return Fallback(question, Outcome.GREETING, replies.text("greeting"), (replies.clinic,))
        if not question.strip():
            text, examples = replies.text("empty"), tuple(self.examples(2))
            return Fallback(
                question, Outcome.CLINICIAN, text, (replies.clinic,), Reason.UNCLEAR, suggestions=examples
            )
        return Fallback(
            question,
            Outcome.CLINICIAN,
            replies.text("not_covered_missing", missing="pregnancy"),
            (replies.clinic,),
            reason=Reason.NOT_COVERED,
            related=(self._shown(SIDE_EFFECTS),),
            missing=("pregnancy",),
        )

    def _found(self, question: str, ids: tuple[str, ...]) -> Found:
        passages = tuple(self._shown(beginning) for beginning in ids)
        message = self._replies.text("answer")
        if BENEFIT not in ids:
            return Found(question, message, passages, confidence=0.9)
        message = f"{message}\n\n{self._replies.text('concern')}"
        return Found(question, message, passages, 0.9, (self._replies.lifeline,))

    def _shown(self, beginning: str) -> ShownPassage:
        passage = next(passage for passage in self._passages.values() if passage.id.startswith(beginning))
        document = self._documents[passage.document_id]
        return show(passage, document, self._clinic, highlight=Span(*passage.sentences[0]), score=0.9)

    @property
    def build(self) -> str:
        return "scripted"

    @property
    def clinic(self) -> Clinic:
        return self._clinic

    @property
    def documents(self) -> Mapping[str, Document]:
        return self._documents

    @property
    def passages(self) -> Mapping[str, Passage]:
        return self._passages

    def examples(self, count: int = 4) -> list[str]:
        return EXAMPLES[:count]


@pytest.fixture(scope="session")
def scripted() -> ScriptedService:
    """A service with scripted answers over the repository's corpus."""
    return ScriptedService(Settings(corpus=REPOSITORY / "corpus"))


@pytest.fixture(scope="session")
def client(scripted: ScriptedService) -> TestClient:
    """A client of the web app over the scripted service."""
    return TestClient(create_app(scripted), raise_server_exceptions=False)


class HandmadeIndex:
    """Makes an index of a few pages: its encoder knows words and no meanings, its reranker counts shared words."""

    def __call__(
        self,
        *pages: Document,
        topics: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None = None,
        kinds: Mapping[str, TopicKind] | None = None,
    ) -> SearchIndex:
        """`topics` maps a name to (phrasings, quotes); without quotes it is not covered, unless `kinds` says else."""
        encoder = HashEncoder(2048)
        passages = [p for page in pages for p in split_passages(page, lambda text: len(text.split()))]
        texts = {page.id: page.text for page in pages}
        readables = {p.id: readable(p, texts[p.document_id]) for p in passages}
        vectors, keywords = FaissStore(encoder.dimension), KeywordIndex()
        vectors.replace(list(readables), encoder.encode(list(readables.values())))
        keywords.replace(list(readables), list(readables.values()))
        bank = [
            Topic(
                name,
                name,
                TopicKind.ANSWERED if quotes else (kinds or {}).get(name, TopicKind.NOT_COVERED),
                tuple(asks),
                tuple(self._quote(quote, passages) for quote in quotes),
                missing="" if quotes else name,
            )
            for name, (asks, quotes) in (topics or {}).items()
        ]
        phrasings = FaissStore(encoder.dimension)
        ids = [id_ for topic in bank for id_ in phrasing_ids(topic)]
        phrasings.replace(ids, encoder.encode([text for topic in bank for text in topic.phrasings]))
        own = count_words([*texts.values(), *(text for topic in bank for text in topic.phrasings)])
        return SearchIndex(
            Manifest("handmade", "handmade", "", "hash", "", "overlap", "", encoder.dimension, {}, {}, ""),
            Clinic("Harbour Clinic", "(555) 010-0100", "+15550100100"),
            {page.id: page for page in pages},
            {p.id: p for p in passages},
            vectors,
            keywords,
            TopicIndex(bank, phrasings, None),
            Language(own, ["the", "of", "and"]),
            encoder,
            OverlapReranker(),
        )

    def _quote(self, text: str, passages: Sequence[Passage]) -> Quote:
        (passage,) = (passage for passage in passages if text in passage.text)
        start = passage.text.index(text)
        return Quote(passage.id, Span(start, start + len(text)))


@pytest.fixture(scope="session")
def handmade() -> HandmadeIndex:
    """What makes an index of a few pages by hand, without a build."""
    return HandmadeIndex()


@pytest.fixture(scope="session", autouse=True)
def recorders_end_with_the_tests() -> Iterator[None]:
    """End what a test left open before the summary, rather than when the process ends."""
    left: list[Callable[[float], None]] = []

    def forget(close: Callable[[float], None]) -> None:
        left[:] = [other for other in left if other != close]

    at_end = SimpleNamespace(register=left.append, unregister=forget)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "atexit", at_end)
        yield
    for close in left:
        close(0.0)


@pytest.fixture(scope="session")
def service() -> Service:
    """The real service over the repository's corpus. An index that is current is used as it is."""
    from kbot.ingest.build import build

    settings = Settings(corpus=REPOSITORY / "corpus", index=REPOSITORY / "index", journal="off")
    build(settings)
    return Service.open(settings)


SMALL_CLINIC = """[clinic]
name = "Harbour Clinic"

[contact]
phone = "(555) 010-0100"
phone_dial = "+15550100100"
"""
SMALL_PAGE = """---
title: Massage
kind: clinic article
---

# Massage

A massage loosens the muscles of the back. It takes half an hour.

## Prices

A massage costs {price} dollars.
"""
SMALL_BANK = """- topic: prices
  kind: answered
  ask: ["How much is a massage?", "massage price", "What does a massage cost?"]
  quotes: ["A massage costs {price} dollars."]
- topic: pregnancy
  kind: not_covered
  missing: pregnancy
  ask: ["Can I have a massage while pregnant?", "massage in pregnancy"]
"""
PRICE_QUESTION = "How much is a massage?"


class SmallClinic:
    """A clinic of one page whose builds take a moment. Each price makes another corpus, and another build."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.settings = Settings(corpus=folder / "corpus", index=folder / "index", journal="off")
        (self.settings.index / "models").mkdir(parents=True)
        for path in models.iterdir():
            if not path.name.startswith("."):
                (self.settings.index / "models" / path.name).symlink_to(path, target_is_directory=True)

    def write(self, price: int, corpus: Path | None = None) -> Path:
        """Write the corpus with a price, by default as the settings' corpus; return its folder."""
        corpus = corpus or self.settings.corpus
        (corpus / "questions").mkdir(parents=True, exist_ok=True)
        (corpus / "clinic.toml").write_text(SMALL_CLINIC, encoding="utf-8")
        (corpus / "massage.md").write_text(SMALL_PAGE.format(price=price), encoding="utf-8")
        (corpus / "questions" / "bank.yaml").write_text(SMALL_BANK.format(price=price), encoding="utf-8")
        return corpus

    def build(self, price: int) -> BuildReport:
        """Build the corpus with a price."""
        from kbot.ingest.build import build

        self.write(price)
        return build(self.settings)

    def copy_to(self, folder: Path) -> Settings:
        """Copy corpus and index, the models as links, and return the settings of the copy."""
        shutil.copytree(self.settings.corpus, folder / "corpus")
        shutil.copytree(self.settings.index, folder / "index", symlinks=True)
        return dataclasses.replace(self.settings, corpus=folder / "corpus", index=folder / "index")


class WordEncoder:
    """Takes the place of the encoder in PyTorch: knows words, and no meanings."""

    def __call__(self, _files: ModelFiles) -> WordEncoder:
        return self

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return HashEncoder(384).encode(texts)


@pytest.fixture
def small_clinic(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SmallClinic:
    """A small clinic with the exported models and without a build."""
    models = REPOSITORY / "index" / "models"
    if not models.is_dir():
        request.getfixturevalue("service")
    monkeypatch.setattr("kbot.search.export.SentenceTransformerEncoder", WordEncoder())
    background = tmp_path / "background.yaml"
    background.write_text("- topic: weather\n  kind: off_topic\n  ask: [Will it rain?]\n", encoding="utf-8")
    monkeypatch.setattr("kbot.ingest.questions._background", lambda: background)
    return SmallClinic(tmp_path, models)
