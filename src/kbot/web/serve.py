"""Serving the web app on an address of this machine."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from kbot.errors import ServeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbot.service import Service
    from kbot.settings import Settings


CONNECTIONS = 2000  # at a time: beyond, the server says 503 without a word
GRACE = 20  # seconds that questions under way have when kbot is stopped


def serve(settings: Settings, service: Service, *, say: Callable[[str], None] = print) -> None:
    """Serve the chat until interrupted; `say` gets the address once it answers.

    A build that is published meanwhile is taken up while it runs.

    Raises:
        ServeError: the address can't be listened on.
    """
    listener = listen(settings)  # before anything slow, so that a taken port is known at once
    import uvicorn

    from kbot.web.app import create_app
    from kbot.web.logs import configure_logs
    from kbot.web.operation import Operation
    from kbot.web.renewal import Renewal
    from kbot.web.security import MAX_HEAD

    configure_logs(settings)
    operation = Operation(settings)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            say(f"The chat is on {address(settings)} (stop it with Ctrl+C)")

    config = uvicorn.Config(
        Renewal(service, lambda renewed: create_app(renewed, operation)),
        # It bounds a request's head that arrives in parts, which httptools does not; security.py bounds whole ones.
        http="h11",
        h11_max_incomplete_event_size=MAX_HEAD,
        log_config=None,  # configure_logs has done it
        # The connections of this process; questions are refused long before, with the clinic's number.
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE,
        access_log=False,  # it would hold addresses of visitors
        server_header=False,
        proxy_headers=False,  # web/client.py decides which proxy is believed
        root_path=settings.root_path,
    )
    try:
        Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return
    finally:
        operation.close()
        listener.close()


def address(settings: Settings) -> str:
    """Return the web address that a browser on this machine opens."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  what was asked for
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def listen(settings: Settings) -> socket.socket:
    """Return a socket bound to the settings' host and port.

    Raises:
        ServeError: the port is taken or not allowed, or the host is not an address of this machine.
    """
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ServeError(f"can't serve on {where}: {error.strerror}: set --host or KBOT_HOST") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ServeError(f"can't serve on {where}: {_reason(error)}") from None
    return listener


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use: stop the program that uses it, or choose another with --port or KBOT_PORT"
        case errno.EACCES:
            return "this user may not use the port: choose one from 1024 on with --port or KBOT_PORT"
        case errno.EADDRNOTAVAIL:
            return "this machine doesn't have that address: set --host or KBOT_HOST, e.g. to 127.0.0.1"
        case _:
            return f"{error.strerror}: set --host and --port, or KBOT_HOST and KBOT_PORT"
