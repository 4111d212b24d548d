"""Names and times of an operator's steps."""

from __future__ import annotations

from time import perf_counter_ns

from features.core.sport import Sport
from streaming.operator.metrics import OperatorMetrics


class Stopwatch:
    """``lap(i)`` books the time since the last lap (or ``start``) on step i."""

    __slots__ = ("_at", "_calls", "_last", "_max", "_total")

    def __init__(self, metrics: OperatorMetrics) -> None:
        self._total, self._last, self._max, self._calls = (
            metrics.step_ns,
            metrics.step_last_ns,
            metrics.step_max_ns,
            metrics.step_calls,
        )
        self._at = 0

    def start(self) -> None:
        self._at = perf_counter_ns()

    def lap(self, i: int) -> None:
        now = perf_counter_ns()
        spent = now - self._at
        self._at = now
        self._total[i] += spent
        self._last[i] = spent
        self._calls[i] += 1
        if spent > self._max[i]:
            self._max[i] = spent


def step_names(sport: Sport) -> tuple[str, ...]:
    """Every named and timed step of a sport's operator, in the order of the pipeline."""
    kinds: dict[str, list[str]] = {"window": [], "event": [], "tick": []}
    for stat in sport.stats:
        kinds[stat.kind].append(stat.id)
    return (
        "framing.samples",
        "framing.rows",
        *(step.name for step in sport.steps),
        *kinds["window"],
        "events.match",
        *(step.name for step in sport.event_steps if step.phase == "extract"),
        *kinds["event"],
        *(step.name for step in sport.event_steps if step.phase == "apply"),
        *kinds["tick"],
    )
