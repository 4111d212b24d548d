"""Passes: how likely they were to arrive, and whom they left behind."""

from __future__ import annotations

from math import hypot, isfinite
from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.facts import number
from features.core.frames import Floats, Frames
from features.core.sport import Stat
from features.soccer.ledger import Ledger, place
from features.soccer.moves import MOVE_CONTEXT, PASS_END, end_features, move_features, start_of
from features.soccer.pass_geometry import PASS_GEOMETRY, bypassed, pass_geometry, velocities
from features.soccer.threat import value_at

#: velocity of a player: backward difference over this long; of the ball after the kick: forward over this long
BEFORE_S: Final = 0.2
AFTER_S: Final = 0.2

#: what is known of the kick besides geometry; 1 yes, 0 no, NaN when the feed has no such word
PASS_CONTEXT: Final[tuple[tuple[str, str, str], ...]] = (
    ("start_threat", "goals", "expected threat at the ball"),
    ("target_threat", "goals", "expected threat at the target"),
    ("height", "0..1", "height of the pass"),
    ("header", "0..1", "header"),
    ("dead_ball", "0..1", "from a dead ball"),
    ("throw_in", "0..1", "throw-in"),
    ("cross", "0..1", "cross"),
    ("through_ball", "0..1", "through ball"),
    ("goal_kick", "0..1", "goal kick"),
)

#: (name, unit, label) in the model's order
PASS_FEATURES: Final = PASS_GEOMETRY + PASS_CONTEXT + MOVE_CONTEXT + PASS_END
_G: Final = len(PASS_GEOMETRY)
_START_GOAL, _START_OFF = ([name for name, _, _ in PASS_GEOMETRY].index(name) for name in ("start_to_goal_m", "start_off_centre_m"))
_MOVE: Final = _G + len(PASS_CONTEXT)
_END: Final = _MOVE + len(MOVE_CONTEXT)
_HEIGHT: Final = {"ground": 0.0, "low": 0.5, "high": 1.0}


def completion_features(event: EventContext, ledger: Ledger | None = None) -> Floats:
    """(F,): :data:`PASS_FEATURES` as the ball is kicked: nothing of where the pass ended, or of what became of it.

    With tracking, what the frame that it was played in shows, and no move; without, the place and the move (``moves``) of which
    the ``ledger`` tells, and no other geometry; of the words there all or none are read. In a frame the bearing is that from the
    reported start to where the pass was aimed, if the feed tells (``target_x_m``), else to its reported end, a direction and never
    a length; where neither is reported, the way the ball goes in the 0.2 s after the kick.
    """
    out = np.full(len(PASS_FEATURES), np.nan)
    frames, row, target = event.frames, event.row, -1
    tracked = frames is not None and row >= 0
    if frames is not None and tracked and event.attack and event.team in (0, 1):
        xy = frames.xyz[row, :, :2]
        x, y = _ball(event, frames)
        ux, uy, aim_m = _aim(event, frames)
        v = velocities(frames.xyz, row, max(round(BEFORE_S / frames.dt_s), 1), frames.dt_s)
        target = pass_geometry(
            xy,
            v,
            frames.roster.team,
            event.team,
            event.player,
            x,
            y,
            ux,
            uy,
            aim_m,
            float(event.attack),
            frames.field.length_m / 2,
            out[:_G],
        )
        if target >= 0:
            depth = event.attack * float(xy[target, 0]) / frames.field.length_m + 0.5
            out[_G + 1] = value_at(depth, event.attack * float(xy[target, 1]) / frames.field.width_m + 0.5)
        out[_G] = value_at(event.attack * x / frames.field.length_m + 0.5, event.attack * y / frames.field.width_m + 0.5)
    elif not tracked:
        out[_G] = value_at(*place(event)[:2])
        out[_START_GOAL], out[_START_OFF] = start_of(event)
        if ledger is not None:
            move_features(event, ledger, out[_MOVE:_END])
    attrs = event.attrs
    out[_G + 2] = _HEIGHT.get(str(attrs.get("height")), np.nan)
    if "body_part" in attrs:
        out[_G + 3] = float(attrs["body_part"] == "head")
    if "set_piece" in attrs:
        out[_G + 4] = float(attrs["set_piece"] != "open_play")
        out[_G + 5] = float(attrs["set_piece"] == "throw_in")
        out[_G + 8] = float(attrs["set_piece"] == "goal_kick")
    for i, word in enumerate(("cross", "through_ball")):
        if word in attrs:
            out[_G + 6 + i] = number(attrs[word])
    if not tracked:
        if attrs.get("set_piece") == "kick_off":
            out[_G + 4] = 0.0  # not every feed marks it, and the place and the empty move say it
        if not _all_words(event, ledger):
            out[_G + 2 : _MOVE] = np.nan
        elif out[_G + 6] == 1.0:
            out[_G + 2] = np.nan  # event feeds give the height of crosses that got past the first defender
    return out


