"""Where a model is valid ("at home"): which rows it may predict, decided before the prediction.

A card carries the ``Home`` of its model: where the training rows came from, which inputs never were missing, which were missing
together, how far the values reached, and how they hang together. A row is outside when

- an input is missing that never was in training;
- its pattern of missing values was not trained on: some two inputs are in a state (both there, both missing, one of them missing)
  in which fewer than ``LEAST`` training rows had them;
- a value lies far outside: beyond the range of training by more than ``MARGIN`` of that range;
- the inputs contradict each other: one that is measured lies farther from its expectation given the others (its conditional mean
  and deviation, as if all were normal) than ``FAR`` times what all but one in a thousand training rows have. That is what finds
  inputs that are each possible and together not. Yes-or-no inputs and short counts are left out of it: rare is not impossible.

Outside of its home a model has no value. The reason is one sentence without figures that change from row to row, so that a state
has one reason as long as it lasts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from models.base import Feature, Floats
from models.gate import Gate

Origin = Literal["simulated", "real"]
ORIGINS: Final[tuple[Origin, ...]] = ("simulated", "real")

LEAST: Final = 20
MARGIN: Final = 0.25
FAR: Final = 1.75
#: as a variance: some inputs are functions of others, and measured only so well
_RIDGE: Final = 0.003
#: the deviation that standardises is at least this share of the range, since many inputs have long tails
_LEAST_SPREAD: Final = 0.125
#: an input of fewer values is a flag or a short count
_MEASURED: Final = 13
_SAMPLE: Final = 4_000

#: what `Inside` finds of a row
INSIDE, REQUIRED, PATTERN, RANGE, JOINT = range(5)


class Inputs(msgspec.Struct, frozen=True, omit_defaults=True):
    """The joint profile of ``rows`` training rows of F features.

    ``missing`` (F) is the share of rows without the feature. ``both``, ``neither`` and ``only`` hold for each feature i a bit set
    over features j in hexadecimal: enough rows had i and j, had neither of them, had j and not i. ``low`` and ``high`` are the
    range. ``measured`` are the M features that are no flags: ``mean`` and ``spread`` (M) standardise them, ``covariance`` is the
    lower triangle of what they are then, and ``limit`` bounds how far one may be from what the others let expect."""

    rows: int
    missing: list[float]
    both: list[str]
    neither: list[str]
    only: list[str]
    low: list[float | None]
    high: list[float | None]
    measured: list[int]
    mean: list[float]
    spread: list[float]
    covariance: list[list[float]]
    limit: float


class Home(msgspec.Struct, frozen=True, omit_defaults=True):
    """``source`` names the data or the simulated world, ``terms`` and ``credit`` are those of its owners. ``gate`` is the
    result of the gate on real outcomes of games that the model was not trained on; None: not measured."""

    origin: Origin
    source: str
    inputs: Inputs
    terms: str = ""
    credit: str = ""
    gate: Gate | None = None

    @property
    def requires(self) -> list[int]:
        """Indices of the features that never were missing in training."""
        return [i for i, share in enumerate(self.inputs.missing) if share == 0.0]


def inputs_of(rows: Floats, seed: int = 0) -> Inputs:
    """The joint profile of training rows (B, F), NaN where missing."""
    n, width = rows.shape
    present = ~np.isnan(rows)
    least = min(LEAST, max(1, n // 50))
    t = present.astype(np.float64)
    both, neither = t.T @ t >= least, (1.0 - t).T @ (1.0 - t) >= least
    only = (1.0 - t).T @ t >= least  # [i, j]: i is missing and j is there
    known = [rows[present[:, j], j] for j in range(width)]
    low, high = ([_short(float(edge(values))) if len(values) else None for values in known] for edge in (np.min, np.max))
    measured = [j for j in range(width) if len(np.unique(known[j])) >= _MEASURED]
    some, given = rows[:, measured], t[:, measured]
    count = np.maximum(given.sum(0), 1)
    mean = np.where(np.isnan(some), 0.0, some).sum(0) / count
    centred = np.where(np.isnan(some), 0.0, some - mean)
    span = np.array([high[j] - low[j] for j in measured])  # type: ignore[operator]
    spread = np.maximum(np.sqrt((centred**2).sum(0) / count), _LEAST_SPREAD * span)
    z = centred / spread
    covariance = _nearest((z.T @ z) / np.maximum(given.T @ given, 1.0))
    first = Inputs(
        n,
        [_short(float(v)) for v in 1.0 - present.mean(0)],
        [_bits(row) for row in both],
        [_bits(row) for row in neither],
        [_bits(row) for row in only],
        low,
        high,
        measured,
        [_short(v) for v in mean],
        [_short(v) for v in spread],
        [[_short(v) for v in covariance[i, : i + 1]] for i in range(len(measured))],
        math.inf,
    )
    drawn = rows if n <= _SAMPLE else rows[np.random.default_rng(seed).choice(n, _SAMPLE, replace=False)]
    far = Inside(first, ()).contradiction(np.ascontiguousarray(drawn))
    return msgspec.structs.replace(first, limit=_short(FAR * float(np.quantile(far, 0.999))))


def _nearest(symmetric: Floats) -> Floats:
    """The nearest matrix (M, M) that can be a covariance: where inputs are missing each entry comes from other rows, and what comes
    together need not be one."""
    if not len(symmetric):
        return symmetric
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, np.float64)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _bits(flags: npt.NDArray[np.bool_]) -> str:
    return f"{sum(1 << j for j, flag in enumerate(flags.tolist()) if flag):x}"


def _matrix(bits: list[str]) -> npt.NDArray[np.bool_]:
    n = len(bits)
    return np.array([[int(row, 16) >> j & 1 for j in range(n)] for row in bits], np.bool_).reshape(n, n)


class Inside:
    """Decides for rows (B, F) whether a model of these ``inputs`` is valid; the features ``skipped`` are not checked."""

    def __init__(self, inputs: Inputs, features: Sequence[Feature], skipped: Iterable[int] = ()) -> None:
        self.features = tuple(features)
        low = np.array([np.nan if v is None else v for v in inputs.low])
        high = np.array([np.nan if v is None else v for v in inputs.high])
        slack = MARGIN * (high - low) + 1e-5 * np.maximum(np.abs(low), np.abs(high))
        self._low, self._high = low - slack, high + slack
        self._always = np.array([share == 0.0 for share in inputs.missing])
        self._both, self._neither, self._only = _matrix(inputs.both), _matrix(inputs.neither), _matrix(inputs.only)
        for i in skipped:
            self._always[i] = False
            for matrix in (self._both, self._neither, self._only):
                matrix[i, :] = matrix[:, i] = True
            self._low[i] = self._high[i] = np.nan
        self._measured = np.array(inputs.measured, np.int64)
        self._mean, self._spread = np.array(inputs.mean, np.float64), np.array(inputs.spread, np.float64)
        self._covariance = np.zeros((len(self._measured), len(self._measured)))
        for i, row in enumerate(inputs.covariance):
            self._covariance[i, : i + 1] = self._covariance[: i + 1, i] = row
            self._covariance[i, i] += _RIDGE
        self._limit = inputs.limit
        if skipped_measured := {*skipped} & {*inputs.measured}:
            kept = [k for k, i in enumerate(inputs.measured) if i not in skipped_measured]
            self._measured, self._mean, self._spread = self._measured[kept], self._mean[kept], self._spread[kept]
            self._covariance = np.ascontiguousarray(self._covariance[np.ix_(kept, kept)])

    def check(self, rows: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(B,) what was found of each row, and (B,) the feature that it is about (-1: the row as a whole)."""
        found, which = np.zeros(len(rows), np.int64), np.full(len(rows), -1, np.int64)
        _check(
            rows,
            self._always,
            self._both,
            self._neither,
            self._only,
            self._low,
            self._high,
            self._measured,
            self._mean,
            self._spread,
            self._covariance,
            self._limit,
            found,
            which,
        )
        return found, which

    def contradiction(self, rows: Floats) -> Floats:
        """(B,) of each row, the farthest that a measured input is from what the others let expect, in standard deviations."""
        out = np.empty(len(rows))
        _contradictions(rows, self._measured, self._mean, self._spread, self._covariance, out)
        return out

    def reason(self, found: int, which: int) -> str:
        """What is wrong with a row, in a phrase; empty for one that is inside."""
        name = "" if which < 0 else self.features[which].label or self.features[which].name.replace("_", " ")
        return {
            INSIDE: "",
            REQUIRED: f"without {name}, which it always had in training",
            PATTERN: f"{name} is missing or there beside inputs with which it never was so in training",
            RANGE: f"{name} is far outside of what it was trained on",
            JOINT: f"{name} contradicts the other inputs as nothing in training did",
        }[found]


