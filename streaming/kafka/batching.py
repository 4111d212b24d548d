"""Samples gathered at the ingress until one arrives that closes a window: what a broker and a worker handle as one record.

A record costs Python the same whether it holds one frame or five. Gathering to the next window and no further adds nothing to
the latency of a window's stats, since it is the last sample in the packet that makes them computable; each sample keeps the
stamp of its own arrival. Positions for drawing are published as often as windows close.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.sport import Sport
from streaming.operator.telemetry.framing import wait_us
from streaming.operator.telemetry.grid import Grid
from streaming.wire.records import GameRecord, Telemetry

#: samples are sent when so many wait, even where no window closes
FULL: Final = 4096


class WindowBatcher:
    """Packets of one game's samples that end with the sample that closes a window."""

    def __init__(self, sport: Sport, game: GameRecord) -> None:
        self.grid = Grid.of(game.t0_us, game.grid_hz or sport.grid_hz, sport.hop_s, sport.span_s)
        late_ms = max((feed.lateness_ms for feed in game.feeds if feed.kind == "telemetry"), default=0)
        self._behind_us = 1000 * late_ms + wait_us(game, self.grid)
        self._closed: int | None = None
        self._waiting: list[Telemetry] = []
        self._samples = 0

    def add(self, packet: Telemetry) -> list[Telemetry]:
        """Take a packet; what is ready to go, oldest first."""
        out: list[Telemetry] = []
        if not len(packet):
            return out
        if self._waiting and not _alike(self._waiting[0], packet):
            out.extend(self.flush())
        self._waiting.append(packet)
        self._samples += len(packet)
        closed = self.grid.row_at_or_before(int(packet.t_us.max()) - self._behind_us) // self.grid.hop
        if self._closed is None or closed > self._closed or self._samples >= FULL:
            self._closed = closed
            out.extend(self.flush())
        return out

    def flush(self) -> list[Telemetry]:
        """What waits, as one packet: before an event, so that the order of arrivals is kept, and at the end."""
        waiting, self._waiting, self._samples = self._waiting, [], 0
        if len(waiting) < 2:
            return waiting
        one = waiting[0]
        arrivals = [np.full(len(p), p.arrival_us) if isinstance(p.arrival_us, int) else p.arrival_us for p in waiting]
        t_us, tag, x_m, y_m, z_m = (
            np.concatenate([getattr(p, name) for p in waiting]) for name in ("t_us", "tag", "x_m", "y_m", "z_m")
        )
        channels = {name: np.concatenate([p.channels[name] for p in waiting]) for name in one.channels}
        return [Telemetry(one.game, one.feed, t_us, tag, x_m, y_m, z_m, np.concatenate(arrivals), channels=channels)]


def _alike(a: Telemetry, b: Telemetry) -> bool:
    return a.feed == b.feed and a.channels.keys() == b.channels.keys()
