"""Whole matches at the level of the score, minute by minute, thousands in a second: what a win-probability model learns from.

Each team's chances come as a Poisson stream; a chance has a goal probability drawn from a Beta distribution (mean ``CHANCE_P``,
as the engine's shots have) and scores with exactly that. The rate follows what moves it on the pitch: how strong the teams
are, being at home, the minute, the score (a team that is behind attacks more), and players sent off.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

MINUTES: Final = 90
CHANCES: Final = 25.0  #: shots of both teams in a match
CHANCE_P: Final = 0.104  #: mean goal probability of a shot
CHANCE_SHAPE: Final = 0.95  #: a of Beta(a, b); b follows from the mean
HOME_EDGE: Final = 0.12  #: log rate
STRENGTH_SD: Final = 0.22  #: log rate of a team, between matches
BEHIND: Final = 0.11  #: log rate for each goal (two at most) that a team is behind; as much less for the one ahead
PLAYER_DOWN: Final = 0.40  #: log rate for each player more or less
RED_RATE: Final = 0.11  #: sendings-off of a team in a match
MOST_RED: Final = 2  #: sendings-off of a team that count
MOST: Final = 6  #: chances of one team in one minute that are looked at

Table = dict[str, npt.NDArray[Any]]


def scorelines(seed: int, n: int, every_min: int = 1) -> Table:
    """``n`` matches as columns, one row for each match at minutes 0, every_min, ... and at 90.

    match, minute (int32; minutes played); home_score, away_score, home_red, away_red (int16, so far); home_xgoals,
    away_xgoals (float32, true probabilities of the chances so far, summed); home_chances, away_chances (int16, so far);
    home_exposure, away_exposure (float64, how many chances a team of strength 0 would have been expected to have had);
    result (int8: 0 home win, 1 draw, 2 away win, after 90 minutes). Rows are ordered by match, then minute.
    ``ValueError`` for a negative ``n`` or an ``every_min`` under 1.
    """
    if n < 0 or every_min < 1:
        raise ValueError(f"scorelines of {n} matches every {every_min} minutes cannot be made")
    rng = np.random.Generator(np.random.Philox(key=seed))
    strength = rng.normal(0.0, STRENGTH_SD, (n, 2))
    strength[:, 0] += HOME_EDGE / 2
    strength[:, 1] -= HOME_EDGE / 2
    score, red = np.zeros((n, 2), np.int16), np.zeros((n, 2), np.int16)
    xgoals, exposure, chances = np.zeros((n, 2)), np.zeros((n, 2)), np.zeros((n, 2), np.int16)
    even = np.zeros((n, 2))
    kept: list[tuple[Any, ...]] = []
    for minute in range(MINUTES + 1):
        if minute % every_min == 0 or minute == MINUTES:
            kept.append((minute, score.copy(), red.copy(), xgoals.copy(), chances.copy(), exposure.copy()))
        if minute < MINUTES:
            exposure += chance_rate(minute, even, score, red)
            _play_minute(rng, minute, strength, score, red, xgoals, chances)
    rows = len(kept)
    scores, reds, sums, had, expected = (np.stack([k[c] for k in kept], axis=1) for c in (1, 2, 3, 4, 5))
    result = np.where(score[:, 0] > score[:, 1], 0, np.where(score[:, 0] == score[:, 1], 1, 2)).astype(np.int8)
    return {
        "match": np.repeat(np.arange(n, dtype=np.int32), rows),
        "minute": np.tile(np.array([k[0] for k in kept], np.int32), n),
        "home_score": scores[:, :, 0].ravel(),
        "away_score": scores[:, :, 1].ravel(),
        "home_red": reds[:, :, 0].ravel(),
        "away_red": reds[:, :, 1].ravel(),
        "home_xgoals": sums[:, :, 0].ravel().astype(np.float32),
        "away_xgoals": sums[:, :, 1].ravel().astype(np.float32),
        "home_chances": had[:, :, 0].ravel(),
        "away_chances": had[:, :, 1].ravel(),
        "home_exposure": expected[:, :, 0].ravel(),
        "away_exposure": expected[:, :, 1].ravel(),
        "result": np.repeat(result, rows),
    }


def chance_rate(
    minute: int, strength: npt.NDArray[np.float64], score: npt.NDArray[np.int16], red: npt.NDArray[np.int16]
) -> npt.NDArray[np.float64]:
    """(n, 2) chances expected in ``minute``: rising by a third over the match, as legs tire."""
    behind = np.clip(score[:, ::-1].astype(np.float64) - score, -2.0, 2.0)
    players_more = red[:, ::-1].astype(np.float64) - red
    base = CHANCES / 2.0 / MINUTES * (0.85 + 0.30 * minute / (MINUTES - 1))
    rate: npt.NDArray[np.float64] = base * np.exp(strength - 0.5 * STRENGTH_SD**2 + BEHIND * behind + PLAYER_DOWN * players_more)
    return rate


def _play_minute(
    rng: np.random.Generator,
    minute: int,
    strength: npt.NDArray[np.float64],
    score: npt.NDArray[np.int16],
    red: npt.NDArray[np.int16],
    xgoals: npt.NDArray[np.float64],
    chances: npt.NDArray[np.int16],
) -> None:
    count = np.minimum(rng.poisson(chance_rate(minute, strength, score, red)), MOST)
    chances += count.astype(np.int16)
    for k in range(int(count.max(initial=0))):
        had = count > k
        chance = rng.beta(CHANCE_SHAPE, CHANCE_SHAPE * (1.0 / CHANCE_P - 1.0), int(had.sum()))
        score[had] += rng.random(len(chance)) < chance
        xgoals[had] += chance
    red += (rng.random(count.shape) < RED_RATE / MINUTES) & (red < MOST_RED)
