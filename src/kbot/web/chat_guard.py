"""What may reach the chat's functions: a question, a memory and messages as texts, and nothing else.

Gradio itself answers a request of another shape with 500 and a traceback that repeats what was typed, and takes what
looks like a file for one: it would copy files of this machine into its cache.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gradio.components import Chatbot
from starlette.responses import JSONResponse

from kbot.web.chat import read_history

if TYPE_CHECKING:
    from collections.abc import Mapping

    import gradio as gr
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RUN = "/gradio_api/run/"
_SERVER = b"x-gradio-server"
_LONGEST = 1_000_000  # characters of a text; the body of a request is bounded before


class ChatGuard:
    """Rebuilds every request to a function of the chat from what is expected in it, and refuses the rest with 400."""

    def __init__(self, app: ASGIApp, *, blocks: gr.Blocks) -> None:
        self._app = app
        functions = {number: function for number, function in blocks.fns.items() if function.fn is not None}
        self._inputs = {
            number: [isinstance(block, Chatbot) for block in function.inputs]
            for number, function in functions.items()
        }  # function -> whether each input is the conversation
        self._names = {str(function.api_name): number for number, function in functions.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope.get("path", ""))
        at = path.find(_RUN)
        # Gradio would write the address in this header into the page, as the one that it asks.
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != _SERVER]}
        if at < 0:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "POST":
            await _refuse("the chat's functions are called with POST", 405)(scope, receive, send)
            return
        body = self._rebuilt(path[at + len(_RUN) :], await _read(receive))
        if body is None:
            await _refuse("this is not what the chat sends: ask with POST /api/ask", 400)(scope, receive, send)
            return
        kept = [pair for pair in scope["headers"] if pair[0] not in {b"content-length", b"content-type"}]
        headers = [*kept, (b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app({**scope, "headers": headers}, replay, send)

    def _rebuilt(self, name: str, body: bytes) -> bytes | None:
        """Return the body that Gradio may read; None where a function, or its number of inputs, is not the chat's."""
        try:
            sent = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError):
            return None
        if not isinstance(sent, dict):
            return None
        number = sent.get("fn_index") if name == "predict" else self._names.get(name)
        data = sent.get("data")
        if not isinstance(number, int) or number not in self._inputs or not isinstance(data, list):
            return None
        inputs = self._inputs[number]
        if len(data) != len(inputs):
            return None
        read = [_messages(value) if talks else _text(value) for value, talks in zip(data, inputs, strict=True)]
        trigger = sent.get("trigger_id")
        rebuilt = {
            "data": read,
            "fn_index": number,
            "event_data": _event(sent.get("event_data")),
            "trigger_id": trigger if isinstance(trigger, int) and abs(trigger) < 2**31 else None,
            # No session: Gradio would keep something for every word that is sent as one.
            "session_hash": None,
        }
        return json.dumps(rebuilt).encode()


def _messages(value: object) -> list[dict[str, Any]]:
    """Return the conversation in the shape that the browser sends it in."""
    return [
        {"role": message["role"], "content": [{"type": "text", "text": _text(message["content"])}]}
        for message in read_history(value)
    ]


def _text(value: object) -> str:
    """Return a text without halves of surrogate pairs; what is no text is none."""
    return value[:_LONGEST].encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _event(data: object) -> Mapping[str, object]:
    """Return which suggestion was pressed."""
    value = data.get("value") if isinstance(data, dict) else ""
    return {"index": 0, "value": _text(value), "selected": True}


async def _read(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _refuse(why: str, status: int) -> JSONResponse:
    return JSONResponse({"error": why}, status_code=status)
