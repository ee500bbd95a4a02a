"""txtai: its embeddings database, which keeps vectors in FAISS and texts in SQLite."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from txtai import Embeddings  # type: ignore[import-not-found]

from bench.peers.drivers.protocol import BATCH, FOUND, Text, main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Txtai:
    """See `Peer`."""

    def __init__(self, folder: Path, model: str) -> None:
        self._folder, self._model = str(folder), model

    def build(self, texts: Sequence[Text]) -> None:
        """See `Peer.build`."""
        embeddings = Embeddings(path=self._model, content=True, gpu=False, encodebatch=BATCH)
        embeddings.index([(text.id, text.text) for text in texts])
        embeddings.save(self._folder)

    def open(self) -> None:
        """See `Peer.open`."""
        # Several threads on its one SQLite connection end the process with a segmentation fault: one at a time.
        self._one = Lock()
        self._embeddings = Embeddings()
        self._embeddings.load(self._folder)

    def search(self, question: str) -> list[Text]:
        """See `Peer.search`."""
        with self._one:
            return [Text(found["id"], found["text"]) for found in self._embeddings.search(question, FOUND)]


if __name__ == "__main__":
    main(Txtai)
