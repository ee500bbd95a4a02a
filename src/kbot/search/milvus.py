"""Vectors in Milvus: one collection a build, and an alias that names the one that is served.

A build fills a new collection and then moves the alias, in one step. It also writes the collection's name into its
own folder, so that an app searches the vectors of the very build whose passages it shows, until it opens the next.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kbot.errors import IndexDamagedError, SettingsError, StoreUnavailableError
from kbot.search.vector_kinds import FLAT_UP_TO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from pymilvus import MilvusClient  # type: ignore[import-untyped]  # it ships no types

PREFIX = "milvus+"  # of KBOT_STORE, before the address
_NAME = "store.json"  # in a build's folder: the collection that holds its vectors
_ALIAS = "kbot"
_KEPT = 3  # collections, as many as builds are kept: a running app may search those before
_LONGEST_ID = 1024  # bytes
_ROWS = 2_000  # that one message carries
_FILL_SECONDS = 600.0  # that a step of filling a collection may take
_GRAPH = {"M": 32, "efConstruction": 100}
# gRPC would wait up to two minutes before it looks again for a server that was gone, and share that wait with every
# new connection to the same address. Its pings come too often for Milvus Lite, which then hangs up.
_CHANNEL = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.keepalive_time_ms": 300_000,
}
_MOST = 16_384  # results that Milvus returns at most


class MilvusStore:
    """Vectors in a Milvus of any size: Milvus Lite in a file, a server, or a cluster. Several threads may search it.

    While Milvus can't be reached, a search fails at once or within `patience` seconds, and the next one after
    `rest` seconds tries again: nobody has to restart anything.
    """

    def __init__(
        self, address: str, dimension: int, *, collection: str = "", patience: float = 2.0, rest: float = 1.0
    ) -> None:
        """`address` is a URL, with user and password where it needs them, or a file of Milvus Lite.

        `collection` is searched, or, where it is empty, the one that the alias names.
        """
        self._address = address
        self._dimension = dimension
        self._collection = collection
        self._patience, self._rest = patience, rest
        self._client: MilvusClient | None = None
        self._connecting = threading.Lock()
        self._failed_at: float | None = None

    @property
    def collection(self) -> str:
        """The collection that is searched."""
        return self._collection or _ALIAS

    def replace(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """See `VectorStore.replace`. Searches find the old vectors until the alias has moved, and then the new ones.

        Raises:
            StoreUnavailableError: Milvus can't be reached, or doesn't take the vectors; the old ones stay.
        """
        if vectors.shape != (len(ids), self._dimension):
            raise ValueError(f"vectors have shape {vectors.shape}, not ({len(ids)}, {self._dimension})")
        name = f"{_ALIAS}_{time.time_ns():020d}"
        try:
            client = self._connect(_FILL_SECONDS)
            self._create(client, name, len(ids))
            for start in range(0, len(ids), _ROWS):
                rows = zip(ids[start : start + _ROWS], vectors[start : start + _ROWS].tolist(), strict=True)
                client.insert(name, [{"id": id_, "vector": row} for id_, row in rows], timeout=_FILL_SECONDS)
            client.flush(name, timeout=_FILL_SECONDS)
            client.load_collection(name, timeout=_FILL_SECONDS)
            self._check_count(client, name, len(ids))
            self._move_alias(client, name)
        except Exception as error:
            raise self._unavailable(error) from error
        self._collection = name

    def _check_count(self, client: MilvusClient, name: str, count: int) -> None:
        held = self._count(client, name, _FILL_SECONDS)
        if held != count:
            raise StoreUnavailableError(
                f"{self._where()} holds {held} of {count} vectors in {name}: see its log, then `kbot build`"
            )

    def _create(self, client: MilvusClient, name: str, count: int) -> None:
        from pymilvus import DataType, MilvusClient

        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=_LONGEST_ID)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dimension)
        index = MilvusClient.prepare_index_params()
        kind = {"index_type": "FLAT"} if count <= FLAT_UP_TO else {"index_type": "HNSW", "params": _GRAPH}
        index.add_index("vector", metric_type="COSINE", **kind)
        # Strong: whoever searches the new collection finds all that was put into it, and at once.
        client.create_collection(
            name, schema=schema, index_params=index, consistency_level="Strong", timeout=_FILL_SECONDS
        )

    def _move_alias(self, client: MilvusClient, name: str) -> None:
        """Have the alias name this collection, and drop those that are older than the ones kept."""
        if client.has_collection(_ALIAS):
            client.alter_alias(name, _ALIAS, timeout=_FILL_SECONDS)
        else:
            client.create_alias(name, _ALIAS, timeout=_FILL_SECONDS)
        # Names end in the time at which they were made.
        ours = sorted(each for each in client.list_collections() if each.startswith(f"{_ALIAS}_"))
        for old in ours[:-_KEPT]:
            client.drop_collection(old)

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """See `VectorStore.search`."""
        if k <= 0:
            return []
        self._refuse_right_after_failure()
        client: MilvusClient | None = None
        try:
            client = self._ready()
            (found,) = client.search(
                self.collection,
                data=[vector.tolist()],
                limit=min(k, _MOST),
                search_params={"metric_type": "COSINE", "params": {"ef": max(160, k)}},
                timeout=self._patience,
            )
        except Exception as error:
            if client is self._client:  # one that hung on a connection of before says nothing of the one made since
                self._failed_at = time.monotonic()
                self.close()  # the next search connects anew: Milvus may be back at another address of the same name
            raise self._unavailable(error) from error
        self._failed_at = None
        # Milvus calls it distance; under COSINE it is the cosine, higher is closer.
        return [(str(hit["id"]), float(hit["distance"])) for hit in found]

    def _refuse_right_after_failure(self) -> None:
        if self._failed_at is not None and time.monotonic() - self._failed_at < self._rest:
            raise StoreUnavailableError(f"{self._where()} could not be reached a moment ago: see whether it runs")

    def _ready(self) -> MilvusClient:
        """Return the connection for searches. One thread makes it, and the others wait until it can be searched."""
        with self._connecting:
            if self._client is None:
                self._refuse_right_after_failure()  # of the thread that was waited for
                try:
                    # Milvus Lite has to be told after each of its starts; a server that holds it says so at once.
                    self._connect(self._patience).load_collection(self.collection, timeout=self._patience)
                except Exception:
                    self._failed_at = time.monotonic()
                    self.close()
                    raise
            return self._connect(self._patience)

    def __len__(self) -> int:
        """How many vectors the collection holds.

        Raises:
            StoreUnavailableError: Milvus can't be reached.
        """
        try:
            return self._count(self._connect(self._patience), self.collection, self._patience)
        except Exception as error:
            raise self._unavailable(error) from error

    def _count(self, client: MilvusClient, name: str, seconds: float) -> int:
        (row,) = client.query(name, output_fields=["count(*)"], timeout=seconds)
        return int(row["count(*)"])

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connect(self, seconds: float) -> MilvusClient:
        if self._client is None:
            try:
                from pymilvus import MilvusClient
            except ImportError as error:
                raise SettingsError('KBOT_STORE names Milvus: pip install "kbot[milvus]" for it') from error
            # It logs every failure with a traceback of its own; ours says all there is to say.
            logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
            parts = urlsplit(self._address)
            if parts.scheme in {"http", "https", "tcp"}:
                host = f"{parts.scheme}://{parts.hostname}:{parts.port or 19530}"
                user, password = unquote(parts.username or ""), unquote(parts.password or "")
                self._client = MilvusClient(
                    host, user=user, password=password, timeout=seconds, grpc_options=_CHANNEL
                )
            else:
                self._client = MilvusClient(self._address, timeout=seconds)
        return self._client

    def _where(self) -> str:
        """Return the address as it may stand in a message: without user and password."""
        parts = urlsplit(self._address)
        return f"Milvus at {parts.hostname}:{parts.port or 19530}" if parts.hostname else f"Milvus in {self._address}"

    def _unavailable(self, error: Exception) -> Exception:
        """Return what to raise for whatever the client raised: pymilvus lets errors of several libraries through."""
        if isinstance(error, StoreUnavailableError | SettingsError):
            return error
        # Its messages repeat the address; the type is enough to look it up in Milvus's own log.
        return StoreUnavailableError(
            f"{self._where()} doesn't answer ({type(error).__name__}): see whether it runs; kbot goes on by itself"
        )


def publish_vectors(address: str, folder: Path, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Put the vectors of a build into Milvus, and the name of their collection into the build's folder.

    Raises:
        StoreUnavailableError: Milvus can't be reached; what is served stays as it is.
    """
    store = MilvusStore(address, vectors.shape[1])
    try:
        store.replace(ids, vectors)
    finally:
        store.close()
    (folder / _NAME).write_text(json.dumps({"collection": store.collection}), encoding="utf-8")


def open_vectors(address: str, folder: Path, dimension: int) -> MilvusStore:
    """Return the store with the vectors of a build. Nothing is asked of Milvus before the first search.

    Raises:
        IndexDamagedError: the build was not published into Milvus.
    """
    path = folder / _NAME
    try:
        collection = str(json.loads(path.read_text(encoding="utf-8"))["collection"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(
            f"{path} can't be read: the build's vectors are not in Milvus. Run `kbot build`, or unset KBOT_STORE"
        ) from error
    return MilvusStore(address, dimension, collection=collection)
