"""Real shots with freeze frames (StatsBomb's open data, reduced as docs/models.md says), for xGoals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from models import evaluation
from models.artefact import Card, ForestModel
from models.known import known
from models.statsbomb import load, training_table
from models.training import Table
from models.training import train as fit

MODEL: Final = "xgoals"
FILES: Final = ("shots", "frames")
FITS: Final = known(MODEL).recipe.folds + 1


def _table(folder: Path) -> Table:
    return training_table(load(folder / "shots.parquet", folder / "freeze_frames.parquet"))


def train(folder: Path, seed: int, command: str, tell: Callable[[str], None]) -> tuple[Card, bytes]:
    model = known(MODEL)
    return fit(model, model.recipe, _table(folder), seed=seed, command=command, tell=tell)


def evaluate(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> evaluation.Report:
    return evaluation.on_real(MODEL, _table(folder), seed, artefact, tell)


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    table = load(files["shots"], files["frames"])
    probability = model.predict(table.rows) if len(table.rows) else np.empty(0)
    return {"shot_id": table.shot_id.tolist(), "xgoals": probability}, f"{len(table.rows)} shots"
