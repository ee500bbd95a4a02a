"""The journal itself: entries and counts in SQLite or PostgreSQL. Everything here is already redacted."""

from __future__ import annotations

import contextlib
import datetime
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from kbot.errors import JournalError
from kbot.journal.database import connect, describe, locate, problem, writing
from kbot.journal.entries import EntryFigures, JournalEntry, ShownScore, UrgentCount
from kbot.journal.schema import ENTRIES, MARKS, URGENT, migrate
from kbot.records import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Engine, Row, Table

    from kbot.journal.find import EntryFilter

_MADE_UP = "made_up"
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_REASONS = {None: None} | {reason.value: reason for reason in Reason}
_AT_ONCE = 500  # ids in one statement: databases limit its length


class Journal:
    """An open journal, up to date. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self.where = where  # as people read it

    @classmethod
    def open(cls, journal: str) -> Journal:
        """Open what `KBOT_JOURNAL` names, make it if it isn't there, and bring an older one up to date.

        Raises:
            JournalError: it is off, can't be reached or written, is no journal, or a newer kbot wrote it.
        """
        url = locate(journal)
        if url is None:
            raise JournalError("the journal is off: set KBOT_JOURNAL to a path or a URL, or leave it unset")
        opened = cls(connect(url), describe(journal))
        try:
            with opened._write() as connection:
                migrate(connection, opened.where)
        except JournalError:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _write(self) -> Iterator[Connection]:
        try:
            with writing(self._engine).begin() as connection:
                yield connection
        except (DataError, IntegrityError) as error:
            raise ValueError("the database refuses the values of an entry") from error
        except SQLAlchemyError as error:
            raise problem(error, self.where) from error

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise problem(error, self.where) from error

    # Writing, as questions come in.

    def add(self, entry: JournalEntry, ticket: str | None = None) -> None:
        """Write one entry; its id is given anew. Crisis and emergency are refused: `count_urgent` is for them.

        One whose ticket is there already stays: a server that went away before it said so may have kept it.
        """
        with self._write() as connection:
            added = _insert(connection, ENTRIES).values(_row(entry, ticket))
            connection.execute(added.on_conflict_do_nothing(index_elements=[ENTRIES.c.ticket]))

    def count_urgent(self, day: datetime.date, outcome: Outcome, count: int = 1) -> None:
        """Count messages of a day (UTC) that were a crisis or an emergency."""
        with self._write() as connection:
            _count(connection, UrgentCount(day, outcome, count))

    def set_feedback(self, ticket: str, *, helpful: bool, feedback: str) -> bool:
        """Keep what a visitor said of the answer with this ticket, redacted; False where there is none."""
        values = {"helpful": int(helpful), "feedback": feedback}
        with self._write() as connection:
            done = connection.execute(update(ENTRIES).where(ENTRIES.c.ticket == ticket).values(**values))
        return bool(done.rowcount)

    # For staff.

    @property
    def made_up(self) -> bool:
        """True for a demo journal: nobody asked these questions."""
        with self._read() as connection:
            return connection.execute(select(MARKS.c.value).where(MARKS.c.name == _MADE_UP)).scalar() is not None

    def entries(self, since: datetime.datetime, until: datetime.datetime) -> Sequence[JournalEntry]:
        """Return the entries with since <= time < until, oldest first."""
        during = ENTRIES.c.time >= stamp(since), ENTRIES.c.time < stamp(until)
        with self._read() as connection:
            rows = connection.execute(select(ENTRIES).where(*during).order_by(ENTRIES.c.time, ENTRIES.c.id)).all()
        return [_entry(row) for row in rows]

    def figures(self, since: datetime.datetime, until: datetime.datetime) -> Sequence[EntryFigures]:
        """Return the figures of the entries with since <= time < until, oldest first."""
        columns = ENTRIES.c
        wanted = columns.time, columns.outcome, columns.reason, columns.confidence, columns.helpful, columns.handled
        during = columns.time >= stamp(since), columns.time < stamp(until)
        with self._read() as connection:
            rows = connection.execute(select(*wanted).where(*during).order_by(columns.time, columns.id)).all()
        return [
            EntryFigures(
                datetime.datetime.fromisoformat(time), _OUTCOMES[outcome], _REASONS[reason or None], confidence,
                None if helpful is None else bool(helpful), bool(handled),
            )
            for time, outcome, reason, confidence, helpful, handled in rows
        ]  # fmt: skip

    def find(self, wanted: EntryFilter, *, limit: int, offset: int = 0) -> Sequence[JournalEntry]:
        """Return up to `limit` entries after the first `offset`, the newest first."""
        order = ENTRIES.c.time.desc(), ENTRIES.c.id.desc()
        query = select(ENTRIES).where(*_conditions(wanted)).order_by(*order).limit(limit).offset(offset)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [_entry(row) for row in rows]

    def count(self, wanted: EntryFilter) -> int:
        """Return how many entries there are of those that are wanted."""
        with self._read() as connection:
            return _number(connection, ENTRIES.c.id, *_conditions(wanted))

    def entry(self, entry: int) -> JournalEntry | None:
        """Return one entry; None where there is no such entry."""
        with self._read() as connection:
            row = connection.execute(select(ENTRIES).where(ENTRIES.c.id == entry)).one_or_none()
        return None if row is None else _entry(row)

    def revision(self) -> tuple[int, ...]:
        """Return numbers that change with every entry, count, feedback and mark: reports may be kept that long."""
        columns = ENTRIES.c
        sums = [func.count(columns.id), func.max(columns.id), func.count(columns.helpful)]
        # Times the id, so that one more and another one less does not look like nothing.
        which = [func.sum(columns.id * columns.handled), func.sum(columns.id * columns.helpful)]
        with self._read() as connection:
            entries = connection.execute(select(*sums, *which)).one()
            urgent = connection.execute(select(func.sum(URGENT.c.count))).scalar()
        return tuple(int(value or 0) for value in (*entries, urgent))

    def urgent(self, since: datetime.date, until: datetime.date) -> Sequence[UrgentCount]:
        """Return the counts of crisis and emergency with since <= day < until, oldest first."""
        during = URGENT.c.day >= since.isoformat(), URGENT.c.day < until.isoformat()
        with self._read() as connection:
            rows = connection.execute(select(URGENT).where(*during).order_by(URGENT.c.day, URGENT.c.outcome)).all()
        return [UrgentCount(datetime.date.fromisoformat(row.day), Outcome(row.outcome), int(row[2])) for row in rows]

    def set_handled(self, entry: int, *, handled: bool = True) -> bool:
        """Mark an entry as dealt with, or not; False where there is no such entry."""
        with self._write() as connection:
            done = connection.execute(update(ENTRIES).where(ENTRIES.c.id == entry).values(handled=int(handled)))
        return bool(done.rowcount)

    def set_all_handled(self, entries: Sequence[int], *, handled: bool = True) -> int:
        """Mark entries as dealt with, or not; return how many of them there were."""
        marked = 0
        with self._write() as connection:
            for at in range(0, len(entries), _AT_ONCE):
                these = ENTRIES.c.id.in_(entries[at : at + _AT_ONCE])
                marked += connection.execute(update(ENTRIES).where(these).values(handled=int(handled))).rowcount
        return marked

    def fill(self, entries: Iterable[JournalEntry], urgent: Iterable[UrgentCount]) -> None:
        """Write made-up entries and counts as they are (their ids are given anew), and mark the journal made up.

        Raises:
            JournalError: the journal holds questions of real visitors, or counts.
        """
        with self._write() as connection:
            real = connection.execute(select(MARKS.c.value).where(MARKS.c.name == _MADE_UP)).scalar() is None
            if real and (_number(connection, ENTRIES.c.id) or _number(connection, URGENT.c.day)):
                raise JournalError(f"{self.where} holds real questions: made-up ones go into a journal of their own")
            if real:
                connection.execute(insert(MARKS).values(name=_MADE_UP, value="yes"))
            if rows := [_row(entry, None) for entry in entries]:
                connection.execute(insert(ENTRIES), rows)
            for count in urgent:
                _count(connection, count)

    # Forgetting.

    def purge(self, days: int, now: datetime.datetime) -> int:
        """Forget what is older than `days`, counts included; return how many entries that were."""
        oldest = now - datetime.timedelta(days=days)
        return self.delete(before=oldest)

    def delete(self, *, entry: int | None = None, before: datetime.datetime | None = None) -> int:
        """Delete one entry, or all that is older than a time, or everything; return how many entries that were."""
        where: list[ColumnElement[bool]] = []
        if entry is not None:
            where.append(ENTRIES.c.id == entry)
        if before is not None:
            where.append(ENTRIES.c.time < stamp(before))
        with self._write() as connection:
            deleted = connection.execute(delete(ENTRIES).where(*where)).rowcount
            if entry is None:
                days = [] if before is None else [URGENT.c.day < before.astimezone(datetime.UTC).date().isoformat()]
                connection.execute(delete(URGENT).where(*days))
        if deleted:
            self._overwrite()
        return int(deleted)

    def _overwrite(self) -> None:
        """Take what was deleted out of SQLite's write-ahead file too; while somebody reads, it goes with the next."""
        if self._engine.dialect.name != "sqlite":
            return
        with contextlib.suppress(SQLAlchemyError), self._engine.connect() as connection:
            connection.rollback()
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def stamp(time: datetime.datetime) -> str:
    """Return an aware time as the journal writes it: UTC with microseconds, so that times sort as texts."""
    return time.astimezone(datetime.UTC).isoformat(timespec="microseconds")


