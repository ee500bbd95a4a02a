"""Follow-up questions: does the last turn lean on the one before, and if so, what is searched?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kbot.search.encoder import Encoder

# Words that point back, and openings that go on with what was said.
_POINTS_BACK = re.compile(
    r"\b(?:it|its|it's|that|this|they|them|those|these|there|one|ones|he|she|same|then|afterwards?|else|instead|both"
    r"|either)\b|^(?:and|or|but|also|so|any|which|why|even|what about|how about|how come|ok)\b",
    re.IGNORECASE,
)
_FEW = 1  # terms of a turn that can't stand alone


def leans_back(turn: str) -> bool:
    """Return True where a turn needs the one before to be understood. "how long is it" does, "side effects" doesn't.

    A single keyword leans back as well: "cost" after "What is Spravato?" asks for the cost of Spravato.
    """
    return _POINTS_BACK.search(turn) is not None or len(terms(turn)) <= _FEW


def encode_turns(turns: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
    """Return the unit vector of the last turn, in the light of the one before where it leans on it.

    Half is the turn alone and half is both turns together: alone it may name nothing, and with the other alone it would
    be drawn to what was answered before. Measured on follow-ups of the golden questions, against the turn alone, both
    turns as one text, and other shares (`kbot evaluate` prints the rates).
    """
    last = turns[-1]
    if len(turns) == 1 or not leans_back(last):
        return encoder.encode([last])[0]
    alone, together = encoder.encode([last, f"{turns[-2]} {last}"])
    mixed = alone + together
    norm = float(np.linalg.norm(mixed))
    return (mixed / norm if norm else alone).astype(np.float32)
