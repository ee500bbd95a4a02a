from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbot.ingest.questions import Bank, read_bank
from kbot.records import Passage, Quote, Span, Topic, TopicKind

if TYPE_CHECKING:
    from pathlib import Path

PRICE = "A massage costs forty dollars."
PASSAGES = (
    Passage("page#prices-1", "page", ("Massage", "Prices"), 0, 42, f"{PRICE} Tip us.", (Span(0, 30), Span(31, 38))),
    Passage("page#call-1", "page", ("Massage", "Call us"), 50, 64, "(555) 010-0100", (Span(0, 14),)),
    Passage("page#text-1", "page", ("Massage", "Text us"), 70, 84, "(555) 010-0100", (Span(0, 14),)),
)  # fmt: skip
PRICES = f"""- topic: prices
  about: What a massage costs
  kind: answered
  ask:
    - "How much is a massage?"
    - price
  quotes:
    - "{PRICE}"
"""


def read(tmp_path: Path, text: str | bytes, **others: str) -> Bank:
    folder = tmp_path / "corpus" / "questions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, other in others.items():
        (folder / f"{name}.yaml").write_text(other, encoding="utf-8")
    return read_bank(tmp_path / "corpus", PASSAGES)


def test_a_topic_is_read_with_the_place_of_its_quote(tmp_path: Path) -> None:
    bank = read(tmp_path, PRICES)

    assert bank.problems == []
    assert bank.topics[0] == Topic(
        "prices",
        "What a massage costs",
        TopicKind.ANSWERED,
        ("How much is a massage?", "price"),
        (Quote("page#prices-1", Span(0, 30)),),
    )


def test_a_quote_that_stands_in_two_passages_answers_with_both(tmp_path: Path) -> None:
    bank = read(tmp_path, PRICES.replace(PRICE, "(555) 010-0100"))
    assert [quote.passage_id for quote in bank.topics[0].quotes] == ["page#call-1", "page#text-1"]


def test_a_quote_under_a_heading_answers_with_the_passages_there_only(tmp_path: Path) -> None:
    bank = read(tmp_path, PRICES.replace(f'"{PRICE}"', '{text: "(555) 010-0100", under: Text us}'))
    assert bank.problems == []
    assert [quote.passage_id for quote in bank.topics[0].quotes] == ["page#text-1"]


def test_a_quote_that_no_longer_stands_in_the_corpus_names_file_topic_and_quote(tmp_path: Path) -> None:
    bank = read(tmp_path, PRICES.replace("forty", "fifty").replace("About", "about"))

    (problem,) = bank.problems
    assert problem == (
        "corpus/questions/one.yaml:1: topic 'prices': the quote 'A massage costs fifty dollars.' stands in no "
        "passage of the corpus: copy the sentence as it is now, or make the topic not_covered"
    )


@pytest.mark.parametrize(
    "quote",
    ["a massage costs forty dollars.", "A massage costs  forty dollars.", "costs forty dollars. Tip us.x"],
)
def test_a_quote_must_be_the_corpus_letter_by_letter(tmp_path: Path, quote: str) -> None:
    (problem,) = read(tmp_path, PRICES.replace(PRICE, quote)).problems
    assert repr(quote) in problem


def test_a_quote_under_the_wrong_heading_is_refused_with_the_heading(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, PRICES.replace(f'"{PRICE}"', f'{{text: "{PRICE}", under: Call us}}')).problems
    assert (
        f"topic 'prices': the quote {PRICE!r} stands in no passage of the corpus under the heading 'Call us'"
        in problem
    )


def topic(**changes: str | None) -> str:
    parts = {"topic": "prices", "kind": "answered", "ask": "[price]", "quotes": f'["{PRICE}"]'} | changes
    return "- " + "\n  ".join(f"{key}: {value}" for key, value in parts.items() if value is not None)


