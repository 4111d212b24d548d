"""Retrosheet's play-by-play as states of games: what each row stood at before the play, and who won.

One row an event, ``plays.parquet`` (docs/models.md has its columns). Of a row only the state before the event is used; what the
play made of it is label or nothing. Seven-inning games (double-headers of 2020 from 1 August on) count from the third inning on, so
that their last inning is the ninth; a tie has no winner and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.game import win_row
from features.mlb.odds import AUTOMATIC_RUNNER
from models.base import Floats
from models.training.tables import column, read_table

FILE: Final = "plays.parquet"
SOURCE: Final = "Retrosheet play-by-play"
#: what games of this source are called by the rule of ``models.holdout``
HELD_OUT_AS: Final = "retrosheet"
TERMS: Final = "any use, with Retrosheet's notice"
CREDIT: Final = (
    "The information used here was obtained free of charge from and is copyrighted by Retrosheet. Interested parties may contact "
    "Retrosheet at www.retrosheet.org."
)
#: the first season in which extra innings begin with a runner on second
RULE_2020: Final = 2020
_SHORT_GAMES: Final = (20200801, 20211231)
_NEEDED: Final = ("game_id", "date", "season", "seq", "inning", "half", "outs", "bases", "away_score", "home_score", "home_win")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class States:
    """n states: ``state`` (n, 6) inning, half, outs, bases, lead of the home team, and what extra innings begin with; ``rows``
    (n, F) of them, ``label`` (n,) 1 where the home team won, ``game`` (n,) and ``seq`` (n,) where they come from."""

    state: Ints
    rows: Floats
    label: Floats
    game: npt.NDArray[np.str_]
    seq: Ints

    def __len__(self) -> int:
        return len(self.label)

    def take(self, chosen: Any) -> States:
        return States(self.state[chosen], self.rows[chosen], self.label[chosen], self.game[chosen], self.seq[chosen])


def rows_of(state: Ints) -> Floats:
    """(n, F) by the function of the live path, for states (n, 6) as ``States`` has them."""
    found, at = np.unique(state, axis=0, return_inverse=True)
    return np.asarray(np.array([win_row(*each) for each in found.tolist()])[at.reshape(-1)], np.float64)


def read(path: Path) -> States:
    """The states of the file ``path``; ``ValueError`` with one sentence when it is none."""
    table = read_table(path, _NEEDED)
    numbers = {name: column(table, name) for name in _NEEDED if name not in ("game_id", "date")}
    if any(np.isnan(values).any() for values in numbers.values()):
        empty = next(name for name, values in numbers.items() if np.isnan(values).any())
        raise ValueError(f"{path}: the column {empty} has rows without a number")
    of = {name: values.astype(np.int64) for name, values in numbers.items()}
    if ((of["outs"] < 0) | (of["outs"] > 2) | (of["bases"] < 0) | (of["bases"] > 7)).any():
        raise ValueError(f"{path}: outs are 0 to 2 and bases 0 to 7")
    game = np.array(table.column("game_id").to_pylist(), np.str_)
    day = np.array([_day(text, path) for text in table.column("date").to_pylist()], np.int64)
    double = np.array([name[-1:] in ("1", "2") for name in game.tolist()], np.bool_)
    short = double & (day >= _SHORT_GAMES[0]) & (day <= _SHORT_GAMES[1])
    state = np.stack(
        [
            of["inning"] + 2 * short,
            of["half"],
            of["outs"],
            of["bases"],
            of["home_score"] - of["away_score"],
            np.where(of["season"] >= RULE_2020, AUTOMATIC_RUNNER, 0),
        ],
        axis=1,
    )
    won = of["home_win"] >= 0
    return States(state[won], rows_of(state[won]), of["home_win"][won].astype(np.float64), game[won], of["seq"][won])


def _day(text: Any, path: Path) -> int:
    if not str(text).isdigit():
        raise ValueError(f"{path}: {str(text)[:20]!r} is not a date (20200801)")
    return int(text)
