"""Stamps of a clock that is set back while a game is on go on as if it had not been: what arrives later has not arrived earlier.

Records of a game arrive one after the other. A stamp that lies minutes behind the newest one is of a clock that was set; from
there on what it was set back by is added to each of its stamps, until it has been put right, or has caught up. A clock that is
set ahead is the guard's business (``streaming.wire.arrivals``). All of it follows from the stamps alone, so that a replay does
the same.
"""

from __future__ import annotations

from typing import Final

#: nothing arrives out of order by so much, us
SET_BACK_US: Final = 60_000_000
#: by more no clock is set: such a stamp is in another unit, or wrong in itself, us
MOST_US: Final = 12 * 3_600_000_000


class EvenClock:
    """``added_us`` is what the clock was set back by, 0 for one that is right."""

    __slots__ = ("added_us",)

    def __init__(self, added_us: int = 0) -> None:
        self.added_us = added_us

    def time_us(self, stamp_us: int, newest_us: int) -> int:
        """What ``stamp_us`` would be had the clock not been set; ``newest_us`` is the newest time before it.

        >>> clock, hour = EvenClock(), 3_600_000_000
        >>> clock.time_us(hour, 2 * hour), clock.time_us(hour + 5, 2 * hour), clock.time_us(2 * hour, 2 * hour)
        (7200000000, 7200000005, 7200000000)
        """
        behind_us = newest_us - stamp_us
        if behind_us <= SET_BACK_US:
            self.added_us = 0
            return stamp_us
        if behind_us > MOST_US:
            return stamp_us
        if not self.added_us or abs(behind_us - self.added_us) > SET_BACK_US:
            self.added_us = behind_us
        return stamp_us + self.added_us