@kernel
def _check(
    rows: Floats,
    always: Any,
    both: Any,
    neither: Any,
    only: Any,
    low: Floats,
    high: Floats,
    measured: Any,
    mean: Floats,
    spread: Floats,
    covariance: Floats,
    limit: float,
    found: Any,
    which: Any,
) -> None:
    width = rows.shape[1]
    for b in range(rows.shape[0]):
        code, at = 0, -1
        for i in range(width):
            if np.isnan(rows[b, i]) and always[i]:
                code, at = 1, i
                break
        if code == 0:
            for i in range(width):
                gone = np.isnan(rows[b, i])
                for j in range(i):
                    other = np.isnan(rows[b, j])
                    if gone and other:
                        seen = neither[i, j]
                    elif gone:
                        seen = only[i, j]
                    elif other:
                        seen = only[j, i]
                    else:
                        seen = both[i, j]
                    if not seen:
                        code, at = 2, i
                        break
                if code:
                    break
        if code == 0:
            for i in range(width):
                if rows[b, i] < low[i] or rows[b, i] > high[i]:
                    code, at = 3, i
                    break
        if code == 0 and len(measured) > 1:
            far, i = _contradiction(rows[b], measured, mean, spread, covariance)
            if far > limit:
                code, at = 4, measured[i]
        found[b], which[b] = code, at


