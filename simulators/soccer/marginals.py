"""The facts of simulated matches from which marginals are computed (``models.marginals.soccer`` describes each column), and
why a figure is not that of real matches where it is not."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from simulators.soccer.game import Match
from streaming.wire.records import Event

GAMES: Final = 40
MINUTES: Final = 90.0
#: places of the words in the columns
_GROUND, _HIGH, _HEAD, _CROSS, _THROUGH, _THROW_IN, _CORNER, _FREE_KICK = range(8)
_SET_PIECES: Final = {"throw_in": _THROW_IN, "corner": _CORNER, "free_kick": _FREE_KICK}
_SHOTS: Final = {"free_kick": 2, "penalty": 3}
_BURST_FRAMES: Final = 300 * 25
_GOAL_X_M: Final = 52.5


def facts(seed: int, games: int = GAMES, minutes: float = MINUTES) -> dict[str, Any]:
    """Of ``games`` matches with seeds ``seed``, ``seed + 1``, ..."""
    passes: list[tuple[float, bool, int]] = []
    shots: list[tuple[float, bool, int]] = []
    goals, bursts = [], []
    for number in range(seed, seed + games):
        scored = 0
        match = Match(number, minutes)
        parts = []
        for chunk in match.chunks():
            parts.append(np.where((chunk.who >= 0)[:, :, None], chunk.places, np.nan))
            for event in chunk.events:
                scored += event.type == "own_goal" or (event.type == "shot" and event.outcome == "goal")
                if event.type == "pass" and event.attrs["set_piece"] != "goal_kick":
                    passes.append(_pass(event))
                elif event.type == "shot":
                    shots.append(_shot(event))
        goals.append(scored)
        if len(parts):
            bursts.append(_bursts(np.concatenate(parts)))
    return {
        "match_goals": np.array(goals),
        "burst_mps": np.concatenate(bursts),
        **dict(zip(("pass_m", "pass_good", "pass_kind"), (np.array(c) for c in zip(*passes, strict=True)), strict=True)),
        **dict(zip(("shot_m", "shot_goal", "shot_kind"), (np.array(c) for c in zip(*shots, strict=True)), strict=True)),
    }


def _pass(event: Event) -> tuple[float, bool, int]:
    attrs = event.attrs
    ends = np.array([event.x_m, event.y_m, event.end_x_m, event.end_y_m], np.float64)
    length = float(np.hypot(*(ends[2:] - ends[:2])))
    kind = _SET_PIECES.get(str(attrs["set_piece"]), -1)
    if kind < 0:
        header = attrs["body_part"] == "head"
        kind = _HEAD if header else _CROSS if attrs.get("cross") else _THROUGH if attrs.get("through_ball") else _GROUND
        if kind == _GROUND and attrs["height"] == "high":
            kind = _HIGH
    return length, event.outcome == "complete", kind


def _shot(event: Event) -> tuple[float, bool, int]:
    x, y = np.array([event.x_m, event.y_m], np.float64)
    # the goal that is shot at is the nearer one
    away = float(np.hypot(_GOAL_X_M - abs(x), y))
    kind = _SHOTS.get(str(event.attrs["set_piece"]), int(event.attrs["body_part"] == "head"))
    return away, event.outcome == "goal", kind


def _bursts(places: Any) -> Any:
    """Outfield players' fastest speed in each five minutes, m/s, over a fifth of a second as a belt's."""
    fastest = []
    for at in range(0, len(places) - _BURST_FRAMES + 1, _BURST_FRAMES):
        part = places[at : at + _BURST_FRAMES]
        speed = np.linalg.norm(part[5:] - part[:-5], axis=2) / 0.2
        # a substitute has not run in the place of the other
        speed[speed > 13.0] = np.nan
        some = np.isfinite(speed).mean(axis=0) > 0.9
        some[[0, 11]] = False
        fastest.append(np.nanmax(speed[:, some], axis=0))
    return np.concatenate(fastest) if fastest else np.empty(0)


_NEAR: Final = "the player on the ball takes the best of all passes, and the nearest free player is seldom further than 20 m"
_FAR: Final = "a failed pass is bent to an opponent, mostly short of its aim, and far passes are aimed at runners"
_CLEAN: Final = "the truth of a shot, which xgoals learns, was set for a match of few chances: it falls too slowly with distance"
_HEADS: Final = "only corners, free kicks and crosses are headed at goal, and the defence heads clear what it reaches first"
_SOFT: Final = "simulated referees see few fouls in the box: there are hardly any penalties, so that their share is one of luck"

#: figure -> why it is not that of real matches
EXPLAINED: Final[dict[str, str]] = {
    "passes of open play, 0 to 10 m": _NEAR,
    "passes of open play, 20 to 30 m": _NEAR,
    "passes of open play, 30 to 45 m": _NEAR,
    "passes of open play, 45 m and more": _NEAR,
    "arrive, of open play, 20 to 30 m": _FAR,
    "arrive, of open play, 30 to 45 m": _FAR,
    "arrive, of open play, 45 m and more": _FAR,
    "passes: high": "what is headed on in a real match is a high ball that a player controls here",
    "arrive: high": "they are played to free players; a real launch often has no receiver",
    "passes: head": "simulated players head at goal and clear by head, and pass with their feet only",
    "arrive: head": "there are none",
    "passes: cross": "a cross is a high ball from a wing to a player in the box; low ones are counted as ground passes here",
    "arrive: cross": "real ones that get past the first defender are half the battle; here the defence is always in place",
    "passes: through": "a runner is seldom played behind the line, because the simulated last line drops in time",
    "arrive: through": "only those are tried whose runner is ahead of all opponents",
    "passes: throw-in": "fewer balls leave the pitch: a player puts it out on purpose only to clear it",
    "arrive: corner": "the real figure counts a corner that a team mate touches; here one has to control it",
    "shots by head": _HEADS,
    "shots of open play, 0 to 8 m": _HEADS,
    "shots of open play, 8 to 16 m": "a player that far is closed down by two defenders here, and shoots earlier or passes back",
    "shots of open play, 16 to 24 m": "the other side of the same: who is free at the edge of the box shoots",
    "shots of open play, 24 m and more": "they make way for the many from the edge of the box; all shots together are as many",
    "go in, of open play, 8 to 16 m": _CLEAN,
    "go in, of open play, 16 to 24 m": _CLEAN,
    "go in, of open play, 24 m and more": _CLEAN,
    "headers that go in": "those few that are headed at goal are free ones near it",
    "direct free kicks that go in": _CLEAN,
    "penalties a match": _SOFT,
    "penalties that go in": _SOFT,
}
