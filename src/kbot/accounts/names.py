"""The names of accounts: a few letters that can stand in a command, a header and a log."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
RULE = "letters, digits and . _ @ + - after a letter or digit, at most 64"


def as_name(typed: str) -> str | None:
    """Return a name as accounts have it, in lower case; None where it can't be one.

    Example: " Ada.L " -> "ada.l"
    """
    name = typed.strip().lower()
    return name if _NAME.fullmatch(name) else None
