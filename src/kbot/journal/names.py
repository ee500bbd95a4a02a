"""Names of people in a text: by titles, by the words that introduce a name, and by lists of first and last names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.journal.lexicon import Lexicon, fold
from kbot.journal.spans import Detail, Place
from kbot.text import STOPWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN = re.compile(r"[^\W\d_]+(?:['\-][^\W\d_]+)*")
_LONGEST = 5  # parts of one name, initials among them
_TITLED = 0.6  # share of capitalised words from which a text counts as a headline: there capitals mean nothing
_I = re.IGNORECASE
# Words that introduce a name; it begins where the match ends.
_SURE = re.compile(
    r"\bnames?\s*(?:is|was|'s|=|:|-)+\s*(?:(?:actually|just|also)\s+)?|\bname\s+(?=[A-Z])|\bnamed\s+|\bgoes\s+by\s+"
    r"|\bknown\s+as\s+|\bcall(?:ed)?\s+me\s+|\bsigned,?\s+",
    _I,
)
_LIKELY = re.compile(
    r"\b(?:this|it)(?:\s+is|'s)\s+|\b(?:i\s+am|i'm|im|i\s+m)\s+|\b(?:dear|hi|hello|hey|attn:?|attention:?)\s+"
    r"|\b(?:thanks|thank\s+you|thx|regards|sincerely|cheers|best|yours)\s*[,.!\-]*\s+(?=\S+(?:\s+\S+)?\s*$)"
    r"|\b(?:under|to|with|by|see|saw|ask\s+for|called|for|from|add|about|of|and|like|is|heard|was)\s+|(?:^|\n)\s*[>*\-]?\s*|[:,(]\s+",
    _I,
)
_SPEAKING = re.compile(r"\s+(?:here|speaking|calling|lives|lived|resides)\b", _I)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int  # without a possessive "'s"
    key: str
    capital: bool
    shouted: bool  # more than one letter, all capitals
    initial: bool  # one capital letter
    gap: str  # what stands between this token and the one before


class NameFinder:
    """Finds names. `phrases` are runs of words, folded, that the clinic's own material uses: they stay."""

    def __init__(self, lexicon: Lexicon, own: frozenset[str], phrases: frozenset[str]) -> None:
        self._lexicon = lexicon
        self._own = own
        self._phrases = phrases

    def find(self, text: str) -> Iterator[Place]:
        """Yield the names in `text`; places may overlap."""
        tokens = _tokens(text)
        reading = _Reading(text, tokens, self._lexicon, self._own)
        for first, last in (*_by_title(reading), *_by_introduction(reading), *_by_lists(reading), *_by_lines(reading)):
            place = reading.place(first, last)
            if fold(text[place.start : place.end]).strip(".") not in self._phrases:
                yield place


