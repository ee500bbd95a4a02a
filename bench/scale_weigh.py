"""Weighs what sizing starts from: bytes and times of the clinic's index, of a made-up large one, and of the journal.

`python -m bench.scale --weigh` calls it and writes bench/results/scale.json.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy

from bench import growth_pipeline
from bench.load import distinct_questions
from bench.machine import describe
from kbot.contract import as_json
from kbot.coverage.demo import make_demo
from kbot.journal.database import locate
from kbot.journal.redact import Redactor
from kbot.journal.store import Journal
from kbot.search.export import SentenceTransformerEncoder, use_threads
from kbot.search.manifest import read_manifest, verify_files
from kbot.search.models import find_model
from kbot.search.retriever import readable
from kbot.service import Service
from kbot.settings import Settings
from kbot.text import terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_QUESTIONS = 300
_ROWS = 3_000  # of the journal
_ENCODED = 400
_WORDS = 6  # of a made-up question
_GROUPS = {"documents": "texts", "passages": "texts", "vectors": "vectors", "encoded": "hashes", "bm25": "postings"}


def weigh(index: Path, made_up: int, journal: str) -> dict[str, object]:
    """Return every figure; `journal` is as `KBOT_JOURNAL` names it, or empty for a file that is deleted again."""
    load = round(os.getloadavg()[0], 1)
    service = Service.open(Settings(index=index, journal="off"))
    questions = distinct_questions()[:_QUESTIONS]
    own = _weigh_index(service, questions)
    result: dict[str, object] = {
        "machine": describe(),
        "load_average": load,
        "own": own,
        "answer_bytes": statistics.mean(_answer_bytes(service, question) for question in questions),
        "encode_ms": _encode_ms(service),
        "journal": _weigh_journal(service, journal),
    }
    with tempfile.TemporaryDirectory(prefix="kbot-weigh-") as folder:
        result["made_up"] = _weigh_made_up(Path(folder), index, made_up)
    return result


def _weigh_made_up(folder: Path, index: Path, passages: int) -> dict[str, object]:
    growth_pipeline.make_corpus(folder / "corpus", passages)
    settings = Settings(corpus=folder / "corpus", index=folder / "index", journal="off")
    shutil.copytree(index / "models", settings.index / "models")  # so that nothing is exported
    growth_pipeline.build(settings, stand_in=True)
    service = Service.open(settings)
    texts = [passage.text for passage in list(service.passages.values())[-passages :: max(1, passages // 200)]]
    return _weigh_index(service, [" ".join(text.split()[:_WORDS]) for text in texts])


def _weigh_index(service: Service, questions: Sequence[str]) -> dict[str, object]:
    """Return bytes by what they hold, what a question touches, and how long the parts of an opening take."""
    settings = service.settings
    manifest = read_manifest(settings.index)
    folder = manifest.folder(settings.index)
    sizes: defaultdict[str, int] = defaultdict(int)
    for name in manifest.files:
        parts = Path(name).parts
        group = "models" if parts[0] == "models" else _group(Path(*parts[2:]))
        sizes[group] += (settings.index / name).stat().st_size
    ids = list(json.loads((folder / "encoded.json").read_text(encoding="utf-8")))
    own = [id_ for id_ in ids if id_.split("~")[0] in service.passages]
    touched = _touched(folder, questions)
    service.warm()
    searching = _seconds(lambda: [service.index.keywords.search(question, 20) for question in questions])
    opening = _opening(service)
    return {
        "documents": manifest.counts["documents"],
        "passages": manifest.counts["passages"],
        "vectors": manifest.counts["vectors"],
        "encoded": len(ids),
        "characters": sum(len(passage.text) for passage in service.passages.values()),
        "vector_id_bytes": statistics.mean(len(id_.encode()) for id_ in own),
        "postings": int(np.load(folder / "keywords" / "bm25" / "data.csc.index.npy", mmap_mode="r").shape[0]),
        "bytes": dict(sizes),
        "touched": sum(touched) / len(touched) / len(service.passages),
        "posting_ns": 1e9 * searching / max(1, sum(touched)),
        "hash_gb_s": sum(sizes.values()) / 1e9 / opening["every file hashed"],
        "opening_s": opening,
    }


def _group(path: Path) -> str:
    name = path.parts[1] if path.parts[0] == "keywords" and len(path.parts) > 2 else path.name.split(".")[0]
    if path.name == "ids.strings":
        return "postings"
    return _GROUPS.get(name, "bank" if name in {"questions", "topics", "head"} else "words")


def _touched(folder: Path, questions: Sequence[str]) -> list[int]:
    """Return how many entries of BM25 each question looks at."""
    vocabulary = json.loads((folder / "keywords" / "ids.json").read_text(encoding="utf-8"))["vocabulary"]
    ends = np.load(folder / "keywords" / "bm25" / "indptr.csc.index.npy")
    stems = ({vocabulary[stem] for stem in terms(question) if stem in vocabulary} for question in questions)
    return [int(sum(ends[stem + 1] - ends[stem] for stem in known)) for known in stems]


def _opening(service: Service) -> dict[str, float]:
    """Return the processor seconds of what an opened app does once, or again and again."""
    settings, index = service.settings, service.settings.index
    manifest = read_manifest(index)
    fresh = Service.open(settings)
    documents = fresh.documents
    Redactor()  # its names are read once
    return {
        "every file hashed": _seconds(lambda: verify_files(index, manifest)),
        "the whole opening, that included": _seconds(lambda: Service.open(settings)),
        "examples for the chat's page": _seconds(lambda: fresh.examples(4)),
        "list of documents, at each view of the chat's page": _seconds(
            lambda: [document for document in documents.values() if not document.kind.is_study]
        ),
        "redaction made ready, with the first question": _seconds(
            lambda: Redactor([document.text for document in documents.values()])
        ),
    }


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds of some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _answer_bytes(service: Service, question: str) -> int:
    return len(json.dumps(as_json(service.ask([question])), ensure_ascii=False).encode())


def _encode_ms(service: Service) -> float:
    """Return the milliseconds of one core for one text of the clinic, encoded as the build encodes passages."""
    texts = [readable(p, service.documents[p.document_id].text) for p in service.passages.values()]
    texts += [p.text[span.start : span.end] for p in service.passages.values() for span in p.sentences]
    encoder = SentenceTransformerEncoder(find_model(service.settings.encoder, "encoder"))
    use_threads(1)
    encoder.encode(texts[:50])
    return 1000 * _seconds(lambda: encoder.encode(texts[:_ENCODED])) / len(texts[:_ENCODED])


def _weigh_journal(service: Service, journal: str) -> dict[str, object]:
    """Write rows as an app does, one by one, and return what they weigh and how long each took."""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    entries, _ = make_demo(service.index, lambda question: service.bot.ask([question]), today)
    with tempfile.TemporaryDirectory(prefix="kbot-journal-") as folder:
        place = journal or str(Path(folder) / "journal.db")
        opened = Journal.open(place)
        before = _journal_bytes(place)
        start = time.perf_counter()
        for number in range(_ROWS):
            entry = dataclasses.replace(entries[number % len(entries)], helpful=None, feedback="")
            opened.add(entry, secrets.token_urlsafe(16))
        seconds = time.perf_counter() - start
        weight = _journal_bytes(place) - before
        opened.close()
    database = "PostgreSQL" if "://" in journal else "SQLite"
    return {"database": database, "rows": _ROWS, "row_bytes": weight / _ROWS, "rows_a_second": _ROWS / seconds}


def _journal_bytes(place: str) -> int:
    url = locate(place)
    if url is None:
        raise ValueError("the journal is off")
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        if url.get_backend_name() == "sqlite":
            pages = connection.execute(sqlalchemy.text("PRAGMA page_count")).scalar_one()
            size = int(pages) * int(connection.execute(sqlalchemy.text("PRAGMA page_size")).scalar_one())
        else:
            size = int(connection.execute(sqlalchemy.text("SELECT pg_total_relation_size('entries')")).scalar_one())
    engine.dispose()
    return size
