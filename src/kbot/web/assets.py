"""The page's own style sheet, script and icon, served from the package: nothing comes from another host."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from kbot.web.colours import colour_sheet, dark, icon, light
from kbot.web.wording import EMBED

if TYPE_CHECKING:
    from kbot.clinic import Clinic

_KEEP = {"Cache-Control": "public, max-age=31536000, immutable"}  # addresses carry the version
_SHORT = {"Cache-Control": "public, max-age=3600"}
_SCRIPT = "text/javascript"


class Assets:
    """The files that a page needs, and a version that changes with any of them."""

    def __init__(self, clinic: Clinic) -> None:
        folder = resources.files("kbot.web") / "static"
        self._files = {
            "site.css": (folder.joinpath("site.css").read_text(encoding="utf-8"), "text/css", _KEEP),
            "chat.css": (folder.joinpath("chat.css").read_text(encoding="utf-8"), "text/css", _KEEP),
            "chat.js": (folder.joinpath("chat.js").read_text(encoding="utf-8"), _SCRIPT, _KEEP),
            "colours.css": (colour_sheet(clinic.accent), "text/css", _KEEP),
            "icon.svg": (icon(clinic.accent), "image/svg+xml", _SHORT),
            "embed.js": (_embed(folder.joinpath("embed.js").read_text(encoding="utf-8"), clinic), _SCRIPT, _SHORT),
        }
        everything = "\0".join(text for text, _, _ in self._files.values())
        self.version = hashlib.sha256(everything.encode()).hexdigest()[:12]

    def router(self) -> APIRouter:
        """Return the routes `/ui/<file>`, `/embed.js` and `/favicon.ico`."""
        router = APIRouter(include_in_schema=False)

        @router.get("/ui/{name}")
        def asset(name: str) -> Response:
            if name not in self._files:
                return Response(status_code=404)
            text, kind, cache = self._files[name]
            return Response(text, media_type=kind, headers=cache)

        @router.get("/embed.js")
        def embed() -> Response:
            text, kind, cache = self._files["embed.js"]
            # A website that lets in only what agrees to it (Cross-Origin-Embedder-Policy) may load it, too.
            return Response(text, media_type=kind, headers={**cache, "Cross-Origin-Resource-Policy": "cross-origin"})

        @router.get("/favicon.ico")
        def favicon() -> Response:
            text, kind, cache = self._files["icon.svg"]
            return Response(text, media_type=kind, headers=cache)

        return router


def _embed(script: str, clinic: Clinic) -> str:
    """Return the script of the button for websites, with the clinic's name and colours in it."""
    day, night = light(clinic.accent), dark(clinic.accent)
    facts = {
        "words": {
            language: {key: text.format(clinic=clinic.name) for key, text in words.items()}
            for language, words in EMBED.items()
        },
        "day": [day.accent, day.on_accent],
        "night": [night.accent, night.on_accent],
    }
    return script.replace("__KBOT__", json.dumps(facts))
