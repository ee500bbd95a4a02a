"""The fixed sentences and the people to turn to (`replies.toml`), filled in with the clinic's facts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from kbot.records import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kbot.clinic import Clinic


@dataclass(frozen=True, slots=True)
class Replies:
    """All wording of one clinic's bot that is not a passage."""

    texts: Mapping[str, str]  # name of the reply -> text, with the clinic's facts filled in
    lifeline: Resource
    lifeline_spanish: Resource
    emergency: Resource
    poison: Resource
    clinic: Resource
    purposes: Mapping[str, str] = field(default_factory=dict)  # name of the reply -> when visitors read it

    def text(self, name: str, **parts: str) -> str:
        """Return a reply. `parts` fill what depends on the question, e.g. missing="pregnancy"."""
        text = self.texts[name]
        for key, value in parts.items():
            text = text.replace("{" + key + "}", value)
        return text


def read_replies(clinic: Clinic) -> Replies:
    """Read `replies.toml` and fill in the clinic's facts."""
    data = tomllib.loads(resources.files("kbot.answering").joinpath("replies.toml").read_text(encoding="utf-8"))
    people = {name: Resource(**entry) for name, entry in data.pop("resources").items()}
    facts = {"clinic": clinic.name, "phone": clinic.phone, "text": clinic.text or clinic.phone}
    texts = {name: _fill(str(entry["text"]).strip(), facts) for name, entry in data.items()}
    return Replies(
        texts=texts,
        lifeline=people["lifeline"],
        lifeline_spanish=people["lifeline_spanish"],
        emergency=people["emergency"],
        poison=people["poison"],
        clinic=clinic.resource(),
        purposes={name: str(entry.get("purpose", "")).strip() for name, entry in data.items()},
    )


def _fill(text: str, facts: dict[str, str]) -> str:
    for key, value in facts.items():
        text = text.replace("{" + key + "}", value)
    return text
