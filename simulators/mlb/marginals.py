"""The facts of simulated games from which marginals are computed (``models.marginals.mlb`` describes each column), and why a
figure is not that of real games where it is not."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from simulators.mlb.game import Game
from simulators.mlb.scene import Scene, bag

GAMES: Final = 120
_OUTCOMES: Final = {"strikeout": 0, "walk": 1, "home_run": 2, "single": 3, "double": 4, "triple": 5, "out": 6, "double_play": 6}
_HITS: Final = ("home_run", "single", "double", "triple")


class _Facts:
    """Columns as they grow."""

    def __init__(self) -> None:
        self.runs: list[float] = []
        self.outcome: list[int] = []
        self.pitches: list[int] = []
        self.balls: list[tuple[float, ...]] = []
        self.steals: list[tuple[float, bool]] = []


def facts(seed: int, games: int = GAMES) -> dict[str, Any]:
    """Of ``games`` games with seeds ``seed``, ``seed + 1``, ..., each to its end, however many innings that takes."""
    of = _Facts()
    for number in range(seed, seed + games):
        pitching, thrown = Game(number).pitching(), 0
        state = pitching.state
        while not state.over:
            scene = pitching.scene()
            thrown = _pitch(of, scene, thrown)
            if state.walked_off() or state.outs >= 3:
                pitching.end_half()
        of.runs.append(float(sum(state.runs)))
    speed, launch, hit, home_run = np.array(of.balls).T
    lead, stolen = np.array(of.steals, np.float64).reshape(-1, 2).T
    return {
        "runs": np.array(of.runs),
        "outcome": np.array(of.outcome),
        "pitches": np.array(of.pitches),
        "exit_mps": speed,
        "launch_deg": np.degrees(launch),
        "hit": hit > 0,
        "home_run": home_run > 0,
        "lead_m": lead,
        "stolen": stolen > 0,
        "steals": np.array([len(lead), games], np.float64),
    }


def _pitch(of: _Facts, scene: Scene, thrown: int) -> int:
    """Notes what one pitch led to; how many pitches this plate appearance has had."""
    named = {report.type: report for report in scene.reports}
    thrown += "pitch" in named
    ended = next((r for r in scene.reports if r.type == "play" and r.outcome in _OUTCOMES), None)
    if ended is not None:
        of.outcome.append(_OUTCOMES[ended.outcome])
        of.pitches.append(thrown)
        thrown = 0
        ball = named.get("batted_ball")
        if ball is not None:
            of.balls.append(
                (
                    float(ball.attrs["exit_speed_mps"]),
                    float(ball.attrs["launch_rad"]),
                    float(ended.outcome in _HITS),
                    float(ended.outcome == "home_run"),
                )
            )
    steal, move = named.get("steal"), named.get("first_move")
    if steal is not None and move is not None:
        lead = np.array(scene.where(move.player, move.t_s)) - np.array(bag(1))
        of.steals.append((float(np.hypot(*lead)), steal.outcome == "safe"))
    return thrown


#: figure -> why it is not that of real games
EXPLAINED: Final[dict[str, str]] = {
    "plate appearances: triple": "the fence is the same all round and fielders run alike, so that few balls roll far enough",
    "balls in play, 50 deg and more": "launch angles vary less than real ones: hit-probability learns them",
    "hits, 50 deg and more": "so few that they are a matter of luck: every hundredth ball of them falls",
}
