"""Opening the served build though another one may be published meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.errors import IndexUnusableError
from kbot.search.index import open_index
from kbot.search.manifest import stamp

if TYPE_CHECKING:
    from kbot.search.index import SearchIndex
    from kbot.settings import Settings

_OPENINGS = 5  # tries to open an index that is published into meanwhile


def open_settled(settings: Settings) -> SearchIndex:
    """Open the index, again where another build was published while its files were read.

    Raises: as `open_index`.
    """
    for _ in range(_OPENINGS):
        before = stamp(settings.index)
        try:
            return open_index(settings)
        except IndexUnusableError:
            if stamp(settings.index) == before:
                raise
    return open_index(settings)
