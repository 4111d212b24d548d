"""Shots with a part of what is known withheld, to train a model for it and to evaluate it there.

Feeds report different facts of a shot: all players, some or none, the keeper or not; how it was struck or not. Complete real shots
stand for all of them when players and words are removed at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from features.soccer.shots import SHOT_INDEX
from features.soccer.trail import LED
from models.base import Floats
from models.data.statsbomb_shots import Picture

#: what is in sight, by the name it is reported by
FULL, NONE, NO_KEEPER, NO_DEFENDERS, PART = (
    "everybody in sight",
    "positions unknown",
    "keeper not in sight",
    "defenders not in sight",
    "a random part of the players",
)
CASES: Final = (FULL, NONE, NO_KEEPER, NO_DEFENDERS, PART)
#: features that a feed reports together or not at all
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "body part": ("foot_side_m", "header", "other_body_part"),
    "technique": ("volley", "half_volley", "lob", "acrobatic"),
    "first time": ("first_time",),
    "pressure": ("under_pressure",),
    "one on one": ("one_on_one",),
    "open goal": ("open_goal",),
    "aerial": ("aerial_won",),
    "set piece": ("free_kick", "penalty"),
    "phase": ("after_corner", "after_free_kick", "after_throw_in"),
    "counter": ("counter",),
    "rebound": ("rebound",),
    "assist": ("from_cross", "from_through_ball"),
    "led by": tuple(name for name, _, _ in LED),
    "kind of pass": ("pass_high", "pass_headed"),
}
#: a word is withheld from so many of the rows from which words are withheld
_SHARE: Final = 0.3


def players(case: str, picture: Picture, seed: int) -> npt.NDArray[np.bool_]:
    """(P,) who is in sight. Of a random part, each shot has a share of its own (a tenth to nine tenths) of
    which its players are seen, keeper and all."""
    keeper = picture.goalkeeper
    if case == PART:
        generator = np.random.default_rng(seed)
        counts = picture.of[:, 1] - picture.of[:, 0]
        share = np.ones(len(keeper))
        shots = generator.uniform(0.1, 0.9, len(counts))
        for i in np.flatnonzero(counts).tolist():
            share[picture.of[i, 0] : picture.of[i, 1]] = shots[i]
        return np.asarray(generator.random(len(keeper)) < share, np.bool_)
    return {
        FULL: np.ones(len(keeper), np.bool_),
        NONE: np.zeros(len(keeper), np.bool_),
        NO_KEEPER: ~keeper,
        NO_DEFENDERS: picture.mate | keeper,
    }[case]


def without_words(rows: Floats, seed: int) -> Floats:
    """``rows`` (B, F), each without a random part of its words; a penalty keeps that it is one."""
    generator = np.random.default_rng(seed)
    out = rows.copy()
    penalty = rows[:, SHOT_INDEX["penalty"]] == 1.0
    for names in WORDS.values():
        gone = (generator.random(len(rows)) < _SHARE) & ~penalty
        for name in names:
            out[gone, SHOT_INDEX[name]] = np.nan
    return out


def led_by_another(rows: Floats, others: Floats, seed: int) -> Floats:
    """``rows`` (B, F) with what led to another shot: one of ``others`` (N, F), of like place and body part. For the profile of the
    inputs alone: what a feed may report beside positions, where no training data has both."""
    generator = np.random.default_rng(seed)
    names = [*WORDS["assist"], *WORDS["led by"]]
    columns = [SHOT_INDEX[name] for name in names]
    out = rows.copy()
    for header in (0.0, 1.0):
        own = np.flatnonzero((rows[:, SHOT_INDEX["header"]] == header) & (rows[:, SHOT_INDEX["penalty"]] != 1.0))
        theirs = np.flatnonzero((others[:, SHOT_INDEX["header"]] == header) & (others[:, SHOT_INDEX["penalty"]] != 1.0))
        if not len(own) or not len(theirs):
            continue
        depth = SHOT_INDEX["depth_m"]
        ranked = theirs[np.argsort(others[theirs, depth], kind="stable")]
        at = np.searchsorted(others[ranked, depth], rows[own, depth]) + generator.integers(-100, 101, len(own))
        donor = ranked[np.clip(at, 0, len(ranked) - 1)]
        for column in columns:
            out[own, column] = others[donor, column]
    return out
