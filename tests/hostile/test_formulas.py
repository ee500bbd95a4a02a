from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from kbot.coverage.as_csv import csv_text
from kbot.journal.export import safe_cell

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
cells = st.text(max_size=30) | st.builds(
    lambda blank, start, rest: blank + start + rest,
    st.text(alphabet=" \t\r\n\v\f\u00a0\u200b\ufeff\u3000\u2003\u00ad\u200e\u2060", max_size=4),
    st.sampled_from(STARTS),
    st.sampled_from(["cmd|'/c calc'!A0", 'HYPERLINK("http://a")', "1+1", "", "SUM(A1)"]),
)


def is_formula(cell: str) -> bool:
    """Return True where a spreadsheet may take a cell for a formula: by its first sign that is not blank."""
    visible = cell.strip().lstrip("\u200b\u200e\u2060\u00ad\ufeff").lstrip()
    return visible.startswith(tuple(s for s in STARTS if s.strip())) or cell.startswith(("\t", "\r", "\n"))


@given(cells)
def test_no_exported_cell_is_a_formula_and_its_text_stays(cell: str) -> None:
    safe = safe_cell(cell)

    assert not is_formula(safe)
    assert safe.removeprefix("'") == cell.removeprefix("'") or safe == f"'{cell}"


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=4))
def test_no_table_has_a_formula_more_cells_or_more_lines_than_was_put_in(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(["a", "b", "c"], rows), newline="")))

    assert len(read) == len(rows) + 1
    assert all(len(row) == 3 for row in read)
    assert not any(is_formula(cell) for row in read for cell in row)
