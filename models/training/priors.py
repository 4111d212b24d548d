"""What somebody has done before: shrunken means over earlier attempts, and the record of everybody that they are read from.

A row may only know what had happened before its day. Attempts are therefore walked in order of time: every row reads the sums of
its people as they stood the evening before, and a day's own attempts are added when the day is over. Sums fade with a half-life,
and a mean over n (faded) attempts is taken as sum / (n + k): k attempts without any surprise stand behind everybody.

A record can be written down and walked on from, so that a model once trained goes on hearing of the days that follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import Floats

HALF_LIFE_DAYS: Final = 2500.0
DIGITS: Final = 4

Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Measure:
    """A column of a prior table: its name, what is averaged (NaN: the attempt says nothing of it), and k."""

    name: str
    values: Floats
    k: float


#: person -> the day of the last attempt, then a sum per measure, then how many (faded) attempts each sum is of
Record = dict[str, list[float]]


def walk(
    who: Names, day: Ints, measures: list[Measure], known: Record | None = None, *, since: int = 0, until: int | None = None
) -> tuple[Floats, Record]:
    """(B, M) what was known of ``who`` (B,) before ``day`` (B,), and the record in the end.

    Rows must be in order of ``day``. ``known`` is where the walk starts; days before ``since`` are in it and are not learnt again,
    nor is anything from ``until`` on. Somebody of whom there is no attempt is NaN throughout.
    """
    if len(day) and (np.diff(day) < 0).any():
        raise ValueError("plays must be in order of time")
    m = len(measures)
    before = known or {}
    names, index = np.unique(who, return_inverse=True)
    held = np.array([before.get(str(n), [-1.0] + [0.0] * 2 * m) for n in names], np.float64).reshape(len(names), 1 + 2 * m)
    touched, total, count = held[:, 0].copy(), held[:, 1 : 1 + m].copy(), held[:, 1 + m :].copy()
    values, k = np.stack([each.values for each in measures], 1), np.array([each.k for each in measures])
    out = np.full(values.shape, np.nan)
    rate = np.log(2.0) / HALF_LIFE_DAYS
    at = 0
    while at < len(day):
        today = int(day[at])
        end = int(np.searchsorted(day, today, "right"))
        people = index[at:end]
        fade = np.exp(-rate * np.maximum(today - touched[people], 0))[:, None]
        out[at:end] = np.where(touched[people][:, None] >= 0, total[people] * fade / (count[people] * fade + k), np.nan)
        if since <= today and (until is None or today < until):
            for row, person in zip(range(at, end), people.tolist(), strict=True):
                passed = np.exp(-rate * max(today - touched[person], 0.0))
                said = ~np.isnan(values[row])
                total[person] = total[person] * passed + np.where(said, values[row], 0.0)
                count[person] = count[person] * passed + said
                touched[person] = today
        at = end
    heard = {
        str(n): [float(touched[i]), *np.round(total[i], DIGITS).tolist(), *np.round(count[i], DIGITS).tolist()]
        for i, n in enumerate(names)
        if touched[i] >= 0
    }
    return out, {**before, **heard}


def checked(record: Any, measures: int) -> Record:
    """A record as it was written; ``ValueError`` when it is none of ``measures`` numbers a person."""
    if not isinstance(record, dict) or any(
        not isinstance(row, list) or len(row) != 1 + 2 * measures or not all(isinstance(v, int | float) for v in row)
        for row in record.values()
    ):
        raise ValueError(f"the record of earlier attempts is not one of {measures} sums and {measures} counts a person")
    return record
