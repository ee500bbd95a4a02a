from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture
def spanish_page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(locale="es-US", viewport={"width": 320, "height": 640})
    page.goto(address)
    expect(page.get_by_role("textbox", name="Su pregunta")).to_be_visible()
    yield page
    page.close()


def test_the_whole_conversation_is_framed_in_spanish(
    spanish_page: Page, violations: Callable[[Page], list[str]]
) -> None:
    page = spanish_page
    found = violations(page)
    widths = []
    for count, question in enumerate(("pregnancy", "how well", "side effects", "I want to die"), 1):
        page.get_by_role("textbox", name="Su pregunta").fill(question)
        page.get_by_role("button", name="Enviar").click()
        expect(page.locator(".kb-answer")).to_have_count(count)
        widths.append(page.evaluate("document.documentElement.scrollWidth"))

    expect(page.get_by_text("Pasajes relacionados")).to_be_visible()
    expect(page.get_by_role("link", name="Leer en la fuente").first).to_be_visible()
    expect(page.get_by_text("En inglés.").first).to_be_visible()
    # A screen reader reads what is English as English.
    assert page.locator(".kb-quote, .kb-answer .kb-message").evaluate_all("all => all.every(e => e.lang === 'en')")
    expect(page.locator("#lifeline").get_by_role("link", name="Llamar al 988")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    page.set_viewport_size({"width": 320, "height": page.evaluate("document.documentElement.scrollHeight")})
    assert found + violations(page) == []
    assert set(widths) == {320}


def test_starting_over_stays_in_spanish(spanish_page: Page) -> None:
    page = spanish_page
    page.get_by_role("textbox", name="Su pregunta").fill("side effects")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Empezar de nuevo").click()

    expect(page.get_by_text("Preguntas frecuentes (en inglés):")).to_be_visible()
    assert page.locator("#conversation .option").evaluate_all("all => all.every(e => e.lang === 'en')")
