from __future__ import annotations

import io
import re
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from kbot.web import wording
from kbot.web.language import choose_language
from kbot.web.shell import translate_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

SPANISH = {"accept-language": "es-MX,es;q=0.9,en;q=0.8"}
OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true"}


def texts() -> Iterator[str]:
    """Yield every text of ours that a visitor may read; the folders are the staff's, and English."""
    for file in (resources.files("kbot.web") / "templates").iterdir():
        if file.is_dir():
            continue
        for _, _, text, _ in babel_extract(io.BytesIO(file.read_bytes()), ["_", "gettext"], [], OPTIONS):
            yield str(text)
    for name, value in vars(wording).items():
        if name.isupper() and name != "EMBED":
            yield from [value] if isinstance(value, str) else value.values()


def spanish() -> dict[str, str]:
    file = resources.files("kbot.web") / "locale" / "es.po"
    catalogue = read_po(io.BytesIO(file.read_bytes()))
    return {str(message.id): str(message.string) for message in catalogue if message.id and not message.fuzzy}


def test_every_text_of_the_page_stands_in_the_catalogue_and_nothing_else() -> None:
    assert set(spanish()) == set(texts())


def test_a_translation_keeps_the_names_and_the_markup_of_its_text() -> None:
    kept = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")
    wrong = [text for text, said in spanish().items() if sorted(kept.findall(text)) != sorted(kept.findall(said))]
    assert wrong == []
    assert [text for text, said in spanish().items() if not said.strip() or said == text] == ["No"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-419", "es"),
        ("ES-mx;q=0.9, en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr, de;q=0.9", "en"),
        ("fr-CH, es;q=0.5", "es"),
        ("es;q=0, en;q=0.1", "en"),
        ("es;q=nonsense", "en"),
        ("*", "en"),
        (",;=,q", "en"),
    ],
)
def test_the_browsers_language_chooses(accepted: str, language: str) -> None:
    assert choose_language(accepted) == language


def test_a_spanish_browser_gets_a_spanish_page(client: TestClient) -> None:
    response = client.get("/", headers=SPANISH)

    assert '<html lang="es">' in response.text
    assert "Sus preguntas sobre el tratamiento con ketamina" in response.text
    assert "están en inglés" in response.text
    assert '"placeholder": "Escriba su pregunta"' in response.text
    assert "Accept-Language" in response.headers["vary"]
    # What the visitor would read first in English stands nowhere, not even in Gradio's configuration.
    for text in ("Talk to a clinician", "Type your question", "People often ask", "Start over"):
        assert text not in response.text


def test_an_english_browser_gets_the_english_page(client: TestClient) -> None:
    for headers in ({}, {"accept-language": "en-US,es;q=0.5"}):
        page = client.get("/", headers=headers).text
        assert '<html lang="en">' in page
        assert "Talk to a clinician" in page
        assert ' lang="en"' not in page.split("<body", 1)[1]


def test_a_source_page_says_in_spanish_that_it_is_english(client: TestClient) -> None:
    page = client.get("/source/article", headers=SPANISH).text

    assert "Artículo de la clínica</span> En inglés. Escrito por la clínica" in page
    assert re.search(r'<article id="text"[^>]* lang="en">', page)
    assert '<h1 lang="en">' in page


def test_only_whole_texts_of_the_configuration_are_translated() -> None:
    config = '{"a": ["Send", "Send it", 1, null], "Send": {"b": "</script"}}'
    script = f'<script nonce="x">window.gradio_config = {config};</script>'

    translated = translate_config(script, {"Send": "<b>Enviar</b>"})
    assert '{"a": ["<b>Enviar<\\/b>", "Send it", 1, null], "Send": {"b": "<\\/script"}}' in translated
    assert translated.endswith("};</script>")
