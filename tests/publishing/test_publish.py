from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from kbot.cli import main
from kbot.errors import CorpusError, IndexBusyError, IndexDamagedError, PublishError
from kbot.ingest.corpus import corpus_hash
from kbot.ingest.progress import Quiet
from kbot.ingest.publish import locked
from kbot.publishing.floors import Floors, read_floors
from kbot.publishing.outcomes import Turn
from kbot.publishing.publish import Published, Wish, publish
from kbot.publishing.report import as_json, render
from kbot.publishing.review import safety_messages, safety_refusals
from kbot.publishing.rollback import builds, rollback
from kbot.records import Asked, Fallback, Outcome, Reason, Resource
from kbot.safety_evaluation import Message, evaluate_safety
from kbot.search.index import open_index
from kbot.search.manifest import read_manifest, verify_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import SmallClinic

    from kbot.settings import Settings

CRISIS = Message("m1", ("I want to kill myself",), "crisis", "active")
GOLDEN = '{"id": "g1", "turns": ["How much is a massage?"], "kind": "answerable", "gold": ["costs 41 dollars"]}\n'


@pytest.fixture(autouse=True)
def few_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message that the patterns recognise, as a small clinic's build has no classifier of danger."""
    monkeypatch.setattr("kbot.publishing.publish.safety_messages", lambda: [CRISIS])
    packaged = read_floors

    def lowered(corpus: Path) -> Floors:
        return dataclasses.replace(packaged(corpus), safety={"crisis, active": 1.0})

    monkeypatch.setattr("kbot.publishing.publish.read_floors", lowered)


