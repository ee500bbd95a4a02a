"""A ready entry for the question bank, made of what visitors asked; staff read it over and put it into a file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kbot.text import normalise, words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_PLACEHOLDER = re.compile(r"\[[A-Z_ ]+\]")  # what the redaction put in place of a personal detail
_MOST_ASKS = 20
_LONGEST_NAME = 60


def draft_entry(
    name: str, concept: str | None, questions: Sequence[str], *, known: str | None, nearest: str | None
) -> str:
    """Return a topic in the YAML of `corpus/questions`, with what to do in comments.

    `concept` is what is missing, None where nothing named it; `known` the topic of the bank that names it already;
    `nearest` the id of the nearest passage. Questions in which a personal detail was blanked out are left out while
    there are others.
    """
    asks = list(dict.fromkeys(normalise(question) for question in questions))
    clean = [text for text in asks if not _PLACEHOLDER.search(text)]
    lines = []
    if known is not None:
        lines += [
            f"# The bank has the topic '{known}' on this already: move the phrasings there,",
            "# or, once a document answers it, make that topic 'answered' and quote the sentence.",
        ]
    if concept is None:
        lines.append("# Nothing named what is missing here: put it into a word or two.")
    missing = concept or asks[0]
    lines += [
        f"- topic: {name}",
        f"  about: {_quoted(missing[:1].upper() + missing[1:])}",
        "  kind: not_covered",
        f"  missing: {_quoted(missing)}",
        "  ask:",
        *(f"    - {_quoted(text)}" for text in (clean or asks)[:_MOST_ASKS]),
    ]
    lines.append("  # Once a document answers it: kind: answered, no `missing`, and the sentences under `quotes:`.")
    if nearest is not None:
        lines.append(f"  # The nearest passage is {nearest}; it was not found to answer.")
    return "\n".join(lines) + "\n"


def topic_name(concept: str, taken: Collection[str]) -> str:
    """Return a name of a-z, 0-9 and "-" that no topic has.

    Example: "driving after a session", where that is taken -> "driving-after-a-session-2".
    """
    ascii_words = [re.sub(r"[^a-z0-9]", "", word) for word in words(concept)]
    name = "-".join(word for word in ascii_words if word)[:_LONGEST_NAME].strip("-") or "new-topic"
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def _quoted(text: str) -> str:
    """Return a double-quoted scalar: YAML reads JSON's strings."""
    return json.dumps(text, ensure_ascii=False)
