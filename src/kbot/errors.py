"""Everything kbot raises on purpose.

KbotError
├── SettingsError          a flag or KBOT_* variable is unknown or out of range
├── CorpusError            the corpus can't be built from; carries every problem found
├── StoreUnavailableError  the vectors are in a store elsewhere, and it can't be reached
├── ModelError             a model file is missing or is not the file the table names
├── IndexUnusableError
│   ├── IndexMissingError  there is no index where one was expected
│   ├── IndexDamagedError  a file of the index is missing, cut short or altered
│   ├── IndexMismatchError the index was built by another format or with another model
│   └── IndexBusyError     somebody else is publishing into it
├── PublishError           a corpus can't be published, or a build can't be gone back to
├── BackupError            a backup can't be written, or isn't one that can be restored
├── JournalError           the journal can't be opened, read or changed
├── AccountsError          the accounts of staff can't be read or changed, or a name or password isn't taken
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


class StoreUnavailableError(KbotError):
    """The vector store can't be reached, or doesn't take what it is given. It may be back for the next question."""


class IndexUnusableError(KbotError):
    """The index can't be served. The root of its three causes."""


class IndexMissingError(IndexUnusableError):
    """There is no index at the place where one was expected."""


class IndexDamagedError(IndexUnusableError):
    """A file of the index is missing, cut short or altered."""


class IndexMismatchError(IndexUnusableError):
    """The index was built by another version of the format, or with another model."""


class IndexBusyError(IndexUnusableError):
    """Somebody else is publishing into the index."""


class PublishError(KbotError):
    """A corpus can't be published as it is asked for, or there is no build to go back to."""


class BackupError(KbotError):
    """A backup can't be written, or a file is no backup that can be restored."""


class JournalError(KbotError):
    """The journal can't be opened, read or changed. Writing to it never raises: see journal/recorder.py."""


class AccountsError(KbotError):
    """The accounts of staff, their sessions or their trail can't be used; or a name or password isn't taken."""


class InputError(KbotError):
    """A request can't be understood."""


class OnlineError(KbotError):
    """A register of publications, or a page, can't be reached, or gave an answer that can't be read."""


class ServeError(KbotError):
    """The web server can't start."""
