"""What every system is asked to do, and how: one process, JSON lines in and out.

    python -m bench.peers.drivers.NAME build FOLDER MODEL         passages on stdin, one line out
    python -m bench.peers.drivers.NAME ask   FOLDER MODEL         a question a line, an answer a line
    python -m bench.peers.drivers.NAME serve FOLDER MODEL PORT    the same over HTTP, until it is ended

Only the standard library is imported here, so that no system pays for another's start.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCH = 64  # texts encoded at once while an index is made, for every system that lets one choose
FOUND = 3  # passages that answer one question


@dataclass(frozen=True, slots=True)
class Text:
    """A passage as every system gets it."""

    id: str
    text: str


class Peer(Protocol):
    """A retrieval system over one folder."""

    def build(self, texts: Sequence[Text]) -> None:
        """Encode the texts and write an index into the folder."""

    def open(self) -> None:
        """Read what `build` wrote, and whatever else a question needs."""

    def search(self, question: str) -> list[Text]:
        """Return the `FOUND` nearest texts, nearest first."""


def main(make: Callable[[Path, str], Peer]) -> None:
    """Run one command; `make` gets the index's folder and the folder of the sentence-transformers model."""
    # Libraries print to stdout as they please; the answers keep it for themselves.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    command, folder, model = sys.argv[1:4]
    peer = make(Path(folder), model)
    match command:
        case "build":
            texts = [Text(**json.loads(line)) for line in sys.stdin]
            start = time.perf_counter()
            peer.build(texts)
            _say(out, {"seconds": time.perf_counter() - start, "texts": len(texts)})
        case "ask":
            peer.open()
            for line in sys.stdin:
                _say(out, _timed(peer, json.loads(line)))
        case "serve":
            peer.open()
            serve(peer, int(sys.argv[4]))
        case _:
            raise SystemExit(f"{command} is not build, ask or serve")


def _timed(peer: Peer, question: str) -> dict[str, object]:
    start, worked = time.perf_counter(), time.process_time()
    found = peer.search(question)
    elapsed, used = time.perf_counter() - start, time.process_time() - worked
    so_far = time.process_time()  # of the whole process, its imports included
    return {"ids": [text.id for text in found], "ms": elapsed * 1000, "cpu_ms": used * 1000, "so_far_s": so_far}


def _say(out: object, value: object) -> None:
    print(json.dumps(value), file=out, flush=True)  # type: ignore[call-overload]


def serve(peer: Peer, port: int) -> None:
    """Serve `POST /ask` with {"question": ...}: the same small app before every system."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()

    @app.post("/ask")
    def ask(body: dict[str, str]) -> list[dict[str, str]]:
        return [{"id": text.id, "text": text.text} for text in peer.search(body["question"])]

    # Named, since they would otherwise depend on what else an environment has installed.
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, http="h11", loop="asyncio")
