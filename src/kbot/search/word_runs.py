"""Messages as runs of words, which say who does what to whom; and which messages are Spanish."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Container

_TOKEN = re.compile(r"[a-z']+|\?")
_LONGEST = 3  # words of an n-gram
_LONGEST_BONES = 4  # words of an n-gram of the skeleton
_BONES = "~"  # begins an n-gram of the skeleton
_PEOPLE = frozenset({"me", "you", "they", "kin"})  # classes of the skeleton
_PIECES = (3, 5)  # letters of a piece of a Spanish word, least and most: endings and stems, whatever the spelling
_PIECE = "_"  # begins a piece


@lru_cache(maxsize=1)
def _skeleton() -> tuple[dict[str, str], frozenset[str]]:
    """Return word -> class of the skeleton, and the words that speak of danger."""
    data = _read_data("skeleton.yaml")
    classes = {word: name for part in ("frame", "danger") for name, found in data[part].items() for word in found}
    return classes, frozenset(word for found in data["danger"].values() for word in found)


def speaks_of_danger(folded: str) -> bool:
    """Return True where a folded message has any word of danger (`skeleton.yaml`), in whatever sense."""
    _, danger = _skeleton()
    return any(token in danger for token in _TOKEN.findall(folded))


def speaks_of_somebody(folded: str) -> bool:
    """Return True where a folded message has a word for a person: the writer, whoever is spoken to, or another."""
    classes, _ = _skeleton()
    return any(classes.get(token) in _PEOPLE for token in _TOKEN.findall(folded))


def _read_data(name: str) -> dict[str, Any]:
    text = resources.files("kbot.search").joinpath(name).read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  the C twin of SafeLoader
    return data


@lru_cache(maxsize=1)
def _frequent() -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that only Spanish uses all the time, and those that only English does."""
    data = _read_data("languages.yaml")
    spanish, english = (frozenset(str(data[name]).split()) for name in ("spanish", "english"))
    return spanish - english, english - spanish


def is_spanish(folded: str, more: Container[str] = ()) -> bool:
    """Return True where a folded message has more of the words of Spanish than of English.

    `more`: words that are known as Spanish beyond those that are said all the time.
    """
    spanish, english = _frequent()
    tokens = _TOKEN.findall(folded)
    said = sum(token in spanish or token in more for token in tokens)
    return said > sum(token in english for token in tokens)


def spanish_runs(folded: str) -> list[str]:
    """Return the runs of words of a folded message and pieces of its words, of `_PIECES` letters with their ends.

    Example: "me mato" -> me, mato, "me mato", "_ me", "_me ", ..., "_ mat", "_mato".
    """
    tokens = _TOKEN.findall(folded)
    least, most = _PIECES
    pieces = [
        _PIECE + padded[start : start + size]
        for padded in (f" {token} " for token in tokens)
        for size in range(least, most + 1)
        for start in range(len(padded) - size + 1)
    ]
    return _runs(tokens, _LONGEST, "") + pieces


def ngrams(folded: str) -> list[str]:
    """Return the runs of words of a folded message and of its skeleton, repeats and question marks included.

    Example: "i want to die" -> i, want, to, die, "i want", ..., "want to die", ~me, ~want, ~die, ..., "~me want die".
    """
    tokens = _TOKEN.findall(folded)
    classes, _ = _skeleton()
    bones = [classes[token] for token in tokens if token in classes]
    bones = [bone for bone, before in zip(bones, ["", *bones], strict=False) if bone != before]
    return _runs(tokens, _LONGEST, "") + _runs(bones, _LONGEST_BONES, _BONES)


def _runs(tokens: list[str], longest: int, mark: str) -> list[str]:
    return [
        mark + " ".join(tokens[start : start + length])
        for length in range(1, longest + 1)
        for start in range(len(tokens) - length + 1)
    ]
