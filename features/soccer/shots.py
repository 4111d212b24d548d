"""What a shot looked like: where from, how much of the goal was open, who was in the way. One function, live and offline.

Everything is in the *attacking frame*: metres from the centre spot, the shooting team attacks towards +x, so that the goal
centre is (52.5, 0) and y is to the left. ``shot_features`` takes plain arrays: the live path hands it the tracking frame of
the shot (``moment_features``), the training path a provider's freeze frame or a simulated match, and all get the same numbers.
Missing is NaN throughout: a word that the feed does not know, a keeper out of sight, a shot without tracking.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Array, Floats
from features.core.sport import EventStep, Signal, Stat, Step
from features.soccer.ledger import in_shootout
from features.soccer.shot_geometry import GEOMETRY, geometry
from features.soccer.trail import LED, TOUCHES, Trail, follow, led
from features.soccer.vocabulary import EVENT_TYPES

if TYPE_CHECKING:
    from features.core.frames import Frames

#: penalty spot in the attacking frame, and the keeper on the line: every penalty is described alike
PENALTY_SPOT_X_M: Final = 41.5
GOAL_X_M: Final = 52.5

#: what the words of the feed tell: (name, unit, label); 1 yes, 0 no, NaN when the feed has no such word
CONTEXT: Final[tuple[tuple[str, str, str], ...]] = (
    ("foot_side_m", "m", "lateral position towards the side of the shooting foot"),
    ("header", "0..1", "header"),
    ("other_body_part", "0..1", "neither foot nor head"),
    ("volley", "0..1", "volley"),
    ("half_volley", "0..1", "half volley"),
    ("lob", "0..1", "lob"),
    ("acrobatic", "0..1", "overhead kick, back heel or diving header"),
    ("first_time", "0..1", "first-time shot"),
    ("under_pressure", "0..1", "under pressure"),
    ("one_on_one", "0..1", "one on one"),
    ("open_goal", "0..1", "open goal"),
    ("aerial_won", "0..1", "aerial duel won"),
    ("free_kick", "0..1", "direct free kick"),
    ("penalty", "0..1", "penalty"),
    ("after_corner", "0..1", "move began with a corner"),
    ("after_free_kick", "0..1", "move began with a free kick"),
    ("after_throw_in", "0..1", "move began with a throw-in"),
    ("counter", "0..1", "counter-attack"),
    ("rebound", "0..1", "rebound"),
    ("from_cross", "0..1", "from a cross"),
    ("from_through_ball", "0..1", "from a through ball"),
)

SHOT_FEATURES: Final[tuple[tuple[str, str, str], ...]] = GEOMETRY + CONTEXT + LED
SHOT_INDEX: Final[dict[str, int]] = {row[0]: i for i, row in enumerate(SHOT_FEATURES)}
_G: Final = len(GEOMETRY)
_L: Final = len(GEOMETRY) + len(CONTEXT)
_ACROBATIC: Final = frozenset({"overhead", "backheel", "diving_header"})
_FLAGS: Final = ("first_time", "under_pressure", "one_on_one", "open_goal", "aerial_won")
_NAN: Final = float("nan")


def shot_features(
    x_m: float, y_m: float, xy: Floats, teammate: Array, keeper: Array, attrs: Mapping[str, str | float | bool]
) -> Floats:
    """The feature vector of one shot, (F,) in the order of ``SHOT_FEATURES``.

    Parameters
    ----------
    x_m, y_m : where it was struck, attacking frame
    xy : (P, 2) every other player, attacking frame; a row of NaN is a player out of sight
    teammate, keeper : (P,) bool; the opponents' keeper is the one flagged opponent nearest to the goal
    attrs : the event's attributes (see ``features.soccer.vocabulary``); an absent one is NaN

    A penalty is always described as struck from the spot against a keeper on the line, no other player near.

    >>> row = shot_features(41.5, 0.0, np.empty((0, 2)), np.empty(0, bool), np.empty(0, bool), {"body_part": "head"})
    >>> float(row[SHOT_INDEX["distance_m"]]), float(row[SHOT_INDEX["header"]])
    (11.0, 1.0)
    """
    out = np.empty(len(SHOT_FEATURES))
    if attrs.get("set_piece") == "penalty":
        attrs = {"set_piece": "penalty"}
        x_m, y_m = PENALTY_SPOT_X_M, 0.0
        xy, teammate, keeper = np.array([[GOAL_X_M, 0.0]]), np.zeros(1, np.bool_), np.ones(1, np.bool_)
    geometry(float(x_m), float(y_m), xy, teammate, keeper, out[:_G])
    _context(y_m, attrs, out[_G:_L])
    out[_L:] = _NAN
    return out


def with_trail(
    row: Floats, attrs: Mapping[str, str | float | bool], trail: Trail, t_s: float, period: int, team: int, player: int
) -> Floats:
    """``row`` (F,) of a shot, and in it, from the events before it, what led to it: also how it was set up and how the move began,
    where the shot's own words do not say so. A penalty stays what it is."""
    out = row.copy()
    if out[SHOT_INDEX["penalty"]] == 1.0:
        return out
    words: dict[str, str | float | bool] = dict(led(trail, t_s, period, team, player, out[_L:]))
    if not words:
        return out
    if attrs.get("assist", "unknown") == "unknown":
        if "assist" in attrs and words["assist"] == "rebound":
            words["assist"] = "pass"  # a feed that tells rebounds says that this is none
        for i, word in ((19, "cross"), (20, "through_ball")):
            out[_G + i] = float(words["assist"] == word)
        if "assist" not in attrs:
            out[_G + 18] = float(words["assist"] == "rebound")
    if "phase" not in attrs:
        for i, word in ((14, "corner"), (15, "free_kick"), (16, "throw_in")):
            out[_G + i] = float(words["phase"] == word)
    return out


