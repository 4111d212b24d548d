"""The move that a pass belongs to, from events alone: what came before it, and how the teams have passed so far.

For feeds without tracking. Only passes and dead balls are read, which every event feed has: how finely a provider writes down
touches and duels differs. A *run* is consecutive passes of one team without a dead ball between them. Places are metres of the
standard pitch as the team attacks; times and metres are rounded to thousandths, so that the same match gives the same figures on
whichever clock or grid it was written down.
"""

from __future__ import annotations

from math import hypot
from typing import Final

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import EventStep
from features.soccer.ledger import LENGTH_M, WIDTH_M, Ledger, place

#: (name, unit, label); all of it known before the ball is kicked
MOVE_CONTEXT: Final[tuple[tuple[str, str, str], ...]] = (
    ("depth_m", "m", "distance of the ball from the own goal line"),
    ("since_pass_s", "s", "time since the last pass"),
    ("last_pass_own", "0..1", "the last pass was the own team's"),
    ("last_pass_arrived", "0..1", "the last pass arrived"),
    ("last_pass_m", "m", "length of the last pass"),
    ("last_pass_forward_m", "m", "ground gained by the last pass"),
    ("carried_forward_m", "m", "ground gained since the last pass ended"),
    ("carried_across_m", "m", "way across the pitch since the last pass ended"),
    ("run_passes", "count", "passes of the run so far"),
    ("run_s", "s", "time since the run began"),
    ("run_forward_m", "m", "ground gained since the run began"),
    ("since_dead_s", "s", "time since the ball was last dead"),
    ("two_passes_s", "s", "time since the last but one own pass"),
    ("two_passes_forward_m", "m", "ground gained since the last but one own pass"),
    ("four_passes_s", "s", "time since the fourth last own pass"),
    ("team_passes_arrived", "0..1", "share of the team's passes that arrived so far"),
    ("opponents_passes_arrived", "0..1", "share of the opponents' passes that arrived so far"),
    ("passer_passes_arrived", "0..1", "share of the passer's passes that arrived so far"),
    ("goal_difference", "goals", "lead of the passer's team"),
    ("played_min", "min", "time played"),
)

#: where the pass ended, which is known only afterwards: of a failed pass, where it was lost
PASS_END: Final[tuple[tuple[str, str, str], ...]] = (
    ("end_length_m", "m", "length of the pass to where it ended"),
    ("end_forward_m", "m", "ground gained to where the pass ended"),
    ("end_depth_m", "m", "distance of the pass's end from the own goal line"),
    ("end_off_centre_m", "m", "distance of the pass's end from the middle lane"),
    ("end_to_goal_m", "m", "distance of the pass's end to the goal"),
)

DEAD: Final = frozenset({"out", "foul", "offside", "own_goal"})
#: own passes that are remembered
_KEPT: Final = 4
#: a share so far is drawn to this one, as if so many passes of a team, of a player, had been seen before the match
USUAL_SHARE: Final = 0.8
_TEAM_WEIGHT: Final = 30.0
_PLAYER_WEIGHT: Final = 10.0
_NAN: Final = float("nan")


def follow(event: EventContext, ledger: Ledger) -> None:
    """Fold a pass, or what made the ball dead, into the account."""
    if event.period != ledger.move_period:
        ledger.move_period = event.period
        ledger.last_pass, ledger.run, ledger.own_passes, ledger.dead_s = [], [], [[], []], None
    if event.type in DEAD or (event.type == "shot" and event.outcome == "goal"):
        ledger.dead_s, ledger.run = event.t_s, []
    if event.type != "pass" or event.team not in (0, 1):
        return
    team = event.team
    ledger.heights += int("height" in event.attrs)
    depth, across, end_depth, end_across = (v if v == v else None for v in _metres(event))
    arrived = float(event.outcome == "complete") if event.outcome else None
    ledger.last_pass = [event.t_s, float(team), depth, across, end_depth, end_across, arrived]
    if not ledger.run or ledger.run[0] != team:
        ledger.run = [float(team), event.t_s, depth, 0.0]
    ledger.run = [*ledger.run[:3], (ledger.run[3] or 0.0) + 1.0]
    ledger.own_passes[team] = [*ledger.own_passes[team], event.t_s, depth][-2 * _KEPT :]
    if arrived is not None:
        ledger.team_passes[team] += 1
        ledger.team_arrived[team] += int(arrived)
        if 0 <= event.player < ledger.players:
            ledger.player_passes[event.player] += 1
            ledger.player_arrived[event.player] += int(arrived)


