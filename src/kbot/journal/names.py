"""Names of people in a text: by titles, by the words that introduce a name, and by lists of first and last names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kbot.journal.lexicon import Lexicon, fold
from kbot.journal.reading import Own, Reading, read_words
from kbot.text import STOPWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.journal.spans import Place

# Words that introduce a name and nothing else; it begins where the match ends.
_SURE = re.compile(
    r"\bnames?\s*(?:is|was|'s|=|:|-)+\s*(?:(?:actually|just|also)\s+)?|\bname\s+(?=[A-Z])|\bnamed\s+|\bgoes\s+by\s+"
    r"|\bme\s+llamo\s+|\bmi\s+nombre\s+es\s+|\bknown\s+as\s+|\bsigned,?\s+",
    re.IGNORECASE,
)
# Places where a name is likely, and other things are too.
_LIKELY = re.compile(
    r"\b(?:this|it)(?:\s+is|'s)\s+|\b(?:i\s+am|i'm|im|i\s+m|am)\s+|\b(?:dear|hi|hello|hey|attn:?|attention:?)\s+"
    r"|\b(?:thanks|thank\s+you|thx|regards|sincerely|cheers|best|yours)\s*[,.!\-]*\s+(?=\S+(?:\s+\S+)?\s*$)"
    r"|\b(?:under|to|with|by|see|saw|call(?:s|ed)?\s+me|ask\s+for|called|for|from|add|about|of|and|like|is|heard|was)\s+"
    r"|(?:^|\n)\s*[>*\-]?\s*|[:,(]\s+",
    re.IGNORECASE,
)
# Among these: who speaks says who they are, whatever lists may know of the name.
_SELF = re.compile(r"(?:this\s+is|i\s+am|i'm|im|am)\s", re.IGNORECASE)
# What only people do: "Maria here", "Timotea lives on ...", 'Ashley: "..."'
_DOING = re.compile(r"\s+(?:here|speaking|calling|lives|lived|resides)\b|\s*:\s*[\"']", re.IGNORECASE)


class NameFinder:
    """Finds names of people, but not those that the clinic's own texts use."""

    def __init__(self, lexicon: Lexicon, own: Own) -> None:
        self._lexicon = lexicon
        self._own = own
        self._phrases = own.phrases | lexicon.public

    def find(self, text: str) -> Iterator[Place]:
        """Yield the names in `text`; places may overlap."""
        reading = Reading(text, read_words(text), self._lexicon, self._own)
        for rule in _RULES:
            for first, last in rule(reading):
                place = reading.place(first, last)
                if rule is _by_introduction or not self._is_public(text, place):
                    yield place

    def _is_public(self, text: str, place: Place) -> bool:
        """Return True where the name is, or is within, a name that the clinic's texts or the world use."""
        name = fold(text[place.start : place.end]).strip(".")
        if name in self._own.words and name not in self._lexicon.first:
            return True  # "Zarate", but not "Maria" because a study has an author of that name
        near = fold(text[max(0, place.start - 24) : place.end + 24])
        return any(name in phrase and phrase in near for phrase in self._phrases if name in phrase)


# After these a surname that is also a word is not enough: "the nurse Park" but "Mr. Park".
_FULL_TITLES = frozenset(
    ["doctor", "nurse", "officer", "miss", "sir", "madam", "professor", "herr", "frau", "rabbi", "reverend"]
)


def _by_title(reading: Reading) -> Iterator[tuple[int, int]]:
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


