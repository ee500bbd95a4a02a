"""The words that tell a person's name from an ordinary word: lists of names, of English, and of exceptions."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

# Faker keeps lists of first and last names by country; only those in Latin letters are of use here.
_PEOPLE = "faker.providers.person"
# Where visitors most likely come from: names of these lists count in lower case too ("can maria come").
_NEAR = ("en_US", "es_MX")
_COMMON = 20_000
_ENGLISH = ("symspellpy", "frequency_dictionary_en_82_765.txt")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Sets of words, all lower case and without accents."""

    first: frozenset[str]  # first names that are not also a word or a place
    near: frozenset[str]  # of these, the ones that count in lower case too
    last: frozenset[str]  # last names, likewise
    listed: frozenset[str]  # every first or last name, words and places among them
    plain: frozenset[str]  # words of English that nobody is called
    common: frozenset[str]  # the most used of these
    words: frozenset[str]  # these and the ordinary words that are names too
    ordinary: frozenset[str]
    places: frozenset[str]
    not_people: frozenset[str]
    after_eponyms: frozenset[str]
    after_firms: frozenset[str]
    titles: frozenset[str]
    credentials: frozenset[str]
    particles: frozenset[str]
    relations: frozenset[str]
    public: frozenset[str]  # full names of people of public life

    def is_word(self, word: str) -> bool:
        """Return True for an ordinary word, a place, a firm or a medicine."""
        return word in self.words or word in self.places or word in self.not_people

    def is_name(self, word: str) -> bool:
        """Return True for a first or last name that is nothing else."""
        return word in self.first or word in self.last

    def is_rare(self, word: str) -> bool:
        """Return True for what is not in common use as a word: a name perhaps, though some list of words has it."""
        return word not in self.common and word not in self.ordinary and not self.is_thing(word)

    def is_thing(self, word: str) -> bool:
        """Return True for a firm, a medicine, a scale, or a word that follows the name of a firm."""
        return word in self.not_people or word in self.after_firms

    def is_unknown(self, word: str) -> bool:
        """Return True for what is in no list at all."""
        return not self.is_word(word) and word not in self.listed


def fold(word: str) -> str:
    """Return lower case without accents. "Núñez" -> "nunez"."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.lower().translate(_LETTERS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ı": "i"}
)


@lru_cache(maxsize=1)
def read_lexicon() -> Lexicon:
    """Read the lists, once: about a second, so not before a text is to be redacted.

    Raises:
        ModelError: a package that carries a list isn't installed.
    """
    data = tomllib.loads((resources.files("kbot.journal") / "words.toml").read_text(encoding="utf-8"))
    public = frozenset(fold(name) for name in data.pop("public"))
    lists = {name: frozenset(fold(word) for word in text.split()) for name, text in data.items()}
    first, last, near = _names()
    romanised = lists.pop("romanised")
    last |= romanised
    # "He", "You" and "Do" are family names too.
    lists["ordinary"] |= {word for word in romanised if len(word) <= 3}
    listed = first | last
    ordinary, places, not_people = lists["ordinary"], lists["places"], lists["not_people"]
    english = _english()
    plain = frozenset(english) - listed - places - not_people
    others = ordinary | places | not_people
    return Lexicon(
        first=first - others,
        near=near - others,
        last=last - others,
        listed=listed,
        plain=plain,
        common=frozenset(english[:_COMMON]) & plain,
        words=plain | ordinary,
        public=public,
        **lists,
    )


def _names() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    try:
        people = importlib.import_module(_PEOPLE)
    except ImportError:
        raise ModelError("the package Faker, which carries the lists of names, is missing: `make setup`") from None
    first: set[str] = set()
    last: set[str] = set()
    near: set[str] = set()
    for module in pkgutil.iter_modules(people.__path__):
        if not module.ispkg:
            continue
        provider = importlib.import_module(f"{_PEOPLE}.{module.name}")
        given = set(_parts(_attributes(provider, "first_name")))
        first |= given
        last.update(_parts(_attributes(provider, "last_name")))
        if module.name in _NEAR:
            near |= given
    return frozenset(first), frozenset(last), frozenset(near)


def _attributes(provider: ModuleType, prefix: str) -> Iterator[str]:
    """Yield the names in the provider's tables whose attribute starts with `prefix`."""
    for attribute, table in vars(provider.Provider).items():
        if attribute.startswith(prefix) and isinstance(table, (tuple, list, dict)):
            yield from (name for name in table if isinstance(name, str))


def _parts(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for part in fold(name).replace("-", " ").split():
            letters = part.replace("'", "")
            if len(letters) >= 2 and letters.isascii() and letters.isalpha():
                yield part


def _english() -> list[str]:
    package, file = _ENGLISH
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelError(f"the package {package}, which carries the list of English words, is missing: `make setup`")
    lines = (Path(spec.origin).parent / file).read_text(encoding="utf-8-sig").splitlines()
    return [line.split()[0] for line in lines if line.strip()]  # the most used first
