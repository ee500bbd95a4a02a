from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from kbot.records import Fallback, Outcome, Resource
from kbot.web.assets import Assets
from kbot.web.cards import answer_card, asked_card
from kbot.web.chat import MAX_TURNS, Conversation, Memory, read_history
from kbot.web.shell import essentials
from kbot.web.templates import Templates

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from tests.conftest import ScriptedService


@pytest.fixture
def conversation(scripted: ScriptedService) -> Conversation:
    templates = Templates(scripted.clinic, Assets(scripted.clinic).version)
    return Conversation(scripted, templates, tuple(scripted.examples(3)))


def last(conversation: Conversation, question: str, memory: Memory | None = None) -> str:
    _, messages = conversation.reply(question, memory or Memory(), [], "")
    return str(messages[-1]["content"])


def test_the_page_has_people_to_call_and_its_heading_before_any_script_runs(client: TestClient) -> None:
    page = client.get("/").text
    plain = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)

    assert plain.count("<h1>") == 1
    assert 'href="tel:+19497633440"' in plain
    begun = "Hello%2C%20I%20would%20like%20to%20ask%20your%20team%20something."
    assert f'href="sms:+19497633440?&amp;body={begun}"' in plain
    assert 'href="tel:988"' in plain
    assert "not a human" in plain
    assert 'href="/source/faq"' in plain


def test_earlier_questions_go_along_as_turns(conversation: Conversation, scripted: ScriptedService) -> None:
    memory, messages = conversation.reply("hello", Memory(), conversation.opening(), "")
    conversation.reply("how long?", memory, messages, "")

    assert scripted.asked[-2:] == [("hello",), ("hello", "how long?")]


def test_the_line_to_988_stays_once_it_was_needed(conversation: Conversation) -> None:
    memory, _ = conversation.reply("I want to die", Memory(), [], "")
    assert memory.crisis

    memory, _ = conversation.reply("how long?", memory, [], "")
    assert memory.crisis


def test_suggestions_are_offered_as_buttons(conversation: Conversation) -> None:
    assert [option["value"] for option in conversation.opening()[0]["options"]] == [
        "What are the side effects of ketamine?",
        "How long does a session take?",
        "Hello, who are you?",
    ]


def test_an_empty_question_puts_no_empty_bubble_on_the_page(conversation: Conversation) -> None:
    _, messages = conversation.reply("  ", Memory(), [], "")

    assert [message["role"] for message in messages] == ["assistant"]
    assert "Please type a question" in messages[0]["content"]


def test_a_long_conversation_keeps_its_last_turns(conversation: Conversation) -> None:
    memory, messages = Memory(), conversation.opening()
    for number in range(MAX_TURNS + 5):
        memory, messages = conversation.reply(f"hello {number}", memory, messages, "")

    assert memory.turns[0] == "hello 5"
    assert len(memory.turns) == MAX_TURNS
    assert len(messages) == 2 * MAX_TURNS


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "1", '{"turns": 1}', None, '{"turns": null}'])
def test_a_memory_that_was_tampered_with_is_an_empty_one(text: object) -> None:
    assert Memory.read(text) == Memory()


def test_a_memory_comes_back_as_it_was() -> None:
    memory = Memory(("a", 'b"<'), crisis=True)

    assert Memory.read(memory.as_text()) == memory


def test_markup_of_a_visitor_is_shown_as_text(conversation: Conversation) -> None:
    card = asked_card("<img src=x onerror=alert(1)>\n\n**bold**", conversation.templates)

    assert "&lt;img src=x onerror=alert(1)&gt; **bold**" in card
    assert "\n" not in card


def test_an_answer_highlights_its_sentence_and_links_to_its_place(conversation: Conversation) -> None:
    card = last(conversation, "side effects")

    assert (
        "<mark>Common side effects include dissociation, mild hallucinations, dizziness, and nausea.</mark>" in card
    )
    assert 'href="/source/faq#what-are-the-side-effects-of-ketamine-treatment-51e39f"' in card
    assert "Clinic FAQ" in card
    assert "\n" not in card


