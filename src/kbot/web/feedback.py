"""What the page sends where a visitor says whether an answer was of help: `POST /api/feedback`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from kbot.web.asking import report
from kbot.web.cards import answer_card

if TYPE_CHECKING:
    from kbot.service import Service
    from kbot.web.templates import Templates

MAX_TICKET, MAX_REASON = 100, 1000  # characters


def feedback_router(service: Service, templates: Templates) -> APIRouter:
    """Return the route. It answers with HTML to show where the reason is itself a cry for help."""
    router = APIRouter(include_in_schema=False)

    @router.post("/api/feedback")
    async def feedback(request: Request) -> JSONResponse:
        read = _read(await request.body())
        if read is None:
            return JSONResponse(
                {"error": 'send {"ticket": "...", "helpful": true, "reason": "..."}'}, status_code=400
            )
        ticket, helpful, reason = read
        try:
            urgent = await run_in_threadpool(service.feedback, ticket, helpful=helpful, reason=reason)
            spoken = templates.speaking(request.headers.get("accept-language", ""))
            return JSONResponse({"html": answer_card(urgent, spoken) if urgent else ""})
        except Exception as error:  # noqa: BLE001  the page says that it didn't get through
            report(error)
        return JSONResponse({"error": "this could not be kept"}, status_code=500)

    return router


def _read(body: bytes) -> tuple[str, bool, str] | None:
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    ticket, helpful, reason = data.get("ticket"), data.get("helpful"), data.get("reason", "")
    if not isinstance(ticket, str) or not isinstance(helpful, bool) or not isinstance(reason, str):
        return None
    return ticket[:MAX_TICKET], helpful, reason[:MAX_REASON].encode("utf-8", "replace").decode("utf-8")
