"""The staff's app: headers, gate, sign-in and the staff pages, apart from the visitors' app."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response

from kbot.accounts.access import staff_folder
from kbot.accounts.trail import Trail
from kbot.web.gradio_page import mount_page
from kbot.web.staff.context import StaffContext
from kbot.web.staff.desk import Desk
from kbot.web.staff.gate import Gate
from kbot.web.staff.headers import StaffHeaders
from kbot.web.staff.pages.board import build_staff
from kbot.web.staff.pages.download import download_router
from kbot.web.staff.paths import STAFF
from kbot.web.staff.shell import StaffShell
from kbot.web.staff.sign_in import sign_in_router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from gradio import Blocks

    from kbot.service import Service
    from kbot.web.templates import Templates

NOT_SENT = "this is not what the staff page sends"


def create_staff(
    service: Service,
    templates: Templates,
    *,
    build: Callable[[StaffContext], Blocks] | None = None,
) -> FastAPI:
    """Return the app that serves /staff. It has routes and functions of its own; none is the visitors'."""
    settings = service.settings
    desk, files = Desk(settings), _Files.read()
    context = StaffContext(service, templates, Trail(staff_folder(settings)))
    app = FastAPI(title="kbot staff", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(sign_in_router(desk, settings, templates))
    app.include_router(download_router(context))
    app.include_router(files.router())
    mount_page(app, (build or build_staff)(context), path=STAFF, refusal=NOT_SENT)
    # The last one added sees a request first: nothing is reached past the gate.
    app.add_middleware(StaffShell, settings=settings, templates=templates, files=files.names)
    app.add_middleware(Gate, desk=desk, settings=settings, templates=templates)
    app.add_middleware(StaffHeaders)
    return app


def join_lifespans(app: FastAPI, staff: FastAPI) -> None:
    """Let the staff's app start and end with the visitors': only the latter is told by the server."""
    own, other = app.router.lifespan_context, staff.router.lifespan_context

    @contextlib.asynccontextmanager
    async def both(of: FastAPI) -> AsyncIterator[object]:
        async with own(of) as state, other(staff):
            yield state

    app.router.lifespan_context = both  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class _Files:
    """The style sheets and scripts of the staff pages, served to who is signed in; the form's sheet to everybody."""

    texts: Mapping[str, str]  # by file name

    @classmethod
    def read(cls) -> _Files:
        folders = [resources.files("kbot.web.staff") / "static", resources.files("kbot.web.staff") / "pages"]
        found = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
        return cls({file.name: file.read_text("utf-8") for file in found if file.name.endswith((".css", ".js"))})

    @property
    def names(self) -> tuple[str, ...]:
        """The names, our own first."""
        return tuple(sorted(self.texts, key=lambda name: (not name.startswith("staff."), name)))

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get(f"{STAFF}/ui/{{name}}")
        def file(name: str) -> Response:
            if name not in self.texts:
                return Response(status_code=404)
            kind = "text/css" if name.endswith(".css") else "text/javascript"
            return Response(self.texts[name], media_type=kind)

        return router
