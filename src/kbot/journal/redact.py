"""Personal details out of a text, before anything of it is stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kbot.journal.addresses import find_addresses
from kbot.journal.lexicon import fold, read_lexicon
from kbot.journal.names import NameFinder, Own
from kbot.journal.numbers import find_numbers
from kbot.journal.spans import merge, view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kbot.journal.spans import Place

_CAPITALISED = re.compile(r"[^\W\d_]*[^\W\d_a-z][^\W\d_]*(?:['\-][^\W\d_]+)*(?: [^\W\d_a-z][^\W\d_]*)*")
_LOWER = re.compile(r"\b[a-z]{4,}\b")


class Redactor:
    """Replaces personal details by their kind in square brackets: "I'm Maria Lopez" -> "I'm [NAME]".

    `own` are texts of the clinic: the names of firms, medicines and studies in them are nobody's secret and stay.
    """

    def __init__(self, own: Iterable[str] = ()) -> None:
        lexicon = read_lexicon()
        texts = list(own)
        phrases = {fold(match.group()) for text in texts for match in _CAPITALISED.finditer(text)}
        self._names = NameFinder(
            lexicon,
            Own(
                words=frozenset(word for phrase in phrases for word in phrase.split()),
                phrases=frozenset(phrase for phrase in phrases if " " in phrase),
                letters=frozenset("".join(sorted(word)) for text in texts for word in _LOWER.findall(text)),
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
        read = view(text)
        if not read.text.strip():
            return []
        found = merge([*find_numbers(read.text), *find_addresses(read.text), *self._names.find(read.text)])
        return [type(place)(*read.original(place.start, place.end), place.detail) for place in found]
