"""Two cars that fight: how likely the one behind passes at the next overtaking zone, and in how many laps it will be there.

The overtake probability answers: if the overtaking zone began now, with this gap and these tyres, would the car behind come out
of it in front? It is given for pairs within 3 s on a track that is not neutralised. Features are what anybody can measure: the
gap, what has been gained on the same car since the same post one lap ago, and the difference in the tyres' age and compound.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Stat
from features.f1.vocabulary import SAFETY_CAR

WITHIN_S: Final = 3.0
#: gains are bounded: a stop or a spin of the car ahead says nothing about its pace
MOST_CLOSING_S: Final = 1.5
#: a pace difference smaller than this catches no car, s a lap; nor does one that takes longer than this
LEAST_PACE_S: Final = 0.02
MOST_LAPS: Final = 99.0

#: (name, unit, label) in the model's order
OVERTAKE_FEATURES: Final = (
    ("gap_s", "s", "gap to the car ahead"),
    ("closing_s", "s", "gained on it in the last lap"),
    ("tyre_age_difference", "laps", "its tyres are older by"),
    ("compound_difference", "count", "its compound is harder by"),
)


@kernel
def _pairs(interval: Any, closing: Any, ahead: Any, age: Any, compound: Any, flag: Any, limiter: Any, ends: Any, out: Any) -> None:
    for k in range(ends.shape[0]):
        i = ends[k]
        for n in range(interval.shape[1]):
            other = int(ahead[i, n])
            if other < 0 or not 0.0 <= interval[i, n] <= WITHIN_S or flag[i, n] >= SAFETY_CAR:
                continue
            if limiter[i, n] > 0.5 or limiter[i, other] > 0.5:
                continue  # one of them is in the pit lane
            gained = closing[i, n]
            out[k, n, 0] = interval[i, n]
            out[k, n, 1] = min(max(gained, -MOST_CLOSING_S), MOST_CLOSING_S) if gained == gained else np.nan
            out[k, n, 2] = age[i, other] - age[i, n]
            out[k, n, 3] = compound[i, other] - compound[i, n]


def overtake_features(frames: Frames, ends: Ints) -> Floats:
    """(K, N, F): :data:`OVERTAKE_FEATURES` of each car against the one ahead; all NaN where there is no fight."""
    out = np.full((len(ends), len(frames.roster), len(OVERTAKE_FEATURES)), np.nan)
    _pairs(
        frames["interval_s"],
        frames["closing_s"],
        frames["ahead"],
        frames["tyre_age_laps"],
        frames["tyre_compound"],
        frames["flag"],
        frames["pit_limiter"],
        ends,
        out,
    )
    return out


def laps_to_catch(frames: Frames, ends: Ints) -> Floats:
    """(K, N): interval over what is gained a lap; NaN when the car ahead is not being caught."""
    interval, gained = frames["interval_s"][ends], frames["closing_s"][ends]
    usable = (gained >= LEAST_PACE_S) & (interval >= 0.0)
    laps = np.divide(interval, gained, out=np.full(interval.shape, np.nan), where=usable)
    return np.asarray(np.where(laps <= MOST_LAPS, laps, np.nan), np.float64)


STATS: Final = (
    Stat(
        "f1.battle.overtake_probability",
        "0..1",
        "chance to pass the car ahead if the overtaking zone began now; for pairs "
        "within 3 s, not behind the safety car or in the pit lane",
        "player",
        overtake_features,
        model="f1-overtake",
        on_screen_name="Overtake Probability",
    ),
    Stat(
        "f1.battle.laps_to_catch",
        "laps",
        "interval to the car ahead over what was gained on it since the same post one lap ago",
        "player",
        laps_to_catch,
        every_s=1.0,
        on_screen_name="Battle Forecast",
    ),
)
