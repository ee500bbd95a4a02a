"""The regular expressions of personal details, read from patterns.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from kbot.journal.spans import Detail

_BREAK = re.compile(r"\n *")
_PART = re.compile(r"%(\w+)%")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Compiled expressions. A group called `value` is the detail, where there is one."""

    numbers: tuple[tuple[Detail, re.Pattern[str]], ...]  # in order of weight
    streets: tuple[re.Pattern[str], ...]
    card_number: re.Pattern[str]
    iban: re.Pattern[str]
    left_over: re.Pattern[str]
    amount_after: re.Pattern[str]
    public: re.Pattern[str]
    home: re.Pattern[str]
    telephone_line: re.Pattern[str]
    plain: re.Pattern[str]
    on: re.Pattern[str]


@lru_cache(maxsize=1)
def read_patterns() -> Patterns:
    """Read and compile the expressions, once."""
    data = tomllib.loads((resources.files("kbot.journal") / "patterns.toml").read_text(encoding="utf-8"))
    parts: dict[str, str] = data["parts"]

    def compiled(pattern: str, *, case: bool = False) -> re.Pattern[str]:
        # Parts name other parts; what is no part, as in "100%", stays.
        while (written := _PART.sub(lambda match: parts.get(match[1], match[0]), pattern)) != pattern:
            pattern = written
        return re.compile(_BREAK.sub("", pattern), re.NOFLAG if case else re.IGNORECASE)

    return Patterns(
        numbers=tuple(
            (Detail(kind["detail"]), compiled(pattern)) for kind in data["number"] for pattern in kind["patterns"]
        ),
        streets=tuple(compiled(street["pattern"], case=street.get("case", False)) for street in data["street"]),
        **{name: compiled(pattern) for name, pattern in data["one"].items()},
        **{name: compiled(pattern, case=True) for name, pattern in data["addresses"].items()},
    )
