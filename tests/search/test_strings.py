from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import IndexDamagedError
from kbot.search.strings import StringTable, find_row, read_or_map, sorted_keys, write_strings

if TYPE_CHECKING:
    from pathlib import Path

STRINGS = ["first", "", "übung 🦓", "last"]


def test_strings_are_read_back_by_number_and_in_order(tmp_path: Path) -> None:
    write_strings(tmp_path / "s", STRINGS)
    table = StringTable.open(tmp_path / "s")
    assert (list(table), len(table), table[2], table[1:3]) == (STRINGS, 4, STRINGS[2], STRINGS[1:3])
    assert table.empty == 1


def test_a_number_outside_is_an_index_error(tmp_path: Path) -> None:
    write_strings(tmp_path / "s", STRINGS)
    table = StringTable.open(tmp_path / "s")
    for number in (-1, 4):
        with pytest.raises(IndexError, match=f"there is no string {number} of 4"):
            table[number]


@pytest.mark.parametrize("strings", [[], [""]])
def test_a_table_of_nothing_is_a_table(tmp_path: Path, strings: list[str]) -> None:
    write_strings(tmp_path / "s", strings)
    assert list(StringTable.open(tmp_path / "s")) == strings


@pytest.mark.parametrize("cut", [0, 7, 20, -1])
def test_a_table_that_was_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    write_strings(tmp_path / "s", STRINGS)
    (tmp_path / "s").write_bytes((tmp_path / "s").read_bytes()[:cut])
    with pytest.raises(IndexDamagedError, match="run `kbot build`"):
        StringTable.open(tmp_path / "s")


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"x" * 100)
    with pytest.raises(IndexDamagedError, match="not a table of strings"):
        StringTable.open(tmp_path / "s")


def test_a_mapped_file_reads_as_one_that_is_in_memory_even_after_it_is_deleted(tmp_path: Path) -> None:
    write_strings(tmp_path / "s", STRINGS)
    table = StringTable(read_or_map(tmp_path / "s", mapped_from=0))
    (tmp_path / "s").unlink()
    assert list(table) == STRINGS


@given(st.lists(st.text(max_size=8), unique=True, max_size=30), st.text(max_size=8))
def test_a_key_is_found_in_its_row_and_any_other_nowhere(keys: list[str], other: str) -> None:
    keys = [key.encode("utf-8", "replace").decode() for key in dict.fromkeys(keys)]
    pairs = sorted_keys(keys)
    assert [find_row(pairs, keys, key) for key in keys] == [keys.index(key) for key in keys]
    assert (find_row(pairs, keys, other) is None) == (other not in keys)
