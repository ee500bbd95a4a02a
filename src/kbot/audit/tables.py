"""TOML files of the corpus that staff write for the audit: read whole, every problem named in one pass."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kbot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(slots=True)
class Row:
    """One `[[table]]` entry, with the problems that reading it finds."""

    where: str  # "corpus/figures.toml: [[figure]] 2"
    values: Mapping[str, object]
    problems: list[str] = field(default_factory=list)

    def text(self, key: str, *, needed: bool = True) -> str:
        """Return a text, "" where it is missing or something else."""
        value = self.values.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if needed or value is not None:
            self.problems.append(f"{self.where}: '{key}' is missing or no text: write {key} = \"...\"")
        return ""

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """Return a list of texts, empty where it is missing or something else."""
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value):
            if needed and not value:
                self.problems.append(f'{self.where}: \'{key}\' is missing: write {key} = ["...", "..."]')
            return tuple(value)
        self.problems.append(f'{self.where}: \'{key}\' is no list of texts: write {key} = ["...", "..."]')
        return ()

    def number(self, key: str) -> int:
        """Return a whole number from 1, 1 where it is missing or something else."""
        value = self.values.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self.problems.append(f"{self.where}: '{key}' is missing or no whole number: write {key} = 195")
        return 1


def read_rows(path: Path, tables: Mapping[str, Sequence[str]]) -> dict[str, list[Row]]:
    """Read the rows of a file, table by table; a file that isn't there has none.

    Args:
        path: The TOML file.
        tables: The keys that each table may have; another table or key is a problem of the row.

    Raises:
        CorpusError: the file can't be read, or has a table that isn't known.
    """
    name = f"{path.parent.name}/{path.name}"
    rows: dict[str, list[Row]] = {table: [] for table in tables}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return rows
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError([f"{name}: can't be read ({error}): correct the file"]) from error
    problems = [f"{name}: unknown table '{key}': use {', '.join(tables)}" for key in content if key not in tables]
    for table, keys in tables.items():
        entries = content.get(table, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            problems.append(f"{name}: '{table}' is no table: write [[{table}]] above each entry")
            continue
        for number, entry in enumerate(entries, 1):
            row = Row(f"{name}: [[{table}]] {number}", entry)
            unknown = [key for key in entry if key not in keys]
            row.problems += [f"{row.where}: unknown key '{key}': use {', '.join(keys)}" for key in unknown]
            rows[table].append(row)
    if problems:
        raise CorpusError(problems)
    return rows
