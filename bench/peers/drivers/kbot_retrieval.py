"""kbot's encoder and vector store alone: no triage, no question bank, no gate. What the peers do, no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.peers.drivers.protocol import FOUND, Text, main
from kbot.search.encoder import OnnxEncoder
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MODEL, _DIMENSION = "all-MiniLM-L6-v2", 384
_THREADS = 2  # as `KBOT_THREADS` has it


class Retrieval:
    """See `Peer`. The model it serves is the int8 export, which `build` makes once from the same weights."""

    def __init__(self, folder: Path, model: str) -> None:
        del model  # found by its name, and opened only where its hash is the known one
        self._folder = folder

    def build(self, texts: Sequence[Text]) -> None:
        """See `Peer.build`."""
        from kbot.search.export import SentenceTransformerEncoder
        from kbot.search.models import find_model
        from kbot.search.onnx_export import export_encoder

        files = find_model(_MODEL, "encoder")
        export_encoder(files, self._folder / "model")
        encoder = SentenceTransformerEncoder(files)
        store = FaissStore(_DIMENSION)
        store.replace([text.id for text in texts], encoder.encode([text.text for text in texts]))
        store.save(self._folder / "vectors.faiss", self._folder / "vectors.json")
        content = {text.id: text.text for text in texts}
        (self._folder / "texts.json").write_text(json.dumps(content), encoding="utf-8")

    def open(self) -> None:
        """See `Peer.open`."""
        model = self._folder / "model"
        self._encoder = OnnxEncoder(
            model / "model.onnx", model / "tokenizer.json", dimension=_DIMENSION, threads=_THREADS
        )
        self._store = FaissStore.load(self._folder / "vectors.faiss", self._folder / "vectors.json")
        self._texts: dict[str, str] = json.loads((self._folder / "texts.json").read_text(encoding="utf-8"))

    def search(self, question: str) -> list[Text]:
        """See `Peer.search`."""
        found = self._store.search(self._encoder.encode([question])[0], FOUND)
        return [Text(identity, self._texts[identity]) for identity, _ in found]


if __name__ == "__main__":
    main(Retrieval)
