from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from kbot.accounts.file import AccountsFile
from kbot.accounts.passwords import Passwords
from kbot.accounts.trail import Trail
from kbot.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.accounts.conftest import CountingPasswords

PASSWORD = "four lamps on a hill"  # noqa: S105  of a test


@pytest.fixture(autouse=True)
def _environment(folder: Path, passwords: CountingPasswords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBOT_STAFF", str(folder))
    monkeypatch.setattr("kbot.accounts.passwords.Passwords", lambda: passwords)


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode()), isatty=lambda: False))


def test_an_account_is_made_listed_changed_and_removed(
    folder: Path, passwords: CountingPasswords, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = AccountsFile(folder)
    typed(f"{PASSWORD}\n", monkeypatch)
    assert main(["staff", "add", "Ada", "--password-stdin"]) == 0
    assert passwords.verify(accounts.known("ada").password, PASSWORD)
    assert main(["staff", "add", "grace", "--no-password"]) == 0
    capsys.readouterr()
    assert main(["staff", "list"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == ["ada", "grace"]
    assert "reverse proxy only" in listed.splitlines()[1]
    assert "argon2" not in listed

    before = accounts.known("ada")
    typed("five lamps on a hill\r\n", monkeypatch)
    assert main(["staff", "password", "ada", "--password-stdin"]) == 0
    assert passwords.verify(accounts.known("ada").password, "five lamps on a hill")
    assert accounts.known("ada").sessions_after > before.sessions_after
    assert main(["staff", "sign-out", "grace"]) == 0
    assert main(["staff", "remove", "ada"]) == 0
    assert list(accounts.all()) == ["grace"]
    assert [(line.event, line.detail) for line in Trail(folder).lines()] == [
        ("account added", "ada"),
        ("account added", "grace"),
        ("password changed", "ada"),
        ("sessions ended", "grace"),
        ("account removed", "ada"),
    ]


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("ada", "short", "has 5 characters: take at least 12"),
        ("ada", "", "has 0 characters"),
        ("ada", "password1234", "among the first that are tried"),
        ("a b", PASSWORD, "can't be the name of an account"),
    ],
)
def test_a_poor_password_or_name_makes_no_account(
    folder: Path,
    name: str,
    password: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    typed(f"{password}\n", monkeypatch)
    assert main(["staff", "add", name, "--password-stdin"]) == 1
    assert why in capsys.readouterr().err
    assert AccountsFile(folder).all() == {}


def test_a_password_is_never_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["staff", "add", "ada", PASSWORD])
    assert ended.value.code == 2
    with pytest.raises(SystemExit):
        main(["staff", "add", "ada", f"--password={PASSWORD}"])
    capsys.readouterr()


def test_without_a_terminal_the_password_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("", monkeypatch)
    assert main(["staff", "add", "ada"]) == 1
    assert "use --password-stdin" in capsys.readouterr().err


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(folder: Path) -> None:
    def run(*answers: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; from kbot.cli import main; sys.exit(main(['staff', 'add', 'ada']))"],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "KBOT_STAFF": str(folder)},
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        for answer, prompt in zip(answers, (b"characters): ", b"again: "), strict=False):
            while not shown.endswith(prompt):
                shown += os.read(ours, 1000)
            os.write(ours, answer.encode() + b"\n")
        while True:
            try:
                read = os.read(ours, 1000)
            except OSError:
                break
            if not read:
                break
            shown += read
        os.close(ours)
        return process.wait(60), shown.decode()

    code, shown = run(PASSWORD, "five lamps on a hill")
    assert (code, AccountsFile(folder).all()) == (1, {})
    assert "the two passwords differ" in shown
    code, shown = run(PASSWORD, PASSWORD)
    assert code == 0
    assert "lamps" not in shown
    assert Passwords().verify(AccountsFile(folder).known("ada").password, PASSWORD)


def test_the_trail_is_printed_with_nothing_that_steers_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    Trail(folder).record("ada", "exported", "a\x1b[2J\nb")
    assert main(["staff", "trail"]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("ada  exported  a\ufffd[2J\ufffdb\n")
    assert main(["staff", "trail", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["detail"] == "a\x1b[2J\nb"


def test_a_staff_page_that_is_off_has_no_accounts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KBOT_STAFF", "off")
    assert main(["staff", "list"]) == 1
    assert "the staff page is off (KBOT_STAFF=off)" in capsys.readouterr().err
