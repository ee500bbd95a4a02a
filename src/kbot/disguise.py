"""Messages as triage reads them: disguises, slang and typing habits undone, so that one pattern meets them all."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import yaml
from rapidfuzz.distance import OSA

from kbot.text import normalise, plain

# Letters that look like Latin ones and survive NFKC: Cyrillic, Greek, Armenian, small capitals.
_LOOKALIKES = str.maketrans(
    "аеорсухіѕԁһӏոⅼјԛԝвкмнтгυοαεικρτχνβηωσϲᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢıøłđßℓƖ",
    "aeopcyxisdhlnljqwbkmhtruoaeikptxvbnwocabcdefghijklmnoprtuvwyzioldsll",
)
_LEET = str.maketrans("013457@$!|", "oieastasil")
# The look ahead is bounded: without it, a long run of letters would cost the square of its length.
_LEET_WORD = re.compile(r"(?=\S{0,40}[a-z])(?=\S{0,40}[013457@$!|])[a-z013457@$!|]{3,}")
# Letters as signs that NFKC leaves as they are: of flags, and white on black in circles and squares.
_SIGNS = {start + n: chr(ord("a") + n) for start in (0x1F1E6, 0x1F150, 0x1F170) for n in range(26)}
_BRACKETED = re.compile(r"(?:\([a-z]\)){2,}")
# "I   w a n t   t o": the wide gaps say where a word ends. Read before they are made single.
_WIDE = re.compile(r"(?<!\S)\w(?: \S){2,60}(?=\s{2,}|\s*$)")
_SPACED = re.compile(r"\b(?:[a-z][\s.\-_*·~]){3,}[a-z]\b")
_SIGNS_INSIDE = re.compile(r"(?<=[a-z])[.\-_·~•+/](?=[a-z])")
_REPEATED = re.compile(r"([a-z])\1{2,}")
# A title glued to the first sentence of a post: "I'm doneI've tried". Three small letters keep "iPhone" whole.
_GLUED = re.compile(r"(?<=[a-z]{3})(?=[A-Z](?:['’]|[a-z]|\s))|(?<=[a-z]{3}[.!?])(?=[A-Z])")
_CENSORED = re.compile(r"(?<!\S)[\w']*[*#%][\w'*#%]*")
_EDGES = ".,;:!?\"'()"
_SHORTEST_MISSPELT = 5  # letters; shorter words have too many real neighbours


@dataclass(frozen=True, slots=True)
class _Habits:
    plain_words: dict[str, str]
    pattern: re.Pattern[str]
    not_after: dict[str, tuple[str, ...]]
    misspelt: tuple[str, ...]
    censored: tuple[str, ...]


@lru_cache(maxsize=1)
def _habits() -> _Habits:
    text = resources.files("kbot").joinpath("disguise.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  the C twin of SafeLoader
    plain_words = {str(key): str(value) for key, value in data["habits"].items()}
    longest_first = sorted(plain_words, key=len, reverse=True)
    pattern = re.compile(r"(?<![\w'])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w'])")
    not_after = {str(key): tuple(words) for key, words in data["not_after"].items()}
    return _Habits(plain_words, pattern, not_after, tuple(data["misspelt"]), tuple(data["censored"]))


def fold(text: str) -> str:
    """Return a message as triage reads it: plain lower case, without accents, in plain spelling.

    Undone are look-alike letters, leetspeak and signs inside words, censored letters, letters spaced apart or drawn
    out, missing apostrophes, slang (`disguise.yaml`) and misspelt words of danger.
    Example: "I wanna k1ll mysеlf" (with a Cyrillic e) -> "i want to kill myself"; "s u i c i d e" -> "suicide".
    """
    text = _WIDE.sub(lambda match: match.group().replace(" ", ""), text)
    folded = plain(_GLUED.sub(" ", normalise(text.translate(_SIGNS))))
    folded = _BRACKETED.sub(lambda match: re.sub(r"[()]", "", match.group()), folded)
    folded = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    folded = folded.translate(_LOOKALIKES)
    folded = _SPACED.sub(lambda match: re.sub(r"[^a-z]", "", match.group()), folded)
    folded = _CENSORED.sub(_uncensor, folded)
    folded = _LEET_WORD.sub(_unleet, folded)
    folded = _REPEATED.sub(r"\1\1", folded)
    folded = _habits().pattern.sub(_unhabit, folded)
    return " ".join(_respell(word) for word in folded.split())


def _unhabit(match: re.Match[str]) -> str:
    habits = _habits()
    found = match.group()
    if found in habits.not_after:
        before = match.string[: match.start()].split()
        if before and (before[-1] in habits.not_after[found] or before[-1][-1].isdigit()):
            return found
    return habits.plain_words[found]


def _unleet(match: re.Match[str]) -> str:
    word = match.group()
    # "40mg", "988" and "s41386" are what they are: leetspeak keeps more letters than signs, and starts like a word.
    signs = sum(not c.isalpha() for c in word)
    if signs * 2 > len(word) or word[0].isdigit():
        return word
    trailing = re.search(r"[!$@|]+$", word)
    core, tail = (word[: trailing.start()], trailing.group()) if trailing else (word, "")
    return core.translate(_LEET) + tail


def _uncensor(match: re.Match[str]) -> str:
    """Return the word of danger that a censored one stands for: "s**cide" -> "suicide"; others as they are."""
    token = match.group()
    parts = re.split(r"([*#%]+)", token)
    shape = "".join(r"\w{1,4}" if part and part[0] in "*#%" else re.escape(part) for part in parts)
    for word in _habits().censored:
        if token[0] == word[0] and re.fullmatch(shape, word):
            return word
    return token


@lru_cache(maxsize=4096)
def _respell(word: str) -> str:
    """Return a word of danger in its right spelling where one slip was made: "siucide" -> "suicide"."""
    core = word.strip(_EDGES)
    right = _habits().misspelt
    joined = _SIGNS_INSIDE.sub("", core)
    if len(joined) < _SHORTEST_MISSPELT or not joined.isalpha() or core in right:
        return word
    for known in right:
        if joined == known or (
            core == joined and core[0] == known[0] and OSA.distance(core, known, score_cutoff=1) == 1
        ):
            return word.replace(core, known)
    return word
