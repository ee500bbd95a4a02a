from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kbot.errors import CorpusError, IndexDamagedError, IndexMismatchError, ModelError
from kbot.ingest.build import build
from kbot.search.index import open_index
from kbot.search.manifest import Manifest, read_manifest, write_manifest
from kbot.search.models import ModelFiles, file_sha256, find_model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ingest.conftest import RecordingEncoder

    from kbot.settings import Settings

BANK = """- topic: prices
  kind: answered
  ask: ["How much is a massage?", "massage price"]
  quotes: ["A massage costs forty dollars."]
- topic: pregnancy
  kind: not_covered
  missing: pregnancy
  ask: ["Can I have a massage while pregnant?"]
"""
TEXTS = [
    "Massage\nA massage loosens the muscles of the back. It takes half an hour.",
    "A massage loosens the muscles of the back.",
    "It takes half an hour.",
    "Prices\nA massage costs forty dollars.",
    "Before you come\nEat lightly. Bring:",
    "Eat lightly.",
    "Bring:",
    "Before you come\nBring:\na towel",
    "Before you come\nBring:\na bottle of water",
]


def snapshot(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, without the models."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}


def hashes(manifest: Manifest) -> list[str]:
    """Return the hashes of a build's files; the folder they lie in may be another."""
    return [manifest.files[name] for name in sorted(manifest.files)]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def bank(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A question bank of two topics, told apart from a background of one: the real one takes seconds to learn."""
    background = tmp_path / "background.yaml"
    background.write_text("- topic: weather\n  kind: off_topic\n  ask: [Will it rain?]\n", encoding="utf-8")
    monkeypatch.setattr("kbot.ingest.questions._background", lambda: background)
    (settings.corpus / "questions").mkdir()
    path = settings.corpus / "questions" / "bank.yaml"
    path.write_text(BANK, encoding="utf-8")
    return path


def test_a_build_encodes_every_passage_and_every_sentence_of_a_longer_one(
    settings: Settings, encoder: RecordingEncoder
) -> None:
    report = build(settings)

    assert encoder.texts == TEXTS
    assert (report.unchanged, report.encoded, report.reused, report.parity) == (False, 9, 0, None)
    assert report.manifest.counts == {"documents": 1, "passages": 5, "vectors": 9, "topics": 0, "phrasings": 0}


def test_a_heading_that_asks_is_encoded_too(settings: Settings, encoder: RecordingEncoder) -> None:
    edit(settings.corpus / "massage.md", "## Prices", "## How much is it?")
    build(settings)
    assert set(encoder.texts) - set(TEXTS) == {"How much is it?\nA massage costs forty dollars.", "How much is it?"}


def test_what_was_built_opens_with_the_corpus_in_it(settings: Settings) -> None:
    build(settings)

    index = open_index(settings)

    text = (settings.corpus / "massage.md").read_text(encoding="utf-8")
    assert {id_: document.text for id_, document in index.documents.items()} == {"massage": text}
    assert [passage.text for passage in index.passages.values()] == [
        "A massage loosens the muscles of the back. It takes half an hour.",
        "A massage costs forty dollars.",
        "Eat lightly. Bring:",
        "a towel",
        "a bottle of water",
    ]
    assert index.clinic.name == "Harbour Clinic"
    assert len(index.vectors) == 9
    assert [id_ for id_, _ in index.keywords.search("What does it cost in dollars?", 5)] == [
        next(p.id for p in index.passages.values() if "forty" in p.text)
    ]


def test_a_document_that_is_not_searched_has_no_passages_and_still_opens(settings: Settings) -> None:
    page = "---\ntitle: A study\nkind: summary of a study\nsearch: false\n---\nNot read yet.\n"
    (settings.corpus / "study.md").write_text(page, encoding="utf-8")
    build(settings)

    index = open_index(settings)

    assert set(index.documents) == {"massage", "study"}
    assert {passage.document_id for passage in index.passages.values()} == {"massage"}


def test_an_unchanged_corpus_is_not_built_again(settings: Settings, encoder: RecordingEncoder) -> None:
    first = build(settings)
    before = snapshot(settings.index)
    encoder.texts.clear()

    second = build(settings)

    assert (second.unchanged, second.encoded, second.reused) == (True, 0, 9)
    assert second.manifest == first.manifest
    assert encoder.texts == []
    assert snapshot(settings.index) == before


def test_a_forced_build_of_an_unchanged_corpus_writes_the_same_build(settings: Settings) -> None:
    first = build(settings)
    second = build(settings, force=True)
    assert (second.unchanged, second.encoded, second.reused) == (False, 0, 9)
    assert second.manifest.build == first.manifest.build
    assert hashes(second.manifest) == hashes(first.manifest)


def test_a_forced_build_does_not_touch_the_one_that_is_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(settings)
    before = snapshot(settings.index)
    served: list[dict[str, str]] = []

    def look(index: Path, manifest: Manifest) -> None:
        served.append({name: hash_ for name, hash_ in snapshot(index).items() if name in before})
        write_manifest(index, manifest)

    monkeypatch.setattr("kbot.ingest.publish.write_manifest", look)
    build(settings, force=True)

    assert served == [before]
    open_index(settings)


def test_a_changed_passage_is_encoded_and_nothing_else(settings: Settings, encoder: RecordingEncoder) -> None:
    first = build(settings)
    encoder.texts.clear()
    edit(settings.corpus / "massage.md", "forty dollars", "fifty dollars")

    second = build(settings)

    assert encoder.texts == ["Prices\nA massage costs fifty dollars."]
    assert (second.encoded, second.reused) == (1, 8)
    assert second.manifest.build != first.manifest.build


def test_what_another_export_encoded_is_encoded_again(settings: Settings, encoder: RecordingEncoder) -> None:
    first = build(settings)
    models = settings.index / "models"
    exported = next(models.glob("encoder-*"))
    encoder.texts.clear()
    files = {name.replace(exported.name, "encoder-before"): sha256 for name, sha256 in first.manifest.files.items()}
    exported.rename(models / "encoder-before")
    write_manifest(settings.index, replace(first.manifest, files=files))
    (models / exported.name).symlink_to((models / "encoder-before").resolve(), target_is_directory=True)

    again = build(settings, force=True)

    assert (again.encoded, again.reused) == (9, 0)
    assert len(encoder.texts) == 9


def test_vectors_that_are_reused_belong_to_the_same_texts_as_before(settings: Settings) -> None:
    build(settings)
    edit(settings.corpus / "massage.md", "# Massage\n", "# Massage\n\nWelcome.\n")
    build(settings)

    reused = open_index(settings).vectors
    shutil.rmtree(settings.index / "builds")
    (settings.index / "manifest.json").unlink()
    build(settings)
    anew = open_index(settings).vectors

    question = np.ones(384, dtype=np.float32) / np.sqrt(384, dtype=np.float32)
    assert reused.search(question, 20) == anew.search(question, 20)


def test_a_changed_phrasing_is_encoded_and_nothing_else(
    settings: Settings, encoder: RecordingEncoder, bank: Path
) -> None:
    first = build(settings)
    encoder.texts.clear()
    edit(bank, "massage price", "what a massage costs")

    second = build(settings)

    assert encoder.texts == []
    assert (first.encoded, second.encoded, second.reused) == (13, 1, 12)
    assert (second.manifest.counts["topics"], second.manifest.counts["phrasings"]) == (3, 4)


def test_a_passage_that_no_topic_quotes_is_a_warning(settings: Settings, bank: Path) -> None:
    edit(bank, "forty dollars", "forty")
    edit(settings.corpus / "massage.md", "forty dollars", "forty")

    warnings = build(settings).warnings

    unquoted = [text for text in TEXTS if text.startswith(("Massage", "Before"))]
    assert len(warnings) == len(unquoted)
    assert warnings[-1].endswith("('a bottle of water'): add one, or it never answers")


@pytest.mark.usefixtures("bank")
def test_of_many_passages_that_no_topic_quotes_twenty_are_named_and_all_are_counted(settings: Settings) -> None:
    parts = "".join(f"\n## Part {number}\n\nThis is about oil {number}.\n" for number in range(40))
    (settings.corpus / "oils.md").write_text(
        f"---\ntitle: Oils\nkind: clinic article\n---\n{parts}", encoding="utf-8"
    )

    warnings = build(settings).warnings

    assert sum("add one, or it never answers" in warning for warning in warnings) == 20
    # Besides the forty: a massage loosens, eat lightly, a towel, a bottle of water.
    assert warnings[20:] == ("no topic quotes 44 passages in all: `kbot coverage` lists them",)


@pytest.mark.usefixtures("bank")
def test_a_quote_that_an_edit_removed_fails_the_build_and_names_file_topic_and_quote(settings: Settings) -> None:
    edit(settings.corpus / "massage.md", "forty dollars", "fifty dollars")

    with pytest.raises(CorpusError) as failed:
        build(settings)

    (problem,) = failed.value.problems
    assert problem.startswith(
        "corpus/questions/bank.yaml:1: topic 'prices': the quote 'A massage costs forty dollars.'"
    )


def test_problems_of_documents_and_of_the_clinics_facts_are_listed_at_once(settings: Settings) -> None:
    edit(settings.corpus / "massage.md", "kind: clinic article", "kind: leaflet")
    edit(settings.corpus / "clinic.toml", 'phone_dial = "+15550100100"', 'phone_dial = "0100"')

    with pytest.raises(CorpusError) as failed:
        build(settings)

    assert [problem.split(":")[0] for problem in failed.value.problems] == ["corpus/massage.md", "corpus/clinic.toml"]
    assert "the corpus has 2 problems; the index was left as it is:" in str(failed.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("massage.md", "no front matter"),
        ("clinic.toml", "name ="),
        ("questions/bank.yaml", "- topic: [\n"),
        ("massage.md", "---\ntitle: Massage\nkind: clinic article\n---\n# Only a heading\n"),
    ],
)
def test_a_failed_build_leaves_the_index_as_it_was(settings: Settings, name: str, text: str) -> None:
    build(settings)
    before = snapshot(settings.index)
    (settings.corpus / "questions").mkdir()
    (settings.corpus / name).write_text(text, encoding="utf-8")

    with pytest.raises(CorpusError):
        build(settings)

    assert snapshot(settings.index) == before


def test_a_build_that_dies_before_the_manifest_is_written_leaves_the_old_one_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build(settings).manifest
    edit(settings.corpus / "massage.md", "forty dollars", "fifty dollars")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kbot.ingest.publish.write_manifest", die)
        with pytest.raises(KeyboardInterrupt):
            build(settings)

    assert read_manifest(settings.index) == old
    assert "A massage costs forty dollars." in {p.text for p in open_index(settings).passages.values()}
    assert list(settings.index.glob(".*")) == []
    new = build(settings).manifest
    assert new.build != old.build
    assert "A massage costs fifty dollars." in {p.text for p in open_index(settings).passages.values()}


def test_a_manifest_that_can_not_be_put_in_place_leaves_the_old_one_and_no_rest(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build(settings).manifest
    edit(settings.corpus / "massage.md", "forty dollars", "fifty dollars")

    def die(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("kbot.search.manifest.os.fsync", die)
        patch.setattr("kbot.ingest.publish._sync", lambda _: None)
        with pytest.raises(OSError, match="No space left"):
            build(settings)

    assert read_manifest(settings.index) == old
    assert list(settings.index.glob(".*")) == []


def test_the_build_before_stays_for_an_app_that_still_reads_it_and_older_ones_go(settings: Settings) -> None:
    builds = [build(settings).manifest.build]
    for old, new in (("forty", "fifty"), ("fifty", "sixty"), ("sixty", "seventy")):
        edit(settings.corpus / "massage.md", f"{old} dollars", f"{new} dollars")
        builds.append(build(settings).manifest.build)

    assert {path.name for path in (settings.index / "builds").iterdir()} == set(builds[-3:])


def test_models_that_no_build_uses_are_removed(settings: Settings) -> None:
    (settings.index / "models" / "encoder-0000").mkdir()
    build(settings)
    assert not (settings.index / "models" / "encoder-0000").exists()


@pytest.mark.parametrize("damage", ["altered", "cut short", "missing"])
def test_a_file_that_is_not_as_it_was_built_is_named(settings: Settings, damage: str) -> None:
    manifest = build(settings).manifest
    names = [name for name in manifest.files if not name.startswith("models/")]
    assert {"clinic.json", "passages.json", "vectors.faiss", "topics.json"} <= {name.split("/")[-1] for name in names}
    for name in names:
        path = settings.index / name
        data = path.read_bytes()
        match damage:
            case "altered":
                path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
            case "cut short":
                path.write_bytes(data[:-1])
            case "missing":
                path.unlink()

        with pytest.raises(IndexDamagedError) as refused:
            open_index(settings)

        path.write_bytes(data)
        assert str(path) in str(refused.value)
        assert str(refused.value).endswith("run `kbot build`")


def test_a_model_file_in_the_index_that_was_swapped_is_named(settings: Settings) -> None:
    build(settings)
    folder = next((settings.index / "models").glob("reranker-*"))
    target = folder.resolve()
    folder.unlink()
    folder.mkdir()
    (folder / "model.onnx").symlink_to(target / "model.onnx")
    (folder / "tokenizer.json").write_bytes((target / "tokenizer.json").read_bytes() + b" ")

    with pytest.raises(IndexDamagedError, match=r"tokenizer\.json was altered"):
        open_index(settings)


def test_a_damaged_index_is_built_anew_from_the_corpus_not_from_what_is_left(
    settings: Settings, encoder: RecordingEncoder
) -> None:
    manifest = build(settings).manifest
    (manifest.folder(settings.index) / "vectors.faiss").write_bytes(b"rubbish")
    encoder.texts.clear()

    report = build(settings)

    assert encoder.texts == TEXTS
    assert (report.unchanged, hashes(report.manifest)) == (False, hashes(manifest))


def test_an_index_of_another_format_is_refused_and_built_anew(settings: Settings) -> None:
    build(settings)
    path = settings.index / "manifest.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data | {"format": 99}), encoding="utf-8")

    with pytest.raises(IndexMismatchError, match=r"has the format 99, this kbot reads \d+: run `kbot build`"):
        open_index(settings)
    assert build(settings).unchanged is False
    assert open_index(settings).manifest.format == data["format"]


def test_an_index_built_with_another_model_is_refused_with_both_names(settings: Settings, tmp_path: Path) -> None:
    build(settings)
    mine = tmp_path / "my-encoder"
    mine.mkdir()
    (mine / "modules.json").write_text("[]", encoding="utf-8")

    with pytest.raises(IndexMismatchError) as refused:
        open_index(replace(settings, encoder=str(mine)))

    assert "was built with the encoder all-MiniLM-L6-v2" in str(refused.value)
    assert f"but {mine} was asked for: run `kbot build`, or set KBOT_ENCODER back" in str(refused.value)


def test_a_model_file_of_another_hash_is_refused_before_it_is_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A package that was replaced by another carries the same names, and other bytes."""
    folder = tmp_path / "package"
    folder.mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        (folder / name).write_bytes(b"not the reviewed file")
    real = ModelFiles("ms-marco-MiniLM-L12-v2", "reranker", folder, {"model.onnx": "0" * 64}, "", "")
    for path in (settings.index / "models").glob("reranker-*"):
        path.unlink()
    monkeypatch.setattr(
        "kbot.ingest.build.find_model",
        lambda name, role: real if role == "reranker" else find_model(name, role),
    )

    with pytest.raises(ModelError, match=r"model\.onnx is not the file of ms-marco-MiniLM-L12-v2 that was reviewed"):
        build(settings)

    assert not (settings.index / "manifest.json").exists()


def test_progress_hears_of_every_step_and_all_parts_of_the_encoding(settings: Settings) -> None:
    class Listener:
        def __init__(self) -> None:
            self.steps: list[tuple[str, int]] = []
            self.parts: list[int] = []

        def step(self, name: str, total: int = 1) -> None:
            self.steps.append((name, total))
            self.parts.append(0)

        def advance(self, parts: int = 1) -> None:
            self.parts[-1] += parts

    listener = Listener()
    build(settings, progress=listener)

    done = dict(zip([name for name, _ in listener.steps], listener.parts, strict=True))
    assert ("Encoding passages", 9) in listener.steps
    assert (done["Encoding passages"], done["Splitting into passages"], done["Writing the index"]) == (9, 1, 1)
