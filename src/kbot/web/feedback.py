"""What the page sends where a visitor says whether an answer was of help: `POST /api/feedback`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from kbot.web.asking import BUSY, BUSY_FOR, STATUS, TOO_MANY, report
from kbot.web.cards import answer_card
from kbot.web.limits import FEEDBACK
from kbot.web.line import LineFullError

if TYPE_CHECKING:
    from starlette.types import Scope

    from kbot.records import Answer, Fallback
    from kbot.service import Service
    from kbot.web.operation import Operation
    from kbot.web.templates import Templates

MAX_TICKET, MAX_REASON = 100, 1000  # characters
CHANNEL = "feedback"  # where refusals are counted


@dataclass(frozen=True, slots=True)
class _Said:
    """What a visitor says of an answer."""

    ticket: str
    helpful: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Refused:
    """There is no room for it now."""

    why: str
    seconds: int  # after which to send it again


def feedback_router(service: Service, templates: Templates, operation: Operation) -> APIRouter:
    """Return the route. It answers with HTML to show where the reason is itself a cry for help."""
    router = APIRouter(include_in_schema=False)

    @router.post("/api/feedback")
    async def feedback(request: Request) -> JSONResponse:
        said = _read(await request.body())
        if said is None:
            return JSONResponse(
                {"error": 'send {"ticket": "...", "helpful": true, "reason": "..."}'}, status_code=400
            )
        try:
            kept = await _keep(service, operation, request.scope, said)
            if isinstance(kept, _Refused):
                operation.metrics.refused(CHANNEL, "rate" if kept.why == TOO_MANY else kept.why)
                later = {"Retry-After": str(kept.seconds)}
                return JSONResponse({"error": "send this again later"}, STATUS[kept.why], later)
            spoken = templates.speaking(request.headers.get("accept-language", ""))
            return JSONResponse({"html": answer_card(kept, spoken) if kept else ""})
        except Exception as error:  # noqa: BLE001  the page says that it didn't get through
            report(error)
        return JSONResponse({"error": "this could not be kept"}, status_code=500)

    return router


async def _keep(service: Service, operation: Operation, scope: Scope, said: _Said) -> Answer | _Refused | None:
    """Keep it; return the reply to a reason that is a cry for help, which is given even where there is no room."""

    def keep() -> Fallback | None:
        return service.feedback(said.ticket, helpful=said.helpful, reason=said.reason)

    refused = None
    if seconds := operation.rate.refuse_for(scope, [said.reason], what=FEEDBACK):
        refused = _Refused(TOO_MANY, seconds)
    elif not said.reason.strip():
        return await run_in_threadpool(keep)
    else:
        try:
            return await operation.line.run(keep)  # a reason is read like a question
        except LineFullError:
            refused = _Refused(BUSY, BUSY_FOR)
    urgent = service.urgent([said.reason], channel="chat")
    return urgent.answer if urgent is not None else refused


def _read(body: bytes) -> _Said | None:
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    ticket, helpful, reason = data.get("ticket"), data.get("helpful"), data.get("reason", "")
    if not isinstance(ticket, str) or not isinstance(helpful, bool) or not isinstance(reason, str):
        return None
    return _Said(ticket[:MAX_TICKET], helpful, reason[:MAX_REASON].encode("utf-8", "replace").decode("utf-8"))
