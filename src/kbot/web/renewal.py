"""A new build takes over while the app runs: without a restart, a failed request or an answer of two builds.

Every request is served whole by the app of one build: the page around an answer, its phone number and its source
pages are of the build that answers. A new build is opened and warmed beside the old one; then one reference changes,
and the old app ends once its last request has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from kbot.errors import KbotError
from kbot.search.manifest import read_manifest, stamp
from kbot.search.settled import open_settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kbot.service import Service

_log = logging.getLogger("kbot.web")
EVERY = 1.0  # seconds between two looks at the manifest
_AGAIN = 15.0  # seconds after which a build that could not be opened is tried again
_LONGEST = 60.0  # seconds that the server's end waits for a build that is being opened


class Renewal:
    """The web app of whatever build is served now."""

    def __init__(
        self, service: Service, make_app: Callable[[Service], ASGIApp], *, every: float | None = EVERY
    ) -> None:
        """`every` is how often the index is looked at, in seconds; None: only when `look` is called."""
        self._service = service
        self._make_app = make_app
        self._every = every
        self._current = _Running(make_app(service))
        self._ended: set[asyncio.Task[None]] = set()
        self._stop = threading.Event()
        # What was seen of the index when it was last opened, and the time from which a failure is tried again.
        self._seen = stamp(service.settings.index) if service.trouble is None else None
        self._try_at = 0.0

    @property
    def service(self) -> Service:
        """The service of the build that answers now."""
        return self._service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._current.serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._current.start()
        except RuntimeError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        loop = asyncio.get_running_loop()
        watcher = None
        if self._every is not None:
            watcher = threading.Thread(target=self._watch, args=(loop,), name="kbot-renewal", daemon=True)
            watcher.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stop.set()
        if watcher is not None:
            # In a thread: the watcher may be waiting for this very loop.
            await loop.run_in_executor(None, watcher.join, _LONGEST)
        for task in self._ended:
            task.cancel()  # the server has ended its requests, or given them up
        await self._current.end()
        await send({"type": "lifespan.shutdown.complete"})

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stop.wait(self._every):
            try:
                self.look(loop)
            except Exception as error:  # noqa: BLE001  a defect must not end the watch: the next build may be sound
                _log.error("a new build could not be taken up", exc_info=error)
                self._warn(f"the new one could not be taken up ({type(error).__name__}), the log says more")

    def look(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Look at the index and take up a new build; True where one was. Call it from another thread than the loop's.

        A build that can't be opened leaves the one that is served, and a warning in its `trouble`.
        """
        settings = self._service.settings
        seen = stamp(settings.index)
        troubled = self._service.trouble is not None
        if seen == self._seen and not (troubled and time.monotonic() >= self._try_at):
            return False
        self._seen, self._try_at = seen, time.monotonic() + _AGAIN
        try:
            manifest = read_manifest(settings.index)
            if manifest.directory == self._service.directory:
                self._service.trouble = None  # the one that is served came back, or was written again
                return False
            index = open_settled(settings)
            service = self._service.renewed(index)
            service.warm()
        except KbotError as error:
            self._warn(str(error))
            return False
        app = _Running(self._make_app(service))
        # Written again while it was opened? Then the next look finds the stamp changed.
        asyncio.run_coroutine_threadsafe(self._take_up(app, service), loop).result()
        _log.warning("build %s is served now", service.build)
        return True

    def _warn(self, reason: str) -> None:
        served = self._service.build
        trouble = f"{f'build {served} is still served' if served else 'there is no build to answer from'}: {reason}"
        if trouble != self._service.trouble:
            _log.warning("%s", trouble)
        self._service.trouble = trouble

    async def _take_up(self, app: _Running, service: Service) -> None:
        await app.start()
        old, outgoing = self._current, self._service
        self._current, self._service = app, service
        task = asyncio.get_running_loop().create_task(self._retire(old, outgoing))
        self._ended.add(task)
        task.add_done_callback(self._ended.discard)

    async def _retire(self, app: _Running, service: Service) -> None:
        await app.end_when_idle()
        service.let_go()


class _Running:
    """An app with its life (ASGI's lifespan) and a count of its requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._requests = 0
        self._idle: asyncio.Event | None = None  # made within the loop
        self._state: dict[str, Any] = {}
        self._life: asyncio.Task[None] | None = None
        self._orders: asyncio.Queue[Message] | None = None
        self._reports: asyncio.Queue[Message] | None = None

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        self._requests += 1
        try:
            state = {**scope.get("state", {}), **self._state}
            await self._app({**scope, "state": state}, receive, send)
        finally:
            self._requests -= 1
            if self._requests == 0 and self._idle is not None:
                self._idle.set()

    async def start(self) -> None:
        """Have the app begin.

        Raises:
            RuntimeError: it says that it can't.
        """
        self._orders, self._reports = asyncio.Queue(), asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        self._life = asyncio.get_running_loop().create_task(
            self._app(scope, self._orders.get, self._reports.put)  # type: ignore[arg-type]
        )
        await self._order("startup")

    async def end(self) -> None:
        """Have the app end."""
        if self._life is not None and not self._life.done():
            with contextlib.suppress(RuntimeError):
                await self._order("shutdown")
            await asyncio.wait([self._life])

    async def end_when_idle(self) -> None:
        """Have the app end after its last request."""
        self._idle = asyncio.Event()
        if self._requests:
            await self._idle.wait()
        await self.end()

    async def _order(self, what: str) -> None:
        assert self._orders is not None  # noqa: S101  `start` makes both
        assert self._reports is not None  # noqa: S101
        assert self._life is not None  # noqa: S101
        await self._orders.put({"type": f"lifespan.{what}"})
        report = asyncio.ensure_future(self._reports.get())
        await asyncio.wait({report, self._life}, return_when=asyncio.FIRST_COMPLETED)
        if not report.done():
            report.cancel()
            raise RuntimeError(f"the app ended during its {what}") from self._life.exception()
        message = report.result()
        if message["type"].endswith(".failed"):
            raise RuntimeError(str(message.get("message", "")))
