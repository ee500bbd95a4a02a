"""The Gradio chat: a conversation, a question box, and the line to 988 that stays once it was needed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from kbot.records import Fallback, Outcome
from kbot.web.asking import ask_safely, report, unavailable
from kbot.web.cards import answer_card, asked_card
from kbot.web.wording import BOX, DISCLOSURE, EXAMPLES_LEAD, LOG, PLACEHOLDER, SEND, START_OVER, TITLE

if TYPE_CHECKING:
    from kbot.records import Asked
    from kbot.service import Service
    from kbot.web.asking import Asking
    from kbot.web.templates import Templates

MAX_TURNS = 30  # of one conversation that stay on the page; a very long one would slow the browser down
Message = dict[str, Any]  # Gradio's own shape of a chat message


@dataclass(frozen=True, slots=True)
class Memory:
    """What the page remembers of a conversation. It lives in the page alone: a reload forgets it."""

    turns: tuple[str, ...] = ()
    crisis: bool = False  # a message was met with crisis words: the line to 988 stays

    def as_text(self) -> str:
        """Return the memory as the page holds it."""
        return json.dumps({"turns": self.turns, "crisis": self.crisis})

    @classmethod
    def read(cls, text: object) -> Memory:
        """Read what the page sent back; anything else than a memory is an empty one."""
        try:
            data = json.loads(str(text or "{}"))
            turns = tuple(str(turn) for turn in data.get("turns", []))[-MAX_TURNS:]
            return cls(turns, data.get("crisis") is True)
        except (ValueError, AttributeError, TypeError, RecursionError):
            return cls()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The chat's behaviour, apart from Gradio's components."""

    service: Service
    templates: Templates
    examples: tuple[str, ...] = field(default=())

    def opening(self) -> list[Message]:
        """Return the messages of a conversation in which nothing was asked yet."""
        return [_message("assistant", self.templates.message("opening.html", lead=EXAMPLES_LEAD), self.examples)]

    def speaking(self, accepted: str) -> Conversation:
        """Return the conversation in the language that a browser asks for: its Accept-Language header."""
        return replace(self, templates=self.templates.speaking(accepted))

    def reply(self, question: str, memory: Memory, history: list[Message], root: str) -> tuple[Memory, list[Message]]:
        """Return the memory and the messages after a question."""
        asked = ask_safely(self.service, (*memory.turns, question), channel="chat")
        return self.shown(asked, question, memory, history, root)

    def shown(
        self, asked: Asked, question: str, memory: Memory, history: list[Message], root: str
    ) -> tuple[Memory, list[Message]]:
        """Return the memory and the messages once a question is answered."""
        turns = (*memory.turns, question)
        answer = asked.answer
        crisis = memory.crisis or (isinstance(answer, Fallback) and answer.outcome is Outcome.CRISIS)
        suggestions: tuple[str, ...] = getattr(answer, "suggestions", ())
        messages = list(history)
        if question.strip():
            messages.append(_message("user", asked_card(question, self.templates)))
        messages.append(_message("assistant", self._card(asked, root), suggestions))
        return Memory(turns[-MAX_TURNS:], crisis), messages[-2 * MAX_TURNS :]

    def _card(self, asked: Asked, root: str) -> str:
        try:
            return answer_card(asked.answer, self.templates, root=root, ticket=asked.ticket)
        except Exception as error:  # noqa: BLE001  as in asking: whatever broke, the visitor gets a phone number
            report(error)
        return answer_card(unavailable(self.service, asked.answer.question), self.templates, root=root)


