"""The HTML templates, with everything that is put into them escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kbot.web.wording import KIND_LABELS, KIND_NOTES

if TYPE_CHECKING:
    from kbot.clinic import Clinic


class Templates:
    """The templates of `web/templates`, with the clinic's facts at hand."""

    def __init__(self, clinic: Clinic, version: str) -> None:
        self._environment = Environment(
            loader=PackageLoader("kbot.web"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._environment.globals |= {
            "clinic": clinic,
            "kind_labels": KIND_LABELS,
            "kind_notes": KIND_NOTES,
            "site": site_label,
            "version": version,  # of the style sheet and the script
        }

    def page(self, name: str, **values: object) -> str:
        """Return a whole page."""
        return self._environment.get_template(name).render(**values)

    def message(self, name: str, **values: object) -> str:
        """Return a piece of HTML on one line: Gradio reads it as Markdown, where a blank line ends HTML."""
        html = self._environment.get_template(name).render(**values)
        return Markup("").join(Markup(line.strip() + " ") for line in html.splitlines() if line.strip()).strip()  # noqa: S704  autoescaped


def site_label(url: str) -> str:
    """Return the words of a link to a site, e.g. "Chat at 988lifeline.org"."""
    parts = urlsplit(url)
    host = (parts.hostname or url).removeprefix("www.")
    if host == "988lifeline.org":
        return f"Chat at {host}{parts.path.rstrip('/')}"
    return f"Go to {host}"
