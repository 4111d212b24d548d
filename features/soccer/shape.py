"""The shape of a team: how wide, long, high and compact it stands, from its outfield players.

Keepers are left out. A shape needs six outfield players in sight: a team may not play on with fewer than seven (Law 3),
and a width across three players is no team's width.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.common.geometry import extent, hull_area, spread
from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Stat

FEWEST: Final = 6


@lru_cache(maxsize=8)
def keepers(role: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """(N,) mask of keepers."""
    return np.array([r == "keeper" for r in role], np.bool_)


@kernel
def outfield(xyz: Any, row: int, team: Any, keeper: Any, side: int, out: Any) -> int:
    """Copy the positions of the outfield players of ``side`` that are seen at ``row`` into ``out`` (N, 2); their
    number."""
    count = 0
    for n in range(team.shape[0]):
        x, y = xyz[row, n, 0], xyz[row, n, 1]
        if team[n] == side and not keeper[n] and not (np.isnan(x) or np.isnan(y)):
            out[count, 0], out[count, 1] = x, y
            count += 1
    return count


@kernel
def _extents(xyz: Any, team: Any, keeper: Any, ends: Any, axis: int, out: Any) -> None:
    points = np.empty((team.shape[0], 2))
    for k in range(ends.shape[0]):
        for side in range(2):
            count = outfield(xyz, ends[k], team, keeper, side, points)
            least, most = extent(points, count, axis)
            out[k, side] = most - least if count >= FEWEST else np.nan


@kernel
def _areas(xyz: Any, team: Any, keeper: Any, ends: Any, out: Any) -> None:
    points, hull = np.empty((team.shape[0], 2)), np.empty((2 * team.shape[0], 2))
    for k in range(ends.shape[0]):
        for side in range(2):
            count = outfield(xyz, ends[k], team, keeper, side, points)
            out[k, side] = hull_area(points, count, hull) if count >= FEWEST else np.nan


@kernel
def _spreads(xyz: Any, team: Any, keeper: Any, ends: Any, out: Any) -> None:
    points = np.empty((team.shape[0], 2))
    for k in range(ends.shape[0]):
        for side in range(2):
            count = outfield(xyz, ends[k], team, keeper, side, points)
            out[k, side] = spread(points, count) if count >= FEWEST else np.nan


@kernel
def _lines(xyz: Any, team: Any, keeper: Any, attack: Any, ends: Any, goal_x: float, out: Any) -> None:
    points = np.empty((team.shape[0], 2))
    for k in range(ends.shape[0]):
        for side in range(2):
            way = attack[ends[k]] if side == 0 else -attack[ends[k]]
            count = outfield(xyz, ends[k], team, keeper, side, points)
            least, most = extent(points, count, 0)
            known = count >= FEWEST and way != 0
            out[k, side] = goal_x + (least if way > 0 else -most) if known else np.nan


def width(frames: Frames, ends: Ints) -> Floats:
    """(K, 2) m across the field between the outermost outfield players."""
    out = np.empty((len(ends), 2))
    _extents(frames.xyz, frames.roster.team, keepers(frames.roster.role), ends, 1, out)
    return out


def length(frames: Frames, ends: Ints) -> Floats:
    """(K, 2) m along the field between the deepest and the highest outfield player."""
    out = np.empty((len(ends), 2))
    _extents(frames.xyz, frames.roster.team, keepers(frames.roster.role), ends, 0, out)
    return out


def area(frames: Frames, ends: Ints) -> Floats:
    """(K, 2) m2 of the convex hull of the outfield players."""
    out = np.empty((len(ends), 2))
    _areas(frames.xyz, frames.roster.team, keepers(frames.roster.role), ends, out)
    return out


def line_height(frames: Frames, ends: Ints) -> Floats:
    """(K, 2) m from the own goal line to the deepest outfield player; NaN while neither team attacks."""
    out = np.empty((len(ends), 2))
    goal_x = frames.field.length_m / 2
    _lines(frames.xyz, frames.roster.team, keepers(frames.roster.role), frames.attack, ends, goal_x, out)
    return out


def compactness(frames: Frames, ends: Ints) -> Floats:
    """(K, 2) m, root mean square distance of the outfield players from their centroid: less is more compact."""
    out = np.empty((len(ends), 2))
    _spreads(frames.xyz, frames.roster.team, keepers(frames.roster.role), ends, out)
    return out


STATS: Final = (
    Stat(
        "soccer.team.width", "m", "across the field between the outermost outfield players", "team", width,
        on_screen_name="pitch map",
    ),
    Stat(
        "soccer.team.length", "m", "along the field between the deepest and the highest outfield player", "team",
        length, on_screen_name="pitch map",
    ),
    Stat("soccer.team.area", "m2", "convex hull of the outfield players", "team", area, on_screen_name="pitch map"),
    Stat(
        "soccer.team.line_height", "m", "from the own goal line to the deepest outfield player", "team", line_height,
        on_screen_name="pitch map",
    ),
    Stat(
        "soccer.team.compactness", "m", "root mean square distance of the outfield players from their centroid", "team",
        compactness, on_screen_name="pitch map",
    ),
)  # fmt: skip
