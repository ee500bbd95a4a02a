"""What a citation and a record have in common: a reference, field by field, and what counts as the same."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rapidfuzz.distance import Levenshtein

from kbot.text import plain, words

if TYPE_CHECKING:
    from kbot.records import Document

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_PMCID = re.compile(r"PMC\d{1,12}", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,12}")
_ET_AL = re.compile(r"[\s,]+et\.? al\.?$", re.IGNORECASE)
_VOLUME = re.compile(r"([^()]*?)\s*(?:\(([^()]*)\))?")
_PAGES = re.compile(r"([a-z]*)(\d{1,9})\s*[-–—]\s*([a-z]*)(\d{1,9})")
_SMALL_WORDS = frozenset(["the", "of", "and", "for", "in", "on", "a", "an"])
_SPELLING = 5  # letters: in shorter words, one letter more or less makes another word


@dataclass(frozen=True, slots=True)
class Reference:
    """A paper as somebody names it. None and empty mean: not said."""

    title: str | None = None
    authors: tuple[str, ...] = ()  # family names, in order
    all_authors: bool = True  # False: the list is cut short by "et al." or an ellipsis
    year: int | None = None
    journal: str | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    url: str | None = None
    identifiers: frozenset[str] = frozenset()  # "doi:...", "pmid:...", "pmcid:...", "url:..."

    def __str__(self) -> str:
        authors = ", ".join(self.authors) + ("" if self.all_authors or not self.authors else " et al.")
        year = f"({self.year})" if self.year else ""
        volume = f" {self.volume}" if self.volume else ""
        issue = f"({self.issue})" if self.issue else ""
        pages = f", {self.pages}" if self.pages else ""
        journal = f"{self.journal}{volume}{issue}{pages}" if self.journal else ""
        title = (self.title or "").rstrip(".")
        parts = [f"{authors} {year}".strip(), title, journal] if authors else [f"{title} {year}".strip(), journal]
        said = " ".join(f"{part.rstrip('.')}." for part in parts if part)
        return f"{said} {self.url}" if said and self.url else said or self.url or ""


def reference_of(document: Document) -> Reference:
    """Return what the front matter of a document says of the paper. A title in our own words is not its title."""
    names = [_ET_AL.sub("", name) for name in document.authors]
    volume, issue = split_volume(document.volume)
    found = identifiers_of(document.url)
    for scheme, value in (("doi", document.doi), ("pmid", document.pmid), ("pmcid", document.pmcid)):
        if value:
            found |= {f"{scheme}:{value.casefold()}"}
    return Reference(
        title=None if document.title_is_description else document.title,
        authors=tuple(family_name(name) for name in names),
        all_authors=not any(_ET_AL.search(name) for name in document.authors),
        year=document.year,
        journal=document.journal,
        volume=volume,
        issue=issue,
        pages=document.pages,
        url=document.url,
        identifiers=found,
    )


def is_unread(document: Document) -> bool:
    """Return True where nobody has read what is at the address: not searched, and the title is only our words."""
    return not document.searchable and document.title_is_description


def family_name(name: str) -> str:
    """Return the family name of one author.

    Examples: "Wilkinson", "Wilkinson, S. T.", "Wilkinson ST" and "Samuel T. Wilkinson" -> "Wilkinson";
    "van der Kolk BA" -> "van der Kolk".
    """
    name = " ".join(name.split())
    family, comma, _ = name.partition(",")
    if comma:
        return family.strip()
    parts = name.split(" ")
    if len(parts) > 1 and len(parts[-1]) <= 4 and parts[-1].isupper() and "." not in parts[-1]:
        return " ".join(parts[:-1])  # the initials of the MEDLINE form
    start = len(parts) - 1
    while start > 0 and parts[start - 1].islower():
        start -= 1
    return " ".join(parts[start:])


def split_volume(text: str | None) -> tuple[str | None, str | None]:
    """Return volume and issue. "61(5)" -> ("61", "5"); "66" -> ("66", None)."""
    match = _VOLUME.fullmatch(text.strip()) if text else None
    if match is None:
        return text, None
    return match[1] or None, match[2] or None


def identifiers_of(url: str | None) -> frozenset[str]:
    """Return what an address identifies: its DOI, PubMed or PubMed Central number, and the address itself.

    A page of nature.com carries the end of its DOI, whose beginning is always 10.1038.
    """
    if not url:
        return frozenset()
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return frozenset([f"url:{url.strip().casefold()}"])
    host = (parts.netloc.rpartition("@")[2]).casefold().removeprefix("www.")
    path = unquote(parts.path).rstrip("/.")
    last = path.rpartition("/")[2]
    found = {f"url:{host}{path.casefold()}"}
    doi = _DOI.search(path)
    if doi:
        found.add(f"doi:{doi[0].rstrip('.,;)').casefold()}")
    elif host == "nature.com" and path.startswith("/articles/") and last:
        found.add(f"doi:10.1038/{last.casefold()}")
    if host.endswith("ncbi.nlm.nih.gov"):
        if _PMCID.fullmatch(last):
            found.add(f"pmcid:{last.casefold()}")
        elif _DIGITS.fullmatch(last) and (host.startswith("pubmed.") or "/pubmed/" in path):
            found.add(f"pmid:{last}")
    return frozenset(found)


def identifier(reference: Reference, scheme: str) -> str | None:
    """Return the number under a scheme, e.g. "doi", without its prefix."""
    found = sorted(each for each in reference.identifiers if each.startswith(f"{scheme}:"))
    return found[0].partition(":")[2] if found else None


def same_name(one: str, other: str) -> bool:
    """Return True for one family name, whatever accents, case and hyphens it is written with."""
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if c.isalnum()).casefold()


def same_title(one: str, other: str) -> bool:
    """Return True for one title: word by word, but for British or American spelling, case and punctuation.

    A title without its subtitle is the same title. Numbers and short words must be equal.
    """
    if _same_words(words(one), words(other)):
        return True
    (short_main, short_rest), (long_main, long_rest) = sorted(
        (_main_title(one), _main_title(other)), key=lambda parts: bool(parts[1])
    )
    return not short_rest and bool(long_rest) and _same_words(words(short_main), words(long_main))


def _main_title(title: str) -> tuple[str, str]:
    main, _, rest = plain(title).partition(": ")
    return main, rest


def _same_words(one: list[str], other: list[str]) -> bool:
    return bool(one) and len(one) == len(other) and all(map(_same_word, one, other))


def _same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    long_enough = min(len(one), len(other)) >= _SPELLING and one.isalpha() and other.isalpha()
    return long_enough and Levenshtein.distance(one, other, score_cutoff=1) <= 1


def same_journal(one: str, other: str) -> bool:
    """Return True for one journal, written out or abbreviated, as "Am J Psychiatry"."""
    first, second = _journal_words(one), _journal_words(other)
    return (
        bool(first)
        and len(first) == len(second)
        and all(a.startswith(b) or b.startswith(a) for a, b in zip(first, second, strict=True))
    )


def _journal_words(name: str) -> list[str]:
    return [word for word in words(name.replace("&", " ")) if word not in _SMALL_WORDS]


def same_pages(one: str, other: str) -> bool:
    """Return True for the same pages. "480-485", "480–485" and "480-5" are."""
    return page_range(one) == page_range(other) if page_range(one) else _letters(one) == _letters(other)


def page_range(pages: str) -> tuple[str, int, int] | None:
    """Return (prefix, first, last) of a range of pages, None for anything else. "1134-42" -> ("", 1134, 1142)."""
    match = _PAGES.fullmatch(pages.strip().casefold())
    if match is None or (match[3] and match[3] != match[1]):
        return None
    first, last = match[2], match[4]
    if len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    return match[1], int(first), int(last)
