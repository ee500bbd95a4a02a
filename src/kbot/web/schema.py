"""The public contract as JSON Schema, for /openapi.json."""

from __future__ import annotations

from typing import Any

from kbot.records import Kind, Outcome, Reason

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_NULLABLE: dict[str, Any] = {"type": ["string", "null"]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(item: dict[str, Any], **limits: int) -> dict[str, Any]:
    return {"type": "array", "items": item, **limits}


_SOURCE = _object(
    id=_TEXT,
    title=_TEXT,
    kind={"type": "string", "enum": [kind.value for kind in Kind]},
    url=_NULLABLE | {"description": "The publisher's page, where an address is known"},
    page=_TEXT | {"description": "kbot's own page of the document, at the passage"},
)
_PASSAGE = _object(
    id=_TEXT,
    text=_TEXT | {"description": "The document's own words, from start to end"},
    heading=_TEXTS,
    lead_in=_NULLABLE,
    start={"type": "integer"},
    end={"type": "integer"},
    highlight=_list({"type": "integer"}, minItems=2, maxItems=2),
    score={"type": "number", "minimum": 0, "maximum": 1},
    source=_SOURCE,
)
_RESOURCE = _object(name=_TEXT, call=_NULLABLE, text=_NULLABLE, url=_NULLABLE)

QUESTION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _NULLABLE | {"description": "Comes back with the answer"},
        "turns": _list(_TEXT, minItems=1) | {"description": "The conversation so far; the last turn is the question"},
    },
    "required": ["turns"],
    "example": {"turns": ["How long does a session take?"]},
}
ANSWER: dict[str, Any] = _object(
    id=_NULLABLE,
    question=_TEXT,
    outcome={"type": "string", "enum": [outcome.value for outcome in Outcome]},
    reason={"enum": [*(reason.value for reason in Reason), None]},
    message=_TEXT,
    confidence={"type": "number", "minimum": 0, "maximum": 1},
    passages=_list(_PASSAGE, maxItems=3),
    related=_list(_PASSAGE),
    missing=_TEXTS,
    resources=_list(_RESOURCE),
    suggestions=_TEXTS,
    build=_TEXT,
    elapsed_ms={"type": "number", "minimum": 0},
)
ERROR: dict[str, Any] = _object(error=_TEXT | {"description": "What is wrong, and what to send instead"})
HEALTH: dict[str, Any] = _object(
    status={"enum": ["ok", "degraded"]}, build=_TEXT, documents={"type": "integer"}, passages={"type": "integer"}
)
