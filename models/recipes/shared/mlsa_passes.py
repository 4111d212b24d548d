"""Passes with the positions of all players (MLSA18 challenge): what positions are worth for pass completion on real games.

The terms of these data allow internal use only: nothing that learnt from them ships. Who received a pass is known for every pass,
which leaks whether it arrived, and so does when it ended; so a pass has no target and no bearing here. What is read is what the
live path reads of a frame when neither is reported: the sender's place, and who stood how near to him
(``features.soccer.pass_geometry``). The game of a row is hidden, so rows are held out and drawn, in five parts.

The folder holds ``passes.parquet``: ``sender_id`` 1..28 (1 to 14 home), ``x_1`` to ``y_28`` in metres from the centre spot, NaN
for who is not on the pitch, and ``completed``. The direction of attack follows from the last man of each team.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from features.soccer.ledger import LENGTH_M, WIDTH_M
from features.soccer.pass_geometry import PASS_GEOMETRY, pass_geometry
from features.soccer.passes import PASS_FEATURES
from features.soccer.threat import value_at
from models.artefact import Card
from models.base import Floats
from models.evaluation import evaluation
from models.evaluation_set import EvaluationSet
from models.gate import logistic_held_out
from models.specs import spec_of
from models.specs.declaration import Recipe
from models.training.tables import column, read_table
from models.training.training import Table, cross_validate
from models.training.training import train as fit

SLOTS: Final = 28
#: few rows and smooth effects: the curves of each input, corrected by a few shallow trees
RECIPE: Final = Recipe(
    boosters=(
        (
            {"eta": 0.03, "max_depth": 3, "min_child_weight": 30.0, "subsample": 0.5, "colsample_bytree": 0.3, "reg_lambda": 10.0},
            100,
        ),
    ),
    smooth=0.5,
    strength=0.01,
    knots=4,
)
_TEAM: Final = np.repeat(np.array([0, 1], np.int8), SLOTS // 2)
_THREAT: Final = [name for name, _, _ in PASS_FEATURES].index("start_threat")


def is_here(folder: Path) -> bool:
    """Whether ``folder`` holds these passes."""
    return (folder / "passes.parquet").is_file()


def table(folder: Path) -> Table:
    """Rows of ``pass-completion`` with positions. ``ValueError`` with one sentence when the file is not what it should be."""
    path = folder / "passes.parquet"
    names = [f"{axis}_{i}" for axis in "xy" for i in range(1, SLOTS + 1)]
    read = read_table(path, ("sender_id", "completed", *names))
    x, y = (np.stack([column(read, f"{axis}_{i}") for i in range(1, SLOTS + 1)], axis=1) for axis in "xy")
    sender, label = column(read, "sender_id").astype(np.int64) - 1, column(read, "completed").astype(np.float64)
    if len(sender) and not (sender.min() >= 0 and sender.max() < SLOTS):
        raise ValueError(f"{path}: a sender is not among the players 1 to {SLOTS}")
    at = np.arange(len(sender))
    seen = np.isfinite(x[at, sender]) & np.isfinite(label)
    rows = np.full((len(sender), len(PASS_FEATURES)), np.nan)
    way = _home_attacks(x)
    still, nan = np.zeros((SLOTS, 2)), float("nan")
    for i in np.flatnonzero(seen).tolist():
        passer, side = int(sender[i]), int(_TEAM[sender[i]])
        forward = way[i] if side == 0 else -way[i]
        place = float(x[i, passer]), float(y[i, passer])
        xy = np.stack([x[i], y[i]], axis=1)
        pass_geometry(
            xy, still, _TEAM, side, passer, *place, nan, nan, nan, float(forward), LENGTH_M / 2, rows[i, : len(PASS_GEOMETRY)]
        )
        rows[i, _THREAT] = value_at(forward * place[0] / LENGTH_M + 0.5, forward * place[1] / WIDTH_M + 0.5)
    rows[:, [name for name, _, _ in PASS_FEATURES].index("passer_mps")] = nan  # speeds are unknown
    source: dict[str, str | float | int] = {"source": "MLSA18 pass prediction challenge", "rows": int(seen.sum())}
    return Table(
        rows[seen],
        label[seen],
        np.flatnonzero(seen),
        source,
        origin="real",
        terms="internal use only: not to be shipped",
        credit="MLSA18 Football Pass Prediction Challenge",
    )


def _home_attacks(x: Floats) -> Floats:
    """(B,) +1 where the home team attacks towards +x: its last man, the keeper, is nearer to the goal line at -x than theirs."""
    last = [np.nanmin(x[:, part], 1) + np.nanmax(x[:, part], 1) for part in (slice(0, SLOTS // 2), slice(SLOTS // 2, SLOTS))]
    return np.where(last[0] <= last[1], 1.0, -1.0)


def train(folder: Path, seed: int, command: str, on_progress: Callable[[str], None]) -> tuple[Card, bytes]:
    return fit(spec_of("pass-completion"), RECIPE, table(folder), seed=seed, command=command, on_progress=on_progress)


def predict_held_out(
    folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]
) -> tuple[EvaluationSet, ...]:
    """Held-out predictions beside a plain logistic regression of the same inputs."""
    passes = table(folder)
    used = ~np.isnan(passes.rows).all(0)
    plain = logistic_held_out(passes.rows[:, used], passes.label, passes.game, 2, seed)
    spec = spec_of("pass-completion")
    if artefact is None:
        validation = cross_validate(spec, RECIPE, passes, seed, on_progress)
        first = validation.blobs[0]
        return (_evaluation_set(passes, validation.probability, plain, f"{RECIPE.folds} parts, rows held out", first),)
    found = evaluation.held_out("pass-completion", passes, seed, artefact, on_progress, np.ones(len(passes.label), np.bool_))
    return (_evaluation_set(passes, found.probability, plain, found.how, b"", found.attribute),)


def _evaluation_set(
    passes: Table, probability: Floats, plain: Floats, how: str, blob: bytes, attribute: Any = None
) -> EvaluationSet:
    from models.forest.attribution import Attribution
    from models.forest.format import read_forest

    spec = spec_of("pass-completion")

    def of(at: Any) -> Floats:
        return Attribution(read_forest(blob))(np.ascontiguousarray(passes.rows[at]))[:, 0]

    return EvaluationSet(
        "pass-completion",
        how,
        passes.label,
        probability,
        passes.game,
        passes.rows,
        spec.features,
        spec.classes,
        attribute or of,
        reference=plain,
        versus="logistic",
        reading="with positions",
        unit="rows",
        facts={"source": passes.source["source"]},
    )
