"""The replies to people in danger, and who gives them when nothing else of kbot works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.answering.replies import read_replies
from kbot.answering.triage import Level, Triage
from kbot.records import Fallback, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.answering.replies import Replies
    from kbot.answering.triage import Flag
    from kbot.clinic import Clinic
    from kbot.records import Resource
    from kbot.search.danger import DangerModel

URGENT = (Level.CRISIS, Level.EMERGENCY)


def urgent_reply(replies: Replies, asked: str, level: Level, trigger: str, *, spanish: bool) -> Fallback:
    """Return the fixed reply to a crisis or an emergency, in Spanish first where it was seen in Spanish words."""
    people: tuple[Resource, ...]
    if level is Level.CRISIS:
        people = (replies.lifeline, replies.lifeline_spanish, replies.emergency, replies.clinic)
        outcome = Outcome.CRISIS
    else:
        people = (replies.emergency, replies.poison, replies.lifeline)
        outcome = Outcome.EMERGENCY
    text = replies.text(outcome.value)
    if spanish:
        text = f"{replies.text(f'{outcome.value}_spanish')}\n\n{text}"
    return Fallback(asked, outcome, text, people, trigger=trigger)


class LastResort:
    """Recognises danger without a build: by the reviewed patterns, and by the safety model where that still works."""

    def __init__(self, clinic: Clinic, danger: DangerModel | None = None) -> None:
        self._patterns = Triage()
        self._triage = Triage(danger) if danger is not None else self._patterns
        self._replies = read_replies(clinic)

    def ask(self, turns: Sequence[str], *, classify: bool = False) -> Fallback | None:
        """Return the reply to a crisis or an emergency; None for everything else.

        The patterns alone take well under a millisecond. `classify` asks the safety model too: what the patterns see
        counts in any case, for the replies are then all that can be given.
        """
        flags = self._patterns.flags(turns)[:1]
        if classify and not (flags and flags[0].level in URGENT):
            flags = self._classified(turns)
        for flag in flags:
            if flag.level in URGENT:
                asked = turns[-1]
                return urgent_reply(
                    self._replies, asked, flag.level, f"last resort; {flag.trigger}", spanish=flag.spanish
                )
        return None

    def _classified(self, turns: Sequence[str]) -> list[Flag]:
        try:
            return self._triage.flags(turns)[:1]
        except Exception:  # noqa: BLE001  it may be the safety model that is broken: the patterns have had their say
            return []
