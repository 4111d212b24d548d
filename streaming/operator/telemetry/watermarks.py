"""The clock of one game: what time it is in the game, as far as its records and their arrivals allow.

Event time moves by the newest sample, never past the arrival clock: one sensor whose clock runs ahead cannot make honest
samples late. Telemetry and human-coded events wait for different lateness, so each has its own watermark.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from streaming.wire.arrivals import NEVER

__all__ = ["NEVER", "GameClock"]

#: after the end of the stream no record is expected; until then none is further ahead than this, us
_END_US: Final = 60_000_000

#: cells of the clock, us: newest believed time of a sample and of an event, newest arrival, and the time up to which samples are
#: in their final order
TELEMETRY, EVENT, NOW, ORDERED = range(4)


class GameClock:
    """The one clock of a game; kernels read and move its ``cells`` (4,) int64.

    ``skew_us`` is how far a record's time may lie after its arrival before it is disbelieved.
    """

    __slots__ = ("_cells", "cells", "event_lateness_us", "skew_us", "telemetry_lateness_us")

    def __init__(self, telemetry_lateness_us: int, event_lateness_us: int, skew_us: int = 500_000) -> None:
        self.telemetry_lateness_us, self.event_lateness_us, self.skew_us = telemetry_lateness_us, event_lateness_us, skew_us
        self.cells: npt.NDArray[np.int64] = np.full(4, NEVER, np.int64)
        self._cells = memoryview(self.cells)  # type: ignore[arg-type]  # the same cells as plain integers, three times as fast

    @property
    def now_us(self) -> int:
        """The newest arrival."""
        return self._cells[NOW]

    @property
    def telemetry_us(self) -> int:
        """The newest believed time of a sample."""
        return self._cells[TELEMETRY]

    @property
    def any_us(self) -> int:
        """The newest believed time of any record."""
        return max(self._cells[TELEMETRY], self._cells[EVENT])

    def arrived(self, now_us: int) -> None:
        self._cells[NOW] = max(self._cells[NOW], now_us)

    def believes(self, t_us: int, arrival_us: int) -> bool:
        """Whether a record may claim ``t_us`` when it arrived at ``arrival_us``."""
        return t_us <= arrival_us + self.skew_us

    def saw_event(self, t_us: int) -> None:
        self._cells[EVENT] = max(self._cells[EVENT], t_us)

    @property
    def telemetry_watermark_us(self) -> int:
        """No sample at or before this time is still expected; a later arrival of one is late."""
        newest_us = self._cells[TELEMETRY]
        return NEVER if newest_us == NEVER else min(newest_us, self._cells[NOW]) - self.telemetry_lateness_us

    @property
    def event_watermark_us(self) -> int:
        """The same for events. Any feed moves it: a quiet event feed must not hold the game back."""
        newest_us = self.any_us
        return NEVER if newest_us == NEVER else min(newest_us, self._cells[NOW]) - self.event_lateness_us

    def end(self) -> None:
        """The stream is over: nothing is expected any more."""
        end = max(self.any_us, self.now_us) + self.telemetry_lateness_us + self.event_lateness_us + _END_US
        self._cells[TELEMETRY] = self._cells[EVENT] = self._cells[NOW] = end

    def dump(self) -> tuple[int, int, int]:
        """Newest arrival, newest sample, newest record."""
        return self.now_us, self.telemetry_us, self.any_us

    def load(self, saved: tuple[int, int, int]) -> None:
        """The inverse of :meth:`dump`. What is in order is the framer's to restore, with its samples."""
        self._cells[NOW], self._cells[TELEMETRY], self._cells[EVENT] = saved
