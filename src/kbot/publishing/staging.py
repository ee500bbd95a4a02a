"""A corpus built beside the live index: in a folder of its own on the same disk, with what is unchanged shared."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import IndexUnusableError
from kbot.ingest.build import BuildReport, build
from kbot.ingest.publish import snapshot_corpus
from kbot.search.manifest import read_manifest, write_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbot.ingest.progress import Progress
    from kbot.settings import Settings

_PREFIX = ".publish-"


@contextlib.contextmanager
def staged(settings: Settings, corpus: Path, progress: Progress) -> Iterator[tuple[Settings, BuildReport]]:
    """Build a corpus into an index of its own and yield the settings that open it; it is gone afterwards.

    Call it with the live index `locked`: what a killed publish left behind is removed first.

    Raises:
        CorpusError: with every problem of the corpus, quotes that no longer stand in it among them.
    """
    for rest in settings.index.glob(f"{_PREFIX}*"):
        shutil.rmtree(rest, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=settings.index, prefix=_PREFIX))
    try:
        _share(settings.index, folder)
        beside = dataclasses.replace(settings, corpus=corpus, index=folder)
        report = build(beside, progress=progress)
        if not report.unchanged:
            snapshot_corpus(corpus, folder)
        yield beside, report
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _share(index: Path, folder: Path) -> None:
    """Show a new index the models and the served build of the live one, so that neither is made again.

    Each is a link of its own: what the build removes in its folder is then the link, never what it leads to.
    """
    (folder / "models").mkdir()
    (folder / "builds").mkdir()
    shared = [path for path in (index / "models").glob("*") if path.is_dir() and not path.name.startswith(".")]
    with contextlib.suppress(IndexUnusableError):
        manifest = read_manifest(index)
        write_manifest(folder, manifest)
        shared.append(manifest.folder(index))
    for path in shared:
        (folder / path.parent.name / path.name).symlink_to(path.resolve(), target_is_directory=True)
