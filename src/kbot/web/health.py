"""Whether kbot can do its work, for load balancers. That it is alive, `/healthz` says (api.py)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbot.service import Service
    from kbot.web.operation import Operation


def readiness_router(service: Service, operation: Operation) -> APIRouter:
    """Return the route. It waits for no worker, so it answers under load."""
    router = APIRouter(include_in_schema=False)

    @router.get("/readyz")
    async def readiness() -> JSONResponse:
        """Say whether questions can be answered now: an index is open, answering works, and there is room.

        A journal that fails keeps nobody from an answer, so it is told, and does not count.
        """
        journal = service.journal_state
        ready = bool(service.build) and not operation.health.failing and not operation.line.is_full
        told = {
            "status": "ready" if ready else "not ready",
            "build": service.build,
            "index": "open" if service.build else "missing",
            "answering": "failing" if operation.health.failing else "works",
            "line": "full" if operation.line.is_full else "open",
            "journal": "off" if journal is None else "failing" if journal.failing is not None else "works",
        }
        return JSONResponse(told, status_code=200 if ready else 503)

    return router


class Health:
    """Whether the last questions could be answered. One that can be clears it, and so does a rest.

    Without the rest, a load balancer that asks no process that isn't ready would never learn that it is again.
    """

    def __init__(self, *, most: int = 3, rest: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        """`most` failures in a row count as failing, for `rest` seconds after the last; `clock` tells seconds."""
        self._most = most
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._last = 0.0

    @property
    def failing(self) -> bool:
        """True while answering fails."""
        return self._failures >= self._most and self._clock() - self._last < self._rest

    def tell(self, *, failed: bool) -> None:
        """Take note of one question."""
        self._failures = self._failures + 1 if failed else 0
        if failed:
            self._last = self._clock()
