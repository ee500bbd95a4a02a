from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from crashers import CRASHERS  # type: ignore[import-not-found]
from targets import TARGETS, Reader  # type: ignore[import-not-found]

from kbot.errors import CorpusError, InputError, KbotError

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 5.0  # seconds of processor time for one input; all of them are small
MUTANTS = 400  # of each target, always the same ones


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    background = tmp_path / "background.yaml"  # kbot's own topics are long, and not what is tried here
    background.write_text("[]", encoding="utf-8")
    monkeypatch.setattr("kbot.ingest.questions._background", lambda: background)
    return Reader(tmp_path)


def read(reader: Reader, target: str, data: bytes) -> str:
    """Return what a target says of an input, "" for nothing; any other error than a KbotError goes up."""
    start = time.process_time()
    try:
        getattr(reader, target)(data)
        said = ""
    except KbotError as error:
        said = str(error)
    assert time.process_time() - start < LONGEST
    return said


@pytest.mark.parametrize("target", TARGETS)
def test_what_once_broke_a_parser_is_read_or_refused(reader: Reader, target: str) -> None:
    broken = {}
    for what, data in CRASHERS[target].items():
        try:
            read(reader, target, data)
        except Exception as error:  # noqa: BLE001  all are listed before one fails the test
            broken[what] = f"{type(error).__name__}: {error}"[:200]

    assert broken == {}


@pytest.mark.parametrize("target", TARGETS)
def test_mutants_of_odd_and_of_sound_files_are_read_or_refused(reader: Reader, target: str) -> None:
    draw = random.Random(7)  # noqa: S311  always the same mutants
    seeds = [data for data in CRASHERS[target].values() if len(data) < 2_000] + SOUND[target]
    for _ in range(MUTANTS):
        read(reader, target, mutant(draw, seeds))


def mutant(draw: random.Random, seeds: list[bytes]) -> bytes:
    """Return two seeds spliced, with some bytes changed, doubled or left out."""
    first, second = draw.choice(seeds), draw.choice(seeds)
    data = bytearray(first[: draw.randrange(len(first) + 1)] + second[draw.randrange(len(second) + 1) :])
    for _ in range(draw.randrange(6)):
        at = draw.randrange(len(data) + 1)
        match draw.randrange(4):
            case 0:
                data[at:at] = draw.choice(TOKENS)
            case 1:
                del data[at : at + draw.randrange(20)]
            case 2:
                data[at : at + 1] = bytes([draw.randrange(256)])
            case _:
                data[at:at] = data[at : at + draw.randrange(40)]
    return bytes(data)


TOKENS = [
    b"&a ",
    b"*a",
    b"!!int ",
    b"!!set ",
    b"[",
    b"{",
    b": ",
    b"- ",
    b"|\n",
    b">\n",
    b"---\n",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b'"\\ud800"',
    b"\xe2\x80\xa8",
    b"\r",
    b"\t",
    b"1e999",
    b"0x",
    b"\\",
    b"'",
    b'"',
    b"`",
    b"# ",
    b"<!--",
    b"[[",
    b"](",
]
SOUND: dict[str, list[bytes]] = {
    "document": [b"---\ntitle: A page\nkind: clinic FAQ\nreviewed_on: 2026-01-31\nauthors: [A, B]\n---\n# A\n\nB.\n"],
    "markdown": [b"# A\n\nOne. **Two.** [three](https://example.org)\n\n- a\n- b:\n  1. c\n\n|a|b|\n|-|-|\n|c|d|\n"],
    "bank": [b'- topic: a\n  about: b\n  kind: not_covered\n  missing: c\n  ask: ["d", "e"]\n  words: [f]\n'],
    "clinic": [b'[clinic]\nname = "A"\n[contact]\nphone = "(555) 010-0100"\nphone_dial = "+15550100100"\n'],
    "manifest": [],
    "golden": [b'{"id": "a", "turns": ["b"], "kind": "answerable", "gold": ["c"]}\n'],
}


def test_a_file_of_fifty_megabytes_is_refused_before_it_is_read(reader: Reader, tmp_path: Path) -> None:
    huge = b"# " + b"a" * 50_000_000
    (tmp_path / "corpus" / "page.md").write_bytes(huge)

    from kbot.ingest.corpus import read_corpus

    with pytest.raises(CorpusError, match=r"corpus/page\.md:1: the file has 50,000,002 bytes, more than 5,000,000"):
        read_corpus(tmp_path / "corpus")
    assert "clinic.toml:1: the file has 50,000,002 bytes" in read(reader, "clinic", huge)
    assert "manifest.json is longer than a manifest" in read(reader, "manifest", huge)

    from kbot.evaluation import read_questions

    path = tmp_path / "golden.jsonl"
    path.write_bytes(huge)
    with pytest.raises(InputError, match="has 50,000,002 bytes, more than 20,000,000"):
        read_questions(path)


def test_a_bomb_and_a_deep_nest_are_named_with_file_and_line(tmp_path: Path) -> None:
    from kbot.ingest.questions import read_bank

    bank = Reader(tmp_path)
    for text, line, what in (
        ("- a: &a [x]\n- b: [*a, *a]\n", 2, "a YAML alias"),
        ("- a\n- " + "[" * 1_000_000, 2, "nested too deeply"),
    ):
        bank.bank(text.encode())
        (problem,) = read_bank(tmp_path / "corpus", []).problems
        assert problem.startswith(f"corpus/questions/bank.yaml:{line}: ")
        assert what in problem


def test_a_line_separator_inside_a_golden_question_does_not_end_it(tmp_path: Path) -> None:
    from kbot.evaluation import read_questions

    path = tmp_path / "golden.jsonl"
    path.write_text('{"id": 1, "turns": ["a\u2028b"], "kind": "answerable"}\n', encoding="utf-8")

    (question,) = read_questions(path)
    assert question.turns == ("a\u2028b",)
