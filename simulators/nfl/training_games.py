"""Training tables of the models that run between plays: the chain of downs and scores, whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.nfl.game import fourth_rows, win_row
from models.training.training import Table
from simulators.nfl.chain import PLAY_S, STEP_YD, play_games


def win_table(seed: int, games: int, advance: Callable[[float], None] = lambda games: None) -> Table:
    """Rows of ``nfl-win-probability``: label 1 where the team with the ball won."""
    found = play_games(seed, games)
    rows = np.array([win_row(PLAY_S * r[2], r[3], r[5], STEP_YD * r[6], STEP_YD * r[4], float(r[1] == 0)) for r in found])
    advance(float(games))
    return Table(rows, found[:, 10], found[:, 0].astype(np.int64), _source(seed, games, len(rows)), truth=found[:, 8])


def fourth_table(seed: int, games: int, advance: Callable[[float], None] = lambda games: None) -> Table:
    """Rows of ``nfl-fourth-down``: the coach's choice, and label 1 where the team won."""
    found = play_games(seed, games, 0.0)
    rows = np.array([fourth_rows(PLAY_S * r[2], r[3], STEP_YD * r[6], STEP_YD * r[4], float(r[1] == 0))[int(r[7])] for r in found])
    advance(float(games))
    return Table(
        rows,
        found[:, 10],
        found[:, 0].astype(np.int64),
        _source(seed, games, len(rows)),
        truth=found[:, 9],
        question=np.array(["go", "kick", "punt"])[found[:, 7].astype(np.int64)],
    )


def _source(seed: int, games: int, rows: int) -> dict[str, str | float | int]:
    return {"source": "simulated nfl games at the level of downs", "games": games, "first_seed": seed, "rows": rows}
