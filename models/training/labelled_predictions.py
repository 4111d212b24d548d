"""What a model was asked in real games and what came of it: the records that it is judged by and learns from again."""

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
_WORDS: Final = ("game", "event", "subject", "told_by", "version")
_IDS: Final = ("model", *_WORDS, "t_us", "label", "took_us")


@dataclass(frozen=True)
class LabelledPredictions:
    """B predictions in the order of their games' time.

    ``rows`` (B, F) as they were on the air, ``label`` (B,) 0..C-1 or NaN where nobody knows, ``t_us`` (B,) event time, ``answer``
    (B,) or (B, C) what was on the air, ``took_us`` (B,) NaN where it was not measured. Text, (B,): ``game``, ``event`` (empty for
    what is asked in a window or at a tick), ``subject`` whom the row is about, ``told_by`` the event that the label goes by (with a
    moment behind it where each has a fate of its own), ``version``.
    """

    model: str
    rows: Floats
    label: Floats
    game: Words
    event: Words
    subject: Words
    told_by: Words
    version: Words
    t_us: npt.NDArray[np.int64]
    answer: Floats
    took_us: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> Table:
        """The labelled rows, to train or to compare with."""
        told = ~np.isnan(self.label)
        names, at = np.unique(self.game[told], return_inverse=True)
        source: dict[str, str | float | int] = {
            "source": "recorded predictions",
            "games": len(names),
            "rows": int(told.sum()),
            "versions": ", ".join(sorted(set(self.version[told].tolist()))),
        }
        return Table(self.rows[told], self.label[told], at.astype(np.int64), source)

    def write(self, path: Path) -> None:
        """One Parquet file: a column per feature, under its name, beside the others."""
        asked = spec_of(self.model)
        columns: dict[str, Any] = {
            "model": [self.model] * len(self),
            **{name: getattr(self, name).tolist() for name in _WORDS},
            "t_us": self.t_us,
            "label": self.label,
            "took_us": self.took_us,
        }
        for name, values in zip(_answers(asked), self.answer.reshape(len(self), -1).T, strict=True):
            columns[name] = np.ascontiguousarray(values)
        for j, feature in enumerate(asked.features):
            columns[feature.name] = np.ascontiguousarray(self.rows[:, j])
        write_table(path, columns)


def read_lived(name: str, path: Path) -> LabelledPredictions:
    """What ``Lived.write`` wrote; ``ValueError`` when it is a table of something else."""
    asked = spec_of(name)
    names = [feature.name for feature in asked.features]
    table = read_table(path, (*_IDS, *_answers(asked), *names))
    if set(table["model"].to_pylist()) - {name}:
        raise ValueError(f"{path} is a table of {table['model'][0]}, not of {name}")
    rows = np.stack([column(table, each) for each in names], axis=1) if len(table) else np.empty((0, len(names)))
    answer = np.stack([column(table, each) for each in _answers(asked)], axis=1)
    return LabelledPredictions(
        name,
        rows,
        column(table, "label"),
        t_us=np.asarray(table["t_us"].to_numpy(), np.int64),
        answer=answer[:, 0] if len(asked.classes) == 2 else answer,
        took_us=column(table, "took_us"),
        **{word: _text(table, word) for word in _WORDS},
    )


def joined(parts: list[LabelledPredictions]) -> LabelledPredictions:
    """Several one after the other."""
    if not parts:
        raise ValueError("there are no predictions to join")

    def all_of(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    columns = ("rows", "label", *_WORDS, "t_us", "answer", "took_us")
    return LabelledPredictions(parts[0].model, *(all_of(name) for name in columns))


def _answers(asked: ModelSpec) -> list[str]:
    return ["answer"] if len(asked.classes) == 2 else [f"answer_{word}" for word in asked.classes]


def _text(table: Any, name: str) -> Words:
    return np.array(["" if v is None else v for v in table[name].to_pylist()], np.str_)
