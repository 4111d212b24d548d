"""A stretch of a game between the engine that plays it and the match that makes records of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.nfl.bodies import HZ
from simulators.nfl.plays import Played
from streaming.wire.records import Event

FRAME_US: Final = 1_000_000 // HZ
Floats = npt.NDArray[np.float64]


@dataclass(kw_only=True, slots=True, eq=False)
class Block:
    """A stretch of tracking: n frames at 50 Hz from ``start_us``. ``places`` (n, 22, 2) and ``ball`` (n, 3) m on the field,
    ``facing`` (n, 22) rad from +x towards +y, ``phase`` (n,); ``entity`` (22,) rows of the roster; ``offense`` 0 or 1."""

    start_us: int
    places: Floats
    facing: Floats
    ball: Floats
    phase: Floats
    entity: Any
    offense: int
    events: list[Event]
    played: Played | None

    @property
    def end_us(self) -> int:
        return self.start_us + len(self.phase) * FRAME_US
