"""From which figure on something is worth showing or saying: `python -m models.data.thresholds FOLDER` writes
``features/soccer/thresholds.py``.

``FOLDER`` is that of Wyscout's open events (``models.data.wyscout``). A threshold is a quantile of what real matches have: of
shots, of
passes that arrived, of players or of teams in a match, as its comment in the written module says; xGoals are those of the artefact
that ships for real games (``xgoals@real``), threat is that of ``features.soccer.threat``. Matches held out by the rule of
``models.holdout`` are left out. Speeds and opponents bypassed need tracking, of which there are no whole matches: they were
set by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from features.soccer.shots import SHOT_INDEX
from features.soccer.threat import value_at
from models.artefact import load
from models.base import Floats
from models.data.wyscout import ACCURATE, GOAL, HELD_OUT_AS, KINDS, SHOOTOUT, SOURCE, TERMS, Events, read_events
from models.data.wyscout_shots import SHOTS, TAKE_ON, shots_of
from models.holdout import held_out

Bools = npt.NDArray[np.bool_]
TARGET: Final = Path(__file__).parents[2] / "features" / "soccer" / "thresholds.py"
#: tags of Wyscout's: an interception, a duel won
_INTERCEPTION, _WON = 1401, 703
#: minutes over which the passes of both teams are compared, and how many are too few
_MINUTES, _LEAST = 10, 50
_PASSES: Final = tuple(kind for kind in KINDS if kind[0] == "Pass" or (kind[0] == "Free Kick" and kind not in SHOTS))
_CORNER: Final = ("Free Kick", "Corner")
#: threat is computed for one pass in so many: a quantile of 0.999 does not need all of them
_ONE_IN: Final = 4


def of_team(events: Events, chosen: Bools) -> Floats:
    """How many of the ``chosen`` (N,) bool each team has in a match, 0 among them."""
    teams, at = np.unique(np.stack([events.match, events.team], 1)[events.team > 0], axis=0, return_inverse=True)
    return np.asarray(np.bincount(at.ravel(), chosen[events.team > 0], len(teams)), np.float64)


def of_player(events: Events, chosen: Bools) -> Floats:
    """How many of the ``chosen`` each player has in a match who has any."""
    chosen = chosen & (events.player > 0)
    return np.asarray(np.unique(np.stack([events.match, events.player], 1)[chosen], axis=0, return_counts=True)[1], np.float64)


def named(events: Events, name: str) -> Bools:
    """(N,) the events of every kind of this name."""
    return np.isin(events.kind, [i for i, kind in enumerate(KINDS) if kind[0] == name])


def runs_before_shots(events: Events) -> tuple[Floats, Floats]:
    """Passes that a team completed in a row before each of its shots, and shots of one team in a row up to each of them."""
    passes, shots = events.of(*_PASSES), events.of(*SHOTS)
    arrived = events.has(ACCURATE)
    moves, runs = [], []
    match = period = team = -1
    passed, shooter, run = 0, -1, 0
    for i in np.flatnonzero(passes | shots).tolist():
        if (events.match[i], events.period[i]) != (match, period):
            match, period, team, passed = events.match[i], events.period[i], -1, 0
            shooter, run = -1, 0
        if passes[i]:
            passed = (passed if events.team[i] == team else 0) + 1 if arrived[i] else 0
        else:
            moves.append(passed if events.team[i] == team else 0)
            run = run + 1 if events.team[i] == shooter else 1
            shooter, passed = events.team[i], 0
            runs.append(run)
        team = events.team[i]
    return np.array(moves, np.float64), np.array(runs, np.float64)


def between_shots_s(events: Events) -> Floats:
    """Seconds from one shot of a team to its next in the same half."""
    at = np.flatnonzero(events.of(*SHOTS))
    order = at[np.lexsort((events.second[at], events.period[at], events.team[at], events.match[at]))]
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in (events.match, events.period, events.team):
        same &= key[order][1:] == key[order][:-1]
    return np.diff(events.second[order])[same]


def shares_of_passes(events: Events) -> Floats:
    """The larger team's share of the passes in each ten minutes that begin with a tenth minute of a half."""
    passes = events.of(*_PASSES)
    block = (events.second // (60.0 * _MINUTES)).astype(np.int64)
    keys = np.stack([events.match, events.period, block], 1)[passes]
    _, at = np.unique(keys, axis=0, return_inverse=True)
    first = np.zeros(len(at), np.int64)
    team = events.team[passes]
    low = np.full(int(at.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(low, at.ravel(), team)
    first = (team == low[at.ravel()]).astype(np.int64)
    both = np.bincount(at.ravel())
    one = np.bincount(at.ravel(), first)
    share = np.maximum(one, both - one)[both >= _LEAST] / both[both >= _LEAST]
    return np.asarray(share[share < 1.0], np.float64)


def gains(events: Events) -> Floats:
    """Threat that passes which arrived have added; one in ``_ONE_IN``."""
    at = np.flatnonzero(events.of(*(kind for kind in KINDS if kind[0] == "Pass")) & events.has(ACCURATE))[::_ONE_IN]
    x, y, end_x, end_y = (column[at].astype(np.float64) / 100.0 for column in (events.x, events.y, events.end_x, events.end_y))
    return np.array([value_at(c, 1.0 - d) - value_at(a, 1.0 - b) for a, b, c, d in zip(x, y, end_x, end_y, strict=True)])


def found_in(events: Events) -> list[tuple[str, str, str]]:
    """(comment, name, value as Python text) of every threshold. ``ValueError`` without shots or passes."""
    shots = shots_of(events)
    plain = ~shots.penalty & np.isfinite(shots.rows[:, 0])
    if not plain.any() or not shots.goal[plain].any() or not events.of(*_PASSES).any():
        raise ValueError("there are no goals or no passes to work thresholds out from")
    xgoals = load("xgoals@real").predict(np.ascontiguousarray(shots.rows[plain]))
    goals = xgoals[shots.goal[plain] > 0.5]
    distance = shots.rows[plain, SHOT_INDEX["distance_m"]]
    moves, runs = runs_before_shots(events)
    threat = gains(events)
    threat = threat[np.isfinite(threat)]
    shares, between = shares_of_passes(events), between_shots_s(events)
    arrived, won = events.has(ACCURATE), events.has(_WON)
    shot = events.of(*SHOTS)
    passes, ground = events.of(*_PASSES), events.of(("Duel", "Ground attacking duel"))

    def q(values: Floats, *at: float, digits: int = 0) -> str:
        figures = [round(float(np.quantile(values, each)), digits) for each in at]
        words = [f"{figure:.{digits}f}" for figure in figures]
        return words[0] if len(words) == 1 else f"({', '.join(words)})"

    return [
        ("xGoals: one shot in twenty has more", "BIG_CHANCE", q(xgoals, 0.95, digits=2)),
        ("xGoals: the middle one of shots, and what one in a hundred has", "XGOALS", q(xgoals, 0.5, 0.99, digits=2)),
        ("xGoals: a quarter of the goals had less", "UNLIKELY_GOAL", q(goals, 0.25, digits=2)),
        ("xGoals: a twentieth of the goals had less", "UNLIKELIEST_GOAL", q(goals, 0.05, digits=2)),
        ("m from the goal: a tenth of the shots are from farther off, a tenth from nearer", "FAR_M", q(distance, 0.9, digits=1)),
        ("", "CLOSE_M", q(distance, 0.1, digits=1)),
        ("passes in a row before a shot: one in ten, one in two hundred have more", "MOVE", q(moves, 0.9, 0.995)),
        (
            "goals of threat that a pass adds which arrives: one in a hundred, one in a thousand add more",
            "THREAT",
            q(threat, 0.99, 0.999, digits=3),
        ),
        ("shots of one team in a row: one shot in ten belongs to as many", "SHOTS_IN_A_ROW", q(runs, 0.9)),
        ("s from a shot of a team to its next: one in ten is longer, one in a hundred", "DROUGHT_S", q(between, 0.9, 0.99)),
        (
            "share of the passes of ten minutes: in one of five, in one of a hundred a team has more",
            "MOSTLY",
            q(shares, 0.8, 0.99, digits=2),
        ),
        ("a match: what half of the teams, or of the keepers, reach", "CORNERS", q(of_team(events, events.of(_CORNER)), 0.5)),
        ("", "OFFSIDES", q(of_team(events, named(events, "Offside")), 0.5)),
        ("", "CROSSES", q(of_team(events, events.of(("Pass", "Cross"))), 0.5)),
        ("", "SAVES", q(of_player(events, named(events, "Save attempt") & ~events.has(GOAL)), 0.5)),
        ("a match: what one in ten of the players reaches who have any", "SHOTS_OF_ONE", q(of_player(events, shot), 0.9)),
        ("", "FOULS_OF_ONE", q(of_player(events, named(events, "Foul")), 0.9)),
        ("", "TAKE_ONS", q(of_player(events, ground & events.has(*TAKE_ON) & won), 0.9)),
        ("", "INTERCEPTIONS", q(of_player(events, events.has(_INTERCEPTION)), 0.9)),
        ("", "PASSES_OF_ONE", q(of_player(events, passes & arrived), 0.9)),
    ]


def as_module(found: list[tuple[str, str, str]], matches: int) -> str:
    """The text of ``features/soccer/thresholds.py``."""
    lines = "\n".join((f"#: {comment}\n" if comment else "") + f"{name}: Final = {value}" for comment, name, value in found)
    return f'''"""From which figure on something is worth showing or saying.

Written by `python -m models.data.thresholds FOLDER`, not by hand.

Source: {SOURCE} ({TERMS}); {matches:,} matches.
"""

from __future__ import annotations

from typing import Final

{lines}
'''


def main(arguments: list[str]) -> int:
    if not arguments or len(arguments) > 2:
        sys.stderr.write("usage: python -m models.data.thresholds FOLDER [MODULE.py]\n")
        return 2
    try:
        events = read_events(Path(arguments[0]))
        events = events.take(~held_out(HELD_OUT_AS, events.match) & (events.period < SHOOTOUT))
        found = found_in(events)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    target = Path(arguments[1]) if len(arguments) > 1 else TARGET
    target.write_text(as_module(found, len(np.unique(events.match))))
    sys.stdout.write(f"wrote {target}: {len(found)} thresholds\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