@kernel
def _contradictions(rows: Floats, measured: Any, mean: Floats, spread: Floats, covariance: Floats, out: Floats) -> None:
    for b in range(rows.shape[0]):
        out[b] = _contradiction(rows[b], measured, mean, spread, covariance)[0]


@kernel
def _contradiction(row: Floats, measured: Any, mean: Floats, spread: Floats, covariance: Floats) -> tuple[float, int]:
    """The largest conditional residual and which of ``measured`` it is of. With P the inverse of the covariance among the inputs
    that are there, that of z_i given the others is (P z)_i / sqrt(P_ii)."""
    at = np.empty(len(measured), np.int64)
    k = 0
    for i in range(len(measured)):
        if not np.isnan(row[measured[i]]):
            at[k] = i
            k += 1
    if k < 2:
        return 0.0, 0
    factor = np.zeros((k, k))  # lower triangular, of the covariance
    inverse = np.zeros((k, k))  # of the factor
    half = np.empty(k)
    for i in range(k):
        for j in range(i + 1):
            v = covariance[at[i], at[j]]
            for m in range(j):
                v -= factor[i, m] * factor[j, m]
            if i == j:
                # what stands in the covariance comes from different rows where inputs are missing, and need not be one matrix
                factor[i, i] = math.sqrt(max(v, 1e-3))
            else:
                factor[i, j] = v / factor[j, j]
    for j in range(k):
        inverse[j, j] = 1.0 / factor[j, j]
        for i in range(j + 1, k):
            v = 0.0
            for m in range(j, i):
                v -= factor[i, m] * inverse[m, j]
            inverse[i, j] = v / factor[i, i]
    for i in range(k):
        v = 0.0
        for m in range(i + 1):
            v += inverse[i, m] * (row[measured[at[m]]] - mean[at[m]]) / spread[at[m]]
        half[i] = v
    worst, which = -1.0, 0
    for i in range(k):
        v, p = 0.0, 0.0
        for m in range(i, k):
            v += inverse[m, i] * half[m]
            p += inverse[m, i] * inverse[m, i]
        far = abs(v) / math.sqrt(p)
        if far > worst:
            worst, which = far, at[i]
    return worst, which
