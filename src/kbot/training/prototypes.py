"""What the safety model is trained on: labelled prototypes and, as ordinary messages, a bank's phrasings."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from kbot.disguise import fold
from kbot.search.signs import Sign
from kbot.search.word_runs import is_spanish

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENGLISH, SPANISH = "prototypes", "prototypes_spanish"  # folders beside this module
_MOST_PHRASINGS = 2500  # of the bank, spread evenly: more would drown the prototypes
# Visitors' questions about suicide as a topic are no ordinary ones: they carry the 988 resource.
_TOPIC = re.compile(r"\b(?:suicid\w*|self harm\w*|overdos\w*|kill \w+sel(?:f|ves))\b")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message, folded."""

    text: str
    sign: Sign


def _files(name: str) -> list[tuple[str, str]]:
    folder = resources.files("kbot.training").joinpath(name)
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in files)


def read_prototypes(folder: str = ENGLISH) -> list[Example]:
    """Return the labelled prototypes of a folder beside this module, folded, without repeats."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    examples: dict[str, Example] = {}
    for _, text in _files(folder):
        for label, messages in yaml.load(text, Loader=loader).items():  # noqa: S506  the C twin of SafeLoader
            for message in messages:
                folded = fold(str(message))
                examples.setdefault(folded, Example(folded, Sign(label)))
    return list(examples.values())


def read_spanish() -> list[Example]:
    """Return the prototypes in Spanish: a folder of their own, and those among the others."""
    own = read_prototypes(SPANISH)
    known = {example.text for example in own}
    return own + [e for e in read_prototypes() if is_spanish(e.text) and e.text not in known]


def examples_of(phrasings: Sequence[str]) -> list[Example]:
    """Return the prototypes and, as ordinary messages, phrasings of a question bank: what visitors ask."""
    examples = read_prototypes()
    known = {example.text for example in examples}
    asked = sorted({fold(phrasing) for phrasing in phrasings} - known - {""}, key=_shuffled)[:_MOST_PHRASINGS]
    return examples + [Example(text, Sign.TOPIC if _TOPIC.search(text) else Sign.ORDINARY) for text in asked]


def hash_of(examples: Iterable[Example]) -> str:
    """Return the sha256 of labelled texts in their order, in hex."""
    return hashlib.sha256("\0".join(f"{example.sign} {example.text}" for example in examples).encode()).hexdigest()


def _shuffled(text: str) -> bytes:
    """Return a key that sorts texts in an order that is random but always the same."""
    return hashlib.sha256(text.encode()).digest()
