"""What reads files that others wrote, each as a function of bytes: it returns, or raises a KbotError.

`python tests/hostile/targets.py NAME -max_total_time=600` fuzzes one of them with atheris for as long as one likes;
the names are those of `TARGETS`. What it finds belongs into `crashers.py`.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.clinic import read_clinic
from kbot.errors import KbotError
from kbot.evaluation import read_questions
from kbot.ingest.corpus import read_document
from kbot.ingest.passages import split_passages
from kbot.ingest.questions import read_bank
from kbot.safety_evaluation import read_messages
from kbot.search.manifest import read_manifest, verify_files
from kbot.web.markdown import render, render_inline

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = b"---\ntitle: A page\nkind: clinic FAQ\n---\n"


class Reader:
    """Puts bytes where each kind of file stands, and reads them as kbot does."""

    def __init__(self, folder: Path) -> None:
        self._corpus = folder / "corpus"
        self._index = folder / "index"
        (self._corpus / "questions").mkdir(parents=True)
        self._index.mkdir()

    def document(self, data: bytes) -> None:
        """Read a file of the corpus."""
        path = self._corpus / "page.md"
        path.write_bytes(data)
        document, problems = read_document(path, "page.md")
        for line, message in problems:
            assert line >= 1
            assert message
        if document is not None and not problems:
            # What a build writes must be writable.
            repr(document).encode()
            document.text.encode()

    def markdown(self, data: bytes) -> None:
        """Read a body of a corpus file, split it into passages and show it."""
        path = self._corpus / "page.md"
        path.write_bytes(HEAD + data)
        document, problems = read_document(path, "page.md")
        if document is None or problems:
            return
        for passage in split_passages(document, lambda text: len(text.split())):
            assert document.text[passage.start : passage.end] == passage.text
            assert "<script" not in str(render_inline(passage.text)).lower()
        assert "<script" not in str(render(document.text[document.body :]).html).lower()

    def bank(self, data: bytes) -> None:
        """Read a file of the question bank."""
        (self._corpus / "questions" / "bank.yaml").write_bytes(data)
        bank = read_bank(self._corpus, [])
        assert all(": " in problem for problem in bank.problems)
        for topic in bank.topics:
            repr(topic).encode()

    def clinic(self, data: bytes) -> None:
        """Read the clinic's facts."""
        path = self._corpus / "clinic.toml"
        path.write_bytes(data)
        read_clinic(path)

    def manifest(self, data: bytes) -> None:
        """Read the manifest of an index, and look at the files that it names."""
        (self._index / "manifest.json").write_bytes(data)
        verify_files(self._index, read_manifest(self._index))

    def golden(self, data: bytes) -> None:
        """Read golden questions, and messages of known danger."""
        path = self._corpus / "golden.jsonl"
        path.write_bytes(data)
        for read in (read_questions, read_messages):
            with contextlib.suppress(KbotError):
                read(path)


TARGETS = ("document", "markdown", "bank", "clinic", "manifest", "golden")


def _fuzz(name: str, arguments: list[str]) -> None:
    import atheris  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory(prefix="kbot-fuzz-") as folder:
        read: Callable[[bytes], None] = getattr(Reader(Path(folder)), name)

        def one(data: bytes) -> None:
            with contextlib.suppress(KbotError):
                read(data)

        atheris.instrument_all()
        atheris.Setup([sys.argv[0], *arguments], one)
        atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python {sys.argv[0]} {{{','.join(TARGETS)}}} [-max_total_time=SECONDS] [folder]")
    _fuzz(sys.argv[1], sys.argv[2:])
