"""Coverage by document: which parts of the clinic's pages visitors were shown, and which never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from kbot.coverage.document_use import Use
from kbot.errors import JournalError, KbotError
from kbot.web.asking import report
from kbot.web.staff.pages.annotated import SIGNS, annotated
from kbot.web.staff.pages.drill import shown_address
from kbot.web.staff.pages.period import SHOWS, TimedTab, add_period_filter, read_period
from kbot.web.staff.pages.reading import unused
from kbot.web.staff.pages.wiring import WORKING, markdown, note, problem, root_of

if TYPE_CHECKING:
    from kbot.coverage.document_use import DocumentUses
    from kbot.coverage.period import Period
    from kbot.web.staff.context import StaffContext

_LEAD = "Your pages as visitors were shown them: what is used, what never is, and what did not help."


def build_tab(context: StaffContext) -> TimedTab:
    """Put the tab's components into the open `gr.Tab`, and return what shows it."""
    # The clinic's own pages first, the longest at the top: that is where most answers come from.
    documents = sorted(
        context.service.documents.values(), key=lambda each: (each.kind.is_study, -len(each.text), each.title)
    )
    choices = [(document.title, document.id) for document in documents]

    def show(choice: object, since: object, until: object, document: object, request: gr.Request) -> list[Any]:
        try:
            chosen = read_period(choice, since, until)
        except KbotError as error:
            return [problem(str(error)), ""]
        return [*show_documents(context, chosen, document, root=root_of(request))]

    period = add_period_filter()
    markdown(f"## Coverage by document\n\n{_LEAD}", "kt-lead")
    table = markdown(note(WORKING), "kt-result")
    document = gr.Dropdown(
        choices, value=choices[0][1] if choices else None, label="Document", elem_classes="kt-choose"
    )
    text = markdown("", "kt-result")
    inputs, outputs = [*period.values, document], [table, text]
    gr.on([*period.changes, document.input], show, inputs, outputs, **SHOWS)
    return TimedTab(period, show, inputs, outputs)


def show_documents(context: StaffContext, period: Period, document: object, *, root: str = "") -> tuple[str, str]:
    """Return the list of all documents and the chosen one with its passages, each as one line of HTML."""
    service, templates = context.service, context.templates
    made_up, warning = False, ""
    try:
        index = service.index
        try:
            journal = context.reading.journal()
            made_up = journal is not None and journal.made_up
            uses = context.reading.document_uses(period)
        except JournalError as error:
            uses = unused(service)
            warning = problem(f"The journal can’t be read, so nothing is counted: {error}")

        def where(shown: str) -> str:
            return shown_address(period, shown)

        legend = _legend(uses)
        ordered = sorted(uses.documents, key=lambda each: (-each.shown, each.document.kind.is_study))
        table = templates.message(
            "staff_documents.html", uses=uses, documents=ordered, legend=legend, made_up=made_up, where=where
        )
        known = document if isinstance(document, str) and document in index.documents else ordered[0].document.id
        use = uses[known]
        text = templates.message(
            "staff_document.html",
            use=use,
            share=uses.share(use),
            legend=legend,
            html=annotated(use, where),
            where=where,
            root=root,
        )
    except KbotError as error:
        return problem(str(error)), ""
    except Exception as error:  # noqa: BLE001  staff get a message, whatever broke
        report(error)
        return problem("The documents could not be shown. The log says where it stopped."), ""
    return f"{warning}{table}", text


def _legend(uses: DocumentUses) -> list[tuple[Use, str, str]]:
    """Return every use with its sign and what it means, in the order of the legend."""
    meanings = {
        Use.OFTEN: f"shown often: {uses.often} times or more",
        Use.SHOWN: "shown",
        Use.NEVER: "never shown",
        Use.DISLIKED: "not liked: a third or more of those who said so found it not helpful",
    }
    return [(use, SIGNS[use], meaning) for use, meaning in meanings.items()]
