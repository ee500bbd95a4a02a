from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.coverage.document_use import Use, use_by_document
from kbot.coverage.usage import passage_use
from kbot.evaluation import Rate

if TYPE_CHECKING:
    from tests.coverage.conftest import MakesEntry

    from kbot.search.index import SearchIndex


def test_every_passage_has_its_use(entry: MakesEntry, index: SearchIndex, ids: dict[str, str]) -> None:
    shown = [entry(shown=[ids["A"]]) for _ in range(7)]
    other = entry(shown=[ids["Nausea"]])

    uses = use_by_document(passage_use([*shown, other], index), index)

    # Eight showings of two passages: four on the mean, so eight would be often.
    assert uses.often == 8
    assert [(each.number, each.use, each.shown) for each in uses["faq"].passages] == [
        (1, Use.SHOWN, 7), (2, Use.SHOWN, 1), (3, Use.NEVER, 0),
    ]  # fmt: skip
    assert uses["faq"].used == Rate(2, 3)
    assert uses.share(uses["faq"]) == Rate(8, 8)


def test_twice_the_mean_is_often(entry: MakesEntry, index: SearchIndex, ids: dict[str, str]) -> None:
    entries = [
        *(entry(shown=[ids["A"]]) for _ in range(8)), entry(shown=[ids["Nausea"]]), entry(shown=[ids["Parking"]]),
    ]  # fmt: skip

    uses = use_by_document(passage_use(entries, index), index)

    assert uses.often == 7
    assert uses["faq"].count(Use.OFTEN) == 1


@pytest.mark.parametrize(
    ("judgements", "use"), [((True, True, False), Use.DISLIKED), ((True, True, True, False), Use.SHOWN)]
)
def test_a_third_against_a_passage_is_disliked(
    entry: MakesEntry, index: SearchIndex, ids: dict[str, str], judgements: tuple[bool, ...], use: Use
) -> None:
    entries = [entry(shown=[ids["A"]], helpful=helpful) for helpful in judgements]

    first, *_ = use_by_document(passage_use(entries, index), index)["faq"].passages

    assert first.use is use
    assert first.liked == Rate(sum(judgements), len(judgements))


def test_a_passage_names_the_topics_that_quote_it(index: SearchIndex) -> None:
    passages = use_by_document(passage_use([], index), index)["faq"].passages

    assert [[topic.id for topic in each.topics] for each in passages] == [["length"], ["side-effects"], []]


def test_what_is_gone_from_the_corpus_counts_among_all_that_was_shown(
    entry: MakesEntry, index: SearchIndex, ids: dict[str, str]
) -> None:
    uses = use_by_document(passage_use([entry(shown=[ids["A"], "faq#gone"])], index), index)

    assert uses.share(uses["faq"]) == Rate(1, 2)


def test_an_unknown_document_is_a_key_error(index: SearchIndex) -> None:
    with pytest.raises(KeyError):
        use_by_document(passage_use([], index), index)["nothing"]
