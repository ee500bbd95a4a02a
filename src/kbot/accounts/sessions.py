"""Sessions: who is signed in, until when.

They are kept on the server, not in a signed cookie: signing out ends a copied cookie, too; what one does lengthens a
session without a new cookie; and a backup of the file signs nobody in, for it holds hashes of the ids. The cookie's
signature only saves a look into the file for what was made up. Processes of one machine share the file; on several
machines the reverse proxy signs people in (KBOT_STAFF_HEADER).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, Signer

if TYPE_CHECKING:
    from kbot.accounts.file import AccountsFile
    from kbot.accounts.state import State

_TOUCH = 30  # seconds after which a session's last use is written down again
_SKEW = 60  # seconds that the clock may be set back without ending sessions


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in."""

    name: str
    began: float  # seconds since 1970, UTC
    idle_at: float  # when it ends if nothing more comes


class Sessions:
    """The sessions of staff."""

    def __init__(
        self, state: State, accounts: AccountsFile, secret: bytes, *, idle_minutes: int, longest_hours: int
    ) -> None:
        self._state = state
        self._accounts = accounts
        self._signer = Signer(secret, salt="kbot staff session", key_derivation="hmac", digest_method=hashlib.sha256)
        self._idle = idle_minutes * 60
        self._longest = longest_hours * 3600

    def begin(self, name: str, *, now: float) -> str:
        """Begin a session under a new id, and return what the browser keeps of it.

        Raises:
            AccountsError: it can't be written down.
        """
        identity = secrets.token_urlsafe(32)
        with self._state.transaction() as connection:
            connection.execute(
                "DELETE FROM session WHERE seen < ? OR began < ?", (now - self._idle, now - self._longest)
            )
            connection.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (_stored(identity), name, now, now))
        return self._signer.sign(identity).decode("ascii")

    def find(self, cookie: str, *, now: float, touch: bool = True) -> Session | None:
        """Return whose session this is; None where it never was one, or has ended. `touch` lengthens it.

        Raises:
            AccountsError: the sessions or the accounts can't be read.
        """
        identity = self._identity(cookie)
        if identity is None:
            return None
        with self._state.reading() as connection:
            row = connection.execute("SELECT name, began, seen FROM session WHERE id = ?", (identity,)).fetchone()
        if row is None:
            return None
        name, began, seen = str(row[0]), float(row[1]), float(row[2])
        if now > seen + self._idle or now > began + self._longest or min(began, seen) > now + _SKEW:
            self._end(identity)
            return None
        account = self._accounts.get(name)
        if account is None or began < account.sessions_after:
            self._end(identity)
            return None
        if touch and now - seen >= _TOUCH:
            with self._state.transaction() as connection:
                connection.execute("UPDATE session SET seen = ? WHERE id = ?", (now, identity))
            seen = now
        return Session(name, began, min(seen + self._idle, began + self._longest))

    def end(self, cookie: str) -> None:
        """End a session.

        Raises:
            AccountsError: that can't be written down.
        """
        identity = self._identity(cookie)
        if identity is not None:
            self._end(identity)

    def _end(self, identity: str) -> None:
        with self._state.transaction() as connection:
            connection.execute("DELETE FROM session WHERE id = ?", (identity,))

    def _identity(self, cookie: str) -> str | None:
        try:
            return _stored(self._signer.unsign(cookie.encode("utf-8", "replace")).decode("ascii"))
        except (BadSignature, UnicodeDecodeError):
            return None


def _stored(identity: str) -> str:
    return hashlib.sha256(identity.encode("ascii")).hexdigest()
