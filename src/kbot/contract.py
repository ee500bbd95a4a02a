"""The public contract: an answer as the JSON object that `kbot ask --jsonl` and `POST /api/ask` return."""

from __future__ import annotations

from typing import Any, assert_never

from kbot.errors import InputError
from kbot.records import Asked, Fallback, Found, Resource, ShownPassage

MAX_TURNS = 50  # of one conversation; earlier ones are dropped
MAX_TURN_LENGTH = 20_000  # characters; longer ones are cut


def as_json(asked: Asked, identity: str | None = None) -> dict[str, Any]:
    """Return the object of the public contract (docs/contract.md)."""
    answer = asked.answer
    outcome, reason = "answer", None
    passages: tuple[ShownPassage, ...] = ()
    related: tuple[ShownPassage, ...] = ()
    missing: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    match answer:
        case Found():
            passages, suggestions = answer.passages, answer.suggestions
        case Fallback():
            outcome, reason = answer.outcome.value, answer.reason
            related, missing, suggestions = answer.related, answer.missing, answer.suggestions
        case _:
            assert_never(answer)
    return {
        "id": identity,
        "question": answer.question,
        "outcome": outcome,
        "reason": reason.value if reason else None,
        "message": answer.message,
        "confidence": round(answer.confidence, 4),
        "passages": [passage_json(passage) for passage in passages],
        "related": [passage_json(passage) for passage in related],
        "missing": list(missing),
        "resources": [resource_json(resource) for resource in answer.resources],
        "suggestions": list(suggestions),
        "build": asked.build,
        "elapsed_ms": round(asked.elapsed_ms, 2),
    }


def passage_json(passage: ShownPassage) -> dict[str, Any]:
    """Return a passage of the public contract. `highlight` counts within `text`, `start` and `end` in the file."""
    source = passage.source
    return {
        "id": passage.id,
        "text": passage.text,
        "heading": list(passage.heading),
        "lead_in": passage.lead_in,
        "start": passage.start,
        "end": passage.end,
        "highlight": [passage.highlight.start, passage.highlight.end],
        "score": passage.score,
        "source": {
            "id": source.id,
            "title": source.title,
            "kind": source.kind.value,
            "url": source.url,
            "page": source.page,
        },
    }


def resource_json(resource: Resource) -> dict[str, str | None]:
    """Return a resource of the public contract."""
    return {"name": resource.name, "call": resource.call, "text": resource.text, "url": resource.url}


def read_request(data: object, where: str) -> tuple[str | None, tuple[str, ...]]:
    """Return (id, turns) of a request object; `where` names its place in messages, e.g. "line 3".

    Raises:
        InputError: it is not an object with a list of texts under "turns".
    """
    if not isinstance(data, dict):
        raise InputError(f'{where}: not a JSON object: write {{"turns": ["your question"]}}')
    turns = data.get("turns")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, str) for turn in turns):
        raise InputError(f'{where}: "turns" must be a list with at least one text, the last being the question')
    return read_identity(data), tuple(turn[:MAX_TURN_LENGTH] for turn in turns[-MAX_TURNS:])


def read_identity(data: object) -> str | None:
    """Return the id of a request object, None where there is none that can be read. The rest of it may be wrong."""
    identity = data.get("id") if isinstance(data, dict) else None
    try:
        text = str(identity)
    except (RecursionError, ValueError):  # lists in lists, or thousands of digits: no id that anybody would look for
        return None
    return None if identity is None else text[:200].encode("utf-8", "replace").decode("utf-8")