def _tokens(text: str) -> list[_Token]:
    words = [match for match in _TOKEN.finditer(text) if match.group()]
    shouting = len(words) > 1 and not any(letter.islower() for letter in text)
    tokens: list[_Token] = []
    before = 0
    for match in words:
        start, end = match.span()
        if match.group()[-2:].lower() == "'s" and end - start > 2:
            end -= 2
        word = text[start:end]
        capital = word[0].isupper() and not shouting
        tokens.append(
            _Token(
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


class _Reading:
    """One text with the questions that the rules ask of it."""

    def __init__(self, text: str, tokens: Sequence[_Token], lexicon: Lexicon, own: frozenset[str]) -> None:
        self.text = text
        self.tokens = tokens
        self.lexicon = lexicon
        self._own = own
        long = [token for token in tokens if len(token.key) >= 4]
        capital = sum(token.capital for token in long)
        self.titled = len(long) >= 3 and capital >= _TITLED * len(long)

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
        return all(self.lexicon.is_unknown(part) for part in self._parts(i) if len(part) > 1)

    def _parts(self, i: int) -> list[str]:
        key = self.tokens[i].key
        return [key] if "-" not in key else key.split("-")

    def adjoins(self, i: int) -> bool:
        """Return True if token `i` follows the one before it as parts of one name do."""
        gap = self.tokens[i].gap
        dotted = self.tokens[i - 1].initial or self.tokens[i - 1].key in self.lexicon.titles
        return gap in {" ", "  "} or (dotted and gap in {".", ". "})

    def extend(self, i: int, *, lower: bool = False) -> int:
        """Return the last token of a name that begins with token `i`. `lower`: its parts may be in lower case."""
        lexicon, last = self.lexicon, i
        while last + 1 < len(self.tokens) and last + 1 - i < _LONGEST:
            j = last + 1
            token = self.tokens[j]
            if token.key in lexicon.credentials and token.gap in {" ", ", "} and (token.shouted or len(token.key) > 2):
                return j
            if not self.adjoins(j):
                break
            if token.key in lexicon.particles and j + 1 < len(self.tokens) and self._continues(j + 1, lower=False):
                last = j + 1
            elif token.initial or self._continues(j, lower=lower) or (lower and len(token.key) == 1 and token.key not in "aiu"):
                last = j
            else:
                break
        while last > i and self.tokens[last].key in lexicon.after_firms and not self.is_name(last):
            last -= 1
        return last

    def _continues(self, j: int, *, lower: bool) -> bool:
        token = self.tokens[j]
        if token.capital:
            return self.is_name(j) or self.is_unknown(j) or (self.is_listed(j) and not self.titled)
        return lower and (self.is_name(j) or self.is_unknown(j))

    def is_person(self, i: int, j: int) -> bool:
        """Return False where the words around tokens i..j make them a disease, a scale, a firm or a place."""
        lexicon = self.lexicon
        if i > 0 and self.tokens[i].gap in {" ", ". "} and self.tokens[i - 1].key in _BEFORE_PLACES:
            return False
        if j + 1 >= len(self.tokens):
            return True
        after = self.tokens[j + 1]
        if after.gap not in {" ", "'s ", "-", "' ", " & "} or (after.gap == " & " and not after.capital):
            return True
        if after.key in lexicon.after_eponyms:
            return False
        return not (after.key in lexicon.after_firms and (after.capital or self.tokens[i].capital is False))

    def place(self, i: int, j: int) -> Place:
        """Return the place of tokens i..j, with the full stop of a last initial."""
        end = self.tokens[j].end
        dotted = self.tokens[j].initial or self.tokens[j].key in self.lexicon.credentials
        if dotted and self.text[end : end + 1] == ".":
            end += 1
        return Place(self.tokens[i].start, end, Detail.NAME)


_BEFORE_PLACES = frozenset("st saint mount mt fort ft port lake san santa los las university hospital clinic new".split())  # noqa: SIM905
_FULL_TITLES = frozenset("doctor nurse officer miss sir madam professor herr frau rabbi reverend".split())  # noqa: SIM905


def _by_title(reading: _Reading) -> Iterator[tuple[int, int]]:
    """Yield "Dr. Emily P.", "mrs hernandez"."""
    lexicon, tokens = reading.lexicon, reading.tokens
    for i, token in enumerate(tokens[:-1]):
        if token.key not in lexicon.titles or not (reading.adjoins(i + 1) or tokens[i + 1].gap in {". ", "."}):
            continue
        following = tokens[i + 1]
        named = reading.is_name(i + 1)
        if following.capital and not following.shouted:
            sure = token.key not in _FULL_TITLES and reading.is_listed(i + 1) and following.key not in lexicon.after_firms
            named = named or reading.is_unknown(i + 1) or following.initial or sure
        if named and (following.initial or reading.is_person(i + 1, i + 1) or reading.extend(i + 1) > i + 1):
            yield i, reading.extend(i + 1, lower=not following.capital)


def _by_introduction(reading: _Reading) -> Iterator[tuple[int, int]]:
    """Yield what follows "my name is", "this is", "my husband", where it can be a name."""
    tokens = reading.tokens
    starts = {token.start: i for i, token in enumerate(tokens)}
    for match in _SURE.finditer(reading.text):
        i = starts.get(match.end())
        if i is not None and (
            reading.is_name(i)
            or reading.is_unknown(i)
            or (tokens[i].capital and (reading.is_listed(i) or tokens[i].initial))
        ):
            last = reading.extend(i, lower=not tokens[i].capital)
            if reading.is_person(i, last):
                yield i, last
    for i, token in enumerate(tokens[:-1]):
        if token.key in reading.lexicon.relations and tokens[i + 1].gap in {" ", ", ", ": "}:
            following = tokens[i + 1]
            near = following.key in reading.lexicon.near
            if (following.capital and (reading.is_name(i + 1) or reading.is_unknown(i + 1))) or near:
                last = reading.extend(i + 1, lower=not following.capital)
                if reading.is_person(i + 1, last):
                    yield i + 1, last
    for match in _LIKELY.finditer(reading.text):
        i = starts.get(match.end())
        if i is None or not (reading.is_name(i) and (tokens[i].capital or tokens[i].key in reading.lexicon.near)):
            continue
        last = reading.extend(i)
        if not reading.titled and reading.is_person(i, last):
            yield i, last


def _by_lists(reading: _Reading) -> Iterator[tuple[int, int]]:
    """Yield names that nothing introduces: a first name, a first and a last name, an initial and a last name."""
    tokens = reading.tokens
    for i, token in enumerate(tokens):
        last = reading.extend(i) if token.capital else i
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        joined = following is not None and reading.adjoins(i + 1)
        if token.capital and not token.shouted:
            found = _capitalised(reading, i, last)
        else:
            # "lena andersson", and alone only names that are common near the clinic.
            pair = joined and reading.is_first(i) and following is not None and not following.capital
            pair = pair and reading.is_name(i + 1) and len(token.key) > 2
            last = i + 1 if pair else i
            found = pair or (token.key in reading.lexicon.near and len(token.key) > 3)
        if found and reading.is_person(i, last):
            yield i, last
        inverted = following is not None and following.gap == ", " and token.capital and following.capital
        if inverted and reading.is_name(i) and not reading.is_first(i) and reading.is_first(i + 1):
            yield i, reading.extend(i + 1)  # "Hernandez, Maria"


def _capitalised(reading: _Reading, i: int, last: int) -> bool:
    """Return True where tokens i..last, the first with a capital, are a name by themselves."""
    tokens = reading.tokens
    if reading.is_first(i):
        known = tokens[i].key in reading.lexicon.near
        return last > i or known or (not reading.titled and len(tokens[i].key) > 3)
    if last == i:
        return False
    following = tokens[i + 1]
    if tokens[i].initial:
        return bool(reading.is_name(last) and "." in following.gap)
    if following.initial:
        dotted = reading.text[following.end : following.end + 1] == "."
        return dotted and not reading.titled and (reading.is_name(i) or reading.is_listed(i))
    if reading.titled:
        return False
    strange = reading.is_unknown(i) or reading.is_name(i)
    return (strange and (reading.is_name(last) or reading.is_unknown(last) or reading.is_listed(last))) or (
        reading.is_listed(i) and reading.is_name(last)
    )


def _by_lines(reading: _Reading) -> Iterator[tuple[int, int]]:
    """Yield names that stand on a line of their own, as at the head of an address."""
    if "\n" not in reading.text:
        return
    position = 0
    for line in reading.text.split("\n"):
        inside = [i for i, t in enumerate(reading.tokens) if position <= t.start < position + len(line)]
        position += len(line) + 1
        if 2 <= len(inside) <= 4 and not any(letter.isdigit() or letter in ":;?!/" for letter in line):
            strange = [i for i in inside if reading.is_unknown(i) or reading.is_name(i)]
            listed = [i for i in inside if reading.is_listed(i) or reading.tokens[i].initial or i in strange]
            if strange and len(listed) == len(inside):
                yield inside[0], inside[-1]
