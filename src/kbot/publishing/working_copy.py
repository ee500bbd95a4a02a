"""The corpus folder that staff edit, kept in step with the build that is served."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import CorpusError, IndexUnusableError, PublishError
from kbot.ingest.corpus import corpus_files, corpus_hash
from kbot.ingest.publish import corpus_copy_files, snapshot_corpus
from kbot.search.manifest import Manifest, read_manifest, sync_folder

if TYPE_CHECKING:
    from kbot.settings import Settings

SNAPSHOT = "corpus"  # below a build's folder


def snapshot_of(index: Path, manifest: Manifest) -> Path | None:
    """Return the folder with the corpus that a build was made from; None for a build that holds none."""
    folder = manifest.folder(index) / SNAPSHOT
    prefix = folder.relative_to(index).as_posix() + "/"
    return folder if any(name.startswith(prefix) for name in manifest.files) else None


def served(index: Path) -> Manifest | None:
    """Return the manifest of the build that is served, None where there is none that can be read."""
    try:
        return read_manifest(index)
    except IndexUnusableError:
        return None


def in_step(corpus: Path, manifest: Manifest | None) -> bool:
    """Return True where a build was made from the corpus folder as it is now."""
    try:
        return manifest is not None and corpus_hash(corpus) == manifest.corpus_hash
    except CorpusError:
        return False


def check_unpublished(settings: Settings, corpus: Path) -> None:
    """See that the corpus folder has no edits that would be lost when `corpus` takes its place.

    Raises:
        PublishError: it has.
    """
    working = settings.corpus
    if not working.exists() or same_folder(working, corpus) or in_step(working, served(settings.index)):
        return
    try:
        corpus_files(working)
    except CorpusError:
        return  # it holds no document
    if corpus_hash(working) != corpus_hash(corpus):
        raise PublishError(
            f"{working} has edits that were never published, and publishing {corpus} would put its files in their "
            f"place: publish {working} itself, or leave it as it is with --leave-corpus"
        )


def keep_working_copy(settings: Settings) -> None:
    """See that the served build holds its corpus, where the corpus folder is what it was made from.

    A build of `kbot build` holds none: without this, going on to another would lose its question bank.
    """
    manifest = served(settings.index)
    if manifest is None or snapshot_of(settings.index, manifest) is not None:
        return
    if in_step(settings.corpus, manifest):
        snapshot_corpus(settings.corpus, settings.index)


def replace_working_copy(source: Path, corpus: Path) -> None:
    """Make the corpus folder what `source` is. Each file is replaced in one step; killed midway, call it again.

    Documents, question bank and clinic.toml that `source` does not have are removed; other files stay.

    Raises:
        PublishError: the folder can't be written.
    """
    try:
        corpus.mkdir(parents=True, exist_ok=True)
        kept = set()
        for path in corpus_copy_files(source):
            relative = path.relative_to(source)
            kept.add(relative)
            _replace(path, corpus / relative)
        for path in _decisive(corpus):
            if path.relative_to(corpus) not in kept:
                path.unlink()
    except OSError as error:
        raise PublishError(
            f"the build is served, but {error.filename or corpus} can't be written ({error.strerror}): make {corpus} "
            "writable and publish again, or else the next `kbot build` takes its older text"
        ) from None


def same_folder(one: Path, other: Path) -> bool:
    """Return True where two paths lead to the same folder."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _replace(source: Path, target: Path) -> None:
    if target.is_file() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(source.read_bytes())
            out.flush()
            os.fsync(out.fileno())
        shutil.copymode(source, temporary)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def _decisive(corpus: Path) -> list[Path]:
    """Return the files that decide what a build makes."""
    try:
        documents = corpus_files(corpus)
    except CorpusError:
        documents = []
    return [*documents, *corpus.glob("clinic.toml"), *corpus.glob("questions/*.yaml")]
