"""One pitch, from the walk back to the mound until the ball is dead: who is where, and what is reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.diamond import BAGS, RUBBER_M
from simulators.mlb.motion import BallPath, Path
from simulators.mlb.teams import TEAM

Floats = npt.NDArray[np.float64]
Place = tuple[float, float]

HZ: Final = 30
MOUND: Final[Place] = (RUBBER_M, 0.0)
BOX: Final[Place] = (0.45, 0.9)
ON_DECK: Final[Place] = (-6.0, 9.0)
DUGOUT: Final[Place] = (5.0, 24.0)
#: how far off the line of the base path a runner leads
FIELD_ROW: Final = {"P": 0, "C": 1, "1B": 2, "2B": 3, "3B": 4, "SS": 5, "LF": 6, "CF": 7, "RF": 8}


def bag(base: int) -> Place:
    """A base as a place; 4 is home again."""
    x, y = BAGS[base % 4]
    return float(x), float(y)


def off_base(base: int, lead_m: float) -> Place:
    """``lead_m`` from ``base`` on the way to the next one."""
    a, b = np.array(bag(base)), np.array(bag(base + 1))
    place = a + lead_m * (b - a) / np.hypot(*(b - a))
    return float(place[0]), float(place[1])


@dataclass
class Report:
    """An event before it has an id: seconds of the scene, and the rows of those concerned."""

    t_s: float
    type: str
    player: int
    outcome: str = ""
    place: Place | None = None
    attrs: dict[str, Any] = field(default_factory=dict)
    #: a tracking system names a moment when its frames have come and been looked at
    delay_s: float = 0.45


class Scene:
    """Paths of all players on the field for ``length_s`` seconds. ``base`` is the base from which a runner comes."""

    def __init__(self, places: dict[int, Place]) -> None:
        self.paths = {row: Path(place) for row, place in places.items()}
        self.ball = BallPath()
        self.base: dict[int, list[tuple[float, float]]] = {}
        self.leaves: dict[int, float] = {}
        self.reports: list[Report] = []
        self.length_s = 0.0

    def path(self, row: int) -> Path:
        return self.paths[row]

    def enter(self, row: int, place: Place) -> None:
        self.paths.setdefault(row, Path(place))

    def holds(self, row: int, base: int, t_s: float = 0.0) -> None:
        self.base.setdefault(row, []).append((t_s, float(base)))

    def round_bases(self, row: int, t_s: float, start: int, end: int, speed_mps: float, k_s: float) -> float:
        """Run from the present place past the bases up to ``end`` (4: home); returns the time of arrival, s."""
        path, at = self.path(row), t_s
        for base in range(start + 1, end + 1):
            # no stop at the bases between: only the first leg has a start
            at = path.go(at, bag(base), speed_mps, k_s if base == start + 1 else 0.05)
        return at

    def report(self, *args: Any, **more: Any) -> None:
        self.reports.append(Report(*args, **more))

    def where(self, row: int, t_s: float) -> Place:
        x, y = self.path(row).at(np.array([t_s]))[0]
        return float(x), float(y)

    def frames(self, times: Floats, rows: int) -> tuple[Floats, Floats, Floats]:
        """(n, rows + 1, 3) m with the ball last and NaN for players off the field; phase (n,); base (n, rows)."""
        xyz = np.full((len(times), rows + 1, 3), np.nan)
        base = np.full((len(times), rows), np.nan)
        for row, path in self.paths.items():
            there = times <= self.leaves.get(row, np.inf)
            xyz[there, row, :2] = path.at(times)[there]
            xyz[there, row, 2] = 0.0
            for since, which in self.base.get(row, ()):
                base[times >= since, row] = which
        xyz[:, rows], phase = self.ball.at(times)
        return xyz, phase, base

    def places_at_end(self) -> dict[int, Place]:
        return {row: self.where(row, self.length_s) for row in self.paths if self.leaves.get(row, np.inf) > self.length_s}


def defence(team: int, reliever: bool) -> dict[str, int]:
    """Position -> row of the team in the field."""
    rows = {name: team * TEAM + k for name, k in FIELD_ROW.items()}
    if reliever:
        rows["P"] = team * TEAM + TEAM - 1
    return rows
