from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kbot.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kbot.service import Service

QUESTION = "What are the side effects?"
HEAVY = ["torch", "transformers", "sentence_transformers", "sklearn", "scipy", "gradio", "fastapi", "sqlalchemy"]


@pytest.fixture(autouse=True)
def settings_of_the_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the person who runs the tests must not decide what they find."""
    for name in [name for name in os.environ if name.startswith("KBOT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def index(service: Service) -> str:
    """The repository's index, which is current."""
    return str(service.settings.index)


def command(*arguments: str | Path) -> list[str]:
    """Return how kbot is started in a process of its own."""
    return [sys.executable, "-c", "import sys; from kbot.cli import main; sys.exit(main())", *map(str, arguments)]


def ask_lines(monkeypatch: pytest.MonkeyPatch, index: str, lines: Sequence[str | bytes]) -> int:
    data = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    return main(["ask", "--jsonl", "--index", index])


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_question_gets_its_answer_with_label_and_address(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--index", index, QUESTION]) == 0
    out = capsys.readouterr().out
    assert "dissociation, mild hallucinations, dizziness, and nausea" in out
    assert "(clinic FAQ: Frequently Asked Questions (FAQs) › What are the side effects" in out


def test_json_is_the_object_of_the_contract(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--index", index, "--json", QUESTION]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["question"], answer["outcome"], answer["id"]) == (QUESTION, "answer", None)


def test_why_says_what_decided(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--index", index, "--why", QUESTION]) == 0
    assert "[gate " in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["answer"],
        ["ask"],
        ["ask", "--jsonl", "a question too"],
        ["ask", "--colour", "x"],
        ["ask", "two", "questions"],
        ["questions"],
    ],
)
def test_misuse_is_exit_code_2_with_words_on_stderr(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as left:
        code = left.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "kbot" in err


def test_lines_are_answered_in_order_with_their_ids(
    monkeypatch: pytest.MonkeyPatch, index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = [QUESTION, "hello", "Is it safe in pregnancy?", "i want to kill myself", "What is esketamine?"]
    lines = [json.dumps({"id": f"q{at}", "turns": [text]}) for at, text in enumerate(questions)]

    assert ask_lines(monkeypatch, index, [*lines, "", '{"turns": ["hello"]}']) == 0

    answers = printed(capsys)
    assert [answer["id"] for answer in answers] == ["q0", "q1", "q2", "q3", "q4", None]
    assert [answer["question"] for answer in answers] == [*questions, "hello"]
    outcomes = [answer["outcome"] for answer in answers]
    assert outcomes == ["answer", "greeting", "clinician", "crisis", "answer", "greeting"]


def test_the_last_turn_is_the_question(
    monkeypatch: pytest.MonkeyPatch, index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    turns = ["What is esketamine?", "how long do they monitor you after it?"]
    assert ask_lines(monkeypatch, index, [json.dumps({"id": 1, "turns": turns})]) == 0
    (answer,) = printed(capsys)
    assert (answer["id"], answer["question"], answer["outcome"]) == ("1", turns[1], "answer")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", "line 2, column "),
        ("hello", "line 2, column 1: not JSON"),
        ('{"turns": ["a"],}', "line 2, column"),
        ('\ufeff{"turns": ["a"]}', "line 2, column 1: not JSON"),
        (b'{"turns": ["\xff"]}', "line 2: not UTF-8"),
        ("[" * 100_000, "line 2"),
        ("1" * 5_000, "line 2: can't be read"),
        (f'{{"turns": ["{"a" * 1_000_001}"]}}', "line 2: longer than 1,000,000 bytes"),
        ("[]", "line 2: not a JSON object"),
        ('{"question": "a"}', 'line 2: "turns" must be a list'),
        ('{"id": "b", "turns": [5]}', 'line 2: "turns" must be a list'),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_broken_line_gets_an_object_that_says_why_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, index: str, capsys: pytest.CaptureFixture[str], line: str | bytes, error: str
) -> None:
    hello = '{"id": "%s", "turns": ["hello"]}'

    assert ask_lines(monkeypatch, index, [hello % "first", line, hello % "last"]) == 1

    out, err = capsys.readouterr()
    first, broken, last = (json.loads(each) for each in out.splitlines())
    assert [first["id"], last["id"], last["outcome"]] == ["first", "last", "greeting"]
    assert set(broken) == {"id", "error"}
    assert broken["error"].startswith(error)
    assert err == f"kbot: {broken['error']}\n"


def test_half_a_surrogate_pair_stops_neither_the_line_nor_the_rest(
    monkeypatch: pytest.MonkeyPatch, index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = r'{"id": "\ud800", "turns": ["\udfff hello"]}'
    assert ask_lines(monkeypatch, index, [broken, '{"turns": ["hello"]}']) == 0
    assert [answer["id"] for answer in printed(capsys)] == ["?", None]


def test_no_lines_are_no_answers(
    monkeypatch: pytest.MonkeyPatch, index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask_lines(monkeypatch, index, []) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "question", ["", " ", "?!", "🦓", "a" * 10_000, "<b>bold</b>\x1b[31m", "\u202eما هو\u202c", "\x00", "℡"]
)
def test_any_question_on_the_command_line_has_an_answer(
    index: str, capsys: pytest.CaptureFixture[str], question: str
) -> None:
    assert main(["ask", "--index", index, question]) == 0
    out, err = capsys.readouterr()
    assert out.strip()
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "--index", "nowhere", QUESTION], "there is no index in nowhere: run `kbot build`"),
        (["evaluate", "nothing.jsonl"], "nothing.jsonl can't be read"),
        (["build", "--corpus", "nowhere"], "nowhere: no such folder; set KBOT_CORPUS"),
        (["build", "--corpus", "."], "no Markdown file in it"),
        (["serve", "--port", "70000"], "KBOT_PORT is 70000: give a whole number from 1 to 65535"),
        (["ask", "--threads", "many", QUESTION], "KBOT_THREADS is 'many': give a whole number"),
        (["ask", "--index", "", QUESTION], "KBOT_INDEX is empty"),
    ],
)
def test_what_is_wrong_is_exit_code_1_with_words_on_stderr_alone(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("kbot: ")
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_variable_is_an_error_with_the_nearest_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KBOT_PROT", "1")
    assert main(["ask", QUESTION]) == 1
    assert capsys.readouterr().err == "kbot: KBOT_PROT is not a setting of kbot: did you mean KBOT_PORT?\n"


def test_a_model_that_is_not_known_is_an_error(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--index", index, "--encoder", "MiniLM", QUESTION]) == 1
    assert "KBOT_ENCODER is 'MiniLM', which is neither a known model" in capsys.readouterr().err


def test_a_port_in_use_is_named_with_the_remedy(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--index", index, "--journal", "off", "--port", str(port)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"kbot: can't serve on 127.0.0.1:{port}: the port is in use")
    assert "--port or KBOT_PORT" in err


def test_a_break_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kbot.service.open_settled", interrupted)
    assert main(["ask", QUESTION]) == 130


def test_a_card_is_printed_as_a_table_or_as_json(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(
        json.dumps({"id": "1", "turns": [QUESTION], "kind": "answerable", "gold": ["dizziness, and nausea"]}),
        encoding="utf-8",
    )
    assert main(["evaluate", "--index", index, str(path)]) == 0
    assert "answerable: right at 1" in capsys.readouterr().out
    assert main(["evaluate", "--index", index, "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["rates"]["answerable: right at 1"]["value"] == 1.0


def test_an_unchanged_corpus_is_up_to_date(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, index = service.settings.corpus, service.settings.index
    assert main(["build", "--corpus", str(corpus), "--index", str(index)]) == 0
    assert capsys.readouterr().out == f"{index} is up to date: build {service.build}\n"


def test_a_broken_corpus_lists_all_problems_and_leaves_the_index_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.md").write_text("no front matter", encoding="utf-8")
    (tmp_path / "two.md").write_bytes(b"\xff")
    assert main(["build", "--corpus", str(tmp_path), "--index", str(tmp_path / "index")]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "kbot: the corpus has 3 problems; the index was left as it is:"
    assert [line.split(":")[0].split("/")[-1] for line in err[1:]] == ["one.md", "two.md", "clinic.toml"]
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("arguments", [["ask", QUESTION], ["ask", "--jsonl"]])
def test_asking_loads_neither_torch_nor_anything_else_that_only_a_build_or_a_server_needs(
    index: str, arguments: list[str]
) -> None:
    program = (
        "import sys; from kbot.cli import main; code = main(sys.argv[1:]); "
        f"print('loaded:', [name for name in {HEAVY} if name in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments, "--index", index],
        input=json.dumps({"turns": [QUESTION]}).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "loaded: []\n")
    assert b"dizziness, and nausea" in done.stdout


def test_a_reader_that_goes_away_early_is_no_error(index: str) -> None:
    lines = json.dumps({"turns": ["hello"]}) + "\n"
    with subprocess.Popen(
        command("ask", "--jsonl", "--index", index),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(lines.encode() * 50)
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(lines.encode() * 50)
        process.stdin.close()
        err = process.stderr.read()
        assert process.wait() == 0
    assert b"Traceback" not in err


def test_an_error_object_keeps_the_id_of_its_line(
    index: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_lines(
        monkeypatch, index, ['{"id": "b", "turns": [5]}', '{"id": "c", "turns": ["What is ketamine therapy?"]}']
    )
    broken, answered = printed(capsys)
    assert (broken["id"], "error" in broken) == ("b", True)
    assert (answered["id"], answered["outcome"]) == ("c", "answer")
