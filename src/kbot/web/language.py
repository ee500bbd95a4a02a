"""The languages of the page's own words. Passages and the fixed replies are English in every one of them.

English stands in the templates and in wording.py; another language is a gettext catalogue in `locale/`, which
translators edit with their usual tools. It is compiled when the server starts.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
LANGUAGES = (ENGLISH, "es")


def choose_language(accepted: str) -> str:
    """Return the language of ours that a browser asks for (its Accept-Language header), or English.

    Example: "fr-CH, es-MX;q=0.9, en;q=0.8" -> "es"
    """
    best, language = 0.0, ENGLISH
    for entry in accepted.split(","):
        tag, _, parameters = entry.partition(";")
        name = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if name in LANGUAGES and weight > best:
            best, language = weight, name
    return language


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the texts of a language; those of English are themselves."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    file = resources.files("kbot.web") / "locale" / f"{language}.po"
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(file.read_bytes())))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
