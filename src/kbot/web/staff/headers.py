"""What every response of the staff pages says about security: nobody frames it, and nobody keeps it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from kbot.web.security import NONCE
from kbot.web.staff.paths import STAFF, own_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FIXED = {
    # A form's Origin is "null" under no-referrer, and the gate could not tell it from another site's.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}


class StaffHeaders:
    """Adds the headers to every response, and a fresh nonce for the page's scripts to every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})[NONCE] = nonce
        path = own_path(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_board = path == f"{STAFF}/" and headers.get("content-type", "").startswith("text/html")
                for name, value in _FIXED.items():
                    headers[name] = value
                headers["Content-Security-Policy"] = _policy(nonce if is_board else "")
                # Gradio's own files, whose addresses change with their content, hold nothing of the clinic's.
                fixed = path.startswith(f"{STAFF}/assets/") and message["status"] == 200
                headers["Cache-Control"] = "private, max-age=31536000, immutable" if fixed else "no-store"
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _policy(nonce: str) -> str:
    """Return the Content-Security-Policy: Gradio and its charts write style attributes, scripts need their nonce."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'" if nonce else "script-src 'none'",
            "style-src 'self' 'unsafe-inline'" if nonce else "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'" if nonce else "connect-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
