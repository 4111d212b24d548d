"""Reports on a model: against a simulator's truth, against a provider's figures, and what a model is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from models.artefact import ForestModel, load
from models.base import Floats
from models.known import known
from models.metrics import PAIRED, paired_bootstrap, reliability, scores
from models.training import Table, judge

Report = dict[str, Any]


def on_simulated(model: str, table: Table) -> Report:
    """An artefact on fresh simulated games: scores on what happened, mean absolute error against the true probability."""
    forest = load(model)
    probability = forest.predict(table.rows)
    report: Report = {
        "model": forest.name, "version": forest.version, "source": table.source, "scores": scores(table.label, probability),
    }  # fmt: skip
    if table.truth.size:
        # where the truth takes thousands of continuations to know, it is known of some rows only
        known = np.isfinite(table.truth.reshape(len(table.truth), -1)).all(axis=1)
        off, truth = np.abs(probability[known] - table.truth[known]), table.truth[known]
        report["truth"] = {
            "mean_absolute_error": float(off.mean()), "p95_absolute_error": float(np.quantile(off, 0.95)),
            "scores_of_truth": scores(table.label[known], truth),
        }  # fmt: skip
    report["reliability"] = _reliability(forest, table.label, probability)
    return report


def on_real(name: str, table: Table, seed: int, model: str | None, tell: Callable[[str], None]) -> Report:
    """Real shots against the provider's own figures, penalties excluded: out-of-match predictions of the recipe, or, with
    ``model``, those of an artefact that must not have seen these matches."""
    asked = known(name)
    if model is None:
        judged = judge(asked, asked.recipe, table, seed, tell)
        probability, how = judged.probability, f"{asked.recipe.folds} parts, whole matches held out"
        calibration = judged.calibration.kind
    else:
        forest = load(model)
        probability, how, calibration = forest.predict(table.rows), f"artefact {forest.version}", forest.card.calibration.kind
    penalty = table.rows[:, [f.name for f in asked.features].index("penalty")] == 1.0
    keep = ~penalty
    label, ours, game = table.label[keep], probability[keep], table.game[keep]
    report: Report = {
        "model": name, "how": how, "calibration": calibration, "source": table.source,
        "shots": len(label), "matches": len(np.unique(game)), "penalties_left_out": int(penalty.sum()),
        "scores": scores(label, ours), "reliability": reliability(label, ours),
    }  # fmt: skip
    provider = table.reference[keep] if table.reference.size else np.full(len(label), np.nan)
    if np.isfinite(provider).all():
        report["provider"] = scores(label, provider)
        report["ours_minus_provider"] = paired_bootstrap(label, ours, provider, game)
        report["ours_minus_provider"]["ece"] = {"difference": report["scores"]["ece"] - report["provider"]["ece"]}
    return report


def describe(forest: ForestModel) -> Report:
    """The card, and the size of the forest."""
    card = forest.card
    return {
        "model": card.name, "version": card.version, "title": card.title, "classes": card.classes, "command": card.command,
        "trained_on": card.trained_on, "scores": card.metrics.get("held_out", {}), "calibration": card.calibration.kind,
        "trees": forest.forest.trees, "depth": forest.forest.depth,
        "features": [{"name": f.name, "unit": f.unit, "label": f.label} for f in card.features],
    }  # fmt: skip


def explain(forest: ForestModel, row: Floats, count: int) -> Report:
    """One prediction and the features that moved its margin (log-odds before calibration) most."""
    parts = forest.attribute(row.reshape(1, -1))[0]
    if parts.ndim != 1:
        raise ValueError(f"{forest.name} has several classes; only a model of two can be explained here")
    return {
        "model": forest.name, "version": forest.version, "probability": float(forest.predict(row.reshape(1, -1))[0]),
        "base_margin": float(parts[-1]), "margin": float(parts.sum()),
        "because": [
            {"feature": f.name, "label": f.label, "value": float(row[forest.features.index(f)]), "unit": f.unit, "adds": adds}
            for f, adds in forest.top(row, count)
        ],
    }  # fmt: skip


def as_text(report: Report) -> str:
    """For a person: one fact a line."""
    lines = [" ".join(str(report[key]) for key in ("model", "version", "how", "title") if key in report)]
    facts = ("command", "classes", "calibration", "trees", "depth", "shots", "matches", "from", "to", "plays", "days",
             "probability")  # fmt: skip
    lines += [f"{key}: {report[key]}" for key in facts if key in report]
    for key, title in (("scores", "ours"), ("provider", "provider")):
        if key in report:
            lines.append(f"{title:9s}" + "  ".join(f"{name} {value:.5f}" for name, value in report[key].items()))
    lines += [_compared(name, row) for name, row in report.get("ours_minus_provider", {}).items()]
    for reading, found in report.get("readings", {}).items():
        lines.append(f"{reading}:")
        for key, title in (("scores", "ours"), ("logistic", "logistic")):
            lines.append(f"{title:9s}" + "  ".join(f"{name} {value:.5f}" for name, value in found[key].items()))
        lines += [_compared(name, row, "the logistic") for name, row in found["ours_minus_logistic"].items()]
    if "truth" in report:
        truth = report["truth"]
        lines.append(f"against the true probability: mean absolute error {truth['mean_absolute_error']:.4f}, "
                     f"95th percentile {truth['p95_absolute_error']:.4f}")  # fmt: skip
    lines += [f"{row['adds']:+.3f}  {row['label']} ({row['value']:.3g} {row['unit']})" for row in report.get("because", [])]
    return "\n".join(lines)


def _compared(name: str, row: dict[str, float], other: str = "provider") -> str:
    line = f"{name}: ours minus {other} {row['difference']:+.5f}"
    if name in PAIRED:
        line += f", 95 % {row['low']:+.5f} to {row['high']:+.5f}, better in {100 * row['better']:.1f} % of draws"
    return line


def _reliability(forest: ForestModel, label: Floats, probability: Floats) -> Any:
    if probability.ndim == 1:
        return reliability(label, probability)
    return {word: reliability((label == c).astype(np.float64), probability[:, c]) for c, word in enumerate(forest.classes)}
