"""Attacking zones: in which of five lanes a team carries or plays the ball into the final third.

Lanes are bounded by the lines of the goal area and of the penalty area, as coaches draw them: wing, half-space, centre,
half-space, wing, named from the attacking team's left. An entry is the ball's crossing into the final third while the
team has it; the next can come only after the ball has left the third by a metre. A ball won inside the third is no
entry.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.common.rates import LEAST
from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import WHOLE_GAME, Signal, Stat, Step

#: half the width of the goal area and of the penalty area (Law 1)
LANE_EDGES_M: Final = np.array([9.16, 20.16])
LANES: Final = ("left_wing", "left_half_space", "centre", "right_half_space", "right_wing")
CLEAR_M: Final = 1.0

ENTRIES = Signal("final_third_entries", "count", (2, 1 + len(LANES)), fill=0.0)


@kernel
def lane_of(y_left: float, edges: Any) -> int:
    """0..4 from left to right for a ball ``y_left`` metres to the left of the middle."""
    if abs(y_left) <= edges[0]:
        return 2
    wing = abs(y_left) > edges[1]
    if y_left > 0:
        return 0 if wing else 1
    return 4 if wing else 3


@kernel
def entries(
    xyz: Any, ball: int, possession: Any, in_play: Any, attack: Any, third_x: float, edges: Any, lo: int, hi: int, out: Any
) -> None:
    """Entries so far per team and lane into ``out`` (rows, 2, 6); its first column is 1 while the ball is outside the
    third and an entry can follow."""
    for i in range(max(lo, 1), hi):
        for side in range(2):
            for c in range(6):
                out[i, side, c] = out[i - 1, side, c]
            x, y = xyz[i, ball, 0], xyz[i, ball, 1]
            if in_play[i] == 0 or attack[i] == 0:
                out[i, side, 0] = 0.0
                continue
            if np.isnan(x) or np.isnan(y):
                continue
            way = attack[i] if side == 0 else -attack[i]
            if way * x < third_x - CLEAR_M:
                out[i, side, 0] = 1.0
            elif way * x >= third_x:
                if out[i, side, 0] > 0.0 and possession[i] == side:
                    out[i, side, 1 + lane_of(way * y, edges)] += 1.0
                out[i, side, 0] = 0.0


def final_third(frames: Frames) -> None:
    if frames.roster.ball < 0:
        return
    entries(
        frames.xyz,
        frames.roster.ball,
        frames["team_in_possession"],
        frames["ball_in_play"],
        frames.attack,
        frames.field.length_m / 6,
        LANE_EDGES_M,
        frames.lo,
        frames.hi,
        frames["final_third_entries"],
    )


@kernel
def _shares(entries: Any, ends: Any, out: Any) -> None:
    for k in range(ends.shape[0]):
        for side in range(2):
            whole = 0.0
            for lane in range(5):
                whole += entries[ends[k], side, 1 + lane]
            for lane in range(5):
                out[k, side, lane] = entries[ends[k], side, 1 + lane] / whole if whole >= LEAST else np.nan


def attacking_zones(frames: Frames, ends: Ints) -> Floats:
    """(K, 2, 5) shares of each team's entries, 0..1; NaN before its ``rates.LEAST``-th."""
    out = np.empty((len(ends), 2, len(LANES)))
    _shares(frames["final_third_entries"], ends, out)
    return out


SIGNALS: Final = (ENTRIES,)
STEPS: Final = (Step("zones.entries", final_third, (ENTRIES,)),)
STATS: Final = (
    Stat(
        "soccer.team.attacking_zones",
        "%",
        "share of entries into the final third by lane, from the attackers' left; "
        "lanes are bounded by the lines of goal area and penalty area; from five entries on",
        "team",
        attacking_zones,
        every_s=1.0,
        components=LANES,
        on_screen_name="Attacking Zones",
        looks_back_s=WHOLE_GAME,
    ),
)
