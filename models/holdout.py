"""Which games are kept out of training: whole ones, and of real data by one fixed rule for every source.

Games, not rows, are held out: the rows of one game depend on each other. A real game is held out by a hash of its source and its
id, not by chance or by date: the same game is held out in every run, on every machine and for every model.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: one game in so many is held out
ONE_IN: Final = 5


def is_held_out(source: str, game: str | int) -> bool:
    """Whether the game ``game`` of ``source`` (such as "wyscout") is kept out of training.

    >>> [game for game in range(2499719, 2499733) if is_held_out("wyscout", game)]
    [2499731]
    """
    return hashlib.sha256(f"{source}/{game}".encode()).digest()[0] % ONE_IN == 0


def held_out(source: str, game: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """(B,) of the games (B,) of rows: True where the row's game is held out."""
    names, at = np.unique(game, return_inverse=True)
    return np.array([is_held_out(source, name) for name in names.tolist()], np.bool_)[at]


def folds_of(game: npt.NDArray[Any], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """(B,) the fold of each row: whole games, dealt out at random. ``ValueError`` when there are fewer games than folds."""
    names, at = np.unique(game, return_inverse=True)
    if len(names) < folds:
        raise ValueError(f"{len(names)} games are too few to hold out in {folds} parts")
    return np.asarray(np.random.default_rng(seed).permutation(len(names)) % folds, np.int64)[at]
