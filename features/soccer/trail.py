"""What led to a shot, from the events before it: the pass that found the shooter, how the move began, what came in between.

A feed may say so itself (``assist``, ``phase``); most do not. What is kept of a match is small: for each team its latest pass,
shot and dead ball since the opponents last had the ball, and when the ball was last touched. Live the account keeps it event by
event; a training table walks the same events through the same functions. Places are metres in the attacking frame of the team
that acts. A time of something that has not happened is ``NEVER``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import field

from features.core.frames import Floats

#: (name, unit, label) of what ``led`` writes; NaN where no passes are reported, and of the last pass where there is none
LED: Final[tuple[tuple[str, str, str], ...]] = (
    ("since_touch_s", "s", "time since the event before"),
    ("pass_from_m", "m", "distance to goal of where the pass before was struck"),
    ("pass_from_lateral_m", "m", "distance from the middle of the pitch of where the pass before was struck"),
    ("pass_high", "0..1", "the pass before was high"),
    ("pass_headed", "0..1", "the pass before was headed"),
    ("dribbled", "0..1", "the shooter carried the ball, or took somebody on"),
)

#: a pass so long ago did not lead to the shot, and a dead ball so long ago did not begin the move
PASS_S: Final = 15.0
PHASE_S: Final = 20.0
#: a shot of the same team this soon after another is a rebound
REBOUND_S: Final = 5.0
_DRIBBLE_S: Final = 8.0
_LONGEST_S: Final = 30.0
NEVER: Final = -1.0e9
UNKNOWN: Final = -1.0

#: events with a touch of the ball
TOUCHES: Final = frozenset(
    {"pass", "shot", "dribble", "carry", "touch", "duel", "tackle", "interception", "recovery", "clearance", "block", "save"}
)
#: with which a team has the ball
_HAS: Final = frozenset({"pass", "shot", "dribble", "carry"})
_DEAD: Final = frozenset({"corner", "free_kick", "throw_in", "goal_kick", "kick_off"})
_GOAL_X_M: Final = 52.5

Words = Mapping[str, str | float | bool]


class Trail(msgspec.Struct, array_like=True):
    """Lists of two are (home, away). ``passes``: whether the feed reports any, without which nothing is known of what leads to a
    shot. ``pass_*`` are those of the latest pass since the opponents last had the ball; ``kind`` is "cross", "through_ball" or
    "pass", ``high`` and ``headed`` 1 or 0. What is not known is ``UNKNOWN``, not NaN: two accounts that say the same are equal.
    ``dead`` is the kind of the team's latest dead ball."""

    period: int = 0
    passes: bool = False
    touch_s: float = NEVER
    holder: int = -1
    pass_s: list[float] = field(default_factory=lambda: [NEVER, NEVER])
    pass_from_m: list[float] = field(default_factory=lambda: [0.0, 0.0])
    pass_lateral_m: list[float] = field(default_factory=lambda: [0.0, 0.0])
    kind: list[str] = field(default_factory=lambda: ["", ""])
    high: list[float] = field(default_factory=lambda: [0.0, 0.0])
    headed: list[float] = field(default_factory=lambda: [0.0, 0.0])
    shot_s: list[float] = field(default_factory=lambda: [NEVER, NEVER])
    dead: list[str] = field(default_factory=lambda: ["", ""])
    dead_s: list[float] = field(default_factory=lambda: [NEVER, NEVER])
    dribbler: int = -1
    dribble_s: float = NEVER


def follow(
    trail: Trail, kind: str, t_s: float, period: int, team: int, player: int, at_m: tuple[float, float], words: Words
) -> None:
    """Fold one event of the match, at ``at_m`` (x, y) as the acting team sees it, into the trail, in the order of play."""
    x_m, y_m = at_m
    if period != trail.period:
        again = Trail(period=period, passes=trail.passes)
        for name in Trail.__struct_fields__:
            setattr(trail, name, getattr(again, name))
    if kind not in TOUCHES or team not in (0, 1):
        return
    trail.touch_s = t_s
    if kind in _HAS and trail.holder != team:
        trail.holder = team
        trail.pass_s[1 - team] = NEVER
        trail.dead_s[1 - team] = NEVER
    if kind == "pass":
        trail.passes = True
        trail.pass_s[team] = t_s
        placed = math.isfinite(x_m) and math.isfinite(y_m)
        trail.pass_from_m[team] = math.hypot(_GOAL_X_M - x_m, y_m) if placed else UNKNOWN
        trail.pass_lateral_m[team] = abs(y_m) if placed else UNKNOWN
        cross = bool(words.get("cross")) or words.get("set_piece") == "corner"
        trail.kind[team] = "cross" if cross else "through_ball" if words.get("through_ball") else "pass"
        height, part = words.get("height"), words.get("body_part")
        trail.high[team] = UNKNOWN if height is None else float(height == "high")
        trail.headed[team] = UNKNOWN if part is None else float(part == "head")
        start = words.get("set_piece")
        if start in _DEAD:
            trail.dead[team], trail.dead_s[team] = str(start), t_s
    elif kind == "shot":
        trail.shot_s[team] = t_s
    elif kind in ("dribble", "carry"):
        trail.dribbler, trail.dribble_s = player, t_s


def led(trail: Trail, t_s: float, period: int, team: int, player: int, out: Floats) -> dict[str, str]:
    """Write what led to a shot of now into ``out`` (len(LED),), and give the words ``assist`` and ``phase`` that follow from it;
    NaN and no words while the feed has reported no pass."""
    out[:] = math.nan
    if not trail.passes or team not in (0, 1):
        return {}
    same = period == trail.period
    out[0] = min(t_s - trail.touch_s, _LONGEST_S) if same else _LONGEST_S
    passed = same and t_s - trail.pass_s[team] <= PASS_S
    if passed:
        for i, of in enumerate((trail.pass_from_m, trail.pass_lateral_m, trail.high, trail.headed), 1):
            out[i] = math.nan if of[team] == UNKNOWN else of[team]
    out[5] = float(same and player >= 0 and trail.dribbler == player and t_s - trail.dribble_s <= _DRIBBLE_S)
    rebound = same and t_s - trail.shot_s[team] <= REBOUND_S
    dead = same and t_s - trail.dead_s[team] <= PHASE_S
    return {
        "assist": "rebound" if rebound else trail.kind[team] if passed else "none",
        "phase": trail.dead[team] if dead else "open_play",
    }