@pytest.mark.parametrize(
    ("entry", "what", "remedy"),
    [
        (topic(topic="Our Prices"), "'topic' is 'Our Prices'", "give it a name of a-z, 0-9 and '-'"),
        (topic(topic=None), "'topic' is None", "give it a name of a-z, 0-9 and '-'"),
        (topic(kind="covered"), "topic 'prices': unknown kind 'covered'", "use one of answered, not_covered"),
        (topic(kind=None), "topic 'prices': unknown kind 'None'", "use one of answered, not_covered"),
        (topic(ask=None), "topic 'prices': 'ask' is empty", "list the ways people ask it"),
        (topic(ask="price"), "topic 'prices': 'ask' is not a list of texts", "write one '- \"...\"' a line"),
        (topic(ask="['  ', '\u200b']"), "topic 'prices': 'ask' is empty", "list the ways people ask it"),
        (topic(quotes=None), "it is answered, but by no quote", "add 'quotes:', or make it not_covered"),
        (topic(quotes="[{text: a}]"), "'quotes' is not a list of texts", "write one '- \"...\"' a line"),
        (topic(kind="personal"), "it has quotes, but its kind is personal", "make it answered, or remove them"),
        (topic(kind="not_covered", quotes=None), "'missing' is missing", "name the concept that the material lacks"),
        (topic(words="[[a]]"), "'words' is not a list of texts", "write one '- \"...\"' a line"),
        (topic(quote="x"), "unknown key 'quote'", "did you mean 'quotes'?"),
        (topic(colour="x"), "unknown key 'colour'", "known are topic, about, kind, ask, quotes, missing, words"),
        ("- just a text", "not a topic", "write 'topic:', 'about:', 'kind:' and 'ask:'"),
        ("topic: prices", "not a list of topics", "begin each with '- topic: ...'"),
        ("- topic: a: b", "not YAML", "put phrasings in double quotes"),
        ("- &a [*a]", "a YAML alias ('*') is not allowed", "write the text out"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_topic_and_remedy(tmp_path: Path, entry: str, what: str, remedy: str) -> None:
    problems = [p for p in read(tmp_path, f"# for staff\n{entry}\n").problems if what in p]

    (problem,) = problems
    line = 1 if what == "not a list of topics" else 2
    assert problem.startswith(f"corpus/questions/one.yaml:{line}: ")
    assert remedy in problem


def test_the_same_key_twice_in_a_topic_is_refused_rather_than_half_of_it_lost(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, PRICES + '  ask:\n    - "cost"\n').problems
    assert problem.startswith("corpus/questions/one.yaml:9: ")
    assert "the key 'ask' stands twice" in problem


def test_two_topics_of_the_same_name_are_refused_with_both_places(tmp_path: Path) -> None:
    bank = read(tmp_path, PRICES, two=f"# for staff\n{PRICES}")
    assert bank.problems == [
        "corpus/questions/two.yaml:2: the topic 'prices' stands at corpus/questions/one.yaml:1 already: rename one"
    ]


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    bank = read(tmp_path, PRICES.encode() + b"# caf\xe9\n")
    assert bank.problems == ["corpus/questions/one.yaml:9: not UTF-8: save the file with the encoding UTF-8"]


def test_a_phrasing_under_two_topics_is_a_warning_whatever_its_case_and_marks(tmp_path: Path) -> None:
    other = topic(topic="fees", ask='["PRICE?", "fees"]')
    bank = read(tmp_path, f"{PRICES}{other}\n")

    assert bank.problems == []
    assert [w for w in bank.warnings if "prices" in w or "fees" in w] == [
        "'PRICE?' stands under 'prices' and under 'fees': keep it where it belongs"
    ]


def test_the_same_phrasing_twice_in_a_topic_counts_once_and_is_no_warning(tmp_path: Path) -> None:
    bank = read(tmp_path, topic(ask='["price", " price ", "price?"]'))
    assert bank.topics[0].phrasings == ("price", "price?")
    assert [w for w in bank.warnings if "prices" in w] == []


def test_numbers_and_words_of_a_concept_are_texts(tmp_path: Path) -> None:
    entry = topic(
        kind="not_covered", quotes=None, ask="[988, 4.5]", missing="Tip's amount", words="[Tips, 'How MUCH, tip']"
    )
    bank = read(tmp_path, entry)
    assert bank.problems == []
    assert bank.topics[0].phrasings == ("988", "4.5")
    assert (bank.topics[0].missing, bank.topics[0].words) == ("Tip's amount", ("tips", "how much tip"))


def test_a_corpus_without_questions_has_an_empty_bank(tmp_path: Path) -> None:
    assert read_bank(tmp_path, PASSAGES) == Bank()


def test_a_bank_is_told_apart_from_topics_that_are_no_clinics(tmp_path: Path) -> None:
    kinds = {t.kind for t in read(tmp_path, PRICES).topics if t.id != "prices"}
    assert TopicKind.OFF_TOPIC in kinds
    assert TopicKind.ANSWERED not in kinds


@pytest.mark.parametrize(
    "text", ["[" * 2000, "- ask: " + "[" * 900 + "]" * 900, "- topic: 2026-02-30", "- topic: a\x07"]
)
def test_a_file_that_yaml_chokes_on_is_a_problem_of_that_file(tmp_path: Path, text: str) -> None:
    (problem,) = read(tmp_path, text).problems
    assert problem.startswith("corpus/questions/one.yaml:")


def test_a_file_of_more_than_five_million_bytes_is_refused(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "#" * 5_000_001).problems
    assert problem.endswith("the file has more than 5,000,000 bytes: split it into several")


@settings(max_examples=20)  # the background topics are read with every bank
@given(st.binary(max_size=120) | st.text(alphabet="-: topickndask[]{}\"'&*!|\n", max_size=120).map(str.encode))
def test_random_bytes_give_problems_of_that_file_and_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    bank = read(tmp_path_factory.mktemp("random"), data)
    assert all(problem.startswith("corpus/questions/one.yaml:") for problem in bank.problems)
    assert all(t.kind is not TopicKind.ANSWERED for t in bank.topics)


def test_a_folder_named_like_a_file_of_the_bank_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "corpus" / "questions" / "drafts.yaml").mkdir(parents=True)
    assert read_bank(tmp_path / "corpus", PASSAGES) == Bank()