def _context(y_m: float, attrs: Mapping[str, str | float | bool], out: Floats) -> None:
    part, technique, phase = attrs.get("body_part"), attrs.get("technique"), attrs.get("phase")
    set_piece, assist = attrs.get("set_piece"), attrs.get("assist")
    out[0] = y_m if part == "right_foot" else -y_m if part == "left_foot" else _NAN
    out[1] = _NAN if part is None else float(part == "head")
    out[2] = _NAN if part is None else float(part == "other")
    out[3] = _NAN if technique is None else float(technique == "volley")
    out[4] = _NAN if technique is None else float(technique == "half_volley")
    out[5] = _NAN if technique is None else float(technique == "lob")
    out[6] = _NAN if technique is None else float(technique in _ACROBATIC)
    for i, flag in enumerate(_FLAGS):
        value = attrs.get(flag)
        out[7 + i] = _NAN if value is None else float(value)
    out[12] = _NAN if set_piece is None else float(set_piece == "free_kick")
    out[13] = _NAN if set_piece is None else float(set_piece == "penalty")
    out[14] = _NAN if phase is None else float(phase == "corner")
    out[15] = _NAN if phase is None else float(phase == "free_kick")
    out[16] = _NAN if phase is None else float(phase == "throw_in")
    counter = attrs.get("counter")
    out[17] = _NAN if counter is None else float(counter)
    out[18] = _NAN if assist is None else float(assist == "rebound")
    # a feed that tells rebounds apart from other shots, but not how they were set up, says assist="unknown"
    reported = assist is not None and assist != "unknown"
    out[19] = float(assist == "cross") if reported else _NAN
    out[20] = float(assist == "through_ball") if reported else _NAN


