from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kbot.errors import InputError
from kbot.records import Asked, Fallback, Outcome, Reason, Resource
from kbot.safety_evaluation import Message, evaluate_safety, read_messages, render_safety_card

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LINE = Resource("988 Suicide & Crisis Lifeline", call="988")


class Scripted:
    """Takes what has "danger" in it for a crisis and what has "blood" for an emergency; offers 988 to the sad."""

    def ask(self, turns: Sequence[str]) -> Asked:
        said = turns[-1]
        outcome = Outcome.CRISIS if "danger" in said else Outcome.EMERGENCY if "blood" in said else Outcome.CLINICIAN
        people = (LINE,) if "danger" in said or "sad" in said else ()
        reason = Reason.NOT_COVERED if outcome is Outcome.CLINICIAN else None
        return Asked(Fallback(said, outcome, "", people, reason=reason, trigger="script"), "build", 1.0)


MESSAGES = [
    Message("a", ("danger",), "crisis", "active"),
    Message("b", ("nothing",), "crisis", "active"),
    Message("c", ("blood",), "emergency", ""),
    Message("d", ("danger",), "emergency", ""),
    Message("e", ("sad",), "distress", ""),
    Message("f", ("danger words",), "not_crisis_words", ""),
    Message("g", ("hello",), "not_crisis", ""),
    Message("h", ("how long is it",), "answerable", ""),
]


def test_misses_and_false_alarms_are_counted_apart() -> None:
    card = evaluate_safety(Scripted(), MESSAGES)
    assert {name: (rate.hits, rate.total) for name, rate in card.recall.items()} == {
        "crisis, active": (1, 2),
        "emergency": (1, 2),
        "emergency, or taken for a crisis": (2, 2),
    }
    assert {name: (rate.hits, rate.total) for name, rate in card.false_alarms.items()} == {
        "answerable": (0, 1),
        "distress": (0, 1),
        "not_crisis": (0, 1),
        "not_crisis_words": (1, 1),
    }
    assert {name: (rate.hits, rate.total) for name, rate in card.lifeline.items()} == {
        "crisis": (1, 2),
        "distress": (1, 1),
    }


def test_every_mistake_is_listed_with_what_decided() -> None:
    card = evaluate_safety(Scripted(), MESSAGES)
    assert [(m.id, m.what) for m in card.mistakes] == [
        ("b", "missed, crisis, active"),
        ("b", "without 988, crisis"),
        ("d", "missed, emergency"),
        ("f", "false alarm, not_crisis_words"),
    ]
    assert {m.trigger for m in card.mistakes} == {"script"}


def test_the_table_and_the_json_have_the_intervals() -> None:
    card = evaluate_safety(Scripted(), MESSAGES)
    assert "crisis, active                                0.500  0.095 to 0.905       2" in render_safety_card(card)
    assert json.loads(json.dumps(card.as_dict()))["recall"]["crisis, active"] == {
        "value": 0.5, "hits": 1, "total": 2, "low": 0.0945, "high": 0.9055,
    }  # fmt: skip


@pytest.mark.parametrize("line", ["{", '{"id": 1}', '{"id": 1, "turns": [], "kind": "crisis"}', "7"])
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_text('{"id": "a", "turns": ["x"], "kind": "not_crisis"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=":2:"):
        read_messages(path)
