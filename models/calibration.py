"""From margin to probability: the link and its calibration on held-out games, as plain numbers.

``kind`` is one of

- identity: p = logistic(m), or softmax(m) for several classes;
- platt: p = logistic(a m + b);
- beta: with q = logistic(m), logit p = a ln q - b ln(1 - q) + c, a, b >= 0 (Kull, Silva Filho and Flach 2017);
- isotonic: p runs straight between the knots (x, y), and is y[0], y[-1] beyond them;
- temperature: softmax(a m), several classes.

Every one of them is monotone in the margin: calibration never reorders two shots. Fitting needs scikit-learn and scipy
(the ``[train]`` extra); applying needs nothing.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal

import msgspec
import numpy as np

from features.core.compiled import kernel
from models.base import Floats
from models.metrics import log_loss

Kind = Literal["identity", "platt", "beta", "isotonic", "temperature"]
_CODES: Final[dict[str, int]] = {"identity": 0, "platt": 1, "beta": 2, "isotonic": 3, "temperature": 4}
_EDGE: Final = 1e-6


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See the module; ``kind`` decides which of ``a, b, c`` and the knots are used."""

    kind: Kind = "identity"
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    x: list[float] = []
    y: list[float] = []

    def check(self, classes: int) -> None:
        """``ValueError`` with one sentence when the numbers cannot be a calibration of ``classes`` margins."""
        numbers = [self.a, self.b, self.c, *self.x, *self.y]
        if not all(math.isfinite(v) for v in numbers):
            raise ValueError("the calibration holds a number that is not finite")
        if (self.kind == "temperature") != (classes > 1) and self.kind != "identity":
            raise ValueError(f"the calibration {self.kind} does not fit {classes} margins")
        if (self.kind in ("platt", "temperature") and self.a <= 0.0) or (self.kind == "beta" and min(self.a, self.b) < 0.0):
            raise ValueError(f"the calibration {self.kind} is not increasing")
        if self.kind == "isotonic":
            if len(self.x) < 2 or len(self.x) != len(self.y):
                raise ValueError("the isotonic calibration needs two or more knots, as many x as y")
            rising = all(p < q for p, q in zip(self.x, self.x[1:], strict=False))
            level = all(p <= q for p, q in zip(self.y, self.y[1:], strict=False))
            if not (rising and level and self.y[0] >= 0.0 and self.y[-1] <= 1.0):
                raise ValueError("the isotonic calibration's knots do not rise within [0, 1]")

    def applier(self) -> Applier:
        return Applier(self)


class Applier:
    """The compiled form: margins (B, C) to probabilities, (B,) for one margin and (B, C) for several."""

    def __init__(self, calibration: Calibration) -> None:
        self._code = _CODES[calibration.kind]
        self._abc = np.array([calibration.a, calibration.b, calibration.c])
        self._x = np.array(calibration.x or [0.0, 1.0])
        self._y = np.array(calibration.y or [0.0, 1.0])

    def __call__(self, margins: Floats) -> Floats:
        rows, classes = margins.shape
        if classes == 1:
            out = np.empty(rows)
            _two_classes(margins, self._code, self._abc, self._x, self._y, out)
            return out
        several = np.empty((rows, classes))
        _several_classes(margins, self._abc[0] if self._code == 4 else 1.0, several)
        return several


@kernel
def logistic(m: float) -> float:
    """1 / (1 + e^-m) without overflow."""
    if m >= 0.0:
        return 1.0 / (1.0 + math.exp(-m))
    e = math.exp(m)
    return e / (1.0 + e)


@kernel
def _two_classes(margins: Floats, code: int, abc: Floats, x: Floats, y: Floats, out: Floats) -> None:
    for i in range(len(out)):
        m = margins[i, 0]
        if code == 1:
            m = abc[0] * m + abc[1]
        elif code == 2:
            # ln q = -ln(1 + e^-m), ln(1 - q) = -ln(1 + e^m), both without overflow
            ln_q = -(math.log1p(math.exp(-abs(m))) + max(-m, 0.0))
            ln_not = -(math.log1p(math.exp(-abs(m))) + max(m, 0.0))
            m = abc[0] * ln_q - abc[1] * ln_not + abc[2]
        if code == 3:
            if m <= x[0]:
                out[i] = y[0]
            elif m >= x[-1]:
                out[i] = y[-1]
            else:
                j = np.searchsorted(x, m)
                share = (m - x[j - 1]) / (x[j] - x[j - 1])
                out[i] = y[j - 1] + share * (y[j] - y[j - 1])
        else:
            out[i] = logistic(m)


