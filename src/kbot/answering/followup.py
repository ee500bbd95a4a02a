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

    Half is the turn alone and half is both turns together: alone it may name nothing, and together it would be drawn
    to what was answered before. On the golden follow-ups this was better than either, and than other shares.
    """
    mixed: NDArray[np.float32] = encoder.encode(texts_to_mix(turns)).sum(axis=0)
    norm = float(np.linalg.norm(mixed))
    return mixed / np.float32(norm or 1.0)


def texts_to_mix(turns: Sequence[str]) -> list[str]:
    """Return the last turn and, where it leans on the one before, both together."""
    last = turns[-1]
    return [last] if len(turns) == 1 or not leans_back(last) else [last, f"{turns[-2]} {last}"]
