"""Simulated games live, each in a thread of its own, all into one hub: the games of ``touchline demo``."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streaming.errors import TouchlineError
from streaming.sources.pace import Lag

if TYPE_CHECKING:
    from streaming.factory import OperatorFactory
    from streaming.web.hub import Hub
    from streaming.wire.records import Event, Telemetry


#: a game that ends with a longer delay has not kept up: one that is too slow falls behind further with every window
BEHIND_S: Final = 1.0


class LiveGame:
    """One game: ``ready()`` makes its operator and warms it up, ``start()`` plays it until it is over or ``stop`` is set.

    ``record`` is a folder to record it in. ``lag`` measures how late records reached the operator: a game whose operator or
    simulator is too slow falls behind there.
    """

    def __init__(
        self,
        sport: str,
        seed: int,
        minutes: float,
        speed: float,
        hub: Hub,
        stop: threading.Event,
        make: OperatorFactory,
        record: Path | None = None,
    ) -> None:
        self.sport, self.seed, self.minutes, self.speed, self.hub, self.stop = sport, seed, minutes, speed, hub, stop
        self.make, self.folder = make, record
        self.lag = Lag()
        self.failed: Exception | None = None
        self.took_s = 0.0
        self._thread: threading.Thread | None = None
        self._open()

    def _open(self) -> None:
        from simulators.source import SimulatorSource

        self.source = SimulatorSource(self.sport, self.seed, self.minutes, t0_us=(time.time_ns() // 1000) + 300_000)
        self.record = self.source.record

    def ready(self) -> None:
        """Everything that takes time, before the game is on the air."""
        from streaming.factory import prepare

        self.hub.attach(self.record)  # so that the pages know what is coming
        prepare(self.sport, self.make)
        self._open()  # the game begins now, not when the warm-up did
        self.operator = self.make(self.record)
        self.hub.attach(self.record, self.operator.metrics)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._play, name=self.record.game, daemon=True)
        self._thread.start()

    @property
    def on(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _play(self) -> None:
        from streaming.factory import requested_of
        from streaming.recordings.capture import LiveRecorder
        from streaming.runners.embedded import EmbeddedRunner
        from streaming.sinks import Sink

        wall, start = self.speed == 1.0, time.perf_counter()
        try:
            records, sinks = self.hub.tee(self._records(wall)), list[Sink]([self.hub])
            if self.hub.models is not None:
                records, sinks = self.hub.models.tee(self.record, records), [self.hub, self.hub.models]
            if self.folder is not None:
                recorder = LiveRecorder(self.folder, self.record, requested_of(self.operator))
                records, sinks = recorder.tee(records), [*sinks, recorder]
            EmbeddedRunner(self.operator, sinks, wall=wall).run(records)
        except Exception as error:  # noqa: BLE001 - reported at the end: the other games go on
            self.failed = error
            if not isinstance(error, TouchlineError):
                traceback.print_exc()  # a mistake of ours, without a sentence for the user
            print(f"touchline: {self.record.game} ended: {error or type(error).__name__}", file=sys.stderr, flush=True)
        self.took_s = time.perf_counter() - start

    def _records(self, wall: bool) -> Iterator[Telemetry | Event | int]:
        from streaming.sources.pace import ahead, paced

        for record in paced(ahead(self.source.records(live=True)), self.speed, wall=wall, lag=self.lag):
            if self.stop.is_set():
                return
            yield record

    def summary(self) -> dict[str, Any]:
        """As :func:`streaming.cli.replay.summary`, and whether the game kept up: at its end no more than a moment late."""
        from streaming.cli.replay import summary

        return {
            **summary(self.operator.metrics, self.record, self.took_s),
            "behind_most_s": round(self.lag.most_s, 3),
            "behind_s": round(self.lag.now_s, 3),
            "late_share": round(self.lag.share_late, 5),
            "kept_up": self.failed is None and self.lag.now_s < BEHIND_S,
        }

    def sentence(self) -> str:
        """The summary in a sentence."""
        from streaming.cli.replay import sentence

        done = self.summary()
        how = "did not fall behind" if done["kept_up"] else "ended early" if self.failed else "FELL BEHIND"
        worst, over, share = done["behind_most_s"] * 1000, self.lag.LATE_S * 1000, done["late_share"]
        return f"{sentence(done)}; {how}: at most {worst:.0f} ms late, {share:.2%} of records by more than {over:.0f} ms"
