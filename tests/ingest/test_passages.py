from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.ingest.passages import sentence_spans, split_passages
from kbot.records import Document, Kind, Passage

HEAD = "---\ntitle: A page\nkind: clinic article\n---\n"


def document_of(body: str, identity: str = "page") -> Document:
    text = HEAD + body
    return Document(identity, "A page", Kind.CLINIC_ARTICLE, text, len(HEAD), f"{identity}.md")


def count_words(text: str) -> int:
    return len(text.split())


def split(body: str, *, budget: int = 100) -> list[Passage]:
    return split_passages(document_of(body), count_words, budget=budget)


def test_an_answer_stands_under_its_question() -> None:
    (passage,) = split("# Questions\n\n## Is it safe?\n\nYes, it is. It was tested.\n")

    assert passage.heading == ("Questions", "Is it safe?")
    assert passage.text == "Yes, it is. It was tested."
    assert [passage.text[s.start : s.end] for s in passage.sentences] == ["Yes, it is.", "It was tested."]
    assert passage.lead_in is None


def test_offsets_count_from_the_first_character_of_the_file() -> None:
    (passage,) = split("Yes.\n")
    assert (passage.start, passage.end) == (len(HEAD), len(HEAD) + 4)


def test_a_list_item_comes_with_the_sentence_that_introduces_the_list() -> None:
    body = "It helps. Bring the following:\n\n- a towel\n- a bottle\n\nCome early.\n"
    document = document_of(body)

    passages = split(body)

    assert [p.text for p in passages] == ["It helps. Bring the following:", "a towel", "a bottle", "Come early."]
    lead_ins = [p.lead_in and document.text[p.lead_in.start : p.lead_in.end] for p in passages]
    assert lead_ins == [None, "Bring the following:", "Bring the following:", None]


def test_a_sentence_that_only_introduces_a_list_is_no_passage_of_its_own() -> None:
    assert [p.text for p in split("Bring:\n\n- a towel\n- a bottle\n")] == ["a towel", "a bottle"]


def test_a_paragraph_before_a_list_introduces_it_only_with_a_colon_or_dots() -> None:
    passages = split("Come early.\n\n- a towel\n\nYou will find…\n\n1. a book\n")
    assert [(p.text, p.lead_in is not None) for p in passages] == [
        ("Come early.", False),
        ("a towel", False),
        ("a book", True),
    ]


def test_a_list_under_the_next_heading_is_not_introduced() -> None:
    passages = split("# One\n\nBring:\n\n# Two\n\n- a towel\n")
    assert [(p.text, p.heading, p.lead_in) for p in passages] == [
        ("Bring:", ("One",), None),
        ("a towel", ("Two",), None),
    ]


def test_items_of_a_list_within_a_list_share_the_lead_in() -> None:
    passages = split("Bring:\n\n- clothes\n  - a shirt\n- a bottle\n")
    assert [(p.text, p.lead_in is not None) for p in passages] == [
        ("clothes", True),
        ("a shirt", True),
        ("a bottle", True),
    ]


def test_a_heading_ends_those_of_its_own_level_and_below() -> None:
    passages = split("# A\n\none\n\n### B\n\ntwo\n\n## C\n\nthree\n\n# D\n\nfour\n")
    assert [p.heading for p in passages] == [("A",), ("A", "B"), ("A", "C"), ("D",)]


def test_a_heading_is_read_without_its_marks() -> None:
    assert split("Is **ketamine** `safe`\n---\n\nYes.\n")[0].heading == ("Is ketamine safe",)


def test_tables_quotations_and_code_are_passages_too() -> None:
    passages = split("| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted words\n\n```\ncode here\n```\n")
    assert [p.text for p in passages] == ["| a | b |\n|---|---|\n| 1 | 2 |", "quoted words", "```\ncode here\n```"]


def test_a_long_paragraph_is_split_between_sentences() -> None:
    passages = split("One two three. Four five. Six seven eight nine. Ten.\n", budget=5)
    assert [p.text for p in passages] == ["One two three. Four five.", "Six seven eight nine. Ten."]


def test_a_sentence_longer_than_the_budget_stays_whole() -> None:
    passages = split("One. Two three four five six. Seven.\n", budget=3)
    assert [p.text for p in passages] == ["One.", "Two three four five six.", "Seven."]


def test_the_same_words_twice_get_two_ids() -> None:
    ids = [p.id for p in split("# Call\n\n(555)\n\n(555)\n")]
    assert ids[1] == f"{ids[0]}-2"


def test_an_id_names_document_and_heading() -> None:
    (passage,) = split("# Is “ketamine” safe, for all?\n\nYes.\n")
    # sha256("Yes.") begins with 5f9a2b
    assert passage.id == "page#is-ketamine-safe-for-all-5f9a2b"


