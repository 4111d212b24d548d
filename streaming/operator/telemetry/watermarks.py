"""The clock of one game: what time it is in the game, as far as its records and their arrivals allow.

Event time moves by the newest sample, never past the arrival clock: one sensor whose clock runs ahead cannot make honest
samples late. Telemetry and human-coded events wait for different lateness, so each has its own watermark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: no record has been seen
NEVER: Final = -(1 << 62)


@dataclass(slots=True)
class GameClock:
    """``skew_us`` is how far a record's time may lie after its arrival before it is disbelieved.

    ``now_us`` is the newest arrival, ``telemetry_us`` and ``any_us`` the newest believed event times.
    """

    telemetry_lateness_us: int
    event_lateness_us: int
    skew_us: int = 500_000
    now_us: int = NEVER
    telemetry_us: int = NEVER
    any_us: int = NEVER

    def arrived(self, now_us: int) -> None:
        self.now_us = max(self.now_us, now_us)

    def believes(self, t_us: int, arrival_us: int) -> bool:
        """Whether a record may claim ``t_us`` when it arrived at ``arrival_us``."""
        return t_us <= arrival_us + self.skew_us

    def saw_telemetry(self, t_us: int) -> None:
        self.telemetry_us = max(self.telemetry_us, t_us)
        self.any_us = max(self.any_us, t_us)

    def saw_event(self, t_us: int) -> None:
        self.any_us = max(self.any_us, t_us)

    @property
    def telemetry_watermark_us(self) -> int:
        """No sample at or before this time is still expected; a later arrival of one is late."""
        if self.telemetry_us == NEVER:
            return NEVER
        return min(self.telemetry_us, self.now_us) - self.telemetry_lateness_us

    @property
    def event_watermark_us(self) -> int:
        """The same for events. Any feed moves it: a quiet event feed must not hold the game back."""
        if self.any_us == NEVER:
            return NEVER
        return min(self.any_us, self.now_us) - self.event_lateness_us

    def end(self) -> None:
        """The stream is over: nothing is expected any more."""
        end = max(self.any_us, self.now_us) + self.telemetry_lateness_us + self.event_lateness_us + 60_000_000
        self.telemetry_us = self.any_us = self.now_us = end
