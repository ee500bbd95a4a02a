from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbot.errors import IndexMismatchError, IndexMissingError, ModelError
from kbot.records import Fallback, Found, Kind, Outcome, Reason, ShownPassage
from kbot.service import Service

if TYPE_CHECKING:
    from pathlib import Path

FIGURES = ["How many patients reach remission?", "What are the success rates?", "does it work for most people"]
SAME_QUESTION = "What are the side effects of ketamine treatment for depression?"


def passages_of(service: Service, *turns: str) -> tuple[ShownPassage, ...]:
    answer = service.ask(turns).answer
    return answer.passages if isinstance(answer, Found) else answer.related


@pytest.mark.parametrize(
    "question",
    [
        SAME_QUESTION,
        "what happens during a session",
        "Do you take Aetna?",
        "Is ketamine safe during pregnancy?",
        "cost",
    ],
)
def test_every_shown_passage_is_its_documents_own_text_with_a_highlight_of_whole_sentences(
    service: Service, question: str
) -> None:
    shown = passages_of(service, question)
    assert shown
    for passage in shown:
        assert service.documents[passage.source.id].text[passage.start : passage.end] == passage.text
        spans = service.passages[passage.id].sentences
        assert passage.highlight.start in {span.start for span in spans}
        assert passage.highlight.end in {span.end for span in spans}
        assert passage.highlight.start < passage.highlight.end <= len(passage.text)
        assert passage.source.page == f"/source/{passage.id}"
        assert 0 <= passage.score <= 1


def test_never_two_passages_that_say_the_same_and_never_more_than_three(service: Service) -> None:
    for question in [*FIGURES, SAME_QUESTION, "phone number", "how does it work", "insurance"]:
        texts = [" ".join(passage.text.lower().split()) for passage in passages_of(service, question)]
        assert len(texts) == len(set(texts)) <= 3


@pytest.mark.parametrize(
    "question",
    [
        "What share of patients reach remission?",
        "What are the success rates?",
        "how long do the effects last",
        "Does ketamine help with suicidal thoughts?",
    ],
)
def test_a_study_stands_beside_the_clinics_own_figure(service: Service, question: str) -> None:
    answer = service.ask([question]).answer
    assert isinstance(answer, Found)
    kinds = [passage.source.kind for passage in answer.passages]
    assert any(kind.is_study for kind in kinds)
    assert any(not kind.is_study for kind in kinds)


def test_a_question_that_nothing_answers_is_handed_over_with_what_is_missing(service: Service) -> None:
    answer = service.ask(["Is ketamine safe during pregnancy?"]).answer
    assert isinstance(answer, Fallback)
    assert (answer.outcome, answer.reason) == (Outcome.CLINICIAN, Reason.NOT_COVERED)
    assert any("pregnan" in word for word in answer.missing)
    assert "pregnan" in answer.message
    assert service.clinic.phone in {resource.call for resource in answer.resources}


def test_a_follow_up_is_understood_from_the_turn_before(service: Service) -> None:
    turns = ["What is esketamine?", "how long do they monitor you after it?"]
    answer = service.ask(turns).answer
    assert isinstance(answer, Found)
    assert any("two-hour monitoring" in passage.text for passage in answer.passages)


def test_an_insurer_that_the_material_does_not_name_is_handed_over_after_one_that_it_names(service: Service) -> None:
    assert isinstance(service.ask(["Do you take Aetna?"]).answer, Found)
    assert isinstance(service.ask(["Do you take Aetna?", "and Medicaid?"]).answer, Fallback)


def test_a_new_topic_is_not_dragged_down_by_the_old_one(service: Service) -> None:
    alone = passages_of(service, SAME_QUESTION)
    assert passages_of(service, "Do you take Aetna?", SAME_QUESTION) == alone


