"""What the tab Questions shows, apart from Gradio's components: pages of entries, each as HTML, and marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.errors import InputError
from kbot.web.staff.pages.wording import CHANNELS, OUTCOMES, REASONS, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.coverage.period import Period
    from kbot.journal.entries import JournalEntry
    from kbot.web.staff.context import StaffContext
    from kbot.web.staff.pages.questions import QuestionFilter
    from kbot.web.staff.pages.reading import Reading

ON_PAGE = 20  # entries


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the questions that a filter finds."""

    entries: Sequence[JournalEntry]  # the newest first
    total: int
    number: int  # from 0


class QuestionsTab:
    """What the tab shows, apart from Gradio's components."""

    def __init__(self, context: StaffContext, reading: Reading) -> None:
        self._context = context
        self._reading = reading
        self._root = context.service.settings.root_path

    def page(self, chosen: QuestionFilter, period: Period, number: int) -> Page:
        """Return a page; one past the last is the last.

        Raises:
            JournalError: the journal can't be read.
        """
        journal = self._reading.journal()
        wanted = chosen.wanted(period, self._reading.threshold)
        if journal is None or wanted is None:
            return Page((), 0, 0)
        total = journal.count(wanted)
        at = max(0, min(number, (total - 1) // ON_PAGE))
        return Page(journal.find(wanted, limit=ON_PAGE, offset=at * ON_PAGE), total, at)

    def head(self, page: Page, chosen: QuestionFilter, period: Period) -> str:
        """Return what stands above the entries as HTML."""
        journal = self._reading.journal()
        first = page.number * ON_PAGE + 1
        return self._context.templates.message(
            "board/questions.html",
            made_up=journal is not None and journal.made_up,
            journal=journal is not None,
            total=page.total,
            first=first,
            last=first + len(page.entries) - 1,
            download=f"{self._root}/staff/download/questions.csv?{chosen.query(period)}",
        )

    def only(self, chosen: QuestionFilter) -> str:
        """Return what is said of a filter that an address brought along, as HTML; nothing where there is none."""
        if not chosen.only:
            return ""
        service = self._context.service
        passage, document = service.passages.get(chosen.shown), service.documents.get(chosen.shown)
        heading = passage.heading[-1] if passage and passage.heading else ""
        return self._context.templates.message(
            "board/only.html",
            entries=chosen.entries,
            shown=chosen.shown,
            passage=heading or (service.documents[passage.document_id].title if passage else ""),
            document=document.title if document else "",
            words=passage.text if passage else "",
        )

    def entry(self, entry: JournalEntry, *, unfolded: bool = False) -> str:
        """Return one entry as HTML."""
        passages = self._context.service.passages
        return self._context.templates.message(
            "board/entry.html",
            entry=entry,
            unfolded=unfolded,
            time=moment(entry.time),
            outcome=OUTCOMES[entry.outcome],
            reason=REASONS[entry.reason] if entry.reason else "",
            channel=CHANNELS.get(entry.channel, entry.channel),
            judged={True: "Helpful", False: "Not helpful", None: ""}[entry.helpful],
            shown=[(shown, passages.get(shown.id), f"{self._root}/source/{shown.id}") for shown in entry.passages],
            threshold=self._reading.threshold,
            served=self._context.service.build,
        )

    def mark(self, entry: int, who: str, *, handled: bool) -> JournalEntry:
        """Mark an entry as handled, or not, and return it.

        Raises:
            KbotError: it isn't there any more, or the journal can't be changed.
        """
        journal = self._reading.existing()
        if not journal.set_handled(entry, handled=handled) or (after := journal.entry(entry)) is None:
            raise InputError(f"entry {entry} is no longer in the journal: choose the period again")
        self._context.trail.record(who, "handled" if handled else "not handled", f"entry {entry}")
        return after
