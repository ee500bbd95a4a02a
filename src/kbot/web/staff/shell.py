"""The page around the staff's Gradio part: our own document, as for visitors, with the way to sign out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from kbot.web.security import NONCE
from kbot.web.shell import essentials
from kbot.web.staff.context import NAME
from kbot.web.staff.gate import BY_PROXY
from kbot.web.staff.paths import STAFF, own_path, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kbot.settings import Settings
    from kbot.web.templates import Templates


class StaffShell:
    """Answers `GET /staff/` with our page, made from what Gradio would have answered."""

    def __init__(self, app: ASGIApp, *, settings: Settings, templates: Templates, files: Sequence[str]) -> None:
        self._app = app
        self._idle_seconds = settings.staff_idle_minutes * 60
        self._templates = templates
        self._sheets = [name for name in files if name.endswith(".css")]
        self._scripts = [name for name in files if name.endswith(".js")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or own_path(scope) != f"{STAFF}/" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        page = await _collect(self._app, scope, receive)
        if page.status_code == 200:
            scripts, app = essentials(bytes(page.body).decode("utf-8"), scope["state"][NONCE])
            html = self._templates.page(
                "staff/board.html",
                scripts=Markup(scripts),  # noqa: S704  Gradio's own
                app=Markup(app),  # noqa: S704  Gradio's own
                root=root_of(scope),
                sheets=self._sheets,
                files=self._scripts,
                member=scope["state"][NAME],
                by_proxy=scope["state"][BY_PROXY],
                idle_seconds=self._idle_seconds,
            )
            page = HTMLResponse("" if scope["method"] == "HEAD" else html)
        await page(scope, receive, send)


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
