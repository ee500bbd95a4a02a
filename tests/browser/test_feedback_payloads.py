"""Markup and script in what a visitor says of an answer: sent as it was typed, and never run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.payloads import RUN, Watch, batches, is_clean

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


def say(page: Page, address: str, reason: str) -> None:
    page.goto(address)
    page.get_by_role("textbox", name="Your question").fill("What are the side effects?")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_role("textbox", name="What was missing?").fill(reason)
    page.locator(".kb-helpful").get_by_role("button", name="Send").click()
    expect(page.get_by_role("textbox", name="What was missing?")).to_have_count(0)


def test_reasons_are_taken_and_never_run(page: Page, journalling_address: str) -> None:
    watch = Watch(page, journalling_address)
    for reason in batches(950)[::5]:
        say(page, journalling_address, reason)
        expect(page.get_by_text("Thank you.")).to_be_visible()
        is_clean(page, watch, "#conversation")


def test_a_cry_for_help_with_markup_in_it_gets_the_reply_and_runs_nothing(
    page: Page, journalling_address: str
) -> None:
    watch = Watch(page, journalling_address)
    say(page, journalling_address, f"<img src=x onerror={RUN}> I want to kill myself <script>{RUN}</script>")

    alert = page.get_by_role("alert").filter(has_text="988 Suicide & Crisis Lifeline")
    expect(alert.get_by_role("link", name="Call 988").first).to_be_visible()
    is_clean(page, watch, "#conversation")
