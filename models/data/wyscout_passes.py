"""Passes of Wyscout's open events as rows of ``pass-completion``: computed by the functions of the live path.

A row is what is known as the ball is kicked. Beside it is where the pass ended, for the reading that is given it. Goal kicks have
no outcome in the data and no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from features.soccer.game import update_score
from features.soccer.ledger import Ledger, locate, update_clock
from features.soccer.moves import PASS_END, end_features, follow
from features.soccer.passes import PASS_FEATURES, completion_features
from models.base import Floats
from models.data.wyscout import KIND, KINDS, Events, Matches
from models.data.wyscout_moments import PASSES, matches
from models.evaluation_set import Words

_FEATURES: Final = len(PASS_FEATURES)
_END: Final = _FEATURES - len(PASS_END)
_COLUMN: Final = {name: i for i, (name, _, _) in enumerate(PASS_FEATURES)}
#: what the words of a pass say, which not every feed has
WORDS: Final = ("height", "header", "dead_ball", "throw_in", "cross", "through_ball", "goal_kick")


@dataclass(frozen=True)
class Passes:
    """``rows`` (B, F) as the ball is kicked, ``end`` (B, 5) where it ended (NaN where not reported), ``label`` (B,) 1 arrived,
    ``match`` and ``id`` (B,) of Wyscout's, ``kind`` (B,) index into ``models.data.wyscout.KINDS``."""

    rows: Floats
    end: Floats
    label: Floats
    match: npt.NDArray[np.int64]
    id: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.label)

    def take(self, at: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Passes:
        return Passes(self.rows[at], self.end[at], self.label[at], self.match[at], self.id[at], self.kind[at])

    @property
    def open_play(self) -> npt.NDArray[np.bool_]:
        """(B,) Wyscout's own "Pass", without throw-ins, corners and free kicks."""
        own = [KIND[kind] for kind in PASSES if kind[0] == "Pass"]
        return np.isin(self.kind, own)

    @property
    def words(self) -> Words:
        """(B,) the kind of each pass."""
        return np.array([sub.lower() for _, sub in KINDS], np.str_)[self.kind]

    def given_end(self) -> Floats:
        """(B, F): the rows with where the pass ended."""
        out = self.rows.copy()
        out[:, _END:] = self.end
        return out


def passes_of(events: Events, of: Matches, on_progress: Callable[[int], None] = lambda match: None) -> Passes:
    """Every pass with an outcome and a place, shoot-outs left out. ``ValueError`` when there are none."""
    most = int(np.isin(events.kind, [KIND[kind] for kind in PASSES]).sum())
    rows, end = np.full((most, _FEATURES), np.nan), np.full((most, len(PASS_END)), np.nan)
    label, which = np.zeros(most), np.zeros(most, np.int64)
    n = 0
    for played in matches(events, of):
        ledger = Ledger(players=played.players)
        for moment, at in zip(played.moments, played.at):
            if moment.type == "pass":
                locate(moment)
                if moment.outcome and moment.x_m == moment.x_m:
                    rows[n] = completion_features(moment, ledger)
                    end_features(moment, end[n])
                    label[n], which[n] = float(moment.outcome == "complete"), at
                    n += 1
            update_clock(moment, ledger)
            follow(moment, ledger)
            update_score(moment, ledger)
        on_progress(played.match)
    if not n:
        raise ValueError("the events hold no passes with an outcome")
    which = which[:n]
    return Passes(rows[:n], end[:n], label[:n], events.match[which], events.id[which], events.kind[which])


def wordless(rows: Floats) -> Floats:
    """A copy of ``rows`` (B, F) as from a feed without the kind of a pass."""
    out = rows.copy()
    out[:, [_COLUMN[name] for name in WORDS]] = np.nan
    return out