@kernel
def _several_classes(margins: Floats, a: float, out: Floats) -> None:
    for i in range(margins.shape[0]):
        top = -np.inf
        for c in range(margins.shape[1]):
            top = max(top, margins[i, c])
        total = 0.0
        for c in range(margins.shape[1]):
            out[i, c] = math.exp(a * (margins[i, c] - top))
            total += out[i, c]
        for c in range(margins.shape[1]):
            out[i, c] /= total


def fit(kind: Kind, margins: Floats, labels: Floats, classes: int = 2) -> Calibration:
    """Fit a calibration of ``kind`` to held-out margins (B, C) and labels (B,)."""
    if kind == "identity":
        return Calibration()
    if kind == "temperature":
        return Calibration(kind="temperature", a=_temperature(margins, labels))
    if kind == "isotonic":
        return _isotonic(margins[:, 0], labels)
    m = margins[:, 0]
    if kind == "platt":
        (a,), b = _logistic_regression(m[:, None], labels)
        return Calibration(kind="platt", a=max(a, _EDGE), b=b)
    ln_q, ln_not = -np.logaddexp(0.0, -m), -np.logaddexp(0.0, m)
    (a, b), c = _logistic_regression(np.stack([ln_q, -ln_not], 1), labels)
    if a < 0.0:
        (b,), c = _logistic_regression(-ln_not[:, None], labels)
        a = 0.0
    elif b < 0.0:
        (a,), c = _logistic_regression(ln_q[:, None], labels)
        b = 0.0
    return Calibration(kind="beta", a=max(a, 0.0), b=max(b, 0.0), c=c)


def choose(margins: Floats, labels: Floats, fold: Any, classes: int) -> tuple[Calibration, dict[Kind, float]]:
    """The kind with the least held-out log loss (each fold by a fit on the others), refitted on all of them.

    ``margins`` (B, C) must be held-out themselves. A kind has to beat identity by more than one part in ten thousand:
    a booster trained on log loss is often calibrated already, and then the plainest form is kept.
    """
    kinds: tuple[Kind, ...] = ("identity", "platt", "beta", "isotonic") if classes == 2 else ("identity", "temperature")
    losses: dict[Kind, float] = {}
    for kind in kinds:
        parts = np.empty((len(labels), classes) if classes > 2 else len(labels))
        for k in np.unique(fold):
            held = fold == k
            parts[held] = fit(kind, margins[~held], labels[~held], classes).applier()(margins[held])
        losses[kind] = log_loss(labels, parts)
    best = min(losses, key=losses.__getitem__)
    if losses[best] > losses["identity"] * (1.0 - 1e-4):
        best = "identity"
    return fit(best, margins, labels, classes), losses


def _logistic_regression(columns: Floats, labels: Floats) -> tuple[list[float], float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6, max_iter=1000).fit(columns, labels > 0.5)
    return [float(v) for v in model.coef_[0]], float(model.intercept_[0])


def _isotonic(margins: Floats, labels: Floats) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(margins, labels)
    x, y = np.asarray(model.X_thresholds_, np.float64), np.asarray(model.y_thresholds_, np.float64)
    # the middle of each level: a line between levels has fewer ties than the steps, and no probability of exactly 0 or 1
    edges = np.flatnonzero(np.r_[True, np.diff(y) > 0])
    ends = np.r_[edges[1:] - 1, len(y) - 1]
    x, y = 0.5 * (x[edges] + x[ends]), np.clip(y[edges], 1e-4, 1.0 - 1e-4)
    keep = np.r_[True, np.diff(x) > 1e-9]
    x, y = x[keep], np.maximum.accumulate(y[keep])
    if len(x) < 2:
        return Calibration()
    return Calibration(kind="isotonic", x=x.tolist(), y=y.tolist())


def _temperature(margins: Floats, labels: Floats) -> float:
    """a > 0 that minimises the log loss of softmax(a m): golden section on ln a, which the loss is unimodal in."""
    low, high, ratio = math.log(0.2), math.log(5.0), (math.sqrt(5.0) - 1.0) / 2.0

    def loss(log_a: float) -> float:
        return log_loss(labels, Calibration(kind="temperature", a=math.exp(log_a)).applier()(margins))

    p, q = high - ratio * (high - low), low + ratio * (high - low)
    at_p, at_q = loss(p), loss(q)
    while high - low > 1e-4:
        if at_p < at_q:
            high, q, at_q = q, p, at_p
            p = high - ratio * (high - low)
            at_p = loss(p)
        else:
            low, p, at_p = p, q, at_q
            q = low + ratio * (high - low)
            at_q = loss(q)
    return math.exp(0.5 * (low + high))
