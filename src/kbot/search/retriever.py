"""A question to its best candidate passages: vectors and keywords fused, the best few read by the cross-encoder."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.search.index import is_heading, passage_of, sentence_of
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kbot.records import Document, Passage, Span
    from kbot.search.index import SearchIndex


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with everything that was measured about it for one question."""

    passage: Passage
    cosine: float  # [-1, 1], the passage's or its nearest sentence's, higher is closer; -1 where not compared
    keywords: float  # BM25, 0 or more, comparable within one question only
    fused: float  # reciprocal rank fusion, higher is better
    highlight: Span  # the sentence nearest to the question, within the passage's text
    logit: float | None = None  # of the cross-encoder, unbounded, higher is better; None where it wasn't read
    bank: float = 0.0  # [0, 1], how much the question bank says that this passage answers, higher is surer


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


def passage_terms(passage: Passage, document: Document) -> frozenset[str]:
    """Return the stems of a passage, of its headings and of its document's title."""
    return frozenset(terms(" ".join([*passage.heading, document.title, readable(passage, document.text)])))


class Retriever:
    """Finds candidates in one index."""

    def __init__(self, index: SearchIndex, *, candidates: int = 20, rerank: int = 6) -> None:
        self._index = index
        self._candidates = candidates
        self._rerank = rerank

    def search(self, question: str, vector: NDArray[np.float32]) -> list[Candidate]:
        """Return candidates by vectors and keywords fused, best first; the cross-encoder has read none of them."""
        cosines: dict[str, float] = {}
        sentences: dict[str, int] = {}
        # A passage may stand in the store once as a whole and once a sentence: look deeper to find enough of them.
        for found, cosine in self._index.vectors.search(vector, self._candidates * 4):
            passage_id, number = passage_of(found), sentence_of(found)
            cosines.setdefault(passage_id, cosine)
            if number is not None:
                sentences.setdefault(passage_id, number)
        keywords = dict(self._index.keywords.search(question, self._candidates))
        fused = fuse([list(cosines)[: self._candidates], list(keywords)])
        candidates = []
        for passage_id, score in list(fused.items())[: self._candidates]:
            passage = self._index.passages[passage_id]
            highlight = passage.sentences[sentences.get(passage_id, 0)]
            cosine, keyword = cosines.get(passage_id, -1.0), keywords.get(passage_id, 0.0)
            candidates.append(Candidate(passage, cosine, keyword, score, highlight))
        return candidates

    def asked_above(self, vector: NDArray[np.float32], k: int = 20) -> dict[str, float]:
        """Return passage id -> cosine of the question that is its heading, of the headings among the `k` nearest."""
        found = self._index.vectors.search(vector, k)
        return {passage_of(identity): cosine for identity, cosine in found if is_heading(identity)}

    def rerank(self, question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Have the cross-encoder read the first few, and return those by its logit, then the rest as they were."""
        read = candidates[: self._rerank]
        texts = [readable(c.passage, self._index.documents[c.passage.document_id].text) for c in read]
        logits = self._index.reranker.score(question, texts)
        judged = [dataclasses.replace(c, logit=logit) for c, logit in zip(read, logits, strict=True)]
        judged.sort(key=lambda c: -(c.logit or 0.0))
        return judged + list(candidates[self._rerank :])
