"""The accounts of staff: one JSON file with their names and the hashes of their passwords."""

from __future__ import annotations

import dataclasses
import json
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.accounts.folder import check_private, locked, replace_file, unusable
from kbot.accounts.names import RULE, as_name
from kbot.errors import AccountsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = "accounts.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Account:
    """One member of staff."""

    name: str
    password: str | None  # an argon2id hash; None where only the reverse proxy signs this account in
    added: float  # seconds since 1970, UTC
    sessions_after: float  # as above: a session that began earlier has ended


class AccountsFile:
    """The accounts in a folder, read anew when the file changes. Safe from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._guard = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._accounts: dict[str, Account] = {}

    def all(self) -> dict[str, Account]:
        """Return every account by its name; none where there is no file.

        Raises:
            AccountsError: the file can't be read, is damaged, or is open to other users of the machine.
        """
        with self._guard:
            try:
                stat = self.path.stat()
            except FileNotFoundError:
                return {}
            except OSError as error:
                raise unusable(self.path, error) from None
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._accounts = self._read()
                self._seen = seen
            check_private(self.path)
            return dict(self._accounts)

    def get(self, name: str) -> Account | None:
        """Return the account with this name, as `as_name` gives it."""
        return self.all().get(name)

    def known(self, name: str) -> Account:
        """Return the account that somebody names.

        Raises:
            AccountsError: there is none, or the file can't be read.
        """
        accounts = self.all()
        return accounts[self._known(accounts, name)]

    def add(self, name: str, password: str | None, *, now: float) -> Account:
        """Add an account; `password` is its hash.

        Raises:
            AccountsError: the name can't be one or is taken, or the file can't be read or written.
        """
        known = as_name(name)
        if known is None:
            raise AccountsError(f"{name!r} can't be the name of an account: use {RULE}")
        account = Account(known, password, now, now)

        def added(accounts: dict[str, Account]) -> None:
            if known in accounts:
                raise AccountsError(f"there is an account {known} already: `kbot staff password {known}` changes it")
            accounts[known] = account

        self._change(added)
        return account

    def remove(self, name: str) -> None:
        """Remove an account: its sessions end with it.

        Raises:
            AccountsError: there is none, or the file can't be read or written.
        """

        def removed(accounts: dict[str, Account]) -> None:
            del accounts[self._known(accounts, name)]

        self._change(removed)

    def set_password(self, name: str, password: str, *, now: float) -> None:
        """Give an account another password, by its hash, and end its sessions.

        Raises:
            AccountsError: there is none, or the file can't be read or written.
        """
        self._update(name, password=password, sessions_after=now)

    def end_sessions(self, name: str, *, now: float) -> None:
        """End every session of an account.

        Raises:
            AccountsError: there is none, or the file can't be read or written.
        """
        self._update(name, sessions_after=now)

    def _update(self, name: str, **changes: object) -> None:
        def updated(accounts: dict[str, Account]) -> None:
            known = self._known(accounts, name)
            accounts[known] = dataclasses.replace(accounts[known], **changes)  # type: ignore[arg-type]

        self._change(updated)

    def _known(self, accounts: dict[str, Account], name: str) -> str:
        known = as_name(name)
        if known is None or known not in accounts:
            raise AccountsError(f"there is no account {name!r}: `kbot staff list` shows them")
        return known

    def _change(self, change: Callable[[dict[str, Account]], None]) -> None:
        with locked(self.folder):
            accounts = self.all()
            change(accounts)
            rows = [dataclasses.asdict(accounts[name]) for name in sorted(accounts)]
            replace_file(self.path, json.dumps({"format": _FORMAT, "accounts": rows}, indent=1) + "\n")

    def _read(self) -> dict[str, Account]:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise unusable(self.path, error) from None
        except (ValueError, RecursionError):
            raise self._damaged("it is not JSON") from None
        rows = data.get("accounts") if isinstance(data, dict) and data.get("format") == _FORMAT else None
        if not isinstance(rows, list):
            raise self._damaged(f"it is not a list of accounts in format {_FORMAT}")
        accounts = {account.name: account for account in (self._account(row) for row in rows)}
        if len(accounts) != len(rows):
            raise self._damaged("a name stands in it twice")
        return accounts

    def _account(self, row: object) -> Account:
        match row:
            case {
                "name": str(name),
                "password": str() | None as password,
                "added": int() | float() as added,
                "sessions_after": int() | float() as after,
            } if as_name(name) == name and math.isfinite(added) and math.isfinite(after):
                return Account(name, password, float(added), float(after))
        raise self._damaged("an account in it lacks a part")

    def _damaged(self, why: str) -> AccountsError:
        return AccountsError(
            f"{self.path} is damaged ({why}), and nobody can sign in: restore it from a backup, or delete it and "
            "add the accounts anew with `kbot staff add`"
        )
