"""Lists in pages: a fixed number of places, filled or hidden, so that no session is kept on the server."""

from __future__ import annotations

from typing import Any

import gradio as gr

_MOST_DIGITS = 8


def pages(at: int, total: int, on_page: int) -> list[Any]:
    """Return the updates of a pager: itself, the button back and the button on. `at` counts from 0."""
    last = max(total - 1, 0) // on_page
    return [gr.update(visible=total > on_page), gr.update(interactive=at > 0), gr.update(interactive=at < last)]


def number(text: object) -> int:
    """Return the number of a page that the browser sent back; what is none is the first page."""
    digits = str(text or "0")
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) <= _MOST_DIGITS else 0
