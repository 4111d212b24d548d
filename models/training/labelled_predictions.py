"""Recorded predictions of a model with their outcomes: the rows that it is evaluated on and trained on again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.specs import ModelSpec, spec_of
from models.training.tables import column, read_table, write_table
from models.training.training import Table

Words = npt.NDArray[np.str_]
#: text columns of a file by their fields
_TEXT_COLUMNS: Final = {
    "game": "game", "event": "event", "subject": "subject", "label_event": "told_by", "version": "version",
}  # fmt: skip
_IDS: Final = ("model", *_TEXT_COLUMNS.values(), "t_us", "label", "took_us")


@dataclass(frozen=True)
class LabelledPredictions:
    """B predictions in the order of their games' time.

    ``rows`` (B, F) as they were on the air, ``label`` (B,) 0..C-1 or NaN where it is unknown, ``t_us`` (B,) event time, ``answer``
    (B,) or (B, C) what was on the air, ``took_us`` (B,) NaN where it was not measured. Text, (B,): ``game``, ``event`` (empty for a
    prediction in a window or at a tick), ``subject`` the player or team of the row, ``label_event`` the event that gives the label
    (followed by the time where each prediction has an outcome of its own), ``version``.
    """

    model: str
    rows: Floats
    label: Floats
    game: Words
    event: Words
    subject: Words
    label_event: Words
    version: Words
    t_us: npt.NDArray[np.int64]
    answer: Floats
    took_us: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> Table:
        """The labelled rows, to train or to compare with."""
        labelled = ~np.isnan(self.label)
        names, at = np.unique(self.game[labelled], return_inverse=True)
        source: dict[str, str | float | int] = {
            "source": "recorded predictions",
            "games": len(names),
            "rows": int(labelled.sum()),
            "versions": ", ".join(sorted(set(self.version[labelled].tolist()))),
        }
        return Table(self.rows[labelled], self.label[labelled], at.astype(np.int64), source)

    def write(self, path: Path) -> None:
        """One Parquet file: a column per feature, under its name, beside the others."""
        spec = spec_of(self.model)
        columns: dict[str, Any] = {
            "model": [self.model] * len(self),
            **{column: getattr(self, field).tolist() for field, column in _TEXT_COLUMNS.items()},
            "t_us": self.t_us,
            "label": self.label,
            "took_us": self.took_us,
        }
        for name, values in zip(_answers(spec), self.answer.reshape(len(self), -1).T, strict=True):
            columns[name] = np.ascontiguousarray(values)
        for j, feature in enumerate(spec.features):
            columns[feature.name] = np.ascontiguousarray(self.rows[:, j])
        write_table(path, columns)


def read_labelled(name: str, path: Path) -> LabelledPredictions:
    """The table at ``path`` of the model ``name``; ``ValueError`` when it is one of another model."""
    spec = spec_of(name)
    names = [feature.name for feature in spec.features]
    table = read_table(path, (*_IDS, *_answers(spec), *names))
    if set(table["model"].to_pylist()) - {name}:
        raise ValueError(f"{path} is a table of {table['model'][0]}, not of {name}")
    rows = np.stack([column(table, each) for each in names], axis=1) if len(table) else np.empty((0, len(names)))
    answer = np.stack([column(table, each) for each in _answers(spec)], axis=1)
    return LabelledPredictions(
        name,
        rows,
        column(table, "label"),
        t_us=np.asarray(table["t_us"].to_numpy(), np.int64),
        answer=answer[:, 0] if len(spec.classes) == 2 else answer,
        took_us=column(table, "took_us"),
        **{field: _text(table, column_name) for field, column_name in _TEXT_COLUMNS.items()},
    )


def concatenate(parts: list[LabelledPredictions]) -> LabelledPredictions:
    """Several tables, one after the other."""
    if not parts:
        raise ValueError("there are no predictions")

    def all_of(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    columns = ("rows", "label", *_TEXT_COLUMNS, "t_us", "answer", "took_us")
    return LabelledPredictions(parts[0].model, *(all_of(name) for name in columns))


def _answers(spec: ModelSpec) -> list[str]:
    return ["answer"] if len(spec.classes) == 2 else [f"answer_{word}" for word in spec.classes]


def _text(table: Any, name: str) -> Words:
    return np.array(["" if v is None else v for v in table[name].to_pylist()], np.str_)
