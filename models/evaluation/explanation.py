"""A model explained as a whole: which features count, how each moves the prediction, and whether every group is served alike.

Contributions are exact Shapley values (``models.forest.attribution``) of rows the forest has not seen; importance is their mean
absolute value (Lundberg et al. 2020). A direction is Spearman's rank correlation of value and contribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from models.base import Floats
from models.evaluation.slices import by_group
from models.evaluation_set import EvaluationSet

#: contributions cost up to a millisecond a row; so many rows give their mean to a few per cent
ROWS: Final = 2_000
_POINTS: Final = 12


@dataclass(frozen=True)
class Explained:
    """``report`` is what is printed; ``values`` (n, F) and ``adds`` (n, F) are what the dependence plots show."""

    predictions: EvaluationSet
    report: dict[str, Any]
    values: Floats
    adds: Floats


def explain_whole(predictions: EvaluationSet, *, rows: int = ROWS, rounds: int = 1000, seed: int = 0) -> Explained:
    """Importance, dependence and groups of a judgement; contributions are those of ``rows`` rows drawn at random."""
    generator = np.random.default_rng(seed)
    count = min(rows, len(predictions.label))
    drawn = np.sort(generator.choice(len(predictions.label), count, replace=False)).astype(np.int64)
    parts = predictions.attribute(drawn)
    # of several classes, the target class; importance counts all of them
    adds = (parts[:, 0] if parts.ndim == 3 else parts)[:, :-1]
    size = np.abs(parts[..., :-1]).mean(axis=0)
    size = size.sum(axis=0) if size.ndim == 2 else size
    values = predictions.rows[drawn]
    total = float(size.sum()) or 1.0
    importance = [
        {
            "feature": predictions.features[j].name,
            "label": predictions.features[j].label or predictions.features[j].name,
            "unit": predictions.features[j].unit,
            "mean_abs": float(size[j]),
            "share": float(size[j]) / total,
            "direction": _direction(values[:, j], adds[:, j]),
            "missing": float(np.isnan(values[:, j]).mean()),
            "curve": _curve(values[:, j], adds[:, j]),
        }
        for j in np.argsort(-size, kind="stable").tolist()
    ]
    report: dict[str, Any] = {
        "model": predictions.model,
        "how": predictions.how,
        "of": predictions.target_class,
        "rows": len(predictions.label),
        predictions.unit: len(np.unique(predictions.game)),
        "explained_rows": count,
        **predictions.facts,
    }
    if predictions.reading:
        report["reading"] = predictions.reading
    report |= {"importance": importance, "groups": by_group(predictions, rounds=rounds, seed=seed)}
    return Explained(predictions, report, values, adds)


def _direction(value: Floats, adds: Floats) -> float | None:
    """Spearman's rank correlation where the value is known; None when there is nothing to correlate."""
    present = np.isfinite(value)
    if present.sum() < 3 or np.ptp(value[present]) == 0.0 or np.ptp(adds[present]) == 0.0:
        return None
    return float(np.corrcoef(_ranks(value[present]), _ranks(adds[present]))[0, 1])


def _ranks(values: Floats) -> Floats:
    """Mean ranks: equal values share one."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2.0)[inverse], np.float64)


def _curve(value: Floats, adds: Floats) -> list[dict[str, float]]:
    """Mean contribution in parts of equal numbers of rows (one part per value when there are few)."""
    present = np.isfinite(value)
    value, adds = value[present], adds[present]
    distinct = np.unique(value)
    if len(distinct) <= _POINTS:
        parts = [np.flatnonzero(value == v) for v in distinct]
    else:
        parts = [p for p in np.array_split(np.argsort(value, kind="stable"), _POINTS) if len(p)]
    return [
        {
            "value": float(value[part].mean()),
            "adds": float(adds[part].mean()),
            "low": float(np.quantile(adds[part], 0.1)),
            "high": float(np.quantile(adds[part], 0.9)),
            "rows": len(part),
        }
        for part in parts
    ]


def as_text(report: dict[str, Any], features: int = 15) -> str:
    """For a person: what counts, then every group, then the warnings."""
    unit = next((word for word in ("matches", "days", "games") if word in report), "games")
    head = f"{report['model']}{' ' + report['reading'] if 'reading' in report else ''}: {report['how']}"
    lines = [head, f"{report['rows']:,} rows of {report.get(unit, 0):,} {unit}, {report['explained_rows']:,} explained"]
    lines += [f"WARNING: {report['seen']}"] if "seen" in report else []
    lines.append(f"mean |contribution| to the log-odds of {report['of']!r}:")
    for row in report["importance"][:features]:
        lines.append(f"  {row['mean_abs']:.4f}  {row['label']} ({row['unit']}) {_way(row)}".rstrip())
    groups = report["groups"]
    for column, found in [("", [groups["whole"] | {"group": "the whole"}]), *groups["groups"].items()]:
        lines += [f"{column}:"] if column else []
        lines += [_group(row, bool(column)) for row in found]
    count = len(groups["warnings"])
    lines.append(
        f"{count} warning{'s' if count != 1 else ''}; about {groups['expected_by_chance']} expected by chance "
        f"when {groups['judged']} groups are no worse than the whole"
    )
    return "\n".join(lines + [f"WARNING: {warning}" for warning in groups["warnings"]])


def _way(row: dict[str, Any]) -> str:
    if row["missing"] == 1.0:
        return "(never known here)"
    way = row["direction"]
    return "" if way is None else "rising" if way > 0.5 else "falling" if way < -0.5 else "mixed"


def _group(row: dict[str, Any], indent: bool) -> str:
    mark = " <- worse in " + " and ".join(row["worse"]) if row["worse"] else " (too few to say)" if row.get("too_few") else ""

    def interval(name: str, sign: str) -> str:
        if row[name] is None:
            return "unknown"
        return f"{row[name]:{sign}.4f} ({row[f'{name}_low']:{sign}.4f} to {row[f'{name}_high']:{sign}.4f})"

    head = f"{'  ' if indent else ''}{row['group']}: {row['rows']:,} rows, observed {row['observed']:.4f}"
    return f"{head}, gap {interval('gap', '+')}, log loss {interval('log_loss', '')}, error {interval('error', '')}{mark}"
