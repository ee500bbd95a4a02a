"""The words a clinic's bot knows: those of its corpus and question bank, and a frequency list of English."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kbot.errors import ModelError
from kbot.search.language import Language, count_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbot.records import Document, Topic

# symspellpy carries the list (82,765 words, the most used first); only its data is read.
_PACKAGE = "symspellpy"
_FILE = "frequency_dictionary_en_82_765.txt"
_USED_OFTEN = 3  # a word that only the bank knows counts from so many uses: a bank holds misspelt phrasings too


def learn_language(documents: Sequence[Document], topics: Sequence[Topic]) -> Language:
    """Return the words of this corpus and bank, beside those of English.

    Raises:
        ModelError: the package with the frequency list isn't installed.
    """
    english = _english()
    known = set(english)
    corpus = count_words(document.text[document.body :] for document in documents)
    bank = count_words(phrasing for topic in topics for phrasing in topic.phrasings)
    own = dict(corpus)
    for word, count in bank.items():
        if word in corpus or word in known or (count >= _USED_OFTEN and not _slip_of(word, corpus)):
            own[word] = own.get(word, 0) + count
    # What staff list as naming a missing concept is spelt as it should be.
    for word in count_words(phrase for topic in topics for phrase in (topic.missing, *topic.words)):
        own.setdefault(word, 1)
    return Language(own, english)


def _slip_of(word: str, corpus: Mapping[str, int]) -> bool:
    """Return True for a word that is one slip away from a word of the corpus, as "ketamin"."""
    return process.extractOne(word, list(corpus), scorer=OSA.distance, score_cutoff=1) is not None


def _english() -> list[str]:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"the package {_PACKAGE}, which carries the list of English words, is missing: `make setup`")
    lines = (Path(spec.origin).parent / _FILE).read_text(encoding="utf-8-sig").splitlines()
    return [line.split()[0] for line in lines if line.strip()]
