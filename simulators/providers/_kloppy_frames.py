"""kloppy's tracking frames as arrays, and home's direction in each period by where players were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulators.providers._stream import Floats, Ints, Side
from streaming.errors import BadInput

#: rates of a grid that fits into our windows; a feed of another rate is interpolated onto the next one
GRIDS_HZ: Final = (10.0, 20.0, 25.0, 30.0, 50.0)
#: players a side that must be seen for their mean place to count, and how far the means must be apart (m)
_ENOUGH: Final = 5
_APART_M: Final = 3.0
#: and for how long: a few frames may be of a corner kick
_SPAN_US: Final = 10_000_000


@dataclass(frozen=True)
class Track:
    """``t_us`` (T,), ``xyz_m`` (T, 1 + N, 3) with the ball first, ``in_play`` (T,) 1, 0 or NaN, ``period`` (T,)."""

    t_us: Ints
    xyz_m: Floats
    in_play: Floats
    period: Ints


def track_of(
    dataset: Any,
    tag_of: Mapping[str, int],
    start_us: Mapping[int, int],
    size_m: tuple[float, float],
    notes: Counter[str],
    *,
    mirrored: bool = False,
) -> Track:
    """The frames of ``dataset`` in order of time; a frame of an instant that is there already is left out. ``mirrored``:
    kloppy has y upside down."""
    frames = dataset.records
    t_us = np.array([start_us[f.period.id] + round(f.timestamp.total_seconds() * 1e6) for f in frames], np.int64)
    period = np.array([f.period.id for f in frames], np.int64)
    xyz = np.full((len(frames), 1 + len(tag_of), 3), np.nan)
    play = np.full(len(frames), np.nan)
    for k, frame in enumerate(frames):
        if frame.ball_state is not None:
            play[k] = float(frame.ball_state.name == "ALIVE")
        if frame.ball_coordinates is not None:
            ball = frame.ball_coordinates
            z = getattr(ball, "z", None)
            xyz[k, 0] = _number(ball.x), _number(ball.y), _number(z)
        for player, data in frame.players_data.items():
            tag = tag_of.get(str(player.player_id))
            if tag is not None and data.coordinates is not None:
                xyz[k, tag, :2] = _number(data.coordinates.x), _number(data.coordinates.y)
    xyz[:, :, 0] = (xyz[:, :, 0] - 0.5) * size_m[0]
    xyz[:, :, 1] = (0.5 - xyz[:, :, 1]) * (-size_m[1] if mirrored else size_m[1])
    order = np.argsort(t_us, kind="stable")
    first = np.r_[True, np.diff(t_us[order]) > 0]
    if not first.all():
        notes["a frame repeats the instant of another and is left out"] += int((~first).sum())
    order = order[first]
    return Track(t_us[order], xyz[order], play[order], period[order])


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


def grid_of(t_us: Ints, rate_hz: float) -> tuple[float, bool]:
    """The grid (Hz) for frames of a nominal rate, and whether every frame lies on it."""
    grid = next((hz for hz in GRIDS_HZ if hz >= rate_hz - 0.5), GRIDS_HZ[-1])
    return grid, bool(((t_us - t_us[0]) % round(1e6 / grid) == 0).all())


def attacks_of(track: Track, sides: Sequence[int], keepers: Sequence[int]) -> dict[int, Side]:
    """{period: which way home attacked} where the mean places of the teams are clear about it.

    ``sides`` (1 + N,) are 0 home, 1 away, -1 else; ``keepers`` the tags of the keepers, who count for as much as their whole team:
    they stand at their own end.
    """
    side, out = np.array(sides), {}
    for number in np.unique(track.period).tolist():
        of_it = track.period == number
        if np.ptp(track.t_us[of_it]) < _SPAN_US:
            continue
        x = track.xyz_m[of_it, :, 0]
        seen = np.isfinite(x).any(axis=0)
        mean = np.full(x.shape[1], np.nan)
        mean[seen] = np.nanmean(x[:, seen], axis=0)
        teams = [mean[(side == which) & seen] for which in (0, 1)]
        if min(len(team) for team in teams) < _ENOUGH:
            continue
        goals = [mean[k] * (1 if side[k] == 0 else -1) for k in keepers if seen[k]]
        apart = float(np.mean(teams[1]) - np.mean(teams[0]) - (2 * np.mean(goals) if goals else 0.0))
        if abs(apart) >= _APART_M:
            out[int(number)] = _towards(apart)
    return out


def _towards(apart: float) -> Side:
    return 1 if apart > 0 else -1


def agree(wanted: str, stated: Mapping[int, Side], seen: Mapping[int, Side], *, binding: bool) -> dict[int, Side]:
    """The direction of each period: what the files state (``binding``), else what is seen, else what kloppy took it for.

    kloppy hands on what is stated about the first period only, and has the sides change in each one after it: there, what is seen
    decides. ``BadInput`` where the files state one direction of the first period and show the other.
    """
    if binding and 1 in stated and 1 in seen and stated[1] != seen[1]:
        raise BadInput(
            f"{wanted} files contradict themselves: by what they state home attacks towards {'+x' if stated[1] == 1 else '-x'} in "
            "period 1, by mean positions the other way"
        )
    return {**stated, **seen}
