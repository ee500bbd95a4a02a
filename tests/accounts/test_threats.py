from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
THREATS = (REPOSITORY / "docs" / "threats.md").read_text(encoding="utf-8")


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", THREATS)
    assert len(named) > 25
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (REPOSITORY / file).is_file()
        or (name and f"\ndef {name}(" not in (REPOSITORY / file).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_the_threat_model_says_of_each_threat_what_is_left() -> None:
    sections = re.split(r"^## ", THREATS, flags=re.MULTILINE)[1:]
    assert len(sections) == 6
    assert [section.splitlines()[0] for section in sections if "**Left.**" not in section] == []