def _by_introduction(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield what follows "my name is" and the like."""
    starts = {token.start: i for i, token in enumerate(reading.tokens)}
    for match in _SURE.finditer(reading.text):
        i = starts.get(match.end())
        if i is not None and (reading.is_listed(i) or reading.is_unknown(i) or reading.tokens[i].initial):
            yield i, reading.extend(i, lower=not reading.tokens[i].capital, sure=True)


def _by_relation(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield what follows "my husband", "my therapist," and "patient"."""
    tokens = reading.tokens
    for i, token in enumerate(tokens[1:], start=1):
        if tokens[i - 1].key not in reading.lexicon.relations or token.gap not in {" ", ", ", ": "}:
            continue
        if (token.capital and (reading.is_name(i) or reading.is_unknown(i))) or token.key in reading.lexicon.near:
            last = reading.extend(i, lower=not token.capital)
            if reading.is_person(i, last):
                yield i, last


def _by_doing(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield who "lives at" a place, or is "calling"."""
    tokens = reading.tokens
    for i, token in enumerate(tokens):
        if not token.capital or token.shouted or not _DOING.match(reading.text, token.end):
            continue
        if reading.is_name(i) or reading.is_unknown(i):
            joined = i > 0 and reading.adjoins(i) and tokens[i - 1].capital
            yield (i - 1 if joined and (reading.is_unknown(i - 1) or reading.is_rare(i - 1)) else i), i


def _by_place(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield listed names where a name is likely: after "I'm", "Hi", "with", a comma."""
    tokens = reading.tokens
    if reading.titled:
        return
    starts = {token.start: i for i, token in enumerate(tokens)}
    for match in _LIKELY.finditer(reading.text):
        i = starts.get(match.end())
        if i is None or tokens[i].shouted:
            continue
        strange = _SELF.match(match.group()) and tokens[i].capital and reading.is_unknown(i)
        if not (reading.is_name(i) or strange):
            continue
        if tokens[i].capital or tokens[i].key in reading.lexicon.near:
            last = reading.extend(i)
            if reading.is_person(i, last):
                yield i, last


def _by_lists(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield names that nothing introduces: a first name, a first and a last name, an initial and a last name."""
    for i, token in enumerate(reading.tokens):
        last = i
        if token.capital and not token.shouted:
            last = reading.extend(i)
            found = _is_capitalised_name(reading, i, last)
        else:
            if reading.is_first(i) and len(token.key) > 2:
                last = reading.extend(i, lower=True)
            full = _is_lower_case_name(reading, i, last)
            found = full or reading.is_near(i)
            last = last if full else i
        if found and reading.is_person(i, last):
            yield i, last


def _by_inversion(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield "Hernandez, Maria"."""
    for i, token in enumerate(reading.tokens[1:]):
        before = reading.tokens[i]
        inverted = token.gap == ", " and token.capital and before.capital and reading.is_first(i + 1)
        if inverted and (reading.is_name(i) or reading.is_unknown(i)) and not reading.is_first(i):
            yield i, reading.extend(i + 1)


def _is_lower_case_name(reading: Reading, i: int, last: int) -> bool:
    """Return True for "lena andersson" and "benjamin a seiler", all of them names or from far away."""
    tokens = reading.tokens
    middle = any(len(token.key) == 1 for token in tokens[i + 1 : last])
    near = tokens[i].key in reading.lexicon.near
    return last > i and all(
        reading.is_name(j) or middle or not reading.raw(j).isascii() or (near and len(tokens[j].key) > 3)
        for j in range(i + 1, last + 1)
        if len(tokens[j].key) > 1
    )


def _is_capitalised_name(reading: Reading, i: int, last: int) -> bool:
    """Return True where tokens i..last, the first with a capital, are a name by themselves."""
    tokens = reading.tokens
    if reading.is_first(i):
        return last > i or tokens[i].key in reading.lexicon.near or (not reading.titled and len(tokens[i].key) > 3)
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
    if strange and (reading.is_unknown(last) or reading.is_listed(last) or reading.is_rare(last)):
        return True
    # "Preston Whitlock": a place or a word, and then what is neither
    if tokens[i].key in reading.lexicon.places and reading.is_unknown(i + 1) and not reading.is_where(i):
        return True
    return (strange or reading.is_listed(i)) and reading.is_name(last)


def _by_lines(reading: Reading) -> Iterator[tuple[int, int]]:
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


_RULES = (_by_title, _by_introduction, _by_relation, _by_doing, _by_place, _by_lists, _by_inversion, _by_lines)
