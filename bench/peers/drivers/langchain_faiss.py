"""LangChain with its FAISS vector store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_community.vectorstores import FAISS  # type: ignore[import-not-found]
from langchain_community.vectorstores.utils import DistanceStrategy  # type: ignore[import-not-found]
from langchain_huggingface import HuggingFaceEmbeddings  # type: ignore[import-not-found]

from bench.peers.drivers.protocol import BATCH, FOUND, Text, main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_INNER_PRODUCT = DistanceStrategy.MAX_INNER_PRODUCT


class LangChain:
    """See `Peer`."""

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = str(folder)
        self._embeddings = HuggingFaceEmbeddings(
            model_name=model,
            model_kwargs={"device": "cpu"},
            encode_kwargs={"normalize_embeddings": True, "batch_size": BATCH},
        )

    def build(self, texts: Sequence[Text]) -> None:
        """See `Peer.build`."""
        store = FAISS.from_texts(
            [text.text for text in texts],
            self._embeddings,
            metadatas=[{"id": text.id} for text in texts],
            distance_strategy=_INNER_PRODUCT,
        )
        store.save_local(self._folder)

    def open(self) -> None:
        """See `Peer.open`."""
        # It keeps its texts as a pickle; this one was written by `build` a moment ago.
        self._store = FAISS.load_local(
            self._folder, self._embeddings, allow_dangerous_deserialization=True, distance_strategy=_INNER_PRODUCT
        )

    def search(self, question: str) -> list[Text]:
        """See `Peer.search`."""
        found = self._store.similarity_search(question, k=FOUND)
        return [Text(document.metadata["id"], document.page_content) for document in found]


if __name__ == "__main__":
    main(LangChain)
