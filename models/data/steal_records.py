"""What runner, pitcher and catcher did before a steal attempt, as columns of priors, and the records that go on from day to day.

Success counts as the surprise in it: what happened less what a plain logistic regression expected of such an attempt. Leads and
gains count as what they are beyond the league's. Who scores plays of later days hears of each day when it is over: of its leads
always, of how its attempts ended where the file says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from features.mlb.diamond import FT_M
from features.mlb.steal_features import USUAL_GAIN_M, USUAL_LEAD_M, USUAL_POP_S
from models.base import Floats
from models.data.steals import RULES_2023, Plays
from models.training.priors import Measure, Record, checked, walk

#: the columns that each person fills
_PEOPLE: Final = {
    "runner": ("runner_prior", "runner_prior_at_release", "runner_lead_m", "runner_gain_m"),
    "pitcher": ("pitcher_prior", "pitcher_prior_at_release", "pitcher_lead_m", "pitcher_gain_m", "pitcher_pickoffs"),
    "catcher": ("catcher_prior", "catcher_prior_at_release", "catcher_gain_m"),
}  # fmt: skip
#: k of each prior (see ``models.training.priors``)
_K_SUCCESS: Final = {"runner": 12.0, "pitcher": 8.0, "catcher": 10.0}
_K_LEAD, _K_GAIN, _K_PICKOFFS = 1.0, 2.0, 10.0


def _plain_columns(plays: Plays, at_release: bool) -> Floats:
    """(n, C) of what the plain regression knows, standardised by fixed figures."""
    third = np.nan_to_num(plays.third)
    sprint = np.nan_to_num((plays.sprint_mps - 28.4 * FT_M) / 0.35)
    pop = np.nan_to_num((plays.pop_s - np.where(third > 0.5, USUAL_POP_S[1], USUAL_POP_S[0])) / 0.05)
    lead, gain = (np.nan_to_num(each) for each in _beyond_usual(plays))
    columns = [
        lead / 0.5,
        third,
        lead * third,
        sprint,
        pop,
        np.nan_to_num(plays.balls),
        np.nan_to_num(plays.strikes),
        (np.nan_to_num(plays.balls) >= 3) * (np.nan_to_num(plays.strikes) >= 2),
        plays.day >= RULES_2023,
    ]
    if at_release:
        columns += [gain, gain * third]
    return np.stack([np.asarray(c, np.float64) for c in columns], 1)


def _beyond_usual(plays: Plays) -> tuple[Floats, Floats]:
    """Lead and gain beyond the league's usual ones on the way to that base, m."""
    third = plays.third > 0.5
    return (
        plays.lead_m - np.where(third, USUAL_LEAD_M[1], USUAL_LEAD_M[0]),
        plays.gain_m - np.where(third, USUAL_GAIN_M[1], USUAL_GAIN_M[0]),
    )


@dataclass(frozen=True)
class Plain:
    """A plain logistic regression (lead, base, speed, pop time, count, rules of 2023; at release also the gain): the reference of
    an evaluation, and the expected success of an attempt before the records of its players."""

    at_release: bool
    intercept: float
    weights: tuple[float, ...]

    @classmethod
    def fit(cls, plays: Plays, train_set: npt.NDArray[np.bool_], at_release: bool) -> Self:
        from sklearn.linear_model import LogisticRegression

        columns = _plain_columns(plays.take(train_set), at_release)
        fit = LogisticRegression(max_iter=1000).fit(columns, plays.success[train_set] > 0.5)
        return cls(at_release, float(fit.intercept_[0]), tuple(fit.coef_[0].tolist()))

    def __call__(self, plays: Plays) -> Floats:
        """(n,) chances."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.intercept - _plain_columns(plays, self.at_release) @ self.weights)), np.float64)


@dataclass(frozen=True)
class Records:
    """The records of all players as of the morning of ``until_day``, and what the plain regressions (before, at release) expect."""

    until_day: int
    plain: tuple[Plain, Plain]
    people: dict[str, Record]

    @classmethod
    def learn(cls, plays: Plays, until_day: int) -> tuple[dict[str, Floats], Self]:
        """The columns of ``plays``, in order of time, each as of the evening before; attempts from ``until_day`` on are not
        added."""
        train_set = plays.counts & (plays.day < until_day)
        plain = Plain.fit(plays, train_set, False), Plain.fit(plays, train_set, True)
        columns, people = _walk(plays, plain, {}, since=0, until=until_day)
        return columns, cls(until_day, plain, people)

    def follow(self, plays: Plays) -> dict[str, Floats]:
        """The columns of later plays, in any order, each as of the evening before its day; days before ``until_day`` are not
        added again."""
        order = np.argsort(plays.day, kind="stable")
        columns, _ = _walk(plays.take(order), self.plain, self.people, since=self.until_day, until=None)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return {name: values[back] for name, values in columns.items()}

    def as_json(self) -> dict[str, Any]:
        return {
            "until_day": self.until_day,
            "people": self.people,
            "plain": [[p.intercept, *p.weights] for p in self.plain],
        }

    @classmethod
    def of_json(cls, stored: Any) -> Self:
        """What ``as_json`` wrote; ``ValueError`` when it is something else."""
        try:
            before, release = (
                Plain(late, float(row[0]), tuple(map(float, row[1:])))
                for late, row in zip((False, True), stored["plain"], strict=True)
            )
            people = {role: checked(stored["people"][role], len(names)) for role, names in _PEOPLE.items()}
            return cls(int(stored["until_day"]), (before, release), people)
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"the records of earlier attempts cannot be read: {error}") from None


def no_records(plays: Plays) -> dict[str, Floats]:
    """The columns of plays for a model without records: all are missing."""
    return {name: np.full(len(plays), np.nan) for names in _PEOPLE.values() for name in names}


def _walk(
    plays: Plays, plain: tuple[Plain, Plain], start: dict[str, Record], since: int, until: int | None
) -> tuple[dict[str, Floats], dict[str, Record]]:
    surprise = {late: np.where(plays.counts, plays.success - plain[late](plays), np.nan) for late in (False, True)}
    lead, gain = (np.where(plays.measured, each, np.nan) for each in _beyond_usual(plays))
    columns: dict[str, Floats] = {}
    people: dict[str, Record] = {}
    for role, names in _PEOPLE.items():
        measures = []
        for name in names:
            if name.endswith("_lead_m"):
                measures.append(Measure(name, lead, _K_LEAD))
            elif name.endswith("_gain_m"):
                measures.append(Measure(name, gain, _K_GAIN))
            elif name.endswith("_pickoffs"):
                measures.append(Measure(name, plays.picked_off, _K_PICKOFFS))
            else:
                measures.append(Measure(name, surprise[name.endswith("_at_release")], _K_SUCCESS[role]))
        priors, people[role] = walk(getattr(plays, role), plays.day, measures, start.get(role), since=since, until=until)
        columns |= {name: priors[:, i] for i, name in enumerate(names)}
    return columns, people
