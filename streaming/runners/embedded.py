"""The default runner: one game, in this process. It hands records over, lets time pass, and delivers."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter_ns

from streaming.operator.game import GameOperator
from streaming.sinks import Sink
from streaming.sources.pace import SteadyClock
from streaming.wire.blocks import Output
from streaming.wire.records import Event, Telemetry


class EmbeddedRunner:
    """Feeds an operator and delivers to sinks.

    A source yields records in order of arrival; an ``int`` among them is arrival time passing with nothing arriving
    (microseconds), which is what a quiet feed looks like. With ``wall`` the published clock is the wall clock (the source
    stamps arrivals with it, too); without, it is the record's own arrival plus the time spent on it, so that a replay
    reports the latency it really had and not the age of the recording.
    """

    def __init__(self, operator: GameOperator, sinks: Iterable[Sink], *, wall: bool = False) -> None:
        self.operator, self.sinks, self.wall = operator, list(sinks), wall
        self._clock = SteadyClock()

    def run(self, records: Iterable[Telemetry | Event | int]) -> None:
        """Until the source ends; then everything still open closes and the sinks are closed.

        When anything fails, sinks that make files leave nothing (``abort``), the others are closed.
        """
        operator = self.operator
        try:
            for record in records:
                start = perf_counter_ns()
                if isinstance(record, int):
                    operator.arrivals.passed_us = record
                    out = operator.on_time(record)
                    if out:
                        self._deliver(out, record, start)
                    continue
                windows, events = operator.metrics.windows, operator.metrics.counts["accepted", "event"]
                out = operator.on_record(record)
                if not out:
                    continue
                self._deliver(out, operator.clock.now_us, start)
                operator.metrics.published(windows, events, (perf_counter_ns() - start) / 1000)
            start = perf_counter_ns()
            self._deliver(operator.finish(), operator.clock.now_us, start)
        except BaseException:
            for sink in self.sinks:
                getattr(sink, "abort", sink.close)()
            raise
        for sink in self.sinks:
            sink.close()

    def _deliver(self, out: list[Output], now_us: int, start_ns: int) -> None:
        if self.wall:
            published_us = self._clock.now_us()
        else:
            published_us = now_us + (perf_counter_ns() - start_ns) // 1000
        for sink in self.sinks:
            sink.write(out, published_us)
