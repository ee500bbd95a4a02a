"""The rounds: every system in turn, so that a machine that slows down slows everybody down."""

from __future__ import annotations

import dataclasses
import os
import resource
import shutil
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.machine import describe
from bench.peers.figures import in_turn, share_of_others
from bench.peers.load import put_under_load
from bench.peers.parts import Part, Plan
from bench.peers.process import ask, build, busy_s, index_mib, memory_mib, serving
from bench.peers.texts import as_lines, make_passages, rank_of_gold, spread_out
from kbot.evaluation import quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.peers.systems import System
    from bench.peers.texts import Material

_TRIED = 60  # questions with which a peer's number of threads is chosen
_WARM = 8  # first answers of a session that are not counted in its times: nobody is warm yet


class Benchmark:
    """One run over all systems."""

    def __init__(self, systems: Sequence[System], material: Material, plan: Plan, work: Path, model: str) -> None:
        """`work` is a folder for indexes; `model` the folder of the sentence-transformers model."""
        self._systems, self._material, self._plan = list(systems), material, plan
        self._work, self._model = work, model
        self._asked = spread_out(material.questions, plan.questions)
        self._threads: dict[str, int] = {}
        self._prepared = False

    def measure(self, name: str) -> Part:
        """Measure one part of `PARTS`."""
        steps = {"questions": self._questions, "load": self._load, "build": self._small, "large": self._large}
        if name in ("questions", "load") and not self._prepared:
            self._prepare()
        date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        part = Part(date, describe(), self._plan, len(self._material.passages), threads=self._threads)
        started = time.perf_counter()
        for number in range(1 if name == "large" else self._plan.rounds):
            self._round(name, number, steps[name], part)
        part.minutes = (time.perf_counter() - started) / 60
        return part

    def _prepare(self) -> None:
        """Make every system's index of the corpus, and find the number of threads that suits each peer."""
        for system in self._systems:
            if system.takes_passages:
                _say(f"index of the corpus: {system.name}")
                self._build(system, self._folder(system), self._material.passages)
        self._systems = [self._at_its_best(system) for system in self._systems]
        self._prepared = True

    def _at_its_best(self, system: System) -> System:
        """Return a peer with the number of threads with which it answers one question soonest."""
        if not system.is_peer:
            return system
        medians = {}
        questions = [question.turns[0] for question in self._asked[:_TRIED]]
        for threads in range(1, (os.cpu_count() or 1) + 1):
            _say(f"threads, {threads}: {system.name}")
            tried = dataclasses.replace(system, threads=threads)
            session = ask(tried, self._folder(system), self._model, questions)
            medians[threads] = quantile(session.ms[_WARM:], 0.5)
        best = min(medians, key=lambda threads: medians[threads])
        self._threads[system.name] = best
        return dataclasses.replace(system, threads=best)

    def _round(self, name: str, number: int, step: Callable[[System, Part], None], part: Part) -> None:
        before, started = (busy_s(), _own_s()), time.perf_counter()
        part.load_averages.append(os.getloadavg()[0])
        for system in in_turn(self._systems, number):
            _say(f"{name}, round {number + 1}: {system.name}")
            step(system, part)
        busy, own = busy_s() - before[0], _own_s() - before[1]
        elapsed = time.perf_counter() - started
        part.others.append(share_of_others(busy_s=busy, own_s=own, cores=os.cpu_count() or 1, elapsed_s=elapsed))

    def _folder(self, system: System) -> Path:
        return system.index or self._work / system.driver

    def _build(self, system: System, folder: Path, passages: dict[str, str]) -> tuple[float, float]:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return build(system, folder, self._model, as_lines(passages))

    def _questions(self, system: System, part: Part) -> None:
        session = ask(system, self._folder(system), self._model, [q.turns[0] for q in self._asked])
        warm = session.ms[_WARM:]
        part.add(
            system.name,
            cold_s=session.cold_s,
            cold_cpu_s=session.cold_cpu_s,
            resident_mib=session.resident_mib,
            peak_mib=session.peak_mib,
            index_mib=index_mib(system.build or self._folder(system)),
            p50_ms=quantile(warm, 0.5),
            p95_ms=quantile(warm, 0.95),
            p99_ms=quantile(warm, 0.99),
            cpu_p50_ms=quantile(session.cpu_ms[_WARM:], 0.5),
        )
        ranks = [
            rank_of_gold(question, ids, self._material.own)
            for question, ids in zip(self._asked, session.ids, strict=True)
            if question.kind == "answerable"
        ]
        right = sum(rank == 1 for rank in ranks), sum(rank is not None for rank in ranks), len(ranks)
        part.hits[system.name] = right

    def _load(self, system: System, part: Part) -> None:
        bodies = [system.body(question.turns[0]) for question in self._asked]
        with serving(system, self._folder(system), self._model) as (port, pid):
            put_under_load(port, system.path, bodies, callers=2, seconds=1.0)
            for callers in self._plan.callers:
                load = put_under_load(port, system.path, bodies, callers=callers, seconds=self._plan.load_s)
                figures = {
                    f"a_second_{callers}": load.a_second,
                    f"load_p50_ms_{callers}": quantile(load.ms, 0.5),
                    f"load_p95_ms_{callers}": quantile(load.ms, 0.95),
                    f"errors_{callers}": float(load.errors),
                }
                part.add(system.name, **figures)
            part.add(system.name, serving_mib=memory_mib(pid)[0])

    def _small(self, system: System, part: Part) -> None:
        if not system.takes_passages:
            return
        passages = dict(list(self._material.passages.items())[: self._plan.small])
        whole, work = self._build(system, self._work / f"{system.driver}-small", passages)
        part.add(system.name, small_build_s=whole, small_build_work_s=work)

    def _large(self, system: System, part: Part) -> None:
        if not system.takes_passages:
            return
        folder = self._work / f"{system.driver}-large"
        whole, work = self._build(system, folder, make_passages(self._material.sentences, self._plan.large))
        session = ask(system, folder, self._model, [q.turns[0] for q in self._asked])
        part.add(
            system.name,
            large_build_s=whole,
            large_build_work_s=work,
            large_index_mib=index_mib(folder),
            large_cold_s=session.cold_s,
            large_resident_mib=session.resident_mib,
            large_p50_ms=quantile(session.ms[_WARM:], 0.5),
        )
        shutil.rmtree(folder, ignore_errors=True)


def _own_s() -> float:
    """Return the processor seconds of this process and of those that it started and that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
