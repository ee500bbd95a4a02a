"""Ask as a visitor: one question with every step on its way. Nothing of it is written down."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import gradio as gr
from markupsafe import Markup

from kbot.answering.trace import trace
from kbot.errors import KbotError
from kbot.records import Fallback, Outcome
from kbot.web.asking import report
from kbot.web.cards import answer_card
from kbot.web.staff.pages.wiring import QUIETLY, markdown, problem, root_of

if TYPE_CHECKING:
    from kbot.answering.trace import Trace
    from kbot.web.staff.context import StaffContext

_MOST_EARLIER = 6  # turns that the bot looks back
_MEANINGS = MappingProxyType(
    {
        "answered_log_odds": "how likely all topics with an answer are together",
        "best_against_rival": "the best topic with an answer against the best without one",
        "nearest_answered": "cosine to the nearest phrasing of the topics with an answer",
        "nearest_rival": "cosine to the nearest phrasing that has no answer",
        "uncovered_share": "how much of the question neither the topics nor their passages say",
        "uncovered_rarest": "how rare the rarest of those words is",
        "unseen_words": "words that stand nowhere in our pages and the bank",
        "terms": "words that carry meaning",
        "reranker": "what the cross-encoder says of the best passage",
        "reranker_lead": "its lead over the second best",
        "cosine": "cosine of the best passage",
        "cosine_lead": "its lead over the second nearest",
    }
)
_LEAD = (
    "Type a question as a visitor would, and see what every step makes of it. It is not written into the journal. It "
    "is gone when you leave the page."
)

_TOO_FAR = (
    "The sum alone would have answered. But the question is farther from every phrasing than phrasings are from each "
    "other, and has words of its own: such a question is not answered."
)


def build_tab(context: StaffContext) -> None:
    """Put the tab's components into the open `gr.Tab`."""
    longest = context.service.settings.max_question

    def ask(question: object, earlier: object, request: gr.Request) -> str:
        before = [line.strip()[:longest] for line in str(earlier or "").splitlines() if line.strip()]
        turns = [*before[-_MOST_EARLIER:], str(question or "")[:longest]]
        return show_trace(context, turns, root=root_of(request))

    markdown(f"## Ask as a visitor\n\n{_LEAD}", "kt-lead")
    with gr.Row(elem_classes="kt-controls"):
        question = gr.Textbox(label="Question", max_length=longest, max_lines=3, scale=3, autofocus=False)
        earlier = gr.Textbox(label="Earlier questions, one a line (if any)", lines=1, max_lines=6, scale=2)
        button = gr.Button("Show every step", variant="primary", scale=0, min_width=160)
    steps = markdown("", "kt-result")
    gr.on([question.submit, button.click], ask, [question, earlier], steps, **QUIETLY)


def show_trace(context: StaffContext, turns: list[str], *, root: str = "") -> str:
    """Return every step of the last turn as one line of HTML; where something broke, a message."""
    settings = context.service.settings
    try:
        # Half of a surrogate pair can be neither searched nor written back.
        turns = [turn.encode("utf-8", "replace").decode("utf-8") for turn in turns]
        traced = trace(context.service.bot, turns, max_question=settings.max_question, rerank=settings.rerank)
        return _html(context, traced, len(turns), root)
    except KbotError as error:
        return problem(str(error))
    except Exception as error:  # noqa: BLE001  staff get a message; the log gets types and places, never the text
        report(error)
        return problem("The question could not be followed. The log says where it stopped, without the question.")


def _html(context: StaffContext, traced: Trace, turns: int, root: str) -> str:
    answer, search = traced.answer, traced.search
    fallback = answer if isinstance(answer, Fallback) else None
    values: dict[str, Any] = {
        "trace": traced,
        "search": search,
        "turns": turns,
        "outcome": (fallback.outcome if fallback else Outcome.ANSWER).value,
        "reason": fallback.reason.value.replace("_", " ") if fallback and fallback.reason else "",
        "missing": fallback.missing if fallback else (),
        "signs": sorted(traced.reading.shares.items(), key=lambda pair: -pair[1])[:5] if traced.reading else (),
        "total": sum(step.ms for step in traced.times),
        "build": context.service.build,
        "meanings": _MEANINGS,
        "widest": max((abs(f.contribution) for f in search.gate.features), default=1.0) or 1.0 if search else 1.0,
        "refused": _refused(traced),
        "card": Markup(answer_card(answer, context.templates, root=root)),  # noqa: S704  the visitor's own templates
        "root": root,
    }
    return context.templates.message("staff_trace.html", **values)


def _refused(traced: Trace) -> str:
    """Return why a sum that would have answered did not, or an empty string."""
    return _TOO_FAR if traced.search is not None and "too far from the bank" in traced.search.gate.trigger else ""
