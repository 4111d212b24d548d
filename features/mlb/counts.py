"""The plain counts of a game: pitches, balls and strikes of each pitcher, hits, walks and strikeouts of pitchers, batters and
teams.

A strike is a called or swinging one, a foul or a ball put in play, as scorers count pitches. A play belongs to the pitcher of the
half inning's last pitch. A player who has done nothing of a kind has no count of it; a game that was joined in the middle has none
at all, since what was before is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.mlb.ledger import Ledger
from features.mlb.vocabulary import HITS, PITCH_OUTCOMES

PITCHES, STRIKES, BALLS, FACED, HITS_ALLOWED, WALKS_ISSUED, STRUCK_OUT = range(7)
APPEARANCES, HIT, HOMERS, WALKED, FANNED = range(5)
#: plays that end a plate appearance
_APPEARANCES: Final = HITS | {"walk", "strikeout", "out", "double_play"}


def update_pitch(event: EventContext, ledger: Ledger) -> None:
    if event.player >= 0 and event.outcome in PITCH_OUTCOMES:
        counts = ledger.pitched[event.player]
        counts[PITCHES] += 1
        counts[BALLS if event.outcome == "ball" else STRIKES] += 1


def update_play(event: EventContext, ledger: Ledger) -> None:
    if event.outcome not in _APPEARANCES:
        return
    for counts in (
        ledger.batted[event.player] if event.player >= 0 else None,
        ledger.sides[event.team] if event.team in (0, 1) else None,
    ):
        if counts is not None:
            _count(counts, event.outcome)
    if ledger.last_pitcher >= 0:
        pitched = ledger.pitched[ledger.last_pitcher]
        pitched[FACED] += 1
        pitched[HITS_ALLOWED] += event.outcome in HITS
        pitched[WALKS_ISSUED] += event.outcome == "walk"
        pitched[STRUCK_OUT] += event.outcome == "strikeout"


def _count(counts: list[int], outcome: str) -> None:
    counts[APPEARANCES] += 1
    counts[HIT] += outcome in HITS
    counts[HOMERS] += outcome == "home_run"
    counts[WALKED] += outcome == "walk"
    counts[FANNED] += outcome == "strikeout"


def _players(rows: str, needs: tuple[int, ...], at: int) -> Callable[[Ledger, float], Floats]:
    """(N,) the count ``at`` of each player who has any of the counts ``needs``; NaN for the others."""

    def compute(ledger: Ledger, t_s: float) -> Floats:
        counts = np.array(getattr(ledger, rows), np.float64).reshape(ledger.players, -1)
        if ledger.joined_late or not ledger.begun:
            return np.full(ledger.players, np.nan)
        return np.where(counts[:, list(needs)].sum(axis=1) > 0.0, counts[:, at], np.nan)

    compute.__name__ = f"{rows}_{at}"
    return compute


def _teams(at: int) -> Callable[[Ledger, float], Floats]:
    """(2,) the count ``at`` of each team."""

    def compute(ledger: Ledger, t_s: float) -> Floats:
        known = ledger.begun and not ledger.joined_late
        return np.array([counts[at] if known else np.nan for counts in ledger.sides], np.float64)

    compute.__name__ = f"sides_{at}"
    return compute


def _stat(ident: str, definition: str, per: Any, compute: Any) -> Stat:
    return Stat(ident, "count", definition, per, compute, every_s=1.0, ticks=True, ledger_only=True, on_screen_name="box score")


EVENT_STEPS: Final = (
    EventStep("tally.pitches", update_pitch, on=("pitch",), phase="apply"),
    EventStep("tally.plays", update_play, on=("play",), phase="apply"),
)
_PITCHER, _BATTER = (PITCHES, FACED), (APPEARANCES,)
STATS: Final = (
    _stat("mlb.pitcher.pitches", "pitches thrown in the game", "player", _players("pitched", _PITCHER, PITCHES)),
    _stat("mlb.pitcher.strikes", "strikes: called, swinging, fouls and balls in play", "player",
          _players("pitched", _PITCHER, STRIKES)),
    _stat("mlb.pitcher.balls", "pitches called a ball", "player", _players("pitched", _PITCHER, BALLS)),
    _stat("mlb.pitcher.batters_faced", "plate appearances against the pitcher", "player", _players("pitched", _PITCHER, FACED)),
    _stat("mlb.pitcher.hits", "hits allowed", "player", _players("pitched", _PITCHER, HITS_ALLOWED)),
    _stat("mlb.pitcher.walks", "walks issued", "player", _players("pitched", _PITCHER, WALKS_ISSUED)),
    _stat("mlb.pitcher.strikeouts", "batters struck out", "player", _players("pitched", _PITCHER, STRUCK_OUT)),
    _stat("mlb.batter.plate_appearances", "plate appearances in the game", "player", _players("batted", _BATTER, APPEARANCES)),
    _stat("mlb.batter.hits", "hits", "player", _players("batted", _BATTER, HIT)),
    _stat("mlb.batter.home_runs", "home runs", "player", _players("batted", _BATTER, HOMERS)),
    _stat("mlb.batter.walks", "walks", "player", _players("batted", _BATTER, WALKED)),
    _stat("mlb.batter.strikeouts", "strikeouts", "player", _players("batted", _BATTER, FANNED)),
    _stat("mlb.team.hits", "hits of the team", "team", _teams(HIT)),
    _stat("mlb.team.home_runs", "home runs of the team", "team", _teams(HOMERS)),
    _stat("mlb.team.walks", "walks that the team drew", "team", _teams(WALKED)),
    _stat("mlb.team.strikeouts", "strikeouts of the team's batters", "team", _teams(FANNED)),
)  # fmt: skip
