"""Two references, field by field: where they differ, and whether they name the same paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.audit.references import Reference, same_journal, same_name, same_pages, same_title

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which a citation and a record say different things."""

    field: str
    cited: str
    found: str

    def __str__(self) -> str:
        return f"{self.field}: the citation says {self.cited}; the record says {self.found}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparison of a citation with a record came to."""

    differences: tuple[Difference, ...]
    agreed: tuple[str, ...]  # fields that both name, alike

    @property
    def match(self) -> bool | None:
        """True where title and author or year agree and nothing differs, False where something differs, else None."""
        if self.differences:
            return False
        if "title" in self.agreed and {"first author", "authors", "year"} & set(self.agreed):
            return True
        return None

    @property
    def same_paper(self) -> bool:
        """True where title and first author agree, whatever else differs: the right paper, cited with mistakes."""
        return {"title", "first author"} <= set(self.agreed)


def compare(cited: Reference, found: Reference) -> Comparison:
    """Compare what both name; what either leaves out decides nothing."""
    differences: list[Difference] = []
    agreed: list[str] = []
    for field, ours, theirs, same in _fields(cited, found):
        if same:
            agreed.append(field)
        else:
            differences.append(Difference(field, ours, theirs))
    return Comparison(tuple(differences), tuple(agreed))


def _fields(cited: Reference, found: Reference) -> Iterator[tuple[str, str, str, bool]]:
    """Yield (field, cited, found, whether they agree) of every field that both name."""
    if cited.title and found.title:
        yield "title", f"“{cited.title}”", f"“{found.title}”", same_title(cited.title, found.title)
    if cited.authors and found.authors:
        yield from _authors(cited, found)
    if cited.year and found.year:
        yield "year", str(cited.year), str(found.year), cited.year == found.year
    if cited.journal and found.journal:
        yield "journal", cited.journal, found.journal, same_journal(cited.journal, found.journal)
    if cited.volume and found.volume:
        yield "volume", cited.volume, found.volume, _same_number(cited.volume, found.volume)
    if cited.issue and found.issue:
        yield "issue", cited.issue, found.issue, _same_number(cited.issue, found.issue)
    if cited.pages and found.pages:
        yield "pages", cited.pages, found.pages, same_pages(cited.pages, found.pages)
    for scheme, name in (("doi", "DOI"), ("pmid", "PubMed number"), ("pmcid", "PubMed Central number")):
        ours, theirs = _numbers(cited, scheme), _numbers(found, scheme)
        if ours and theirs:
            yield name, ", ".join(sorted(ours)), ", ".join(sorted(theirs)), bool(ours & theirs)


def _authors(cited: Reference, found: Reference) -> Iterator[tuple[str, str, str, bool]]:
    ours, theirs = _listed(cited), _listed(found)
    if not same_name(cited.authors[0], found.authors[0]):
        yield "authors", ours, theirs, False
        return
    yield "first author", cited.authors[0], found.authors[0], True
    match cited.all_authors, found.all_authors:
        case True, True:
            same = len(cited.authors) == len(found.authors) and all(map(same_name, cited.authors, found.authors))
        case False, True:
            same = _among(cited.authors, found.authors)
        case True, False:
            same = _among(found.authors, cited.authors)
        case _:
            return
    yield "authors", ours, theirs, same


def _listed(reference: Reference) -> str:
    return ", ".join(reference.authors) + ("" if reference.all_authors else " et al.")


def _among(some: tuple[str, ...], every: tuple[str, ...]) -> bool:
    return all(any(same_name(name, other) for other in every) for name in some)


def _same_number(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _numbers(reference: Reference, scheme: str) -> set[str]:
    return {each.partition(":")[2] for each in reference.identifiers if each.startswith(f"{scheme}:")}
