"""Back to the build before, and forward again; what is gone to is verified first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.errors import PublishError
from kbot.ingest.publish import locked
from kbot.publishing.working_copy import (
    in_step,
    keep_working_copy,
    replace_working_copy,
    served,
    snapshot_of,
)
from kbot.search.index import open_build
from kbot.search.manifest import Manifest, kept_builds, read_kept, read_manifest, write_manifest

if TYPE_CHECKING:
    from kbot.settings import Settings


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What came of it."""

    build: str  # id of the build that is served now
    directory: str
    left: str  # id of the build that was left
    corpus: str  # what became of the corpus folder, for staff


def rollback(settings: Settings, *, forward: bool = False, to: str | None = None) -> RolledBack:
    """Serve the build before the one that is served, the one after it, or the one that is named by its id or folder.

    The corpus folder goes with it, where the build holds its corpus and nothing in the folder would be lost.

    Raises:
        PublishError: there is no such build.
        IndexUnusableError: it is not as it was built, or another kbot built it; what is served stays.
    """
    with locked(settings.index):
        leaving = read_manifest(settings.index)
        target = _target(settings, leaving, forward=forward, to=to)
        open_build(settings, target)
        keep_working_copy(settings)
        leaving = read_manifest(settings.index)
        follows = in_step(settings.corpus, leaving) and snapshot_of(settings.index, leaving) is not None
        write_manifest(settings.index, target)
        snapshot = snapshot_of(settings.index, target)
        if in_step(settings.corpus, target):
            corpus = f"{settings.corpus} is what this build was made from"
        elif follows and snapshot is not None:
            replace_working_copy(snapshot, settings.corpus)
            corpus = f"{settings.corpus} is what this build was made from"
        else:
            why = "this build holds no copy of its corpus" if snapshot is None else "it has edits of its own"
            corpus = f"{settings.corpus} is left as it is ({why}): the next `kbot build` builds from it"
    return RolledBack(target.build, target.directory, leaving.build, corpus)


def builds(settings: Settings) -> list[tuple[Manifest, bool]]:
    """Return the builds that are kept, the newest first, each with whether it is the one that is served."""
    now = served(settings.index)
    kept = kept_builds(settings.index)
    if now is not None and now.directory not in {manifest.directory for manifest in kept}:
        kept.insert(0, now)
    return [(manifest, now is not None and manifest.directory == now.directory) for manifest in kept]


def _target(settings: Settings, leaving: Manifest, *, forward: bool, to: str | None) -> Manifest:
    index = settings.index
    if to is not None:
        found = [manifest for manifest in kept_builds(index) if to in {manifest.build, manifest.directory}]
        missing = f"{index} keeps no build {to}: `kbot rollback --list` names those that it keeps"
    elif forward:
        found = [manifest for manifest in kept_builds(index) if manifest.before == leaving.directory]
        missing = f"{index} keeps no build that came after {leaving.build}"
    else:
        found = [read_kept(index, leaving.before)] if leaving.before else []
        missing = f"{index} keeps no build from before {leaving.build}"
    if not found:
        raise PublishError(missing)
    if found[0].directory == leaving.directory:
        raise PublishError(f"build {leaving.build} is the one that is served")
    return found[0]
