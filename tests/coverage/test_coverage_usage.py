from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.coverage.usage import disliked, near_misses, never_shown, passage_use, unhelpful
from kbot.records import Outcome

if TYPE_CHECKING:
    from tests.coverage.conftest import MakesEntry

    from kbot.search.index import SearchIndex


def test_near_misses_are_answers_just_above_the_threshold_the_least_certain_first(entry: MakesEntry) -> None:
    entries = [entry(confidence=c) for c in (0.9, 0.49, 0.4, 0.41, 0.55)]
    entries += [entry(confidence=0.42, handled=True), entry(outcome=Outcome.CLINICIAN, confidence=0.42)]
    assert [answer.confidence for answer in near_misses(entries, 0.4, margin=0.15)] == [0.4, 0.41, 0.49]


def test_answers_marked_unhelpful_come_newest_first_with_what_was_said(entry: MakesEntry) -> None:
    entries = [
        entry("old", helpful=False, day=1, feedback="too long", shown=["faq#a"]),
        entry("new", helpful=False, day=5),
        entry("fine", helpful=True),
        entry("silent"),
        entry("done", helpful=False, handled=True),
    ]
    marked = unhelpful(entries)
    assert [(answer.question, answer.feedback) for answer in marked] == [("new", ""), ("old", "too long")]
    assert marked[1].passages == ("faq#a",)


def test_each_passage_knows_how_often_it_was_shown_and_liked_and_who_quotes_it(
    entry: MakesEntry, index: SearchIndex, ids: dict[str, str]
) -> None:
    nausea, session = ids["Nausea"], ids["A"]
    entries = [
        entry(shown=[nausea, session], helpful=False),
        entry(shown=[nausea], helpful=True),
        entry(shown=[nausea]),
        entry(shown=["old#gone"], helpful=False),
    ]
    uses = {use.id: use for use in passage_use(entries, index)}
    assert list(uses) == [*index.passages, "old#gone"]
    assert (uses[nausea].shown, uses[nausea].liked.hits, uses[nausea].liked.total) == (3, 1, 2)
    assert (uses[session].shown, uses[session].liked.total, uses[session].topics) == (1, 1, 1)
    assert (uses["old#gone"].document, uses["old#gone"].text, uses["old#gone"].topics) == ("old", "", 0)
    assert [use.id for use in never_shown(list(uses.values()))] == [ids["Parking"]]
    # One mark each: the worse share first, then by id.
    assert [use.id for use in disliked(list(uses.values()))] == [session, "old#gone", nausea]


@pytest.mark.parametrize("margin", [0.0, 1.0])
def test_a_margin_of_nothing_queues_nothing_and_of_one_everything(entry: MakesEntry, margin: float) -> None:
    entries = [entry(confidence=c) for c in (0.4, 0.7, 1.0)]
    assert len(near_misses(entries, 0.4, margin=margin)) == 3 * margin
