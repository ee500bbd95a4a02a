"""The arithmetic of sizing: pure functions, so that each can be checked by hand (tests/bench/test_bench_scale.py)."""

from __future__ import annotations

import math

from kbot.search.vector_kinds import LINKS, REDUCED

_LINK = 4  # bytes: a number of a row
_PER_NODE = 8 + 4  # bytes: where a node's links begin, and its level
_ROW = 8  # bytes: the number of a row in a list of clusters
_PER_CODE = 8  # dimensions that product quantisation keeps in one byte
POSTING = 4 + 4  # bytes of BM25 for each stem of each passage: its score and its row


def cores(per_second: float, cpu_ms: float, *, busy: float) -> int:
    """Return how many cores do so many pieces of work a second, none of them busier than `busy`, (0, 1].

    Example: 10,000 a second of 20 ms, half busy -> 400.
    """
    return math.ceil(round(per_second * cpu_ms / 1000 / busy, 6))


def hit_cost(miss_ms: float, mixed_ms: float, share: float) -> float:
    """Return the milliseconds of an answer from memory, where a `share`, (0, 1], of a mix came from there.

    Example: 20 ms without the cache, 15 ms with a quarter from it -> 0.
    """
    return max(0.0, (mixed_ms - (1 - share) * miss_ms) / share)


def mixed(miss_ms: float, hit_ms: float, share: float) -> float:
    """Return the milliseconds of a question where a `share`, [0, 1], comes from memory."""
    return share * hit_ms + (1 - share) * miss_ms


def hit_share(asked: float, processes: int) -> float:
    """Return the share of one question's askings that is answered from memory, [0, 1].

    It is asked `asked` times at random while an answer is kept (an hour), each time of one of `processes` with a
    cache of its own. Each of these then has one miss for `asked / processes` hits.
    Example: 300 askings, 100 processes -> 3 hits for a miss, 0.75.
    """
    return asked / (asked + processes)


def links_bytes() -> float:
    """Return the bytes of a node's links in a graph: 2 M on the ground, M on each of a few levels above."""
    return 2 * LINKS * _LINK + _PER_NODE + LINKS * _LINK / (LINKS - 1)


def memory_bytes(kind: str, dimension: int) -> float:
    """Return the bytes that one vector takes in the memory of an index of this kind.

    Raises:
        ValueError: there is no such kind.
    """
    codes = {"flat": 4 * dimension, "hnsw": 4 * dimension, "ivf": 4 * dimension}
    codes |= {"hnsw-sq8": min(dimension, REDUCED), "ivf-sq8": dimension, "hnsw-pq": dimension // _PER_CODE}
    codes |= {"ivf-pq": dimension // _PER_CODE}
    if kind not in codes:
        raise ValueError(f"{kind!r} is no kind of index: give one of {', '.join(codes)}")
    around = {"hnsw": links_bytes(), "ivf": float(_ROW)}.get(kind.partition("-")[0], 0.0)
    return codes[kind] + around


def disk_bytes(kind: str, dimension: int) -> float:
    """Return the bytes of one vector in the index's files: compressed kinds keep full vectors beside the codes."""
    return memory_bytes(kind, dimension) + (4 * dimension if "-" in kind else 0)


def machines(total_bytes: float, *, memory: float, filled: float, copies: int) -> int:
    """Return how many machines of `memory` bytes, filled to a share (0, 1], hold so many copies."""
    return copies * math.ceil(round(total_bytes / (memory * filled), 9))


def search_ms(vectors: float, measured_at: float, measured_ms: float) -> tuple[float, float]:
    """Return the milliseconds of one search of a graph: at best, and at worst.

    At best one graph holds all, and a search grows with the logarithm of its size; at worst there is a graph for
    every `measured_at` vectors, and each of them is searched.
    Example: measured 2 ms at 1,000,000; for 1,000,000,000,000 at best 4 ms, at worst 2,000,000 ms.
    """
    if vectors <= measured_at:
        return measured_ms, measured_ms
    best = measured_ms * math.log(vectors) / math.log(measured_at)
    return best, measured_ms * math.ceil(vectors / measured_at)


def text_bytes(weighed: float, weighed_characters: float, characters: float) -> float:
    """Return the bytes of a passage's texts, of which the characters stand twice: in its document, and alone.

    Example: 1,000 bytes were weighed with 200 characters; with 500 it is 1,600.
    """
    return weighed + 2 * (characters - weighed_characters)


def search_traffic(dimension: int, results: int, id_bytes: float, *, frame: float) -> tuple[float, float]:
    """Return the bytes sent to and received from a vector engine for one search; `frame` surrounds each message.

    A result is its id, its cosine and six bytes of framing.
    """
    return frame + 4 * dimension, frame + results * (id_bytes + 4 + 6)