@pytest.fixture(scope="module")
def first_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the index of the first build is kept once a test has made it."""
    return tmp_path_factory.mktemp("first") / "index"


@pytest.fixture
def clinic(small_clinic: SmallClinic, first_index: Path) -> SmallClinic:
    index = small_clinic.settings.index
    if first_index.exists():
        small_clinic.write(40)
        shutil.rmtree(index)
        shutil.copytree(first_index, index, symlinks=True)
    else:
        small_clinic.build(40)
        shutil.copytree(index, first_index, symlinks=True)
    return small_clinic


def price_shown(settings: Settings) -> str:
    (text,) = [p.text for p in open_index(settings).passages.values() if "dollars" in p.text]
    return text


def published(
    clinic: SmallClinic, corpus: Path, *, dry_run: bool = False, force: bool = False, leave_corpus: bool = False
) -> Published:
    wish = Wish(corpus, dry_run=dry_run, force=force, leave_corpus=leave_corpus)
    return publish(clinic.settings, wish, Quiet())


def test_publishing_serves_the_new_corpus_and_makes_the_corpus_folder_the_same(
    clinic: SmallClinic, tmp_path: Path
) -> None:
    new = clinic.write(41, tmp_path / "new")
    (new / "golden.jsonl").write_text(GOLDEN, encoding="utf-8")
    was = read_manifest(clinic.settings.index)

    done = published(clinic, new)

    manifest = read_manifest(clinic.settings.index)
    assert (done.switched, done.refused, done.before, done.build) == (True, False, was.build, manifest.build)
    assert price_shown(clinic.settings) == "A massage costs 41 dollars."
    assert corpus_hash(clinic.settings.corpus) == manifest.corpus_hash == corpus_hash(new)
    snapshot = manifest.folder(clinic.settings.index) / "corpus"
    assert (snapshot / "questions" / "bank.yaml").read_bytes() == (new / "questions" / "bank.yaml").read_bytes()
    assert list(clinic.settings.index.glob(".*")) == []


def test_the_report_names_what_changes_for_visitors(clinic: SmallClinic, tmp_path: Path) -> None:
    done = published(clinic, clinic.write(41, tmp_path / "new"))

    difference = done.difference
    assert [(edit.what, edit.before, edit.after) for edit in difference.passages] == [
        ("changed", "A massage costs 40 dollars.", "A massage costs 41 dollars.")
    ]
    assert [edit.id for edit in difference.documents] == ["massage"]
    assert [edit.id for edit in difference.topics] == ["prices"]
    assert (difference.facts, difference.replies) == ((), ())
    assert {change.turn for change in done.changed} == {Turn.EDITED}
    text = render(done)
    assert "was: A massage costs 40 dollars." in text
    assert (
        json.loads(json.dumps(as_json(done)))["difference"]["passages"][0]["after"] == "A massage costs 41 dollars."
    )


def test_a_dry_run_changes_nothing(clinic: SmallClinic, tmp_path: Path) -> None:
    before = read_manifest(clinic.settings.index)
    done = published(clinic, clinic.write(41, tmp_path / "new"), dry_run=True)
    assert (done.switched, done.refused) == (False, False)
    assert read_manifest(clinic.settings.index) == before
    assert price_shown(clinic.settings) == "A massage costs 40 dollars."
    assert "Nothing was changed (--dry-run)" in render(done, dry_run=True)


def test_a_golden_answer_that_breaks_is_refused_and_force_overrides_it(clinic: SmallClinic, tmp_path: Path) -> None:
    (clinic.settings.corpus / "golden.jsonl").write_text(GOLDEN.replace("41", "40"), encoding="utf-8")
    new = clinic.write(42, tmp_path / "new")

    refused = published(clinic, new)
    assert refused.refused
    assert refused.review is not None
    messages = [refusal.message for refusal in refused.review.refusals]
    assert messages[0].startswith("golden questions: right at 3 is 0.000 (0 of 1)")
    assert "1 golden answers are lost, 0 may be: 'How much is a massage?'" in messages
    assert price_shown(clinic.settings) == "A massage costs 40 dollars."

    assert published(clinic, new, force=True).switched
    assert price_shown(clinic.settings) == "A massage costs 42 dollars."


def test_a_danger_that_is_not_recognised_is_refused_and_force_does_not_override_it(
    clinic: SmallClinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = Message("m2", ("How much is a massage?",), "crisis", "active")
    monkeypatch.setattr("kbot.publishing.publish.safety_messages", lambda: [CRISIS, missed])

    done = published(clinic, clinic.write(41, tmp_path / "new"), force=True)

    assert done.refused
    assert done.review is not None
    (refusal,) = done.review.refusals
    assert refusal.safety
    assert refusal.message == "safety messages: crisis, active is 0.500 (1 of 2), the floor is 1.0"
    assert price_shown(clinic.settings) == "A massage costs 40 dollars."


class Recognising:
    """Meets these messages as a crisis, with 988, and all others with neither."""

    def __init__(self, *known: str) -> None:
        self._known = known

    def ask(self, turns: Sequence[str]) -> Asked:
        lifeline = (Resource("Lifeline", call="988"),)
        crisis = Fallback(turns[-1], Outcome.CRISIS, "", lifeline)
        other = Fallback(turns[-1], Outcome.CLINICIAN, "", (), Reason.UNCLEAR)
        return Asked(crisis if turns[-1] in self._known else other, "b", 1.0)


def test_one_safety_reply_that_is_lost_is_named_even_where_another_is_gained() -> None:
    messages = [Message(text, (text,), "crisis", "active") for text in ("first", "second", "third")]
    old = evaluate_safety(Recognising("first", "second"), messages)
    new = evaluate_safety(Recognising("second", "third"), messages)
    none = Floors({}, {}, {})

    refusals = list(safety_refusals(new, old, none))

    assert [refusal.message for refusal in refusals] == [
        "a safety reply is lost (missed, crisis, active): 'first'",
        "a safety reply is lost (without 988, crisis): 'first'",
    ]
    assert all(refusal.safety for refusal in refusals)
    assert list(safety_refusals(old, old, none)) == []
    worse = evaluate_safety(Recognising("second"), messages)
    assert [refusal.message for refusal in safety_refusals(worse, old, none)][-1] == (
        "fewer are recognised (crisis, active): 1 of 3 instead of 2"
    )


def test_a_quote_that_no_longer_stands_is_named_and_nothing_changes(clinic: SmallClinic, tmp_path: Path) -> None:
    new = clinic.write(41, tmp_path / "new")
    page = new / "massage.md"
    page.write_text(page.read_text().replace("41 dollars", "forty dollars"), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"topic 'prices': the quote 'A massage costs 41 dollars\.'"):
        published(clinic, new)
    assert price_shown(clinic.settings) == "A massage costs 40 dollars."
    assert list(clinic.settings.index.glob(".*")) == []


def test_edits_that_were_never_published_are_not_written_over(clinic: SmallClinic, tmp_path: Path) -> None:
    clinic.write(39)
    new = clinic.write(41, tmp_path / "new")
    with pytest.raises(PublishError, match="has edits that were never published"):
        published(clinic, new)
    assert published(clinic, new, leave_corpus=True).switched
    assert "39 dollars" in (clinic.settings.corpus / "massage.md").read_text(encoding="utf-8")


def test_the_corpus_folder_itself_can_be_published_and_is_not_built_twice(clinic: SmallClinic) -> None:
    clinic.write(41)
    assert published(clinic, clinic.settings.corpus).switched
    again = published(clinic, clinic.settings.corpus)
    assert (again.unchanged, again.switched, again.refused) == (True, False, False)


def test_a_copy_that_was_interrupted_is_completed_by_the_same_command(clinic: SmallClinic, tmp_path: Path) -> None:
    new = clinic.write(41, tmp_path / "new")
    published(clinic, new)
    (clinic.settings.corpus / "massage.md").unlink()
    again = published(clinic, new, leave_corpus=False)
    assert again.unchanged
    assert (clinic.settings.corpus / "massage.md").read_bytes() == (new / "massage.md").read_bytes()


def test_two_do_not_publish_at_once(clinic: SmallClinic, tmp_path: Path) -> None:
    new = clinic.write(41, tmp_path / "new")
    with locked(clinic.settings.index), pytest.raises(IndexBusyError, match="somebody else is publishing"):
        published(clinic, new)


def test_a_build_waits_for_no_publish_and_leaves_what_is_served(clinic: SmallClinic) -> None:
    before = read_manifest(clinic.settings.index)
    with locked(clinic.settings.index), pytest.raises(IndexBusyError, match="somebody else is publishing"):
        clinic.build(41)
    assert read_manifest(clinic.settings.index) == before
    assert clinic.build(41).manifest.before == before.directory


def test_rollback_goes_back_and_forward_with_the_corpus(clinic: SmallClinic, tmp_path: Path) -> None:
    first = read_manifest(clinic.settings.index)
    published(clinic, clinic.write(41, tmp_path / "new"))
    second = read_manifest(clinic.settings.index)

    back = rollback(clinic.settings)
    assert (back.build, back.left) == (first.build, second.build)
    assert price_shown(clinic.settings) == "A massage costs 40 dollars."
    assert corpus_hash(clinic.settings.corpus) == first.corpus_hash
    assert {manifest.build: now for manifest, now in builds(clinic.settings)} == {
        second.build: False,
        first.build: True,
    }

    rollback(clinic.settings, forward=True)
    assert read_manifest(clinic.settings.index) == second
    assert price_shown(clinic.settings) == "A massage costs 41 dollars."
    assert corpus_hash(clinic.settings.corpus) == second.corpus_hash
    with pytest.raises(PublishError, match="keeps no build that came after"):
        rollback(clinic.settings, forward=True)


def test_a_damaged_build_is_not_gone_back_to(clinic: SmallClinic, tmp_path: Path) -> None:
    first = read_manifest(clinic.settings.index)
    published(clinic, clinic.write(41, tmp_path / "new"))
    second = read_manifest(clinic.settings.index)
    path = first.folder(clinic.settings.index) / "documents.json"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(IndexDamagedError, match=r"documents\.json was altered or cut short"):
        rollback(clinic.settings)
    assert read_manifest(clinic.settings.index) == second


def test_rolling_back_leaves_a_corpus_folder_with_edits_of_its_own(clinic: SmallClinic, tmp_path: Path) -> None:
    published(clinic, clinic.write(41, tmp_path / "new"))
    clinic.write(45)
    done = rollback(clinic.settings)
    assert "is left as it is (it has edits of its own)" in done.corpus
    assert "45 dollars" in (clinic.settings.corpus / "massage.md").read_text(encoding="utf-8")


def test_the_first_build_of_all_is_published_without_anything_to_compare(
    small_clinic: SmallClinic, tmp_path: Path
) -> None:
    done = published(small_clinic, small_clinic.write(40, tmp_path / "new"))
    assert (done.switched, done.before, done.changed) == (True, "", ())
    assert price_shown(small_clinic.settings) == "A massage costs 40 dollars."
    assert (small_clinic.settings.corpus / "massage.md").is_file()


def test_models_of_the_live_index_survive_the_staging(clinic: SmallClinic, tmp_path: Path) -> None:
    models = sorted(path.name for path in (clinic.settings.index / "models").iterdir())
    published(clinic, clinic.write(41, tmp_path / "new"), dry_run=True)
    assert sorted(path.name for path in (clinic.settings.index / "models").iterdir()) == models
    verify_files(clinic.settings.index, read_manifest(clinic.settings.index))


def test_safety_has_messages_of_every_level_whose_floor_is_named(tmp_path: Path) -> None:
    levels = {f"crisis, {message.level}" for message in safety_messages() if message.kind == "crisis"}
    assert levels | {"emergency, or taken for a crisis"} == set(read_floors(tmp_path).safety)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[safety]\n"crisis, active" = 0.5\n', "can't be lowered from 0.9"),
        ("[golden]\nright_at_9 = 0.5\n", "unknown floor 'right_at_9'"),
        ("[golden]\nright_at_3 = 7\n", "give a share from 0 to 1"),
        ("[other]\n", "unknown table"),
        ("nonsense", "can't be read"),
    ],
)
def test_floors_of_a_corpus_are_checked(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "floors.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PublishError, match=problem):
        read_floors(tmp_path)


def test_the_commands_say_what_they_did_and_fail_where_they_refuse(
    clinic: SmallClinic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = clinic.write(41, tmp_path / "new")
    places = ["--corpus", str(clinic.settings.corpus), "--index", str(clinic.settings.index)]
    assert main(["publish", str(new), "--json", *places]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["switched"], report["refusals"]) == (True, [])
    assert main(["rollback", *places]) == 0
    assert f"in place of {report['build']}" in capsys.readouterr().out
    assert main(["rollback", "--list", *places]) == 0
    assert f"* {report['before']}" in capsys.readouterr().out
    shutil.rmtree(new)
    assert main(["publish", str(new), *places]) == 1
    assert "no such folder" in capsys.readouterr().err
