"""Writes to the journal beside the answering, so that a journal that fails never costs a visitor the answer."""

from __future__ import annotations

import atexit
import dataclasses
import datetime
import logging
import queue
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from kbot.errors import JournalError
from kbot.journal.entries import JournalEntry, ShownScore
from kbot.journal.retention import Retention
from kbot.records import Fallback, Found, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbot.journal.redact import Redactor
    from kbot.journal.store import Journal
    from kbot.records import Asked

_log = logging.getLogger("kbot.journal")
_CAPACITY = 1000  # events that wait at most; those beyond are lost, and counted
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # seconds before a failed write is tried again


@dataclass(frozen=True, slots=True)
class _Question:
    entry: JournalEntry  # its question not redacted yet
    ticket: str


@dataclass(frozen=True, slots=True)
class _Urgent:
    day: datetime.date
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Feedback:
    ticket: str
    helpful: bool
    reason: str  # not redacted yet


_Event = _Question | _Urgent | _Feedback


@dataclass(frozen=True, slots=True)
class RecorderState:
    """How the journal is doing, for staff."""

    written: int
    waiting: int
    lost: int  # events that will never be written
    failing: str | None  # why writing fails at present
    held: str | None = None  # why what is too old is not forgotten yet


class Recorder:
    """A queue in front of a journal. Nothing here raises at those who put into it, and nothing makes them wait."""

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        read_redactor: Callable[[], Redactor],
        *,
        retention_days: int,
        longest: int = 2000,
        capacity: int = _CAPACITY,
        first_wait: float = _FIRST_WAIT,
    ) -> None:
        """Opening and redacting begin with the first event, in the recorder's own thread.

        `longest` is how many characters of a question or of feedback are kept.
        """
        self._open = open_journal
        self._read_redactor = read_redactor
        self._retention = Retention(retention_days)
        self._longest = longest
        self._first_wait = first_wait
        self._events: queue.Queue[_Event] = queue.Queue(capacity)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._journal: Journal | None = None
        self._redactor: Redactor | None = None
        self._written = self._lost = 0
        self._failing: str | None = None

    def record(self, asked: Asked, channel: str) -> str | None:
        """Have an answer written down; return the ticket for feedback on it, None where there can't be any."""
        now = datetime.datetime.now(datetime.UTC)
        entry = _entry_of(asked, channel, now)
        if entry.outcome in {Outcome.CRISIS, Outcome.EMERGENCY}:
            self._put(_Urgent(now.date(), entry.outcome))
            return None
        ticket = secrets.token_urlsafe(16)
        return ticket if self._put(_Question(entry, ticket)) else None

    def count_urgent(self, outcome: Outcome) -> None:
        """Have a crisis or an emergency counted that came by another way than a question."""
        self._put(_Urgent(datetime.datetime.now(datetime.UTC).date(), outcome))

    def feedback(self, ticket: str, *, helpful: bool, reason: str) -> None:
        """Have feedback written down."""
        self._put(_Feedback(ticket, helpful, reason))

    def reread(self, read_redactor: Callable[[], Redactor]) -> None:
        """Redact by these words from the next event on: another build has other words of its own."""
        self._read_redactor, self._redactor = read_redactor, None

    @property
    def state(self) -> RecorderState:
        """How the journal is doing."""
        waiting = self._events.unfinished_tasks
        return RecorderState(self._written, waiting, self._lost, self._failing, self._retention.held)

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until everything is written; False where that took longer than `seconds`."""
        end = time.monotonic() + seconds
        with self._events.all_tasks_done:
            while self._events.unfinished_tasks:
                left = end - time.monotonic()
                if left <= 0 or not self._events.all_tasks_done.wait(left):
                    return not self._events.unfinished_tasks
        return True

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, for at most `seconds`, and stop."""
        self.flush(seconds)
        waiting = self._events.unfinished_tasks
        self._stop.set()
        atexit.unregister(self.close)
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(seconds)
        if waiting:
            _log.warning("the journal was not ready at the end: %d questions or counts are not in it", waiting)

    def _put(self, event: _Event) -> bool:
        if self._stop.is_set():
            return False
        self._start()
        try:
            self._events.put_nowait(event)
        except queue.Full:
            self._lost += 1
            if self._lost == 1:
                _log.warning("the journal can't keep up: questions are answered but no longer written down")
            return False
        return True

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kbot-journal", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                event = self._events.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self._write_until_done(event)
            finally:
                self._events.task_done()
        if self._journal is not None:
            self._journal.close()

    def _write_until_done(self, event: _Event) -> None:
        wait = self._first_wait
        while True:
            try:
                self._write(event)
            except JournalError as error:
                self._fails(str(error))
            except Exception as error:  # noqa: BLE001  what can't be redacted or is refused is lost: waiting won't help it
                self._lose(error)
                return
            else:
                self._written += 1
                self._works()
                self._forget()
                return
            if self._stop.wait(wait):
                self._lost += 1
                return
            wait = min(wait * 2, _LONGEST_WAIT)

    def _lose(self, error: BaseException) -> None:
        self._lost += 1
        _log.warning("an event could not be written to the journal: %s", type(error).__name__)

    def _write(self, event: _Event) -> None:
        if self._journal is None:
            self._journal = self._open_real()
        match event:
            case _Question():
                entry = dataclasses.replace(event.entry, question=self._redact(event.entry.question))
                self._journal.add(entry, event.ticket)
            case _Urgent():
                self._journal.count_urgent(event.day, event.outcome)
            case _Feedback():
                self._journal.set_feedback(event.ticket, helpful=event.helpful, feedback=self._redact(event.reason))
            case _:
                assert_never(event)

    def _forget(self) -> None:
        """Forget what is too old, apart from writing: what is written must not be written again where this fails."""
        try:
            if self._journal is not None:
                self._retention.enforce(self._journal, datetime.datetime.now(datetime.UTC))
        except Exception as error:  # noqa: BLE001  the thread goes on writing whatever it is
            self._fails(str(error) if isinstance(error, JournalError) else type(error).__name__)

    def _open_real(self) -> Journal:
        journal = self._open()
        try:
            made_up = journal.made_up
        except JournalError:
            journal.close()
            raise
        if made_up:
            journal.close()
            raise JournalError(f"{journal.where} is a demo journal, and takes no real questions: set KBOT_JOURNAL")
        return journal

    def _redact(self, text: str) -> str:
        redactor, read = self._redactor, self._read_redactor  # `reread` may replace them meanwhile
        if redactor is None:
            redactor = read()
            if read == self._read_redactor:
                self._redactor = redactor
        return redactor.redact(text[: self._longest])

    def _fails(self, reason: str) -> None:
        if self._failing is None:
            _log.warning("%s. Questions are answered as ever and written down once it works again.", reason)
        self._failing = reason

    def _works(self) -> None:
        if self._failing is not None:
            _log.warning("the journal works again; %d events were lost meanwhile", self._lost)
        self._failing = None


def _entry_of(asked: Asked, channel: str, now: datetime.datetime) -> JournalEntry:
    answer = asked.answer
    outcome, reason = Outcome.ANSWER, None
    missing: tuple[str, ...] = ()
    passages: tuple[ShownScore, ...] = ()
    match answer:
        case Found():
            passages = tuple(ShownScore(passage.id, passage.score) for passage in answer.passages)
        case Fallback():
            outcome, reason, missing = answer.outcome, answer.reason, answer.missing
        case _:
            assert_never(answer)
    return JournalEntry(
        id=0,
        time=now,
        channel=channel,
        question=answer.question,
        outcome=outcome,
        reason=reason,
        missing=missing,
        passages=passages,
        confidence=answer.confidence,
        build=asked.build,
        elapsed_ms=asked.elapsed_ms,
    )
