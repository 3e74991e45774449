"""What Prometheus reads at /metrics; each app has a registry of its own."""

import contextlib
import statistics
import threading
from collections import deque
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .telemetry import NO_SPAN, Span, Telemetry

_RECENT = 50  # pictures that a model's pace is the median of
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters of this process."""

    def __init__(self, telemetry: Telemetry | None = None) -> None:
        self._telemetry = telemetry
        self._lock = threading.Lock()
        self._paces: dict[str, deque[float]] = {}
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "tintype_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._latency = Histogram(
            "tintype_request_seconds", "Seconds to an answer's first byte.", ["route"], buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._coloured = Histogram(
            "tintype_colour_seconds",
            "Seconds to colour a picture.",
            ["model"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._pixels = Counter("tintype_coloured_pixels", "Pixels coloured.", registry=self.registry)
        self._uploads = Counter("tintype_uploads", "Files sent.", ["outcome"], registry=self.registry)
        self._jobs = Counter("tintype_jobs", "Jobs ended.", ["kind", "state"], registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(route).observe(seconds)
        about: dict[str, str | int] = {
            "http.request.method": method, "http.route": route, "http.response.status_code": status,
        }  # fmt: skip
        self._also("http.server.request.duration", seconds, **about)

    def coloured(self, model: str, seconds: float, pixels: int) -> None:
        self._coloured.labels(model).observe(seconds)
        self._pixels.inc(pixels)
        with self._lock:
            self._paces.setdefault(model, deque(maxlen=_RECENT)).append(seconds)
        self._also("tintype.colour.duration", seconds, model=model)

    def pace(self, model: str) -> float | None:
        """Median seconds of the pictures that a model coloured here last; None if it coloured none yet."""
        with self._lock:
            recent = list(self._paces.get(model, ()))
        return statistics.median(recent) if recent else None

    def uploaded(self, outcome: str) -> None:
        self._uploads.labels(outcome).inc()
        self._also("tintype.uploads", 1, outcome=outcome)

    def job_ended(self, kind: str, state: str) -> None:
        self._jobs.labels(kind, state).inc()
        self._also("tintype.jobs", 1, kind=kind, state=state)

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """A gauge that is read when somebody asks."""
        Gauge(name, what, registry=self.registry).set_function(value)
        if self._telemetry is not None:
            self._telemetry.watch(name, what, value)

    def span(self, name: str, carrier: Mapping[str, str] | None = None) -> contextlib.AbstractContextManager[Span]:
        """A piece of work that a trace shows, if traces are kept; ``carrier`` holds the trace that it belongs to."""
        return contextlib.nullcontext(NO_SPAN) if self._telemetry is None else self._telemetry.span(name, carrier)

    def _also(self, name: str, value: float, **about: str | int) -> None:
        if self._telemetry is not None:
            self._telemetry.count(name, value, about)

    def close(self) -> None:
        """Send what has not been sent yet."""
        if self._telemetry is not None:
            self._telemetry.close()

    def page(self) -> bytes:
        return generate_latest(self.registry)
