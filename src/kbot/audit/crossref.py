"""Crossref, through habanero: records by DOI, and papers by the words of a citation."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from kbot.audit.references import Reference, identifier
from kbot.audit.registers import TIMEOUT, Pace, RegisterRecord, check_contact, need, one_line, texts, understood

if TYPE_CHECKING:
    from collections.abc import Mapping

CROSSREF_URL = "https://api.crossref.org"
_PAUSE = 1.0  # seconds between two requests; Crossref allows far more
_SEARCHED = 3  # papers that are asked for when a citation is looked up by its words


class Crossref:
    """Crossref, through habanero, in its polite pool."""

    name = "Crossref"

    def __init__(self, contact: str, *, url: str | None = None, pace: Pace | None = None) -> None:
        need("habanero")
        from habanero import Crossref as Client

        self._client = Client(base_url=url or CROSSREF_URL, mailto=check_contact(contact), timeout=TIMEOUT)
        self._pace = pace or Pace(_PAUSE)

    def look_up(self, wanted: Reference) -> RegisterRecord | None:
        """Return the record under the DOI."""
        import httpx2

        doi = identifier(wanted, "doi")
        if doi is None:
            return None
        self._pace.wait()
        with understood(self.name):
            try:
                answer = self._client.works(ids=quote(doi, safe="/"))
            except httpx2.HTTPStatusError as error:
                if error.response.status_code == 404:
                    return None
                raise
            return _crossref_record(answer["message"])

    def search(self, citation: str) -> list[RegisterRecord]:
        """Return the papers whose data are nearest to the words of a citation."""
        self._pace.wait()
        with understood(self.name):
            answer = self._client.works(query_bibliographic=citation, limit=_SEARCHED)
            return [_crossref_record(item) for item in answer["message"]["items"]]


def _crossref_record(message: Mapping[str, object]) -> RegisterRecord:
    people = message.get("author") or []
    if not isinstance(people, list):
        raise TypeError("author")
    names = [str(person.get("family") or person.get("name") or "") for person in people]
    dates = [message.get(key) for key in ("published-print", "published", "issued")]
    date = next((each["date-parts"][0][0] for each in dates if isinstance(each, dict)), None)
    doi = str(message["DOI"])
    abstract = message.get("abstract")
    return RegisterRecord(
        "Crossref",
        Reference(
            title=next(iter(texts(message.get("title"))), None),
            authors=tuple(name for name in names if name),
            year=int(date) if date else None,
            journal=next(iter(texts(message.get("container-title"))), None),
            volume=one_line(message.get("volume")),
            issue=one_line(message.get("issue")),
            pages=one_line(message.get("page")),
            url=f"https://doi.org/{doi}",
            identifiers=frozenset([f"doi:{doi.casefold()}"]),
        ),
        _without_marks(abstract) if isinstance(abstract, str) else None,
    )


def _without_marks(abstract: str) -> str:
    """Return an abstract without its JATS marks, a line for each paragraph; the heading "Abstract" is dropped."""
    from selectolax.lexbor import LexborHTMLParser

    plain = abstract.replace("<jats:", "<").replace("</jats:", "</")
    body = LexborHTMLParser(plain.replace("<title>", "<h2>").replace("</title>", "</h2>")).body
    blocks = [" ".join(node.text().split()) for node in body.css("h2, p")] if body else []
    return "\n".join(block for block in blocks if block and block.casefold() != "abstract")
