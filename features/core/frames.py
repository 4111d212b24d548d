"""What a feature sees: the entities of one game on its time grid, newest rows last, with the history that it may look back on.

Buffers are shared and long; ``lo`` and ``hi`` say which rows are new. A step computes rows ``lo <= i < hi`` and may read
any earlier row back to ``lo - history``; rows at and after ``hi`` do not exist yet. That is the whole contract, and it is
why one frame live and ten thousand in a replay run the same code.
"""

from __future__ import annotations

import dataclasses
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOME, AWAY, NEUTRAL = 0, 1, -1


@dataclass(frozen=True)
class Field:
    """Playing surface: metres, origin at ``origin``, x along the length."""

    length_m: float
    width_m: float
    origin: str = "centre"


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Who is in the game, in the fixed order of axis N.

    ``team`` is the index into ``teams`` (0 home and 1 away where there are two sides), -1 for the ball and officials; ``role``
    is the sport's own word ("keeper", "car", "ball"). ``ball`` is -1 in a game without one. ``names`` and ``team_names`` are what
    a person reads; the ids stand in where none are given.
    """

    ids: tuple[str, ...]
    team: npt.NDArray[np.int8]
    role: tuple[str, ...]
    teams: tuple[str, ...]
    ball: int
    players: Ints
    index: dict[str, int] = dataclasses.field(repr=False)
    names: tuple[str, ...] = dataclasses.field(repr=False)
    team_names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        entities: list[tuple[str, int, str]],
        teams: tuple[str, ...],
        names: tuple[str, ...] = (),
        team_names: tuple[str, ...] = (),
    ) -> Roster:
        """Build from ``(id, team, role)`` rows; the ball is the entity whose role is "ball" (-1 when there is none)."""
        ids = tuple(e[0] for e in entities)
        role = tuple(e[2] for e in entities)
        return cls(
            ids=ids,
            team=np.array([e[1] for e in entities], np.int8),
            role=role,
            teams=teams,
            ball=role.index("ball") if "ball" in role else -1,
            players=np.array([i for i, e in enumerate(entities) if e[1] >= 0], np.int64),
            index={name: i for i, name in enumerate(ids)},
            names=tuple(name or ident for name, ident in zip(names or ids, ids, strict=True)),
            team_names=tuple(name or ident for name, ident in zip(team_names or teams, teams, strict=True)),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def with_role(self, role: str) -> npt.NDArray[np.bool_]:
        """(N,) mask of the entities that play ``role``."""
        return np.array([r == role for r in self.role], np.bool_)


@dataclass(slots=True, eq=False)
class Frames:
    """Rows of one game. All arrays are whole buffers: index them with ``lo``, ``hi`` and ``ends``, never by length.

    Attributes
    ----------
    t : (rows,) seconds since the game's t0; consecutive rows are ``dt_s`` apart, or a row of NaN positions stands between
    xyz : (rows, N, 3) m; NaN where an entity was not measured
    period : (rows,) 1, 2, ... or 0 outside play
    attack : (rows,) +1 where the home team attacks towards +x, -1 towards -x, 0 outside play and where no side attacks
    hop, span : rows per window step and per window
    state : arrays that a step carries besides its signals, by "step.name" (see ``Step.state``)
    """

    roster: Roster
    field: Field
    _: KW_ONLY
    dt_s: float
    hop: int
    span: int
    t: Floats
    xyz: Floats
    period: npt.NDArray[np.int8]
    attack: npt.NDArray[np.int8]
    signals: dict[str, Array]
    state: dict[str, Array]
    lo: int
    hi: int

    def __getitem__(self, name: str) -> Array:
        """The buffer of a signal: (rows, ...)."""
        return self.signals[name]

    def row_at(self, t_s: float) -> int:
        """The row nearest in time to ``t_s`` among those that exist and are kept; -1 when there is none."""
        lo = int(np.searchsorted(self.t[: self.hi], t_s))
        if lo > 0 and (lo == self.hi or t_s - self.t[lo - 1] <= self.t[lo] - t_s):
            lo -= 1
        return lo if lo < self.hi and np.isfinite(self.t[lo]) else -1
