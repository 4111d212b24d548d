"""Metrica's wide tracking tables, one a team: three rows of headers (team, shirts, names), then period, frame, time and pairs of x
and y.

    ,,,Home,,Home,,...
    ,,,11,,1,,...,,
    Period,Frame,Time [s],Player11,,Player1,,...,Ball,

Coordinates are 0..1 with (0, 0) at the top left of the broadcast picture, in the stadium's orientation. The ball stands in both
tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.providers._files import content, first_rows, number, shirt, unique
from streaming.errors import BadInput
from streaming.recordings import arrow

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: no period, frame or second of a match is larger
_LARGEST = 1e9
_BALLS = frozenset({"ball", "football"})


@dataclass(frozen=True)
class Person:
    name: str
    side: int
    shirt: int | None


@dataclass(frozen=True)
class Track:
    """(T,) period, frame and seconds, ``players`` (N,) and (T, 1 + N, 2) places of the ball and of them, 0..1, NaN where not
    seen."""

    period: Ints
    frame: Ints
    seconds: Floats
    players: list[Person]
    xy: Floats

    @property
    def rate_hz(self) -> float:
        """Frames a second: what most neighbours are apart."""
        apart = np.diff(self.seconds)
        apart = apart[apart > 0]
        return float(round(1.0 / float(np.median(apart)))) if len(apart) else 25.0


def read_tracks(paths: list[Path]) -> Track:
    """Both teams' tables, or one, as one; ``BadInput`` when their frames are not the same."""
    tables = [_read(path, side) for side, path in enumerate(paths)]
    first = tables[0]
    for path, other in zip(paths[1:], tables[1:], strict=True):
        if not np.array_equal(first.frame, other.frame) or not np.array_equal(first.period, other.period):
            raise BadInput(f"{paths[0]} and {path} do not have the same frames")
    players = [person for table in tables for person in table.players]
    unique((person.name for person in players), paths[-1], "a player")
    ball = first.xy[:, 0]
    for other in tables[1:]:
        ball = np.where(np.isfinite(ball), ball, other.xy[:, 0])
    xy = np.concatenate([ball[:, None], *(table.xy[:, 1:] for table in tables)], axis=1)
    return Track(first.period, first.frame, first.seconds, players, xy)


def side_of(path: Path) -> int:
    """0 home, 1 away, by the first row of the table; -1 when it is no table of tracking."""
    teams = {word.strip().lower() for word in next(iter(first_rows(path, 1)), [])} - {""}
    return 0 if teams == {"home"} else 1 if teams == {"away"} else -1


def _read(path: Path, side: int) -> Track:
    import pyarrow as pa
    import pyarrow.csv

    head = first_rows(path, 3)
    if len(head) < 3 or len(head[2]) < 5 or [word.strip().lower() for word in head[2][:2]] != ["period", "frame"]:
        raise BadInput(f"{path} is no tracking of metrica: its third row is not Period, Frame, Time [s] and names")
    options = pyarrow.csv.ReadOptions(skip_rows=3, autogenerate_column_names=True)
    try:
        table = pyarrow.csv.read_csv(pa.BufferReader(content(path)), read_options=options)
    except pa.ArrowException as error:
        raise BadInput(f"{path} is cut short or damaged: its rows are not of one length") from error
    columns = [_floats(arrow.column(table, name), path, n) for n, name in enumerate(table.column_names)]
    if not columns or len(columns[0]) == 0:
        raise BadInput(f"{path} holds no frames")
    for n, name in enumerate(("Period", "Frame", "Time [s]")):
        missing = np.flatnonzero(~(np.abs(columns[n]) < _LARGEST))
        if len(missing):
            what = "nothing" if np.isnan(columns[n][missing[0]]) else "no number of a match"
            raise BadInput(f"{path} has {what} in {name}, line {int(missing[0]) + 4}")
    period, frame, seconds = columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2]
    if (np.diff(frame) <= 0).any() or (np.diff(seconds) <= 0).any():
        late = int(np.flatnonzero((np.diff(frame) <= 0) | (np.diff(seconds) <= 0))[0]) + 5
        raise BadInput(f"{path} has a frame out of order, line {late}: frames stand once and in order")
    shirts = [*head[1], *[""] * len(head[2])]
    players, pairs, ball = [], [], None
    for n in range(3, len(head[2])):
        name = head[2][n].strip()
        if not name or n + 1 >= len(columns):
            continue
        if name.lower() in _BALLS:
            ball = n
        else:
            players.append(Person(name, side, shirt(shirts[n])))
            pairs.append(n)
    unique((person.name for person in players), path, "a player")
    xy = np.full((len(frame), 1 + len(players), 2), np.nan)
    for row, at in enumerate([ball, *pairs]):
        if at is not None:
            xy[:, row, 0], xy[:, row, 1] = columns[at], columns[at + 1]
    return Track(period, frame, seconds, players, xy)


def _floats(column: Any, path: Path, n: int) -> Floats:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if kind in (pa.float64(), pa.int64()):
        values: Floats = arrow.view(column, "float64" if kind == pa.float64() else "int64").astype(np.float64)
        has = arrow.valid(column)
        return values if has is None else np.where(has, values, np.nan)
    return np.array([number(cell, path, f"column {n + 1}", line) for line, cell in enumerate(column.to_pylist(), 4)])
