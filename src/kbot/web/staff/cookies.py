"""The two cookies of the staff pages. Visitors get none."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from kbot.web.client import came_by_https
from kbot.web.staff.paths import STAFF, root_of

if TYPE_CHECKING:
    from starlette.types import Scope

SESSION = "kbot_staff"
FORM = "kbot_staff_form"  # ties the form of the sign-in page to the browser that got it
_LONGEST = 4096  # bytes of a Cookie header that is read


def read_cookie(scope: Scope, name: str) -> str:
    """Return the value of a cookie, "" where there is none."""
    for header, value in scope["headers"]:
        if header == b"cookie" and len(value) <= _LONGEST:
            try:
                cookies = SimpleCookie(value.decode("latin-1"))
            except CookieError:
                continue
            if name in cookies:
                return cookies[name].value
    return ""


def set_cookie(scope: Scope, name: str, value: str) -> str:
    """Return the header that gives the browser a cookie until it is closed; an empty value takes it away.

    Other sites' pages and scripts can't use it, and it is sent to the staff pages only.
    """
    parts = [f"{name}={value}", f"Path={root_of(scope)}{STAFF}", "HttpOnly", "SameSite=Strict"]
    if not value:
        parts.append("Max-Age=0")
    if came_by_https(scope):
        parts.append("Secure")
    return "; ".join(parts)
