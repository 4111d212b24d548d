"""The way of a record, as OpenTelemetry spans: ingress, operator, publish, gateway, delivery.

The context travels in the header ``traceparent`` of messages (W3C Trace Context). A part that finds none there decides by itself
whether to sample. Off by default: ``active`` is None then, which is all that a record's way looks at.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any, Final
from urllib.parse import urlsplit

from streaming.errors import BadInput, Unavailable

HEADER: Final = "traceparent"
#: part of the records that are followed
SAMPLE: Final = 0.01
_PARENT: Final = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\Z")

Carrier = Iterable[tuple[str, bytes | None]] | None


class Span:
    """One part of the way, from when it is made until ``end``."""

    __slots__ = ("_span", "headers")

    def __init__(self, span: Any) -> None:
        self._span = span
        context = span.get_span_context()
        text = f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
        #: for a message that the next part of the way reads
        self.headers: tuple[tuple[str, bytes], ...] = ((HEADER, text.encode()),)

    def end(self, **attributes: str | int | float) -> None:
        """It is over; ``attributes`` are what is known of it only now."""
        for name, value in attributes.items():
            self._span.set_attribute(f"touchline.{name}", value)
        self._span.end()


class Traces:
    """Spans to an ``exporter``, in the background (``SpanExporter`` of the OpenTelemetry SDK; with ``at_once`` in the caller's
    thread)."""

    def __init__(self, exporter: Any, sample: float = SAMPLE, *, at_once: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        self.sample = sample
        resource = Resource.create({"service.name": "touchline", "service.version": metadata.version("touchline")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("touchline")

    def begin(self, name: str, parent: Carrier, start_ns: int | None = None, **attributes: str | int | float) -> Span | None:
        """The next part of the way that the headers ``parent`` are of; None when this record is not followed."""
        from opentelemetry import trace

        found = _parent(parent)
        if found is None:
            if random.random() >= self.sample:
                return None
            context = None
        else:
            trace_id, span_id, flags = found
            if not flags & 1:
                return None
            remote = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(flags))
            context = trace.set_span_in_context(trace.NonRecordingSpan(remote))
        named = {f"touchline.{key}": value for key, value in attributes.items()}
        return Span(self._tracer.start_span(name, context, attributes=named, start_time=start_ns))

    def close(self) -> None:
        """What has not been sent is, for some seconds at most."""
        self._provider.shutdown()


#: the traces of this process; None while there are none
active: Traces | None = None


def _parent(headers: Carrier) -> tuple[int, int, int] | None:
    """(trace, span, flags) of the last ``traceparent`` that is one."""
    out = None
    for name, value in headers or ():
        if name == HEADER and value is not None and (found := _PARENT.match(value)):
            trace_id, span_id, flags = (int(part, 16) for part in found.groups())
            if trace_id and span_id:
                out = trace_id, span_id, flags
    return out


@contextmanager
def configured(url: str, sample: float = SAMPLE, make: Callable[[str], Any] | None = None) -> Iterator[None]:
    """Send spans to an OTLP/HTTP receiver at ``url`` meanwhile; without a URL there are none. ``BadInput`` for a URL that is not
    one, ``Unavailable`` when the SDK is not installed. ``make`` makes the exporter."""
    global active
    if not url:
        yield
        return
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise BadInput(f"{url!r} is no address of traces: give http://host:4318")
    if not 0 < sample <= 1:
        raise BadInput(f"the part of records that is traced is above 0 and at most 1, not {sample:g}")
    try:
        traces = Traces((make or _exporter)(url), sample)
    except ImportError:
        raise Unavailable("traces need the OpenTelemetry SDK: pip install 'touchline[traces]'") from None
    active = traces
    try:
        yield
    finally:
        active = None
        traces.close()


def _exporter(url: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    path = urlsplit(url).path.rstrip("/")
    return OTLPSpanExporter(endpoint=url if path.endswith("/v1/traces") else url.rstrip("/") + "/v1/traces", timeout=5)
