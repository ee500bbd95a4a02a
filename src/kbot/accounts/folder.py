"""The folder that staff sign-in keeps its files in: readable by its owner only, outside the checkout by default."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_dir

from kbot.errors import AccountsError
from kbot.settings import STAFF_OFF

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTO = "auto"


def locate(staff: str) -> Path | None:
    """Return the folder that `KBOT_STAFF` names; None for "off"."""
    named = staff.strip()
    if named.lower() == STAFF_OFF:
        return None
    if named in {"", AUTO}:
        return Path(user_data_dir("kbot")) / "staff"
    return Path(named).expanduser().absolute()


def prepare(folder: Path) -> None:
    """Make the folder where it isn't there.

    Raises:
        AccountsError: it can't be made.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise unusable(folder, error) from None


def unusable(path: Path, error: OSError) -> AccountsError:
    """Return what went wrong with a file as a message for whoever runs the server."""
    return AccountsError(f"{path} can't be used ({error.strerror or error}): look at its folder, or set KBOT_STAFF")


def replace_file(path: Path, text: str) -> None:
    """Write a file whole, for its owner only: after a crash it is the old one or the new one.

    Raises:
        AccountsError: it can't be written; the old one is left.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # its mode is 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(path.parent)
    except OSError as error:
        raise unusable(path, error) from None


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time read and change what stands in the folder.

    Raises:
        AccountsError: the lock can't be had.
    """
    prepare(folder)
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(folder / "lock", error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back


def read_secret(folder: Path) -> bytes:
    """Return the secret of this installation, 32 random bytes; it is made the first time.

    Raises:
        AccountsError: it can't be read or made, or is not as it was made.
    """
    path = folder / "secret"
    with locked(folder):
        try:
            if not path.exists():
                replace_file(path, secrets.token_hex(32) + "\n")
            check_private(path)
            text = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise unusable(path, error if isinstance(error, OSError) else OSError("not a secret")) from None
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise AccountsError(f"{path} is damaged: delete it, and everybody signs in again")
    return secret


def check_private(path: Path) -> None:
    """Refuse a file that other users of the machine may read or write.

    Raises:
        AccountsError: they may.
        OSError: it can't be looked at.
    """
    if path.stat().st_mode & 0o077:
        raise AccountsError(f"{path} can be read or changed by other users: run `chmod 600 {path}`")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
