from __future__ import annotations

import json
from typing import Any

import pytest

from kbot.contract import MAX_TURN_LENGTH, MAX_TURNS, as_json, read_request
from kbot.errors import InputError
from kbot.records import (
    Asked,
    Fallback,
    Found,
    Kind,
    Outcome,
    Reason,
    Resource,
    ShownPassage,
    Source,
    Span,
)

PASSAGE = ShownPassage(
    id="faq#1",
    text="a towel.",
    heading=("Before", "Bring"),
    start=7,
    end=15,
    highlight=Span(0, 8),
    score=0.9,
    source=Source("faq", "Questions", Kind.CLINIC_FAQ, None, "/source/faq#1"),
    lead_in="Bring:",
)
LIFELINE = Resource("988", "988", "988", "https://988lifeline.org", "tel:988", "sms:988")
PASSAGE_JSON = {
    "id": "faq#1",
    "text": "a towel.",
    "heading": ["Before", "Bring"],
    "lead_in": "Bring:",
    "start": 7,
    "end": 15,
    "highlight": [0, 8],
    "score": 0.9,
    "source": {"id": "faq", "title": "Questions", "kind": "clinic FAQ", "url": None, "page": "/source/faq#1"},
}
RESOURCE_JSON = {"name": "988", "call": "988", "text": "988", "url": "https://988lifeline.org"}


def test_an_answer_is_the_object_of_the_contract() -> None:
    answer = Found("What to bring?", "Here it is.", (PASSAGE,), 0.93456, (LIFELINE,), "gate", ("When to come?",))
    assert as_json(Asked(answer, "b1", 4.2345), "q1") == {
        "id": "q1",
        "question": "What to bring?",
        "outcome": "answer",
        "reason": None,
        "message": "Here it is.",
        "confidence": 0.9346,
        "passages": [PASSAGE_JSON],
        "related": [],
        "missing": [],
        "resources": [RESOURCE_JSON],
        "suggestions": ["When to come?"],
        "build": "b1",
        "elapsed_ms": 4.23,
    }


def test_a_hand_over_shows_what_is_near_as_related_and_never_as_passages() -> None:
    answer = Fallback(
        "And when pregnant?",
        Outcome.CLINICIAN,
        "Ask us.",
        (LIFELINE,),
        reason=Reason.NOT_COVERED,
        related=(PASSAGE,),
        missing=("pregnancy",),
        confidence=0.1,
        suggestions=("What to bring?",),
    )
    made = as_json(Asked(answer, "b1", 1.0))
    assert (made["id"], made["outcome"], made["reason"]) == (None, "clinician", "not_covered")
    assert (made["passages"], made["related"], made["missing"]) == ([], [PASSAGE_JSON], ["pregnancy"])
    assert made["suggestions"] == ["What to bring?"]


@pytest.mark.parametrize("outcome", [Outcome.CRISIS, Outcome.EMERGENCY, Outcome.GREETING])
def test_other_outcomes_have_no_reason_and_no_passages(outcome: Outcome) -> None:
    made = as_json(Asked(Fallback("hi", outcome, "text", (LIFELINE,)), "b1", 1.0))
    assert (made["outcome"], made["reason"], made["passages"], made["related"]) == (outcome.value, None, [], [])


def test_what_decided_is_never_told_to_a_visitor() -> None:
    answer = Found("q", "m", (PASSAGE,), 0.9, trigger="the trigger")
    assert "the trigger" not in json.dumps(as_json(Asked(answer, "b1", 1.0)))


def test_a_request_is_an_id_and_turns() -> None:
    assert read_request({"id": "q1", "turns": ["a", "b"], "more": 1}, "line 1") == ("q1", ("a", "b"))
    assert read_request({"turns": [""]}, "line 1") == (None, ("",))


@pytest.mark.parametrize(("identity", "read"), [(7, "7"), (None, None), ("a" * 300, "a" * 200), ("\ud800", "?")])
def test_an_id_comes_back_as_a_text_that_can_be_written(identity: object, read: str | None) -> None:
    assert read_request({"id": identity, "turns": ["a"]}, "line 1")[0] == read


def test_long_conversations_and_turns_are_cut_to_what_can_matter() -> None:
    turns = [str(number) for number in range(MAX_TURNS + 5)]
    assert read_request({"turns": turns}, "line 1")[1] == tuple(turns[5:])
    assert read_request({"turns": ["a" * (MAX_TURN_LENGTH + 1)]}, "line 1")[1] == ("a" * MAX_TURN_LENGTH,)


@pytest.mark.parametrize(
    "data", [None, [], "text", 5, {}, {"turns": []}, {"turns": "text"}, {"turns": [1]}, {"turns": ["a", None]}]
)
def test_what_is_no_request_names_its_place_and_the_remedy(data: Any) -> None:
    with pytest.raises(InputError, match=r'^line 3: .*"?turns"?'):
        read_request(data, "line 3")
