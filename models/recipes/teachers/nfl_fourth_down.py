"""What a fourth down is worth if the team goes, kicks or punts: the teacher of the fourth-down model.

Teams choose, so that the results of games in which they punted do not say what a punt is worth to those who went for it. The worth
of each choice is put together instead (Romer 2006, "Do Firms Maximize? Evidence from Professional Football"): how likely a
conversion and a field goal are, how far a punt goes, and the chance to win of the state that follows each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.nfl.game import KICK_EXTRA_YD, LONGEST_KICK_YD, win_row
from models.base import Floats
from models.recipes.teachers.nfl_win import Winning

#: what a play takes, s; where a drive begins after a kick-off and after a touchback, yd to the goal line; a missed kick is spotted
#: so far behind the line
PLAY_S: Final = 6.0
AFTER_KICKOFF_YD: Final = 75.0
TOUCHBACK_YD: Final = 80.0
SPOT_BACK_YD: Final = 7.0
#: a try that succeeds goes so far beyond the line to gain, yd: the median
BEYOND_YD: Final = 4.0
TOUCHDOWN: Final = 7.0
FIELD_GOAL: Final = 3.0
#: the punts from this many yards around a place say where one from there ends
_AROUND_YD: Final = 3.0
_FIELD: Final = np.arange(1.0, 100.0)


def conversion_terms(to_go_yd: Floats, to_goal_yd: Floats) -> Floats:
    """(B, K): distance and its logarithm, place, and what is different near the goal line."""
    near = to_goal_yd <= 10.0
    return np.column_stack(
        [
            to_go_yd,
            np.log(to_go_yd),
            to_go_yd == 1.0,
            to_goal_yd / 50.0,
            near,
            near * np.log(to_go_yd),
            to_goal_yd <= to_go_yd,
        ]
    ).astype(np.float64)


def kick_terms(length_yd: Floats) -> Floats:
    """(B, K) of field goals of this length, with what grows worse the longer it is already."""
    return np.column_stack([length_yd, np.maximum(length_yd - 35.0, 0.0), np.maximum(length_yd - 50.0, 0.0)])


@dataclass(frozen=True)
class Chance:
    """A plain logistic regression on standardised terms."""

    mean: Floats
    scale: Floats
    weight: Floats
    intercept: float

    @classmethod
    def fit(cls, terms: Floats, label: Floats) -> Chance:
        from sklearn.linear_model import LogisticRegression

        mean, scale = terms.mean(0), np.where(terms.std(0) > 0.0, terms.std(0), 1.0)
        found = LogisticRegression(C=1.0, max_iter=500).fit((terms - mean) / scale, label > 0.5)
        return cls(mean, scale, found.coef_[0], float(found.intercept_[0]))

    def __call__(self, terms: Floats) -> Floats:
        margin = (terms - self.mean) / self.scale @ self.weight + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-margin)), np.float64)


@dataclass(frozen=True)
class Attempts:
    """What was tried on real fourth downs, each (B,) with the game of each: conversions (``to_go_yd, to_goal_yd, converted``),
    kicks (``length_yd, good``) and punts (``from_yd`` to the goal line, ``net_yd``)."""

    to_go_yd: Floats
    to_goal_yd: Floats
    converted: Floats
    went: npt.NDArray[np.str_]
    length_yd: Floats
    good: Floats
    kicked: npt.NDArray[np.str_]
    from_yd: Floats
    net_yd: Floats
    punted: npt.NDArray[np.str_]

    def of(self, games: npt.NDArray[np.str_]) -> Attempts:
        """Those of these games."""
        went, kicked, punted = (np.isin(each, games) for each in (self.went, self.kicked, self.punted))
        return Attempts(
            self.to_go_yd[went],
            self.to_goal_yd[went],
            self.converted[went],
            self.went[went],
            self.length_yd[kicked],
            self.good[kicked],
            self.kicked[kicked],
            self.from_yd[punted],
            self.net_yd[punted],
            self.punted[punted],
        )


@dataclass(frozen=True)
class Parts:
    """How often tries succeed: ``conversion`` and ``kick`` are regressions, ``median_yd`` and ``mean_yd`` (99,) the net of a punt
    from 1 to 99 yards before the goal line."""

    conversion: Chance
    kick: Chance
    median_yd: Floats
    mean_yd: Floats

    @classmethod
    def fit(cls, attempts: Attempts) -> Parts:
        """``ValueError`` where too little was tried."""
        if min(len(attempts.converted), len(attempts.good), len(attempts.net_yd)) < 100:
            raise ValueError("there are too few fourth downs: at least a hundred attempts of each kind are needed")
        around = [attempts.net_yd[np.abs(attempts.from_yd - at) <= _AROUND_YD] for at in _FIELD]
        enough = np.array([len(each) >= 20 for each in around])
        median, mean = (
            np.interp(_FIELD, _FIELD[enough], [float(of(each)) for each, some in zip(around, enough, strict=True) if some])
            for of in (np.median, np.mean)
        )
        return cls(
            Chance.fit(conversion_terms(attempts.to_go_yd, attempts.to_goal_yd), attempts.converted),
            Chance.fit(kick_terms(attempts.length_yd), attempts.good),
            median,
            mean,
        )

    def converts(self, to_go_yd: Floats, to_goal_yd: Floats) -> Floats:
        return self.conversion(conversion_terms(to_go_yd, to_goal_yd))

    def kicks(self, length_yd: Floats) -> Floats:
        """Probability that a field goal is good; 0 beyond ``LONGEST_KICK_YD``."""
        return np.where(length_yd <= LONGEST_KICK_YD, self.kick(kick_terms(length_yd)), 0.0)

    def punts_yd(self, from_yd: Floats, mean: bool = False) -> Floats:
        return np.interp(from_yd, _FIELD, self.mean_yd if mean else self.median_yd)


def worth(parts: Parts, winning: Winning, states: Floats) -> Floats:
    """(B, 3) chance to win if the team goes, kicks or punts in states (B, 5): clock (s), lead, yards to go, yards to the goal,
    whether it is at home."""
    clock_s, lead, to_go, to_goal, home = states.T
    later = np.maximum(clock_s - PLAY_S, 0.0)

    def ours(points: float, at: Floats) -> Floats:
        return _first_down(winning, later, lead + points, at, home)

    def theirs(points: Any, at: Any) -> Floats:
        return 1.0 - _first_down(winning, later, -(lead + points), np.clip(at, 1.0, 99.0), 1.0 - home)

    made, good = parts.converts(to_go, to_goal), parts.kicks(to_goal + KICK_EXTRA_YD)
    over = to_go >= to_goal  # the line to gain is the goal line
    at = np.maximum(to_goal - to_go - BEYOND_YD, 1.0)
    success = np.where(over, theirs(TOUCHDOWN, np.full(len(lead), AFTER_KICKOFF_YD)), ours(0.0, at))
    go = made * success + (1.0 - made) * theirs(0.0, 100.0 - to_goal)
    missed = theirs(0.0, np.minimum(100.0 - to_goal - SPOT_BACK_YD, TOUCHBACK_YD))
    kick = good * theirs(FIELD_GOAL, np.full(len(lead), AFTER_KICKOFF_YD)) + (1.0 - good) * missed
    punt = theirs(0.0, np.minimum(100.0 - to_goal + parts.punts_yd(to_goal, mean=True), 99.0))
    return np.column_stack([go, kick, punt])


def _first_down(winning: Winning, clock_s: Floats, lead: Floats, to_goal: Floats, home: Floats) -> Floats:
    """(B,) chance of the team with the ball on a first down there; with no time left who leads has won."""
    states = np.column_stack([clock_s, lead, to_goal, home]).tolist()
    rows = np.array([win_row(clock, ahead, 1.0, min(10.0, at), at, side) for clock, ahead, at, side in states])
    over = np.where(lead > 0.0, 1.0, np.where(lead < 0.0, 0.0, 0.5))
    return np.where(clock_s > 0.0, winning(rows), over)
