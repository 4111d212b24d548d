"""The teacher of soccer's win probability: how often goals fall, and the results that follow from any state.

A few hundred matches in each state are too few for trees, which fit the noise of single results. So the forest's teacher is a
chain: the goals of each team fall at a rate whose logarithm is linear in side, time, lead, red cards and what both teams' xGoals
so far say (a Poisson regression on minutes of play), and the chances of the results follow from the rates by working backwards
from the end. How strong the teams are is not known and shows in xGoals only in part: the chances are the mean over what it still
may be. Where there are no xGoals there is a regression without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.soccer.game import WIN_FEATURES
from models.base import Floats
from models.data.wyscout_results import XGOALS, Results

_COLUMN: Final = {name: i for i, (name, _, _) in enumerate(WIN_FEATURES)}
_LEFT, _LEAD, _REDS = (_COLUMN[name] for name in ("time_left_s", "goal_difference", "red_card_difference"))
#: xGoals that stand for what is known of a team before the match
PRIOR_XGOALS: Final = 1.0
#: the chain: minutes a step, its longest, and its states
STEP_MIN: Final = 0.5
LONGEST_MIN: Final = 110.0
MOST_LEAD: Final = 9
MOST_REDS: Final = 3
FORM: Final = np.linspace(-1.2, 1.2, 13)
#: how different teams are, beyond what a match has shown: deviation of the form at kick-off, with xGoals and without, and how
#: fast it falls (chosen by the log loss out of match); three nodes of a Gauss-Hermite quadrature
STRENGTH: Final = {True: 0.45, False: 0.3}
LEARNT: Final = 1.0
_NODES: Final = ((-(3.0**0.5), 0.0, 3.0**0.5), (1 / 6, 2 / 3, 1 / 6))
_LEADS: Final = np.arange(-MOST_LEAD, MOST_LEAD + 1)
#: of the regression's coefficients: enough to keep rare states in bounds
_RIDGE: Final = 1e-4


@dataclass(frozen=True)
class Winning:
    """``left`` are time_left_s and ``minutes`` the mean of the play that then was to come; ``usual`` (2, T) the mean xGoals of home
    and away then; ``coefficients`` by whether there are xGoals, the first of them the constant."""

    left: Floats
    minutes: Floats
    usual: Floats
    coefficients: dict[bool, Floats]

    def __call__(self, rows: Floats) -> Floats:
        """(B, 3) home, draw, away for rows (B, F) of ``WIN_FEATURES``."""
        out = np.empty((len(rows), 3))
        known = ~np.isnan(rows[:, XGOALS]).any(1)
        for with_xgoals in (False, True):
            at = np.flatnonzero(known == with_xgoals)
            if len(at):
                out[at] = self._read(rows[at], with_xgoals)
        return out

    def form(self, rows: Floats) -> Floats:
        """(B, 2) log of each team's xGoals over the usual at that time, drawn to 0 while little has been seen; 0 without."""
        usual = np.stack([np.interp(rows[:, _LEFT], self.left, side) for side in self.usual], axis=1)
        return np.nan_to_num(np.log((PRIOR_XGOALS + rows[:, XGOALS]) / (PRIOR_XGOALS + usual)))

    def _read(self, rows: Floats, with_xgoals: bool) -> Floats:
        chain = self._chain(with_xgoals)
        minutes = np.interp(rows[:, _LEFT], self.left, self.minutes)
        minutes[rows[:, _LEFT] <= 0.0] = 0.0
        step, part = _split(minutes / STEP_MIN, chain.shape[0])
        lead = np.clip(np.rint(rows[:, _LEAD]), -MOST_LEAD, MOST_LEAD).astype(int) + MOST_LEAD
        reds = np.clip(np.rint(rows[:, _REDS]), -MOST_REDS, MOST_REDS).astype(int) + MOST_REDS
        gap, form = FORM[1] - FORM[0], self.form(rows)
        unknown = STRENGTH[with_xgoals] / np.sqrt(1.0 + LEARNT * (1.0 - rows[:, _LEFT] / self.left[-1]))
        out = np.zeros((len(rows), 2))
        for z, share in zip(*_NODES):
            shift = np.stack([z * unknown, -z * unknown], axis=1)
            (i, a), (j, b) = (_split((f - FORM[0]) / gap, len(FORM)) for f in (form + shift).T)
            for ds, ws in ((0, 1.0 - part), (1, part)):
                for di, wi in ((0, 1.0 - a), (1, a)):
                    for dj, wj in ((0, 1.0 - b), (1, b)):
                        out += (share * ws * wi * wj)[:, None] * chain[step + ds, reds, i + di, j + dj, lead]
        return np.column_stack([out, 1.0 - out.sum(1)])

    def _chain(self, with_xgoals: bool) -> npt.NDArray[np.float32]:
        """(steps, reds, form of home, form of away, leads, 2): home win and draw with so much left to play."""
        beta = self.coefficients[with_xgoals]
        shape = (2 * MOST_REDS + 1, len(FORM), len(FORM), len(_LEADS))
        reds, home, away, lead = np.meshgrid(np.arange(-MOST_REDS, MOST_REDS + 1), FORM, FORM, _LEADS, indexing="ij")
        steps = round(LONGEST_MIN / STEP_MIN)
        chain = np.zeros((steps + 1, *shape, 2), np.float32)
        now = np.zeros((*shape, 2))
        now[..., 0], now[..., 1] = lead > 0, lead == 0
        chain[0] = now
        more, less = np.minimum(np.arange(len(_LEADS)) + 1, 2 * MOST_LEAD), np.maximum(np.arange(len(_LEADS)) - 1, 0)
        for k in range(1, steps + 1):
            left = np.full(lead.size, (k - 0.5) * STEP_MIN)
            h, a = (
                (1.0 - np.exp(-STEP_MIN * np.exp(_design(left, side, *(v.ravel() for v in state)) @ beta))).reshape(shape)
                for side, *state in ((1.0, lead, reds, home, away), (0.0, -lead, -reds, away, home))
            )
            one, other = (h * (1.0 - a))[..., None], (a * (1.0 - h))[..., None]
            now = one * now[..., more, :] + other * now[..., less, :] + (1.0 - one - other) * now
            chain[k] = now
        return chain

    @classmethod
    def fit(cls, results: Results, every_min: float) -> Winning:
        """From states ``every_min`` apart. ``ValueError`` when there are too few matches."""
        rows, match = results.rows, results.match
        if len(np.unique(match)) < 50:
            raise ValueError(f"{len(np.unique(match))} matches are too few to fit goal rates")
        # what follows a state, up to the next one of the same period
        follows = np.r_[(match[1:] == match[:-1]) & (results.period[1:] == results.period[:-1]), False]
        played = np.where(follows, every_min, 0.0)
        at_edge = np.r_[follows[:-1] & ~follows[1:], False]
        played[at_edge] = every_min / 2  # the last state of a period stands at its end, some part of a step after the one before
        remaining = _after(played, match, results.period)
        left, at = np.unique(np.rint(rows[:, _LEFT]), return_inverse=True)
        count = np.bincount(at)
        minutes = np.maximum.accumulate(np.bincount(at, remaining) / count)
        seen = np.bincount(at, np.isfinite(rows[:, XGOALS[0]]))
        usual = np.stack([np.bincount(at, np.nan_to_num(rows[:, j])) / np.maximum(seen, 1.0) for j in XGOALS])
        found = cls(left, minutes, usual, {})
        now, then = rows[follows], rows[np.flatnonzero(follows) + 1]
        scored, exposure, until = then[:, _LEAD] - now[:, _LEAD], played[follows], remaining[follows]
        form = found.form(now)
        for with_xgoals in (False, True):
            f = form if with_xgoals else np.zeros_like(form)
            design = np.concatenate(
                [
                    _design(until, 1.0, now[:, _LEAD], now[:, _REDS], f[:, 0], f[:, 1]),
                    _design(until, 0.0, -now[:, _LEAD], -now[:, _REDS], f[:, 1], f[:, 0]),
                ]
            )
            goals = np.r_[np.maximum(scored, 0.0), np.maximum(-scored, 0.0)]
            found.coefficients[with_xgoals] = _poisson(design, goals, np.r_[exposure, exposure])
        # without xGoals no form is seen, but teams differ as they do with them
        found.coefficients[False][-2:] = found.coefficients[True][-2:]
        return found

    def as_json(self) -> dict[str, Any]:
        """The regression, for the card."""
        return {
            ("with xGoals" if with_xgoals else "without"): dict(zip(_TERMS, (round(float(b), 4) for b in beta)))
            for with_xgoals, beta in self.coefficients.items()
        }


