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

from features.sport import Sport
from features.units import factor
from streaming.blocks import StatBlock
from streaming.game import GameOperator
from streaming.recording import Recording
from streaming.records import Event, Telemetry
from streaming.runners.embedded import EmbeddedRunner
from streaming.sinks import ListSink

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
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
        told = (gap.mean(), np.sqrt((gap**2).mean()), np.abs(gap).max()) if len(gap) else (np.nan,) * 3
        bias, rmse, worst = (float(value) for value in told)
        only = int((has & ~had).sum()), int((had & ~has).sum())
        return cls(stat, reference, unit, len(gap), bias, rmse, worst, *only)


def final_blocks(recording: Recording, sport: Sport, stats: set[str]) -> dict[str, list[StatBlock]]:
    """Run a recording through an operator without models; the final blocks of ``stats``."""
    sport = replace(sport, stats=tuple(stat for stat in sport.stats if stat.model is None))
    sink = ListSink()
    EmbeddedRunner(GameOperator(sport, recording.game, draw=False, provisional=False), [sink]).run(recording.records())
    found: dict[str, list[StatBlock]] = {stat: [] for stat in stats}
    for output in sink.outputs:
        if isinstance(output, StatBlock) and output.stat in found and output.quality == "final":
            found[output.stat].append(output)
    return found


def compare_events(
    recording: Recording, sport: Sport, references: Mapping[str, tuple[str, float]]
) -> list[Agreement]:  # fmt: skip
    """Event stats against attrs of the same events: ``references`` is {stat: (attr, factor that takes it to SI)}. Of a vector the
    first component is compared."""
    blocks = final_blocks(recording, sport, set(references))
    events = recording.read_events()
    found = []
    for stat, (attr, to_si) in references.items():
        unit, on = sport.stat(stat).unit, sport.stat(stat).on
        scale = to_si * factor(unit)
        ours = {block.event: _first(block.values[0][0]) for block in blocks[stat]}
        kept = [event for event in events if event.type in on]
        theirs = np.array([float(event.attrs.get(attr, np.nan)) * scale for event in kept])
        found.append(Agreement.of(stat, attr, unit, np.array([ours.get(event.id, np.nan) for event in kept]), theirs))
    return found


def _first(value: Any) -> float:
    """A value as a number: of a vector its first component."""
    return float(value[0]) if isinstance(value, (list, tuple)) else float(value)


def compare_channel(recording: Recording, sport: Sport, stat: str, channel: str, to_si: float = 1.0) -> Agreement:
    """A stat per player and window against a channel of the players' samples, interpolated at the end of each window.

    Windows are left out where the player's neighbouring samples are more than 0.2 s apart, and where his are too few.
    """
    blocks = final_blocks(recording, sport, {stat})[stat]
    unit = sport.stat(stat).unit
    entity = {tag.tag: tag.entity for tag in recording.game.tags}
    times: dict[str, list[npt.NDArray[np.int64]]] = {}
    values: dict[str, list[Floats]] = {}
    for record in recording.records():
        if isinstance(record, Telemetry) and channel in record.channels:
            for tag in np.unique(record.tag).tolist():
                rows = record.tag == tag
                times.setdefault(entity[tag], []).append(record.t_us[rows])
                values.setdefault(entity[tag], []).append(record.channels[channel][rows].astype(np.float64))
    ours, theirs = [], []
    for subject in times:
        t = np.concatenate(times[subject])
        order = np.argsort(t, kind="stable")
        t, v = t[order], np.concatenate(values[subject])[order] * to_si * factor(unit)
        for block in blocks:
            if subject in block.subjects:
                after = np.clip(np.searchsorted(t, block.end_us), 1, max(1, len(t) - 1))
                near = (t[after] - t[after - 1] <= 200_000) & (block.end_us >= t[0]) & (block.end_us <= t[-1])
                ours.append(np.asarray(block.values)[:, block.subjects.index(subject)].astype(np.float64))
                theirs.append(np.where(near, np.interp(block.end_us, t, v), np.nan))
    flat = np.concatenate(ours) if ours else np.zeros(0), np.concatenate(theirs) if theirs else np.zeros(0)
    return Agreement.of(stat, channel, unit, *flat)


def goals(events: list[Event], teams: tuple[str, str]) -> tuple[int, int]:
    """The score that the events tell: goals and own goals, (home, away)."""
    score = [0, 0]
    for event in events:
        if event.team in teams and not event.deleted:
            side = teams.index(event.team)
            if event.outcome == "goal":
                score[side] += 1
            elif event.type == "own_goal":
                score[1 - side] += 1
    return score[0], score[1]
