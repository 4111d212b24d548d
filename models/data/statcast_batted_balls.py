"""Statcast's balls in play as rows of ``hit-probability`` and ``catch-probability``, by the functions of the live path.

``ev_la_2021_2023.parquet`` has every ball's exit speed and launch angle, not its direction; ``direction_hangtime_2018.parquet`` has
direction, hang time and distance of some. Neither knows how fast the batter is or where the fielders stood: the batter's speed is
missing, and the way to a ball in the air is counted from the nearest outfielder's usual place. Values that no ball has had (a speed
beyond 125 mph, an angle beyond 90 degrees) leave the ball out. Dates stand for games, which the tables do not name.
"""

from __future__ import annotations

from math import cos, hypot, sin
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.batted import FASTEST_MPS, hit_row
from features.mlb.diamond import FT_M, MPH_MPS, PLACES
from features.mlb.fielding import catch_row
from models.base import Floats
from models.training.tables import column, read_table
from models.training.training import Table

BALLS: Final = "ev_la_2021_2023.parquet"
FLIES: Final = "direction_hangtime_2018.parquet"
FOLDER: Final = "mlb_statcast_batted_balls"
SOURCE: Final = "Statcast balls in play"
TERMS: Final = "Statcast data belong to MLB Advanced Media: internal use only; the model is not to be passed on"
#: balls that can be caught: least distance, least hang time, largest angle from the middle; ft, s, degrees
_FAR_FT, _LONG_S, _FAIR_DEG = 180.0, 1.5, 45.0
_CAUGHT: Final = ("Out", "Sacrifice")
_HOME_RUN: Final = "HomeRun"
_OUTFIELD: Final = [(r * cos(a), -r * sin(a)) for name, (r, a) in PLACES.items() if name in ("LF", "CF", "RF")]
_NAN: Final = float("nan")


def hits(folder: Path) -> Table:
    """Balls in play with speed and angle, labelled by whether they were hits; and, with their direction, those of
    ``direction_hangtime_2018`` where it is there: a feed may know it or not."""
    at = _folder_of(folder)
    table = read_table(at / BALLS, ("date", "launch_speed", "launch_angle", "is_hit"))
    parts = [_of(table, "date", column(table, "launch_speed"), column(table, "launch_angle"), None)]
    if (at / FLIES).is_file():
        other = read_table(at / FLIES, ("game_date", "exit_speed", "launch_angle", "exit_direction", "is_hit"))
        parts.append(
            _of(other, "game_date", column(other, "exit_speed"), column(other, "launch_angle"), column(other, "exit_direction"))
        )
    return _table([np.concatenate([part[k] for part in parts]) for k in range(3)])


def _of(table: Any, date: str, speed: Floats, angle: Floats, spray: Floats | None) -> tuple[Floats, Floats, npt.NDArray[np.str_]]:
    label = column(table, "is_hit")
    good = (speed > 0.0) & (speed * MPH_MPS <= FASTEST_MPS) & (np.abs(angle) <= 90.0) & np.isin(label, (0.0, 1.0))
    if spray is not None:
        good &= np.abs(spray) <= _FAIR_DEG
    columns = [speed[good] * MPH_MPS, np.radians(angle[good])]
    columns.append(np.full(int(good.sum()), _NAN) if spray is None else np.radians(spray[good]))
    return hit_rows(np.stack(columns, axis=1)), label[good], _dates(table, date)[good]


def hit_rows(balls: Floats) -> Floats:
    """(n, F) of exit speed, launch and direction (n, 3) in m/s and rad, NaN where the direction is not known."""
    found, at = np.unique(balls, axis=0, return_inverse=True)
    rows = np.array([hit_row(speed, launch, spray, _NAN) for speed, launch, spray in found.tolist()])
    return np.asarray(rows[at.reshape(-1)], np.float64)


def flies(folder: Path) -> Table:
    """Balls in the air to the outfield that stayed in the park, labelled by whether they were caught."""
    at = _folder_of(folder)
    table = read_table(at / FLIES, ("game_date", "exit_direction", "hit_distance", "hang_time", "play_outcome"))
    direction, distance, hang = (column(table, name) for name in ("exit_direction", "hit_distance", "hang_time"))
    outcome = np.array([str(word) for word in table.column("play_outcome").to_pylist()])
    catchable = (distance > _FAR_FT) & (hang > _LONG_S) & (np.abs(direction) <= _FAIR_DEG) & (outcome != _HOME_RUN)
    rows = np.array(
        [
            fly_row(far * FT_M, float(np.radians(where)), seconds)
            for far, where, seconds in zip(
                distance[catchable].tolist(), direction[catchable].tolist(), hang[catchable].tolist(), strict=True
            )
        ]
    )
    return _table([rows, np.isin(outcome[catchable], _CAUGHT).astype(np.float64), _dates(table, "game_date")[catchable]])


def fly_row(distance_m: float, spray_rad: float, hang_s: float) -> Floats:
    """(F,) of a ball that comes down there, for the outfielder whose usual place is nearest."""
    x, y = distance_m * cos(spray_rad), -distance_m * sin(spray_rad)
    nearest = min(_OUTFIELD, key=lambda place: hypot(place[0] - x, place[1] - y))
    return catch_row(*nearest, x, y, hang_s)


def _table(parts: list[Any]) -> Table:
    rows, label, date = parts
    days, game = np.unique(date, return_inverse=True)
    source: dict[str, str | float | int] = {
        "source": SOURCE,
        "rows": len(label),
        "games": len(days),
        "from": str(days[0]),
        "until": str(days[-1]),
    }
    return Table(rows, label, game, source, groups={"date": date}, origin="real", terms=TERMS)


def _dates(table: Any, name: str) -> npt.NDArray[np.str_]:
    return np.array([str(value)[:10] for value in table.column(name).to_pylist()], np.str_)


def _folder_of(folder: Path) -> Path:
    return folder / FOLDER if (folder / FOLDER).is_dir() else folder
