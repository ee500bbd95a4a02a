"""A finished build to the one that is served: in one step, with the manifest last."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import IndexBusyError, IndexUnusableError
from kbot.search.manifest import (
    NAME,
    Manifest,
    keep_manifest,
    read_kept,
    read_manifest,
    sync_folder,
    verify_files,
    write_manifest,
)
from kbot.search.models import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.ingest.build_models import BuildModels

KEPT_BUILDS = 3  # the one that is served and those before it, which a running app may read and staff go back to


def publish(
    index: Path, staging: Path, build_id: str, source_hash: str, models: BuildModels, counts: dict[str, int]
) -> Manifest:
    """Move a finished build into place and make it the one that is served.

    Returns:
        Its manifest. The build that was served before stays whole until then, whatever happens.
    """
    folder = _free_folder(index / "builds", build_id)
    _sync(staging)
    staging.chmod(0o755)  # mkdtemp keeps it for its owner; the server may be somebody else
    staging.rename(folder)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    paths += models.files()
    manifest = Manifest(
        build=build_id,
        directory=folder.name,
        corpus_hash=source_hash,
        encoder=models.encoder.name,
        encoder_fingerprint=models.encoder.fingerprint(),
        reranker=models.reranker.name,
        reranker_fingerprint=models.reranker.fingerprint(),
        dimension=models.dimension,
        counts=counts,
        files={path.relative_to(index).as_posix(): file_sha256(path) for path in sorted(paths)},
        made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        before=_keep_served(index),
    )
    keep_manifest(index, manifest)
    sync_folder(folder.parent)
    write_manifest(index, manifest)
    return manifest


def adopt(index: Path, staged: Path) -> Manifest:
    """Take over the build of another index on the same disk, with its models, and make it the one that is served.

    `staged` is that index; its build's folder is moved, so it is of no use afterwards. What is moved is hashed again
    before it is served.

    Raises:
        IndexUnusableError: the build is not as its manifest says.
    """
    manifest = read_manifest(staged)
    folder = _free_folder(index / "builds", manifest.build)
    _sync(manifest.folder(staged))
    old = f"builds/{manifest.directory}/"
    files = {
        f"builds/{folder.name}/{name.removeprefix(old)}" if name.startswith(old) else name: sha256
        for name, sha256 in manifest.files.items()
    }
    for name in sorted({Path(name).parts[1] for name in files if name.startswith("models/")}):
        target = index / "models" / name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            _sync(staged / "models" / name)
            (staged / "models" / name).rename(target)
    manifest.folder(staged).rename(folder)
    adopted = dataclasses.replace(manifest, directory=folder.name, files=files, before=_keep_served(index))
    verify_files(index, adopted)
    keep_manifest(index, adopted)
    sync_folder(folder.parent)
    write_manifest(index, adopted)
    return adopted


def snapshot_corpus(corpus: Path, index: Path) -> Manifest:
    """Copy the corpus, byte for byte, into the build that an index serves, and have its manifest name the copy.

    Everything in the folder is copied but what begins with a dot, and links: what leads elsewhere is not the corpus.
    """
    manifest = read_manifest(index)
    target = manifest.folder(index) / "corpus"
    files = dict(manifest.files)
    for path in corpus_copy_files(corpus):
        copy = target / path.relative_to(corpus)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        files[copy.relative_to(index).as_posix()] = file_sha256(copy)
    snapshot = dataclasses.replace(manifest, files=dict(sorted(files.items())))
    keep_manifest(index, snapshot)
    write_manifest(index, snapshot)
    return snapshot


def corpus_copy_files(corpus: Path) -> list[Path]:
    """Return the files of a corpus folder that a snapshot holds, in a fixed order."""
    return sorted(
        path
        for path in corpus.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not any(part.startswith(".") for part in path.relative_to(corpus).parts)
    )


@contextlib.contextmanager
def locked(index: Path) -> Iterator[None]:
    """Let nobody else publish into the index meanwhile. The lock goes with the process, however it ends.

    Raises:
        IndexBusyError: somebody else does just now.
    """
    index.mkdir(parents=True, exist_ok=True)
    folder = os.open(index, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise IndexBusyError(f"somebody else is publishing into {index}: try again when that is done") from None
    finally:
        os.close(folder)


def _keep_served(index: Path) -> str:
    """See that the build that is served now can be gone back to; return its directory, "" where there is none."""
    try:
        served = read_manifest(index)
    except IndexUnusableError:
        return ""
    if not served.folder(index).is_dir():
        return ""
    if not (served.folder(index) / NAME).is_file():  # a build of kbot 0.1.0
        keep_manifest(index, served)
    return served.directory


def _sync(folder: Path) -> None:
    """Have the bytes of every file on the disk before a manifest names them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
    sync_folder(folder)


def _free_folder(builds: Path, build_id: str) -> Path:
    """Return a folder that isn't there yet: a forced build must not touch the one that is served."""
    builds.mkdir(exist_ok=True)
    folder, number = builds / build_id, 1
    while folder.exists():
        number += 1
        folder = builds / f"{build_id}-{number}"
    return folder


def prune(index: Path, manifest: Manifest, previous: Manifest | None) -> None:
    """Delete builds and models that neither the served build nor those before it need."""
    manifests = {each.directory: each for each in (manifest, previous) if each is not None}
    before = (previous or manifest).before
    folders = sorted((index / "builds").iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    for name in [before, *(folder.name for folder in folders)]:
        if name and name not in manifests and len(manifests) < KEPT_BUILDS:
            with contextlib.suppress(IndexUnusableError):  # what can't be read can't be gone back to
                manifests[name] = read_kept(index, name)
    used = {Path(name).parts[1] for each in manifests.values() for name in each.files if name.startswith("models/")}
    for folder in [*folders, *(index / "models").iterdir()]:
        if folder.name not in manifests.keys() | used:
            shutil.rmtree(folder, ignore_errors=True)
