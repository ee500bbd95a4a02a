from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

import pytest

from kbot.accounts.access import Admitted, Refused, StaffAccess
from kbot.accounts.trail import Line, Trail
from kbot.errors import AccountsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.accounts.conftest import Clock

PASSWORD = "four lamps on a hill"  # noqa: S105  of a test


@pytest.fixture
def trail(folder: Path, clock: Clock) -> Trail:
    return Trail(folder, now=clock)


def events(trail: Trail) -> list[tuple[str, str, str]]:
    return [(line.who, line.event, line.detail) for line in trail.lines()]


def test_sign_ins_failures_locks_and_sign_outs_leave_lines(access: StaffAccess) -> None:
    for _ in range(6):
        assert isinstance(access.sign_in("ada", "wrong", "192.0.2.1"), Refused)
    admitted = access.sign_in("ada", PASSWORD, "192.0.2.2")
    assert isinstance(admitted, Admitted)
    access.sign_out(admitted.cookie)
    access.sign_out(admitted.cookie)

    assert events(access.trail) == [
        *[("ada", "sign-in failed", "from 192.0.2.1")] * 6,
        ("ada", "locked for a while", "from 192.0.2.1"),
        ("ada", "signed in", "from 192.0.2.2"),
        ("ada", "signed out", ""),
    ]


def test_neither_a_password_nor_an_unknown_name_is_written_down(access: StaffAccess, folder: Path) -> None:
    access.sign_in("four lamps on a hill", "my other secret", "192.0.2.1")
    access.sign_in("hunter2", "my other secret", "192.0.2.1")
    access.sign_in("ada", "my other secret", "192.0.2.1")
    (file,) = folder.glob("trail-*.jsonl")
    text = file.read_text(encoding="utf-8")

    assert [word for word in ("lamps", "secret", "hunter2") if word in text] == []
    assert [line.who for line in access.trail.lines()] == ["-", "-", "ada"]


def test_nobody_is_let_in_whose_coming_can_not_be_written_down(
    access: StaffAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        del arguments, options
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kbot.accounts.trail._append", full)
    with pytest.raises(AccountsError, match=r"trail-\d{4}-\d{2}\.jsonl can't be used \(No space left on device\)"):
        access.sign_in("ada", PASSWORD, "192.0.2.1")


def test_the_trail_is_only_ever_appended_to_and_its_owners_alone(trail: Trail, folder: Path) -> None:
    trail.record("ada", "exported", "drafts.yaml")
    (file,) = folder.glob("trail-*.jsonl")
    first = file.read_bytes()
    trail.record("bob", "published", "build 1")

    assert file.read_bytes().startswith(first)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(trail.lines()) == [
        Line("2027-01-15T08:00:00+00:00", "ada", "exported", "drafts.yaml"),
        Line("2027-01-15T08:00:00+00:00", "bob", "published", "build 1"),
    ]


def test_a_line_that_a_crash_cut_short_costs_no_other_line(trail: Trail, folder: Path) -> None:
    trail.record("ada", "exported", "one")
    (file,) = folder.glob("trail-*.jsonl")
    with file.open("a", encoding="utf-8") as out:
        out.write('{"time": "2027-')
    trail.record("ada", "exported", "two")

    assert [line.detail for line in trail.lines()] == ["one", "two"]


def test_no_text_can_begin_a_line_of_its_own(trail: Trail, folder: Path) -> None:
    detail = 'x\n{"time": "t", "who": "w", "event": "e", "detail": "d"}\u2028\r\x1b[2J'
    trail.record("ada", "exported", detail)
    (file,) = folder.glob("trail-*.jsonl")

    assert file.read_bytes().count(b"\n") == 1
    assert json.loads(file.read_text(encoding="ascii"))["detail"] == detail
    assert events(trail) == [("ada", "exported", detail)]


def test_a_month_is_forgotten_whole_when_it_is_older_than_a_year(trail: Trail, folder: Path, clock: Clock) -> None:
    for year, month in ((2026, 1), (2026, 2), (2027, 1), (2027, 2)):
        clock.now = datetime.datetime(year, month, 3, tzinfo=datetime.UTC).timestamp()
        trail.record("ada", "exported")

    assert [file.name for file in sorted(folder.glob("trail-*"))] == [
        "trail-2026-02.jsonl", "trail-2027-01.jsonl", "trail-2027-02.jsonl"
    ]  # fmt: skip


def test_a_flood_of_failures_does_not_fill_the_disk(trail: Trail, folder: Path) -> None:
    trail.record("ada", "exported")
    (file,) = folder.glob("trail-*.jsonl")
    with file.open("ab") as out:
        out.truncate(20_000_001)
    trail.record("-", "sign-in failed", "from 192.0.2.1")
    assert file.stat().st_size == 20_000_001
    trail.record("ada", "signed in")
    assert file.stat().st_size > 20_000_001
