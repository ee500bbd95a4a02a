"""`kbot staff`: make and look after the accounts for the staff page, and read its trail."""

from __future__ import annotations

import datetime
import getpass
import json
import sys
import time
from typing import TYPE_CHECKING

from kbot.errors import AccountsError, InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from kbot.settings import Settings


def add_staff_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # the only name that argparse has for it
    settings_flags: Callable[..., None],
) -> None:
    """Add the command to the command line."""
    staff = commands.add_parser("staff", help="who may enter the staff page: accounts, and what they did")
    tasks = staff.add_subparsers(title="tasks", required=True, metavar="TASK")
    add = tasks.add_parser("add", help="make an account; the password is asked for")
    add.add_argument("name")
    how = add.add_mutually_exclusive_group()
    how.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    how.add_argument("--no-password", action="store_true", help="for a name that the reverse proxy signs in")
    add.set_defaults(run=run_add)
    password = tasks.add_parser("password", help="change a password, and end the account's sessions")
    password.add_argument("name")
    password.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    password.set_defaults(run=run_password)
    remove = tasks.add_parser("remove", help="remove an account, and end its sessions")
    remove.add_argument("name")
    remove.set_defaults(run=run_remove)
    sign_out = tasks.add_parser("sign-out", help="end every session of an account")
    sign_out.add_argument("name")
    sign_out.set_defaults(run=run_sign_out)
    accounts = tasks.add_parser("list", help="list the accounts")
    accounts.set_defaults(run=run_list)
    trail = tasks.add_parser("trail", help="show who signed in, exported and published")
    trail.add_argument("--json", action="store_true", help="print one object a line")
    trail.set_defaults(run=run_trail)
    for parser in (add, password, remove, sign_out, accounts, trail):
        settings_flags(parser, "staff")


def run_add(options: argparse.Namespace, settings: Settings) -> int:
    """Make an account."""
    from kbot.accounts.access import staff_folder
    from kbot.accounts.file import AccountsFile
    from kbot.accounts.names import RULE, as_name
    from kbot.accounts.trail import Trail

    folder = staff_folder(settings)
    accounts = AccountsFile(folder)
    name = as_name(options.name)
    if name is None:
        raise AccountsError(f"{options.name!r} can't be the name of an account: use {RULE}")
    if name in accounts.all():  # said before a password is asked for
        raise AccountsError(f"there is an account {name} already: `kbot staff password {name}` changes it")
    hashed = None if options.no_password else _new_hash(name, from_stdin=options.password_stdin)
    accounts.add(name, hashed, now=time.time())
    Trail(folder).record(_OPERATOR, "account added", name)
    print(f"{name} can now enter /staff ({accounts.path})")
    return 0


def run_password(options: argparse.Namespace, settings: Settings) -> int:
    """Change a password."""
    from kbot.accounts.access import staff_folder
    from kbot.accounts.file import AccountsFile
    from kbot.accounts.trail import Trail

    folder = staff_folder(settings)
    accounts = AccountsFile(folder)
    name = accounts.known(options.name).name
    accounts.set_password(name, _new_hash(name, from_stdin=options.password_stdin), now=time.time())
    Trail(folder).record(_OPERATOR, "password changed", name)
    print(f"{name} has a new password; whoever was signed in as {name} no longer is")
    return 0


def run_remove(options: argparse.Namespace, settings: Settings) -> int:
    """Remove an account."""
    from kbot.accounts.access import staff_folder
    from kbot.accounts.file import AccountsFile
    from kbot.accounts.trail import Trail

    folder = staff_folder(settings)
    accounts = AccountsFile(folder)
    name = accounts.known(options.name).name
    accounts.remove(name)
    Trail(folder).record(_OPERATOR, "account removed", name)
    print(f"{name} can no longer enter /staff")
    return 0


def run_sign_out(options: argparse.Namespace, settings: Settings) -> int:
    """End every session of an account."""
    from kbot.accounts.access import staff_folder
    from kbot.accounts.file import AccountsFile
    from kbot.accounts.trail import Trail

    folder = staff_folder(settings)
    accounts = AccountsFile(folder)
    name = accounts.known(options.name).name
    accounts.end_sessions(name, now=time.time())
    Trail(folder).record(_OPERATOR, "sessions ended", name)
    print(f"Whoever was signed in as {name} no longer is")
    return 0


def run_list(options: argparse.Namespace, settings: Settings) -> int:
    """List the accounts."""
    del options
    from kbot.accounts.access import staff_folder
    from kbot.accounts.file import AccountsFile

    accounts = AccountsFile(staff_folder(settings))
    for account in accounts.all().values():
        added = datetime.datetime.fromtimestamp(account.added, datetime.UTC).date()
        how = "password" if account.password else "reverse proxy only"
        print(f"{account.name}  added {added}, {how}")
    if not accounts.all():
        print(f"There is no account in {accounts.path}: `kbot staff add NAME` makes one", file=sys.stderr)
    return 0


def run_trail(options: argparse.Namespace, settings: Settings) -> int:
    """Print the trail, the oldest line first."""
    from kbot.accounts.access import staff_folder
    from kbot.accounts.trail import Trail

    for line in Trail(staff_folder(settings)).lines():
        if options.json:
            print(json.dumps({"time": line.time, "who": line.who, "event": line.event, "detail": line.detail}))
        else:
            fields = (line.time, line.who, line.event, line.detail)
            print("  ".join(_printable(field) for field in fields if field))
    return 0


_OPERATOR = "kbot staff"  # who did what a command does: the user of the server, who has no account


def _new_hash(name: str, *, from_stdin: bool) -> str:
    from kbot.accounts.passwords import Passwords, check_password

    password = _from_stdin() if from_stdin else _from_terminal()
    check_password(password, name)
    return Passwords().hash(password)


def _from_stdin() -> str:
    try:
        line = sys.stdin.buffer.readline(10_000).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("the password on standard input is not UTF-8: save it with that encoding") from None
    return line.rstrip("\r\n")


def _from_terminal() -> str:
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask for the password on: use --password-stdin")
    password = getpass.getpass("Password (at least 12 characters): ")
    if getpass.getpass("The same again: ") != password:
        raise InputError("the two passwords differ: nothing was changed")
    return password


def _printable(text: str) -> str:
    # A detail may hold what a browser sent: nothing in it may steer the terminal.
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
