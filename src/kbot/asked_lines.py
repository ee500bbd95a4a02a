"""`kbot ask --jsonl`: requests as JSON lines in, answers as JSON lines out (docs/contract.md)."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, BinaryIO, TextIO

from kbot.contract import as_json, read_identity, read_request
from kbot.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.service import Service

_LIMIT = 1_000_000  # characters of one line of `kbot ask --jsonl`


def answer_lines(service: Service, lines: BinaryIO, out: TextIO) -> int:
    """Answer JSON lines in order. A line that can't be read gets an object that says why; the rest goes on.

    Returns:
        The exit code: 1 where a line could not be read.
    """
    failed = False
    number = 0
    for raw in _cut(lines):
        number += 1
        if not raw.strip():
            continue
        identity: str | None = None
        try:
            data = _parse(raw, number)
            identity = read_identity(data)  # first, so that an error says whose it is
            _, turns = read_request(data, f"line {number}")
            reply = as_json(service.ask(turns), identity)
        except InputError as error:
            failed = True
            print(f"kbot: {error}", file=sys.stderr)
            reply = {"id": identity, "error": str(error)}
        # In ASCII: nothing in it ends a line, or lacks from the encoding of the output.
        out.write(json.dumps(reply) + "\n")
        out.flush()
    return 1 if failed else 0


def _cut(lines: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; of one that is too long only as much as shows it. It may not fit into memory."""
    while raw := lines.readline(_LIMIT + 1):
        yield raw
        while len(raw) > _LIMIT and not raw.endswith(b"\n"):
            raw = lines.readline(_LIMIT + 1)


def _parse(raw: bytes, number: int) -> object:
    if len(raw) > _LIMIT:
        raise InputError(f"line {number}: longer than {_LIMIT:,} bytes: send shorter turns")
    try:
        return json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"line {number}: not UTF-8: save the lines with that encoding") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"line {number}, column {error.colno}: not JSON ({error.msg}): write one object a line"
        ) from None
    except RecursionError:
        raise InputError(f"line {number}: nested too deeply: write one object a line") from None
    except ValueError as error:  # as a number of more digits than Python reads
        raise InputError(f"line {number}: can't be read ({error}): write one object a line") from None
