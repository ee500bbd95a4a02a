"""Text as people type it, made comparable: normalising, words, stems."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

# Zero-width and direction characters carry no meaning for us, but hide words from patterns.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_LONG = 20_000  # characters
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-"}
)

# The closed-class words of English: they say how a sentence is built, not what it is about.
STOPWORDS = frozenset(
    """
    a about again all also am an and any anybody anyone anything are aren't as ask at be because been being but by
    can can't cannot could couldn't did didn't do does doesn't doing don't down each else ever every for from
    further get gets getting give go going got had hadn't has hasn't have haven't having he her here hers herself
    hi him himself his how however i i'd i'll i'm i've if in instead into is isn't it it's its itself just know
    let let's like made make makes may me might mine more most much my myself need needs no nor not now of off ok
    on once one only or other our ours out over own per please pls quite rather really said same say see shall she
    should shouldn't so some somebody someone something still such take takes tell than that that's the their
    theirs them themselves then there there's these they they're thing things this those to too u up upon ur us
    use used uses using very via want wants was wasn't way we well were weren't what what's whatever when where
    whether which while who who's whom whose why will with without won't would wouldn't yes yet you you're your
    yours yourself
    """.split()  # noqa: SIM905  a list of so many words is easier to read as lines
)


def normalise(text: str, *, limit: int | None = None) -> str:
    r"""Return the text as it is searched: NFKC, without control or invisible characters, single spaces.

    `limit` cuts after that many characters (code points), at a word boundary where there is one.
    Example: "  What\u200bis  it?\x07" -> "Whatis it?"
    """
    text = _unfolded(text.replace("\u2800", " "))  # the blank of Braille: a space that is a sign
    text = _INVISIBLE.sub("", text)
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"} else c for c in text)
    # What was taken out may have kept a letter and its accent apart.
    text = unicodedata.normalize("NFC", _SPACE.sub(" ", text).strip())
    if limit is not None and len(text) > limit:
        cut = text.rfind(" ", 0, limit + 1)
        text = text[: cut if cut > limit // 2 else limit]
    return text


def _unfolded(text: str) -> str:
    """Return the text in NFKC. In a very long one, signs that stand for three letters or more are left out.

    One character can stand for eighteen (U+FDFA): a page of them would cost as much as eighteen pages.
    """
    unfolded = unicodedata.normalize("NFKC", text)
    if len(unfolded) <= _LONG or len(unfolded) <= 2 * len(text):
        return unfolded
    return unicodedata.normalize("NFKC", "".join(c for c in text if len(unicodedata.normalize("NFKC", c)) <= 2))


def plain(text: str) -> str:
    """Return lower case with straight quotes and hyphens, for comparing with patterns and lists."""
    return text.translate(_QUOTES).lower()


def words(text: str) -> list[str]:
    """Return the words in order, lower case. "It's 40–60 min." -> ["it's", "40", "60", "min"]."""
    return _WORD.findall(plain(text))


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def stem(word: str) -> str:
    """Return the Snowball (Porter 2) stem of one lower-case word."""
    return str(_stemmer().stemWord(word.removesuffix("'s")))


def terms(text: str) -> list[str]:
    """Return the stems of the words that carry meaning: what BM25 and the gate count."""
    return [stem(word) for word in words(text) if word not in STOPWORDS]


def is_invisible(character: str) -> bool:
    """Return True for a zero-width or direction character."""
    return _INVISIBLE.fullmatch(character) is not None


def is_blank(text: str) -> bool:
    """Return True where no letter or digit is left to search with (punctuation or emoji alone)."""
    return not any(c.isalnum() for c in text)
