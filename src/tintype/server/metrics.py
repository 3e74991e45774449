"""What Prometheus reads at /metrics; each app has a registry of its own."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters of this process."""

    def __init__(self) -> None:
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

    def coloured(self, model: str, seconds: float, pixels: int) -> None:
        self._coloured.labels(model).observe(seconds)
        self._pixels.inc(pixels)

    def uploaded(self, outcome: str) -> None:
        self._uploads.labels(outcome).inc()

    def job_ended(self, kind: str, state: str) -> None:
        self._jobs.labels(kind, state).inc()

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """A gauge that is read when somebody asks."""
        Gauge(name, what, registry=self.registry).set_function(value)

    def page(self) -> bytes:
        return generate_latest(self.registry)
