"""Are the fixed replies fit to be shown? For staff, after they changed the wording."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbot.answering.replies import Replies
    from kbot.clinic import Clinic

_WIDTH = 92
_LEFT_OPEN = re.compile(r"\{(\w+)\}")
# What the gate fills in when a question is asked; everything else must be filled in from the clinic's facts.
_FILLED_LATER = {"missing", "found"}
_LINE, _CHAT, _EMERGENCY, _POISON = "988", "988lifeline.org", "911", "1-800-222-1222"


def check_replies(replies: Replies, clinic: Clinic) -> list[str]:
    """Return what is wrong with the replies; each problem names the reply and the remedy."""
    needed = {
        "crisis": (_LINE, _CHAT, _EMERGENCY, clinic.phone),
        "crisis_spanish": (_LINE, _CHAT, _EMERGENCY, clinic.phone),
        "emergency": (_EMERGENCY, _POISON),
        "emergency_spanish": (_EMERGENCY, _POISON),
        "concern": (_LINE,),
        "spanish": (_LINE, clinic.phone),
        "other_language": (_LINE, clinic.phone),
        "unavailable": (_LINE, _EMERGENCY, clinic.phone),
    }
    problems = []
    for name, facts in needed.items():
        text = replies.texts.get(name, "")
        if not text:
            problems.append(f"replies.toml: [{name}] is missing: add it, with a purpose and a text")
            continue
        problems += [f"replies.toml: [{name}] does not name {fact}: add it" for fact in facts if fact not in text]
    for name, text in replies.texts.items():
        left = set(_LEFT_OPEN.findall(text)) - _FILLED_LATER
        problems += [f"replies.toml: [{name}] has {{{key}}}, which nothing fills in" for key in sorted(left)]
        if not replies.purposes.get(name):
            problems.append(f"replies.toml: [{name}] has no purpose: say when visitors read it")
    for person, call in (
        (replies.lifeline, _LINE),
        (replies.lifeline_spanish, _LINE),
        (replies.emergency, _EMERGENCY),
    ):
        if person.call != call or person.call_link != f"tel:{call}":
            problems.append(f"replies.toml: {person.name!r} must be called at {call}, with the link tel:{call}")
    if replies.poison.call != _POISON:
        problems.append(f"replies.toml: {replies.poison.name!r} must be called at {_POISON}")
    return problems


def render_replies(replies: Replies) -> str:
    """Return every reply under its name and purpose, as visitors see it."""
    shown = []
    for name, text in replies.texts.items():
        body = "\n".join(textwrap.fill(line, _WIDTH) for line in text.splitlines())
        shown.append(f"[{name}] {replies.purposes.get(name, '')}\n{textwrap.indent(body, '  ')}")
    people = (replies.lifeline, replies.lifeline_spanish, replies.emergency, replies.poison, replies.clinic)
    ways = []
    for person in people:
        reached = [f"call {person.call}", f"text {person.text}" if person.text else "", person.url or ""]
        ways.append(f"  {person.name}: {', '.join(way for way in reached if way)}")
    return "\n\n".join([*shown, "People to turn to:\n" + "\n".join(ways)])
