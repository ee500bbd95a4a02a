"""The REST face: `POST /api/ask` with the public contract, and `GET /healthz`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from kbot.contract import as_json, read_request
from kbot.errors import InputError
from kbot.web.schema import ANSWER, ERROR, HEALTH, QUESTION

if TYPE_CHECKING:
    from kbot.service import Service
    from kbot.web.asking import Asking


def api_router(service: Service, asking: Asking) -> APIRouter:
    """Return the routes of the REST face."""
    router = APIRouter()

    @router.post(
        "/api/ask",
        summary="Ask the last of the turns",
        response_class=JSONResponse,
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": QUESTION}}}},
        responses={
            200: _described("An answer, or a hand-over", ANSWER),
            400: _described("The body is not what is asked for", ERROR),
            408: _described("The body took too long to come", ERROR),
            413: _described("The body is too large", ERROR),
            429: _described("This address asks too often: a hand-over to a clinician", ANSWER),
            500: _described("Something failed: a hand-over to a clinician", ANSWER),
            503: _described("Too many ask at once: a hand-over to a clinician", ANSWER),
        },
    )
    async def ask(request: Request) -> Response:
        """Answer a question with passages of the clinic's material, or hand over.

        Where the journal is on, the question is kept without the personal details that are recognised.
        """
        try:
            identity, turns = read_request(_parse(await request.body()), "the request")
        except InputError as error:
            return _json({"error": str(error)}, status=400)
        reply = await asking.ask(turns, channel="rest", scope=request.scope)
        response = _json(as_json(reply.asked, identity), status=reply.status)
        if reply.retry_after is not None:
            response.headers["Retry-After"] = str(reply.retry_after)
        return response

    @router.get("/api/ask", include_in_schema=False)
    def refuse() -> Response:
        return _json({"error": "questions are sent with POST: see /openapi.json"}, status=405)

    @router.get(
        "/healthz",
        summary="Say whether kbot serves, and which build",
        response_class=JSONResponse,
        responses={200: _described("It serves", HEALTH)},
    )
    def health() -> JSONResponse:
        """Say whether kbot serves, and which build of the index.

        `degraded`: it serves, but not the build that it should. Why is for staff, in the log and on their page.
        """
        documents, passages = len(service.documents), len(service.passages)
        status = "ok" if service.trouble is None else "degraded"
        return JSONResponse({"status": status, "build": service.build, "documents": documents, "passages": passages})

    return router


def _parse(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"the request: not UTF-8 at byte {error.start + 1}: send JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f'the request: not JSON at line {error.lineno}, column {error.colno}: send {{"turns": ["your question"]}}'
        ) from None
    except (RecursionError, ValueError):  # nested thousands deep, or a number of thousands of digits
        raise InputError('the request: not JSON that can be read: send {"turns": ["your question"]}') from None


def _json(data: dict[str, Any], *, status: int) -> Response:
    """Return a JSON response in ASCII: half a surrogate pair in a question has no UTF-8 of its own."""
    return Response(json.dumps(data), status_code=status, media_type="application/json")


def _described(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
