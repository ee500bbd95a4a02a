"""Haystack: a pipeline of its sentence-transformers embedder and its FAISS document store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haystack import Document, Pipeline  # type: ignore[import-not-found]
from haystack.utils import ComponentDevice  # type: ignore[import-not-found]
from haystack_integrations.components.embedders.sentence_transformers import (  # type: ignore[import-not-found]
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.retrievers.faiss import (  # type: ignore[import-not-found]
    FAISSEmbeddingRetriever,
)
from haystack_integrations.document_stores.faiss import FAISSDocumentStore  # type: ignore[import-not-found]

from bench.peers.drivers.protocol import BATCH, FOUND, Text, main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DIMENSION = 384  # of all-MiniLM-L6-v2
_DEVICE = ComponentDevice.from_str("cpu")


class Haystack:
    """See `Peer`."""

    def __init__(self, folder: Path, model: str) -> None:
        self._path, self._model = str(folder / "store"), model

    def build(self, texts: Sequence[Text]) -> None:
        """See `Peer.build`."""
        embedder = SentenceTransformersDocumentEmbedder(
            model=self._model, device=_DEVICE, batch_size=BATCH, normalize_embeddings=True, progress_bar=False
        )
        embedder.warm_up()
        documents = [Document(id=text.id, content=text.text) for text in texts]
        store = FAISSDocumentStore(index_path=self._path, embedding_dim=_DIMENSION)
        store.write_documents(embedder.run(documents)["documents"])
        store.save(self._path)

    def open(self) -> None:
        """See `Peer.open`."""
        store = FAISSDocumentStore(index_path=self._path, embedding_dim=_DIMENSION)
        embedder = SentenceTransformersTextEmbedder(
            model=self._model, device=_DEVICE, normalize_embeddings=True, progress_bar=False
        )
        self._pipeline = Pipeline()
        self._pipeline.add_component("embedder", embedder)
        self._pipeline.add_component("retriever", FAISSEmbeddingRetriever(document_store=store, top_k=FOUND))
        self._pipeline.connect("embedder.embedding", "retriever.query_embedding")
        self._pipeline.warm_up()

    def search(self, question: str) -> list[Text]:
        """See `Peer.search`."""
        found = self._pipeline.run({"embedder": {"text": question}})["retriever"]["documents"]
        return [Text(document.id, document.content) for document in found]


if __name__ == "__main__":
    main(Haystack)
