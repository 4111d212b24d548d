"""How far our figures are from a provider's own, on the provider's game, through the real operator.

A provider's figure comes with an event (in its ``attrs``) or with the samples (as a channel). Neither is ever a
feature: they are carried along only to be compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features.core.sport import Sport
from features.core.units import factor
from streaming.operator.game import GameOperator
from streaming.recordings.reader import Recording
from streaming.runners.embedded import EmbeddedRunner
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.records import Event

#: soccer's period of a penalty shoot-out
SHOOTOUT = 5
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """``n`` pairs of our value and the provider's, in ``unit``: mean difference (ours minus theirs), root mean square
    difference, the largest one, and how many values only we (``ours_only``) or only they (``theirs_only``) have."""

    stat: str
    reference: str
    unit: str
    n: int
    bias: float
    rmse: float
    worst: float
    ours_only: int
    theirs_only: int

    def __str__(self) -> str:
        if not self.n:
            return f"{self.stat} against {self.reference}: no value to compare"
        return (
            f"{self.stat} against {self.reference}: n {self.n:,}, RMSE {self.rmse:.3f} {self.unit}, "
            f"bias {self.bias:+.3f}, worst {self.worst:.3f}; {self.ours_only} only ours, {self.theirs_only} only theirs"
        )

    def plain(self) -> dict[str, Any]:
        """For JSON: NaN is null."""
        return {key: None if value != value else value for key, value in asdict(self).items()}

    @classmethod
    def of(cls, stat: str, reference: str, unit: str, ours: Floats, theirs: Floats) -> Agreement:
        """From two aligned columns (n,), NaN where one of them has nothing."""
        has, had = np.isfinite(ours), np.isfinite(theirs)
        gap = (ours - theirs)[has & had]
        measures = (gap.mean(), np.sqrt((gap**2).mean()), np.abs(gap).max()) if len(gap) else (np.nan,) * 3
        bias, rmse, worst = (float(value) for value in measures)
        only = int((has & ~had).sum()), int((had & ~has).sum())
        return cls(
            stat=stat,
            reference=reference,
            unit=unit,
            n=len(gap),
            bias=bias,
            rmse=rmse,
            worst=worst,
            ours_only=only[0],
            theirs_only=only[1],
        )


Blocks = Mapping[str, list[StatBlock]]


def final_blocks(
    recording: Recording, sport: Sport, stats: set[str], operator: GameOperator | None = None
) -> dict[str, list[StatBlock]]:
    """Run a recording through ``operator``, or one without models; the final blocks of ``stats``."""
    if operator is None:
        sport = replace(sport, stats=tuple(stat for stat in sport.stats if stat.model is None))
        operator = GameOperator(sport, recording.game, draw=False, provisional=False)
    found: dict[str, list[StatBlock]] = {stat: [] for stat in stats}
    EmbeddedRunner(operator, [_StatCollector(found)]).run(recording.records())
    return found


class _StatCollector:
    """The final blocks of some stats, and nothing else of a whole game."""

    def __init__(self, found: dict[str, list[StatBlock]]) -> None:
        self.found = found

    def write(self, outputs: list[Output], published_us: int) -> None:
        for output in outputs:
            if isinstance(output, StatBlock) and output.stat in self.found and output.quality == "final":
                self.found[output.stat].append(output)

    def close(self) -> None:
        """There is nothing to finish."""


def compare_events(
    recording: Recording, sport: Sport, references: Mapping[str, tuple[str, float]], blocks: Blocks | None = None
) -> list[Agreement]:
    """Event stats against attrs of the same events: ``references`` is {stat or stat/component: (attr, factor that takes it to SI)}.
    Of a vector without a component's name the first is compared. ``blocks`` are those of :func:`final_blocks`, when they are there
    already."""
    blocks = final_blocks(recording, sport, {named(sport, name)[0] for name in references}) if blocks is None else blocks
    events = recording.read_events()
    found = []
    for name, (attr, to_si) in references.items():
        stat, component = named(sport, name)
        unit, on = sport.stat(stat).unit, sport.stat(stat).on
        scale = to_si * factor(unit)
        ours = {block.event: _part(block.values[0][0], component) for block in blocks[stat]}
        compared = [event for event in events if event.type in on]
        theirs = np.array([float(event.attrs.get(attr, np.nan)) * scale for event in compared])
        found.append(Agreement.of(name, attr, unit, np.array([ours.get(event.id, np.nan) for event in compared]), theirs))
    return found


def named(sport: Sport, name: str) -> tuple[str, int]:
    """``stat/component`` as the stat and which of its components; the first where none is named."""
    stat, _, component = name.partition("/")
    return stat, sport.stat(stat).components.index(component) if component else 0


def _part(value: Any, component: int) -> float:
    """A value as a number: of a vector one component."""
    return float(value[component]) if isinstance(value, (list, tuple, np.ndarray)) else float(value)


def goals(events: list[Event], teams: tuple[str, str]) -> tuple[int, int]:
    """The score by the events: goals and own goals, (home, away); kicks of a shoot-out do not count."""
    score = [0, 0]
    for event in events:
        if event.team in teams and not event.deleted and event.period < SHOOTOUT:
            side = teams.index(event.team)
            if event.outcome == "goal":
                score[side] += 1
            elif event.type == "own_goal":
                score[1 - side] += 1
    return score[0], score[1]
