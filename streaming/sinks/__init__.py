"""Sinks, one module each; ``open_sink`` finds one by its URL."""

from streaming.sinks.base import ListSink, Sink, SinkOptions, open_sink

__all__ = ["ListSink", "Sink", "SinkOptions", "open_sink"]