def move_features(event: EventContext, ledger: Ledger, out: Floats) -> None:
    """Write :data:`MOVE_CONTEXT` into ``out`` (20,), as it was before the pass; NaN where there is nothing of the kind."""
    team, t_s = event.team, event.t_s
    depth, across = _metres(event)[:2]
    found = [round(depth, 3)] + [_NAN] * (len(MOVE_CONTEXT) - 1)
    if team not in (0, 1):
        out[:] = found
        return
    same = event.period == ledger.move_period
    last, run, own = (_numbers(v) for v in ((ledger.last_pass, ledger.run, ledger.own_passes[team]) if same else ([], [], [])))
    if last:
        found[1], found[2], found[3] = round(t_s - last[0], 3), float(last[1] == team), last[6]
        x, y, end_x, end_y = last[2:6]
        if last[1] != team:
            x, y, end_x, end_y = LENGTH_M - x, WIDTH_M - y, LENGTH_M - end_x, WIDTH_M - end_y
        found[4], found[5] = round(hypot(end_x - x, end_y - y), 3), round(end_x - x, 3)
        found[6], found[7] = round(depth - end_x, 3), round(abs(across - end_y), 3)
    found[8:11] = [0.0, 0.0, 0.0]
    if run and run[0] == team:
        found[8:11] = [run[3], round(t_s - run[1], 3), round(depth - run[2], 3)]
    if same:
        found[11] = round(t_s - (_NAN if ledger.dead_s is None else ledger.dead_s), 3)
    if len(own) >= 4:
        found[12], found[13] = round(t_s - own[-4], 3), round(depth - own[-3], 3)
    if len(own) >= 2 * _KEPT:
        found[14] = round(t_s - own[0], 3)
    found[15] = _share(ledger.team_arrived[team], ledger.team_passes[team], _TEAM_WEIGHT)
    found[16] = _share(ledger.team_arrived[1 - team], ledger.team_passes[1 - team], _TEAM_WEIGHT)
    known = 0 <= event.player < ledger.players
    found[17] = _share(
        ledger.player_arrived[event.player] if known else 0,
        ledger.player_passes[event.player] if known else 0,
        _PLAYER_WEIGHT,
    )
    found[18] = float(ledger.goals[team] - ledger.goals[1 - team])
    found[19] = round(ledger.clock_s(t_s) / 60.0, 3)
    out[:] = found


def end_features(event: EventContext, out: Floats) -> None:
    """Write :data:`PASS_END` into ``out`` (5,); NaN where the end was not reported."""
    depth, across, end_depth, end_across = _metres(event)
    off = end_across - WIDTH_M / 2
    out[:] = [
        round(hypot(end_depth - depth, end_across - across), 3),
        round(end_depth - depth, 3),
        round(end_depth, 3),
        round(abs(off), 3),
        round(hypot(LENGTH_M - end_depth, off), 3),
    ]


def start_of(event: EventContext) -> tuple[float, float]:
    """Distance of the reported place to the goal and from the middle lane (m)."""
    depth, across = _metres(event)[:2]
    off = across - WIDTH_M / 2
    return round(hypot(LENGTH_M - depth, off), 3), round(abs(off), 3)


def _metres(event: EventContext) -> tuple[float, float, float, float]:
    depth, across, end_depth, end_across = place(event)
    return depth * LENGTH_M, across * WIDTH_M, end_depth * LENGTH_M, end_across * WIDTH_M


def _numbers(values: list[float | None]) -> list[float]:
    return [_NAN if v is None else v for v in values]


def _share(arrived: int, passes: int, weight: float) -> float:
    return round((arrived + USUAL_SHARE * weight) / (passes + weight), 6)


EVENT_STEPS = (EventStep("moves.follow", follow, on=("pass", "shot", *sorted(DEAD)), phase="apply"),)
