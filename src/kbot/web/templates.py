"""The HTML templates, with everything that is put into them escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kbot.answering.replies import read_replies
from kbot.web.language import ENGLISH, LANGUAGES, catalogue, choose_language
from kbot.web.wording import CHAT_AT, GO_TO, KIND_LABELS, KIND_NOTES, LOG, SEND

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbot.clinic import Clinic
    from kbot.records import Resource


class Templates:
    """The templates of `web/templates` in one language, with the clinic's facts at hand."""

    def __init__(self, clinic: Clinic, version: str, *, kept_days: int = 0, language: str = ENGLISH) -> None:
        """`kept_days` is how long the journal keeps a question, 0 where there is none."""
        self.language = language
        others = LANGUAGES if language == ENGLISH else ()
        self._others = {
            other: Templates(clinic, version, kept_days=kept_days, language=other)
            for other in others
            if other != ENGLISH
        }
        self._environment = Environment(
            loader=PackageLoader("kbot.web"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
        said = "text_message" if language == ENGLISH else "text_message_spanish"
        self._sms = f"sms:{clinic.text_dial}"
        # With "&" too: some iPhones know only that, and others pass over it.
        self._begun_sms = f"{self._sms}?&body={quote(read_replies(clinic).text(said))}"
        # The language of an English text on a page of another one; Spanish lines of help are Spanish on every page.
        english = Markup("") if language == ENGLISH else Markup(' lang="en"')
        self._environment.globals |= {
            "clinic": clinic,
            "english": english,
            "kept_days": kept_days,
            "kind_labels": KIND_LABELS,
            "kind_notes": KIND_NOTES,
            "language": language,
            "log_name": LOG,
            "say": self.say,
            "send_name": SEND,
            "site": self._site_label,
            "text_link": self._text_link,
            "spoken": lambda resource: Markup(' lang="es"') if (resource.url or "").endswith("/es") else english,
            "version": version,  # of the style sheet and the script
        }

    def speaking(self, accepted: str) -> Templates:
        """Return the templates in the language that a browser asks for: its Accept-Language header."""
        return self._others.get(choose_language(accepted), self)

    def say(self, text: str) -> str:
        """Return one of our own texts in this language; any other text comes back as it is."""
        return catalogue(self.language).gettext(text) if text else ""

    def _text_link(self, resource: Resource | None = None) -> str:
        """Return what opens a text message: to the clinic with a few words to begin with, never the question."""
        link = self._sms if resource is None else resource.text_link or f"sms:{resource.text}"
        return self._begun_sms if link == self._sms else link

    def _site_label(self, url: str) -> str:
        return site_label(url, self.say)

    def page(self, name: str, **values: object) -> str:
        """Return a whole page."""
        return self._environment.get_template(name).render(**values)

    def message(self, name: str, **values: object) -> str:
        """Return a piece of HTML on one line: Gradio reads it as Markdown, where a blank line ends HTML."""
        html = self._environment.get_template(name).render(**values)
        return Markup("").join(Markup(line.strip() + " ") for line in html.splitlines() if line.strip()).strip()  # noqa: S704  autoescaped


def site_label(url: str, say: Callable[[str], str] = str) -> str:
    """Return the words of a link to a site, e.g. "Chat at 988lifeline.org"."""
    parts = urlsplit(url)
    host = (parts.hostname or url).removeprefix("www.")
    if host == "988lifeline.org":
        return f"{say(CHAT_AT)} {host}{parts.path.rstrip('/')}"
    return f"{say(GO_TO)} {host}"
