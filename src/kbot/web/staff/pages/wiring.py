"""What the tabs share: events that keep nothing, HTML in Gradio's Markdown, messages, and work in the background."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import gradio as gr
from markupsafe import escape

from kbot.errors import KbotError
from kbot.web.asking import report

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# One request, one answer: nothing waits in Gradio's queue and nothing is offered as an API. Functions get the texts
# that the browser sent as they are (function_guard.py): Gradio would log those that it doesn't expect.
QUIETLY: dict[str, Any] = {
    "queue": False,
    "preprocess": False,
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_limit": None,
}
SECONDS = 1.0  # between two looks at how far work is
_MOST_KEPT = 4  # results of one kind of work
_Result = TypeVar("_Result")


def markdown(html: str, *classes: str) -> gr.Markdown:
    """Return a piece of the page that holds HTML of our templates, sanitised by Gradio once more."""
    return gr.Markdown(
        html, elem_classes=["kt-md", *classes], container=False, sanitize_html=True, latex_delimiters=[]
    )


def note(text: str) -> str:
    """Return a short message that screen readers say."""
    return f'<p class="kt-note" role="status">{escape(text)}</p>'


WORKING = "Working it out …"


def problem(text: str) -> str:
    """Return a message that something went wrong."""
    return f'<p class="kt-problem" role="alert">{escape(text)}</p>'


def root_of(request: gr.Request) -> str:
    """Return the path under which a reverse proxy serves kbot, without its last slash."""
    scope = request.request.scope if request.request is not None else {}
    # The staff page is mounted below kbot's own root.
    return str(scope.get("app_root_path", scope.get("root_path", ""))).rstrip("/").removesuffix("/staff")


@dataclass(frozen=True, slots=True)
class State(Generic[_Result]):
    """How far a piece of work is."""

    running: bool
    done: int = 0
    of: int = 0
    result: _Result | None = None
    error: str = ""  # a message for staff


def progress(state: State[Any], what: str) -> str:
    """Return how far work is, as HTML, with a bar where it is known."""
    if not state.of:
        return note(WORKING)
    share = round(100 * state.done / state.of)
    bar = f'<span class="kt-bar"><span style="width:{share}%"></span></span>'
    said = escape(f"{WORKING} {state.done:,} of {state.of:,} {what}")
    return f'<div class="kt-note" role="status">{said}{bar}</div>'


class Work(Generic[_Result]):
    """Long work in threads, one at a time; the last few results are kept under their keys.

    It is shared by everybody who looks at the tab: who asks while it runs waits for the same result.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()  # of the states
        self._turn = threading.Lock()  # of the work itself: the processors are the visitors'
        self._states: dict[Hashable, State[_Result]] = {}

    def start(
        self, key: Hashable, work: Callable[[Callable[[int, int], None]], _Result], *, again: bool = False
    ) -> State[_Result]:
        """Begin, unless it runs or its result is there, and return the state.

        `work` is given what tells progress: how many are done, of how many. `again` begins where a result is there.
        """
        with self._lock:
            state = self._states.get(key)
            if state is not None and (state.running or (state.result is not None and not again)):
                return state
            self._states.pop(key, None)
            self._states[key] = state = State(running=True)
            for oldest in list(self._states)[:-_MOST_KEPT]:
                if not self._states[oldest].running:
                    del self._states[oldest]
        threading.Thread(target=self._run, args=(key, work), name=self._name, daemon=True).start()
        return state

    def state(self, key: Hashable) -> State[_Result]:
        """Return how far the work under this key is; what was never begun does not run."""
        with self._lock:
            return self._states.get(key, State(running=False))

    def _run(self, key: Hashable, work: Callable[[Callable[[int, int], None]], _Result]) -> None:
        def told(done: int, of: int) -> None:
            self._set(key, State(running=True, done=done, of=of))

        try:
            with self._turn:
                self._set(key, State(running=False, result=work(told)))
        except KbotError as error:
            self._set(key, State(running=False, error=str(error)))
        except Exception as error:  # noqa: BLE001  it ends in a message, whatever broke
            report(error)
            self._set(key, State(running=False, error="This could not be worked out. The log says where it stopped."))

    def _set(self, key: Hashable, state: State[_Result]) -> None:
        with self._lock:
            self._states[key] = state
