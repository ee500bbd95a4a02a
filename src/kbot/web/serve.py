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


def serve(settings: Settings, service: Service, *, say: Callable[[str], None] = print) -> None:
    """Serve the chat until interrupted; `say` gets the address once it answers.

    Raises:
        ServeError: the address can't be listened on.
    """
    listener = listen(settings)  # before anything slow, so that a taken port is known at once
    import uvicorn

    from kbot.web.app import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            say(f"The chat is on {address(settings)} (stop it with Ctrl+C)")

    config = uvicorn.Config(
        create_app(service),
        log_level="warning",
        access_log=False,  # it would hold addresses of visitors
        server_header=False,
        root_path=settings.root_path,
    )
    try:
        Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return
    finally:
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
