"""What every response says about security and privacy, and what no request may do."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_HEAD = 32_768  # bytes of a request's address and headers: four times the 8 KiB that nginx takes of one line
MAX_BODY = 1_000_000  # bytes of one request
BODY_WITHIN = 15.0  # seconds in which the whole body must be here: slow clients hold memory
NONCE = "kbot_nonce"  # where a page's script nonce stands in the scope's state

_PERMISSIONS = (
    "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)
# The part of Gradio that the page uses. The rest (uploads, files, run history, monitoring, ...) is closed.
_OPEN = ("/gradio_api/run/", "/assets/", "/static/")
_OPEN_EXACTLY = {
    "/", "/api/ask", "/api/feedback", "/config", "/embed.js", "/favicon.ico", "/gradio_api/info", "/healthz",
    "/metrics", "/openapi.json", "/readyz", "/robots.txt", "/theme.css",
}  # fmt: skip
_FRAME_OPTIONS = {"'self'": "SAMEORIGIN", "'none'": "DENY"}  # the older header can't name other origins
_OWN = ("/source/", "/ui/")


class SecurityHeaders:
    """Adds the headers to every response, and a fresh nonce for the page's scripts to every request."""

    def __init__(self, app: ASGIApp, *, frame_ancestors: str = "'self'") -> None:
        self._app = app
        self._frame_ancestors = frame_ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})[NONCE] = nonce

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), _path(scope), nonce)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, path: str, nonce: str) -> None:
        is_page = headers.get("content-type", "").startswith("text/html")
        has_scripts = is_page and not path.startswith("/source/")
        headers["Content-Security-Policy"] = self._policy(nonce if has_scripts else "")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Permissions-Policy"] = _PERMISSIONS
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if self._frame_ancestors in _FRAME_OPTIONS:
            headers["X-Frame-Options"] = _FRAME_OPTIONS[self._frame_ancestors]
        if is_page:
            headers.add_vary_header("Accept-Language")
        if path.startswith("/assets/") or path == "/theme.css":
            # Gradio's addresses of these change with their content.
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif "cache-control" not in headers:
            headers["Cache-Control"] = "no-cache" if is_page else "no-store"

    def _policy(self, nonce: str) -> str:
        """Return the Content-Security-Policy. Gradio writes style attributes; scripts need their page's nonce."""
        scripts = f"'self' 'nonce-{nonce}'" if nonce else "'none'"
        return "; ".join(
            [
                "default-src 'none'",
                f"script-src {scripts}",
                "style-src 'self' 'unsafe-inline'" if nonce else "style-src 'self'",
                "img-src 'self' data:",
                "font-src 'self'",
                "connect-src 'self'",
                "base-uri 'self'",
                "form-action 'none'",
                f"frame-ancestors {self._frame_ancestors}",
            ]
        )


class HeadLimit:
    """Refuses a request whose address and headers are over the limit with 431, and closes its connection.

    The server itself bounds only heads that arrive in parts: it takes one that is whole, however large (serve.py).
    """

    def __init__(self, app: ASGIApp, *, max_head: int = MAX_HEAD) -> None:
        self._app = app
        self._max_head = max_head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or self._size(scope) <= self._max_head:
            await self._app(scope, receive, send)
            return
        what = f"the address and the headers are larger than {self._max_head} bytes together"
        headers = {"Connection": "close", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        await JSONResponse({"error": f"{what}: send fewer cookies"}, 431, headers)(scope, receive, send)

    @staticmethod
    def _size(scope: Scope) -> int:
        address = len(scope.get("raw_path") or b"") + len(scope.get("query_string", b""))
        return address + sum(len(name) + len(value) + 4 for name, value in scope["headers"])


class Limits:
    """Refuses bodies over the limit, and every address of Gradio that the page doesn't use."""

    def __init__(self, app: ASGIApp, *, nowhere: str, max_body: int = MAX_BODY, within: float = BODY_WITHIN) -> None:
        self._app = app
        self._within = within
        self._nowhere = nowhere  # the page for an address that isn't there
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._is_open(_path(scope)):
            await self._missing(scope)(scope, receive, send)
            return
        too_large = JSONResponse(
            {"error": f"the request is larger than {self._max_body} bytes: send a shorter question"}, status_code=413
        )
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._max_body:
            await too_large(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._within):
                body = await self._read(receive)
        except TimeoutError:
            slow = {"error": f"the request did not arrive within {self._within:g} seconds: send it again"}
            await JSONResponse(slow, status_code=408, headers={"Connection": "close"})(scope, receive, send)
            return
        if body is None:
            await too_large(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)

    def _missing(self, scope: Scope) -> Response:
        if b"text/html" in dict(scope["headers"]).get(b"accept", b""):
            return HTMLResponse(self._nowhere, status_code=404)
        return JSONResponse({"error": "there is nothing at this address"}, status_code=404)

    def _is_open(self, path: str) -> bool:
        return path in _OPEN_EXACTLY or path.startswith(_OPEN + _OWN)

    async def _read(self, receive: Receive) -> bytes | None:
        """Return the whole body, None where it grows past the limit (a body sent in chunks names no length)."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b"".join(parts)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._max_body:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)


def _path(scope: Scope) -> str:
    root = str(scope.get("root_path", "")).rstrip("/")
    path = str(scope["path"])
    return path.removeprefix(root) if root and path.startswith(root + "/") else path
