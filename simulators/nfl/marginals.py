"""The facts of simulated games from which marginals are computed (``models.marginals.nfl`` describes each column), and why a
figure is not that of real games where it is not."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.nfl.columns import YD
from simulators.nfl import engine
from simulators.nfl.block import Block
from simulators.nfl.game import Match

GAMES: Final = 40
#: a game in real time: with it the number of plays is about that of a real game
MINUTES: Final = 60.0
_RUN, _PASS, _SACK, _PUNT, _KICK = range(5)
_CALLED: Final = {"flat": 0, "slant": 1, "curl": 2, "comeback": 2, "out": 3, "dig": 4, "corner": 5, "post": 6, "go": 7}
_MPH: Final = 0.44704


class _Facts:
    """Columns as they grow."""

    def __init__(self) -> None:
        self.plays: list[tuple[float, ...]] = []
        self.throws: list[tuple[float, ...]] = []
        self.yac: list[float] = []
        self.man: list[bool] = []
        self.rushers: list[float] = []
        self.routes: list[int] = []
        self.fastest: list[float] = []
        self.points: list[float] = []


def facts(seed: int, games: int = GAMES, minutes: float = MINUTES) -> dict[str, Any]:
    """Of ``games`` games with seeds ``seed``, ``seed + 1``, ..."""
    of = _Facts()
    for number in range(seed, seed + games):
        points = 0.0
        for block in Match(number, minutes).blocks():
            points += sum(float(e.attrs.get("points", 0.0)) for e in block.events)
            if block.played is not None:
                _play(of, block)
        of.points.append(points)
    kind, down, to_go, to_goal, gained = np.array(of.plays).T
    depth, caught, picked = np.array(of.throws).T
    return {
        "points": np.array(of.points),
        "kind": kind,
        "down": down,
        "to_go_yd": to_go,
        "to_goal_yd": to_goal,
        "gained_yd": gained,
        "rush_yd": gained[kind == _RUN],
        "depth_yd": depth,
        "caught": caught > 0,
        "picked": picked > 0,
        "yac_yd": np.array(of.yac),
        "man": np.array(of.man),
        "rushers": np.array(of.rushers),
        "route": np.array(of.routes),
        "fastest_mph": np.array(of.fastest),
    }


def _play(of: _Facts, block: Block) -> None:
    played = block.played
    assert played is not None
    event_rows = {int(row[0]): row for row in played.event_rows}
    state = next(e for e in block.events if e.type == "down").attrs
    to_goal = float(state["to_goal_yd"])
    event_types = {e.type for e in block.events}
    gained = 0.0
    if "punt" in event_types or "field_goal" in event_types:
        kind = _PUNT if "punt" in event_types else _KICK
    else:
        kind = _SACK if engine.SACK in event_rows else _RUN if played.intent.kind == "run" else _PASS
        ended = event_rows.get(engine.TACKLE, event_rows.get(engine.SACK))
        if engine.TOUCHDOWN in event_rows:
            gained = to_goal
        elif ended is not None:
            gained = float(np.floor(ended[4]))
        _called(of, block, event_rows, gained, kind)
    of.plays.append((kind, float(state["down"]), float(state["to_go_yd"]), to_goal, gained))


def _called(of: _Facts, block: Block, event_rows: dict[int, Any], gained: float, kind: int) -> None:
    played = block.played
    assert played is not None
    plan = played.intent.plan
    places = played.places[int(plan["snap"]) :: engine.TENTH]
    of.fastest.append(float((np.linalg.norm(places[2:] - places[:-2], axis=2) / 0.2).max()) / _MPH)
    if kind == _RUN:
        return
    of.man.append(played.intent.coverage == "man")
    of.rushers.append(float(plan["rush"].sum()))
    of.routes += [_CALLED[name] for name in played.intent.routes.values()]
    if engine.ARRIVED in event_rows:
        row = event_rows[engine.ARRIVED]
        depth = float(played.places[int(row[1]), int(row[2]), 0]) / YD
        of.throws.append((depth, engine.CAUGHT in event_rows, engine.INTERCEPTED in event_rows))
        if engine.CAUGHT in event_rows and engine.TOUCHDOWN not in event_rows:
            of.yac.append(gained - np.floor(depth))


_STARTS: Final = (
    "a drive of this simulator starts at its own 25 after every score, without returns, so that fewer drives stall near midfield"
)

#: figure -> why it is not that of real games
EXPLAINED: Final[dict[str, str]] = {
    "fourth downs: field goal": _STARTS,
    "punts from 45 yd and nearer": _STARTS,
    "punts from 35 yd and nearer": "one punt in two hundred; coaches of this simulator try the field goal, or go",
}
