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

_TOKEN = re.compile(r"(?<![\w@])[^\W\d_]+(?:['\-][^\W\d_]+)*(?!\w)")
_LONGEST = 5  # parts of one name, initials among them
_TITLED = 0.6  # share of capitalised words from which a text counts as a headline: there capitals mean nothing
_I = re.IGNORECASE
# Words that introduce a name; it begins where the match ends.
_SURE = re.compile(
    r"\bnames?\s*(?:is|was|'s|=|:|-)+\s*(?:(?:actually|just|also)\s+)?|\bname\s+(?=[A-Z])|\bnamed\s+|\bgoes\s+by\s+"
    r"|\bme\s+llamo\s+|\bmi\s+nombre\s+es\s+|\bknown\s+as\s+|\bsigned,?\s+",
    _I,
)
_LIKELY = re.compile(
    r"\b(?:this|it)(?:\s+is|'s)\s+|\b(?:i\s+am|i'm|im|i\s+m)\s+|\b(?:dear|hi|hello|hey|attn:?|attention:?)\s+"
    r"|\b(?:thanks|thank\s+you|thx|regards|sincerely|cheers|best|yours)\s*[,.!\-]*\s+(?=\S+(?:\s+\S+)?\s*$)"
    r"|\b(?:under|to|with|by|see|saw|call(?:s|ed)?\s+me|ask\s+for|called|for|from|add|about|of|and|like|is|heard|was)\s+|(?:^|\n)\s*[>*\-]?\s*|[:,(]\s+",
    _I,
)
_DOING = re.compile(r"\s+(?:here|speaking|calling|lives|lived|resides)\b|\s*:\s*[\"']", _I)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int  # without a possessive "'s"
    key: str
    capital: bool
    shouted: bool  # more than one letter, all capitals
    initial: bool  # one capital letter
    gap: str  # what stands between this token and the one before


@dataclass(frozen=True, slots=True)
class Own:
    """The words of the clinic's own texts: what they name with capitals is nobody's secret."""

    words: frozenset[str]  # folded
    phrases: frozenset[str]  # runs of capitalised words, folded
    letters: frozenset[str]  # of the words in lower case, each with its letters in order


class NameFinder:
    """Finds names of people, but not those that the clinic's own texts use."""

    def __init__(self, lexicon: Lexicon, own: Own) -> None:
        self._lexicon = lexicon
        self._own = own
        self._phrases = own.phrases | lexicon.public

    def find(self, text: str) -> Iterator[Place]:
        """Yield the names in `text`; places may overlap."""
        tokens = _tokens(text)
        reading = _Reading(text, tokens, self._lexicon, self._own)
        for first, last in (*_by_title(reading), *_by_introduction(reading), *_by_lists(reading), *_by_lines(reading)):
            place = reading.place(first, last)
            if not self._is_public(text, place):
                yield place

    def _is_public(self, text: str, place: Place) -> bool:
        """Return True where the name is, or is within, a name that the clinic's texts or the world use."""
        near = fold(text[max(0, place.start - 24) : place.end + 24])
        name = fold(text[place.start : place.end]).strip(".")
        return any(name in phrase and phrase in near for phrase in self._phrases if name in phrase)


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

    def __init__(self, text: str, tokens: Sequence[_Token], lexicon: Lexicon, own: Own) -> None:
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

    def raw(self, i: int) -> str:
        """Return token `i` as it was typed."""
        return self.text[self.tokens[i].start : self.tokens[i].end]

    def is_swapped(self, key: str) -> bool:
        """Return True for a word of the clinic with its letters in another order: "brian" for "brain"."""
        return "".join(sorted(key)) in self._swapped

    def adjoins(self, i: int) -> bool:
        """Return True if token `i` follows the one before it as parts of one name do."""
        gap = self.tokens[i].gap
        dotted = self.tokens[i - 1].initial or self.tokens[i - 1].key in self.lexicon.titles
        return gap in {" ", "  "} or (dotted and gap in {".", ". "})

    def is_initial(self, i: int) -> bool:
        """Return True for one capital letter."""
        return self.tokens[i].initial

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
            if token.key in lexicon.credentials and token.gap in {" ", ", "} and (token.shouted or len(token.key) > 2):
                return j
            if not self.adjoins(j):
                break
            after = self._after_particles(j)
            if after > j and self.tokens[after].capital and self._continues(after, lower=False):
                last = after
            elif token.initial or self._continues(j, lower=lower, sure=sure) or (lower and len(token.key) == 1 and self._is_lower_initial(j)):
                last = j
            else:
                break
        while not sure and last > i and self.tokens[last].key in lexicon.after_firms and not self.is_name(last):
            last -= 1
        return last

    def _is_lower_initial(self, j: int) -> bool:
        if j + 1 >= len(self.tokens) or not self.tokens[j + 1].gap.strip(".") == " ":
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
            return self.is_name(j) or self.is_unknown(j) or (self.is_listed(j) and not self.titled)
        strange = self.is_unknown(j) or (self.is_rare(j) and len(token.key) > 4)
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
            sure = token.key not in _FULL_TITLES and (reading.is_listed(i + 1) or reading.is_rare(i + 1))
            sure = sure and following.key not in STOPWORDS and not lexicon.is_thing(following.key)
            named = named or reading.is_unknown(i + 1) or following.initial or sure
        if named and (following.initial or reading.is_person(i + 1, i + 1) or reading.extend(i + 1) > i + 1):
            yield i, reading.extend(i + 1, lower=not following.capital)


