"""The latest rows of a model, and how many of them are independent.

Each shot is a draw of its own. The seconds of a match, or the windows of one duel, are not: they share teams, score and course, and
a thousand of them tell no more about a season than one match does. For such a model games are the independent draws.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final, Protocol

import numpy as np

from models.base import Floats

#: rows that are kept one by one; games that are kept, and how many rows of each
WINDOW: Final = 2_000
GAMES: Final = 100
ROWS_PER_GAME: Final = 100


class Sample(Protocol):
    def add(self, game: str, rows: Floats) -> None:
        """Add rows (B, F) of one prediction."""

    def rows(self) -> Floats:
        """(B, F)"""

    def independent(self) -> int:
        """The number of independent draws among the rows."""


class LatestRows:
    """The last ``WINDOW`` rows, each a draw of its own."""

    def __init__(self) -> None:
        self._rows: deque[Floats] = deque(maxlen=WINDOW)

    def add(self, game: str, rows: Floats) -> None:
        self._rows.extend(np.array(rows, np.float64))

    def rows(self) -> Floats:
        return np.array(self._rows)

    def independent(self) -> int:
        return len(self._rows)


class RowsByGame:
    """``ROWS_PER_GAME`` rows of each of the last ``GAMES`` games, all equally likely to be kept (Vitter 1985, algorithm R)."""

    def __init__(self) -> None:
        self._games: OrderedDict[str, tuple[list[int], list[Floats]]] = OrderedDict()
        self._rng = np.random.default_rng(1)

    def add(self, game: str, rows: Floats) -> None:
        if game not in self._games:
            self._games[game] = [0], []
            if len(self._games) > GAMES:
                self._games.popitem(last=False)
        seen, kept = self._games[game]
        for row in np.array(rows, np.float64):
            seen[0] += 1
            if len(kept) < ROWS_PER_GAME:
                kept.append(row)
            elif (at := int(self._rng.integers(0, seen[0]))) < ROWS_PER_GAME:
                kept[at] = row

    def rows(self) -> Floats:
        return np.array([row for _, kept in self._games.values() for row in kept])

    def independent(self) -> int:
        return len(self._games)
