"""The web app: the chat, the source pages and the REST face, in one FastAPI."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from kbot.settings import JOURNAL_OFF, STAFF_OFF
from kbot.web.api import api_router
from kbot.web.asking import Asking
from kbot.web.assets import Assets
from kbot.web.chat import Conversation, build_chat
from kbot.web.feedback import feedback_router
from kbot.web.gradio_page import mount_page
from kbot.web.health import readiness_router
from kbot.web.logs import RequestLog
from kbot.web.metrics import metrics_router
from kbot.web.operation import Operation
from kbot.web.security import HeadLimit, Limits, SecurityHeaders
from kbot.web.shell import Shell
from kbot.web.source import source_router
from kbot.web.staff.app import create_staff, join_lifespans
from kbot.web.staff.door import StaffDoor
from kbot.web.templates import Templates
from kbot.web.wording import NO_DOCUMENT, NO_DOCUMENT_WHY

if TYPE_CHECKING:
    from kbot.service import Service

NOT_SENT = "this is not what the chat sends: ask with POST /api/ask"


def create_app(service: Service, operation: Operation | None = None) -> FastAPI:
    """Return the web app for a service. It holds no conversation: each request brings its own.

    `operation` is what the apps of several builds share in one process.
    """
    shared = operation or Operation(service.settings)

    async def within_loop() -> FastAPI:
        return _create(service, shared)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # Outside of an event loop Gradio opens several and leaves them open: it gets one, which is closed again.
        return asyncio.run(within_loop())
    return _create(service, shared)


def _create(service: Service, operation: Operation) -> FastAPI:
    assets = Assets(service.clinic)
    journal_on = service.settings.journal.strip().lower() != JOURNAL_OFF
    templates = Templates(
        service.clinic, assets.version, kept_days=service.settings.retention_days if journal_on else 0
    )
    asking = Asking(service, operation)
    operation.metrics.serve(service)
    blocks = build_chat(Conversation(service, templates, tuple(service.examples(4))), asking)
    # The documentation pages load their scripts from another host, so only /openapi.json is served.
    app = FastAPI(title="kbot", version=version("kbot"), docs_url=None, redoc_url=None)
    app.include_router(api_router(service, asking))
    app.include_router(readiness_router(service, operation))
    app.include_router(metrics_router(operation.metrics, who=service.settings.metrics))
    app.include_router(feedback_router(service, templates, operation))
    app.include_router(source_router(service, templates))
    app.include_router(assets.router())
    mount_page(app, blocks, path="/", refusal=NOT_SENT)
    # The last one added sees a request first.
    app.add_middleware(Shell, service=service, templates=templates)
    nowhere = templates.page("missing.html", heading=NO_DOCUMENT, explanation=NO_DOCUMENT_WHY, root="")
    app.add_middleware(Limits, nowhere=nowhere)
    app.add_middleware(SecurityHeaders, frame_ancestors=service.settings.framing)
    if service.settings.staff.strip().lower() != STAFF_OFF:
        staff = create_staff(service, templates)
        join_lifespans(app, staff)
        app.add_middleware(StaffDoor, staff=staff)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(HeadLimit)
    app.add_middleware(RequestLog, settings=service.settings, metrics=operation.metrics)
    return app
