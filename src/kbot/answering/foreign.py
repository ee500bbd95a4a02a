"""Which messages are in another language than English. A question in odd English must never be taken for one."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from kbot.disguise import fold
from kbot.search.word_runs import is_spanish
from kbot.text import STOPWORDS, words

if TYPE_CHECKING:
    from lingua import LanguageDetector

    from kbot.search.language import Language

# With two words or fewer, names of medicines and typing slips look like any language.
_FEWEST_WORDS = 3
_FEWEST_LETTERS = 4  # of a text in another script
_MOST_ENGLISH = 0.5  # share of words that English, the corpus or the bank knows
_CERTAIN = 0.85
_SPANISH_MARKS = frozenset("¿¡ñ")


class Tongue(StrEnum):
    """What the fixed replies are written for, other than English."""

    SPANISH = "spanish"
    OTHER = "other_language"


def tongue_of(message: str, language: Language) -> Tongue | None:
    """Return the language of a message, or None for English and whatever can't be told."""
    letters = [c for c in message if c.isalpha()]
    if len(letters) >= _FEWEST_LETTERS and sum(c > "ɏ" for c in letters) * 2 > len(letters):
        return Tongue.OTHER
    said = words(message)
    marked = any(c in _SPANISH_MARKS for c in message)
    spanish = is_spanish(fold(message))
    if len(said) < (2 if marked or spanish else _FEWEST_WORDS):
        return None
    english = sum(word in STOPWORDS or (len(word) > 2 and language.knows(word)) for word in said) / len(said)
    if english > _MOST_ENGLISH and not marked and not spanish:
        return None
    likeliest = _detector().compute_language_confidence_values(message)[0]
    if likeliest.language.name == "SPANISH" and (marked or spanish or likeliest.value >= _CERTAIN):
        return Tongue.SPANISH
    if likeliest.language.name != "ENGLISH" and likeliest.value >= _CERTAIN and english <= _MOST_ENGLISH / 2:
        return Tongue.OTHER
    return None


@lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    # Loaded when a message doesn't look like English, so that ordinary questions don't pay for it.
    from lingua import Language as Spoken
    from lingua import LanguageDetectorBuilder

    spoken = (
        Spoken.ENGLISH, Spoken.SPANISH, Spoken.FRENCH, Spoken.GERMAN, Spoken.PORTUGUESE, Spoken.ITALIAN,
        Spoken.DUTCH, Spoken.POLISH, Spoken.VIETNAMESE, Spoken.TAGALOG, Spoken.SWEDISH, Spoken.TURKISH,
    )  # fmt: skip
    return LanguageDetectorBuilder.from_languages(*spoken).with_low_accuracy_mode().build()
