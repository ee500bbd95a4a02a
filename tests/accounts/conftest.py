"""A folder of accounts with a clock that a test moves, and hashes that cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from kbot.accounts.access import StaffAccess
from kbot.accounts.passwords import Passwords
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PASSWORD = "four lamps on a hill"  # noqa: S105  of a test


class Clock:
    """Seconds since 1970, as a test sets them."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class CountingPasswords(Passwords):
    """Counts what is hashed: to find out about a name by the time, one would see another number."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.checked = 0

    def verify(self, hashed: str | None, password: str) -> bool:
        self.checked += 1
        return super().verify(hashed, password)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "staff"


@pytest.fixture
def open_access(folder: Path, clock: Clock, passwords: CountingPasswords) -> Callable[[], StaffAccess]:
    """What opens the folder, as another process or a restart does. Ada has an account."""

    def opened() -> StaffAccess:
        secret = StaffAccess.open(Settings(staff=str(folder))).secret
        return StaffAccess(Settings(staff=str(folder)), secret, passwords=passwords, now=clock)

    access = opened()
    access.accounts.add("ada", passwords.hash(PASSWORD), now=clock.now)
    return opened


@pytest.fixture
def access(open_access: Callable[[], StaffAccess]) -> StaffAccess:
    return open_access()
