"""A question as people type it to a question as it is searched: written out, and with misspelt words put right."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import yaml
from rapidfuzz import process
from rapidfuzz.distance import OSA

from kbot.errors import IndexDamagedError
from kbot.text import STOPWORDS, plain, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SHORTEST = 4  # letters of a word that is looked at: three letters are one slip away from too many others
_ONE_SLIP = 8  # letters up to which a word may differ by one slip; longer ones by two
_COMMON = 20_000  # the most frequent English words that a misspelt word may stand for


@dataclass(frozen=True, slots=True)
class Written:
    """A question in the two forms in which it is searched."""

    text: str  # written out, spelling put right
    corrections: tuple[tuple[str, str], ...]  # (as typed, as read), of words that were misspelt


class Language:
    """The words we know: those of the corpus and the question bank first, then those of English."""

    def __init__(self, own: Mapping[str, int], english: Sequence[str]) -> None:
        """`own` maps a lower-case word to how often it is used; `english` lists words, the most used first."""
        self._own = dict(own)
        self._english = list(english)
        self._rank = {word: rank for rank, word in enumerate(self._english, start=1)}
        self._own_words = [word for word in self._own if len(word) >= _SHORTEST and word.isalpha()]
        self._common = [word for word in self._english[:_COMMON] if len(word) >= _SHORTEST]
        self._write_out, self._same = _lexicon()
        self._abbreviation = _pattern(tuple(self._write_out))

    def read(self, question: str) -> Written:
        """Write out abbreviations and put misspelt words right.

        A word is misspelt if neither the corpus, the bank nor English knows it, and exactly one slip (two in words of
        nine letters or more) away from a known one. Names we don't know stay as they are.
        """
        text = self._write_out_phrases(question)
        corrections: list[tuple[str, str]] = []

        def mend(match: re.Match[str]) -> str:
            token = match.group()
            better = self._correct(plain(token))
            if better is None:
                return token
            corrections.append((token, better))
            return better

        return Written(_TOKEN.sub(mend, text), tuple(corrections))

    def _write_out_phrases(self, question: str) -> str:
        def replace(match: re.Match[str]) -> str:
            return self._write_out[plain(match.group())]

        return self._abbreviation.sub(replace, question)

    def _correct(self, word: str) -> str | None:
        if len(word) < _SHORTEST or not word.isalpha() or self.knows(word):
            return None
        slips = 1 if len(word) <= _ONE_SLIP else 2
        own = process.extract(word, self._own_words, scorer=OSA.distance, score_cutoff=slips, limit=8)
        if own:
            return str(min(own, key=lambda entry: (entry[1], entry[0][0] != word[0], -self._own[entry[0]]))[0])
        common = process.extract(word, self._common, scorer=OSA.distance, score_cutoff=1, limit=8)
        if common:
            return str(min(common, key=lambda entry: (entry[0][0] != word[0], self._rank[entry[0]]))[0])
        return None

    def knows(self, word: str) -> bool:
        """Return True for a word of the corpus, the bank or English, in any inflection English lists."""
        return word in self._own or word in self._rank or word in STOPWORDS

    def rarity(self, word: str) -> float:
        """Return how rare a word is in English: 0 for the thousand most used, rising to 1 for unknown ones."""
        rank = self._rank.get(word)
        if rank is None:
            return 1.0
        return min(1.0, max(0.0, (math.log10(rank) - 3.0) / 2.0))

    def synonyms(self, stemmed: str) -> frozenset[str]:
        """Return the stems that mean the same as this one, itself included."""
        return self._same.get(stemmed, frozenset((stemmed,)))

    def save(self, path: Path) -> None:
        """Write the words into one file."""
        path.write_text(
            json.dumps({"own": self._own, "english": self._english}, ensure_ascii=False), encoding="utf-8"
        )

    @classmethod
    def load(cls, path: Path) -> Language:
        """Read what `save` wrote.

        Raises:
            IndexDamagedError: the file can't be read.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(data["own"], data["english"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(f"{path} can't be read ({error}): run `kbot build`") from error


def count_words(texts: Iterable[str]) -> dict[str, int]:
    """Return how often each lower-case word stands in the texts."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in words(text):
            counts[word] = counts.get(word, 0) + 1
    return counts


def _lexicon() -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    text = resources.files("kbot.search").joinpath("lexicon.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  the C twin of SafeLoader
    groups = [frozenset(stem(word) for word in group) for group in data["same"]]
    same: dict[str, frozenset[str]] = {}
    for group in groups:
        for word in group:
            same[word] = same.get(word, frozenset()) | group
    return {str(key): str(value) for key, value in data["write_out"].items()}, same


def _pattern(keys: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted(keys, key=len, reverse=True)
    return re.compile(r"(?<![\w'’])(?:" + "|".join(re.escape(key) for key in ordered) + r")(?![\w'’])", re.IGNORECASE)
