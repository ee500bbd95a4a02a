"""A text as the rules of names read it: its words, and what each of them can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.journal.lexicon import Lexicon, fold
from kbot.journal.spans import Detail, Place
from kbot.text import STOPWORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"(?<![\w@])[^\W\d_]+(?:['\-][^\W\d_]+)*(?!\w)")
_LONGEST = 5  # parts of one name, initials among them
_TITLED = 0.6  # share of capitalised words from which a text counts as a headline: there capitals mean nothing
# "St. Mary's", "Mount Sinai", "University of Saint Gallen"
_BEFORE_PLACES = frozenset(
    ["st", "saint", "mount", "mt", "fort", "ft", "port", "lake", "san", "santa", "los", "las", "new", "university"]
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, with its place and its shape."""

    start: int
    end: int  # without a possessive "'s"
    key: str  # folded
    capital: bool  # begins with one; False throughout a text that is all capitals
    shouted: bool  # more than one letter, all capitals
    initial: bool  # one capital letter
    gap: str  # what stands between this token and the one before


@dataclass(frozen=True, slots=True)
class Own:
    """The words of the clinic's own texts: what they name with capitals is nobody's secret."""

    words: frozenset[str]  # folded
    phrases: frozenset[str]  # runs of capitalised words, folded
    letters: frozenset[str]  # of the words in lower case, each with its letters in order


def read_words(text: str) -> list[Word]:
    """Return the words of a text that hold letters only, in order."""
    words = list(_WORD.finditer(text))
    shouting = len(words) > 1 and not any(letter.islower() for letter in text)
    tokens: list[Word] = []
    before = 0
    for match in words:
        start, end = match.span()
        if match.group()[-2:].lower() == "'s" and end - start > 2:
            end -= 2
        word = text[start:end]
        capital = word[0].isupper() and not shouting
        tokens.append(
            Word(
                start,
                end,
                fold(word),
                capital,
                shouted=len(word) > 1 and word.isupper() and not shouting,
                initial=len(word) == 1 and word.isupper(),
                gap=text[before:start],
            )
        )
        before = end
    return tokens


