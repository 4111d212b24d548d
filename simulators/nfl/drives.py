"""Downs, score and possession: what a play leaves behind for the next one, and what is done on fourth down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

TOUCHDOWN: Final = 7.0  #: with its try, which is always good here
FIELD_GOAL: Final = 3.0
START_YD: Final = 75.0
KICK_EXTRA_YD: Final = 17.0
LONGEST_KICK_YD: Final = 60.0
#: half of the coaches have a field goal of this length tried, the others punt
TRUSTED_KICK_YD: Final = 55.5


def kick_probability(length_yd: float) -> float:
    """True chance of a field goal of this length."""
    return float(1.0 / (1.0 + np.exp(-(5.2 - 0.105 * length_yd))))


@dataclass
class Drive:
    """The state before a play."""

    offense: int
    to_goal_yd: float = START_YD
    down: int = 1
    to_go_yd: float = 10.0
    points: list[float] = field(default_factory=lambda: [0.0, 0.0])
    spot_m: float = 0.0

    def turn_over(self, to_goal_yd: float) -> None:
        """The other team has it, with this far to go."""
        self.offense = 1 - self.offense
        self.to_goal_yd = float(np.clip(to_goal_yd, 1.0, 99.0))
        self.down, self.to_go_yd, self.spot_m = 1, min(10.0, self.to_goal_yd), 0.0

    def score(self, points: float) -> None:
        self.points[self.offense] += points
        self.turn_over(START_YD)

    def gain(self, yards: float) -> None:
        """The play ended after ``yards`` without a score: next down, first down, or the ball is lost on downs. A ball carrier
        stopped in its own end zone is placed on its one-yard line: this simulator has no safeties."""
        self.to_goal_yd = min(self.to_goal_yd - yards, 99.0)
        if yards >= self.to_go_yd:
            self.down, self.to_go_yd = 1, min(10.0, self.to_goal_yd)
        elif self.down == 4:
            self.turn_over(100.0 - self.to_goal_yd)
        else:
            self.down, self.to_go_yd = self.down + 1, self.to_go_yd - yards

    def decide(self, rng: np.random.Generator, clock_s: float) -> str:
        """What this coach does on fourth down: "go", "kick" or "punt"; bolder near midfield, with little to go, and late
        when behind."""
        behind = self.points[1 - self.offense] - self.points[self.offense]
        bold = 0.04 + 0.18 * (self.to_go_yd <= 2) + 0.04 * (self.to_goal_yd < 60)
        if clock_s < 300 and behind > 3:
            bold = 0.9
        if rng.random() < bold:
            return "go"
        length_yd = self.to_goal_yd + KICK_EXTRA_YD
        trusts = 1.0 / (1.0 + np.exp((length_yd - TRUSTED_KICK_YD) / 1.5))
        return "kick" if length_yd <= LONGEST_KICK_YD and rng.random() < trusts else "punt"
