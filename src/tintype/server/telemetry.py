"""Traces and measures by OpenTelemetry, sent to a collector where one is named; nothing is sent otherwise."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from tintype.errors import MissingExtra
from tintype.version import __version__

from .settings import Settings

# What is counted: unit and description; times are histograms, the rest counters.
_KNOWN = {
    "http.server.request.duration": ("s", "Duration of HTTP server requests."),
    "tintype.colour.duration": ("s", "Time to colour a picture."),
    "tintype.uploads": ("{file}", "Files sent."),
    "tintype.jobs": ("{job}", "Jobs ended."),
}


class Span(Protocol):
    """What can be told of a piece of work while it is done."""

    def set_attribute(self, key: str, value: Any) -> None: ...

    def update_name(self, name: str) -> None: ...


class _NoSpan:
    def set_attribute(self, key: str, value: Any) -> None:
        pass

    def update_name(self, name: str) -> None:
        pass


NO_SPAN: Span = _NoSpan()


class Telemetry:
    """One process's way to a collector, by OTLP over HTTP. The SDK's own OTEL_* variables add names and headers.

    Raises:
        MissingExtra: the packages are not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            from opentelemetry import propagate
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.metrics import Observation
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
            from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace import SpanKind
        except ModuleNotFoundError as error:
            raise MissingExtra("OpenTelemetry needs packages: pip install 'tintype[otel]'") from error
        self._extract, self._observation, self._server = propagate.extract, Observation, SpanKind.SERVER
        resource = Resource({SERVICE_NAME: "tintype", SERVICE_VERSION: __version__}).merge(
            OTELResourceDetector().detect()
        )
        base = url.rstrip("/")
        self._traces = TracerProvider(resource=resource)
        self._traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{base}/v1/traces")))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/v1/metrics"))
        self._measures = MeterProvider([reader], resource=resource)
        self._tracer = self._traces.get_tracer("tintype", __version__)
        self._meter = self._measures.get_meter("tintype", __version__)
        self._instruments: dict[str, Callable[..., None]] = {}
        for name, (unit, what) in _KNOWN.items():
            if unit == "s":
                self._instruments[name] = self._meter.create_histogram(name, unit, what).record
            else:
                self._instruments[name] = self._meter.create_counter(name, unit, what).add

    @classmethod
    def start(cls, settings: Settings) -> "Telemetry | None":
        """What the settings ask for: None if they name no collector."""
        return cls(settings.otlp_url) if settings.otlp_url else None

    @contextlib.contextmanager
    def span(self, name: str, carrier: Mapping[str, str] | None) -> Iterator[Span]:
        """A piece of work; part of the trace that ``carrier`` (a request's headers) names, if it names one."""
        context = None if carrier is None else self._extract(carrier)
        kind: dict[str, Any] = {} if carrier is None else {"kind": self._server}
        with self._tracer.start_as_current_span(name, context, **kind) as span:
            yield span

    def count(self, name: str, value: float, about: Mapping[str, str | int]) -> None:
        """Add to a counter, or a time in seconds to a histogram."""
        self._instruments[name](value, dict(about))

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """A gauge that is read whenever measures are sent."""
        self._meter.create_observable_gauge(name, [lambda _: [self._observation(value())]], description=what)

    def close(self) -> None:
        """Send what has not been sent yet; a collector that is away is not waited for long."""
        self._traces.shutdown()
        with contextlib.suppress(Exception):  # the SDK raises what its exporter raised
            self._measures.shutdown(timeout_millis=5000)