def moment_features(event: EventContext) -> Floats | None:
    """(F,) of a shot in a live or replayed game, from the frame it happened in; None when it is not known where it was struck.

    The place is the event's own, or else the ball's, or else the shooter's in that frame. Without a frame only the event's
    words and place are known, and the rest is NaN.
    """
    sign = float(event.attack)
    x_m, y_m = event.x_m, event.y_m
    xy, teammate, keeper = np.empty((0, 2)), np.empty(0, np.bool_), np.empty(0, np.bool_)
    frames = event.frames
    if frames is not None and event.row >= 0:
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            x_m, y_m = _struck_from(frames, event)
        others = frames.roster.players[frames.roster.players != event.player]
        xy = frames.xyz[event.row, others, :2] * sign
        teammate = frames.roster.team[others] == event.team
        keeper = frames.roster.with_role("keeper")[others]
    if event.attack == 0 or not (math.isfinite(x_m) and math.isfinite(y_m)):
        return None
    return shot_features(x_m * sign, y_m * sign, xy, teammate, keeper, event.attrs)


def _struck_from(frames: Frames, event: EventContext) -> tuple[float, float]:
    for entity in (frames.roster.ball, event.player):
        if entity >= 0 and np.isfinite(frames.xyz[event.row, entity, :2]).all():
            return float(frames.xyz[event.row, entity, 0]), float(frames.xyz[event.row, entity, 1])
    return _NAN, _NAN


#: fact under which the feature vector of a shot is kept for the stats that read it
FACT: Final = "shot.features"


def _extract(event: EventContext) -> None:
    """A kick of a shoot-out is no shot of the match: it has no features, and so no xGoals."""
    row = None if in_shootout(event) else moment_features(event)
    event.facts[FACT] = None if row is None else [float(v) for v in row]


def _vector(event: EventContext, ledger: Any) -> Floats | None:
    row = event.facts.get(FACT)
    if not isinstance(row, list):
        return None
    found = np.array(row, np.float64)
    if ledger is None:
        return found
    return with_trail(found, event.attrs, ledger.trail, event.t_s, event.period, event.team, event.player)


def _follow(event: EventContext, ledger: Any) -> None:
    note(ledger.trail, event)


def note(trail: Trail, event: EventContext) -> None:
    """Fold an event into the trail, which knows places as the acting team sees them."""
    way = float(event.attack) if event.attack else _NAN
    at_m = way * event.x_m, way * event.y_m
    follow(trail, event.type, event.t_s, event.period, event.team, event.player, at_m, event.attrs)


def _one(name: str) -> Any:
    column = SHOT_INDEX[name]

    def compute(event: EventContext, ledger: Any) -> float | None:
        row = event.facts.get(FACT)
        return row[column] if isinstance(row, list) and math.isfinite(row[column]) else None

    compute.__name__ = f"shot_{name}"
    return compute


SIGNALS: Final[tuple[Signal, ...]] = ()
STEPS: Final[tuple[Step, ...]] = ()
EVENT_STEPS: Final = (
    EventStep("shot_geometry", _extract, ("shot",), "extract"),
    EventStep("shot_trail", _follow, tuple(sorted(TOUCHES & EVENT_TYPES)), "apply"),
)
STATS: Final = (
    Stat(
        "soccer.shot.xgoals", "0..1", "probability that this shot becomes a goal, from what was known when it was struck",
        "player", _vector, on=("shot",), model="xgoals", on_screen_name="xGoals",
    ),
    Stat(
        "soccer.shot.distance", "m", "from where it was struck to the centre of the goal line", "player",
        _one("distance_m"), on=("shot",), on_screen_name="xGoals card",
    ),
    Stat(
        "soccer.shot.angle", "rad", "angle between the posts as seen from the ball", "player", _one("angle_rad"),
        on=("shot",), on_screen_name="xGoals card",
    ),
    Stat(
        "soccer.shot.defenders_in_cone", "count", "outfield opponents inside the triangle of ball and posts", "player",
        _one("defenders_in_cone"), on=("shot",), on_screen_name="xGoals card",
    ),
    Stat(
        "soccer.shot.keeper_distance", "m", "from the ball to the opponents' keeper", "player",
        _one("keeper_distance_m"), on=("shot",), on_screen_name="xGoals card",
    ),
)  # fmt: skip
