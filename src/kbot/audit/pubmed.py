"""PubMed, through Biopython's Entrez: records by number, DOI or PubMed Central number, with their abstracts."""

from __future__ import annotations

import contextlib
import socket
import warnings
from typing import TYPE_CHECKING

from kbot.audit.references import Reference, family_name, identifier
from kbot.audit.registers import TIMEOUT, TOOL, RegisterRecord, check_contact, need, one_line, texts, understood

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TRIES = 2


class PubMed:
    """PubMed, through Biopython's Entrez, which keeps to three requests a second."""

    name = "PubMed"

    def __init__(self, contact: str) -> None:
        need("Bio.Entrez")
        self._contact = check_contact(contact)

    def look_up(self, wanted: Reference) -> RegisterRecord | None:
        """Return the record under the PubMed number, else under the DOI, else under the PubMed Central number."""
        from Bio import Entrez, Medline

        number = identifier(wanted, "pmid") or self._number(wanted)
        if number is None:
            return None
        with _patience(), understood(self.name), Entrez.efetch(**self._asked("pubmed", number)) as answer:
            lines = answer.read().splitlines(keepends=True)
            record = next(iter(Medline.parse(lines)), None)
        if record is None or str(record.get("PMID", "")) != number:
            return None
        return RegisterRecord(self.name, medline_reference(record), record.get("AB"))

    def _number(self, wanted: Reference) -> str | None:
        from Bio import Entrez

        doi, pmcid = identifier(wanted, "doi"), identifier(wanted, "pmcid")
        with _patience(), understood(self.name):
            if doi:
                with Entrez.esearch(db="pubmed", term=f"{doi}[AID]", tool=TOOL, email=self._contact) as answer:
                    numbers = [str(each) for each in Entrez.read(answer)["IdList"]]
                if len(numbers) == 1:
                    return numbers[0]
            if pmcid:
                digits = pmcid.removeprefix("pmc")
                with Entrez.elink(
                    dbfrom="pmc", db="pubmed", linkname="pmc_pubmed", id=digits, tool=TOOL, email=self._contact
                ) as answer:
                    sets = [links for each in Entrez.read(answer) for links in each["LinkSetDb"]]
                numbers = [str(link["Id"]) for links in sets for link in links["Link"]]
                if len(numbers) == 1:
                    return numbers[0]
        return None

    def _asked(self, database: str, number: str) -> dict[str, str]:
        return {
            "db": database,
            "id": number,
            "rettype": "medline",
            "retmode": "text",
            "tool": TOOL,
            "email": self._contact,
        }


def medline_reference(record: Mapping[str, object]) -> Reference:
    """Return the reference of a MEDLINE record as Biopython reads it."""
    authors = texts(record.get("FAU")) or texts(record.get("AU"))
    year = str(record.get("DP", ""))[:4]
    articles = [each.removesuffix(" [doi]") for each in texts(record.get("AID")) if each.endswith(" [doi]")]
    found = {f"pmid:{record.get('PMID')}"} | {f"doi:{doi.casefold()}" for doi in articles[:1]}
    if record.get("PMC"):
        found.add(f"pmcid:{str(record['PMC']).casefold()}")
    return Reference(
        title=one_line(record.get("TI")),
        authors=tuple(family_name(name) for name in authors),
        year=int(year) if year.isdigit() else None,
        journal=one_line(record.get("JT")),
        volume=one_line(record.get("VI")),
        issue=one_line(record.get("IP")),
        pages=one_line(record.get("PG")),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{record.get('PMID')}/",
        identifiers=frozenset(found),
    )


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Bound how long Biopython waits: it has no timeout of its own, and repeats after 15 seconds."""
    from Bio import Entrez

    before = (socket.getdefaulttimeout(), Entrez.max_tries, Entrez.sleep_between_tries)
    socket.setdefaulttimeout(TIMEOUT)
    Entrez.max_tries, Entrez.sleep_between_tries = _TRIES, 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of unknown tags in an answer
            yield
    finally:
        socket.setdefaulttimeout(before[0])
        Entrez.max_tries, Entrez.sleep_between_tries = before[1:]
