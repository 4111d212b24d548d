"""The reports of `touchline models evaluate` and `explain`: groups, plots and files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.evaluation.explanation import Explained
    from models.evaluation_set import EvaluationSet

Report = dict[str, Any]
REPORT = "report.json"


def evaluated(
    predictions: tuple[EvaluationSet, ...], report: Report, out: Path | None, main: str = ""
) -> tuple[Report, list[Path]]:
    """The report with its groups; with ``out`` also reliability, lift and residuals by group of each evaluation set, and the
    report. The plots of the reading ``main`` have the plain names."""
    from models.evaluation.slices import by_group

    grouped = [by_group(each) for each in predictions]
    report = report | {"groups": grouped[0] if len(predictions) == 1 else _by_reading(predictions, grouped)}
    if out is None:
        return report, []
    from models.evaluation.plots import evaluation_plots

    named = [replace(each, reading="") if each.reading == main else each for each in predictions]
    drawn = [path for each, groups in zip(named, grouped, strict=True) for path in evaluation_plots(each, groups, out)]
    return report, [*drawn, _write(report, out)]


def explained(predictions: tuple[EvaluationSet, ...], out: Path | None) -> tuple[Report, str, list[Path]]:
    """Report, its text, and the files written: importance, dependence and groups of each evaluation set."""
    from models.evaluation.explanation import as_text, explain_whole

    found: list[Explained] = [explain_whole(each) for each in predictions]
    reports = [each.report for each in found]
    report = reports[0] if len(reports) == 1 else _by_reading(predictions, reports)
    text = "\n\n".join(as_text(each) for each in reports)
    if out is None:
        return report, text, []
    from models.evaluation.plots import explanation_plots

    drawn = [path for each in found for path in explanation_plots(each, out)]
    return report, text, [*drawn, _write(report, out)]


def _by_reading(predictions: tuple[EvaluationSet, ...], reports: list[Report]) -> Report:
    return {each.reading: report for each, report in zip(predictions, reports, strict=True)}


def _write(report: Report, out: Path) -> Path:
    path = out / REPORT
    path.write_text(json.dumps(report, indent=1) + "\n")
    return path
