"""The door between the two apps: /staff goes to the staff's app, everything else to the visitors'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.web.staff.paths import is_staff, own_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class StaffDoor:
    """Sends each request to one of two apps that know nothing of each other: no visitor's address leads to staff."""

    def __init__(self, app: ASGIApp, *, staff: ASGIApp) -> None:
        self._app = app
        self._staff = staff

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in {"http", "websocket"} or not is_staff(own_path(scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._staff(scope, receive, send)
