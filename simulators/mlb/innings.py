"""Whole games at the level of plate appearances, thousands in a second: what a win probability learns from.

Every plate appearance is drawn from the shares of :mod:`features.mlb.odds`, so that the true chance of every state is known in
closed form. In every second game extra innings begin with a runner on second, in the others with empty bases.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from features.mlb.odds import AUTOMATIC_RUNNER, INNINGS, SHARES, home_odds, next_state, tables

#: plate appearances of one game that are looked at; no game has ever needed so many
MOST: Final = 400

Table = dict[str, npt.NDArray[Any]]


@kernel
def _play(draws: Any, ways: Any, placed: int, dist: Any, starts: Any, states: Any, truth: Any) -> Any:
    """One game: fills ``states`` (MOST, 5: inning, half, outs, bases, lead before each plate appearance) and ``truth``; returns how
    many there were, whether the home team won, and the sum of |changes| of the chance."""
    inning, half, outs, bases, lead, n = 1, 0, 0, 0, 0, 0
    three = np.zeros(3, np.int64)
    moved, before = 0.0, home_odds(1, 0, 0, 0, 0, placed, dist, starts)
    while n < draws.shape[0]:
        states[n, 0], states[n, 1], states[n, 2], states[n, 3], states[n, 4] = inning, half, outs, bases, lead
        truth[n] = before
        k = np.searchsorted(ways, draws[n])
        n += 1
        next_state(outs, bases, k, three)
        outs, bases = three[0], three[1]
        lead += three[2] if half == 1 else -three[2]
        over = half == 1 and inning >= INNINGS and lead > 0
        if outs >= 3 and not over:
            over = (half == 0 and inning >= INNINGS and lead > 0) or (half == 1 and inning >= INNINGS and lead != 0)
            outs = 0
            if half == 1:
                inning += 1
            half = 1 - half
            bases = placed if inning > INNINGS else 0
        after = (1.0 if lead > 0 else 0.0) if over else home_odds(inning, half, outs, bases, lead, placed, dist, starts)
        moved += abs(after - before)
        before = after
        if over:
            break
    return n, 1.0 if lead > 0 else 0.0, moved


def innings(seed: int, games: int, every: int = 6) -> Table:
    """``games`` games as columns, a row for every ``every``-th plate appearance (from a random one on): game, inning, half, outs,
    bases, lead, placed (what extra innings begin with), truth (chance of the home team), won; and ``swing``, the mean change of
    that chance by a plate appearance."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    ways = np.cumsum(SHARES)
    ways[-1] = 1.0
    parts: list[tuple[Any, ...]] = []
    moved, count = 0.0, 0
    states, truth = np.zeros((MOST, 5), np.int64), np.zeros(MOST)
    for game in range(games):
        placed = AUTOMATIC_RUNNER * (game % 2)
        n, won, sum_moved = _play(rng.random(MOST), ways, placed, *tables(placed), states, truth)
        moved, count = moved + sum_moved, count + n
        rows = np.arange(int(rng.integers(0, every)), n, every)
        parts.append(
            (states[rows].copy(), truth[rows].copy(), np.full(len(rows), won), np.full(len(rows), game), np.full(len(rows), placed))
        )
    all_states = np.concatenate([p[0] for p in parts])
    columns = {name: all_states[:, k] for k, name in enumerate(("inning", "half", "outs", "bases", "lead"))}
    return columns | {
        "truth": np.concatenate([p[1] for p in parts]),
        "won": np.concatenate([p[2] for p in parts]),
        "game": np.concatenate([p[3] for p in parts]),
        "placed": np.concatenate([p[4] for p in parts]),
        "swing": np.array([moved / max(count, 1)]),
    }
