"""The vectors of a build to where they are searched: the index folder, and Milvus where the settings name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbot.errors import IndexUnusableError
from kbot.search import milvus
from kbot.search.vector_kinds import IndexKind
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from kbot.search.manifest import Manifest
    from kbot.settings import Settings


def save_vectors(
    settings: Settings, folder: Path, ids: Sequence[str], vectors: NDArray[np.float32], before: Manifest | None
) -> None:
    """Write the vectors into a build's folder, and into Milvus where that is the store.

    The files are written even then: the next build takes from them what it needn't encode again.

    Raises:
        StoreUnavailableError: Milvus can't be reached; what is served stays as it is.
    """
    elsewhere = settings.store.startswith(milvus.PREFIX)
    kind = None if settings.vector_index == "auto" else IndexKind(settings.vector_index)
    store = FaissStore(vectors.shape[1], IndexKind.FLAT if elsewhere else kind)
    previous = None if before is None else _previous(before.folder(settings.index))
    if previous is None:
        store.replace(ids, vectors)
    else:
        store.renew(previous, ids, vectors)
    store.save(folder / "vectors.faiss", folder / "vectors.json")
    if elsewhere:
        milvus.publish_vectors(settings.store.removeprefix(milvus.PREFIX), folder, ids, vectors)


def _previous(folder: Path) -> FaissStore | None:
    """Return the vectors of the build before, to go on from; None where they can't be read."""
    try:
        return FaissStore.load(folder / "vectors.faiss", folder / "vectors.json", writable=True)
    except IndexUnusableError:
        return None


def store_recipe(settings: Settings) -> tuple[str, ...]:
    """Return what of the store belongs into the id of a build: nothing for the default, as in builds of kbot 0.1."""
    asked = (settings.store, settings.vector_index)
    return () if asked == ("faiss", "auto") else ("kept in", *asked)
