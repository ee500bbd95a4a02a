"""`kbot ask --jsonl` on any bytes: each line gets its object, or one that says what is wrong with which line."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kbot.cli import main
from kbot.records import Document, Kind
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.schema import ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conftest import HandmadeIndex

PRICE = "A massage costs 40 dollars: “naïve” 🙂 prices."
TEXT = f"# Massage\n\nIt’s gentle → it loosens the back.\n\n## Prices\n\n{PRICE}\n"
QUESTION = "How much is a massage?"
HELLO = b'{"id": "last", "turns": ["hello"]}'
LONGEST = 20.0  # seconds of processor time for a few lines


@pytest.fixture(scope="module")
def service(handmade: HandmadeIndex) -> Service:
    page = Document("massage", "Massage", Kind.CLINIC_ARTICLE, TEXT, 0, "massage.md")
    topics = {"prices": ([QUESTION, "massage price"], [PRICE])}
    return Service(Settings(journal="off"), handmade(page, topics=topics))


class Said(NamedTuple):
    """What a command printed."""

    code: int
    out: bytes
    err: str

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.decode("ascii").splitlines()]


def run(service: Service, *arguments: str, typed: io.BufferedIOBase | None = None, encoding: str = "utf-8") -> Said:
    """Run kbot with this standard input, on a terminal of this encoding."""
    out, err = io.BytesIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("KBOT_")]:
            patch.delenv(name)
        patch.setattr(sys, "stdin", io.TextIOWrapper(typed or io.BytesIO()))  # type: ignore[type-var]
        patch.setattr(Service, "open", lambda _: service)
        with contextlib.redirect_stdout(io.TextIOWrapper(out, encoding=encoding, write_through=True)):
            code = main(["ask", *arguments])
            sys.stdout.flush()
            return Said(code, out.getvalue(), err.getvalue())


def ask(service: Service, lines: Iterable[bytes]) -> Said:
    return run(service, "--jsonl", typed=io.BytesIO(b"\n".join(lines)))


class Line(NamedTuple):
    """A line of input. What is known of it: that it is a request with this id, that it is none, or nothing."""

    data: bytes
    valid: bool | None
    identity: str | None = None


odd_text = st.text(alphabet=st.characters(), max_size=40) | st.sampled_from(
    ["", "\ud800", "\udfff\ud800", "\0", "\x85", "\u2028", "\x1c\x1d\x1e\x0b\x0c", "\ufeff", "\u202e", "🧨" * 99]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=6,
)


def written(request: object, *, ascii_only: bool = True) -> bytes:
    return json.dumps(request, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def request_line(turns: list[str], identity: str, more: dict[str, object]) -> Line:
    return Line(written({**more, "id": identity, "turns": turns}), valid=True, identity=readable(identity))


def readable(identity: str) -> str:
    """Return an id as it comes back: its first 200 characters, without halves of surrogate pairs."""
    return "".join("?" if "\ud800" <= sign <= "\udfff" else sign for sign in identity[:200])


def none_valid(data: bytes) -> Line:
    return Line(data, valid=False)


turns = st.lists(odd_text, min_size=1, max_size=3)
requests = st.builds(request_line, turns, odd_text, st.dictionaries(odd_text, anything, max_size=2))
no_texts = anything.filter(lambda value: not (isinstance(value, list) and all(isinstance(one, str) for one in value)))
wrong = st.one_of(
    st.fixed_dictionaries({"turns": no_texts}, optional={"id": anything}).map(written),
    anything.filter(lambda value: not isinstance(value, dict)).map(written),
    st.sampled_from([100, 990, 5_000, 200_000]).map(lambda depth: b"[" * depth + b"]" * depth),
    st.sampled_from([b"1" * 5_000, b"1e999", b"NaN", b"-Infinity", b'"\\ud800"', b"\xef\xbb\xbf{}", b"{}{}", b"\0"]),
    st.sampled_from(
        [b'{"turns": ["\xff"]}', b'{"turns": ["\xed\xa0\x80"]}', b'{"turns": ["a\0"]}', b'{"turns": []}']
    ),
    st.sampled_from([b'{"turns": ["%s"]}' % (b"a" * 1_000_000), b" {" + b" " * 1_000_000, b"\xff" * 1_000_001]),
).map(none_valid)
unknown = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda line, at: line.data[: at % (len(line.data) + 1)], requests, st.integers(0, 10_000)),
    st.builds(written, st.fixed_dictionaries({"turns": turns}, optional={"id": anything}), ascii_only=st.just(False)),
    st.sampled_from([900, 5_000]).map(lambda deep: b'{"id": %s, "turns": ["x"]}' % (b"[" * deep + b"]" * deep)),
).map(lambda data: Line(data.replace(b"\n", b" "), valid=None))
blank = st.sampled_from([b"", b" ", b"\t\r", b"\x0b\x0c", b" " * 1_500_000]).map(lambda data: Line(data, valid=None))


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(requests | wrong | unknown | blank, max_size=5))
@example(lines=[Line(b'{"turns": ["a"]}\r', valid=True), Line(HELLO[:-1], valid=False)])
def test_each_line_gets_one_line_that_answers_it_or_names_it(service: Service, lines: list[Line]) -> None:
    start = time.process_time()
    said = ask(service, [*(line.data for line in lines), HELLO])
    assert time.process_time() - start < LONGEST

    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.data.strip()]
    *objects, last = said.objects()
    assert len(objects) == len(numbered)
    assert (last["id"], last["outcome"]) == ("last", "greeting")
    errors = []
    for (number, line), reply in zip(numbered, objects, strict=True):
        if set(reply) == {"id", "error"}:
            assert line.valid is not True
            assert reply["error"].startswith((f"line {number}:", f"line {number}, column "))
            errors.append(reply["error"])
            continue
        assert line.valid is not False
        assert set(reply) == set(ANSWER["required"])
        assert line.valid is None or reply["id"] == line.identity
    assert said.code == (1 if errors else 0)
    assert said.err == "".join(f"kbot: {error}\n" for error in errors)


class Endless(io.RawIOBase):
    """A line of a hundred megabytes that nobody has in memory, and then another."""

    def __init__(self) -> None:
        self._left = 100_000_000
        self._after = b"\n" + HELLO + b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b"a" * min(len(buffer), self._left)
        self._left -= len(data)
        if not data:
            data, self._after = self._after[: len(buffer)], self._after[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def test_a_line_without_end_is_refused_without_being_kept_in_memory(service: Service) -> None:
    tracemalloc.start()
    said = run(service, "--jsonl", typed=io.BufferedReader(Endless()))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    refused, last = said.objects()
    assert refused == {"id": None, "error": "line 1: longer than 1,000,000 bytes: send shorter turns"}
    assert (last["id"], last["outcome"], said.code) == ("last", "greeting", 1)
    assert most < 20_000_000


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_an_output_that_lacks_signs_of_the_answer_costs_nobody_the_answer(service: Service, encoding: str) -> None:
    line = json.dumps({"turns": [QUESTION, "How much is a massage? 🙂\u2028"]}).encode()
    (answer,) = run(service, "--jsonl", typed=io.BytesIO(line), encoding=encoding).objects()
    assert answer["question"] == "How much is a massage? 🙂\u2028"
    assert answer["passages"][0]["text"] == PRICE

    as_json = run(service, "--json", QUESTION, encoding=encoding)
    assert json.loads(as_json.out.decode(encoding))["passages"] == answer["passages"]

    to_read = run(service, QUESTION, encoding=encoding)
    assert (to_read.code, to_read.err) == (0, "")
    assert "A massage costs 40 dollars: " in to_read.out.decode(encoding)
