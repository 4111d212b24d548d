"""Real passes for the completion probability: what was known when the ball was thrown, and whether it was caught.

The folder holds ``passes_2018.parquet``: a row per dropback with ``gameId, passResult`` (C, I, IN; sacks are left out), and at the
throw ``throwDistance`` (yd, passer to target), ``Target_Y`` (yd across the field), ``defender1Dist`` (yd, the nearest defender who
was on the target; empty where nobody was) and ``cp``, nflfastR's probability. Passes without a target are left out. What is
measured as the ball arrives is not read: it is there more often when the ball was caught. The distance of the rushers is not in
it, and is missing in every row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from features.nfl.columns import YD
from features.nfl.flight import CLOSES_PER_S, CLOSES_TO, COMPLETION_FEATURES, FAR_M, INSIDE_M, OPEN_M, ROOM_M
from models.by_command import Course, Outcomes, doors
from models.known import known
from models.known.declaration import Recipe
from models.nfl_yards import HELD_OUT_AS, TERMS
from models.tables import column, read_table, words_of
from models.training import grow

MODEL: Final = "nfl-completion"
FITS: Final = 3
SOURCE: Final = "NFL passes of 2018 at the throw"
RECIPE: Final = Recipe(
    boosters=((
        {"eta": 0.05, "max_depth": 4, "min_child_weight": 30.0, "subsample": 0.6, "colsample_bytree": 0.8, "reg_lambda": 5.0}, 150,
    ),),
    smooth=0.3, strength=0.01,
)  # fmt: skip
#: over the ground a pass makes about so many metres a second, and the field is so wide
BALL_MPS: Final = 17.0
WIDTH_YD: Final = 160.0 / 3.0
LIMITS: Final = (
    "It knows how far, how near to the sideline and past whom the ball is thrown, not the pressure on the passer, who throws or "
    "catches, the weather, or a drop; balls that are thrown away are not passes to it. It learnt from the season of 2018."
)  # fmt: skip


def read(folder: Path) -> Outcomes:
    needed = ("gameId", "passResult", "throwDistance", "Target_Y", "defender1Dist", "cp")
    table = read_table(folder / "passes_2018.parquet", needed)
    air_m, across_yd, gap_m = column(table, "throwDistance") * YD, column(table, "Target_Y"), column(table, "defender1Dist") * YD
    result = words_of(table, "passResult")
    some = np.isin(result, ("C", "I", "IN")) & np.isfinite(air_m) & np.isfinite(across_yd)
    shrinks = np.maximum(1.0 - CLOSES_PER_S * air_m / BALL_MPS, CLOSES_TO)
    columns = {
        "air_m": air_m, "meet_m": np.minimum(np.minimum(gap_m, FAR_M) * shrinks, OPEN_M), "pressure_m": np.full(len(air_m), np.nan),
        "sideline_m": np.clip(np.minimum(across_yd, WIDTH_YD - across_yd) * YD, INSIDE_M, ROOM_M),
    }  # fmt: skip
    rows = np.column_stack([columns[name] for name, _, _ in COMPLETION_FEATURES])
    covered = np.where(np.isfinite(gap_m), "covered", "nobody on him")
    return Outcomes(
        rows[some], (result[some] == "C").astype(np.float64), words_of(table, "gameId")[some], SOURCE, HELD_OUT_AS, TERMS,
        {"defender": covered[some]}, column(table, "cp")[some], "nflfastR",
    )  # fmt: skip


def fit(learnt: Outcomes, seed: int) -> bytes:
    return grow(known(MODEL), RECIPE, learnt.rows, learnt.label, seed)


COURSE: Final = Course(MODEL, fit, LIMITS, RECIPE.told())
train, judge, report, evaluate = doors(COURSE, read)
