"""The range of a feature, by its unit: a length in millimetres or a share in per cent is an error of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.base import Feature, Floats
from models.serving.contract import Refused

#: unit -> (least, most), wider than the values of any game
LIMITS: Final[dict[str, tuple[float, float]]] = {
    "m": (-10_000.0, 10_000.0),
    "yd": (-10_000.0, 10_000.0),
    "s": (-100_000.0, 100_000.0),
    "m/s": (-150.0, 150.0),
    "m/s2": (-1_000.0, 1_000.0),
    "rad": (-6.3, 6.3),
    "deg": (-720.0, 720.0),
    "0..1": (-0.001, 1.001),
    "-1..1": (-1.001, 1.001),
    "count": (-1e6, 1e6),
    "goals": (-100.0, 100.0),
    "points": (-1_000.0, 1_000.0),
    "laps": (-1_000.0, 1_000.0),
    "place": (-1_000.0, 1_000.0),
}
_ANY: Final = (-1e9, 1e9)


class PlausibleRange:
    """Checks rows (B, F) of a model; NaN, which is a missing value, passes."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        limits = np.array([LIMITS.get(f.unit, _ANY) for f in features], np.float64).reshape(-1, 2)
        self._least, self._most = limits[:, 0].copy(), limits[:, 1].copy()

    def check(self, rows: Floats) -> None:
        """``Refused`` with the first value that is out of range."""
        wrong = (rows < self._least) | (rows > self._most)
        if not wrong.any():
            return
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        feature, value = self.features[column], float(rows[row, column])
        if np.isinf(value):
            raise Refused("infinite value", f"{feature.name} of row {row} is infinite: leave out a missing value")
        least, most = self._least[column], self._most[column]
        raise Refused("absurd value", f"{feature.name} of row {row} is {value:g} {feature.unit}, not within {least:g} to {most:g}")
