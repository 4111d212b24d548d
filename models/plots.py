"""Reliability on paper: of the shots given 30 %, did 30 % go in?"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def reliability_plot(report: dict[str, Any], path: Path) -> None:
    """Draw the reliability of an evaluation report to a PNG file; needs matplotlib, the ``[plots]`` extra."""
    from matplotlib.figure import Figure

    bins = report["reliability"]
    curves = bins if isinstance(bins, dict) else {report["model"]: bins}
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    top = max(max(row["predicted"], row["observed"]) for rows in curves.values() for row in rows) * 1.05
    axes.plot([0, top], [0, top], color="0.7", linewidth=1, zorder=0)
    for word, rows in curves.items():
        axes.plot([row["predicted"] for row in rows], [row["observed"] for row in rows], marker="o", label=word)
    axes.set(xlabel="predicted", ylabel="observed", title=f"{report['model']}: reliability, bins of equal size")
    axes.set_aspect("equal")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, format="png")
