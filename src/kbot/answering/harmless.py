"""Earlier turns that were read and found harmless: each turn of a conversation comes back with every later one."""

from __future__ import annotations

import secrets
import threading
from hashlib import blake2b

from cachetools import LRUCache

_MOST = 20_000  # turns; some megabytes at most


class HarmlessTurns:
    """Remembers turns by a keyed hash, bounded; one that spoke of danger is never given to it. Safe in threads."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)  # of this process: the hashes say nothing to anybody else
        self._turns: LRUCache[bytes, bool] = LRUCache(_MOST)
        self._lock = threading.Lock()

    def knows(self, turn: str) -> bool:
        """Return True where the turn was added before, letter for letter."""
        with self._lock:
            return self._turns.get(self._digest(turn), False)

    def add(self, turn: str) -> None:
        """Remember a turn in which nobody was in danger."""
        with self._lock:
            self._turns[self._digest(turn)] = True

    def _digest(self, turn: str) -> bytes:
        return blake2b(turn.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()
