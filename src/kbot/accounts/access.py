"""Staff access in one piece: accounts, sessions, counted failures and the trail of one folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.accounts.file import AccountsFile
from kbot.accounts.folder import locate, prepare, read_secret
from kbot.accounts.lockout import Lockout
from kbot.accounts.names import as_name
from kbot.accounts.passwords import Passwords
from kbot.accounts.sessions import Session, Sessions
from kbot.accounts.state import State
from kbot.accounts.trail import FAILED, LOCKED, NOBODY, SIGNED_IN, SIGNED_OUT, Trail
from kbot.errors import AccountsError
from kbot.settings import STAFF_OFF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kbot.settings import Settings


@dataclass(frozen=True, slots=True)
class Admitted:
    """The name and the password were right."""

    name: str
    cookie: str  # what the browser keeps


@dataclass(frozen=True, slots=True)
class Refused:
    """The name or the password was wrong. Which one, nobody is told."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """There were too many failures: nothing was looked at."""

    seconds: int


class StaffAccess:
    """Who may enter the staff pages. Its methods block, on hashing and on files: call them in a thread."""

    def __init__(
        self,
        settings: Settings,
        secret: bytes,
        *,
        passwords: Passwords | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        folder = staff_folder(settings)
        self._now = now
        self._passwords = passwords or Passwords()
        self.secret = secret
        self.accounts = AccountsFile(folder)
        self.trail = Trail(folder, now=now)
        state = State(folder)
        self._lockout = Lockout(state, secret)
        self._sessions = Sessions(
            state,
            self.accounts,
            secret,
            idle_minutes=settings.staff_idle_minutes,
            longest_hours=settings.staff_longest_hours,
        )

    @classmethod
    def open(cls, settings: Settings) -> StaffAccess:
        """Open the folder that the settings name; it is made where it isn't there.

        Raises:
            AccountsError: it can't be used.
        """
        folder = staff_folder(settings)
        prepare(folder)
        return cls(settings, read_secret(folder))

    def sign_in(self, typed: str, password: str, client: str) -> Admitted | Refused | Waiting:
        """Check a name and a password that came from `client`, an address.

        An unknown name takes as long and is counted like a known one.

        Raises:
            AccountsError: the files can't be read or written.
        """
        name = as_name(typed)
        key = name or typed[:256]
        account = self.accounts.get(name) if name else None
        counted = self._lockout.count(key, client, now=self._now())
        if counted.wait:
            return Waiting(counted.wait)
        if not self._passwords.verify(account.password if account else None, password) or account is None:
            who = account.name if account else NOBODY
            self.trail.record(who, FAILED, f"from {client}")
            if counted.locks:
                self.trail.record(who, LOCKED, f"from {client}")
            return Refused()
        # Written down first: nobody is let in whose coming leaves no trace.
        self.trail.record(account.name, SIGNED_IN, f"from {client}")
        self._lockout.forgive(key, client)
        return Admitted(account.name, self._sessions.begin(account.name, now=self._now()))

    def ready(self) -> bytes:
        """Return the secret, once it is known that the accounts can be read.

        Raises:
            AccountsError: they can't.
        """
        self.accounts.all()
        return self.secret

    def session(self, cookie: str, *, touch: bool = True) -> Session | None:
        """Return whose session this is; None where it never was one or has ended.

        Raises:
            AccountsError: the files can't be read.
        """
        return self._sessions.find(cookie, now=self._now(), touch=touch)

    def sign_out(self, cookie: str) -> None:
        """End a session.

        Raises:
            AccountsError: that can't be written down.
        """
        session = self.session(cookie, touch=False)
        if session is not None:
            self._sessions.end(cookie)
            self.trail.record(session.name, SIGNED_OUT)

    def begin_for(self, name: str, client: str) -> str:
        """Begin a session for an account that the reverse proxy has signed in, and return its cookie.

        Raises:
            AccountsError: it can't be written down.
        """
        self.trail.record(name, SIGNED_IN, f"by the reverse proxy, from {client}")
        return self._sessions.begin(name, now=self._now())

    def vouched(self, said: str) -> str | None:
        """Return the account that a reverse proxy names; None where there is none of that name.

        Raises:
            AccountsError: the accounts can't be read.
        """
        name = as_name(said)
        return name if name is not None and self.accounts.get(name) is not None else None


def staff_folder(settings: Settings) -> Path:
    """Return the folder of the accounts.

    Raises:
        AccountsError: the staff page is off.
    """
    folder = locate(settings.staff)
    if folder is None:
        raise AccountsError(f"the staff page is off (KBOT_STAFF={STAFF_OFF}): unset it, or give a folder")
    return folder
