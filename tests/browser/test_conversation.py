from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 390, "height": 844}


def ask(page: Page, question: str) -> None:
    """Ask, and wait until one more answer stands on the page."""
    answers = page.locator(".kb-answer")
    before = answers.count()
    box = page.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")
    expect(answers).to_have_count(before + 1)


def test_a_visitor_asks_reads_the_passage_and_finds_it_in_the_source(page: Page, real_address: str) -> None:
    page.goto(real_address)
    ask(page, "What are the side effects of ketamine treatment for depression?")

    card = page.locator(".kb-passage").first
    expect(card.locator(".kb-label")).to_have_text("Clinic FAQ")
    expect(card.locator("blockquote")).to_contain_text(
        "Common side effects include dissociation, mild hallucinations"
    )
    assert card.locator("mark").count() == 1

    with page.context.expect_page() as opened:
        card.get_by_role("link", name="Read it in the source").click()
    source = opened.value
    source.wait_for_load_state()

    target = source.locator(":target")
    expect(target).to_have_text(re.compile("^Common side effects include"))
    expect(target).to_be_in_viewport()
    highlighted = "e => getComputedStyle(e).backgroundColor"
    assert target.evaluate(highlighted) not in {"rgba(0, 0, 0, 0)", source.locator("#text").evaluate(highlighted)}


def test_the_conversation_is_still_there_after_a_look_at_the_source(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "side effects")

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Read it in the source").click()
    opened.value.close()

    expect(page.locator(".kb-passage")).to_have_count(1)


def test_a_question_without_an_answer_leads_to_a_clinician(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "Is it safe in pregnancy?")

    answer = page.locator(".kb-answer").last
    expect(answer).to_contain_text("Our pages say nothing about pregnancy")
    expect(answer.get_by_role("link", name="Call (949) 763-3440").first).to_have_attribute("href", "tel:+19497633440")
    by_text = answer.get_by_role("link", name="Text (949) 763-3440").get_attribute("href")
    assert by_text is not None
    assert by_text.startswith("sms:+19497633440?&body=Hello%2C%20")
    assert "pregnancy" not in by_text  # what was asked goes nowhere unless the visitor writes it
    related = answer.locator("details")
    expect(related.locator(".kb-passage")).to_be_hidden()
    related.locator("summary").click()
    expect(related.locator(".kb-passage")).to_be_visible()


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE])
def test_help_stays_in_its_place(page: Page, address: str, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(address)
    call = page.get_by_role("complementary", name="Talk to a clinician").get_by_role("link", name="Call (949)")
    expect(call).to_have_attribute("href", "tel:+19497633440")
    before = call.bounding_box()

    for question in ("how long", "pregnancy", "I want to die"):
        ask(page, question)
        expect(call).to_be_in_viewport(ratio=1)
        assert call.bounding_box() == before


def test_988_stays_on_the_page_after_a_crisis(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#lifeline")).to_have_count(0)
    ask(page, "I want to die")

    alert = page.get_by_role("alert").filter(has_text="988 Suicide & Crisis Lifeline")
    first = alert.get_by_role("link").first
    expect(first).to_have_text("Call 988")
    expect(first).to_have_attribute("href", "tel:988")
    height = (first.bounding_box() or {"height": 0})["height"]
    assert height >= 44

    ask(page, "how long")
    stays = page.locator("#lifeline")
    expect(stays.get_by_role("link", name="Call 988")).to_be_in_viewport(ratio=1)
    expect(stays.get_by_role("link", name="Text 988")).to_have_attribute("href", "sms:988")


def test_markup_in_a_question_is_only_text(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("window.ran = false")
    ask(page, "<img src=x onerror='window.ran=true'><script>window.ran=true</script> **bold** $$x$$ <b>pregnancy</b>")

    shown = page.locator(".kb-asked")
    expect(shown).to_contain_text("<img src=x onerror='window.ran=true'><script>")
    expect(shown).to_contain_text("**bold** $$x$$ <b>pregnancy</b>")
    assert page.locator(".kb-asked").locator("img, b, strong, script").count() == 0
    assert page.evaluate("window.ran") is False


def test_nothing_is_kept_in_the_browser_and_no_other_host_is_asked(page: Page, address: str) -> None:
    hosts: set[str] = set()
    page.context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(address)
    for question in ("side effects", "I want to die", "pregnancy"):
        ask(page, question)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Read it in the source").first.click()
    opened.value.wait_for_load_state()

    assert hosts == {urlsplit(address).netloc}
    assert page.context.cookies() == []
    kept = page.evaluate(
        """async () => ({
            local: {...localStorage}, session: {...sessionStorage}, databases: (await indexedDB.databases()).length,
            caches: (await caches.keys()).length, workers: (await navigator.serviceWorker.getRegistrations()).length,
        })"""
    )
    assert kept == {"local": {}, "session": {}, "databases": 0, "caches": 0, "workers": 0}


def test_a_reload_forgets_the_conversation(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "side effects")
    page.reload()

    expect(page.get_by_role("textbox", name="Your question")).to_be_visible()
    expect(page.locator(".kb-asked")).to_have_count(0)


def test_an_example_question_is_asked_by_its_button(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="How long does a session take?").click()

    expect(page.locator(".kb-asked")).to_have_text("You asked: How long does a session take?")
    expect(page.locator(".kb-passage")).to_have_count(2)
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
    expect(page.get_by_role("button", name="How long does a session take?")).to_have_count(0)


def test_start_over_brings_the_beginning_back(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "I want to die")
    page.get_by_role("button", name="Start over").click()

    expect(page.locator(".kb-asked")).to_have_count(0)
    expect(page.locator("#lifeline")).to_have_count(0)
    expect(page.get_by_role("button", name="How long does a session take?")).to_be_visible()


def test_an_answer_is_copied_with_its_source(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.goto(address)
    ask(page, "side effects")
    page.get_by_role("button", name="Copy with its source").click()
    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Common side effects include dissociation")
    assert f"Clinic FAQ: {address}/source/faq#what-are-the-side-effects" in copied


def test_the_answer_begins_at_the_top_of_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(address)
    for question in ("side effects", "how long", "pregnancy", "how long"):
        ask(page, question)
        expect(page.locator(".kb-asked").last).to_be_in_viewport(ratio=1)
        if question == "how long":
            expect(page.locator(".kb-answer").last.locator("mark").first).to_be_in_viewport(ratio=1)
