from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kbot.answering.foreign import Tongue, tongue_of
from kbot.search.index import open_index

if TYPE_CHECKING:
    from kbot.search.language import Language
    from kbot.service import Service

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def language(service: Service) -> Language:
    return open_index(service.settings).language


@pytest.mark.parametrize(
    ("message", "tongue"),
    [
        ("¿Cuánto cuesta el tratamiento?", Tongue.SPANISH),
        ("quisiera hacer una cita para mi madre", Tongue.SPANISH),
        ("Combien de temps dure une séance chez vous ?", Tongue.OTHER),
        ("Сколько стоит сеанс?", Tongue.OTHER),
        ("治療はいくらですか", Tongue.OTHER),
        ("how much does it cost", None),
        ("wat r teh side efects of ketamin", None),
        ("spravato bupropion lamotrigine quetiapine", None),
        ("IV vs IM", None),
        ("hmm", None),
        ("", None),
    ],
)
def test_languages_are_told_apart(language: Language, message: str, tongue: Tongue | None) -> None:
    assert tongue_of(message, language) is tongue


def test_no_ordinary_question_is_taken_for_another_language(language: Language) -> None:
    rows = [json.loads(line) for line in (GOLDEN / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    wrong = [turn for row in rows for turn in row["turns"] if tongue_of(turn, language) is not None]
    assert wrong == []
