"""kbot as visitors meet it: triage, spelling, bank, gate, cross-encoder, checked passages. It has no rank here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.peers.drivers.protocol import Text, main
from kbot.records import Found
from kbot.service import Service
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Full:
    """See `Peer`. Its index is the one that `kbot build` made: passages alone, without the bank, are not enough."""

    def __init__(self, folder: Path, _: str) -> None:
        self._settings = Settings(index=folder, journal="off")

    def build(self, texts: Sequence[Text]) -> None:
        """Refuse: the bank is missing."""
        raise NotImplementedError(f"{len(texts)} passages have no question bank: run `kbot build`")

    def open(self) -> None:
        """See `Peer.open`."""
        self._service = Service.open(self._settings)

    def search(self, question: str) -> list[Text]:
        """Return the passages of an answer; none where kbot hands over."""
        answer = self._service.ask([question]).answer
        return [Text(shown.id, shown.text) for shown in answer.passages] if isinstance(answer, Found) else []


def serve(folder: str, port: str) -> int:
    """Serve the whole web app, without a cache: repeated questions are no benchmark."""
    from kbot.cli import main as kbot

    return kbot(["serve", "--index", folder, "--port", port, "--journal", "off", "--cache", "0"])


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        sys.exit(serve(sys.argv[2], sys.argv[4]))
    main(Full)
