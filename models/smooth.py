"""A smooth additive model of a chance: cubic splines per feature in a logistic regression, and the same again as trees.

Few thousand goals do not teach a booster where a curve is smooth. A spline regression knows nothing else, and misses
the interactions that trees find; their average is better than either. To keep one artefact, one explanation and one
compiled path, the regression is then written as trees: a booster is fitted to its margin, which has no noise.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from models.base import Floats

_KNOTS: Final = 6
#: fewer distinct values than this are used as they are
_FEW: Final = 12


class SplineLogistic:
    """Logistic regression on spline bases, on the missingness of each feature, and on the slopes of each feature in the
    groups where a yes/no feature named in ``by`` is 1 (a header falls off with distance otherwise than a kick).

    Missing values are put at the median, with a column of their own that says so. Features that do not vary are left out.
    """

    def __init__(self, rows: Floats, labels: Floats, by: tuple[int, ...] = (), strength: float = 0.02) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import SplineTransformer, StandardScaler

        known = ~np.isnan(rows)
        self._median = np.array([np.median(c[k]) if k.any() else 0.0 for c, k in zip(rows.T, known.T, strict=True)])
        filled = self._filled(rows)
        distinct = [len(np.unique(c)) for c in filled.T]
        self._gaps = [j for j in range(rows.shape[1]) if known[:, j].any() and not known[:, j].all()]
        self._curved = [j for j, n in enumerate(distinct) if n > _FEW]
        self._plain = [j for j, n in enumerate(distinct) if 1 < n <= _FEW]
        self._by = [j for j in by if distinct[j] > 1]
        self._splines: Any = None
        if self._curved:
            self._splines = SplineTransformer(_KNOTS, degree=3, knots="quantile", extrapolation="constant")
            self._splines.fit(filled[:, self._curved])
        basis = self._basis(rows)
        self._scale = StandardScaler().fit(basis)
        self._fit = LogisticRegression(C=strength, max_iter=500).fit(self._scale.transform(basis), labels > 0.5)

    def _filled(self, rows: Floats) -> Floats:
        return np.where(np.isnan(rows), self._median, rows)

    def _basis(self, rows: Floats) -> Floats:
        filled = self._filled(rows)
        parts = [filled[:, self._plain], np.isnan(rows[:, self._gaps]).astype(np.float64)]
        if self._curved:
            parts.append(self._splines.transform(filled[:, self._curved]))
            parts += [filled[:, self._curved] * filled[:, [j]] for j in self._by]
        return np.hstack(parts)

    def margin(self, rows: Floats) -> Floats:
        """(B,) log-odds."""
        return np.asarray(self._fit.decision_function(self._scale.transform(self._basis(rows))), np.float64)
