from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.accounts.access import Admitted, Refused, StaffAccess, Waiting
from kbot.accounts.lockout import CLIENT, NAME
from kbot.accounts.state import FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.accounts.conftest import Clock, CountingPasswords

PASSWORD = "four lamps on a hill"  # noqa: S105  of a test

WRONG = "not the password"


def fail(access: StaffAccess, times: int, name: str = "ada", client: str = "192.0.2.1") -> None:
    for _ in range(times):
        assert isinstance(access.sign_in(name, WRONG, client), Refused)


def test_a_client_waits_30_seconds_after_six_failures_then_twice_as_long_each_time(
    access: StaffAccess, clock: Clock
) -> None:
    fail(access, CLIENT.free)
    waits = []
    for _ in range(9):
        outcome = access.sign_in("ada", WRONG, "192.0.2.1")
        assert isinstance(outcome, Waiting)
        waits.append(outcome.seconds)
        clock.now += outcome.seconds
        assert isinstance(access.sign_in(f"other{len(waits)}", WRONG, "192.0.2.1"), Refused)
    # Some failures have drained away meanwhile, and an hour is the most.
    assert waits[:4] == [30, 60, 120, 240]
    assert waits == sorted(waits)
    assert max(waits) <= 3600


def test_while_a_client_waits_the_right_password_is_not_even_looked_at(
    access: StaffAccess, clock: Clock, passwords: CountingPasswords
) -> None:
    fail(access, CLIENT.free, name="bob")
    before = passwords.checked
    assert access.sign_in("ada", PASSWORD, "192.0.2.1") == Waiting(30)
    assert passwords.checked == before
    clock.now += 30
    assert isinstance(access.sign_in("ada", PASSWORD, "192.0.2.1"), Admitted)


def test_somebody_at_another_address_is_not_locked_out_by_one_client(access: StaffAccess) -> None:
    fail(access, CLIENT.free)
    assert isinstance(access.sign_in("ada", WRONG, "192.0.2.1"), Waiting)
    assert isinstance(access.sign_in("ada", PASSWORD, "192.0.2.2"), Admitted)


def test_a_proxy_that_no_setting_names_does_not_lock_out_all_of_its_clients(access: StaffAccess) -> None:
    fail(access, NAME.free - 1, name="bob", client="127.0.0.1")
    fail(access, CLIENT.free, client="::1")
    assert isinstance(access.sign_in("ada", PASSWORD, "127.0.0.1"), Admitted)
    fail(access, 1, name="bob", client="127.0.0.1")
    assert access.sign_in("bob", WRONG, "127.0.0.1") == Waiting(30)


def test_a_name_is_locked_for_all_after_twelve_failures_from_anywhere(access: StaffAccess, clock: Clock) -> None:
    for client in range(NAME.free):
        fail(access, 1, client=f"192.0.2.{client}")
    assert access.sign_in("ada", PASSWORD, "198.51.100.1") == Waiting(30)
    clock.now += 30
    assert isinstance(access.sign_in("ada", PASSWORD, "198.51.100.1"), Admitted)


def test_an_unknown_name_is_counted_hashed_and_answered_like_a_known_one(
    access: StaffAccess, passwords: CountingPasswords
) -> None:
    answers = {}
    for name, network in (("ada", "192.0.2"), ("nobody", "198.51.100"), ("no name at all!", "203.0.113")):
        before = passwords.checked
        answers[name] = (
            [access.sign_in(name, WRONG, f"{network}.{client}") for client in range(NAME.free + 1)],
            passwords.checked - before,
        )
    assert answers["ada"] == answers["nobody"] == answers["no name at all!"]
    assert answers["ada"] == ([Refused()] * NAME.free + [Waiting(30)], NAME.free)


def test_success_forgets_the_names_failures_but_not_the_clients_with_other_names(access: StaffAccess) -> None:
    fail(access, CLIENT.free - 1, name="bob")
    assert isinstance(access.sign_in("ada", PASSWORD, "192.0.2.1"), Admitted)
    fail(access, 1, name="bob")
    assert isinstance(access.sign_in("ada", PASSWORD, "192.0.2.1"), Waiting)


def test_failures_drain_away_one_in_ten_minutes(access: StaffAccess, clock: Clock) -> None:
    fail(access, CLIENT.free - 1)
    clock.now += 5 * 600
    fail(access, CLIENT.free)
    assert isinstance(access.sign_in("bob", WRONG, "192.0.2.1"), Waiting)


def test_a_wait_is_known_to_other_processes_and_after_a_restart(open_access: Callable[[], StaffAccess]) -> None:
    fail(open_access(), CLIENT.free)
    assert open_access().sign_in("ada", PASSWORD, "192.0.2.1") == Waiting(30)


def test_an_attempt_is_counted_before_its_password_is_checked(
    access: StaffAccess, passwords: CountingPasswords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a hundred attempts at once would all be looked at."""

    def broken(hashed: str | None, password: str) -> bool:
        del hashed, password
        raise RuntimeError

    monkeypatch.setattr(passwords, "verify", broken)
    for _ in range(CLIENT.free):
        with pytest.raises(RuntimeError):
            access.sign_in("ada", WRONG, "192.0.2.1")
    assert isinstance(access.sign_in("ada", PASSWORD, "192.0.2.1"), Waiting)


def test_a_clock_that_is_set_back_makes_no_wait_longer_than_an_hour(access: StaffAccess, clock: Clock) -> None:
    fail(access, CLIENT.free)
    clock.now -= 365 * 86400
    outcome = access.sign_in("ada", PASSWORD, "192.0.2.1")
    assert isinstance(outcome, Waiting)
    assert outcome.seconds <= 3600


def test_neither_what_was_typed_nor_an_address_stands_in_the_file(access: StaffAccess, folder: Path) -> None:
    fail(access, 1, name="my-secret-password-1", client="192.0.2.77")
    data = (folder / FILE).read_bytes()
    assert b"my-secret" not in data
    assert b"192.0.2.77" not in data
