"""Other ways in which the same message might have been typed: more to learn from, with the same label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.disguise import fold
from kbot.search.signs import Sign
from kbot.training.prototypes import Example

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

_JOINED = 0.35  # share of messages that get another sentence of the same or a milder kind beside them
_BARE = 0.6  # share of variants without punctuation
_SHORT = 30  # words; longer messages get no sentence beside them


def vary(examples: Sequence[Example], count: int, chance: random.Random) -> list[Example]:
    """Return every example and `count - 1` variants of each.

    A cry for help often stands in a longer complaint, so some dangerous messages are put beside a sad one; and many
    people type without signs, so most variants lose them: of every sign, or their lack would be taken for danger.
    """
    sad = [example.text for example in examples if example.sign is Sign.DISTRESS]
    plain = [example.text for example in examples if example.sign is Sign.ORDINARY]
    varied = list(examples)
    for example in examples:
        for _ in range(count - 1):
            text = _beside(example, sad, plain, chance)
            varied.append(Example(_bare(text, chance) if chance.random() < _BARE else text, example.sign))
    return varied


def _beside(example: Example, sad: Sequence[str], plain: Sequence[str], chance: random.Random) -> str:
    if chance.random() >= _JOINED or len(example.text.split()) >= _SHORT:
        return example.text
    match example.sign:
        case sign if (sign.is_crisis or sign is Sign.DISTRESS) and sad:
            other = chance.choice(sad)
        case Sign.WORDS_ONLY | Sign.ORDINARY if plain:
            other = chance.choice(plain)
        case _:
            return example.text
    return f"{other} {example.text}" if chance.random() < 0.5 else f"{example.text} {other}"


def _bare(text: str, chance: random.Random) -> str:
    if chance.random() < _BARE:
        text = "".join(c if c.isalnum() or c.isspace() else " " for c in text)
    else:
        text = "".join(c for c in text if c not in "'.,!?")
    return fold(text)  # as it would be read: most apostrophes come back
