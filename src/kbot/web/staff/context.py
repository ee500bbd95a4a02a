"""What the staff pages are given, and who asks for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kbot.web.staff.pages.reading import Reading

if TYPE_CHECKING:
    import gradio as gr

    from kbot.accounts.trail import Trail
    from kbot.service import Service
    from kbot.web.templates import Templates

NAME = "kbot_staff"  # where the gate leaves the name of who is signed in, in the state of a request's scope


@dataclass(frozen=True, slots=True)
class StaffContext:
    """What the staff pages work with. `trail.record(who, event, detail)` writes down what staff did."""

    service: Service
    templates: Templates
    trail: Trail
    reading: Reading = field(init=False)  # the journal, opened once for every tab and download

    def __post_init__(self) -> None:
        object.__setattr__(self, "reading", Reading(self.service))


def signed_in_name(request: gr.Request) -> str:
    """Return the name of the member of staff who sent this request.

    Raises:
        PermissionError: the request did not come through the gate.
    """
    # Gradio's request hands on what it doesn't know to Starlette's, whose state is the scope's.
    name = getattr(request.request.state, NAME, None) if request.request is not None else None
    if not isinstance(name, str) or not name:
        raise PermissionError("this request did not come through the staff page's sign-in")
    return name
