"""The addresses under /staff: which of them are there, and which need no session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

STAFF = "/staff"
SIGN_IN = f"{STAFF}/sign-in"
SIGN_OUT = f"{STAFF}/sign-out"
SHEET = f"{STAFF}/ui/staff.css"
# What somebody who isn't signed in gets: the form and how it looks. Nothing else is answered.
PUBLIC = frozenset({SIGN_IN, SHEET})
# The part of Gradio that the staff page uses. The rest (uploads, files, queue, monitoring, ...) is closed.
_OPEN = tuple(f"{STAFF}/{part}/" for part in ("assets", "static", "gradio_api/run", "download", "ui"))
_OPEN_EXACTLY = {f"{STAFF}/{part}" for part in ("", "sign-out", "config", "theme.css", "gradio_api/info")}


def own_path(scope: Scope) -> str:
    """Return the path of a request without the one that a reverse proxy serves kbot under."""
    root, path = root_of(scope), str(scope["path"])
    return path.removeprefix(root) if root and path.startswith(root + "/") else path


def root_of(scope: Scope) -> str:
    """Return the path that a reverse proxy serves kbot under, without a last slash."""
    return str(scope.get("root_path", "")).rstrip("/")


def is_staff(path: str) -> bool:
    """Return whether a path belongs to the staff pages."""
    return path == STAFF or path.startswith(f"{STAFF}/")


def is_open(path: str) -> bool:
    """Return whether there is something at a path of the staff pages, for who is signed in."""
    return path in PUBLIC or path in _OPEN_EXACTLY or path.startswith(_OPEN)