def _by_introduction(reading: _Reading) -> Iterator[tuple[int, int]]:
    """Yield what follows "my name is", "this is", "my husband", where it can be a name."""
    tokens = reading.tokens
    starts = {token.start: i for i, token in enumerate(tokens)}
    for match in _SURE.finditer(reading.text):
        i = starts.get(match.end())
        if i is not None and (reading.is_listed(i) or reading.is_unknown(i) or reading.is_initial(i)):
            yield i, reading.extend(i, lower=not tokens[i].capital, sure=True)
    for i, token in enumerate(tokens[:-1]):
        if token.key in reading.lexicon.relations and tokens[i + 1].gap in {" ", ", ", ": "}:
            following = tokens[i + 1]
            near = following.key in reading.lexicon.near
            if (following.capital and (reading.is_name(i + 1) or reading.is_unknown(i + 1))) or near:
                last = reading.extend(i + 1, lower=not following.capital)
                if reading.is_person(i + 1, last):
                    yield i + 1, last
    for i, token in enumerate(tokens):
        if token.capital and not token.shouted and _DOING.match(reading.text, token.end):
            first = i - 1 if i and reading.adjoins(i) and tokens[i - 1].capital and reading.is_unknown(i - 1) else i
            if reading.is_name(i) or reading.is_unknown(i):
                yield first, i
    for match in _LIKELY.finditer(reading.text):
        i = starts.get(match.end())
        if i is None or tokens[i].shouted or not reading.is_name(i):
            continue
        if not (tokens[i].capital or tokens[i].key in reading.lexicon.near):
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
            last = reading.extend(i, lower=True) if reading.is_first(i) and len(token.key) > 2 else i
            found = (last > i and _sure_in_lower_case(reading, i, last)) or _common_near(reading, i)
            last = last if found and _sure_in_lower_case(reading, i, last) else i
        if found and reading.is_person(i, last):
            yield i, last
        inverted = following is not None and following.gap == ", " and token.capital and following.capital
        if inverted and (reading.is_name(i) or reading.is_unknown(i)) and not reading.is_first(i) and reading.is_first(i + 1):
            yield i, reading.extend(i + 1)  # "Hernandez, Maria"


def _sure_in_lower_case(reading: _Reading, i: int, last: int) -> bool:
    """Return True for "lena andersson" and "benjamin a seiler", all of them names or from far away."""
    tokens = reading.tokens
    middle = any(len(token.key) == 1 for token in tokens[i + 1 : last])
    near = tokens[i].key in reading.lexicon.near
    return last > i and all(
        reading.is_name(j) or middle or not reading.raw(j).isascii() or (near and len(tokens[j].key) > 4)
        for j in range(i + 1, last + 1)
        if len(tokens[j].key) > 1
    )


def _common_near(reading: _Reading, i: int) -> bool:
    """Return True for a name that counts in lower case by itself, and is no clinic word with letters swapped."""
    key = reading.tokens[i].key
    return key in reading.lexicon.near and len(key) > 3 and not reading.is_swapped(key)


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
    return (strange and (reading.is_name(last) or reading.is_unknown(last) or reading.is_listed(last) or reading.is_rare(last))) or (
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
