"""What kbot 0.1.0 left on a disk is used by this one: its index is served and gone back to, its journal read."""

from __future__ import annotations

import datetime
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kbot.ingest.build import build
from kbot.journal.store import Journal
from kbot.publishing.rollback import rollback
from kbot.records import Found, Outcome
from kbot.search.manifest import NAME, read_manifest
from kbot.search.models import file_sha256
from kbot.service import Service

if TYPE_CHECKING:
    from tests.conftest import SmallClinic

    from kbot.settings import Settings

FIRST = Path(__file__).parent.parent / "fixtures" / "upgrades" / "kbot-0.1.0.zip"
QUESTION = "How much is a massage?"


@pytest.fixture
def old(small_clinic: SmallClinic, tmp_path: Path) -> Settings:
    """Corpus, index and journal of kbot 0.1.0, with the models of this machine, which may be exported otherwise."""
    with zipfile.ZipFile(FIRST) as archive:
        archive.extractall(tmp_path)
    index = small_clinic.settings.index
    data = json.loads((index / NAME).read_text(encoding="utf-8"))
    assert "seal" not in data
    models = [name for name in data["files"] if name.startswith("models/")]
    for name in models:
        role, file = name.split("/")[1].split("-")[0], name.split("/")[2]
        (model,) = (index / "models").glob(f"{role}-*")
        del data["files"][name]
        data["files"][f"models/{model.name}/{file}"] = file_sha256(model / file)
    (index / NAME).write_text(json.dumps(data), encoding="utf-8")
    return small_clinic.settings


def shown(settings: Settings) -> str:
    answer = Service.open(settings).ask([QUESTION]).answer
    assert isinstance(answer, Found)
    return answer.passages[0].text


def test_the_index_of_the_first_version_is_served(old: Settings) -> None:
    assert shown(old) == "A massage costs 40 dollars."


def test_a_new_build_takes_its_place_and_it_can_be_gone_back_to(old: Settings, small_clinic: SmallClinic) -> None:
    first = read_manifest(old.index)
    small_clinic.write(41)
    build(old)
    assert shown(old) == "A massage costs 41 dollars."
    assert read_manifest(old.index).before == first.directory
    rollback(old)
    assert shown(old) == "A massage costs 40 dollars."
    assert read_manifest(old.index) == first


def test_the_journal_of_the_first_version_is_read_and_written(tmp_path: Path) -> None:
    with zipfile.ZipFile(FIRST) as archive:
        archive.extract("journal.db", tmp_path)
    journal = Journal.open(str(tmp_path / "journal.db"))
    day = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)
    entries = journal.entries(day, day + datetime.timedelta(days=1))
    assert [(entry.question, entry.outcome, entry.missing) for entry in entries] == [
        (QUESTION, Outcome.ANSWER, ()),
        ("Can I have a massage while pregnant?", Outcome.CLINICIAN, ("pregnancy",)),
    ]
    assert (entries[0].helpful, entries[0].feedback) == (True, "thanks")
    (urgent,) = journal.urgent(day.date(), (day + datetime.timedelta(days=1)).date())
    assert (urgent.outcome, urgent.count) == (Outcome.CRISIS, 2)
    assert journal.set_feedback("ticket-2", helpful=False, feedback="")
    journal.close()
