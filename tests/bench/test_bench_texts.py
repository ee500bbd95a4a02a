from __future__ import annotations

import json

import pytest
from bench.peers.texts import as_lines, make_passages, rank_of_gold, spread_out

from kbot.evaluation import Question

_SENTENCES = [f"Sentence {number}." for number in range(40)]


def test_made_passages_are_the_same_every_time_and_no_two_alike() -> None:
    made = make_passages(_SENTENCES, 300)
    assert made == make_passages(_SENTENCES, 300)
    assert len(set(made.values())) == len(made) == 300


def test_a_made_passage_has_two_to_four_of_the_sentences() -> None:
    lengths = {text.count("Sentence") for text in make_passages(_SENTENCES, 300).values()}
    assert lengths == {2, 3, 4}


def test_more_passages_than_can_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        make_passages(_SENTENCES[:3], 100)


def test_passages_reach_the_drivers_as_they_are() -> None:
    rows = [json.loads(line) for line in as_lines({"a": "one\ntwo", "b": "three’s"}).splitlines()]
    assert rows == [{"id": "a", "text": "one\ntwo"}, {"id": "b", "text": "three’s"}]


def test_the_rank_is_that_of_the_first_passage_with_any_golden_quote() -> None:
    question = Question("q", ("How long?",), "answerable", ("forty minutes", "an hour"), "")
    own = {"a": "It is safe.", "b": "It takes an hour.", "c": "It takes forty minutes."}
    assert rank_of_gold(question, ["a", "b", "c"], own) == 2
    assert rank_of_gold(question, ["a"], own) is None
    assert rank_of_gold(question, [], own) is None


def test_fewer_questions_are_spread_over_the_whole_file() -> None:
    questions = [Question(str(number), ("?",), "answerable", (), "") for number in range(10)]
    assert [question.id for question in spread_out(questions, 4)] == ["0", "2", "5", "7"]
    assert spread_out(questions, 99) == questions
