from __future__ import annotations

import json
from pathlib import Path

import pytest

from kbot.accounts.file import AccountsFile
from kbot.accounts.folder import locate
from kbot.accounts.names import as_name
from kbot.errors import AccountsError


def test_accounts_are_kept_outside_the_checkout_for_their_owner_alone(folder: Path) -> None:
    AccountsFile(folder).add("ada", "hash", now=1.0)

    assert [oct(path.stat().st_mode & 0o777) for path in (folder, folder / "accounts.json")] == ["0o700", "0o600"]
    default = locate("auto")
    assert default is not None
    assert not default.is_relative_to(Path(__file__).parent.parent.parent)
    assert locate(" OFF ") is None


def test_another_process_sees_a_change_at_once(folder: Path) -> None:
    ours, theirs = AccountsFile(folder), AccountsFile(folder)
    assert theirs.get("ada") is None
    ours.add(" Ada ", "hash", now=1.0)
    assert theirs.get("ada") == ours.get("ada") is not None
    ours.set_password("ada", "other", now=2.0)
    account = theirs.known("ADA")
    assert (account.password, account.added, account.sessions_after) == ("other", 1.0, 2.0)
    ours.remove("ada")
    assert theirs.all() == {}


def test_a_name_that_is_taken_or_unknown_is_refused_with_what_to_do(folder: Path) -> None:
    accounts = AccountsFile(folder)
    accounts.add("ada", "hash", now=1.0)

    with pytest.raises(AccountsError, match="there is an account ada already: `kbot staff password ada`"):
        accounts.add("ADA", "other", now=2.0)
    with pytest.raises(AccountsError, match="there is no account 'bob': `kbot staff list`"):
        accounts.remove("bob")
    assert list(accounts.all()) == ["ada"]


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "é", "a" * 65, "a\nb", "a\0"])
def test_what_could_trip_up_a_command_or_a_header_is_no_name(name: str) -> None:
    assert as_name(name) is None


GOOD = {"name": "ada", "password": "x", "added": 1, "sessions_after": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 2, "accounts": []}',
        '{"format": 1}',
        "[" * 100_000,
        json.dumps({"format": 1, "accounts": [{**GOOD, "password": 1}]}),
        json.dumps({"format": 1, "accounts": [{**GOOD, "name": "Ada"}]}),
        json.dumps({"format": 1, "accounts": [{**GOOD, "sessions_after": float("nan")}]}),
        json.dumps({"format": 1, "accounts": [GOOD, GOOD]}),
    ],
)
def test_a_damaged_file_signs_nobody_in_and_says_what_to_do(folder: Path, text: str) -> None:
    accounts = AccountsFile(folder)
    accounts.add("ada", "hash", now=1.0)
    accounts.path.write_text(text, encoding="utf-8")

    with pytest.raises(AccountsError, match=r"accounts\.json is damaged \(.*restore it from a backup"):
        accounts.get("ada")
    with pytest.raises(AccountsError, match="is damaged"):
        accounts.add("bob", "hash", now=1.0)
    assert accounts.path.read_text(encoding="utf-8") == text


def test_a_file_that_others_can_change_is_refused(folder: Path) -> None:
    accounts = AccountsFile(folder)
    accounts.add("ada", "hash", now=1.0)
    assert accounts.get("ada") is not None
    accounts.path.chmod(0o660)

    with pytest.raises(AccountsError, match="can be read or changed by other users: run `chmod 600"):
        accounts.get("ada")


def test_a_change_that_can_not_be_written_leaves_the_file_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = AccountsFile(folder)
    accounts.add("ada", "hash", now=1.0)

    def full(descriptor: int) -> None:
        del descriptor
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AccountsError, match="No space left on device"):
        accounts.add("bob", "hash", now=1.0)
    monkeypatch.undo()
    assert list(AccountsFile(folder).all()) == ["ada"]
    assert sorted(path.name for path in folder.iterdir()) == ["accounts.json", "lock"]
