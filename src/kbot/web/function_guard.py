"""What may reach the functions of a Gradio page: texts, and the conversation as texts, and nothing else.

Gradio itself answers a request of another shape with 500 and a traceback that repeats what was typed, and takes what
looks like a file for one: it would copy files of this machine into its cache.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gradio.components import Chatbot, Dropdown, Radio, Textbox
from starlette.responses import JSONResponse

from kbot.web.chat import read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import gradio as gr
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RUN = "/gradio_api/run/"
_SERVER = b"x-gradio-server"
_LONGEST = 1_000_000  # characters of a text; the body of a request is bounded before


class FunctionGuard:
    """Rebuilds every request to a function of a page from what is expected in it, and refuses the rest with 400."""

    def __init__(self, app: ASGIApp, *, blocks: gr.Blocks, refusal: str) -> None:
        """`refusal` is what a request that the page does not send is answered with.

        Raises:
            ValueError: a function takes a component that is not known here, so it would get nothing of it.
        """
        self._app = app
        self._refusal = refusal
        functions = {number: function for number, function in blocks.fns.items() if function.fn is not None}
        self._readers = {number: [_reader(block) for block in f.inputs] for number, f in functions.items()}
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
            await _refuse("the functions of this page are called with POST", 405)(scope, receive, send)
            return
        body = self._rebuilt(path[at + len(_RUN) :], await _read(receive))
        if body is None:
            await _refuse(self._refusal, 400)(scope, receive, send)
            return
        kept = [pair for pair in scope["headers"] if pair[0] not in {b"content-length", b"content-type"}]
        headers = [*kept, (b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app({**scope, "headers": headers}, replay, send)

    def _rebuilt(self, name: str, body: bytes) -> bytes | None:
        """Return the body that Gradio may read; None where a function, or its number of inputs, is not the page's."""
        try:
            sent = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError):
            return None
        if not isinstance(sent, dict):
            return None
        number = sent.get("fn_index") if name == "predict" else self._names.get(name)
        data = sent.get("data")
        if not isinstance(number, int) or number not in self._readers or not isinstance(data, list):
            return None
        readers = self._readers[number]
        if len(data) != len(readers):
            return None
        trigger = sent.get("trigger_id")
        rebuilt = {
            "data": [read(value) for read, value in zip(readers, data, strict=True)],
            "fn_index": number,
            "event_data": _event(sent.get("event_data")),
            "trigger_id": trigger if isinstance(trigger, int) and abs(trigger) < 2**31 else None,
            # No session: Gradio would keep something for every word that is sent as one.
            "session_hash": None,
        }
        return json.dumps(rebuilt).encode()


def _reader(component: object) -> Callable[[object], object]:
    """Return what reads the value of a component as it was sent."""
    match component:
        case Chatbot():
            return _messages
        case Textbox() | Radio() | Dropdown():
            return _text
        case _:
            raise ValueError(f"no function of a page may take a {type(component).__name__}: say here how it is read")


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
