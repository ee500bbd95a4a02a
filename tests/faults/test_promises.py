"""What docs/promises.md says of the tests: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
PROMISES = (REPOSITORY / "docs" / "promises.md").read_text(encoding="utf-8")
_NAMED = re.compile(r"`(?:\w+=\d+ pytest )?(tests/[\w/]+\.py)(?: -k (?:\"([^\"]+)\"|(\w+)))?`")


def lacking() -> list[str]:
    """Return what is named, and chooses no test: `-k a or b` chooses those whose names hold either."""
    return [
        f"{file} -k {word}"
        for file, several, one in _NAMED.findall(PROMISES)
        for word in (several or one).split(" or ")
        if not (REPOSITORY / file).is_file()
        or not re.search(rf"^def test_\w*{word}", (REPOSITORY / file).read_text(encoding="utf-8"), re.MULTILINE)
    ]


def test_every_test_that_the_promises_name_exists() -> None:
    assert len(_NAMED.findall(PROMISES)) > 30
    assert lacking() == []


def test_every_promise_of_a_table_names_its_test() -> None:
    rows = [line for line in PROMISES.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 25
    assert [row for row in rows if "`tests/" not in row] == []
