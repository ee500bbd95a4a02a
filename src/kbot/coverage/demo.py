"""A made-up journal, so that a newcomer sees the reports full: questions of the bank, put to the real bot.

Nobody asked these. The answers, the confidence and the passages are what the bot really gives; the days, the feedback
and the numbers of urgent messages are drawn from a seeded generator. Messages of people in danger are not made up.
"""

from __future__ import annotations

import datetime
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from kbot.coverage.demand import read_demand, sites_of, topics_of
from kbot.errors import InputError
from kbot.journal.entries import JournalEntry, ShownScore, UrgentCount
from kbot.records import Fallback, Found, Outcome, TopicKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from kbot.records import Answer
    from kbot.search.index import SearchIndex

DAYS = 60
SEED = 20261123
_A_DAY = 18.0  # questions on a usual working day
_WEEKEND = 0.55  # of a working day's
_SURGE = 6.0  # how often the topic in fashion is asked in the last days, in times of the first
_SHARE = {TopicKind.ANSWERED: 1.0, TopicKind.NOT_COVERED: 1.0, TopicKind.PERSONAL: 0.7, TopicKind.OFF_TOPIC: 0.12}
_HOURS = np.array([1, 1, 1, 0, 0, 1, 2, 3, 5, 6, 6, 6, 5, 5, 5, 6, 6, 6, 7, 8, 9, 8, 5, 3], dtype=np.float64)
_CHANNELS = (("chat", 0.94), ("rest", 0.06))
_SMALL_TALK = ("hello", "Hi there", "thank you", "thanks!", "hi, are you a real person?")
_SMALL_TALK_SHARE = 0.05
_TWO_AT_ONCE = 0.07  # of the questions: two in one message
_BEFORE = ("hi, ", "hello! ", "my sister asked me: ", "quick question, ", "i was wondering, ")
_AFTER = (" thanks", " please", "??", " thank you")
_JUDGED = 0.16  # of the answers: share with feedback
_HELPFUL = 0.86  # of the judged answers
_DISLIKED_HELPFUL = 0.35  # of those that begin with the passage that isn't liked
_WHY_NOT = ("too long", "that's not what i asked", "no numbers in it", "", "hard to understand", "")
_HANDLED = 0.25  # of what was handed over in the first half
_URGENT_A_DAY = ((Outcome.CRISIS, 0.12), (Outcome.EMERGENCY, 0.04))


def make_demo(
    index: SearchIndex,
    ask: Callable[[str], Answer],
    until: datetime.date,
    *,
    days: int = DAYS,
    seed: int = SEED,
    track: Callable[[Sequence[datetime.date]], Iterable[datetime.date]] = iter,
) -> tuple[list[JournalEntry], list[UrgentCount]]:
    """Return the entries and the urgent counts of the `days` days up to and with `until`, oldest first.

    The same index, days and seed give the same journal. `track` may show the progress over the days.

    Raises:
        InputError: there is no question bank to draw questions from.
    """
    if not len(index.topics):
        raise InputError("there is no question bank to draw questions from: write corpus/questions, see its README")
    draw = _Draw(index, seed)
    answers: dict[str, Answer] = {}
    entries: list[JournalEntry] = []
    urgent: list[UrgentCount] = []
    dates = [until - datetime.timedelta(days=back) for back in range(days - 1, -1, -1)]
    for number, day in enumerate(track(dates)):
        counts = Counter({outcome: int(draw.random.poisson(rate)) for outcome, rate in _URGENT_A_DAY})
        for time in draw.times(day):
            question = draw.question(number / max(days - 1, 1))
            answer = answers.get(question) or ask(question)
            answers[question] = answer
            if (outcome := _outcome(answer)) in {Outcome.CRISIS, Outcome.EMERGENCY}:
                counts[outcome] += 1
                continue
            entries.append(draw.entry(len(entries) + 1, time, question, answer, first_half=number < days / 2))
        urgent += [UrgentCount(day, outcome, count) for outcome, count in sorted(counts.items()) if count]
    return entries, urgent


