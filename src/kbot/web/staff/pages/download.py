"""What staff take with them as a file: questions as a table, drafts for the bank. The trail has each of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import gradio as gr
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from kbot.coverage.as_csv import MADE_UP_PREFIX
from kbot.coverage.as_json import MADE_UP
from kbot.errors import KbotError
from kbot.journal.export import write_csv
from kbot.web.asking import report
from kbot.web.staff.context import signed_in_name
from kbot.web.staff.pages.period import DATES, read_period
from kbot.web.staff.pages.questions import QuestionFilter, until_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kbot.coverage.gaps import Gap
    from kbot.coverage.period import Period
    from kbot.journal.find import EntryFilter
    from kbot.journal.store import Journal
    from kbot.web.staff.context import StaffContext
    from kbot.web.staff.pages.reading import Reading

DOWNLOAD = "/staff/download"
_AT_ONCE = 2000  # entries read at a time
_BROKEN = "This could not be put into a file. The log says where it stopped."


def download_router(context: StaffContext) -> APIRouter:
    """Return the routes `/staff/download/...`; they stand behind the staff's gate."""
    reading = context.reading
    router = APIRouter(include_in_schema=False)

    @router.get(f"{DOWNLOAD}/questions.csv")
    def questions(request: Request) -> Response:
        return _answer(lambda: _questions(context, reading, request))

    @router.get(f"{DOWNLOAD}/drafts.yaml")
    def drafts(request: Request) -> Response:
        return _answer(lambda: _drafts(context, reading, request))

    return router


def _answer(make: Callable[[], Response]) -> Response:
    try:
        return make()
    except KbotError as error:
        return PlainTextResponse(f"{error}\n", status_code=400)
    except PermissionError:
        return PlainTextResponse("sign in first\n", status_code=401)
    except Exception as error:  # noqa: BLE001  staff get a message, whatever broke
        report(error)
        return PlainTextResponse(f"{_BROKEN}\n", status_code=500)


def _period(request: Request) -> Period:
    return read_period(DATES, request.query_params.get("since"), request.query_params.get("until"))


def _questions(context: StaffContext, reading: Reading, request: Request) -> Response:
    who, period = signed_in_name(gr.Request(request)), _period(request)
    chosen = QuestionFilter.read(request.query_params)
    journal, wanted = reading.existing(), chosen.wanted(period, reading.threshold)
    wanted = until_now(wanted) if wanted else None
    count = journal.count(wanted) if wanted else 0
    made_up = journal.made_up
    # Before the first line goes out: what the trail can't take isn't given.
    context.trail.record(who, "exported", f"{count} questions, {_dates(period)}, {chosen.described()}")
    lines = _lines(journal, wanted) if wanted else iter(())
    return StreamingResponse(
        lines, media_type="text/csv; charset=utf-8", headers=_named("questions.csv", made_up=made_up)
    )


def _lines(journal: Journal, wanted: EntryFilter) -> Iterator[str]:
    at = 0
    while True:
        entries = journal.find(wanted, limit=_AT_ONCE, offset=at)
        out = io.StringIO(newline="")
        if at == 0:
            out.write("\ufeff")  # tells a spreadsheet that the file is UTF-8
        write_csv(entries, out, heading=at == 0)
        yield out.getvalue()
        at += len(entries)
        if len(entries) < _AT_ONCE:
            return


def _drafts(context: StaffContext, reading: Reading, request: Request) -> Response:
    who, period = signed_in_name(gr.Request(request)), _period(request)
    journal, entry = reading.existing(), request.query_params.get("gap", "")
    gaps = [gap for gap in reading.gaps(period) if not entry or _has(gap, entry)]
    context.trail.record(who, "exported", f"{len(gaps)} drafts, {_dates(period)}")
    made_up = journal.made_up
    head = f"# {MADE_UP}: nobody asked any of this\n" if made_up else ""
    text = head + "\n".join(gap.draft for gap in gaps)
    return Response(
        text, media_type="application/yaml; charset=utf-8", headers=_named("drafts.yaml", made_up=made_up)
    )


def _has(gap: Gap, entry: str) -> bool:
    return entry in map(str, gap.entries)


def _dates(period: Period) -> str:
    return f"{period.since} to {period.until}"


def _named(name: str, *, made_up: bool) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{MADE_UP_PREFIX if made_up else ""}{name}"'}
