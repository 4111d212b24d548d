"""The facts of simulated games that marginals are worked out from (``models.marginals.mlb`` says what each column holds), and why a
figure is not that of real games where it is not."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from simulators.mlb.game import Chunk, Game
from simulators.mlb.scene import bag
from streaming.records import Event

GAMES: Final = 60
#: long enough for every game to be played to its end
MINUTES: Final = 300.0
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


def facts(seed: int, games: int = GAMES, minutes: float = MINUTES) -> dict[str, Any]:
    """Of ``games`` games with seeds ``seed``, ``seed + 1``, ..."""
    of = _Facts()
    for number in range(seed, seed + games):
        game, thrown, last = Game(number, minutes), 0, None
        for chunk in game.chunks():
            thrown += sum(e.type == "pitch" for e in chunk.events)
            thrown = _pitch(of, game, chunk, thrown)
            last = next((e for e in reversed(chunk.events) if "home_runs" in e.attrs), last)
        of.runs.append(float(last.attrs["home_runs"]) + float(last.attrs["away_runs"]) if last else 0.0)
    speed, launch, hit, home_run = np.array(of.balls).T
    lead, stolen = np.array(of.steals, np.float64).reshape(-1, 2).T
    return {
        "runs": np.array(of.runs), "outcome": np.array(of.outcome), "pitches": np.array(of.pitches), "exit_mps": speed,
        "launch_deg": np.degrees(launch), "hit": hit > 0, "home_run": home_run > 0, "lead_m": lead, "stolen": stolen > 0,
        "steals": np.array([len(lead), games], np.float64),
    }  # fmt: skip


def _pitch(of: _Facts, game: Game, chunk: Chunk, thrown: int) -> int:
    """Notes what one pitch led to; how many pitches this plate appearance has had."""
    named = {e.type: e for e in chunk.events}
    ended = next((e for e in chunk.events if e.type == "play" and e.outcome in _OUTCOMES), None)
    if ended is not None:
        of.outcome.append(_OUTCOMES[ended.outcome])
        of.pitches.append(thrown)
        thrown = 0
        ball = named.get("batted_ball")
        if ball is not None:
            of.balls.append((
                float(ball.attrs["exit_speed_mps"]), float(ball.attrs["launch_rad"]), float(ended.outcome in _HITS),
                float(ended.outcome == "home_run"),
            ))  # fmt: skip
    steal, move = named.get("steal"), named.get("first_move")
    if steal is not None and move is not None:
        of.steals.append((_lead_m(game, chunk, move), steal.outcome == "safe"))
    return thrown


def _lead_m(game: Game, chunk: Chunk, move: Event) -> float:
    """m from first base that the runner stands at the pitcher's first move."""
    row = next(k for k, entity in enumerate(game.clubs.entities) if entity.id == move.player)
    frame = int(np.argmin(np.abs(chunk.t_us - move.t_us)))
    return float(np.hypot(*(chunk.xyz[frame, row, :2] - np.array(bag(1)))))


#: figure -> why it is not that of real games
EXPLAINED: Final[dict[str, str]] = {}
