"""Metrics for Prometheus: requests, events, jobs and what was spent."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from tools.engine.records import Event
from tools.workbench import Workbench

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The counts of one service, in a registry of its own."""

    def __init__(self, bench: Workbench) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Stored(bench))
        self._requests = Counter(
            "laud_http_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "laud_http_request_seconds",
            "Seconds until a request was answered; streams of events left out",
            ["method", "route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=self._registry,
        )
        self._events = Counter("laud_events", "Events since the start", ["kind"], registry=self._registry)

    def count_request(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count a request; `seconds` is None for a stream."""
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)

    def count_event(self, event: Event) -> None:
        """Count something that happened."""
        self._events.labels(event.kind).inc()

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class _Stored(Collector):
    """What is read from the workspace when it is asked for."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead: the registry would otherwise collect once to learn the names."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The gauges."""
        jobs = GaugeMetricFamily("laud_jobs", "Jobs that run and that wait", labels=["status"])
        for status in ("running", "queued"):
            jobs.add_metric([status], len(self._bench.jobs.list(status)))
        yield jobs
        dollars = GaugeMetricFamily("laud_spent_dollars", "Dollars paid for answers, by task", labels=["task"])
        labels = GaugeMetricFamily("laud_labels", "Texts with an answer that holds, by task", labels=["task"])
        for task in self._bench.tasks.names():
            dollars.add_metric([task], self._bench.labels.spent(task) + self._bench.opinions.spent(task))
            labels.add_metric([task], len(self._bench.labels.current(task)))
        yield dollars
        yield labels