_TERMS: Final = ("constant", "home", "minutes left / 90", "last five", "behind", "ahead", "ahead by more", "men less", "men more",
                 "own form", "opponents' form")  # fmt: skip


def _design(left_min: Floats, home: float, lead: Floats, reds: Floats, own: Floats, other: Floats) -> Floats:
    """(B, 11) of one team: its lead, its red cards less the opponents', its form and theirs."""
    one = np.ones(len(left_min))
    columns = (
        one,
        home * one,
        left_min / 90.0,
        left_min < 5.0,
        lead < 0,
        lead > 0,
        lead > 1,
        np.maximum(reds, 0),
        np.maximum(-reds, 0),
        own,
        other,
    )
    return np.asarray(np.stack(columns, axis=1), np.float64)


def _poisson(design: Floats, goals: Floats, exposure: Floats) -> Floats:
    from sklearn.linear_model import PoissonRegressor

    some = exposure > 0.0
    fitted = PoissonRegressor(alpha=_RIDGE, max_iter=1000).fit(
        design[some][:, 1:], goals[some] / exposure[some], sample_weight=exposure[some]
    )
    return np.asarray(np.r_[fitted.intercept_, fitted.coef_], np.float64)


def _after(played: Floats, match: npt.NDArray[np.int64], period: npt.NDArray[np.int64]) -> Floats:
    """(B,) minutes still played after each state: to the end of the match, or of normal time in it."""
    total = np.cumsum(played)
    stage = match * 2 + (period >= 3)
    last = np.r_[stage[1:] != stage[:-1], True]
    return np.asarray(total[np.flatnonzero(last)][np.cumsum(np.r_[False, last[:-1]])] - total + 0.0, np.float64)


def _split(at: Floats, count: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """The cell of a grid of ``count`` nodes that a place is in, and how far into it; at the edges what is there."""
    inside = np.clip(at, 0.0, count - 1.0)
    cell = np.minimum(inside.astype(np.int64), count - 2)
    return cell, inside - cell