class _Draw:
    """Everything that is left to chance, from one seeded generator."""

    def __init__(self, index: SearchIndex, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self._build = index.manifest.build
        self._topics = index.topics.topics
        sites = sites_of(topics_of(read_demand(), index))
        self._weights = np.array([_SHARE[topic.kind] * (0.15 + sites.get(topic.id, 0)) for topic in self._topics])
        uncovered = [at for at, topic in enumerate(self._topics) if topic.kind is TopicKind.NOT_COVERED]
        asked = sorted(uncovered, key=lambda at: -self._weights[at])[:12]
        self._surging = int(self.random.choice(asked)) if asked else None
        self._unloved = str(self.random.choice(list(index.passages)))

    def times(self, day: datetime.date) -> list[datetime.datetime]:
        """Return the moments of one day at which somebody asks, in order."""
        count = self.random.poisson(_A_DAY * (_WEEKEND if day.weekday() >= 5 else 1.0))
        hours = self.random.choice(24, size=count, p=_HOURS / _HOURS.sum())
        seconds = sorted(int(hour) * 3600 + int(self.random.integers(3600)) for hour in hours)
        midnight = datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
        return [midnight + datetime.timedelta(seconds=second) for second in seconds]

    def question(self, progress: float) -> str:
        """Return a question as somebody types it. `progress` runs from 0 on the first day to 1 on the last."""
        if self.random.random() < _SMALL_TALK_SHARE:
            return str(self.random.choice(_SMALL_TALK))
        weights = self._weights.copy()
        if self._surging is not None:
            weights[self._surging] *= 1 + (_SURGE - 1) * progress
        weights /= weights.sum()
        text = self._phrasing(weights)
        if self.random.random() < _TWO_AT_ONCE:
            second = self._phrasing(weights)
            text = f"{text.rstrip('?.!')} and {second[:1].lower()}{second[1:]}"
        return self._as_typed(text)

    def _phrasing(self, weights: NDArray[np.float64]) -> str:
        topic = self._topics[int(self.random.choice(len(weights), p=weights))]
        # The first phrasing is the plainest: as everywhere, a few wordings make up most of what is asked.
        ranks = 1 / np.arange(1, len(topic.phrasings) + 1)
        return str(topic.phrasings[int(self.random.choice(len(ranks), p=ranks / ranks.sum()))])

    def _as_typed(self, text: str) -> str:
        chance = self.random.random(4)
        if chance[0] < 0.25:
            text = text.lower()
        if chance[1] < 0.12:
            text = self._slip(text)
        if chance[2] < 0.08:
            text = str(self.random.choice(_BEFORE)) + text[:1].lower() + text[1:]
        if chance[3] < 0.08:
            text = text.rstrip("?.!") + str(self.random.choice(_AFTER))
        return text

    def _slip(self, text: str) -> str:
        """Return the text with two neighbouring letters of one long word exchanged."""
        places = [at for at in range(1, len(text) - 2) if text[at - 1 : at + 3].isalpha()]
        if not places:
            return text
        at = int(self.random.choice(places))
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def entry(
        self, number: int, time: datetime.datetime, question: str, answer: Answer, *, first_half: bool
    ) -> JournalEntry:
        """Return what a journal keeps of one answer, with a visitor's feedback now and then."""
        channel = str(self.random.choice([name for name, _ in _CHANNELS], p=[share for _, share in _CHANNELS]))
        passages = answer.passages if isinstance(answer, Found) else ()
        helpful, feedback = self._feedback(passages[0].id) if passages else (None, "")
        return JournalEntry(
            id=number,
            time=time,
            channel=channel,
            question=question,
            outcome=_outcome(answer),
            reason=answer.reason if isinstance(answer, Fallback) else None,
            missing=answer.missing if isinstance(answer, Fallback) else (),
            passages=tuple(ShownScore(passage.id, round(passage.score, 4)) for passage in passages),
            confidence=round(answer.confidence, 4),
            build=self._build,
            elapsed_ms=round(float(self.random.lognormal(2.0, 0.5)), 2),
            helpful=helpful,
            feedback=feedback,
            handled=first_half and not passages and self.random.random() < _HANDLED,
        )

    def _feedback(self, first: str) -> tuple[bool | None, str]:
        if self.random.random() >= _JUDGED:
            return None, ""
        helpful = bool(self.random.random() < (_DISLIKED_HELPFUL if first == self._unloved else _HELPFUL))
        return helpful, "" if helpful else str(self.random.choice(_WHY_NOT))


def _outcome(answer: Answer) -> Outcome:
    return answer.outcome if isinstance(answer, Fallback) else Outcome.ANSWER
