from __future__ import annotations

import dataclasses

import pytest
import textstat

from kbot.answering.replies import Replies, read_replies
from kbot.clinic import Clinic
from kbot.replies_check import check_replies, render_replies

CLINIC = Clinic("Harbour Clinic", "(555) 010-0100", "+15550100100")
REPLIES = read_replies(CLINIC)


def without(name: str, words: str) -> Replies:
    texts = dict(REPLIES.texts)
    texts[name] = texts[name].replace(words, "")
    return dataclasses.replace(REPLIES, texts=texts)


def test_the_shipped_replies_are_fit() -> None:
    assert check_replies(REPLIES, CLINIC) == []


@pytest.mark.parametrize("fact", ["988", "911", "(555) 010-0100", "988lifeline.org"])
@pytest.mark.parametrize("name", ["crisis", "crisis_spanish"])
def test_a_crisis_reply_without_a_number_is_refused(name: str, fact: str) -> None:
    problems = check_replies(without(name, fact), CLINIC)
    assert f"replies.toml: [{name}] does not name {fact}: add it" in problems


def test_a_crisis_reply_that_is_missing_is_refused() -> None:
    texts = {name: text for name, text in REPLIES.texts.items() if name != "crisis"}
    problems = check_replies(dataclasses.replace(REPLIES, texts=texts), CLINIC)
    assert problems == ["replies.toml: [crisis] is missing: add it, with a purpose and a text"]


def test_a_lifeline_under_another_number_is_refused() -> None:
    wrong = dataclasses.replace(REPLIES.lifeline, call="989")
    assert len(check_replies(dataclasses.replace(REPLIES, lifeline=wrong), CLINIC)) == 1


def test_a_place_that_nothing_fills_is_found() -> None:
    texts = {**REPLIES.texts, "thanks": "Thank you, {name}."}
    problems = check_replies(dataclasses.replace(REPLIES, texts=texts), CLINIC)
    assert problems == ["replies.toml: [thanks] has {name}, which nothing fills in"]


def test_every_reply_is_shown_as_visitors_see_it() -> None:
    shown = render_replies(REPLIES)
    for name in REPLIES.texts:
        assert f"[{name}]" in shown
    assert "call (555) 010-0100" in " ".join(shown.split())


@pytest.mark.parametrize("name", [name for name in REPLIES.texts if "spanish" not in name])
def test_every_reply_reads_at_grade_eight_or_below(name: str) -> None:
    text = REPLIES.text(name, missing="sleep").replace(CLINIC.phone, "our number")
    # Neither formula needs a dictionary of syllables, which would have to be downloaded.
    assert textstat.automated_readability_index(text) <= 8
    assert textstat.coleman_liau_index(text) <= 8


def test_the_crisis_reply_gives_hope_and_names_no_method() -> None:
    text = REPLIES.text("crisis").lower()
    assert "got better with help" in text
    for word in ("pills", "rope", "gun", "jump", "overdose", "commit", "kill"):
        assert word not in text
