"""Training table of the win probability: many matches at the level of the score, each looked at every third minute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from features.soccer.game import ADDED, WIN_FEATURES
from models.training.training import Table
from simulators.soccer.results import result_chances
from simulators.soccer.scorelines import MINUTES, scorelines

_EVERY_MIN: Final = 3
_BATCH: Final = 1_000
_HALF_S: Final = 45 * 60.0


def result_table(seed: int, games: int, advance: Callable[[float], None] = lambda games: None) -> Table:
    """Rows of ``soccer-win-probability``: label 0 home, 1 draw, 2 away; the truth is the chance of each given all that has been
    seen of the match, never a feature.

    The score-level matches last 90 minutes sharp; on the live clock the same match has added time to come, so that what
    is left is given as that share of the expected whole.
    """
    whole_s = (2.0 + ADDED) * _HALF_S
    parts, labels, names, truths = [], [], [], []
    for batch, first in enumerate(range(0, games, _BATCH)):
        count = min(_BATCH, games - first)
        s = scorelines(seed + batch, count, _EVERY_MIN)
        columns = {
            "time_left_s": (MINUTES - s["minute"]) * (whole_s / MINUTES),
            "goal_difference": s["home_score"] - s["away_score"],
            "red_card_difference": s["home_red"] - s["away_red"],
            "xgoals_home": s["home_xgoals"],
            "xgoals_away": s["away_xgoals"],
        }
        parts.append(np.stack([columns[name].astype(np.float64) for name, _, _ in WIN_FEATURES], 1))
        labels.append(s["result"].astype(np.float64))
        names.append(s["match"].astype(np.int64) + first)
        truths.append(result_chances(s))
        advance(float(count))
    rows = np.concatenate(parts)
    source: dict[str, str | float | int] = {
        "source": "simulated soccer score lines",
        "games": games,
        "first_seed": seed,
        "rows": len(rows),
    }
    return Table(rows, np.concatenate(labels), np.concatenate(names), source, truth=np.concatenate(truths))
