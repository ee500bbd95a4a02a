"""Kills kbot at every step that changes a file, and looks at what is left. Run by the tests in a process of its own.

Each scenario is run again and again in a forked child that kills itself (SIGKILL, no handler, no clean-up) at its
first, second, third, ... change of a file below a folder: opening for writing, renaming, deleting, making a folder,
fsync. Nothing here has threads before it forks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from kbot.cli import main
from kbot.errors import KbotError
from kbot.ingest.publish import locked
from kbot.journal.database import connect, locate, writing
from kbot.journal.entries import JournalEntry
from kbot.journal.schema import STEPS, migrate
from kbot.journal.store import Journal
from kbot.publishing import publish as publishing
from kbot.publishing import rollback as rolling
from kbot.publishing.publish import Wish
from kbot.records import Outcome
from kbot.search.manifest import Manifest, read_kept, read_manifest, verify_files, write_manifest
from kbot.search.models import file_sha256
from kbot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.symlink", "os.truncate"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_NOBODY = 65534


class Killer:
    """Kills this process at its n-th change of a file below a folder."""

    def __init__(self) -> None:
        self.root, self.at, self.count = "", 0, 0
        sys.addaudithook(self._hear)
        fsync = os.fsync

        def counted(handle: int) -> None:
            self._step()
            fsync(handle)
            self._step()

        vars(os)["fsync"] = counted

    def arm(self, root: Path, at: int) -> None:
        self.root, self.at, self.count = str(root), at, 0

    def _hear(self, name: str, values: tuple[Any, ...]) -> None:
        if not self.at:
            return
        writes = name == "open" and isinstance(values[2], int) and values[2] & _WRITES
        if (writes or name in _CHANGES) and str(values[0]).startswith(self.root):
            self._step()

    def _step(self) -> None:
        if not self.at:
            return
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def forked(run: Callable[[], object]) -> int:
    """Run something in a child; return its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = int(str(run() or 0))
        except BaseException as error:  # noqa: BLE001  a child ends here, whatever happened
            print(repr(error), file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_everywhere(
    killer: Killer, template: Path, run: Callable[[Path], object], check: Callable[[Path], str], stride: int = 1
) -> dict[str, int]:
    """Run it on a fresh copy of the template for every point of death; return how often each state was found."""
    found: dict[str, int] = {}
    at = 1
    while True:
        place = template.with_name("place")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(template, place, symlinks=True)

        def die(place: Path = place, at: int = at) -> object:
            killer.arm(place, at)
            return run(place)

        code = forked(die)
        state = check(place)
        if code == 0:
            found["points"] = at // stride
            assert state == "new", state
            return found
        assert code == -signal.SIGKILL, code
        found[state] = found.get(state, 0) + 1
        at += stride


# A build of a few bytes: what switches builds only moves, hashes and renames, it opens none.
def tiny_build(index: Path, name: str, before: str = "", corpus_hash: str = "") -> Manifest:
    folder = index / "builds" / name
    (folder / "keywords").mkdir(parents=True)
    (folder / "documents.json").write_text(f"the documents of {name}", encoding="utf-8")
    (folder / "keywords" / "ids.json").write_text(f"the words of {name}", encoding="utf-8")
    model = index / "models" / "encoder-1"
    model.mkdir(parents=True, exist_ok=True)
    (model / "model.onnx").write_text("a model", encoding="utf-8")
    paths = [folder / "documents.json", folder / "keywords" / "ids.json", model / "model.onnx"]
    files = {path.relative_to(index).as_posix(): file_sha256(path) for path in paths}
    made_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    manifest = Manifest(name, name, corpus_hash, "e", "e", "r", "r", 3, {}, files, made_at, before=before)
    write_manifest(index, manifest)
    return manifest


def tiny_corpus(folder: Path, text: str) -> str:
    from kbot.ingest.corpus import corpus_hash

    (folder / "questions").mkdir(parents=True)
    (folder / "clinic.toml").write_text(f"# {text}", encoding="utf-8")
    (folder / "page.md").write_text(f"---\ntitle: Page\n---\n{text}\n", encoding="utf-8")
    (folder / "questions" / "bank.yaml").write_text(f"# {text}", encoding="utf-8")
    return corpus_hash(folder)


def served(index: Path, builds: dict[str, str]) -> str:
    """Return which build is served, by its name in `builds`, after seeing that it is whole."""
    manifest = read_manifest(index)
    verify_files(index, manifest)
    name = next(state for prefix, state in builds.items() if manifest.directory.startswith(prefix))
    assert (manifest.folder(index) / "documents.json").read_text(encoding="utf-8").startswith("the documents of")
    return name


def publish_scenario(killer: Killer, folder: Path) -> dict[str, int]:
    """`kbot publish`, from the finished build beside the index to the corpus folder."""
    template = folder / "template"
    old_hash = tiny_corpus(template / "corpus", "old")
    new_hash = tiny_corpus(template / "new", "new")
    tiny_build(template / "index", "old", corpus_hash=old_hash)
    tiny_build(template / "index" / ".publish-1", "new", corpus_hash=new_hash)

    def run(place: Path) -> None:
        settings = Settings(corpus=place / "corpus", index=place / "index")
        beside = dataclasses.replace(settings, corpus=place / "new", index=place / "index" / ".publish-1")
        with locked(settings.index):
            publishing._switch(settings, Wish(place / "new"), beside)  # noqa: SLF001  the part that must be atomic

    def check(place: Path) -> str:
        for path in (place / "corpus").rglob("*.*"):  # each file is the old or the new one, never a part of one
            if not path.name.startswith("."):
                assert path.read_bytes() in {
                    (template / side / path.relative_to(place / "corpus")).read_bytes() for side in ("corpus", "new")
                }, path
        return served(place / "index", {"old": "old", "new": "new"})

    return kill_everywhere(killer, template, run, check)


def rollback_scenario(killer: Killer, folder: Path) -> dict[str, int]:
    """`kbot rollback`."""
    template = folder / "template"
    new_hash = tiny_corpus(template / "corpus", "new")
    from kbot.search.manifest import keep_manifest

    for name, before in (("first", ""), ("second", "first")):
        corpus_hash = new_hash if name == "second" else ""
        keep_manifest(template / "index", tiny_build(template / "index", name, before, corpus_hash))
    vars(rolling)["open_build"] = lambda settings, manifest: verify_files(settings.index, manifest)

    def run(place: Path) -> None:
        rolling.rollback(Settings(corpus=place / "corpus", index=place / "index"))

    def check(place: Path) -> str:
        read_kept(place / "index", "first")
        return served(place / "index", {"second": "old", "first": "new"})

    return kill_everywhere(killer, template, run, check)


def build_scenario(killer: Killer, folder: Path) -> dict[str, int]:
    """`kbot build`, from the corpus on; every seventh change of a file, or as KBOT_KILLS_STRIDE says."""
    template = folder / "template"  # the test put a corpus and a build of it there, and edited the corpus since
    old = read_manifest(template / "index").directory
    _quick_builds(folder)

    def run(place: Path) -> int:
        return main(["build", "--corpus", str(place / "corpus"), "--index", str(place / "index")])

    def check(place: Path) -> str:
        manifest = read_manifest(place / "index")
        verify_files(place / "index", manifest)
        return "old" if manifest.directory == old else "new"

    return kill_everywhere(killer, template, run, check, stride=int(os.environ.get("KBOT_KILLS_STRIDE", "7")))


def _quick_builds(folder: Path) -> None:
    """Build without PyTorch, as the fixture `small_clinic` does."""
    from kbot.ingest import questions as bank
    from kbot.search import export
    from kbot.search.encoder import HashEncoder

    background = folder / "background.yaml"
    background.write_text("- topic: weather\n  kind: off_topic\n  ask: [Will it rain?]\n", encoding="utf-8")
    vars(export)["SentenceTransformerEncoder"] = lambda _: HashEncoder(384)
    vars(bank)["_background"] = lambda: background


def entry(number: int) -> JournalEntry:
    now = datetime.datetime.now(datetime.UTC)
    return JournalEntry(0, now, "chat", f"question {number}", Outcome.ANSWER, None, (), (), 0.5, "b", 1.0)


def journal_scenario(_killer: Killer, folder: Path) -> dict[str, int]:
    """Entries written one after the other by a process that is killed while it writes, 150 times over."""
    journal = str(folder / "journal.db")
    acknowledged: list[int] = []
    for kill in range(150):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            opened = Journal.open(journal)
            for number in range(kill * 1000, kill * 1000 + 1000):
                opened.add(entry(number), f"ticket {number}")
                os.write(writer, f"{number}\n".encode())
            os._exit(1)
        os.close(writer)
        with os.fdopen(reader, "rb") as lines:
            for _ in range(1 + kill % 7):
                acknowledged.append(int(lines.readline()))
            os.kill(child, signal.SIGKILL)
            acknowledged += [int(line) for line in lines if line.endswith(b"\n")]
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    kept = {each.question for each in _all(journal)}
    lost = [number for number in acknowledged if f"question {number}" not in kept]
    return {"points": 150, "acknowledged": len(acknowledged), "lost": len(lost)}


def _all(journal: str) -> list[JournalEntry]:
    now = datetime.datetime.now(datetime.UTC)
    opened = Journal.open(journal)
    with contextlib.closing(opened):
        return list(opened.entries(now - datetime.timedelta(days=1), now + datetime.timedelta(days=1)))


def migration_scenario(_killer: Killer, folder: Path) -> dict[str, int]:
    """An old journal brought up to date by a process that is killed before and after each statement."""
    url = locate(str(folder / "journal.db"))
    assert url is not None
    points = 0
    while True:
        for path in folder.glob("journal.db*"):
            path.unlink()
        forked(lambda: _old_journal(url))

        def die(at: int = points + 1) -> int:
            engine = connect(url)
            count = 0

            def step(*_: object) -> None:
                nonlocal count
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(engine, "before_cursor_execute", step)
            event.listen(engine, "after_cursor_execute", step)
            event.listen(engine, "commit", step)
            with writing(engine).begin() as connection:
                migrate(connection, "the journal")
            return 0

        code = forked(die)
        assert [each.question for each in _all(str(folder / "journal.db"))] == ["question 1", "question 2"]
        if code == 0:
            return {"points": points}
        assert code == -signal.SIGKILL
        points += 1


def _old_journal(url: Any) -> int:
    engine = connect(url)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    with writing(engine).begin() as connection:
        migrate(connection, "the journal", STEPS[:1])
        for number in (1, 2):
            connection.exec_driver_sql(
                "INSERT INTO entries (time, channel, question, outcome) VALUES (?, 'chat', ?, 'answer')",
                (now, f"question {number}"),
            )
    engine.dispose()
    return 0


def full_scenario(_killer: Killer, folder: Path) -> dict[str, int]:
    """`kbot build` and the switch of `kbot publish` where no file may grow beyond some size: a full disk."""
    template = folder / "template"
    old = read_manifest(template / "index").directory
    _quick_builds(folder)
    found: dict[str, int] = {}
    for limit in (0, 100, 3_000, 30_000, 100_000_000):
        place = folder / "place"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(template, place, symlinks=True)

        def build(place: Path = place, limit: int = limit) -> int:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            return main(["build", "--corpus", str(place / "corpus"), "--index", str(place / "index")])

        code = forked(build)
        manifest = read_manifest(place / "index")
        verify_files(place / "index", manifest)
        state = f"{'failed' if code else 'done'}, {'old' if manifest.directory == old else 'new'}"
        found[state] = found.get(state, 0) + 1
    return found


def read_only_scenario(_killer: Killer, folder: Path) -> dict[str, int]:
    """`kbot build` and `kbot ask` by somebody who may read the index and not write it."""
    place, warm = folder / "template", folder / "warm"
    shutil.copytree(place, warm, symlinks=True)
    _quick_builds(folder)

    def as_nobody(command: list[str], where: Callable[[Path], list[str]]) -> int:
        main([*command, *where(warm)])  # what is imported late may lie where nobody can read
        if os.geteuid() == 0:
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
        return main([*command, *where(place)])

    def index(place: Path) -> list[str]:
        return ["--index", str(place / "index")]

    def both(place: Path) -> list[str]:
        return ["--corpus", str(place / "corpus"), *index(place)]

    built = forked(lambda: as_nobody(["build"], both))
    asked = forked(lambda: as_nobody(["ask", "How much is a massage?"], index))
    return {"build": built, "ask": asked}


SCENARIOS = {
    "publish": publish_scenario,
    "rollback": rollback_scenario,
    "build": build_scenario,
    "journal": journal_scenario,
    "migration": migration_scenario,
    "full": full_scenario,
    "read-only": read_only_scenario,
}


if __name__ == "__main__":
    name, where = sys.argv[1:]
    place = Path(where) if where != "-" else Path(tempfile.mkdtemp())
    try:
        result = SCENARIOS[name](Killer(), place)
    except KbotError as error:
        sys.exit(f"what was left can't be read: {error}")
    print("RESULT " + json.dumps(result))