class Reading:
    """One text with the questions that the rules ask of it."""

    def __init__(self, text: str, tokens: Sequence[Word], lexicon: Lexicon, own: Own) -> None:
        self.text = text
        self.tokens = tokens
        self.lexicon = lexicon
        self._own = own.words
        self._swapped = own.letters
        words = [token for token in tokens if len(token.key) >= 4 and token.key in lexicon.plain]
        capital = sum(token.capital for token in words)
        self.titled = len(words) >= 2 and capital >= _TITLED * len(words)

    def is_first(self, i: int) -> bool:
        """Return True for a first name that is no ordinary word and no place."""
        return any(part in self.lexicon.first for part in self._parts(i))

    def is_name(self, i: int) -> bool:
        """Return True for a first or last name that is no ordinary word and no place."""
        return any(self.lexicon.is_name(part) for part in self._parts(i))

    def is_listed(self, i: int) -> bool:
        """Return True for anything that people are called, though it may also be a word or a place."""
        return any(part in self.lexicon.listed for part in self._parts(i)) and self.tokens[i].key not in STOPWORDS

    def is_unknown(self, i: int) -> bool:
        """Return True for a word in no list: perhaps a name from far away, perhaps a misspelling."""
        token = self.tokens[i]
        if token.key in self._own or len(token.key) < 2 or (token.shouted and len(token.key) < 6):
            return False
        parts = self._parts(i)
        if len(parts) > 1:  # "Mei-Ling": not a compound of ordinary words
            return not any(part in self.lexicon.common or part in STOPWORDS for part in parts)
        return self.lexicon.is_unknown(token.key)

    def _parts(self, i: int) -> list[str]:
        key = self.tokens[i].key
        return [key] if "-" not in key else key.split("-")

    def is_where(self, i: int) -> bool:
        """Return True where the word before makes token `i` a place: "in Laguna Niguel"."""
        return i > 0 and self.tokens[i - 1].key in {"in", "at", "near", "from", "to", "around", "outside"}

    def raw(self, i: int) -> str:
        """Return token `i` as it was typed."""
        return self.text[self.tokens[i].start : self.tokens[i].end]

    def is_near(self, i: int) -> bool:
        """Return True for a name that counts in lower case by itself: common near the clinic, and nothing misspelt.

        A word of the clinic with its letters in another order is a misspelling: "brian" for "brain".
        """
        key = self.tokens[i].key
        return key in self.lexicon.near and len(key) > 3 and "".join(sorted(key)) not in self._swapped

    def adjoins(self, i: int) -> bool:
        """Return True if token `i` follows the one before it as parts of one name do."""
        gap = self.tokens[i].gap
        dotted = self.tokens[i - 1].initial or self.tokens[i - 1].key in self.lexicon.titles
        return gap in {" ", "  "} or (dotted and gap in {".", ". "})

    def is_rare(self, i: int) -> bool:
        """Return True for what is no common word, no firm and no medicine."""
        return all(self.lexicon.is_rare(part) for part in self._parts(i)) and self.tokens[i].key not in self._own

    def extend(self, i: int, *, lower: bool = False, sure: bool = False) -> int:
        """Return the last token of a name that begins with token `i`.

        `lower`: its parts may be in lower case. `sure`: the words before leave no doubt that it is a name.
        """
        lexicon, last = self.lexicon, i
        while last + 1 < len(self.tokens) and last + 1 - i < _LONGEST:
            j = last + 1
            token = self.tokens[j]
            if (
                token.key in lexicon.credentials
                and token.gap in {" ", ", "}
                and (token.shouted or len(token.key) > 2)
            ):
                return j
            after = self._after_particles(j)
            if not self.adjoins(j):
                break
            if after > j and self.tokens[after].capital and self._continues(after, lower=False):
                last = after
            elif self._is_initial(j, lower=lower) or self._continues(j, lower=lower, sure=sure):
                last = j
            else:
                break
        while not sure and last > i and self.tokens[last].key in lexicon.after_firms and not self.is_name(last):
            last -= 1
        return last

    def _is_initial(self, j: int, *, lower: bool) -> bool:
        if not lower or len(self.tokens[j].key) > 1:
            return self.tokens[j].initial
        if j + 1 >= len(self.tokens) or self.tokens[j + 1].gap.strip(".") != " ":
            return False
        return self.is_name(j + 1) or (self.is_unknown(j + 1) and len(self.tokens[j + 1].key) > 3)

    def _after_particles(self, j: int) -> int:
        """Return the first token from `j` on that is no particle such as "van der", or `j` where there is none."""
        k = j
        while k < len(self.tokens) and self.tokens[k].key in self.lexicon.particles and self.adjoins(k):
            k += 1
        return k if k < len(self.tokens) and self.adjoins(k) else j

    def _continues(self, j: int, *, lower: bool, sure: bool = False) -> bool:
        token = self.tokens[j]
        if token.capital:
            after_first = self.is_first(j - 1) or (self.tokens[j - 1].initial and token.gap == " ")
            if (after_first or sure) and not self.titled and token.key not in STOPWORDS:
                return sure or not (token.shouted or self.lexicon.is_thing(token.key))
            rare = self.is_rare(j) and not token.shouted
            return self.is_name(j) or self.is_unknown(j) or ((self.is_listed(j) or rare) and not self.titled)
        strange = self.is_unknown(j) or (self.is_rare(j) and len(token.key) > 3)
        return lower and (self.is_name(j) or (strange and token.key not in STOPWORDS))

    def is_person(self, i: int, j: int) -> bool:
        """Return False where the words around tokens i..j make them a disease, a scale, a firm or a place."""
        lexicon = self.lexicon
        if self.tokens[i].key in _BEFORE_PLACES:
            return False
        if i > 0 and self.tokens[i].gap in {" ", ". "} and self.tokens[i - 1].key in _BEFORE_PLACES:
            return False
        if j + 1 >= len(self.tokens):
            return True
        after = self.tokens[j + 1]
        if after.gap not in {" ", "'s ", "-", "' "}:
            return True
        firm = after.key in lexicon.after_firms and (after.capital or not self.tokens[i].capital)
        return not (firm or after.key in lexicon.after_eponyms)

    def place(self, i: int, j: int) -> Place:
        """Return the place of tokens i..j, with the full stop of a last initial."""
        end = self.tokens[j].end
        dotted = self.tokens[j].initial or self.tokens[j].key in self.lexicon.credentials
        if dotted and self.text[end : end + 1] == ".":
            end += 1
        return Place(self.tokens[i].start, end, Detail.NAME)
