"""Priors of players: shrunken means over earlier attempts, and the records that they are computed from.

A row may only use what happened before its day. Attempts are therefore read in order of time: every row has the sums of its players
as of the evening before, and the attempts of a day are added at its end. Sums decay with a half-life, and a mean over n (decayed)
attempts is sum / (n + k): every player starts with k attempts without any surprise.

A record can be stored and continued, so that a trained model also uses the days that follow.
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
    """A column of a prior table: its name, what is averaged (NaN: unknown for the attempt), and k."""

    name: str
    values: Floats
    k: float


#: person -> the day of the last attempt, then a sum per measure, then how many (faded) attempts each sum is of
Record = dict[str, list[float]]


def walk(
    people_of_rows: Names,
    day: Ints,
    measures: list[Measure],
    start: Record | None = None,
    *,
    since: int = 0,
    until: int | None = None,
) -> tuple[Floats, Record]:
    """(B, M) what was known of ``people_of_rows`` (B,) before ``day`` (B,), and the record in the end.

    Rows must be in order of ``day``. ``start`` is where the walk starts; days before ``since`` are in it and are not learnt again,
    nor is anything from ``until`` on. A player without attempts is NaN throughout.
    """
    if len(day) and (np.diff(day) < 0).any():
        raise ValueError("plays must be in order of time")
    m = len(measures)
    before = start or {}
    names, index = np.unique(people_of_rows, return_inverse=True)
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
                measured = ~np.isnan(values[row])
                total[person] = total[person] * passed + np.where(measured, values[row], 0.0)
                count[person] = count[person] * passed + measured
                touched[person] = today
        at = end
    updated = {
        str(n): [float(touched[i]), *np.round(total[i], DIGITS).tolist(), *np.round(count[i], DIGITS).tolist()]
        for i, n in enumerate(names)
        if touched[i] >= 0
    }
    return out, {**before, **updated}


def checked(record: Any, measures: int) -> Record:
    """A record as it was written; ``ValueError`` when it is none of ``measures`` numbers a person."""
    if not isinstance(record, dict) or any(
        not isinstance(row, list) or len(row) != 1 + 2 * measures or not all(isinstance(v, int | float) for v in row)
        for row in record.values()
    ):
        raise ValueError(f"the record of earlier attempts is not one of {measures} sums and {measures} counts a person")
    return record
