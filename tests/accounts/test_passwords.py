from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.accounts.passwords import LONGEST, Passwords, check_password
from kbot.errors import AccountsError

if TYPE_CHECKING:
    from tests.accounts.conftest import CountingPasswords


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd!2026",
        "Welcome12345!",
        "123456789012",
        "abcdefghijkl",
        "qwertyuiop12",
        "QWERTYUIOPASDF",
        "0987654321098",
        "letmeinletmein",
        "ketamine-clinic",
        "iloveyou!!!!",
        "ada.lovelace1815",
        "aaaaaaaaaaab",
        "2026-11-23-2026",
    ],
)
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(AccountsError, match="take"):
        check_password(password, "ada.lovelace")


@pytest.mark.parametrize("password", ["four lamps on a hill", "tuba-Grenze-71", "kX9#mQ2$vL7!", "пять зелёных ламп"])
def test_a_password_of_several_words_or_of_chance_is_taken(password: str) -> None:
    check_password(password, "ada.lovelace")


def test_a_password_has_12_to_256_characters() -> None:
    with pytest.raises(AccountsError, match="has 11 characters: take at least 12"):
        check_password("kX9#mQ2$vL7", "ada")
    check_password("kX9#mQ2$vL7! " * 19, "ada")
    with pytest.raises(AccountsError, match="has 260 characters: take at most 256"):
        check_password("kX9#mQ2$vL7! " * 20, "ada")


def test_a_password_is_kept_as_an_argon2id_hash_of_64_mib_and_three_passes() -> None:
    passwords = Passwords()
    hashed = passwords.hash("four lamps on a hill")

    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert "lamps" not in hashed
    assert passwords.verify(hashed, "four lamps on a hill")
    assert not passwords.verify(hashed, "four lamps on a hilL")


def test_nothing_is_the_password_of_nobody(passwords: CountingPasswords) -> None:
    assert not passwords.verify(None, "")
    assert not passwords.verify(None, "four lamps on a hill")


def test_a_letter_that_keyboards_write_in_two_ways_is_one(passwords: CountingPasswords) -> None:
    assert passwords.verify(passwords.hash("zwölf Lampen brennen"), "zwo\u0308lf Lampen brennen")


def test_what_is_too_long_is_wrong_and_half_a_surrogate_pair_too(
    passwords: CountingPasswords,
) -> None:
    hashed = passwords.hash("x" * LONGEST)
    assert passwords.verify(hashed, "x" * LONGEST)
    assert not passwords.verify(hashed, "x" * (LONGEST + 1))
    assert not passwords.verify(hashed, "\ud800")


def test_a_damaged_hash_is_reported_rather_than_taken_for_a_wrong_password(passwords: CountingPasswords) -> None:
    with pytest.raises(AccountsError, match="hash in the accounts file is damaged"):
        passwords.verify("$argon2id$nonsense", "four lamps on a hill")
