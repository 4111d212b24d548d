"""What a match at the level of the score still can become: the true chances of its results, worked out backwards.

Given how strong the teams are, a match of ``scorelines`` is a Markov chain of the score and of who has been sent off, minute by
minute, and so each result has one true chance. The strengths are hidden: they are drawn, and show only in the chances
that each has had. The match so far gives the likelihood of each strength: a team with ``n`` chances where a team of
strength 0 would have had ``a`` has the density N(s; its mean, ``STRENGTH_SD``) exp(n s - a e^s), up to a factor. The true chance,
given everything that was seen, is the mean of the chain's over these densities: no model of a match can know more than that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.soccer.scorelines import (
    CHANCE_P,
    HOME_EDGE,
    MINUTES,
    MOST_RED,
    RED_RATE,
    STRENGTH_SD,
    Table,
    chance_rate,
)

Floats = npt.NDArray[np.float64]

#: a lead beyond this is as good as won, and no team scores more in one minute (it happens once in some million minutes)
MOST_LEAD: Final = 9
MOST_GOALS: Final = 3
#: strengths, as nodes of a Gauss-Hermite quadrature over the drawn ones
NODES: Final = 10
_LEADS: Final = np.arange(-MOST_LEAD, MOST_LEAD + 1)
_REDS: Final = MOST_RED + 1


@lru_cache(maxsize=1)
def strengths() -> tuple[Floats, Floats]:
    """Nodes (NODES, 2) of home and away, log rate, and the weights (NODES,) of the distribution they are drawn from."""
    z, weight = np.polynomial.hermite_e.hermegauss(NODES)
    return STRENGTH_SD * z[:, None] + np.array([0.5, -0.5]) * HOME_EDGE, weight / weight.sum()


@lru_cache(maxsize=1)
def solved() -> Floats:
    """Chances of home win and draw, (MINUTES + 1, home strengths, away strengths, leads, reds of home, reds of away, 2), from the
    state before a minute to the end; read-only, worked out once a process (about a second)."""
    nodes, _ = strengths()
    v = np.zeros((MINUTES + 1, NODES, NODES, len(_LEADS), _REDS, _REDS, 2))
    v[MINUTES, ..., 0] = (_LEADS > 0)[:, None, None]
    v[MINUTES, ..., 1] = (_LEADS == 0)[:, None, None]
    states = np.stack(np.meshgrid(_LEADS, np.arange(_REDS), np.arange(_REDS), indexing="ij"), -1).reshape(-1, 3)
    score = np.stack([states[:, 0], np.zeros(len(states))], 1).astype(np.int16)
    shape = (len(_LEADS), _REDS, _REDS)
    for minute in reversed(range(MINUTES)):
        # (states, 2) for strength 0; a strength multiplies it
        rate = chance_rate(minute, np.zeros((1, 2)), score, states[:, 1:].astype(np.int16))
        goals = [_goals(CHANCE_P * np.exp(nodes[:, t, None]) * rate[None, :, t]).reshape(NODES, *shape, -1) for t in range(2)]
        after, now = _after_cards(v[minute + 1]), v[minute]
        for gained in range(-MOST_GOALS, MOST_GOALS + 1):
            ways = [(h, h - gained) for h in range(MOST_GOALS + 1) if 0 <= h - gained <= MOST_GOALS]
            chance = np.sum([goals[0][:, None, ..., h] * goals[1][None, ..., a] for h, a in ways], axis=0)
            now += chance[..., None] * after[:, :, np.clip(_LEADS + gained, -MOST_LEAD, MOST_LEAD) + MOST_LEAD]
    v.setflags(write=False)
    return v


def _goals(mean: Floats) -> Floats:
    """(..., MOST_GOALS + 1) Poisson chances of 0, 1, ... goals; the last is that of as many or more."""
    terms = [np.exp(-mean)]
    for k in range(1, MOST_GOALS):
        terms.append(terms[-1] * mean / k)
    return np.stack([*terms, 1.0 - sum(terms)], -1)


def _after_cards(v: Floats) -> Floats:
    """The mean of ``v`` over the sendings-off of a minute."""
    off = RED_RATE / MINUTES
    for axis in (3, 4):
        one_more = np.concatenate([np.take(v, range(1, _REDS), axis), np.take(v, [_REDS - 1], axis)], axis)
        v = (1.0 - off) * v + off * one_more
    return v


def result_chances(table: Table, batch: int = 20_000) -> Floats:
    """(B, 3) home, draw, away: the true chances for each row of ``scorelines``, given what has been seen of its match."""
    v, (nodes, prior) = solved(), strengths()
    out = np.empty((len(table["minute"]), 3))
    for first in range(0, len(out), batch):
        part: dict[str, Any] = {name: column[first : first + batch] for name, column in table.items()}
        home, away = (
            _posterior(nodes[:, t], prior, part[f"{side}_chances"], part[f"{side}_exposure"])
            for t, side in enumerate(("home", "away"))
        )
        lead = np.clip(part["home_score"] - part["away_score"], -MOST_LEAD, MOST_LEAD) + MOST_LEAD
        values = v[part["minute"], :, :, lead, part["home_red"], part["away_red"]]
        out[first : first + batch, :2] = np.einsum("bijk,bi,bj->bk", values, home, away)
    out[:, 2] = 1.0 - out[:, 0] - out[:, 1]
    return out


def _posterior(nodes: Floats, prior: Floats, chances: Any, exposure: Any) -> Floats:
    """(B, NODES) how likely each strength is after so many chances where strength 0 gives ``exposure``."""
    log = chances[:, None] * nodes - exposure[:, None] * np.exp(nodes)
    weight = prior * np.exp(log - log.max(1, keepdims=True))
    return np.asarray(weight / weight.sum(1, keepdims=True), np.float64)