def read_history(data: object) -> list[Message]:
    """Read the messages that the page sent back: texts of the two sides, and nothing else.

    Gradio would make files and components out of what else such a message may hold, so it isn't left to read them.
    """
    messages = []
    for item in data if isinstance(data, list) else []:
        role = item.get("role") if isinstance(item, dict) else None
        content = item.get("content") if role in {"user", "assistant"} else None
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        texts = [block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text"]
        messages += [_message(str(role), text) for text in texts if isinstance(text, str)]
    return messages


def build_chat(conversation: Conversation, asking: Asking) -> gr.Blocks:
    """Return the page's Gradio part. Its events run without Gradio's queue: one request, one answer, nothing kept."""
    max_length = conversation.service.settings.max_question
    lifeline = conversation.templates.message("lifeline.html")

    async def answer(question: object, memory: object, history: object, request: gr.Request) -> tuple[Any, ...]:
        root = str(request.request.scope.get("root_path", "")).rstrip("/")
        asked = str(question or "")[:max_length]
        spoken = conversation.speaking(request.headers.get("accept-language", ""))
        before = Memory.read(memory)
        reply = await asking.ask((*before.turns, asked), channel="chat", scope=request.request.scope)
        after, messages = spoken.shown(reply.asked, asked, before, read_history(history), root)
        return "", after.as_text(), messages, gr.update(visible=after.crisis), gr.update(visible=True)

    async def answer_suggestion(
        memory: object, history: object, event: gr.SelectData, request: gr.Request
    ) -> tuple[Any, ...]:
        return await answer(str(event.value), memory, history, request)

    def start_over(request: gr.Request) -> tuple[Any, ...]:
        opening = conversation.speaking(request.headers.get("accept-language", "")).opening()
        return "", Memory().as_text(), opening, gr.update(visible=False), gr.update(visible=False)

    with gr.Blocks(title=TITLE.format(clinic=conversation.service.clinic.name), analytics_enabled=False) as blocks:
        chat = gr.Chatbot(
            conversation.opening(),
            elem_id="conversation",
            label=LOG,
            show_label=False,
            container=False,
            height="auto",
            layout="panel",
            autoscroll=False,
            buttons=[],
            feedback_options=[],
            latex_delimiters=[],
            line_breaks=False,
            allow_tags=False,
            sanitize_html=True,
            group_consecutive_messages=False,
        )
        with gr.Column(elem_id="composer"):
            stay = gr.Markdown(lifeline, elem_id="lifeline", visible=False, container=False)
            with gr.Row(elem_id="ask"):
                box = gr.Textbox(
                    label=BOX,
                    placeholder=PLACEHOLDER,
                    elem_id="question",
                    max_length=max_length,
                    max_lines=5,
                    container=False,
                    scale=1,
                )
                send = gr.Button(SEND, elem_id="send", variant="primary", scale=0, min_width=0)
            with gr.Row(elem_id="below"):
                gr.Markdown(DISCLOSURE, elem_id="disclosure", container=False)
                again = gr.Button(START_OVER, elem_id="start-over", visible=False, size="sm", scale=0, min_width=0)
        memory = gr.Textbox(Memory().as_text(), visible=False)
        after = [box, memory, chat, stay, again]
        quietly: dict[str, Any] = {
            "queue": False,
            "preprocess": False,
            "show_progress": "hidden",
            "api_visibility": "private",
            "concurrency_limit": None,
        }
        gr.on([box.submit, send.click], answer, [box, memory, chat], after, **quietly)
        chat.option_select(answer_suggestion, [memory, chat], after, **quietly)
        again.click(start_over, None, after, **quietly)
    return blocks


def shown_from_the_start(templates: Templates) -> tuple[str, ...]:
    """Return the texts of the Gradio part before anything was asked, in the templates' language."""
    words = (LOG, BOX, PLACEHOLDER, SEND, START_OVER, DISCLOSURE)
    opening = templates.message("opening.html", lead=EXAMPLES_LEAD)
    return (*map(templates.say, words), opening, templates.message("lifeline.html"))


def _message(role: str, html: str, suggestions: tuple[str, ...] = ()) -> Message:
    message: Message = {"role": role, "content": html}
    if suggestions:
        message["options"] = [{"value": suggestion} for suggestion in suggestions]
    return message
