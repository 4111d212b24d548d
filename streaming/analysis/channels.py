"""Our figures of every window beside those that a provider's samples carry: numbers, magnitudes and angles, all in one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from features.core.sport import Sport
from features.core.units import factor
from streaming.analysis.agreement import Agreement, Floats, final_blocks, named
from streaming.recordings.reader import Recording
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Telemetry


def compare_channel(recording: Recording, sport: Sport, name: str, channel: str, to_si: float = 1.0) -> Agreement:
    """A stat per player and window against one channel of the players' samples."""
    return compare_channels(recording, sport, {name: (channel, to_si)})[0]


def compare_channels(
    recording: Recording, sport: Sport, references: Mapping[str, Sequence[Any]], blocks: Mapping[str, list[StatBlock]] | None = None
) -> list[Agreement]:
    """Stats per player and window against channels of the players' samples, interpolated at the end of each window.

    ``references`` is {stat or stat/component: (channel, factor that takes it to SI)}, with a third word where they are not plain
    numbers: an ``angle`` (rad, the difference taken the shorter way round), a ``magnitude`` (ours is taken without its sign). Of a
    vector without a component's name the first is compared. Windows are left out where the player's neighbouring samples are more
    than 0.2 s apart, and where the player's are too few; of a stat that holds every value is compared once, when it goes out.
    ``blocks`` are those of :func:`final_blocks`, when they are there already.
    """
    if blocks is None:
        blocks = final_blocks(recording, sport, {named(sport, name)[0] for name in references})
    samples = _samples(recording, {str(reference[0]) for reference in references.values()})
    found = []
    for name, (channel, to_si, *kind) in references.items():
        stat, component = named(sport, name)
        unit, angle = sport.stat(stat).unit, "angle" in kind
        scale, turn = float(to_si) * factor(unit), 2.0 * np.pi * factor(unit) if angle else 0.0
        ours, theirs = [], []
        for subject, (stamps, columns) in samples.items():
            if channel not in columns:
                continue
            there = np.isfinite(columns[channel])
            t, column = stamps[there], columns[channel][there]
            v = np.unwrap(column * to_si) * factor(unit) if angle else column * scale
            for block in blocks[stat]:
                if subject in block.subjects:
                    after = np.clip(np.searchsorted(t, block.end_us), 1, max(1, len(t) - 1))
                    near = (t[after] - t[after - 1] <= 200_000) & (block.end_us >= t[0]) & (block.end_us <= t[-1])
                    who = block.subjects.index(subject)
                    mine = np.asarray(block.values)[:, who].astype(np.float64)
                    if sport.stat(stat).held and block.live is not None:
                        near &= block.live[:, who]
                        mine = np.where(near if mine.ndim == 1 else near[:, None], mine, np.nan)
                    ours.append(mine if mine.ndim == 1 else mine[:, component])
                    theirs.append(np.where(near, np.interp(block.end_us, t, v), np.nan))
        flat = np.concatenate(ours) if ours else np.zeros(0), np.concatenate(theirs) if theirs else np.zeros(0)
        if "magnitude" in kind:
            flat = np.abs(flat[0]), flat[1]
        elif angle:
            # theirs by as many whole turns as bring it nearest to ours
            flat = flat[0], flat[1] + turn * np.nan_to_num(np.round((flat[0] - flat[1]) / turn))
        found.append(Agreement.of(name, channel, unit, *flat))
    return found


def _samples(recording: Recording, channels: set[str]) -> dict[str, tuple[npt.NDArray[np.int64], dict[str, Floats]]]:
    """{entity: (stamps, {channel: values})} of the samples that carry any of ``channels``, in the order of time."""
    entity = {tag.tag: tag.entity for tag in recording.game.tags}
    times: dict[str, list[npt.NDArray[np.int64]]] = {}
    values: dict[str, dict[str, list[Floats]]] = {}
    for record in recording.records():
        if not isinstance(record, Telemetry) or not channels & set(record.channels):
            continue
        for tag in np.unique(record.tag).tolist():
            rows = record.tag == tag
            times.setdefault(entity[tag], []).append(record.t_us[rows])
            for channel in channels:
                column = record.channels.get(channel)
                part = np.full(int(rows.sum()), np.nan) if column is None else column[rows].astype(np.float64)
                values.setdefault(entity[tag], {}).setdefault(channel, []).append(part)
    found = {}
    for subject, parts in times.items():
        t = np.concatenate(parts)
        order = np.argsort(t, kind="stable")
        columns = {channel: np.concatenate(cells)[order] for channel, cells in values[subject].items()}
        found[subject] = t[order], {channel: column for channel, column in columns.items() if np.isfinite(column).any()}
    return found
