"""A curve of a model's answers: the same row at many values of one quantity, and what of the row follows that quantity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from features.core.frames import Floats


@dataclass(frozen=True)
class Axis:
    """``points`` (P,) SI, increasing; ``columns`` name the features that follow them; ``spread(row, points, out)`` writes what
    these are at each point into ``out`` (P, C) from the row (F,). Each column should rise or fall along the axis throughout:
    that is what makes one walk per tree possible."""

    name: str
    points: Floats
    columns: tuple[str, ...]
    spread: Callable[[Floats, Floats, Floats], None]
