"""How much one address may ask. Nobody is limited whose address can't be known."""

from __future__ import annotations

import ipaddress
import math
import secrets
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from kbot.web.client import UNKNOWN, client_address, is_from_trusted_proxy, shared_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from kbot.settings import Settings

BURST = 10  # seconds in which a third of a minute's questions may come
QUESTIONS, FEEDBACK = "questions", "feedback"  # what is counted, each for itself
EACH = 250  # characters of a message that count as one question: answering takes time for each of them
# Earlier turns come back with every question of a conversation and are mostly known by then, so they count for less.
EARLIER_FREE, EARLIER_EACH = 1500, 500  # characters that count nothing, and then as one more question
_EARLIER_READ = 10_000  # characters of earlier turns that are read at most


class RateLimit:
    """Counts the questions of every address in this process. Addresses are kept as keyed hashes, for two minutes."""

    def __init__(self, settings: Settings) -> None:
        self._trusted = settings.trusted_proxies
        self._limits = (
            [
                RateLimitItemPerMinute(settings.rate),
                RateLimitItemPerSecond(max(1, settings.rate // 3), BURST),
            ]
            if settings.rate
            else []
        )
        # Its storage runs a timer of its own, so there is none where nothing is counted.
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage()) if self._limits else None
        self._secret = secrets.token_bytes(32)

    def refuse_for(self, scope: Scope, turns: Sequence[str], *, what: str = QUESTIONS) -> int:
        """Count a conversation; return 0 where it may be answered, else the seconds after which to ask again.

        Who is refused is not counted: a visitor who waits as told is answered.
        """
        who = self._who(scope) if self._counter is not None else None
        if who is None or self._counter is None:
            return 0
        # Where few may be asked, a long one counts as all of them: it must be possible to ask it at all.
        cost = min(weight(turns), *(limit.amount for limit in self._limits))
        for limit in self._limits:
            if not self._counter.test(limit, what, who, cost=cost):
                reset = self._counter.get_window_stats(limit, what, who).reset_time
                return max(1, math.ceil(min(reset - time.time(), limit.get_expiry())))
        for limit in self._limits:
            self._counter.hit(limit, what, who, cost=cost)
        return 0

    def _who(self, scope: Scope) -> str | None:
        """Return whom a question is counted for, None where that can't be known.

        A peer on this machine or in a private network is a proxy, or a clinic's own network: behind either are many.
        """
        address = client_address(scope, self._trusted)
        if address == UNKNOWN:
            return None
        peer = ipaddress.ip_address(address)
        if peer.is_loopback or (peer.is_private and not is_from_trusted_proxy(scope, self._trusted)):
            return None
        return blake2b(shared_network(address).encode(), key=self._secret, digest_size=16).hexdigest()


def weight(turns: Sequence[str]) -> int:
    """Return how many questions a conversation counts for, by the characters that are read to answer it.

    Example: 200 characters -> 1; 2,000 -> 8; 20,000 -> 80; "And after?" after 29 questions of 50 characters -> 1
    """
    last = len(turns[-1]) if turns else 0
    earlier = min(sum(map(len, turns[:-1])), _EARLIER_READ)
    return max(1, math.ceil(last / EACH)) + max(0, math.ceil((earlier - EARLIER_FREE) / EARLIER_EACH))
