"""The sign-in form and signing out."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, assert_never
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from kbot.accounts.access import Admitted, Refused, Waiting
from kbot.errors import AccountsError
from kbot.web.client import client_address, shared_network
from kbot.web.staff.context import NAME
from kbot.web.staff.cookies import FORM, SESSION, read_cookie, set_cookie
from kbot.web.staff.desk import BusyError
from kbot.web.staff.gate import report
from kbot.web.staff.paths import SIGN_IN, SIGN_OUT, STAFF, root_of

if TYPE_CHECKING:
    from starlette.types import Scope

    from kbot.settings import Settings
    from kbot.web.staff.desk import Desk
    from kbot.web.templates import Templates

_FORM_SECONDS = 3600  # that a form may stay open before it is sent
_MAX_FORM = 8192  # bytes
_FORM_COOKIE = 22  # characters
WRONG = "That name and password don’t belong together. Check both, and try again."
STALE = "This page was open for too long, or cookies are off. Please sign in again."
BUSY = "Many people are trying to sign in just now. Please try again in a minute."
BROKEN = "Nobody can sign in at present. Whoever looks after the server finds the reason in its log."
_WHY = {
    "ended": "You are signed out: your session has ended. Please sign in again.",
    "out": "You are signed out.",
}


def sign_in_router(desk: Desk, settings: Settings, templates: Templates) -> APIRouter:
    """Return the routes of the form and of signing out."""
    pages = _SignIn(desk, settings, templates)
    router = APIRouter(include_in_schema=False)
    router.add_api_route(SIGN_IN, pages.show, methods=["GET"], response_model=None)
    router.add_api_route(SIGN_IN, pages.sign_in, methods=["POST"], response_model=None)
    router.add_api_route(SIGN_OUT, pages.sign_out, methods=["POST"], response_model=None)
    return router


class _SignIn:
    def __init__(self, desk: Desk, settings: Settings, templates: Templates) -> None:
        self._desk = desk
        self._trusted = settings.trusted_proxies
        self._templates = templates

    async def show(self, request: Request) -> Response:
        if getattr(request.state, NAME, None):
            return RedirectResponse(f"{root_of(request.scope)}{STAFF}/", status_code=303)
        return await self._form(request, note=_WHY.get(request.query_params.get("why", ""), ""))

    async def sign_in(self, request: Request) -> Response:
        fields = _fields(request, await request.body())
        try:
            outcome = await self._attempt(request.scope, fields)
        except BusyError:
            return _wait(await self._form(request, status=503, alert=BUSY), 60)
        except AccountsError as error:
            report(error)
            return await self._form(request, status=503, alert=BROKEN)
        match outcome:
            case None:
                return await self._form(request, status=403, alert=STALE)
            case Admitted():
                return _admitted(request.scope, outcome)
            case Refused():
                return await self._form(request, status=403, alert=WRONG)
            case Waiting():
                alert = _too_many(outcome.seconds)
                return _wait(await self._form(request, status=429, alert=alert), outcome.seconds)
            case _:
                assert_never(outcome)

    async def sign_out(self, request: Request) -> Response:
        cookie = read_cookie(request.scope, SESSION)
        try:
            await self._desk.look(lambda access: access.sign_out(cookie))
        except AccountsError as error:
            report(error)
            return await self._form(request, status=503, alert=BROKEN)
        response = RedirectResponse(f"{root_of(request.scope)}{SIGN_IN}?why=out", status_code=303)
        response.headers.append("Set-Cookie", set_cookie(request.scope, SESSION, ""))
        return response

    async def _attempt(self, scope: Scope, fields: dict[str, str]) -> Admitted | Refused | Waiting | None:
        """Return what came of the attempt; None where the form wasn't ours, or was too old."""
        secret = await self._desk.look(lambda access: access.ready())
        if not _is_our_form(secret, fields.get("token", ""), read_cookie(scope, FORM)):
            return None
        client = shared_network(client_address(scope, self._trusted))
        name, password = fields.get("name", ""), fields.get("password", "")
        outcome = await self._desk.check(lambda access: access.sign_in(name, password, client))
        before = read_cookie(scope, SESSION)
        if isinstance(outcome, Admitted) and before:
            # One browser has one session: the id that it came with is good for nothing afterwards.
            await self._desk.look(lambda access: access.sign_out(before))
        return outcome

    async def _form(self, request: Request, *, status: int = 200, alert: str = "", note: str = "") -> Response:
        try:
            secret = await self._desk.look(lambda access: access.ready())
        except AccountsError as error:
            report(error)
            secret, status, alert = b"", 503, BROKEN
        held = read_cookie(request.scope, FORM)
        value = held if len(held) == _FORM_COOKIE and held.isascii() else secrets.token_urlsafe(16)
        html = self._templates.page(
            "staff/sign_in.html",
            root=root_of(request.scope),
            token=_tokens(secret).dumps(value) if secret else "",
            alert=alert,
            note=note,
        )
        response = HTMLResponse(html, status_code=status)
        if secret:
            response.headers.append("Set-Cookie", set_cookie(request.scope, FORM, value))
        return response


def _admitted(scope: Scope, outcome: Admitted) -> Response:
    response = RedirectResponse(f"{root_of(scope)}{STAFF}/", status_code=303)
    response.headers.append("Set-Cookie", set_cookie(scope, SESSION, outcome.cookie))
    response.headers.append("Set-Cookie", set_cookie(scope, FORM, ""))
    return response


def _fields(request: Request, body: bytes) -> dict[str, str]:
    """Return the fields of the form; none where the body is not one of a form."""
    if len(body) > _MAX_FORM or not request.headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    ):
        return {}
    try:
        parsed = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {name: values[0] for name, values in parsed.items()}


def _tokens(secret: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="kbot staff form")


def _is_our_form(secret: bytes, token: str, cookie: str) -> bool:
    try:
        value = _tokens(secret).loads(token, max_age=_FORM_SECONDS)
    except BadData:
        return False
    return bool(cookie) and hmac.compare_digest(str(value).encode(), cookie.encode())


def _too_many(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"There were too many failed attempts. Please wait {minutes} minute{'s' * (minutes > 1)}, then try again."


def _wait(response: Response, seconds: int) -> Response:
    response.headers["Retry-After"] = str(seconds)
    return response
