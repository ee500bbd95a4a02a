"""The way from a figure to its questions: addresses that open the tab Questions with nothing but these."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from kbot.errors import InputError
from kbot.web.staff.pages.period import DATES, read_period
from kbot.web.staff.pages.questions import MOST_IDS, NAMES, QuestionFilter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbot.coverage.period import Period
    from kbot.journal.store import Journal


def address(period: Period, chosen: QuestionFilter) -> str:
    """Return where the questions of a filter are seen, relative to the staff page."""
    return f"?{chosen.query(period)}"


def entries_address(period: Period, ids: Sequence[int]) -> str:
    """Return where entries are seen; of very many, the last ones."""
    return address(period, QuestionFilter(entries=tuple(sorted(ids)[-MOST_IDS:])))


def shown_address(period: Period, shown: str) -> str:
    """Return where the questions are seen whose answers showed a passage, or a passage of a document."""
    return address(period, QuestionFilter(shown=shown))


def read_query(query: str) -> dict[str, str]:
    """Return the fields of an address's query, with or without its question mark."""
    try:
        return dict(parse_qsl(query.removeprefix("?"), max_num_fields=50))
    except ValueError:
        return {}


def asks(query: str) -> bool:
    """Return True where an address asks for questions."""
    return any(name in NAMES for name in read_query(query))


def only_of(query: str) -> dict[str, str]:
    """Return what a query says of the part of the filter that has no control on the page."""
    return QuestionFilter.read(read_query(query)).only


def written(only: Mapping[str, str]) -> str:
    """Return that part as the page keeps it."""
    return urlencode(only)


def chosen_period(
    fields: Mapping[str, str], chosen: QuestionFilter, now: tuple[object, object, object], journal: Journal | None
) -> tuple[object, object, object]:
    """Return the period that the page should show: what it shows already, where that is what the address means.

    An address that names an entry and no days means the day of the entry.

    Raises:
        InputError: its days are none.
        JournalError: the journal can't be read.
    """
    since, until = fields.get("since", ""), fields.get("until", "")
    if not since and not until:
        found = [entry.time.date() for id_ in _ends(chosen.entries) if journal and (entry := journal.entry(id_))]
        if not found:
            return now
        since, until = min(found).isoformat(), max(found).isoformat()
    wanted = read_period(DATES, since, until)
    if _same(now, wanted):
        return now
    return DATES, wanted.since.isoformat(), wanted.until.isoformat()


def _same(now: tuple[object, object, object], wanted: Period) -> bool:
    try:
        return read_period(*now) == wanted
    except InputError:
        return False


def _ends(ids: Sequence[int]) -> list[int]:
    return [min(ids), max(ids)] if ids else []
