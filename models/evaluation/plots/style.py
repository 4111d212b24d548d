"""What the figures have in common: colours, names of files, and how they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from models.base import Floats
from models.evaluation_set import EvaluationSet

OURS: Final = "#1f5fa8"
OTHER: Final = "#d9822b"
WORSE: Final = "#b3261e"
FAINT: Final = "#b8bec6"


def figure(width_in: float, height_in: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def bare(axes: Any, grid: str = "both") -> Any:
    """No box around the data, a faint grid under it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def write(drawn: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, dpi=130, format="png")
    return path


def file_name(stem: str, reading: str) -> str:
    return f"{stem}{'-' + reading.replace(',', '').replace(' ', '-') if reading else ''}.png"


def title(predictions: EvaluationSet, what: str) -> str:
    return f"{predictions.model}{', ' + predictions.reading if predictions.reading else ''}: {what}"


def contenders(predictions: EvaluationSet) -> list[tuple[str, Floats, str]]:
    """Name, chances (B,) and colour of whom to draw: the reference, where there is one, and ours."""
    found = [("ours", predictions.target_probability, OURS)]
    if predictions.reference.size:
        found.insert(0, (predictions.versus, predictions.reference, OTHER))
    return found
