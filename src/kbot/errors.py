"""Everything kbot raises on purpose.

KbotError
├── SettingsError          a flag or KBOT_* variable is unknown or out of range
├── CorpusError            the corpus can't be built from; carries every problem found
├── ModelError             a model file is missing or is not the file the table names
├── IndexUnusableError
│   ├── IndexMissingError  there is no index where one was expected
│   ├── IndexDamagedError  a file of the index is missing, cut short or altered
│   └── IndexMismatchError the index was built by another format or with another model
├── JournalError           the journal can't be opened, read or changed
├── InputError             a request that can't be understood, with the place where it fails
├── OnlineError            Crossref, PubMed or a publisher's page can't be reached, or answers what nobody can read
└── ServeError             the web server can't start, e.g. the port is taken

A message says what is wrong, where, and what to do. Having no answer is not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class KbotError(Exception):
    """The root: the world is not as it should be, and somebody can do something about it."""


class SettingsError(KbotError):
    """A setting is unknown, or its value is out of range."""


class CorpusError(KbotError):
    """The corpus has problems; `problems` lists all of them, each with file, line and remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"the corpus has {count} problem{'s' if count != 1 else ''}; the index was left as it is:"
        super().__init__("\n  ".join([head, *self.problems]))


class ModelError(KbotError):
    """A model file is missing, or its hash is not the one in the table of models."""


class IndexUnusableError(KbotError):
    """The index can't be served. The root of its three causes."""


class IndexMissingError(IndexUnusableError):
    """There is no index at the place where one was expected."""


class IndexDamagedError(IndexUnusableError):
    """A file of the index is missing, cut short or altered."""


class IndexMismatchError(IndexUnusableError):
    """The index was built by another version of the format, or with another model."""


class JournalError(KbotError):
    """The journal can't be opened, read or changed. Writing to it never raises: see journal/recorder.py."""


class InputError(KbotError):
    """A request can't be understood."""


class OnlineError(KbotError):
    """A register of publications, or a page, can't be reached, or gave an answer that can't be read."""


class ServeError(KbotError):
    """The web server can't start."""
