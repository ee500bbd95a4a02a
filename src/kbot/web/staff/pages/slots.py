"""Lists in pages: a fixed number of places, filled or hidden, so that no session is kept on the server."""

from __future__ import annotations

from typing import Any

import gradio as gr

_MOST_DIGITS = 8
_BEYOND_IDS = 10**12  # no database of questions gets there
NOT_LISTED = (ValueError, TypeError, LookupError, RecursionError)  # reading a list that is none as JSON


def pages(at: int, total: int, on_page: int) -> list[Any]:
    """Return the updates of a pager: itself, the button back and the button on. `at` counts from 0."""
    last = max(total - 1, 0) // on_page
    return [gr.update(visible=total > on_page), gr.update(interactive=at > 0), gr.update(interactive=at < last)]


def number(text: object) -> int:
    """Return the number of a page that the browser sent back; what is none is the first page."""
    digits = str(text or "0")
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) <= _MOST_DIGITS else 0


def entry_id(value: object) -> int:
    """Return the id of an entry that the browser sent back; what is none is 0, which no entry has."""
    return value if isinstance(value, int) and 0 < value < _BEYOND_IDS else 0
