"""Counters for Prometheus. No label or value comes from what a visitor typed, and every label has few values."""

from __future__ import annotations

import ipaddress
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from kbot.records import Fallback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from kbot.answering.notes import StepTime
    from kbot.journal.recorder import RecorderState
    from kbot.records import Asked
    from kbot.service import Service
    from kbot.web.line import Line

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# A request that came through a proxy comes from this machine as well: these headers tell it apart.
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


class Metrics:
    """What one process counts. It outlives the apps of single builds."""

    def __init__(self, line: Line) -> None:
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "kbot_questions",
            "Questions answered, by what was given and whether it came from memory",
            ("channel", "outcome", "reason", "cached"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "kbot_question_seconds",
            "From the question to the answer, waiting included",
            ("cached",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._steps = Histogram(
            "kbot_step_seconds", "Steps of answering", ("step",), buckets=_SECONDS, registry=self.registry
        )
        self._waited = Histogram(
            "kbot_wait_seconds", "Waiting for a free worker", buckets=_SECONDS, registry=self.registry
        )
        self._refused = Counter(
            "kbot_refused", "Questions refused with people to turn to", ("channel", "why"), registry=self.registry
        )
        self._requests = Counter(
            "kbot_http_requests", "Requests by route", ("route", "status"), registry=self.registry
        )
        ProcessCollector(registry=self.registry)
        self._state = _State(line)
        self.registry.register(self._state)

    def serve(self, service: Service) -> None:
        """Tell of this service's build, cache and journal from now on."""
        self._state.service = service
        service.watch = self.steps

    def answered(self, asked: Asked, channel: str, seconds: float, *, cached: bool) -> None:
        """Count an answer."""
        answer = asked.answer
        outcome = answer.outcome.value if isinstance(answer, Fallback) else "answer"
        reason = answer.reason.value if isinstance(answer, Fallback) and answer.reason else ""
        said = "yes" if cached else "no"
        self._questions.labels(channel, outcome, reason, said).inc()
        self._seconds.labels(said).observe(seconds)

    def steps(self, times: Sequence[StepTime]) -> None:
        """Note how long the steps of one question took."""
        for step in times:
            self._steps.labels(step.name).observe(step.ms / 1000)

    def waited(self, seconds: float) -> None:
        """Note how long a question stood in line."""
        self._waited.observe(seconds)

    def refused(self, channel: str, why: str) -> None:
        """Count a question that was refused: "busy", "rate" or "failed"."""
        self._refused.labels(channel, why).inc()

    def requested(self, route: str, status: int) -> None:
        """Count a request."""
        self._requests.labels(route, str(status)).inc()


class _State(Collector):
    """What is read when it is asked for."""

    def __init__(self, line: Line) -> None:
        self.service: Service | None = None
        self._line = line

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        yield _gauge("kbot_waiting", "Questions that wait for a free worker", self._line.waiting)
        service = self.service
        if service is None:
            return
        build = {"version": version("kbot"), "build": service.build}
        yield InfoMetricFamily("kbot_build", "What is served", build)
        yield _gauge("kbot_degraded", "1 while another build than the last is served, or none", bool(service.trouble))
        if service.cache is not None:
            cache = service.cache.state
            yield _gauge("kbot_cache_entries", "Answers in memory", cache.entries)
            yield _gauge("kbot_cache_bytes", "Bytes of answers in memory, estimated from above", cache.size)
            yield _gauge("kbot_cache_capacity_bytes", "The most that is kept", cache.capacity)
        if (journal := service.journal_state) is not None:
            yield from _journal(journal)


def _journal(state: RecorderState) -> Iterator[Metric]:
    yield _counter("kbot_journal_written", "Questions and counts written down", state.written)
    yield _counter("kbot_journal_lost", "Questions and counts that will never be written", state.lost)
    yield _gauge("kbot_journal_waiting", "Questions and counts not written yet", state.waiting)
    yield _gauge("kbot_journal_failing", "1 while writing fails", state.failing is not None)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value)


def metrics_router(metrics: Metrics, *, who: str) -> APIRouter:
    """Return the route; `who` may read it: "off", "local" or "on" (`KBOT_METRICS`)."""
    router = APIRouter(include_in_schema=False)
    allowed: Callable[[Request], bool] = {"on": lambda _: True, "local": is_local}.get(who, lambda _: False)

    @router.get("/metrics")
    def show(request: Request) -> Response:
        if not allowed(request):
            return JSONResponse({"error": "there is nothing at this address"}, status_code=404)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router


def is_local(request: Request) -> bool:
    """Return True for a request of a program on this machine, False for one that a proxy passes on."""
    if any(name in request.headers for name in _OF_PROXIES) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
