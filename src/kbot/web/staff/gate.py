"""The gate: every address under /staff but the sign-in form needs a session."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from kbot.errors import AccountsError
from kbot.web.client import client_address, is_from_trusted_proxy
from kbot.web.staff.context import NAME
from kbot.web.staff.cookies import SESSION, read_cookie, set_cookie
from kbot.web.staff.origin import is_from_our_pages
from kbot.web.staff.paths import PUBLIC, SIGN_IN, STAFF, is_open, own_path, root_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kbot.accounts.access import StaffAccess
    from kbot.settings import Settings
    from kbot.web.staff.desk import Desk
    from kbot.web.templates import Templates

MAX_BODY = 1_000_000  # bytes of one request
BY_PROXY = "kbot_staff_by_proxy"  # in a request's state: true where the reverse proxy signs this person in
_SAFE = {"GET", "HEAD"}
_LOG = logging.getLogger("kbot.staff")


class Gate:
    """Lets requests with a session through, and tells the app behind it whose session it is."""

    def __init__(self, app: ASGIApp, *, desk: Desk, settings: Settings, templates: Templates) -> None:
        self._app = app
        self._desk = desk
        self._trusted = settings.trusted_proxies
        self._header = settings.staff_header.lower().encode("ascii")
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        refused = self._refused_outright(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        said = self._take_header(scope)
        path = own_path(scope)
        cookie = read_cookie(scope, SESSION)
        try:
            if said:
                name, cookie, new = await self._vouched(scope, said, cookie)
            else:
                session = await self._desk.look(lambda access: access.session(cookie)) if cookie else None
                name, new = (session.name if session else None), False
        except AccountsError as error:
            await self._broken(scope, error)(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state[NAME], state[BY_PROXY] = name, bool(said)
        if name is None and (said or path not in PUBLIC):
            await self._nobody(scope, unknown=bool(said))(scope, receive, send)
        elif not is_open(path):
            await self._nothing(scope)(scope, receive, send)
        else:
            body = b"" if scope["method"] in _SAFE else await _read_body(receive)
            if body is None:
                await _too_large()(scope, receive, send)
                return
            await self._app(scope, _replaying(body, receive), _handing_out(scope, send, cookie) if new else send)

    def _refused_outright(self, scope: Scope) -> Response | None:
        """Return the answer to a request that nobody may send, signed in or not."""
        if scope["method"] not in {*_SAFE, "POST"}:
            return JSONResponse({"error": "this is not a method of the staff page"}, status_code=405)
        if scope["method"] not in _SAFE and not is_from_our_pages(scope):
            return JSONResponse({"error": "this was not sent by the staff page itself"}, status_code=403)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MAX_BODY:
            return _too_large()
        if own_path(scope) == STAFF:
            return RedirectResponse(f"{root_of(scope)}{STAFF}/", status_code=307)
        return None

    def _take_header(self, scope: Scope) -> str:
        """Take the reverse proxy's header off the request; its value counts if a trusted proxy sent it, once."""
        if not self._header:
            return ""
        values = [value for name, value in scope["headers"] if name == self._header]
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != self._header]
        if len(values) != 1 or not is_from_trusted_proxy(scope, self._trusted):
            return ""
        return str(values[0].decode("latin-1"))

    async def _vouched(self, scope: Scope, said: str, cookie: str) -> tuple[str | None, str, bool]:
        """Return the account that the proxy names, its session's cookie, and whether that session is new."""
        client = client_address(scope, self._trusted)

        def find(access: StaffAccess) -> tuple[str | None, str, bool]:
            name = access.vouched(said)
            session = access.session(cookie) if cookie else None
            if name is None or (session is not None and session.name == name):
                return name, cookie, False
            return name, access.begin_for(name, client), True

        return await self._desk.look(find)

    def _nobody(self, scope: Scope, *, unknown: bool) -> Response:
        if not _wants_page(scope):
            return JSONResponse({"error": "sign in first"}, status_code=401)
        if unknown:
            return self._page(
                scope,
                "You have no account here",
                "You are signed in to the clinic’s network, but that name has no account for this page. "
                "Whoever looks after the server makes one.",
                403,
            )
        ended = "?why=ended" if read_cookie(scope, SESSION) else ""
        return RedirectResponse(f"{root_of(scope)}{SIGN_IN}{ended}", status_code=303)

    def _nothing(self, scope: Scope) -> Response:
        if _wants_page(scope):
            return self._page(scope, "We could not find this page", "The staff page has no such part.", 404)
        return JSONResponse({"error": "there is nothing at this address"}, status_code=404)

    def _broken(self, scope: Scope, error: AccountsError) -> Response:
        report(error)
        return self._page(
            scope,
            "Nobody can sign in at present",
            "The accounts can’t be read. Whoever looks after the server finds the reason in its log.",
            503,
        )

    def _page(self, scope: Scope, heading: str, explanation: str, status: int) -> Response:
        html = self._templates.page(
            "staff/notice.html", heading=heading, explanation=explanation, root=root_of(scope)
        )
        return HTMLResponse(html, status_code=status)


def report(error: AccountsError) -> None:
    """Tell whoever runs the server what is wrong with the accounts."""
    _LOG.error("%s", error)


def _too_large() -> Response:
    return JSONResponse({"error": f"the request is larger than {MAX_BODY} bytes"}, status_code=413)


def _wants_page(scope: Scope) -> bool:
    return scope["method"] in _SAFE and b"text/html" in dict(scope["headers"]).get(b"accept", b"")


def _handing_out(scope: Scope, send: Send, cookie: str) -> Send:
    """Return a `send` that gives the browser the cookie of its new session."""

    async def handing_out(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Set-Cookie", set_cookie(scope, SESSION, cookie))
        await send(message)

    return handing_out


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body, None where it grows past the limit: one that is sent in chunks names no length."""
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if len(body) > MAX_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay
