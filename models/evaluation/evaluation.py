"""Reports on a model: against a simulator's truth, against a provider's figures, and what a model is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from models.artefact import Card, ForestModel, load
from models.base import Floats
from models.evaluation_set import EvaluationSet, feature_groups
from models.forest.attribution import Attribution
from models.forest.format import read_forest
from models.metrics import paired_bootstrap, reliability, scores, truth_known
from models.specs import SPECS, spec_of
from models.training.training import CrossValidation, Table, cross_validate

Report = dict[str, Any]


def on_simulated(model: str, table: Table) -> Report:
    """An artefact on fresh simulated games: scores on what happened, mean absolute error against the true probability."""
    forest = load(model)
    probability = forest.predict(table.rows)
    report: Report = {
        "model": forest.name,
        "version": forest.version,
        "source": table.source,
        "scores": scores(table.label, probability),
    }
    if table.truth.size:
        known = truth_known(table.truth)
        off, truth = np.abs(probability[known] - table.truth[known]), table.truth[known]
        report["truth"] = {
            "mean_absolute_error": float(off.mean()),
            "p95_absolute_error": float(np.quantile(off, 0.95)),
            "scores_of_truth": scores(table.label[known], truth),
        }
    report["reliability"] = _reliability(forest, table.label, probability)
    return report


def simulated_predictions(model: str, table: Table) -> EvaluationSet:
    """An artefact on fresh simulated games, to be explained and drawn; grouped by what its features say yes or no to."""
    forest = load(model)
    groups = {**table.groups, **feature_groups(forest.features, table.rows)}
    return EvaluationSet(
        forest.name,
        f"{forest.name} {forest.version} on {table.source['games']} fresh simulated games",
        table.label,
        forest.predict(table.rows),
        table.game,
        table.rows,
        forest.features,
        forest.classes,
        lambda at: forest.attribute(table.rows[at]),
        groups,
        truth=table.truth,
        question=table.question,
    )


def held_out(
    name: str, table: Table, seed: int, model: str | None, on_progress: Callable[[str], None], keep: npt.NDArray[np.bool_]
) -> EvaluationSet:
    """Predictions of the rows ``keep`` (B,) of a table of real data: those of the recipe with whole games held out, each row by the
    forest that has not seen its game; or, with ``model``, those of an artefact that must not have seen these games."""
    spec = spec_of(name)
    recipe = spec.real or spec.recipe
    kept = np.flatnonzero(keep)
    facts: Report = {"source": table.source, "left_out": int((~keep).sum())}
    attribute: Callable[[npt.NDArray[np.int64]], Floats]
    if model is None:
        validation = cross_validate(spec, recipe, table, seed, on_progress)
        probability, how = validation.probability, f"{recipe.folds} parts, whole games held out"
        facts["calibration"] = validation.calibration.kind
        attribute = _by_fold(validation, table.rows, kept)
    else:
        forest = load(model)
        if forest.name != name:
            raise ValueError(f"{model} is a model of {forest.name}, not of {name}")
        probability, how = forest.predict(table.rows), f"artefact {forest.version}"
        facts["calibration"] = forest.card.calibration.kind
        if table.source.get("content") and forest.card.trained_on.get("content") == table.source["content"]:
            facts["seen"] = f"{model} was trained on these very rows: they flatter it; without --model whole games are held out"

        def attribute(at: npt.NDArray[np.int64]) -> Floats:
            return forest.attribute(table.rows[kept[at]])

    reference = table.reference[kept] if table.reference.size else np.full(len(kept), np.nan)
    if not np.isfinite(reference).all():
        reference = np.empty(0)
    return EvaluationSet(
        name,
        how,
        table.label[kept],
        probability[kept],
        table.game[kept],
        table.rows[kept],
        spec.features,
        spec.classes,
        attribute,
        {column: words[kept] for column, words in table.groups.items()},
        reference,
        facts=facts,
    )


def _by_fold(validation: CrossValidation, rows: Floats, kept: npt.NDArray[np.intp]) -> Callable[[npt.NDArray[np.int64]], Floats]:
    def attribute(at: npt.NDArray[np.int64]) -> Floats:
        chosen = kept[at]
        out = None
        for k, blob in enumerate(validation.blobs):
            mine = validation.fold[chosen] == k
            if mine.any():
                parts = Attribution(read_forest(blob))(np.ascontiguousarray(rows[chosen[mine]]))
                out = np.empty((len(chosen), *parts.shape[1:])) if out is None else out
                out[mine] = parts
        assert out is not None
        return out[:, 0] if out.shape[1] == 1 else out

    return attribute


def against(predictions: EvaluationSet) -> Report:
    """Scores, the reference's where there is one, and a bootstrap over whole games of the difference."""
    report: Report = {
        "model": predictions.model,
        "how": predictions.how,
        **predictions.facts,
        "rows": len(predictions.label),
        predictions.unit: len(np.unique(predictions.game)),
        "scores": scores(predictions.label, predictions.probability),
        "reliability": reliability(predictions.label, predictions.probability),
    }
    if predictions.reference.size:
        report["provider"] = scores(predictions.label, predictions.reference)
        report["ours_minus_provider"] = paired_bootstrap(
            predictions.label, predictions.probability, predictions.reference, predictions.game
        )
        report["ours_minus_provider"]["ece"] = {"difference": report["scores"]["ece"] - report["provider"]["ece"]}
    return report


def describe(forest: ForestModel) -> Report:
    """The card, and the size of the forest."""
    card = forest.card
    return {
        "model": card.name,
        "version": card.version,
        "title": card.title,
        "classes": card.classes,
        "command": card.command,
        "trained_on": card.trained_on,
        "scores": card.metrics.get("held_out", {}),
        "calibration": card.calibration.kind,
        "trees": forest.forest.trees,
        "depth": forest.forest.depth,
        "features": [{"name": f.name, "unit": f.unit, "label": f.label} for f in card.features],
        "limits": limits_of(card),
    }


def limits_of(card: Card) -> str:
    """What the model does not know and must not be used for: the text of its card, or of its declaration where the card is
    older."""
    return card.limits or (SPECS[card.name].limits if card.name in SPECS else "")


def explain(forest: ForestModel, row: Floats, count: int) -> Report:
    """One prediction and the features that moved its margin (log-odds before calibration) most."""
    parts = forest.attribute(row.reshape(1, -1))[0]
    if parts.ndim != 1:
        raise ValueError(f"{forest.name} has several classes; only a model of two can be explained here")
    return {
        "model": forest.name,
        "version": forest.version,
        "probability": float(forest.predict(row.reshape(1, -1))[0]),
        "base_margin": float(parts[-1]),
        "margin": float(parts.sum()),
        "because": [
            {"feature": f.name, "label": f.label, "value": float(row[forest.features.index(f)]), "unit": f.unit, "adds": adds}
            for f, adds in forest.top(row, count)
        ],
    }


def as_text(report: Report) -> str:
    """For a person: one fact a line."""
    lines = [" ".join(str(report[key]) for key in ("model", "version", "how", "title") if key in report)]
    lines += [f"WARNING: {report['seen']}"] if "seen" in report else []
    facts = (
        "limits",
        "command",
        "classes",
        "calibration",
        "trees",
        "depth",
        "shots",
        "matches",
        "from",
        "to",
        "plays",
        "days",
        "probability",
    )
    lines += [f"{key}: {report[key]}" for key in facts if key in report]
    for key, title in (("scores", "ours"), ("provider", "provider")):
        if key in report:
            lines.append(f"{title:9s}" + "  ".join(f"{name} {value:.5f}" for name, value in report[key].items()))
    lines += [_compared(name, row) for name, row in report.get("ours_minus_provider", {}).items()]
    for reading, found in report.get("readings", {}).items():
        lines.append(f"{reading}:")
        against = found.get("versus", "logistic")
        for key, title in (("scores", "ours"), ("base_rate", "base rate"), ("logistic", "logistic"), ("reference", against)):
            if key in found:
                lines.append(f"{title:9s} " + "  ".join(f"{name} {value:.5f}" for name, value in found[key].items()))
        minus = found.get("ours_minus_logistic", found.get("ours_minus_reference", {}))
        lines += [_compared(name, row, "the logistic" if against == "logistic" else against) for name, row in minus.items()]
        if "sum" in found:
            total = found["sum"]
            lines.append(
                f"{total['xgoals']:.1f} xGoals for {total['goals']:.0f} goals: {total['ratio']:.3f}, "
                f"95 % {total['low']:.3f} to {total['high']:.3f}"
            )
        if "gate" in found:
            lines.append("gate: " + (found["gate"]["reason"] or "open"))
    lines += [f"{name}: {value:.5f}" for name, value in report.get("measures", {}).items()]
    if "truth" in report:
        truth = report["truth"]
        lines.append(
            f"against the true probability: mean absolute error {truth['mean_absolute_error']:.4f}, "
            f"95th percentile {truth['p95_absolute_error']:.4f}"
        )
    lines += [f"{row['adds']:+.3f}  {row['label']} ({row['value']:.3g} {row['unit']})" for row in report.get("because", [])]
    return "\n".join(lines)


def _compared(name: str, row: dict[str, float], other: str = "provider") -> str:
    line = f"{name}: ours minus {other} {row['difference']:+.5f}"
    if "better" in row:
        line += f", 95 % {row['low']:+.5f} to {row['high']:+.5f}, better in {100 * row['better']:.1f} % of draws"
    return line


def _reliability(forest: ForestModel, label: Floats, probability: Floats) -> Any:
    if probability.ndim == 1:
        return reliability(label, probability)
    return {word: reliability((label == c).astype(np.float64), probability[:, c]) for c, word in enumerate(forest.classes)}
