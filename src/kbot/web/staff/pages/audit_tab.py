"""The audit: citations, figures, review dates and upkeep of the corpus, from its own records alone."""

from __future__ import annotations

import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import gradio as gr

from kbot.audit.figures import Verdict
from kbot.audit.report import audit
from kbot.errors import KbotError
from kbot.web.asking import report as report_error
from kbot.web.staff.pages.wiring import QUIETLY, markdown, note, problem

if TYPE_CHECKING:
    from kbot.audit.report import AuditReport
    from kbot.web.staff.context import StaffContext

_LEAD = (
    "What your pages cite and claim, against the records in the corpus. The page never asks the internet. Visitors "
    "see the paper that is there, never a citation that is known to be wrong."
)
_MATCHES = MappingProxyType(
    {
        True: ("kt-good", "● matches"),
        False: ("kt-bad", "▼ does not match"),
        None: ("kt-unsure", "◐ not known"),
    }
)
_VERDICTS = MappingProxyType(
    {
        Verdict.CONTRADICTED: ("kt-bad", "▼ contradicted by the evidence"),
        Verdict.MISREAD: ("kt-bad", "▼ misread: the study says something else"),
        Verdict.UNSUPPORTED: ("kt-bad", "▼ unsupported: no source found"),
        Verdict.INCOMPLETE: ("kt-unsure", "◐ incomplete: true of a part"),
        Verdict.SUPPORTED: ("kt-good", "● supported"),
    }
)


def build_tab(context: StaffContext) -> None:
    """Put the tab's components into the open `gr.Tab`."""

    def show() -> str:
        return show_audit(context, datetime.datetime.now(tz=datetime.UTC).date())

    markdown(f"## Audit\n\n{_LEAD}", "kt-lead")
    with gr.Row(elem_classes="kt-controls"):
        button = gr.Button("Audit the corpus", variant="primary", scale=0, min_width=180)
    found = markdown(note("Press the button: it takes some seconds."), "kt-result")
    button.click(show, None, found, **QUIETLY)


def show_audit(context: StaffContext, today: datetime.date) -> str:
    """Return the audit of the corpus as one line of HTML; where the corpus can't be read, a message that says why."""
    try:
        return _html(context, audit(context.service.settings, today))
    except KbotError as error:
        return problem(str(error))
    except Exception as error:  # noqa: BLE001  staff get a message, whatever broke
        report_error(error)
        return problem("The corpus could not be audited. The log says where it stopped.")


def _html(context: StaffContext, report: AuditReport) -> str:
    due = {review.document: review.days for review in report.reviews}
    return context.templates.message(
        "staff_audit.html",
        report=report,
        wrong=sum(finding.match is False for finding in report.citations),
        doubtful=sum(figure.verdict is not Verdict.SUPPORTED for figure in report.figures),
        documents={document.id: document for document in report.documents},
        ordered=sorted(report.documents, key=lambda each: (each.id not in due, each.reviewed_on or "", each.id)),
        due=due,
        matches=_MATCHES,
        verdicts=_VERDICTS,
    )
