"""How a Gradio page of ours is served: without the parts of Gradio that keep or tell something, and guarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradio import mount_gradio_app
from gradio.themes import Base

from kbot.web.function_guard import FunctionGuard

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio import Blocks


def mount_page(app: FastAPI, blocks: Blocks, *, path: str, refusal: str) -> None:
    """Mount a page at a path. Middleware that is added after it sees a request before the page's guard does.

    `refusal` is what a call of a function is answered with that the page itself does not send.
    """
    mount_gradio_app(
        app,
        blocks,
        path=path,
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        # The reader's own fonts: none is loaded.
        theme=Base(font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace")),
    )
    app.add_middleware(FunctionGuard, blocks=blocks, refusal=refusal)
