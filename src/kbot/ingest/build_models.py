"""The models of a build: exported or copied into the index once, and found there from then on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kbot.search.danger import IDF, NETWORK, NGRAMS, TOKENIZER, VOCABULARY
from kbot.search.danger_build import danger_id, make_danger
from kbot.search.encoder import OnnxEncoder
from kbot.search.models import ModelFiles, file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kbot.ingest.progress import Progress
    from kbot.search.export import SentenceTransformerEncoder

_HASHES = "sha256.json"


class BuildModels:
    """The encoder and the reranker of a build: exported or copied into the index once, and then found there."""

    def __init__(self, index: Path, encoder: ModelFiles, reranker: ModelFiles, progress: Progress) -> None:
        from kbot.search import export

        self.encoder, self.reranker = encoder, reranker
        recipe = hashlib.sha256((encoder.fingerprint() + export.RECIPE).encode()).hexdigest()[:16]
        self.encoder_folder = index / "models" / f"encoder-{recipe}"
        self.reranker_folder = index / "models" / f"reranker-{reranker.fingerprint()[:16]}"
        self._original: export.SentenceTransformerEncoder | None = None
        self._exported = False
        self.danger_folder = index / "models" / f"danger-{danger_id()}"
        if not _sound(self.reranker_folder):
            progress.step("Copying the reranker")
            reranker.verify()
            _into_place(self.reranker_folder, lambda folder: _copy(reranker, folder))
        self._export_what_is_missing(progress)
        self.dimension = int(
            json.loads((encoder.folder / "1_Pooling" / "config.json").read_text())["word_embedding_dimension"]
        )
        self._served = [
            OnnxEncoder(
                self.encoder_folder / "model.onnx",
                self.encoder_folder / "tokenizer.json",
                dimension=self.dimension,
                threads=1,
            )
            for _ in range(min(8, os.cpu_count() or 1))
        ]

    def _export_what_is_missing(self, progress: Progress) -> None:
        encoder, danger = (not _sound(folder) for folder in (self.encoder_folder, self.danger_folder))
        with ThreadPoolExecutor(1) as beside:
            # Importing PyTorch and tracing a network use one core each, so the two exports run in two processes.
            both = encoder and danger
            exported = beside.submit(_into_place, self.danger_folder, _make_danger_apart) if both else None
            if encoder:
                progress.step("Exporting the encoder to ONNX")
                _into_place(self.encoder_folder, self._export)
                self._exported = True
            if danger:
                progress.step("Exporting the safety model")
                if exported is None:
                    _into_place(self.danger_folder, make_danger)
                else:
                    exported.result()

    def files(self) -> list[Path]:
        """Return every model file that a build needs when it is served."""
        return [
            *(self.encoder_folder / name for name in ("model.onnx", "tokenizer.json")),
            *(self.reranker_folder / name for name in self.reranker.files),
            *(self.danger_folder / name for name in (NETWORK, TOKENIZER, VOCABULARY, NGRAMS, IDF)),
        ]

    def _export(self, folder: Path) -> None:
        self.original.export(folder)

    @property
    def original(self) -> SentenceTransformerEncoder:
        """The encoder in PyTorch, loaded when something is to be encoded: it takes seconds."""
        from kbot.search.export import SentenceTransformerEncoder

        if self._original is None:
            self._original = SentenceTransformerEncoder(self.encoder)
        return self._original

    def count_tokens(self, text: str) -> int:
        """Return how many tokens of the encoder a text has."""
        return self._served[0].count_tokens(text)

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode passages through sentence-transformers, in full precision."""
        return self.original.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode phrasings as a visitor's question is encoded when it is asked: by the served encoder."""
        workers = len(self._served)
        with ThreadPoolExecutor(workers) as pool:
            parts = pool.map(lambda n: self._served[n].encode(texts[n::workers]), range(workers))
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for number, part in enumerate(parts):
            vectors[number::workers] = part
        return vectors

    def check(self, texts: Sequence[str]) -> float | None:
        """Compare the served encoder with the original, where it was exported just now."""
        return self.original.check_parity(self.encoder_folder, texts) if self._exported else None


def _make_danger_apart(folder: Path) -> None:
    """Make the safety model in a process of its own; here, with the error's own words, where that fails."""
    command = [sys.executable, "-m", "kbot.search.danger_build", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603  our own module
        make_danger(folder)


def _sound(folder: Path) -> bool:
    """Return True where a folder holds what was put into it, to the byte: a damaged model is made anew."""
    try:
        hashes = json.loads((folder / _HASHES).read_text(encoding="utf-8"))
        return bool(hashes) and all(file_sha256(folder / name) == sha256 for name, sha256 in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _copy(model: ModelFiles, folder: Path) -> None:
    for name in model.files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model.folder / name, target)


def _into_place(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under another name and rename it, so that a folder of this name is always complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        fill(staging)
        hashes = {p.relative_to(staging).as_posix(): file_sha256(p) for p in staging.rglob("*") if p.is_file()}
        (staging / _HASHES).write_text(json.dumps(hashes, indent=1), encoding="utf-8")
        staging.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
