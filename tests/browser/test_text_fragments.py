"""Publisher's links lead to the very words: Chromium looks for them on a page made from the document's text."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Error, expect

from kbot.answering.show import source_of
from kbot.records import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page
    from tests.browser.conftest import Website
    from tests.conftest import ScriptedService

# Blocks a whole window apart: the browser scrolls to one of them, or finds the words nowhere and stays at the top.
PAGE = """<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,">
<style>h1, h2, h3, h4, p, li {{ margin: 0 0 120vh; list-style: none }}</style></head>
<body><p>The top.</p>{body}</body></html>"""
# The browser looks for the words some frames after the page is there.
IN_SIGHT = """words => [...document.querySelectorAll("h1, h2, h3, h4, p, li")].filter(block => {
    const {top, bottom} = block.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
}).map(block => block.innerText).join(" ").replace(/\\s+/g, " ").includes(words)"""


def plain(markdown: str) -> str:
    """Return the words of a Markdown text as a reader sees them."""
    tokens = [child for token in MarkdownIt().parse(markdown) for child in token.children or []]
    return " ".join(unescape(" ".join(t.content for t in tokens if t.type in {"text", "text_special"})).split())


@pytest.fixture
def site(open_website: Callable[[], AbstractContextManager[Website]], scripted: ScriptedService) -> Iterator[Website]:
    with open_website() as site:
        site.policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        for document in scripted.documents.values():
            html = MarkdownIt().render(document.text[document.body :])
            site.pages[f"/{document.id}"] = PAGE.format(body=html)
        yield site


def test_every_link_to_a_publisher_scrolls_to_its_passage(
    page: Page, scripted: ScriptedService, site: Website
) -> None:
    lost = []
    looked_at = 0
    for number, passage in enumerate(scripted.passages.values()):
        document = scripted.documents[passage.document_id]
        if document.kind is Kind.STUDY_SUMMARY:
            continue
        public = replace(document, url=f"{site.address}/{document.id}?{number}")
        url = source_of(passage, public, scripted.clinic).url
        page.goto(str(url))
        beginning = " ".join(plain(passage.text).split()[:5])
        looked_at += 1
        try:
            page.wait_for_function(IN_SIGHT, arg=beginning, timeout=3000)
        except Error:
            lost.append(f"{passage.id}: {url}")

    assert lost == []
    assert looked_at > 50


def test_words_that_are_not_on_the_page_scroll_nowhere(page: Page, site: Website) -> None:
    """Else the test above would show nothing."""
    page.goto(f"{site.address}/faq#:~:text=no%20such%20words")

    expect(page.get_by_text("The top.")).to_be_in_viewport()