def _all_words(event: EventContext, ledger: Ledger | None) -> bool:
    """Whether the feed says how passes are played. Where it does not, a missing word means nothing; where it does, a pass without a
    height is of a kind that has none. So the words are read all together or not at all."""
    attrs = event.attrs
    high = "height" in attrs or (ledger is not None and ledger.heights > 0)
    return high and "set_piece" in attrs and "through_ball" in attrs


def given_end_features(event: EventContext, ledger: Ledger | None = None) -> Floats | None:
    """(F,): :func:`completion_features` of a feed without tracking, and where the pass ended; ``None`` with tracking, and where
    start or end were not reported."""
    if event.frames is not None and event.row >= 0:
        return None
    end = np.empty(len(PASS_END))
    end_features(event, end)
    if np.isnan(end).any():
        return None
    out = completion_features(event, ledger)
    out[_END:] = end
    return out


def _ball(event: EventContext, frames: Frames) -> tuple[float, float]:
    """Where the ball was struck: as tracked, else as reported, else where the passer stood (m)."""
    ball, player, row = frames.roster.ball, event.player, event.row
    if ball >= 0 and isfinite(frames.xyz[row, ball, 0]):
        return float(frames.xyz[row, ball, 0]), float(frames.xyz[row, ball, 1])
    if isfinite(event.x_m) and isfinite(event.y_m):
        return event.x_m, event.y_m
    if player >= 0:
        return float(frames.xyz[row, player, 0]), float(frames.xyz[row, player, 1])
    return float("nan"), float("nan")


def _aim(event: EventContext, frames: Frames) -> tuple[float, float, float]:
    """Unit vector of the pass in the stadium's orientation and how far it was aimed (m); NaN for what is not reported."""
    far = number(event.attrs.get("target_x_m")) - event.x_m, number(event.attrs.get("target_y_m")) - event.y_m
    aimed = isfinite(far[0]) and isfinite(far[1])
    dx, dy = far if aimed else (event.end_x_m - event.x_m, event.end_y_m - event.y_m)
    ball, after = frames.roster.ball, event.row + max(round(AFTER_S / frames.dt_s), 1)
    if not (isfinite(dx) and isfinite(dy)) and ball >= 0 and after < frames.hi:
        dx = float(frames.xyz[after, ball, 0] - frames.xyz[event.row, ball, 0])
        dy = float(frames.xyz[after, ball, 1] - frames.xyz[event.row, ball, 1])
    length = hypot(dx, dy)
    if not length > 1e-6:
        return float("nan"), float("nan"), float("nan")
    return dx / length, dy / length, length if aimed else float("nan")


def opponents_bypassed(event: EventContext, ledger: Ledger) -> float | None:
    """How many opponents stood between ball and goal before the pass and no longer after it; keeper included.

    Opponents are taken where they stood when the ball was struck. A pass that did not arrive, or that went back,
    bypasses no opponent. ``None`` without tracking of the opponents or without an end.
    """
    frames = event.frames
    if frames is None or event.row < 0 or not event.attack or event.team not in (0, 1):
        return None
    theirs = frames.roster.team == 1 - event.team
    if not np.isfinite(frames.xyz[event.row, theirs, 0]).any():
        return None  # opponents who are not seen are not counted
    if event.outcome != "complete":
        return 0.0
    x, end_x = _ball(event, frames)[0], event.end_x_m
    if not isfinite(end_x):
        receiver = event.attrs.get("receiver")
        if not isinstance(receiver, str) or receiver not in frames.roster.index:
            return None
        end_x = float(frames.xyz[event.row, frames.roster.index[receiver], 0])
    if not (isfinite(x) and isfinite(end_x)):
        return None
    count = bypassed(frames.xyz[event.row, :, :2], frames.roster.team, event.team, float(event.attack), x, end_x)
    return float(count) if count >= 0 else None


STATS = (
    Stat(
        "soccer.pass.completion_probability", "0..1",
        "Chance that the pass arrives, from what is known when it is struck: with tracking who stands where and which way it goes; "
        "from events alone its start, its kind and the move before it. Nothing of where it ended.",
        per="player", compute=completion_features, on=("pass",), model="pass-completion", on_screen_name="Passing Profile",
    ),
    Stat(
        "soccer.pass.completion_given_end", "0..1",
        "Chance that a pass like this arrived given where it ended, from events alone: hindsight, since a failed pass ends where "
        "it was lost and not where it was aimed. For judging passers, not for the moment of the pass.",
        per="player", compute=given_end_features, on=("pass",), model="pass-completion",
    ),
    Stat(
        "soccer.pass.opponents_bypassed", "count",
        "Packing: opponents between ball and goal when the pass was struck, and behind the ball when it arrived.",
        per="player", compute=opponents_bypassed, on=("pass",), on_screen_name="Packing",
    ),
)  # fmt: skip
