"""A game that was joined in the middle: what adds up from its beginning is not known, and is never a final value of part of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.sport import Stat
from models.guard import OFF, Guard
from streaming.operator.inference.client import Refused
from streaming.operator.telemetry.grid import SECOND_US
from streaming.wire.records import GameRecord

Array = npt.NDArray[Any]

#: tracking that begins later than this after the game does was joined in the middle, us: what is missing of a whole match by then
#: is less than its tracking loses anyway
LATE_US: Final = 10 * SECOND_US
UNSEEN: Final = Guard("the game was joined in the middle, and what was before is not known")


def began_us(game: GameRecord) -> int:
    """When there was something to track: the start of the first period, not before t0."""
    return max(game.t0_us, min((period.start_us for period in game.periods), default=game.t0_us))


def joined_us(start_us: int, seen_us: Array) -> int | None:
    """When the tracking of a game that was joined in the middle begins; None for a game that was seen from ``start_us`` on.
    ``seen_us`` (N,) is when each entity was first seen."""
    first_us = int(seen_us.min()) if len(seen_us) else start_us
    return first_us if first_us > start_us + LATE_US else None


def reach_us(stat: Stat) -> Array | None:
    """(1,) or (D,) how far back the components of a window stat look, us; None for one that looks no further than its window."""
    reach = np.atleast_1d(np.asarray(stat.looks_back_s, np.float64)) * SECOND_US
    return reach if reach.any() else None


def withhold(values: Array, times: Array, first_us: int, reach: Array) -> tuple[Array, Refused | None]:
    """``values`` (K, S) or (K, S, D) of windows that end at ``times`` (K,), NaN where they look back further than to ``first_us``;
    and the rows that have no value for that reason, None where there are none."""
    early = (times - first_us)[:, None] < reach[None, :]
    if not early.any():
        return values, None
    had = np.isfinite(values)
    left = np.where(early[:, None, :] if values.ndim == 3 else early, np.nan, values)
    has = np.isfinite(left)
    lost = had.any(axis=2) & ~has.any(axis=2) if values.ndim == 3 else had & ~has
    codes = np.where(lost, OFF, 0).astype(np.int64)
    return left, Refused(codes, np.full(codes.shape, -1, np.int64)) if lost.any() else None
