"""The same code and coefficients serve clinics of other kinds: one with a small question bank, one without any.

The floors lie a little below what was measured when the fixtures were written (docs/new-clinic.md says how):
with the bank 0.53 right at 3 and 1 of 40 near misses answered; without one 0.74 and 2 of 25.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kbot.cli import main
from kbot.evaluation import ScoreCard, evaluate, read_questions
from kbot.ingest.build import build
from kbot.questions_check import check_questions
from kbot.records import Fallback, Found, Reason
from kbot.search.index import open_index
from kbot.service import Service
from kbot.settings import Settings

REPOSITORY = Path(__file__).parent.parent
CLINICS = Path(__file__).parent / "fixtures" / "clinics"


def built(corpus: Path, index: Path, *, before: Path | None = None) -> Settings:
    """Build a corpus. Exported models, or a whole build before, are taken over so that it doesn't take long."""
    models = REPOSITORY / "index" / "models"
    if before is not None:
        shutil.copytree(before, index, dirs_exist_ok=True)
    elif models.is_dir():
        shutil.copytree(models, index / "models", ignore=shutil.ignore_patterns(".*"))
    settings = Settings(corpus=corpus, index=index)
    build(settings)
    return settings


@pytest.fixture(scope="session")
def physio(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A physiotherapy clinic with a small question bank."""
    return built(CLINICS / "physio", tmp_path_factory.mktemp("physio"))


@pytest.fixture(scope="session")
def dental(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A dental practice without a question bank."""
    return built(CLINICS / "dental", tmp_path_factory.mktemp("dental"))


@pytest.fixture(scope="session")
def physio_card(physio: Settings) -> ScoreCard:
    return evaluate(Service.open(physio), read_questions(CLINICS / "physio" / "golden.jsonl"))


@pytest.fixture(scope="session")
def dental_card(dental: Settings) -> ScoreCard:
    return evaluate(Service.open(dental), read_questions(CLINICS / "dental" / "golden.jsonl"))


def test_a_small_bank_finds_what_the_pages_answer(physio_card: ScoreCard) -> None:
    assert physio_card.rates["answerable: right at 3"].value >= 0.47
    assert physio_card.rates["answerable: found at 3, shown or related"].value >= 0.85


def test_a_small_bank_answers_nothing_else(physio_card: ScoreCard) -> None:
    assert physio_card.rates["near miss: answered"].hits <= 3
    assert physio_card.rates["answerable: answered wrongly"].hits <= 3
    assert physio_card.rates["personal: handed over"].value >= 0.9
    assert physio_card.rates["off topic: answered"].hits == 0
    assert physio_card.rates["contact: answered or handed over"].value == 1.0


def test_a_small_bank_tells_answerable_questions_from_near_misses(physio_card: ScoreCard) -> None:
    assert physio_card.auc is not None
    assert physio_card.auc >= 0.9


def test_without_a_bank_most_of_what_the_pages_answer_is_found(dental_card: ScoreCard) -> None:
    assert dental_card.rates["answerable: right at 3"].value >= 0.65
    assert dental_card.rates["answerable: found at 3, shown or related"].value >= 0.9


def test_without_a_bank_little_else_is_answered(dental_card: ScoreCard) -> None:
    assert dental_card.rates["near miss: answered"].hits <= 4
    assert dental_card.rates["answerable: answered wrongly"].hits <= 1
    assert dental_card.rates["off topic: answered"].hits == 0


def test_without_a_bank_answerable_questions_are_told_from_near_misses(dental_card: ScoreCard) -> None:
    assert dental_card.auc is not None
    assert dental_card.auc >= 0.88


def test_each_clinic_hands_over_to_its_own_people(physio: Settings, dental: Settings) -> None:
    for settings, phone in ((physio, "(555) 555-0142"), (dental, "(555) 555-0167")):
        answer = Service.open(settings).ask(["Can I speak to a person?"]).answer
        assert isinstance(answer, Fallback)
        assert answer.reason is Reason.ASKED_FOR_A_PERSON
        assert phone in answer.message


def test_a_concept_of_the_bank_is_named_as_missing(physio: Settings) -> None:
    answer = Service.open(physio).ask(["Is anybody there trained in acupuncture?"]).answer
    assert isinstance(answer, Fallback)
    assert answer.missing == ("acupuncture",)


def test_no_topic_is_reported_while_the_pages_are_as_the_bank_knows_them(physio: Settings) -> None:
    assert check_questions(open_index(physio)) == []


@pytest.fixture(scope="session")
def with_news(physio: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The physiotherapy clinic after somebody wrote about driving, and the bank was left as it was."""
    corpus = tmp_path_factory.mktemp("news") / "corpus"
    shutil.copytree(CLINICS / "physio", corpus)
    page = corpus / "clinic.md"
    news = (
        "\n## After your session\n\nYou may drive home. If your leg feels weak, wait in our lounge until it passes.\n"
    )
    page.write_text(page.read_text(encoding="utf-8") + news, encoding="utf-8")
    return built(corpus, tmp_path_factory.mktemp("news-index"), before=physio.index)


def test_a_new_passage_brings_its_topic_to_the_top(with_news: Settings) -> None:
    hints = check_questions(open_index(with_news))
    assert hints[0].topic.id == "driving"
    assert hints[0].passage.text.startswith("You may drive home.")
    assert hints[0].new
    assert "drive" in hints[0].found
    assert [hint.strength for hint in hints] == sorted((hint.strength for hint in hints), reverse=True)


def test_the_bank_speaks_until_staff_change_it(with_news: Settings) -> None:
    answer = Service.open(with_news).ask(["Can I drive after a session?"]).answer
    assert not isinstance(answer, Found)


def test_the_check_prints_text_for_people_and_json_for_programs(
    with_news: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["questions", "check", "--index", str(with_news.index)]) == 0
    text = capsys.readouterr().out
    assert "of the 20 topics that stand as not covered may be answered" in text
    assert "driving: Driving after a session" in text
    assert main(["questions", "check", "--json", "--index", str(with_news.index)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["topic"] == "driving"
    assert rows[0]["passage"]["heading"][-1] == "After your session"
    assert "no topic quotes it yet" in rows[0]["why"]
