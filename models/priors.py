"""What somebody has done before: shrunken means over earlier attempts, day by day, and frozen for the days to come.

A row may only know what had happened before its day. The tables are therefore walked in order of time: every row reads the
sums of its people as they stood the evening before, and a day's own attempts are added when the day is over. Sums fade with a
half-life, and a mean over n (faded) attempts is taken as sum / (n + k): k attempts without any surprise stand behind everybody.
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


#: person -> one number per measure, NaN where nothing is known
Frozen = dict[str, list[float]]


def walk(
    who: Names, day: Ints, measures: list[Measure], *, freeze_day: int | None = None
) -> tuple[Floats, Frozen]:  # fmt: skip
    """(B, M) what was known of ``who`` (B,) on ``day`` (B,), and what is known of everybody in the end.

    Rows must be in order of ``day``. Attempts from ``freeze_day`` on are not learnt from, nor do sums fade after it. Somebody
    of whom there is no attempt is NaN throughout.
    """
    if len(day) and (np.diff(day) < 0).any():
        raise ValueError("plays must be in order of time")
    names, index = np.unique(who, return_inverse=True)
    values = np.stack([m.values for m in measures], 1)
    k = np.array([m.k for m in measures])
    total, count = np.zeros((len(names), len(k))), np.zeros((len(names), len(k)))
    touched = np.zeros(len(names), np.int64)
    seen = np.zeros(len(names), np.bool_)
    out = np.full(values.shape, np.nan)
    rate = np.log(2.0) / HALF_LIFE_DAYS
    last = freeze_day if freeze_day is not None else (int(day[-1]) + 1 if len(day) else 0)
    at = 0
    while at < len(day):
        today = int(day[at])
        end = int(np.searchsorted(day, today, "right"))
        people = index[at:end]
        fade = np.exp(-rate * np.maximum(min(today, last) - touched[people], 0))[:, None]
        told = total[people] * fade / (count[people] * fade + k)
        out[at:end] = np.where(seen[people][:, None], told, np.nan)
        if today < last:
            for row, person in zip(range(at, end), people.tolist(), strict=True):
                passed = np.exp(-rate * (today - touched[person]))
                said = ~np.isnan(values[row])
                total[person] = total[person] * passed + np.where(said, values[row], 0.0)
                count[person] = count[person] * passed + said
                touched[person], seen[person] = today, True
        at = end
    fade = np.exp(-rate * np.maximum(last - touched, 0))[:, None]
    means = total * fade / (count * fade + k)
    frozen = {str(n): [round(float(v), DIGITS) for v in means[i]] for i, n in enumerate(names) if seen[i]}
    return out, frozen


def look_up(who: Names, frozen: dict[str, Any], measures: int) -> Floats:
    """(B, M) of a frozen table; NaN for people who are not in it."""
    unknown = [float("nan")] * measures
    return np.array([frozen.get(str(n), unknown) for n in who.tolist()], np.float64).reshape(len(who), measures)
