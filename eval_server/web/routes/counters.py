"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from eval_server.store.store import Store

STATUSES = ("received", "checking", "scored", "refused", "failed")


class Counters:
    """Requests of this process, and submissions by status as the store has them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self._requests = Counter("harness_requests", "Requests answered", labels, registry=self._registry)
        self._seconds = Histogram(
            "harness_request_seconds", "Time to answer a request", ("route",), registry=self._registry
        )
        self._submissions = Gauge(
            "harness_submissions", "Submissions by status", ("status",), registry=self._registry
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        known = method if method in ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS") else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, store: Store) -> bytes:
        counts = store.submissions.by_status()
        for status in STATUSES:
            self._submissions.labels(status).set(counts.get(status, 0))
        return generate_latest(self._registry)
