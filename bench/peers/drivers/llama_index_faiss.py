"""LlamaIndex with its FAISS vector store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage  # type: ignore[import-not-found]
from llama_index.core.schema import TextNode  # type: ignore[import-not-found]
from llama_index.embeddings.huggingface import HuggingFaceEmbedding  # type: ignore[import-not-found]
from llama_index.vector_stores.faiss import FaissVectorStore  # type: ignore[import-not-found]

from bench.peers.drivers.protocol import BATCH, FOUND, Text, main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DIMENSION = 384  # of all-MiniLM-L6-v2


class LlamaIndex:
    """See `Peer`."""

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = str(folder)
        self._embedding = HuggingFaceEmbedding(model_name=model, device="cpu", embed_batch_size=BATCH)

    def build(self, texts: Sequence[Text]) -> None:
        """See `Peer.build`."""
        import faiss  # after torch: the other way round, two OpenMP libraries meet

        # Nodes rather than documents: documents would be split anew.
        nodes = [TextNode(text=text.text, id_=text.id) for text in texts]
        storage = StorageContext.from_defaults(vector_store=FaissVectorStore(faiss.IndexFlatIP(_DIMENSION)))
        index = VectorStoreIndex(nodes, storage_context=storage, embed_model=self._embedding)
        index.storage_context.persist(self._folder)

    def open(self) -> None:
        """See `Peer.open`."""
        store = FaissVectorStore.from_persist_dir(self._folder)
        storage = StorageContext.from_defaults(vector_store=store, persist_dir=self._folder)
        index = load_index_from_storage(storage, embed_model=self._embedding)
        self._retriever = index.as_retriever(similarity_top_k=FOUND)

    def search(self, question: str) -> list[Text]:
        """See `Peer.search`."""
        return [Text(found.node.node_id, found.node.text) for found in self._retriever.retrieve(question)]


if __name__ == "__main__":
    main(LlamaIndex)
