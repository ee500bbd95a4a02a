"""Whatever the corpus and the question: what is shown is `document[start:end]` of the build, byte for byte."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from kbot.answering.bot import Bot
from kbot.ingest.passages import split_passages
from kbot.records import Document, Found, Kind
from kbot.search.index import load_texts, save_texts

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from tests.conftest import HandmadeIndex

WORDS = st.sampled_from(
    ["massage", "price", "dollars", "towel", "knee", "“quoted”", "naïve", "10 mg", "e.g.", "Dr. Wu", "🦓", "é", "x"]
)
SENTENCE = st.lists(WORDS, min_size=1, max_size=9).map(lambda words: " ".join(words).capitalize() + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=4).map(" ".join)
ITEM = SENTENCE.map(lambda text: f"- {text}")
LIST = st.lists(ITEM, min_size=1, max_size=3).map(lambda items: "Bring:\n\n" + "\n".join(items))
SECTION = st.tuples(WORDS, st.lists(PARAGRAPH | LIST, min_size=1, max_size=3)).map(
    lambda parts: f"## {parts[0]}\n\n" + "\n\n".join(parts[1])
)
PAGE = st.lists(SECTION, min_size=1, max_size=4).map(lambda sections: "# Page\n\n" + "\n\n".join(sections) + "\n")
QUESTION = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)


def page(name: str, text: str) -> Document:
    return Document(name, "Page", Kind.CLINIC_ARTICLE, text, 0, f"{name}.md")


@settings(max_examples=150)
@given(pages=st.lists(PAGE, min_size=1, max_size=3), questions=st.lists(QUESTION, min_size=1, max_size=3))
def test_every_passage_shown_is_its_documents_text_over_random_corpora_and_questions(
    handmade: HandmadeIndex, pages: list[str], questions: list[str]
) -> None:
    documents = [page(f"page{number}", text) for number, text in enumerate(pages)]
    index = handmade(*documents)
    bot = Bot(index)
    for question in questions:
        answer = bot.ask([question])
        shown = answer.passages if isinstance(answer, Found) else answer.related
        for passage in shown:
            assert index.documents[passage.source.id].text[passage.start : passage.end] == passage.text
            highlight = passage.text[slice(*passage.highlight)]
            assert highlight
            assert highlight in passage.text


@settings(max_examples=150)
@given(text=PAGE, at=st.floats(0, 1), put=st.text(max_size=5), cut=st.integers(0, 5))
def test_an_edit_of_the_snapshot_is_refused_or_leaves_every_passage_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, text: str, at: float, put: str, cut: int
) -> None:
    from kbot.clinic import Clinic
    from kbot.errors import IndexDamagedError

    folder: Path = tmp_path_factory.mktemp("snapshot")
    clinic, document = Clinic("Clinic", "1", "+15550100100"), page("page", text)
    passages = split_passages(document, lambda part: len(part.split()))
    place = int(at * len(text))
    edited = dataclasses.replace(document, text=text[:place] + put + text[place + cut :])
    save_texts(folder, clinic, [edited], passages)
    try:
        _, documents, loaded = load_texts(folder)
    except IndexDamagedError:
        return
    assert [passage.text for passage in loaded.values()] == [
        documents["page"].text[passage.start : passage.end] for passage in loaded.values()
    ]
    assert [passage.text for passage in loaded.values()] == [passage.text for passage in passages]
