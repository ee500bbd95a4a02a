"""Answers to questions that were asked before: in memory only, bounded, and never of anybody in danger."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cachetools import TTLCache

from kbot.disguise import fold
from kbot.records import Found, Outcome
from kbot.text import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.records import Answer

MOST_ENTRIES = 20_000
LIFE = 3600.0  # seconds for which an answer is kept
LIFELINE = "988"  # answers that carry this number are never kept
_LONGEST = 4000  # characters of a conversation that is looked up; a longer one is hardly asked twice
_ENTRY = 200  # bytes of an entry besides its texts
_KEPT_OUTCOMES = {Outcome.CLINICIAN, Outcome.GREETING}


@dataclass(frozen=True, slots=True)
class CacheState:
    """How full the cache is."""

    entries: int
    size: int  # bytes, estimated from above
    capacity: int  # bytes


class AnswerCache:
    """The answers of one build. A build that takes over begins with a cache of its own, so no key outlives its build.

    A conversation is known by a keyed hash of its turns as triage and the search read them (`fold` and `normalise`):
    whatever these two can't tell apart gets the same answer without the cache, too. What a visitor typed is not kept.
    Safe for many threads.
    """

    def __init__(self, capacity: int, *, max_question: int, most: int = MOST_ENTRIES, life: float = LIFE) -> None:
        """Keep up to `most` answers of `capacity` bytes together, each for `life` seconds.

        `max_question` is how many characters of a question the bot looks at.
        """
        self._max_question = max_question
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        # An entry counts for at least its share of the capacity, so that one bound holds both numbers.
        least = -(-capacity // most)
        self._answers: TTLCache[bytes, Answer] = TTLCache(
            capacity, ttl=life, getsizeof=lambda answer: max(least, _size(answer))
        )

    def find(self, turns: Sequence[str]) -> Answer | None:
        """Return the answer to the same conversation as it would be given again, or None."""
        key = self._key(turns)
        if key is None:
            return None
        with self._lock:
            answer = self._answers.get(key)
        return None if answer is None else dataclasses.replace(answer, question=turns[-1])

    def keep(self, turns: Sequence[str], answer: Answer) -> bool:
        """Keep an answer; False where it is of a kind that is never kept, or too large."""
        if not _may_be_kept(answer, turns):
            return False
        key = self._key(turns)
        if key is None:
            return False
        try:
            with self._lock:
                self._answers[key] = dataclasses.replace(answer, question="")
        except ValueError:  # larger than the whole cache
            return False
        return True

    @property
    def state(self) -> CacheState:
        """How full it is."""
        with self._lock:
            self._answers.expire()
            return CacheState(len(self._answers), int(self._answers.currsize), int(self._answers.maxsize))

    def _key(self, turns: Sequence[str]) -> bytes | None:
        if not turns or sum(map(len, turns)) > _LONGEST:
            return None
        digest = hashlib.blake2b(key=self._secret, digest_size=32)
        for turn in turns:
            for text in (fold(turn), normalise(turn, limit=self._max_question)):
                part = text.encode("utf-8", "replace")
                digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()


def _may_be_kept(answer: Answer, turns: Sequence[str]) -> bool:
    """Return False for whatever was met with 988: crisis, emergency, distress, another language than English."""
    if any(person.call == LIFELINE for person in answer.resources):
        return False
    if not isinstance(answer, Found) and answer.outcome not in _KEPT_OUTCOMES:
        return False
    return bool(turns) and answer.question == turns[-1]


def _size(value: Any) -> int:
    """Return bytes from above: every text counts in full, although passages share theirs with the index."""
    match value:
        case str():
            return 4 * len(value) + 50
        case tuple():
            return _ENTRY + sum(map(_size, value))
        case _ if dataclasses.is_dataclass(value):
            return _ENTRY + sum(_size(getattr(value, field.name)) for field in dataclasses.fields(value))
        case _:
            return 32
