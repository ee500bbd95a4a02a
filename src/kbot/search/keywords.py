"""Passages by the words they share with a question (BM25)."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import numpy as np

from kbot.errors import IndexDamagedError
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import bm25s

_IDS = "ids.json"
_NAME = "bm25"


class KeywordIndex:
    """BM25 over stems (Lucene's variant, k1 1.5, b 0.75), through bm25s."""

    def __init__(self) -> None:
        self._bm25: bm25s.BM25 | None = None
        self._vocabulary: dict[str, int] = {}
        self._ids: list[str] = []
        self._saved: Path | None = None  # read when the first question needs it: bm25s takes long to import

    def replace(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Index these texts in place of all that was there."""
        stems = [terms(text) for text in texts]
        self._ids = list(ids)
        if not any(stems):
            self._bm25, self._vocabulary = None, {}
            return
        self._vocabulary = {stem: at for at, stem in enumerate(sorted({s for row in stems for s in row}))}
        token_ids = [[self._vocabulary[s] for s in row] for row in stems]
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets itself to DEBUG when it is imported
        self._bm25 = bm25s.BM25(method="lucene")
        self._bm25.index((token_ids, self._vocabulary), show_progress=False, create_empty_token=False)

    def search(self, question: str, k: int) -> list[tuple[str, float]]:
        """Return up to `k` (id, BM25 score above 0), best first. Scores compare within one question only."""
        known = sorted({self._vocabulary[s] for s in terms(question) if s in self._vocabulary})
        bm25 = self.open()
        if bm25 is None or not known:
            return []
        scores = bm25.get_scores_from_ids(known)
        order = np.argsort(-scores, kind="stable")[:k]
        return [(self._ids[row], float(scores[row])) for row in order if scores[row] > 0]

    def open(self) -> bm25s.BM25 | None:
        """Read the index now rather than with the first question: a server must not depend on files that may go.

        Raises:
            IndexDamagedError: the files can't be read.
        """
        if self._bm25 is None and self._saved is not None:
            import bm25s

            try:
                self._bm25 = bm25s.BM25.load(str(self._saved), load_vocab=False, mmap=False)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise IndexDamagedError(f"{self._saved} can't be read: run `kbot build`") from error
        return self._bm25

    def __len__(self) -> int:
        """How many texts are indexed."""
        return len(self._ids)

    def save(self, folder: Path) -> None:
        """Write the index into a folder: NumPy arrays without pickle, and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {"ids": self._ids, "vocabulary": self._vocabulary}
        (folder / _IDS).write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
        if self._bm25 is not None:
            self._bm25.save(str(folder / _NAME), show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> KeywordIndex:
        """Read what `save` wrote.

        Raises:
            IndexDamagedError: the files can't be read.
        """
        index = cls()
        try:
            state = json.loads((folder / _IDS).read_text(encoding="utf-8"))
            index._ids, index._vocabulary = list(state["ids"]), dict(state["vocabulary"])
            if (folder / _NAME).is_dir():
                index._saved = folder / _NAME
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(f"{folder} can't be read: run `kbot build`") from error
        return index
