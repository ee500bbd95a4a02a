"""The systems that are measured: how each is started, and what it is."""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.peers.environments import python_of
from kbot.search.manifest import read_manifest

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class System:
    """One line of the tables."""

    name: str  # as the tables have it
    driver: str  # module of bench.peers.drivers
    packages: tuple[str, ...]  # whose versions are shown
    environment: str = ""  # requirements/<environment>.txt; empty: kbot's own environment
    path: str = "/ask"  # where it is asked over HTTP
    index: Path | None = None  # made elsewhere; None: it makes one of the passages that it is given
    build: Path | None = None  # the part of `index` that is served
    python: Path = Path(sys.executable)
    threads: int | None = None  # of OpenMP, for a peer; None leaves it to its libraries

    @property
    def is_peer(self) -> bool:
        """True for what kbot is compared with."""
        return bool(self.environment)

    @property
    def takes_passages(self) -> bool:
        """True for what can be given any passages, without a question bank."""
        return self.index is None

    def body(self, question: str) -> object:
        """Return what is sent to `path`."""
        return {"turns": [question]} if self.path == "/api/ask" else {"question": question}

    def command(self, verb: str, folder: Path, model: str, *more: str) -> list[str]:
        """Return the command line of the driver."""
        return [str(self.python), "-m", f"bench.peers.drivers.{self.driver}", verb, str(folder), model, *more]


RETRIEVAL = System("kbot, retrieval only", "kbot_retrieval", ("onnxruntime", "faiss-cpu"))
FULL = System("kbot, whole", "kbot_full", ("kbot",), path="/api/ask")
PEERS = (
    System("sentence-transformers + FAISS", "sentence_transformers_faiss", ("sentence-transformers", "faiss-cpu"),
           "sentence-transformers"),
    System("LangChain + FAISS", "langchain_faiss", ("langchain-core", "langchain-community", "langchain-huggingface"),
           "langchain"),
    System("LlamaIndex + FAISS", "llama_index_faiss", ("llama-index-core", "llama-index-vector-stores-faiss"),
           "llama-index"),
    System("Haystack + FAISS", "haystack_faiss", ("haystack-ai", "faiss-haystack"), "haystack"),
    System("txtai", "txtai_faiss", ("txtai",), "txtai"),
)  # fmt: skip


def ready(index: Path, only: tuple[str, ...] = ()) -> list[System]:
    """Return the systems, each peer with the Python of its environment; `only` names environments of peers.

    The whole of kbot serves the published build of `index`.
    """
    full = dataclasses.replace(FULL, index=index.resolve(), build=read_manifest(index).folder(index))
    peers = [peer for peer in PEERS if not only or peer.environment in only]
    return [RETRIEVAL, full, *(dataclasses.replace(peer, python=python_of(peer.environment)) for peer in peers)]


def environment(system: System) -> dict[str, str]:
    """Return the variables that a driver runs with: nothing asks a network, nothing reports, no `KBOT_*` leaks in."""
    threads = {} if system.threads is None else {"OMP_NUM_THREADS": str(system.threads)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KBOT_", "PYTHON"))}
    return (
        kept
        | threads
        | {
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "TRANSFORMERS_VERBOSITY": "error",
            "TOKENIZERS_PARALLELISM": "false",
            "HAYSTACK_TELEMETRY_ENABLED": "False",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "PYTHONWARNINGS": "ignore",
        }
    )
