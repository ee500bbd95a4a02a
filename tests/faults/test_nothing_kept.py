"""A conversation of somebody in danger with a running kbot: afterwards no file, journal or log has a word of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2 as httpx
import pytest
from tests.servers import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.service import Service
    from kbot.settings import Settings

CRISIS = "I want to kill myself tonight and only my dog Quillfeather knows"
EMERGENCY = "My husband collapsed and won't wake up, his name is Brambleworth"
ORDINARY = "Is parking at Snorkelwort Lane free?"


class Kbot:
    """`kbot serve` as a process whose every folder lies in one place."""

    def __init__(self, place: Path, settings: Settings) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._address = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.place = place
        folders = {name: str(place / name.lower()) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
        for folder in folders.values():
            Path(folder).mkdir()
        own = {
            "KBOT_PORT": self._address.rpartition(":")[2],
            "KBOT_INDEX": str(settings.index.absolute()),
            "KBOT_CORPUS": str(settings.corpus.absolute()),
            "KBOT_JOURNAL": str(place / "journal.db"),
            "KBOT_STAFF": "off",
            "KBOT_LOG": "addresses",
        }
        environment = os.environ | folders | own
        with (place / "log").open("wb") as log:
            command = [str(Path(sys.executable).parent / "kbot"), "serve"]
            self._process = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)

    def is_ready(self) -> bool:
        assert self._process.poll() is None, (self.place / "log").read_text()
        try:
            return httpx.get(f"{self._address}/readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def post(self, route: str, body: object) -> httpx.Response:
        return httpx.post(f"{self._address}{route}", json=body, timeout=60).raise_for_status()

    def end(self) -> None:
        """End it as an operator does: what it still has to write is written."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def files_with(self, word: str) -> list[str]:
        """Return the names of all files of it that have a word, in whatever case."""
        files = [path for path in self.place.rglob("*") if path.is_file()]
        return sorted(path.name for path in files if word.lower().encode() in path.read_bytes().lower())


@pytest.fixture
def kbot(service: Service, tmp_path: Path) -> Iterator[Kbot]:
    running = Kbot(tmp_path, service.settings)
    try:
        wait_until(running.is_ready, "kbot did not start")
        yield running
    finally:
        running.end()


def test_a_conversation_of_somebody_in_danger_leaves_no_word_in_any_file(kbot: Kbot) -> None:
    for message, outcome in ((CRISIS, "crisis"), (EMERGENCY, "emergency")):
        asked = kbot.post("/api/ask", {"turns": ["hello", message]}).json()
        assert asked["outcome"] == outcome
        shown = kbot.post("/gradio_api/run/predict", {"data": [message, "", []], "fn_index": 0, "session_hash": "a"})
        assert "kb-urgent" in shown.text
        kbot.post("/api/ask", {"turns": [message, "and what does it cost?"]})
    kbot.post("/api/ask", {"turns": [ORDINARY]})
    kbot.end()

    for word in ("Quillfeather", "kill myself", "Brambleworth", "won't wake up"):
        assert kbot.files_with(word) == []
    # The same look finds what is kept: an ordinary question.
    assert any(name.startswith("journal.db") for name in kbot.files_with("parking"))
