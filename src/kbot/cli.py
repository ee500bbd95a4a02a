"""The command line: parse, call the service, render. Exit codes: 0 fine, 1 a reported error, 2 misuse."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.accounts.command import add_staff_commands
from kbot.audit.command import add_audit_commands
from kbot.backup.command import add_backup_commands
from kbot.coverage.command import add_coverage_commands
from kbot.errors import KbotError
from kbot.journal.command import add_journal_commands
from kbot.publishing.command import add_publishing_commands
from kbot.settings import PREFIX, Settings, read_settings
from kbot.training.command import add_training_commands

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(flags=vars(options))
        return int(options.run(options, settings))
    except KbotError as error:
        print(f"kbot: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader went away (`kbot ask ... | head`); closing stderr too keeps Python from complaining at exit.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # as a full disk, or a folder that may not be written
        print(f"kbot: {error.filename or 'the system'}: {error.strerror}; nothing half done is used", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kbot", description="A retrieval FAQ chatbot for clinics: their own passages, word for word."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="make the index from the corpus")
    build.add_argument("--force", action="store_true", help="build even if the corpus is unchanged")
    build.set_defaults(run=_build)
    _settings_flags(build, "corpus", "index", "encoder", "reranker")

    ask = commands.add_parser("ask", help="ask one question, or many as JSON lines")
    ask.add_argument("question", nargs="?", help="the question")
    ask.add_argument(
        "--jsonl", action="store_true", help='read {"id": ..., "turns": [...]} lines, print one object each'
    )
    ask.add_argument("--json", action="store_true", help="print the answer to one question as JSON")
    ask.add_argument("--why", action="store_true", help="say also what decided (for staff)")
    ask.set_defaults(run=_ask)
    _settings_flags(ask, "index", "encoder", "reranker", "threads", "rerank", "max_question")

    serve = commands.add_parser("serve", help="serve the chat and the REST interface")
    serve.set_defaults(run=_serve)
    _settings_flags(serve, *(field.name for field in dataclasses.fields(Settings)))

    evaluate = commands.add_parser("evaluate", help="score a file of questions whose answers are known")
    evaluate.add_argument(
        "file", nargs="?", type=Path, help="default: the golden questions or, with --safety, messages"
    )
    evaluate.add_argument("--json", action="store_true", help="print the score card as JSON")
    evaluate.add_argument(
        "--unseen", action="store_true", help="leave out questions that stand word for word in the question bank"
    )
    evaluate.add_argument("--errors", action="store_true", help="list every question that went wrong, and why")
    evaluate.add_argument(
        "--calibrate", action="store_true", help="fit the gate on the question bank and choose its threshold on FILE"
    )
    evaluate.add_argument("--safety", action="store_true", help="score triage on messages whose danger is known")
    evaluate.add_argument("--write", type=Path, help="with --calibrate: the gate.json to put the coefficients into")
    evaluate.set_defaults(run=_evaluate)
    _settings_flags(evaluate, "index", "encoder", "reranker", "threads", "rerank")

    questions = commands.add_parser("questions", help="look after the question bank")
    tasks = questions.add_subparsers(title="tasks", required=True, metavar="TASK")
    check = tasks.add_parser("check", help="list not-covered topics that a passage may now answer")
    check.add_argument("--json", action="store_true", help="print the list as JSON")
    check.set_defaults(run=_check_questions)
    _settings_flags(check, "index", "encoder", "reranker", "threads")

    check_replies = commands.add_parser("check", help="show every fixed reply, and refuse one that lacks a number")
    check_replies.set_defaults(run=_check)
    _settings_flags(check_replies, "corpus")

    add_audit_commands(commands, _settings_flags)
    add_journal_commands(commands, _settings_flags)
    add_coverage_commands(commands, _settings_flags)
    add_publishing_commands(commands, _settings_flags)
    add_backup_commands(commands, _settings_flags)
    add_staff_commands(commands, _settings_flags)
    add_training_commands(commands, _settings_flags)
    return parser


def _settings_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    defaults = Settings()
    group = parser.add_argument_group("settings, each also as an environment variable")
    for name in names:
        group.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            metavar="VALUE",
            help=f"{PREFIX}{name.upper()}, default {getattr(defaults, name)}",
        )


def _build(options: argparse.Namespace, settings: Settings) -> int:
    from kbot.ingest.build import build
    from kbot.ingest.progress import Quiet
    from kbot.progress import TerminalProgress

    progress = TerminalProgress() if sys.stderr.isatty() else Quiet()
    with progress:
        report = build(settings, progress=progress, force=options.force)
    counts = report.manifest.counts
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if report.unchanged:
        print(f"{settings.index} is up to date: build {report.manifest.build}")
        return 0
    print(
        f"Built {settings.index} (build {report.manifest.build}): {counts['documents']} documents, "
        f"{counts['passages']} passages; {report.encoded} texts encoded, {report.reused} reused"
    )
    return 0


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    from kbot.asked_lines import answer_lines
    from kbot.service import Service

    if options.jsonl == (options.question is not None):
        print("kbot ask: give one question in quotes, or --jsonl and lines on standard input", file=sys.stderr)
        return 2
    service = Service.open(settings)
    if options.jsonl:
        return answer_lines(service, sys.stdin.buffer, sys.stdout)
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that lacks a sign of the answer shows "?" for it
        sys.stdout.reconfigure(errors="replace")
    from kbot.contract import as_json

    asked = service.ask([options.question])
    if options.json:
        print(json.dumps(as_json(asked), ensure_ascii=sys.stdout.encoding.lower() != "utf-8", indent=1))
    else:
        from kbot.terminal import render

        print(render(asked.answer, why=options.why))
    return 0


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    del options
    from kbot.journal.database import describe
    from kbot.opening import open_for_visitors
    from kbot.web.serve import serve

    service = open_for_visitors(settings)
    service.warm()
    if service.trouble:
        print(f"kbot: {service.trouble}", file=sys.stderr)
    print(f"The journal: {describe(settings.journal)} (questions are kept {settings.retention_days} days)")
    try:
        serve(settings, service)
    finally:
        service.close()
    return 0


def _calibrate(options: argparse.Namespace, settings: Settings) -> int:
    from kbot.calibration import calibrate, judge_golden, write_gate
    from kbot.evaluation import read_questions
    from kbot.search.index import open_index
    from kbot.terminal import render_calibration

    questions = read_questions(options.file)
    index = open_index(settings)
    calibration = calibrate(index, lambda gate: judge_golden(index, questions, gate))
    print(render_calibration(calibration))
    if options.write is not None:
        write_gate(options.write, calibration)
        print(f"Written to {options.write}")
    return 0


def _evaluate_safety(options: argparse.Namespace, settings: Settings) -> int:
    from kbot.safety_evaluation import evaluate_safety, read_messages, render_safety_card
    from kbot.service import Service

    card = evaluate_safety(Service.open(settings), read_messages(options.file))
    if options.json:
        print(json.dumps(card.as_dict(), ensure_ascii=False, indent=1))
    else:
        print(render_safety_card(card, errors=options.errors))
    return 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    del options
    from kbot.answering.replies import read_replies
    from kbot.clinic import read_clinic
    from kbot.replies_check import check_replies, render_replies

    clinic = read_clinic(settings.corpus / "clinic.toml")
    replies = read_replies(clinic)
    print(render_replies(replies))
    problems = check_replies(replies, clinic)
    for problem in problems:
        print(f"kbot: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    golden = Path("tests/golden")
    options.file = options.file or golden / ("safety.jsonl" if options.safety else "questions.jsonl")
    if options.safety:
        return _evaluate_safety(options, settings)
    if options.calibrate:
        return _calibrate(options, settings)
    from kbot.evaluation import evaluate, read_questions, without_known
    from kbot.service import Service
    from kbot.terminal import render_score_card

    questions = read_questions(options.file)
    service = Service.open(settings)
    if options.unseen:
        questions = without_known(questions, service.topics)
    card = evaluate(service, questions)
    if options.json:
        print(json.dumps(card.as_dict(), ensure_ascii=False, indent=1))
    else:
        print(render_score_card(card, errors=options.errors))
    return 0


def _check_questions(options: argparse.Namespace, settings: Settings) -> int:
    from kbot.questions_check import check_questions, render_hints
    from kbot.records import TopicKind
    from kbot.search.index import open_index

    index = open_index(settings)
    hints = check_questions(index)
    if options.json:
        print(json.dumps([hint.as_dict() for hint in hints], ensure_ascii=False, indent=1))
    else:
        topics = sum(topic.kind is TopicKind.NOT_COVERED for topic in index.topics.topics)
        print(render_hints(hints, topics))
    return 0