def _number(connection: Connection, column: ColumnElement[Any], *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count(column)).where(*where)).scalar_one())


def _conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    return wanted.conditions(stamp(wanted.since), stamp(wanted.until))


def _row(entry: JournalEntry, ticket: str | None) -> dict[str, object]:
    if entry.outcome in {Outcome.CRISIS, Outcome.EMERGENCY}:
        raise ValueError(f"the text of a message of outcome {entry.outcome} is never kept")
    return {
        "ticket": ticket,
        "time": stamp(entry.time),
        "channel": entry.channel,
        "question": entry.question.replace("\x00", " "),  # PostgreSQL takes no NUL
        "outcome": entry.outcome.value,
        "reason": entry.reason.value if entry.reason else None,
        "missing": json.dumps(list(entry.missing), ensure_ascii=False),
        "passages": json.dumps([[passage.id, passage.score] for passage in entry.passages], ensure_ascii=False),
        "confidence": entry.confidence,
        "build": entry.build,
        "elapsed_ms": entry.elapsed_ms,
        "helpful": None if entry.helpful is None else int(entry.helpful),
        "feedback": entry.feedback.replace("\x00", " "),
        "handled": int(entry.handled),
    }


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(
        id=row.id,
        time=datetime.datetime.fromisoformat(row.time),
        channel=row.channel,
        question=row.question,
        outcome=Outcome(row.outcome),
        reason=Reason(row.reason) if row.reason else None,
        missing=tuple(json.loads(row.missing)),
        passages=tuple(ShownScore(id_, score) for id_, score in json.loads(row.passages)),
        confidence=row.confidence,
        build=row.build,
        elapsed_ms=row.elapsed_ms,
        helpful=None if row.helpful is None else bool(row.helpful),
        feedback=row.feedback,
        handled=bool(row.handled),
    )


def _count(connection: Connection, count: UrgentCount) -> None:
    values = {"day": count.day.isoformat(), "outcome": count.outcome.value, "count": count.count}
    more = {"count": URGENT.c.count + count.count}
    days = [URGENT.c.day, URGENT.c.outcome]
    connection.execute(
        _insert(connection, URGENT).values(**values).on_conflict_do_update(index_elements=days, set_=more)
    )


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
