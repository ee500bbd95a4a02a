"""Which messages say nothing that could be looked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kbot.text import STOPWORDS, words

if TYPE_CHECKING:
    from kbot.search.language import Language

# They point at something that was not said. Only a message of nothing else is wordless: "what happens before" is not.
_POINTING = frozenset(
    """
    after afterwards ah aha before bit bits earlier eh er erm first hm hmm hmmm huh last later lot lots mm mhm next oh
    one ones other others part second stuff third um umm uh whatever whichever
    """.split()  # noqa: SIM905  a list of words is easier to read this way
)
# No word of English or of a medicine has five consonants in a row and is unknown as well, or one letter thrice.
_KEYS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}|(\w)\1\1|^(\w)\2$")


def says_nothing(question: str, language: Language) -> bool:
    """Return True where a question has no word that carries meaning, as "and what about it?" or "asdfgh" has none."""
    said = (word for word in words(question) if word not in STOPWORDS)
    return all(word in _POINTING or _is_noise(word, language) for word in said)


def _is_noise(word: str, language: Language) -> bool:
    return not language.knows(word) and _KEYS.search(word) is not None
