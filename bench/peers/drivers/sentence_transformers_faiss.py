"""Plain sentence-transformers and FAISS, as their own guides put them together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sentence_transformers import SentenceTransformer

from bench.peers.drivers.protocol import BATCH, FOUND, Text, main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Plain:
    """See `Peer`."""

    def __init__(self, folder: Path, model: str) -> None:
        self._index_file, self._texts_file = folder / "index.faiss", folder / "texts.json"
        self._model = SentenceTransformer(model, device="cpu")

    def build(self, texts: Sequence[Text]) -> None:
        """See `Peer.build`."""
        import faiss  # after torch: the other way round, two OpenMP libraries meet

        vectors = self._model.encode([text.text for text in texts], batch_size=BATCH, normalize_embeddings=True)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        faiss.write_index(index, str(self._index_file))
        self._texts_file.write_text(json.dumps([[text.id, text.text] for text in texts]), encoding="utf-8")

    def open(self) -> None:
        """See `Peer.open`."""
        import faiss

        self._index = faiss.read_index(str(self._index_file))
        self._texts = [Text(*row) for row in json.loads(self._texts_file.read_text(encoding="utf-8"))]

    def search(self, question: str) -> list[Text]:
        """See `Peer.search`."""
        vector = self._model.encode([question], normalize_embeddings=True)
        return [self._texts[row] for row in self._index.search(vector, FOUND)[1][0]]


if __name__ == "__main__":
    main(Plain)