def test_text_without_a_heading_and_a_heading_without_letters_have_ids_too() -> None:
    assert [p.id.split("-")[0] for p in split("Yes.\n\n# ???\n\nNo.\n")] == ["page#text", "page#text"]


@dataclass
class Page:
    """A page with what a reader of it would call its parts."""

    lines: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # every word that a passage or a lead-in must hold, in order
    under: dict[str, tuple[str, ...]] = field(default_factory=dict)  # word -> the headings it stands under


@st.composite
def pages(draw: st.DrawFn) -> Page:
    page = Page()
    path: list[tuple[int, str]] = []

    def sentences(least: int) -> str:
        lengths = draw(st.lists(st.integers(1, 6), min_size=least, max_size=4))
        made = []
        for length in lengths:
            words = [f"Word{len(page.words) + n}" for n in range(length)]
            for word in words:
                page.words.append(word)
                page.under[word] = tuple(title for _, title in path)
            made.append(" ".join(words) + draw(st.sampled_from([".", "?", "!"])))
        return draw(st.sampled_from([" ", "\n"])).join(made)

    for number in range(draw(st.integers(0, 9))):
        match draw(st.sampled_from(["heading", "paragraph", "list", "nested", "quote"])):
            case "heading":
                level = draw(st.integers(1, 4))
                path = [entry for entry in path if entry[0] < level] + [(level, f"Heading{number}")]
                page.lines.append(f"{'#' * level} Heading{number}")
            case "paragraph":
                page.lines.append(sentences(1))
            case "list":
                items = [sentences(1).replace("\n", "\n  ") for _ in range(draw(st.integers(1, 3)))]
                page.lines.append("\n".join(f"- {item}" for item in items))
            case "nested":
                outer, inner = (sentences(1).replace("\n", " ") for _ in range(2))
                page.lines.append(f"1. {outer}\n   - {inner}")
            case "quote":
                page.lines.append("> " + sentences(1).replace("\n", "\n> "))
        page.lines.append("")
    return page


@given(pages(), st.sampled_from(["\n", "\r\n"]), st.integers(2, 12))
def test_passages_of_any_page_are_its_own_words_in_order_and_within_the_budget(
    page: Page, newline: str, budget: int
) -> None:
    body = newline.join("\n".join(page.lines).split("\n"))
    document = document_of(body)

    passages = split_passages(document, count_words, budget=budget)

    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip()
        assert count_words(passage.text) <= budget or len(passage.sentences) == 1
        assert "Heading" not in passage.text
    assert all(before.end <= after.start for before, after in pairwise(passages))
    assert len({passage.id for passage in passages}) == len(passages)
    found = [word.rstrip(".?!") for passage in passages for word in passage.text.split() if word.startswith("Word")]
    assert found == page.words
    for passage in passages:
        words = [word.rstrip(".?!") for word in passage.text.split() if word.startswith("Word")]
        assert {page.under[word] for word in words} == {passage.heading}


@given(pages(), pages())
def test_ids_of_a_section_stay_when_the_section_before_it_is_edited(before: Page, mine: Page) -> None:
    def ids(section_before: str) -> list[str]:
        body = f"{section_before}\n\n# Mine\n\n" + "\n".join(mine.lines).replace("Word", "Mine")
        passages = split_passages(document_of(body), count_words)
        return [passage.id for passage in passages if "Mine" in passage.text]

    text = "\n".join(before.lines)
    assert ids(text) == ids("")
    assert ids(f"{text}\n\nAn added sentence.") == ids("")


@given(st.text(max_size=120) | st.text(alphabet="aB .!?…\n\r\t\u2028\u3002\u00a0)\"'1", max_size=80))
def test_sentences_hold_every_character_but_the_space_between_them(text: str) -> None:
    spans = sentence_spans(text)

    for span in spans:
        assert span.start < span.end
        assert text[span.start : span.end] == text[span.start : span.end].strip()
    assert all(before.end <= after.start for before, after in pairwise(spans))
    gaps = [0, *(edge for span in spans for edge in span), len(text)]
    assert "".join(text[gaps[i] : gaps[i + 1]] for i in range(0, len(gaps), 2)).strip() == ""


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("#*-_>`|[]() \n\t\r\x00"), max_size=200))
def test_any_text_at_all_splits_into_its_own_words(body: str) -> None:
    document = document_of(body)
    for passage in split_passages(document, count_words, budget=8):
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.start >= document.body
        assert all(0 <= s.start < s.end <= len(passage.text) for s in passage.sentences)
        assert passage.sentences


@pytest.mark.parametrize("body", ["", "# Only a heading\n", "<!-- a note -->\n", "---\n"])
def test_a_page_without_words_has_no_passages(body: str) -> None:
    assert split(body) == []


def test_two_documents_with_the_same_words_have_passages_of_their_own() -> None:
    one = document_of("Yes.\n")
    other = replace(one, id="other")
    ids = {p.id for d in (one, other) for p in split_passages(d, count_words)}
    assert len(ids) == 2
