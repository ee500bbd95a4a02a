"""What a message can be a sign of, and what the safety model says of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sign(StrEnum):
    """What the prototypes are labelled with."""

    ACTIVE = "crisis_active"
    PASSIVE = "crisis_passive"
    SELF_HARM = "crisis_self_harm"
    OTHER_PERSON = "crisis_other_person"
    SPANISH = "crisis_spanish"
    EMERGENCY = "emergency"
    DISTRESS = "distress"
    WORDS_ONLY = "words_only"
    TOPIC = "topic_of_suicide"
    ORDINARY = "ordinary"

    @property
    def is_crisis(self) -> bool:
        """True where somebody may take their life or hurt themselves."""
        return self.value.startswith("crisis")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the classifier says of one message."""

    shares: dict[Sign, float]  # probability of each sign; they sum to 1
    crisis: float  # [0, 1]: the crisis signs together
    words: tuple[str, ...]  # what spoke most for the likeliest sign, for staff
    spanish: bool = False  # read as Spanish
