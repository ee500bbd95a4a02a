"""What every register of publications has in common: its interface, its answers, politeness and errors."""

from __future__ import annotations

import contextlib
import importlib.util
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from kbot.errors import OnlineError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kbot.audit.references import Reference

TOOL = "kbot"
TIMEOUT = 20.0  # seconds for one answer


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """What a register says of a paper."""

    register: str
    reference: Reference
    abstract: str | None = None


class Register(Protocol):
    """A register of publications."""

    @property
    def name(self) -> str:
        """As people know it."""
        ...

    def look_up(self, wanted: Reference) -> RegisterRecord | None:
        """Return the record under one of the identifiers, None where the register has none.

        Raises:
            OnlineError: the register can't be reached, or its answer can't be read.
        """
        ...


class Searchable(Register, Protocol):
    """A register that also finds papers by the words of a citation."""

    def search(self, citation: str) -> list[RegisterRecord]:
        """Return the papers whose data are nearest to the words, best first.

        Raises:
            OnlineError: as for `look_up`.
        """
        ...


@dataclass(slots=True)
class Pace:
    """At most one request every so many seconds."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _last: float | None = field(default=None, init=False)

    def wait(self) -> None:
        """Return when the next request may be sent."""
        now = self.clock()
        if self._last is not None and (rest := self._last + self.seconds - now) > 0:
            self.sleep(rest)
            now = self.clock()
        self._last = now


def check_contact(contact: str) -> str:
    """Return the address under which the registers can reach whoever runs the audit.

    Raises:
        SettingsError: it is empty, or no e-mail address.
    """
    name, at, domain = contact.strip().partition("@")
    if not (name and at and "." in domain) or any(c.isspace() for c in contact.strip()):
        raise SettingsError(
            f"KBOT_CONTACT is {contact!r}: Crossref and PubMed ask for an e-mail address of whoever sends requests; "
            "set KBOT_CONTACT or --contact to yours"
        )
    return contact.strip()


def with_identifiers(record: RegisterRecord, wanted: Reference) -> Reference:
    """Return a record's reference with the identifiers and the address under which it was asked for."""
    return replace(
        record.reference,
        url=wanted.url or record.reference.url,
        identifiers=record.reference.identifiers | wanted.identifiers,
    )


def need(module: str) -> None:
    """Check that a package of the extra `audit` is installed.

    Raises:
        OnlineError: it isn't; the message says how to install it.
    """
    try:
        there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        raise OnlineError(
            f"asking PubMed and Crossref needs the package of {module}: install kbot with its extra, "
            'pip install "kbot[audit]"'
        )


@contextlib.contextmanager
def understood(register: str) -> Iterator[None]:
    """Turn what the clients raise into one error that says what to do."""
    try:
        yield
    except OnlineError:
        raise
    except Exception as error:
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise OnlineError(
            f"{register} can't be reached or gave an answer that can't be read ({what}): "
            "check the connection to the internet, then try again"
        ) from error


def one_line(value: object) -> str | None:
    """Return a field of an answer as one line without its closing full stop, None where it is empty."""
    return " ".join(str(value).split()).removesuffix(".").strip() or None if value else None


def texts(value: object) -> list[str]:
    """Return a list of an answer as texts, empty where it is no list."""
    return [str(each) for each in value] if isinstance(value, list) else []
