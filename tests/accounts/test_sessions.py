from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from itsdangerous import Signer

from kbot.accounts.access import Admitted, StaffAccess
from kbot.accounts.state import FILE
from kbot.errors import AccountsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.accounts.conftest import Clock, CountingPasswords

PASSWORD = "four lamps on a hill"  # noqa: S105  of a test

MINUTE, HOUR = 60, 3600


def signed_in(access: StaffAccess) -> str:
    outcome = access.sign_in("ada", PASSWORD, "192.0.2.1")
    assert isinstance(outcome, Admitted)
    return outcome.cookie


def name_of(access: StaffAccess, cookie: str) -> str | None:
    session = access.session(cookie)
    return session.name if session else None


def test_a_session_is_known_to_other_processes_and_after_a_restart(open_access: Callable[[], StaffAccess]) -> None:
    cookie = signed_in(open_access())
    assert name_of(open_access(), cookie) == "ada"


def test_a_session_ends_after_30_minutes_of_nothing(access: StaffAccess, clock: Clock) -> None:
    cookie = signed_in(access)
    clock.now += 29 * MINUTE
    assert name_of(access, cookie) == "ada"
    clock.now += 29 * MINUTE
    assert name_of(access, cookie) == "ada"
    clock.now += 30 * MINUTE + 1
    assert name_of(access, cookie) is None
    clock.now -= 30 * MINUTE
    assert name_of(access, cookie) is None


def test_a_session_ends_after_8_hours_however_busy(access: StaffAccess, clock: Clock) -> None:
    cookie = signed_in(access)
    ends = clock.now + 8 * HOUR
    while clock.now + 20 * MINUTE < ends:
        clock.now += 20 * MINUTE
        assert name_of(access, cookie) == "ada"
    clock.now = ends + 1
    assert name_of(access, cookie) is None


def test_looking_without_touching_does_not_keep_a_session_alive(access: StaffAccess, clock: Clock) -> None:
    cookie = signed_in(access)
    clock.now += 29 * MINUTE
    assert access.session(cookie, touch=False) is not None
    clock.now += 2 * MINUTE
    assert name_of(access, cookie) is None


def test_signing_out_ends_a_copied_cookie_too(open_access: Callable[[], StaffAccess]) -> None:
    access = open_access()
    cookie = signed_in(access)
    open_access().sign_out(cookie)
    assert name_of(access, cookie) is None


def test_every_sign_in_has_an_id_of_its_own(access: StaffAccess) -> None:
    first, second = signed_in(access), signed_in(access)
    assert first != second
    access.sign_out(first)
    assert name_of(access, second) == "ada"


def test_a_new_password_a_removed_account_and_one_made_anew_end_the_sessions_before(
    access: StaffAccess, clock: Clock, passwords: CountingPasswords
) -> None:
    changes: list[Callable[[], None]] = [
        lambda: access.accounts.set_password("ada", passwords.hash(PASSWORD), now=clock.now),
        lambda: access.accounts.end_sessions("ada", now=clock.now),
        lambda: access.accounts.remove("ada"),
    ]
    for change in changes:
        cookie = signed_in(access)
        clock.now += 1
        change()
        assert name_of(access, cookie) is None
    access.accounts.add("ada", passwords.hash(PASSWORD), now=clock.now)
    assert name_of(access, cookie) is None
    assert name_of(access, signed_in(access)) == "ada"


def test_a_made_up_altered_or_foreign_cookie_is_nobodys(access: StaffAccess) -> None:
    cookie = signed_in(access)
    identity = cookie.rpartition(".")[0]
    foreign = Signer(b"another secret", salt="kbot staff session", key_derivation="hmac").sign(identity).decode()
    swapped = ("A" if cookie[0] != "A" else "B") + cookie[1:]
    for made_up in ("", ".", "x", "x.y", identity, foreign, swapped, cookie + "A", "é" * 50, "\ud800.x"):
        assert access.session(made_up) is None
    assert name_of(access, cookie) == "ada"


def test_a_signature_alone_opens_nothing(access: StaffAccess) -> None:
    import hashlib

    signer = Signer(access.secret, salt="kbot staff session", key_derivation="hmac", digest_method=hashlib.sha256)
    assert access.session(signer.sign("chosen").decode()) is None


def test_a_copy_of_the_file_holds_no_id_that_a_browser_could_show(access: StaffAccess, folder: Path) -> None:
    cookie = signed_in(access)
    identity = cookie.rpartition(".")[0]
    assert b"ada" in (folder / FILE).read_bytes()
    assert identity.encode() not in (folder / FILE).read_bytes()
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


def test_a_clock_that_is_set_back_ends_sessions(access: StaffAccess, clock: Clock) -> None:
    cookie = signed_in(access)
    clock.now -= 2 * HOUR
    assert name_of(access, cookie) is None


def test_a_damaged_file_of_sessions_lets_nobody_in_and_is_named(
    access: StaffAccess, folder: Path, open_access: Callable[[], StaffAccess]
) -> None:
    cookie = signed_in(access)
    (folder / FILE).write_bytes(b"no database at all, but long enough to be read" * 100)
    for opened in (access, open_access()):
        with pytest.raises(AccountsError, match=r"sign-in\.db can't be used .*delete the file"):
            opened.session(cookie)
    (folder / FILE).unlink()
    assert name_of(access, cookie) is None
    assert name_of(access, signed_in(access)) == "ada"


def test_a_file_of_a_newer_kbot_is_left_alone(open_access: Callable[[], StaffAccess], folder: Path) -> None:
    cookie = signed_in(open_access())
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(AccountsError, match="was made by a newer kbot"):
        open_access().session(cookie)


def test_a_damaged_secret_is_named(folder: Path, open_access: Callable[[], StaffAccess]) -> None:
    (folder / "secret").write_text("short\n")
    with pytest.raises(AccountsError, match="secret is damaged: delete it, and everybody signs in again"):
        open_access()
