"""The training tables of baseball's models: situations drawn from the simulator, rows by the functions that run live.

A game counts so many situations, about what a whole one has, so that folds and sizes mean the same for every model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from features.core.frames import Floats
from features.mlb.batted import hit_row
from features.mlb.fielding import catch_row
from features.mlb.game import over_row, win_row
from features.mlb.steal_features import COLUMN, blank, derive
from models.training.training import Table
from simulators.mlb.draws import flies, hits, steals
from simulators.mlb.innings import innings

Progress = Callable[[float], None]
#: situations of one game: attempts to steal, balls in play, balls in the air
ATTEMPTS, BALLS, FLIES = 30, 50, 35
_BATCH: Final = 100
#: one game in so many is also looked at when it is over
_OVER: Final = 20


def _source(what: str, games: int, seed: int, rows: int) -> dict[str, str | float | int]:
    return {"source": what, "games": games, "first_seed": seed, "rows": rows}


def _batches(seed: int, games: int, advance: Progress) -> list[tuple[np.random.Generator, int, int]]:
    found = []
    for first in range(0, games, _BATCH):
        count = min(_BATCH, games - first)
        found.append((np.random.Generator(np.random.Philox(key=[seed, first])), first, count))
    return found


def steal_rows(drawn: dict[str, Floats], at_release: bool) -> Floats:
    """(n, F) of attempts as they come from ``simulators.mlb.draws.steals``."""
    rows = blank(len(drawn["lead_m"]))
    third = drawn["third"] > 0.5
    inputs = {
        "lead_m": drawn["lead_m"],
        "third": drawn["third"],
        "balls": drawn["balls"],
        "strikes": drawn["strikes"],
        "sprint_mps": drawn["sprint_mps"],
        "pop_second_s": np.where(third, np.nan, drawn["pop_s"]),
        "pop_third_s": np.where(third, drawn["pop_s"], np.nan),
        "delivery_s": drawn["delivery_s"],
        "rules_2023": 1.0,
    }
    if at_release:
        inputs |= {"gain_m": drawn["gain_m"], "release_lead_m": drawn["lead_m"] + drawn["gain_m"]}
    for name, values in inputs.items():
        rows[:, COLUMN[name]] = values
    derive(rows)
    return rows


def steal_table(seed: int, games: int, advance: Progress = lambda games: None) -> Table:
    """Both readings of every attempt: before the pitch, and at release."""
    rows, label, truth, game = [], [], [], []
    for rng, first, count in _batches(seed, games, advance):
        drawn = steals(rng, count * ATTEMPTS)
        for at_release, chance in ((False, "before"), (True, "released")):
            rows.append(steal_rows(drawn, at_release))
            label.append(drawn["success"])
            truth.append(drawn[chance])
            game.append(np.repeat(np.arange(first, first + count), ATTEMPTS))
        advance(float(count))
    return Table(
        np.concatenate(rows),
        np.concatenate(label),
        np.concatenate(game),
        _source("simulated steals", games, seed, sum(map(len, rows))),
        truth=np.concatenate(truth),
    )


def hit_table(seed: int, games: int, advance: Progress = lambda games: None) -> Table:
    rows, label, truth, game = [], [], [], []
    for rng, first, count in _batches(seed, games, advance):
        drawn = hits(rng, count * BALLS)
        columns = (drawn[name].tolist() for name in ("exit_speed_mps", "launch_rad", "spray_rad", "sprint_mps"))
        rows.append(np.array([hit_row(*ball) for ball in zip(*columns, strict=True)]))
        label.append(drawn["hit"])
        truth.append(drawn["truth"])
        game.append(np.repeat(np.arange(first, first + count), BALLS))
        advance(float(count))
    return Table(
        np.concatenate(rows),
        np.concatenate(label),
        np.concatenate(game),
        _source("simulated balls in play", games, seed, sum(map(len, rows))),
        truth=np.concatenate(truth),
    )


def catch_table(seed: int, games: int, advance: Progress = lambda games: None) -> Table:
    rows, label, truth, game = [], [], [], []
    for rng, first, count in _batches(seed, games, advance):
        drawn = flies(rng, count * FLIES)
        columns = (drawn[name].tolist() for name in ("x_m", "y_m", "to_x_m", "to_y_m", "hang_s"))
        rows.append(np.array([catch_row(*ball) for ball in zip(*columns, strict=True)]))
        label.append(drawn["caught"])
        truth.append(drawn["truth"])
        game.append(first + np.arange(len(drawn["caught"])) // FLIES)
        advance(float(count))
    return Table(
        np.concatenate(rows),
        np.concatenate(label),
        np.concatenate(game),
        _source("simulated balls in the air", games, seed, sum(map(len, rows))),
        truth=np.concatenate(truth),
    )


def win_table(seed: int, games: int, advance: Progress = lambda games: None) -> Table:
    drawn = innings(seed, games)
    states = (drawn[name].tolist() for name in ("inning", "half", "outs", "bases", "lead", "placed"))
    rows = np.array([win_row(*state) for state in zip(*states, strict=True)])
    won, truth, game = drawn["won"], drawn["truth"], drawn["game"]
    # and a few games that are over, so that the model knows what that means
    _, last = np.unique(game, return_index=True)
    last = last[::_OVER]
    rows = np.concatenate([rows, np.array([over_row(float(w)) for w in won[last]])])
    won, truth, game = np.append(won, won[last]), np.append(truth, won[last]), np.append(game, game[last])
    advance(float(games))
    source = _source("simulated games by plate appearance", games, seed, len(rows))
    return Table(rows, won, game, source, truth=truth)


TABLES: Final = {
    "lead-probability": steal_table,
    "hit-probability": hit_table,
    "catch-probability": catch_table,
    "mlb-win-probability": win_table,
}
