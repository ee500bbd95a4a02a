"""What the build before encoded or learnt is not encoded or learnt again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from kbot.errors import IndexUnusableError
from kbot.ingest.topic_model import RECIPE as HEAD_RECIPE
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kbot.ingest.progress import Progress
    from kbot.search.manifest import Manifest

HEAD_SOURCE = "head.sha256"


def text_sha256(text: str) -> str:
    """Return the sha256 of a text, in hex: the name under which its vector is kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def encode_new(
    texts: Mapping[str, str],
    known: dict[str, NDArray[np.float32]],
    encode: Callable[[Sequence[str]], NDArray[np.float32]],
    dimension: int,
    progress: Progress,
) -> tuple[NDArray[np.float32], int]:
    """Return one vector a text, in order, and how many had to be encoded. `known` maps text hashes to vectors."""
    hashes = {key: text_sha256(text) for key, text in texts.items()}
    new = [key for key in texts if hashes[key] not in known]
    progress.advance(len(texts) - len(new))
    chunk = 1024  # the encoder sorts a chunk by length, so that short texts are not padded to long ones
    for start in range(0, len(new), chunk):
        keys = new[start : start + chunk]
        for key, vector in zip(keys, encode([texts[key] for key in keys]), strict=True):
            known[hashes[key]] = vector
        progress.advance(len(keys))
    rows = [known[hashes[key]] for key in texts]
    return (np.stack(rows).astype(np.float32) if rows else np.zeros((0, dimension), np.float32)), len(new)


def known_vectors(index: Path, previous: Manifest | None, encoder: Path) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return what the build before encoded: text hash -> vector, of passages and of questions apart.

    `encoder` is the folder of the exported encoder: what another export encoded is not reused, nor what the same
    weights gave by another recipe.
    """
    known: dict[str, dict[str, NDArray[np.float32]]] = {"vectors": {}, "questions": {}}
    exported = f"{encoder.relative_to(index).as_posix()}/"
    if previous is None or not any(name.startswith(exported) for name in previous.files):
        return known
    folder = previous.folder(index)
    try:
        hashes = json.loads((folder / "encoded.json").read_text(encoding="utf-8"))
        for name, store in known.items():
            ids, vectors = FaissStore.load(folder / f"{name}.faiss", folder / f"{name}.json").items()
            store.update({hashes[key]: vector for key, vector in zip(ids, vectors, strict=True) if key in hashes})
    except (IndexUnusableError, OSError, ValueError):
        # The build before is of an older make: what can't be reused is encoded again.
        return {"vectors": {}, "questions": {}}
    return known


def learnt_from(vectors: NDArray[np.float32], topics: Sequence[int], background: Sequence[int]) -> str:
    """Return the sha256, in hex, of everything that the bank's classifier is learnt from."""
    parts = (vectors.tobytes(), json.dumps([list(topics), sorted(background)]).encode(), HEAD_RECIPE.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def known_head(index: Path, previous: Manifest | None, source: str) -> NDArray[np.float32] | None:
    """Return the classifier that the build before learnt from the very same, or None."""
    if previous is None:
        return None
    folder = previous.folder(index)
    try:
        if (folder / HEAD_SOURCE).read_text(encoding="utf-8") != source:
            return None
        head: NDArray[np.float32] = np.load(folder / "head.npy", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return head
