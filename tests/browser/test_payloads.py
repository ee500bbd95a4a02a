"""Markup and script in questions and in corpus text: shown as text, and never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.browser.payloads import RUN, Watch, batches, is_clean, payloads

from kbot.answering.show import show
from kbot.ingest.passages import split_passages
from kbot.records import Answer, Document, Found, Kind, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page
    from tests.conftest import ScriptedService

    from kbot.service import Service


class Poisoned:
    """A service whose one document is made of the payloads, and which answers with all of its passages."""

    def __init__(self, scripted: ScriptedService) -> None:
        text = "# Payloads\n\n" + "\n\n".join(f"Look here: {payload.strip()}" for payload in payloads()) + "\n"
        self._document = Document(
            "poison", "<img src=x onerror=window.__pwned=1>", Kind.CLINIC_FAQ, text, 0, "poison.md"
        )
        self.passages = {p.id: p for p in split_passages(self._document, lambda part: len(part.split()))}
        self._scripted = scripted

    @property
    def documents(self) -> dict[str, Document]:
        return {"poison": self._document}

    def answer(self, question: str) -> Answer:
        shown = tuple(
            show(p, self._document, self._scripted.clinic, highlight=Span(*p.sentences[0]), score=0.9)
            for p in self.passages.values()
        )
        return Found(question, "Here is what our pages say.", shown, 0.9)


def test_there_are_hundreds_of_payloads() -> None:
    assert len(set(payloads())) >= 200


def test_questions_are_shown_as_they_were_typed_and_never_run(page: Page, address: str) -> None:
    watch = Watch(page, address)
    page.goto(address)
    box = page.get_by_role("textbox", name="Your question")
    texts = batches(1_900)
    for number, text in enumerate(texts, start=1):
        box.fill(text)
        box.press("Enter")
        expect(page.locator(".kb-asked")).to_have_count(number)
        expect(page.locator(".kb-answer")).to_have_count(number)

    is_clean(page, watch, "#conversation")
    shown = " ".join(page.locator(".kb-asked").all_inner_texts())
    assert f"<script>{RUN}</script>" in shown


def test_corpus_text_is_shown_and_never_run(
    page: Page,
    scripted: ScriptedService,
    serve: Callable[[Service], AbstractContextManager[str]],
) -> None:
    poisoned = Poisoned(scripted)
    service = type(
        "PoisonedService",
        (type(scripted),),
        {
            "documents": property(lambda _: poisoned.documents),
            "passages": property(lambda _: poisoned.passages),
            "_answer": lambda _, question: poisoned.answer(question),
        },
    )(scripted.settings)
    with serve(service) as address:
        watch = Watch(page, address)
        page.goto(address)
        box = page.get_by_role("textbox", name="Your question")
        box.fill("anything")
        box.press("Enter")
        expect(page.locator(".kb-passage")).to_have_count(len(poisoned.passages))
        is_clean(page, watch, "#conversation")

        page.goto(f"{address}/source/poison")
        expect(page.locator("main")).to_contain_text("onerror=")
        is_clean(page, watch, "main")
