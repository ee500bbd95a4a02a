"""Personal details out of a text, before anything of it is stored."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from kbot.journal.addresses import find_addresses
from kbot.journal.lexicon import fold, read_lexicon
from kbot.journal.names import NameFinder
from kbot.journal.numbers import find_numbers
from kbot.journal.reading import Own
from kbot.journal.spans import Place, merge, view

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# It begins only where a word does, and does not look back into one: else it would be slow over many texts.
_CAPITALISED = re.compile(r"(?<![^\W\d_])[a-z]*+[^\W\d_a-z][^\W\d_]*(?:['\-][^\W\d_]+)*(?: [^\W\d_a-z][^\W\d_]*)*")
_LOWER = re.compile(r"\b[a-z]{4,}\b")
_WINDOW = 4000  # characters


class Redactor:
    """Replaces personal details by their kind in square brackets: "I'm Maria Lopez" -> "I'm [NAME]".

    `own` are texts of the clinic: the names of firms, medicines and studies in them are nobody's secret and stay.
    """

    def __init__(self, own: Iterable[str] = ()) -> None:
        lexicon = read_lexicon()
        texts = list(own)
        phrases = {fold(phrase) for phrase in {m.group() for text in texts for m in _CAPITALISED.finditer(text)}}
        lower = {word for text in texts for word in _LOWER.findall(text)}
        self._names = NameFinder(
            lexicon,
            Own(
                words=frozenset(word for phrase in phrases for word in phrase.split()),
                phrases=frozenset(phrase for phrase in phrases if " " in phrase),
                letters=frozenset("".join(sorted(word)) for word in lower),
            ),
        )

    def redact(self, text: str) -> str:
        """Return `text` with every detail replaced that is found; a text without any is returned as it came.

        Redacting twice changes nothing more: it is repeated here until it finds nothing.
        """
        while places := self.find(text):
            for start, end, detail in reversed(places):
                text = f"{text[:start]}[{detail}]{text[end:]}"
        return text

    def find(self, text: str) -> list[Place]:
        """Return the places of the details in `text`, in order and without overlaps."""
        return [place for start, end in _windows(text) for place in self._find(text[start:end], start)]

    def _find(self, text: str, offset: int) -> Iterator[Place]:
        read = view(text)
        if read.text.strip():
            for place in merge([*find_numbers(read.text), *find_addresses(read.text), *self._names.find(read.text)]):
                start, end = read.original(place.start, place.end)
                yield Place(start + offset, end + offset, place.detail)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of `text` that are read at a time: a text made to be slow would be so with its square."""
    start = 0
    while start < len(text):
        end = start + _WINDOW
        if end < len(text):
            end = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end)) + 1 or end
        yield start, min(end, len(text))
        start = end


def read_own_texts(corpus: Path) -> list[str]:
    """Return the texts of a corpus folder, the question bank among them; none where there is no folder.

    A file that can't be read is left out: fewer words are then known as the clinic's, nothing more is let through.
    """
    texts: list[str] = []
    for path in sorted(corpus.rglob("*")):
        if path.suffix in {".md", ".yaml", ".toml"}:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                texts.append(path.read_text(encoding="utf-8"))
    return texts
