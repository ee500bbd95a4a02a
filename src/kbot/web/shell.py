"""The page around Gradio: our own document, with the parts of Gradio's page that start it.

Gradio's page brings no heading, no landmarks and no way to reach a person before its scripts have run, and it names
other hosts. Ours has them in plain HTML, so they are there at once, and stay where scripts fail.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from kbot.web.chat import shown_from_the_start
from kbot.web.security import NONCE
from kbot.web.wording import TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kbot.records import Document
    from kbot.service import Service
    from kbot.web.templates import Templates

_MOST_LISTED = 200  # documents linked below the chat
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)
_SHEET = re.compile(r'<link\b[^>]*rel="stylesheet"[^>]*>')
_APP = re.compile(r"<gradio-app\b.*?</gradio-app>", re.DOTALL)
_CONFIG = re.compile(r"(window\.gradio_config = )(\{.*?\})(;?\s*</script>)", re.DOTALL)
_NEEDED = ("window.gradio_config =", "window.gradio_api_info =", "window.__gradio_mode__ =", 'type="module"')


class Shell:
    """Answers `GET /` with our page, made from what Gradio would have answered."""

    def __init__(self, app: ASGIApp, *, service: Service, templates: Templates) -> None:
        self._app = app
        self._service = service
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        root = str(scope.get("root_path", "")).rstrip("/")
        if (
            scope["type"] != "http"
            or scope["method"] not in {"GET", "HEAD"}
            or scope["path"] not in {f"{root}/", "/"}
        ):
            await self._app(scope, receive, send)
            return
        page = await _collect(self._app, scope, receive)
        if page.status_code == 200:
            accepted = Headers(scope=scope).get("accept-language", "")
            html = self._page(bytes(page.body).decode("utf-8"), root, scope["state"][NONCE], accepted)
            page = HTMLResponse("" if scope["method"] == "HEAD" else html)
        await page(scope, receive, send)

    def _page(self, gradio: str, root: str, nonce: str, accepted: str) -> str:
        scripts, app = essentials(gradio, nonce)
        templates = self._templates.speaking(accepted)
        if templates.language != self._templates.language:
            ours, theirs = shown_from_the_start(self._templates), shown_from_the_start(templates)
            scripts = translate_config(scripts, dict(zip(ours, theirs, strict=True)))
        clinics_own = (d for d in self._service.documents.values() if not d.kind.is_study)
        documents: Sequence[Document] = list(islice(clinics_own, _MOST_LISTED))  # a corpus may have a million
        return templates.page(
            "chat.html",
            title=templates.say(TITLE).format(clinic=self._service.clinic.name),
            scripts=Markup(scripts),  # noqa: S704  Gradio's own
            app=Markup(app),  # noqa: S704  Gradio's own
            documents=documents,
            root=root,
        )


def essentials(page: str, nonce: str) -> tuple[str, str]:
    """Return Gradio's scripts and style sheets, the scripts with the nonce, and the element that it fills.

    Raises:
        ValueError: the page isn't as this version of Gradio writes it.
    """
    scripts = [script for script in _SCRIPT.findall(page) if any(part in script for part in _NEEDED)]
    app = _APP.search(page)
    if app is None or not scripts:
        raise ValueError("Gradio's page has changed: kbot/web/shell.py must learn its new form")
    head = [script.replace("<script", f'<script nonce="{nonce}"', 1) for script in scripts]
    return "\n".join([*head, *_SHEET.findall(page)]), app.group()


def translate_config(scripts: str, words: Mapping[str, str]) -> str:
    """Return Gradio's scripts with the texts of its configuration replaced: it has one for all visitors.

    Only a whole text is replaced, never a part of one.
    """

    def replaced(value: Any) -> Any:
        match value:
            case str():
                return words.get(value, value)
            case list():
                return [replaced(item) for item in value]
            case dict():
                return {key: replaced(item) for key, item in value.items()}
            case _:
                return value

    def rewrite(config: re.Match[str]) -> str:
        # As a part of a script, "</script>" in a text would end it.
        return config[1] + json.dumps(replaced(json.loads(config[2]))).replace("</", "<\\/") + config[3]

    return _CONFIG.sub(rewrite, scripts, count=1)


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """Return what the app answers, whole and not compressed."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    status, body = 500, bytearray()

    async def gather(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    await app({**scope, "method": "GET", "headers": headers}, receive, gather)
    return Response(bytes(body), status_code=status, media_type="text/html")
