"""Real shots with freeze frames (StatsBomb's open data, reduced as docs/models.md says), for xGoals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from models import evaluation
from models.artefact import Card, ForestModel
from models.judgement import Judgement
from models.known import known
from models.known.declaration import Recipe
from models.statsbomb import load, training_table
from models.training import Table
from models.training import train as fit

MODEL: Final = "xgoals"
FILES: Final = ("shots", "frames")
RECIPE: Final = known(MODEL).real or known(MODEL).recipe
FITS: Final = RECIPE.folds + 1


def table(folder: Path) -> Table:
    return training_table(load(folder / "shots.parquet", folder / "freeze_frames.parquet"))


def train(
    folder: Path, seed: int, command: str, tell: Callable[[str], None], recipe: Recipe = RECIPE
) -> tuple[Card, bytes]:  # fmt: skip
    return fit(known(MODEL), recipe, table(folder), seed=seed, command=command, tell=tell)


def judge(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> tuple[Judgement, ...]:
    """One judgement: every shot but penalties, which all have one value, beside the provider's own xG."""
    shots = table(folder)
    penalty = shots.rows[:, [f.name for f in known(MODEL).features].index("penalty")] == 1.0
    judged = evaluation.held_out(MODEL, shots, seed, artefact, tell, ~penalty)
    return (replace(judged, unit="matches", versus="provider"),)


def report(judged: tuple[Judgement, ...]) -> evaluation.Report:
    found = evaluation.against(judged[0])
    return found | {"shots": found["rows"], "penalties_left_out": found["left_out"]}


def evaluate(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> evaluation.Report:
    return report(judge(folder, artefact, seed, tell))


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    shots = load(files["shots"], files["frames"])
    probability = model.predict(shots.rows) if len(shots.rows) else np.empty(0)
    return {"shot_id": shots.shot_id.tolist(), "xgoals": probability}, f"{len(shots.rows)} shots"
