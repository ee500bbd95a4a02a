"""A finished build to the one that is served: in one step, with the manifest last."""

from __future__ import annotations

import datetime
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.search.manifest import Manifest, write_manifest
from kbot.search.models import file_sha256

if TYPE_CHECKING:
    from kbot.ingest.build_models import BuildModels

_KEPT_BUILDS = 2  # the one that is served and the one before, which a running app may still read


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
    paths += [models.encoder_folder / "model.onnx", models.encoder_folder / "tokenizer.json"]
    paths += [models.reranker_folder / name for name in models.reranker.files]
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
    )
    write_manifest(index, manifest)
    return manifest


def _sync(folder: Path) -> None:
    """Have the bytes of every file on the disk before a manifest names them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _free_folder(builds: Path, build_id: str) -> Path:
    """Return a folder that isn't there yet: a forced build must not touch the one that is served."""
    builds.mkdir(exist_ok=True)
    folder, number = builds / build_id, 1
    while folder.exists():
        number += 1
        folder = builds / f"{build_id}-{number}"
    return folder


def prune(index: Path, manifest: Manifest, previous: Manifest | None) -> None:
    """Delete builds and models that neither the served build nor the one before it needs."""
    manifests = [manifest, *([previous] if previous else [])]
    kept = {each.directory for each in manifests}
    builds = sorted((index / "builds").iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    kept |= {path.name for path in builds if path.name not in kept and len(kept) < _KEPT_BUILDS}
    used = {Path(name).parts[1] for each in manifests for name in each.files if name.startswith("models/")}
    for folder in [*builds, *(index / "models").iterdir()]:
        if folder.name not in kept | used:
            shutil.rmtree(folder, ignore_errors=True)
