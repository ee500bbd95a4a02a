"""Whether a request that changes something was sent by one of our own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import Scope


def is_from_our_pages(scope: Scope) -> bool:
    """Return whether the browser says that a page of this very origin sends the request.

    A browser sends Origin with every POST, and lets no page choose it, or the other headers that are looked at. Who
    sends neither Origin nor Sec-Fetch-Site is no browser, and is refused, too.
    """
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None and site != b"same-origin":
        return False
    origin = headers.get(b"origin")
    if origin is None:
        return site is not None
    ours = {_host(headers[name]) for name in (b"host", b"x-forwarded-host") if name in headers}
    return _host(_netloc(origin)) in ours - {""}


def _netloc(origin: bytes) -> bytes:
    try:
        parts = urlsplit(origin.decode("latin-1"))
    except ValueError:
        return b""
    return parts.netloc.encode("latin-1") if parts.scheme in {"http", "https"} else b""


def _host(host: bytes) -> str:
    """Return a host with its port, unless that is one that browsers leave out."""
    name = host.decode("latin-1").split(",")[0].strip().lower()
    return name.removesuffix(":443").removesuffix(":80")
