"""Logs as JSON, a line each, without what visitors typed, and without addresses unless the settings ask for them."""

from __future__ import annotations

import logging
import secrets
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import structlog
from starlette.datastructures import MutableHeaders

from kbot.web.client import client_address
from kbot.web.metrics import Metrics  # noqa: TC001  a middleware's arguments are read at run time

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import TextIO

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kbot.settings import Settings

OTHER = "other"
_ROUTES = {
    "/": "/", "/api/ask": "/api/ask", "/api/feedback": "/api/feedback", "/healthz": "/healthz", "/readyz": "/readyz",
    "/metrics": "/metrics", "/embed.js": "/embed.js", "/openapi.json": "/openapi.json",
}  # fmt: skip
_BEGINNINGS = (
    ("/gradio_api/run/", "chat"), ("/gradio_api/", "/gradio_api"), ("/source/", "/source"), ("/staff", "/staff"),
    ("/ui/", "/ui"), ("/assets/", "/assets"), ("/static/", "/static"),
)  # fmt: skip
_QUIET = {"/healthz", "/readyz", "/metrics"}  # asked every few seconds: counted, and logged where they go wrong
_log = logging.getLogger("kbot.requests")


def route_of(path: str) -> str:
    """Return the route of a path, one of a few names: what stands in a path may come from a visitor."""
    if path in _ROUTES:
        return _ROUTES[path]
    return next((name for beginning, name in _BEGINNINGS if path.startswith(beginning)), OTHER)


class RequestLog:
    """Gives every request an id, counts it, and logs it with route, status and milliseconds."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._every = settings.log != "problems"
        self._trusted = settings.trusted_proxies if settings.log == "addresses" else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        identity = secrets.token_hex(8)
        status = 500

        async def send_with_identity(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = identity
            await send(message)

        with structlog.contextvars.bound_contextvars(request=identity):
            try:
                await self._app(scope, receive, send_with_identity)
            finally:
                self._note(scope, status, (time.perf_counter() - start) * 1000)

    def _note(self, scope: Scope, status: int, ms: float) -> None:
        route = route_of(_path(scope))
        self._metrics.requested(route, status)
        if not self._every or (route in _QUIET and status < 400):
            return
        facts: dict[str, Any] = {"method": _method(scope), "route": route, "status": status, "ms": round(ms, 1)}
        if self._trusted is not None:
            facts["address"] = client_address(scope, self._trusted)
        _log.info("request", extra=facts)


def configure_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Have kbot and the server log JSON lines to standard error, from now on and for the whole process."""
    stamps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(allow=("method", "route", "status", "ms", "address")),
        _without_messages,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    for name in ("kbot", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.WARNING)
    for name in ("uvicorn.error", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(logging.NOTSET)  # as of "uvicorn", whatever uvicorn itself has set
    requests = logging.getLogger("kbot.requests")
    requests.setLevel(logging.WARNING if settings.log == "problems" else logging.INFO)


def _without_messages(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its types and places: its message may hold what a visitor typed."""
    found = event.pop("exc_info", None)
    record = event.get("_record")
    if record is not None:
        found = found or record.exc_info
        record.exc_info = record.exc_text = None
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["places"] = [f"{f.filename}:{f.lineno}" for f in reversed(traceback.extract_tb(error.__traceback__))]
    return event


def _method(scope: Scope) -> str:
    """Return the method, one of a few: a client may send any word as one."""
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"} else OTHER


def _path(scope: Scope) -> str:
    root = str(scope.get("root_path", "")).rstrip("/")
    path = str(scope["path"])
    return path.removeprefix(root) if root and path.startswith(root + "/") else path