def test_links_carry_the_path_under_which_kbot_is_served(conversation: Conversation) -> None:
    _, messages = conversation.reply("side effects", Memory(), [], "/help")

    assert 'href="/help/source/faq#' in messages[-1]["content"]


def test_a_hand_over_names_what_is_missing_and_folds_what_does_not_answer(conversation: Conversation) -> None:
    card = last(conversation, "is it safe in pregnancy")

    assert "pregnancy" in card
    assert 'href="tel:+19497633440"' in card
    assert re.search(r"<details[^>]*><summary>Related passages \(they do not answer your question\)</summary>", card)


def test_a_crisis_puts_988_first_and_says_so_at_once(conversation: Conversation) -> None:
    card = last(conversation, "I want to die")

    assert 'role="alert"' in card
    assert card.index("tel:988") < card.index("Thank you for telling us")
    assert "passage" not in card


def test_an_emergency_puts_911_first(conversation: Conversation) -> None:
    card = last(conversation, "I can't breathe")

    assert 'role="alert"' in card
    assert card.index("tel:911") < card.index("This may be a medical emergency")


def test_988_stands_before_passages_that_speak_of_suicide(conversation: Conversation) -> None:
    card = last(conversation, "suicidal thoughts")

    assert card.index("tel:988") < card.index("<mark>")


def test_a_failure_inside_gives_the_phone_number(conversation: Conversation) -> None:
    card = last(conversation, "break down")

    assert 'href="tel:+19497633440"' in card
    assert "secret" not in card


def test_what_people_and_pages_write_is_escaped(conversation: Conversation) -> None:
    bad = "<script>alert(1)</script>"
    answer = Fallback(
        bad, Outcome.CLINICIAN, bad, (Resource(bad, call=bad, text=bad, url='https://x.org/"><b>'),), missing=(bad,)
    )

    card = answer_card(answer, conversation.templates)

    assert "<script" not in card
    assert "<b>" not in card


def test_the_chat_answers_in_one_request_without_gradios_queue(client: TestClient) -> None:
    page = client.get("/").text
    config = json.loads(re.findall(r"window\.gradio_config = (.*?);</script>", page, re.DOTALL)[0])
    (asking, *_) = config["dependencies"]
    history: list[dict[str, Any]] = []

    response = client.post(
        "/gradio_api/run/predict",
        json={"data": ["side effects", "", history], "fn_index": asking["id"], "session_hash": "x"},
    )

    box, memory, messages, *_ = response.json()["data"]
    assert box == ""
    assert json.loads(memory) == {"turns": ["side effects"], "crisis": False}
    assert "Common side effects" in messages[-1]["content"][0]["text"]


def test_of_a_history_only_the_texts_are_read() -> None:
    text = {"type": "text", "text": "hello"}
    history = [
        {"role": "user", "content": [text, {"type": "file", "file": {"path": "/etc/passwd"}}]},
        {"role": "assistant", "content": "plain", "metadata": {"title": "x"}},
        {"role": "assistant", "content": [{"type": "component", "component": "image", "constructor_args": {}}]},
        {"role": "system", "content": [text]},
        {"role": "user", "content": [{"type": "text", "text": 1}, "text", None]},
        {"role": "user"},
        "nonsense",
    ]

    assert read_history(history) == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "plain"},
    ]
    assert read_history("nonsense") == read_history(None) == []


def test_a_request_that_was_tampered_with_makes_no_files_or_components(client: TestClient) -> None:
    image = {"type": "component", "component": "image", "value": "/etc/passwd", "constructor_args": {}, "props": {}}
    file = {"type": "file", "file": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}
    data = [None, 7, [{"role": "user", "content": [image, file]}]]

    response = client.post("/gradio_api/run/predict", json={"data": data, "fn_index": 0, "session_hash": "x"})

    assert response.status_code == 200
    assert "passwd" not in response.text
    assert "Please type a question" in response.text


def test_a_page_that_gradio_writes_in_another_way_is_noticed() -> None:
    with pytest.raises(ValueError, match="Gradio's page has changed"):
        essentials("<html></html>", "nonce")
