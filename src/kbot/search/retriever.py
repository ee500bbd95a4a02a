"""A question to its best candidate passages: vectors and keywords fused, the best few read by the cross-encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.search.index import SearchIndex, passage_of, sentence_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.records import Passage, Span


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with everything that was measured about it for one question."""

    passage: Passage
    cosine: float  # [-1, 1], the passage's or its nearest sentence's, higher is closer; -1 where not compared
    keywords: float  # BM25, 0 or more, comparable within one question only
    fused: float  # reciprocal rank fusion, higher is better
    highlight: Span  # the sentence nearest to the question, within the passage's text
    logit: float | None = None  # of the cross-encoder, unbounded, higher is better; None where it wasn't read


def fuse(rankings: Sequence[Sequence[str]], *, k: int = 60) -> dict[str, float]:
    """Fuse rankings of ids by reciprocal rank: the sum of 1 / (k + rank), rank from 1.

    Only the order within a ranking counts, so cosines and BM25 need no common scale.
    Example: [["a", "b"], ["c", "b"]] -> b 2/62, then a and c 1/61.
    Source: Cormack, Clarke & Büttcher, SIGIR 2009; k is theirs.
    """
    fused: dict[str, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            fused[item] = fused.get(item, 0.0) + 1 / (k + rank)
    return dict(sorted(fused.items(), key=lambda pair: -pair[1]))


def readable(passage: Passage, document_text: str) -> str:
    """Return a passage as the cross-encoder and the encoder read it: last heading, lead-in, text."""
    parts = [passage.heading[-1]] if passage.heading else []
    if passage.lead_in is not None:
        parts.append(document_text[passage.lead_in.start : passage.lead_in.end])
    return "\n".join([*parts, passage.text])


class Retriever:
    """Finds candidates in one index."""

    def __init__(self, index: SearchIndex, *, candidates: int = 20, rerank: int = 6) -> None:
        self._index = index
        self._candidates = candidates
        self._rerank = rerank

    def search(self, question: str) -> list[Candidate]:
        """Return candidates, best first: those the cross-encoder read by its logit, then the rest as fused."""
        candidates = self._fused(question)
        read = candidates[: self._rerank]
        texts = [readable(c.passage, self._index.documents[c.passage.document_id].text) for c in read]
        logits = self._index.reranker.score(question, texts)
        judged = [
            Candidate(c.passage, c.cosine, c.keywords, c.fused, c.highlight, logit)
            for c, logit in zip(read, logits, strict=True)
        ]
        judged.sort(key=lambda c: -(c.logit or 0.0))
        return judged + candidates[self._rerank :]

    def _fused(self, question: str) -> list[Candidate]:
        vector = self._index.encoder.encode([question])[0]
        cosines: dict[str, float] = {}
        sentences: dict[str, tuple[float, int]] = {}
        # A passage may stand in the store once as a whole and once a sentence: look deeper to find enough of them.
        for found, cosine in self._index.vectors.search(vector, self._candidates * 4):
            passage_id, number = passage_of(found), sentence_of(found)
            cosines.setdefault(passage_id, cosine)
            if number is not None and passage_id not in sentences:
                sentences[passage_id] = (cosine, number)
        keywords = dict(self._index.keywords.search(question, self._candidates))
        fused = fuse([list(cosines)[: self._candidates], list(keywords)])
        found_candidates = []
        for passage_id, score in list(fused.items())[: self._candidates]:
            passage = self._index.passages[passage_id]
            number = sentences[passage_id][1] if passage_id in sentences else 0
            highlight = passage.sentences[number]
            found_candidates.append(
                Candidate(passage, cosines.get(passage_id, -1.0), keywords.get(passage_id, 0.0), score, highlight)
            )
        return found_candidates
