"""A corpus to what visitors are answered from: built beside, compared, reviewed, and switched to in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.errors import CorpusError, IndexUnusableError, PublishError
from kbot.evaluation import Question, read_questions
from kbot.ingest.corpus import corpus_hash
from kbot.ingest.publish import adopt, locked, prune
from kbot.publishing.difference import Difference, compare
from kbot.publishing.floors import read_floors
from kbot.publishing.outcomes import Change, Origin, Probe, Remembering, bank_probes, changes
from kbot.publishing.review import Review, review, safety_messages
from kbot.publishing.staging import staged
from kbot.publishing.working_copy import (
    check_unpublished,
    keep_working_copy,
    replace_working_copy,
    same_folder,
    served,
    snapshot_of,
)
from kbot.search.index import open_index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kbot.ingest.progress import Progress
    from kbot.search.index import SearchIndex
    from kbot.search.manifest import Manifest
    from kbot.settings import Settings

GOLDEN = "golden.jsonl"  # of a corpus: questions whose right passages the clinic knows


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff asked for."""

    corpus: Path
    golden: Path | None = None  # None: golden.jsonl of the corpus, or of the one before
    dry_run: bool = False
    force: bool = False  # publish though quality falls; never though safety does
    leave_corpus: bool = False  # leave the corpus folder as it is


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it."""

    build: str  # id of the new build
    before: str  # id of the build that was served; empty where there was none
    switched: bool  # the new build is served now
    unchanged: bool  # it was served already, and nothing was compared
    difference: Difference
    changed: tuple[Change, ...]  # questions that are met differently, the gravest first
    review: Review | None  # None where unchanged
    warnings: tuple[str, ...]  # of the build, and of what could not be compared

    @property
    def refused(self) -> bool:
        """True where it was not published for what the review found."""
        return not self.switched and not self.unchanged and bool(self.review and self.review.refusals)


def publish(settings: Settings, wish: Wish, progress: Progress) -> Published:
    """Publish a corpus into `settings.index`, and make `settings.corpus` what was published.

    Raises:
        CorpusError: with every problem of the corpus; nothing was changed.
        PublishError: the corpus folder has edits that would be lost, or the checks can't be made.
        IndexBusyError: somebody else publishes just now.
    """
    if not wish.corpus.is_dir():
        raise CorpusError([f"{wish.corpus}: no such folder; give the folder with the new corpus"])
    floors, questions, messages = read_floors(wish.corpus), _questions(settings, wish), safety_messages()
    if not wish.leave_corpus:
        check_unpublished(settings, wish.corpus)
    source_hash = corpus_hash(wish.corpus)
    with locked(settings.index):
        before = served(settings.index)
        with staged(settings, wish.corpus, progress) as (beside, report):
            if report.unchanged:
                _follow(settings, wish, report.manifest)
                return Published(
                    report.manifest.build, report.manifest.build, False, True, Difference(), (), None, ()
                )
            index, warnings = open_index(beside), list(report.warnings)
            old = _open_served(settings, before, warnings)
            asks = Remembering(index, beside), Remembering(old, settings) if old else None
            progress.step("Checking safety, golden questions, bank", 3)
            judged = review(index, *asks, messages, questions, floors, said=progress.advance)
            difference = compare(old, index) if old else Difference()
            changed = _changes(*asks, _probes(old, index, questions), difference, progress)
            switch = not wish.dry_run and judged.allows(force=wish.force)
            if corpus_hash(wish.corpus) != source_hash:
                raise PublishError(f"{wish.corpus} was edited while it was checked: publish again")
            if switch:
                _switch(settings, wish, beside)
    was = before.build if before else ""
    build = report.manifest.build
    return Published(build, was, switch, False, difference, tuple(changed), judged, tuple(warnings))


def _questions(settings: Settings, wish: Wish) -> list[Question]:
    candidates = [wish.golden] if wish.golden else [wish.corpus / GOLDEN, settings.corpus / GOLDEN]
    path = next((path for path in candidates if wish.golden or path.is_file()), None)
    return read_questions(path) if path else []


def _open_served(settings: Settings, before: Manifest | None, warnings: list[str]) -> SearchIndex | None:
    if before is None:
        return None
    try:
        return open_index(settings)
    except IndexUnusableError as error:
        warnings.append(f"the served build can't be opened, so nothing is compared with it: {error}")
        return None


def _probes(old: SearchIndex | None, new: SearchIndex, questions: Sequence[Question]) -> list[Probe]:
    golden = [Probe(Origin.GOLDEN, question.id, question.turns) for question in questions]
    return [*golden, *bank_probes(new.topics.topics, old.topics.topics if old else ())]


def _changes(
    new: Remembering, old: Remembering | None, probes: Sequence[Probe], difference: Difference, progress: Progress
) -> list[Change]:
    if old is None:
        return []
    edited = {e.before: e.after for e in difference.passages if e.before is not None and e.after is not None}
    progress.step("Asking both builds the same questions", len(probes))
    return changes(old, new, probes, edited, progress.advance)


def _switch(settings: Settings, wish: Wish, beside: Settings) -> None:
    if not wish.leave_corpus:
        keep_working_copy(settings)
    before = served(settings.index)
    manifest = adopt(settings.index, beside.index)
    _follow(settings, wish, manifest)
    prune(settings.index, manifest, before)


def _follow(settings: Settings, wish: Wish, manifest: Manifest) -> None:
    """Make the corpus folder what is served, unless it is the very folder that was published."""
    if wish.leave_corpus or same_folder(settings.corpus, wish.corpus):
        return
    replace_working_copy(snapshot_of(settings.index, manifest) or wish.corpus, settings.corpus)
