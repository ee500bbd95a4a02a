from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from kbot.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def journalling_address(
    service: Service,
    serve: Callable[[Service], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    journal = tmp_path_factory.mktemp("journal") / "journal.db"
    opened = Service.open(dataclasses.replace(service.settings, journal=str(journal)))
    with serve(opened) as where:
        yield where
    opened.close()


def answered(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("textbox", name="Your question").fill("What are the side effects?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Was this helpful?")).to_be_visible()


def test_a_visitor_says_what_was_missing(
    page: Page, journalling_address: str, violations: Callable[[Page], list[str]]
) -> None:
    answered(page, journalling_address)
    page.set_viewport_size({"width": 1280, "height": 3000})  # so that nothing lies under the question box
    found = violations(page)
    page.get_by_role("button", name="No", exact=True).click()
    thanks = page.get_by_text("Thank you.")
    expect(thanks).to_be_focused()
    page.get_by_role("textbox", name="What was missing?").fill("How long they last")
    assert found + violations(page) == []
    page.locator(".kb-helpful").get_by_role("button", name="Send").click()

    expect(page.get_by_role("textbox", name="What was missing?")).to_have_count(0)
    expect(thanks).to_be_visible()
    # The chat goes on.
    page.get_by_role("textbox", name="Your question").fill("How many treatments?")
    page.keyboard.press("Enter")
    expect(page.locator(".kb-answer")).to_have_count(2)


def test_a_cry_for_help_as_the_reason_gets_the_crisis_reply(page: Page, journalling_address: str) -> None:
    answered(page, journalling_address)
    page.get_by_role("button", name="Yes", exact=True).click()
    page.get_by_role("textbox", name="What was missing?").fill("I want to kill myself")
    page.locator(".kb-helpful").get_by_role("button", name="Send").click()

    alert = page.get_by_role("alert").filter(has_text="988 Suicide & Crisis Lifeline")
    expect(alert.get_by_role("link", name="Call 988").first).to_be_visible()
