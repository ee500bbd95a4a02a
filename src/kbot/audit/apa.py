"""A citation in APA style, read field by field. Whatever can't be read is left out; nothing here raises."""

from __future__ import annotations

import re

from kbot.audit.references import Reference, identifiers_of, split_volume

_LIMIT = 4000  # characters of a citation that are read
_URL = re.compile(r"https?://[^\s<>\"]+")
_BARE_DOI = re.compile(r"\bdoi:\s*(10\.\d{4,9}/\S+)", re.IGNORECASE)
_YEAR = re.compile(r"\(((?:1[5-9]|20|21)\d\d)[a-z]?(?:,[^()]*)?\)|\(n\.\s?d\.\)")
_CUT_SHORT = re.compile(r"…|\.\s?\.\s?\.|\bet al\b")
_INITIALS = re.compile(r"(?:[^\W\d_]\.[\s-]?)+")
_SUFFIX = re.compile(r"(?:Jr|Sr|I{1,3}|IV)\.?")
_SENTENCE_END = re.compile(r"[.?!](?=\s)")
_PUBLICATION = re.compile(
    r"""^(?P<journal>.*?)
        (?:,\s*(?P<volume>[A-Za-z]?\d[\w.–-]*\s*(?:\([^()]*\))?))?
        (?:,\s*(?:pp?\.\s*)?(?P<pages>(?:Article\s)?[A-Za-z]{0,4}\d[\w.]*(?:\s*[-–—]\s*[A-Za-z]{0,4}\d+)?))?
        \.?$""",
    re.VERBOSE,
)
_ABBREVIATION = 6  # letters: "Proc. Natl. Acad. Sci." are parts of a journal's name, not sentences


def parse_citation(text: str) -> Reference | None:
    """Return the reference of an APA citation, None where not even a year in brackets can be found.

    Example: "Feder, A., … & Charney, D. S. (2019). A title. Nature, 566(7743), 63-67. https://..." -> family names
    Feder and Charney (not all authors), 2019, "A title", Nature, volume 566, issue 7743, pages 63-67.
    """
    text = " ".join(text[:_LIMIT].split())
    url, rest = _take_url(text)
    year = _YEAR.search(rest)
    if year is None:
        return None
    names = rest[: year.start()]
    title, journal = _split_title(rest[year.end() :].lstrip(" .,"))
    volume = issue = pages = None
    published = _PUBLICATION.match(journal) if journal else None
    if published is not None:
        journal = published["journal"].strip(" ,")
        volume, issue = split_volume(published["volume"])
        pages = published["pages"]
    return Reference(
        title=title or None,
        authors=_family_names(names),
        all_authors=_CUT_SHORT.search(names) is None,
        year=int(year[1]) if year[1] else None,
        journal=journal or None,
        volume=volume,
        issue=issue,
        pages=pages,
        url=url,
        identifiers=identifiers_of(url),
    )


def _take_url(text: str) -> tuple[str | None, str]:
    """Return the address of a citation and the citation without it. A bare "doi:10..." counts as its address."""
    match = _URL.search(text)
    if match:
        return match[0].rstrip(".,;"), text[: match.start()].rstrip() + text[match.end() :]
    bare = _BARE_DOI.search(text)
    if bare:
        return f"https://doi.org/{bare[1].rstrip('.,;')}", text[: bare.start()].rstrip() + text[bare.end() :]
    return None, text


def _split_title(text: str) -> tuple[str, str]:
    """Return title and what follows it: the journal with its numbers.

    The last sentence is the journal, but the dots of an abbreviated journal end no sentence.
    """
    text = text.strip()
    ends = [match.start() for match in _SENTENCE_END.finditer(text.rstrip(".").rstrip())]
    if not ends:
        return text.rstrip("."), ""
    at = len(ends) - 1
    while at > 0:
        word = text[ends[at - 1] + 1 : ends[at]].strip()
        if " " in word or not word.isalpha() or len(word) > _ABBREVIATION or not word[0].isupper():
            break
        at -= 1
    end = ends[at]
    title = text[: end + 1].rstrip(".")
    return title.strip(), text[end + 1 :].strip()


def _family_names(text: str) -> tuple[str, ...]:
    """Return the family names before the year. "A, B. C., & D, E." -> A, D; a group is its whole name."""
    text = _CUT_SHORT.sub(",", text).replace("&", ",").replace(" and ", ", ")
    names: list[str] = []
    for part in (piece.strip() for piece in text.split(",")):
        if not part or _INITIALS.fullmatch(part) or (names and _SUFFIX.fullmatch(part)):
            continue
        names.append(part.rstrip("."))
    return tuple(name for name in names if any(c.isalpha() for c in name))