BROKEN = {
    "empty": "",
    "space": "  \n\t ",
    "marks": "?!…",
    "emoji": "🦓🦓🦓",
    "one letter": "k",
    "compatibility letters": "℡ ㏂ 🄷🄴🄻🄿",
    "control characters": "\x00\x01\x1b[31mred\x7f",
    "right to left": "\u202eما هو الكيتامين؟\u202c",
    "markup": "<script>alert(1)</script><b>bold</b> [x](javascript:1)",
    "template": "{clinic} {phone} {missing} %s {{7*7}}",
    "half a surrogate pair": "\ud800 what?",
    "10,000 letters": "a" * 10_000,
    "10,000 words": "what is ketamine " * 3_334,
    "10,000 marks": "?" * 10_000,
    "10,000 accents": "e" + "\u0301" * 10_000,
    "sql": "'; DROP TABLE questions; --",
    "numbers": "1" * 5_000,
}


@pytest.mark.parametrize("question", BROKEN.values(), ids=BROKEN.keys())
def test_any_question_has_a_defined_outcome(service: Service, question: str) -> None:
    answer = service.ask([question]).answer
    if isinstance(answer, Fallback):
        assert answer.resources
    else:
        assert answer.passages
    assert answer.message
    assert "{" not in answer.message


@pytest.mark.parametrize("question", ["", "  \n\t ", "?!…", "🦓🦓🦓", "?" * 10_000])
def test_a_question_without_a_word_is_unclear_and_answered_by_no_accident(service: Service, question: str) -> None:
    for turns in ([question], ["What are the side effects?", question]):
        answer = service.ask(turns).answer
        assert isinstance(answer, Fallback)
        assert (answer.outcome, answer.reason, answer.related) == (Outcome.CLINICIAN, Reason.UNCLEAR, ())
        assert answer.suggestions


@pytest.mark.parametrize("question", ["a" * 10_000, "'; DROP TABLE questions; --", "{clinic} {phone} {{7*7}}"])
def test_gibberish_is_not_answered(service: Service, question: str) -> None:
    assert isinstance(service.ask([question]).answer, Fallback)


def test_no_turns_at_all_are_an_empty_question(service: Service) -> None:
    assert isinstance(service.ask([]).answer, Fallback)


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=3))
def test_no_text_at_all_breaks_the_bot_and_all_it_says_can_be_written(service: Service, turns: list[str]) -> None:
    asked = service.ask(turns)
    asked.answer.question.encode()
    asked.answer.message.encode()
    assert 0 <= asked.answer.confidence <= 1


def test_the_same_question_gets_the_same_answer_also_from_many_threads(service: Service) -> None:
    first = service.ask([SAME_QUESTION]).answer
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: service.ask([SAME_QUESTION]).answer, range(12)))
    assert answers == [first] * 12


def test_an_answer_tells_its_build_and_its_time(service: Service) -> None:
    asked = service.ask([SAME_QUESTION])
    assert asked.build == service.build
    assert asked.elapsed_ms > 0


def test_only_so_much_of_a_question_is_looked_at(service: Service) -> None:
    short = Service.open(replace(service.settings, max_question=50))
    asked = SAME_QUESTION[:50].rsplit(" ", 1)[0]
    assert passages_of(short, f"{asked} {'zebra ' * 500}") == passages_of(short, asked)


def test_questions_to_begin_with_are_the_faqs_own_and_are_answered(service: Service) -> None:
    examples = service.examples(4)
    assert len(set(examples)) == 4
    headings = {
        p.heading[-1] for p in service.passages.values() if service.documents[p.document_id].kind is Kind.CLINIC_FAQ
    }
    assert set(examples) <= headings
    assert all(isinstance(service.ask([example]).answer, Found) for example in examples)


def test_an_index_that_is_missing_or_of_another_model_is_refused_at_the_door(
    service: Service, tmp_path: Path
) -> None:
    with pytest.raises(IndexMissingError, match="run `kbot build`"):
        Service.open(replace(service.settings, index=tmp_path))
    with pytest.raises(ModelError, match="KBOT_RERANKER is 'none'"):
        Service.open(replace(service.settings, reranker="none"))
    (tmp_path / "model.onnx").touch()
    with pytest.raises(IndexMismatchError, match=r"built with the reranker ms-marco-MiniLM-L12-v2, but"):
        Service.open(replace(service.settings, reranker=str(tmp_path)))
