"""Passwords: which ones are taken, and their argon2id hashes."""

from __future__ import annotations

import base64
import re
import secrets
import unicodedata
from importlib import resources
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from kbot.errors import AccountsError

SHORTEST = 12  # characters
LONGEST = 256  # characters; what is longer isn't hashed
_DISTINCT = 5  # different characters that a password must have
# RFC 9106's choice for little memory, on one thread so that an attempt takes one core and not all of them.
_TIME, _MEMORY = 3, 65536  # passes; KiB
_LEET = str.maketrans("013457@$!8", "oleastasib")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


class Passwords:
    """Hashes passwords and checks them."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=_TIME, memory_cost=_MEMORY, parallelism=1)
        # A hash of nothing anybody knows, made without hashing: the first unknown name must not take longer.
        salt, key = (_encoded(secrets.token_bytes(size)) for size in (self._hasher.salt_len, self._hasher.hash_len))
        costs = f"m={self._hasher.memory_cost},t={self._hasher.time_cost},p={self._hasher.parallelism}"
        self._nobodys = f"$argon2id$v=19${costs}${salt}${key}"

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and costs in it. Takes a good part of a second."""
        return self._hasher.hash(normalised(password))

    def verify(self, hashed: str | None, password: str) -> bool:
        """Return whether this is the password. Takes as long where there is no hash to compare with: None.

        Raises:
            AccountsError: the hash is not one of argon2.
        """
        # What is too long for any account is compared, too, or its answer would come at once.
        fits = len(password) <= LONGEST
        try:
            same = self._hasher.verify(hashed or self._nobodys, normalised(password[:LONGEST]))
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError):
            raise AccountsError("a password's hash in the accounts file is damaged: `kbot staff password`") from None
        return same and fits and hashed is not None


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii").rstrip("=")


def normalised(password: str) -> str:
    """Return a password as it is hashed: keyboards write the same letter in several ways. Source: RFC 8265."""
    # Half of a surrogate pair, as a broken client sends it, has no bytes to hash.
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode("utf-8")


def check_password(password: str, name: str) -> None:
    """Refuse a password that is too short, or among the first that anybody tries.

    Raises:
        AccountsError: it says why.
    """
    if len(password) < SHORTEST:
        raise AccountsError(f"the password has {len(password)} characters: take at least {SHORTEST}")
    if len(password) > LONGEST:
        raise AccountsError(f"the password has {len(password)} characters: take at most {LONGEST}")
    if len(set(password)) < _DISTINCT:
        raise AccountsError("the password repeats few characters: take others, several words for example")
    if _is_common(password.lower(), name):
        raise AccountsError("the password is among the first that are tried: take another, several words for example")


def _is_common(password: str, name: str) -> bool:
    if re.fullmatch(r"[\d\s./:,_-]+", password):
        return True  # a date, a number of telephone
    letters = re.sub(r"[^a-z]", "", password.translate(_LEET))
    plain = re.sub(r"[^a-z]", "", password)
    known = {*_common_words(), *re.findall(r"[a-z]{3,}", name)}
    return _is_made_of(letters, known) or _is_made_of(plain, known) or any(_runs(password, row) for row in _ROWS)


def _is_made_of(letters: str, known: set[str]) -> bool:
    """Return whether at most two known words, or one again and again, are all there is besides digits and signs."""
    for word in known:
        if letters.startswith(word):
            rest = letters.removeprefix(word)
            if len(rest) < 3 or rest in known or not rest.replace(word, ""):
                return True
    return False


def _runs(password: str, row: str) -> bool:
    """Return whether more than half of the password runs along a row, forwards or backwards."""
    steps = {*pairwise(row), *pairwise(row[::-1])}
    return sum(pair in steps for pair in pairwise(password)) > len(password) / 2


def _common_words() -> set[str]:
    return set(resources.files("kbot.accounts").joinpath("common.txt").read_text(encoding="utf-8").split())
