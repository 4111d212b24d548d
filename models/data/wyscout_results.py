"""Matches of Wyscout's open events as rows of ``soccer-win-probability``: the live path's features at regular times of each match.

A row of normal time is labelled by the score when the second half ended, a row of extra time by the score when that ended: both
are results of play, and a shoot-out is none. xGoals so far come from the plain regression below, of place, header and free kick,
which is fitted on the matches that are not held out; the live path has them from the xGoals model, which says nearly the same of
a team's sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.soccer.finishing import add_shot
from features.soccer.game import WIN_FEATURES, update_score, win_features
from features.soccer.ledger import LENGTH_M, WIDTH_M, Ledger, update_clock
from models.base import Floats
from models.data.wyscout import GOAL, HEAD, HELD_OUT_AS, OWN_GOAL, RED, SECOND_YELLOW, SHOOTOUT, Events, Matches
from models.data.wyscout_moments import SAVES, SHOTS, Played, matches
from models.holdout import held_out

EXTRA_TIME: Final = 3
XGOALS: Final = [i for i, (name, _, _) in enumerate(WIN_FEATURES) if name.startswith("xgoals")]
_GOAL_HALF_M: Final = 3.66


@dataclass(frozen=True)
class Results:
    """``rows`` (B, F) with xGoals so far, ``label`` (B,) 0 home, 1 draw, 2 away, ``match`` (B,), ``period`` (B,) 0 before the
    kick-off."""

    rows: Floats
    label: Floats
    match: npt.NDArray[np.int64]
    period: npt.NDArray[np.int64]

    def take(self, at: npt.NDArray[Any]) -> Results:
        return Results(self.rows[at], self.label[at], self.match[at], self.period[at])

    def without_xgoals(self) -> Floats:
        """(B, F): the rows of a feed whose shots have no xGoals."""
        out = self.rows.copy()
        out[:, XGOALS] = np.nan
        return out


def results_of(events: Events, of: Matches, every_s: float, on_progress: Callable[[int], None] = lambda match: None) -> Results:
    """The state of every match before kick-off, every ``every_s`` of play, and at the end. ``ValueError`` without matches."""
    events = _telling(events)
    xgoals = dict(zip(events.id.tolist(), plain_xgoals(events).tolist()))
    rows: list[Floats] = []
    label, match, period = [], [], []
    for played in matches(events, of):
        found = list(_states(played, xgoals, every_s))
        after = {late: _result(found, late) for late in {late for late, _, _ in found}}
        for late, number, row in found:
            rows.append(row)
            label.append(after[late])
            match.append(played.match)
            period.append(number)
        on_progress(played.match)
    if not rows:
        raise ValueError("the events hold no matches of which the teams are known")
    return Results(np.array(rows), np.array(label, np.float64), np.array(match, np.int64), np.array(period, np.int64))


def _telling(events: Events) -> Events:
    """Shots, goals, red cards, and the last event of each period, which ends it."""
    edge = np.r_[(events.match[1:] != events.match[:-1]) | (events.period[1:] != events.period[:-1]), True]
    kept = events.of(*SHOTS, *SAVES) | events.has(GOAL, OWN_GOAL, RED, SECOND_YELLOW) | edge
    return events.take(kept & (events.period < SHOOTOUT))


def _states(played: Played, xgoals: dict[int, float], every_s: float) -> Iterator[tuple[bool, int, Floats]]:
    """(in extra time, period, features) one after the other."""
    ledger = Ledger(players=played.players)
    yield False, 0, win_features(ledger, 0.0)[0]
    next_s = every_s
    for moment in played.moments:
        while ledger.running and ledger.period_start_s + next_s < moment.t_s:
            yield ledger.period >= EXTRA_TIME, ledger.period, win_features(ledger, ledger.period_start_s + next_s)[0]
            next_s += every_s
        if moment.type == "period_start":
            next_s = every_s
        if moment.type == "shot":
            moment.facts["soccer.shot.xgoals"] = xgoals.get(int(moment.id), float("nan"))
        update_clock(moment, ledger)
        update_score(moment, ledger)
        if moment.type == "shot":
            add_shot(moment, ledger)
        if moment.type == "period_end":
            yield ledger.period >= EXTRA_TIME, ledger.period, win_features(ledger, moment.t_s)[0]


def _result(states: list[tuple[bool, int, Floats]], late: bool) -> float:
    lead = [row for when, _, row in states if when == late][-1][_LEAD]
    return 0.0 if lead > 0 else 1.0 if lead == 0 else 2.0


_LEAD: Final = [name for name, _, _ in WIN_FEATURES].index("goal_difference")


def plain_xgoals(events: Events) -> Floats:
    """(N,) the chance of a goal of each event, NaN of what is no shot: a logistic regression of distance, angle of the goal mouth,
    header and free kick, and the mean of penalties, of the matches that are not held out."""
    from sklearn.linear_model import LogisticRegression

    shot = events.of(*SHOTS)
    x, y = LENGTH_M * (1.0 - events.x[shot] / 100.0), WIDTH_M * (events.y[shot] / 100.0 - 0.5)
    far = np.hypot(x, y)
    angle = np.arctan2(2 * _GOAL_HALF_M * x, x * x + y * y - _GOAL_HALF_M**2)
    head, free = events.has(HEAD)[shot].astype(float), events.of(("Free Kick", "Free kick shot"))[shot].astype(float)
    penalty = events.of(("Free Kick", "Penalty"))[shot]
    columns = np.nan_to_num(np.stack([far / 10, np.log(np.maximum(far, 1.0)), angle, head, free, head * far / 10], axis=1))
    goal, training = events.has(GOAL)[shot].astype(float), ~held_out(HELD_OUT_AS, events.match)[shot]
    out = np.full(len(events), np.nan)
    if not (training & ~penalty).any() or len(np.unique(goal[training & ~penalty])) < 2:
        return out
    fitted = LogisticRegression(C=100.0, max_iter=1000).fit(columns[training & ~penalty], goal[training & ~penalty])
    chance = fitted.predict_proba(columns)[:, 1]
    chance[penalty] = goal[training & penalty].mean() if (training & penalty).any() else np.nan
    out[shot] = chance
    return out
