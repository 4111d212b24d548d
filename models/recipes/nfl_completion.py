"""Real passes for the completion probability: what was known when the ball was thrown, and whether it was caught.

The folder holds ``passes_2018.parquet``: a row per dropback with ``gameId, passResult`` (C, I, IN; sacks are left out), and at the
throw the places of passer and receiver (``QB_X, QB_Y, Target_X, Target_Y``, yd), of the defenders counted to the receiver
(``defender1..3`` ``X, Y, Dist``, yd, ``S``, yd/s, ``Dir``, degrees; empty where there was none), ``PlayDirection``,
``absoluteYardlineNumber``, ``numberOfPassRushers``, ``defendersInTheBox``, ``qb_speed`` (yd/s), ``t_throw`` (s) and ``cp``,
nflfastR's probability. Passes without a receiver are left out, and so are those without a line of scrimmage: what one of the
sources does not have was caught four times less often, so that its absence would reveal the result. What is measured as the ball
arrives is not read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.nfl.columns import YD
from features.nfl.flight import CLOSES_PER_S, CLOSES_TO, FAR_M, INSIDE_M, OPEN_M, ROOM_M
from features.nfl.thrown import THROW_FEATURES
from models.base import Floats
from models.data.nfl_tracking import HELD_OUT_AS, LENGTH_YD, TERMS, WIDTH_YD, velocity_mps
from models.recipes.shared.real_outcomes import Outcomes, TrainingPlan, recipe_functions
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table, words_of
from models.training.training import grow

MODEL: Final = "nfl-completion"
FITS: Final = 3
SOURCE: Final = "NFL passes of 2018 at the throw"
_SLOW: Final[dict[str, Any]] = {
    "eta": 0.04, "max_depth": 5, "min_child_weight": 15.0, "subsample": 0.7, "colsample_bytree": 0.5, "reg_lambda": 5.0,
}  # fmt: skip
RECIPE: Final = Recipe(boosters=((_SLOW, 250), (_SLOW, 250)))
#: over the ground a pass makes about so many metres a second
BALL_MPS: Final = 17.0
#: what the data have at the throw of what the live path has
TAKES: Final = tuple(name for name, _, _ in THROW_FEATURES)
DEFENDERS: Final = ("first", "second")
LIMITS: Final = (
    "It knows passer, receiver and the nearest defenders when the ball is let go: where they are, and where and how fast "
    "defenders run; not who throws or catches, how the receiver runs, the weather, or a drop. Balls that are thrown away are not "
    "passes to it. It learnt from the season of 2018."
)
_ATTEMPTS: Final = ("C", "I", "IN")
_NUMBERS: Final = (
    "throwDistance", "Target_X", "Target_Y", "QB_X", "QB_Y", "absoluteYardlineNumber", "numberOfPassRushers", "defendersInTheBox",
    "qb_speed", "t_throw", "cp", "defender3Dist",
    *(f"defender{i}{what}" for i in (1, 2) for what in ("X", "Y", "Dist", "S", "Dir")),
)  # fmt: skip


def read(folder: Path) -> Outcomes:
    table = read_table(folder / "passes_2018.parquet", ("gameId", "passResult", "PlayDirection", *_NUMBERS))
    value = {name: column(table, name) for name in _NUMBERS}
    result, direction = words_of(table, "passResult"), words_of(table, "PlayDirection")
    columns = _at_the_throw(value, np.where(direction == "left", -1.0, 1.0)) | _as_in_flight(value)
    rows = np.column_stack([columns.get(f.name, np.full(len(result), np.nan)) for f in spec_of(MODEL).offered])
    some = np.isin(result, _ATTEMPTS) & np.isin(direction, ("left", "right"))
    for name in ("throwDistance", "Target_X", "Target_Y", "QB_X", "QB_Y", "absoluteYardlineNumber", "numberOfPassRushers"):
        some &= np.isfinite(value[name])
    covered = np.where(np.isfinite(value["defender1Dist"]), "covered", "not covered")
    return Outcomes(
        rows[some],
        (result[some] == "C").astype(np.float64),
        words_of(table, "gameId")[some],
        SOURCE,
        HELD_OUT_AS,
        TERMS,
        {"defender": covered[some]},
        value["cp"][some],
        "nflfastR",
    )


def _at_the_throw(value: dict[str, Floats], way: Floats) -> dict[str, Floats]:
    """``THROW_FEATURES`` (B,) by name, in SI; ``way`` (B,) is 1 where the attack goes towards larger x."""
    middle = WIDTH_YD / 2.0
    line, x, y = value["absoluteYardlineNumber"], value["Target_X"], value["Target_Y"]
    far, side = np.maximum(value["throwDistance"], 0.05), np.where(y >= middle, 1.0, -1.0)
    ahead, aside = (x - value["QB_X"]) / far, (y - value["QB_Y"]) / far
    found = {
        "throw_m": far * YD,
        "depth_m": way * (x - line) * YD,
        "across_m": np.abs(y - value["QB_Y"]) * YD,
        "edge_m": np.minimum(y, WIDTH_YD - y) * YD,
        "end_m": np.where(way > 0.0, LENGTH_YD - x, x) * YD,
        "passer_depth_m": way * (line - value["QB_X"]) * YD,
        "passer_mps": value["qb_speed"] * YD,
        "held_s": value["t_throw"],
        "covered": np.sum([np.isfinite(value[f"defender{i}Dist"]) for i in (1, 2, 3)], axis=0).astype(np.float64),
        "rushers": value["numberOfPassRushers"],
        "box": value["defendersInTheBox"],
    }
    for i, which in enumerate(DEFENDERS, 1):
        dx, dy = value[f"defender{i}X"] - x, value[f"defender{i}Y"] - y
        vx, vy = velocity_mps(value[f"defender{i}S"], value[f"defender{i}Dir"])
        found |= {
            f"{which}_near_m": value[f"defender{i}Dist"] * YD,
            f"{which}_along_m": (dx * ahead + dy * aside) * YD,
            f"{which}_aside_m": np.abs(dx * aside - dy * ahead) * YD,
            f"{which}_ahead_m": way * dx * YD,
            f"{which}_inside_m": (np.abs(value[f"defender{i}Y"] - middle) - np.abs(y - middle)) * YD,
            f"{which}_speed_mps": value[f"defender{i}S"] * YD,
            f"{which}_upfield_mps": way * vx,
            f"{which}_outward_mps": side * vy,
        }
    return found


def _as_in_flight(value: dict[str, Floats]) -> dict[str, Floats]:
    """The inputs of the model of simulated games in flight, as far as they follow from the throw; the distance of the rushers is in
    no table."""
    air_m, across, gap_m = value["throwDistance"] * YD, value["Target_Y"], value["defender1Dist"] * YD
    shrinks = np.maximum(1.0 - CLOSES_PER_S * air_m / BALL_MPS, CLOSES_TO)
    return {
        "air_m": air_m,
        "meet_m": np.minimum(np.minimum(gap_m, FAR_M) * shrinks, OPEN_M),
        "sideline_m": np.clip(np.minimum(across, WIDTH_YD - across) * YD, INSIDE_M, ROOM_M),
    }


def fit(train_set: Outcomes, seed: int) -> bytes:
    return grow(spec_of(MODEL).taking(TAKES), RECIPE, train_set.rows, train_set.label, seed)


PLAN: Final = TrainingPlan(MODEL, fit, LIMITS, RECIPE.as_card(), takes=TAKES)
train, predict_held_out, report, evaluate = recipe_functions(PLAN, read)
