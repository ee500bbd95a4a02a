from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.errors import ModelError
from kbot.ingest.vocabulary import learn_language
from kbot.records import Document, Kind, Topic, TopicKind

if TYPE_CHECKING:
    from kbot.search.language import Language

PAGE = Document("page", "Page", Kind.CLINIC_ARTICLE, "---\ntitle: Zzyzx\n---\nEsketamine is a spray.", 21, "page.md")


def bank(*phrasings: str, words: tuple[str, ...] = ()) -> list[Topic]:
    return [Topic("topic", "topic", TopicKind.NOT_COVERED, phrasings, (), "sarcoidosis", words)]


@pytest.fixture(scope="module")
def language() -> Language:
    asked = ("esketamin please", "esketamin", "esketamin?", "trazadone", "trazadone", "trazadone", "wegovyy")
    return learn_language([PAGE], bank(*asked, words=("ayahuasca",)))


@pytest.mark.parametrize("word", ["esketamine", "spray", "medicine", "sarcoidosis", "ayahuasca", "trazadone"])
def test_words_of_the_corpus_of_english_and_of_missing_concepts_are_known(language: Language, word: str) -> None:
    assert language.knows(word)


def test_a_slip_of_a_corpus_word_is_not_learned_however_often_the_bank_has_it(language: Language) -> None:
    assert language.read("esketamin").text == "esketamine"


def test_a_word_that_the_bank_has_once_is_not_learned(language: Language) -> None:
    assert not language.knows("wegovyy")


def test_front_matter_is_not_learned_from(language: Language) -> None:
    assert not language.knows("zzyzx")


def test_a_missing_list_of_english_words_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"the package symspellpy, .* is missing: `make setup`"):
        learn_language([PAGE], [])
