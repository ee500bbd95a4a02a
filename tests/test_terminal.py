from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from kbot.evaluation import Mistake, Rate, ScoreCard
from kbot.records import Fallback, Found, Kind, Outcome, Reason, Resource, ShownPassage, Source, Span
from kbot.terminal import render, render_score_card

if TYPE_CHECKING:
    import pytest

CLINIC = Resource("Harbour Clinic", "(555) 010-0100", "(555) 010-0101", "https://h.example/", "tel:+1", "sms:+1")
PASSAGE = ShownPassage(
    "faq#1",
    "It is safe. It was tested.",
    ("Questions", "Is it safe?"),
    0,
    26,
    Span(12, 26),
    0.9,
    Source("faq", "Questions", Kind.CLINIC_FAQ, "https://h.example/faq", "/source/faq#1"),
    lead_in="Know this:",
)
FOUND = Found("q", "Here it is.", (PASSAGE,), 0.93, trigger="gate 0.93", suggestions=("Is it new?",))
FALLBACK = Fallback(
    "q", Outcome.CLINICIAN, "Ask us.", (CLINIC,), Reason.NOT_COVERED, (PASSAGE,), suggestions=("Why?",)
)


def test_an_answer_is_the_passage_with_its_label_heading_and_address() -> None:
    assert render(FOUND) == (
        "Here it is.\n\n"
        "  Know this:\n  It is safe. It was tested.\n"
        "  (clinic FAQ: Questions › Is it safe?)\n"
        "  https://h.example/faq\n\n"
        "  You could also ask: Is it new?"
    )


def test_a_hand_over_says_whom_to_turn_to_and_that_what_is_near_is_no_answer() -> None:
    text = render(FALLBACK)
    assert "  Harbour Clinic: call (555) 010-0100, text (555) 010-0101, https://h.example/" in text
    assert text.index("it does not answer the question:") < text.index("It is safe.")
    assert text.endswith("You could ask: Why?")


def test_what_decided_is_said_only_where_it_is_asked_for() -> None:
    assert "gate 0.93" not in render(FOUND)
    assert render(FOUND, why=True).endswith("[gate 0.93; confidence 0.93]")
    assert render(FALLBACK, why=True).endswith("[no trigger; confidence 0.00]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_sentence_that_answers_is_bold_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\033" not in render(FOUND)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert "It is safe. \033[1mIt was tested.\033[0m" in render(FOUND)


def test_long_texts_are_wrapped_and_lines_kept() -> None:
    text = render(Fallback("q", Outcome.GREETING, f"{'word ' * 40}\nnew line", ()))
    assert max(map(len, text.splitlines())) <= 92
    assert "\nnew line" in text


def test_a_card_is_a_table_with_intervals_and_where_asked_every_mistake() -> None:
    mistake = Mistake("q7", "near_miss", "Is it safe?", "answered", "Yes.", "gate 0.9")
    card = ScoreCard({"near miss: answered": Rate(8, 10)}, 0.95, 0.123, 4.0, 9.5, [mistake])
    table = render_score_card(card)
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["near", "miss:", "answered", "0.800", "0.490", "to", "0.943", "10"],
        ["area", "under", "the", "curve,", "answerable", ":", "near", "miss", "0.950"],
        ["expected", "calibration", "error", "0.123"],
        ["one", "question,", "p50", "and", "p95", "4.0", "ms", "and", "9.5", "ms"],
    ]
    assert render_score_card(card, errors=True) == (
        f"{table}\n\nq7 (near_miss) answered: Is it safe?\n    Yes.\n    gate 0.9"
    )


def test_what_was_not_measured_is_not_in_the_table() -> None:
    assert "curve" not in render_score_card(ScoreCard({}, None, None, 0.0, 0.0))
