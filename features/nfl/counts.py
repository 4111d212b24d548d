"""The plain counts of a game: passes, runs and receptions of each player, downs and yards of each team.

They are kept as the league's statistics are: a pass counts with its outcome, yards to the whole yard with the end of the play (a
sack's yards belong to no player's passes), and what happens after a turnover or a loose ball to no player. A player who has done
nothing of a kind has no count of it; a game that was joined in the middle has none at all, since what was before is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, Final

import numpy as np

from features.core.event_context import EventContext
from features.core.facts import number
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.nfl.columns import YD
from features.nfl.ledger import Ledger, of_this_play
from features.nfl.vocabulary import COMPLETE, ENDS, OUTCOMES

ATTEMPTS, COMPLETIONS, PASS_YD, PASS_TD, INTERCEPTED = range(5)
CARRIES, RUN_YD, RUN_TD = range(3)
TARGETS, CATCHES, CATCH_YD, CATCH_TD = range(4)
PLAYS, GAINED_YD, FIRST_DOWNS, THIRD, THIRD_MADE, FOURTH, FOURTH_MADE, SACKS, TURNOVERS = range(9)
#: a kick ends what the offence does
_KICKS: Final = ("punt", "kickoff", "field_goal")


def update_counts(event: EventContext, ledger: Ledger) -> None:
    """Fold one event into the counts. Before the snap of a play, and after what ended it, nothing of it counts."""
    if not of_this_play(event, ledger) or not ledger.snapped or ledger.counted or not ledger.down >= 1.0:
        return
    kind = event.type
    if kind in ("handoff", "run"):
        ledger.bearer = event.player
    elif kind == "pass_forward":
        ledger.thrower, ledger.bearer = event.player, -1
    elif kind in OUTCOMES:
        _pass(event, ledger)
    elif kind in _KICKS:
        ledger.counted = True
    else:
        _end(event, ledger)


def _pass(event: EventContext, ledger: Ledger) -> None:
    ledger.catcher = event.player
    complete, intercepted = event.type in COMPLETE, event.type == "pass_outcome_interception"
    if ledger.thrower >= 0:
        ledger.passes[ledger.thrower][ATTEMPTS] += 1.0
        ledger.passes[ledger.thrower][COMPLETIONS] += float(complete)
        ledger.passes[ledger.thrower][INTERCEPTED] += float(intercepted)
    if event.player >= 0:
        ledger.receptions[event.player][TARGETS] += 1.0
        ledger.receptions[event.player][CATCHES] += float(complete)
    if not complete:
        if intercepted and ledger.offense >= 0:
            ledger.teams[ledger.offense][TURNOVERS] += 1.0
        _close(ledger, 0.0, first_down=False)


def _end(event: EventContext, ledger: Ledger) -> None:
    """The end of a play with the ball in a player's hands, or out of them."""
    gained = number(event.facts.get("play.gained_yd"))
    scored = event.type == "touchdown" and event.team == ledger.offense
    if scored and isfinite(ledger.to_goal_yd):
        gained = ledger.to_goal_yd
    # the yards of a play with an unknown end are not known, and neither is any sum with them
    gained = float(round(gained)) if isfinite(gained) else gained
    if event.type == "qb_sack":
        if ledger.offense >= 0:
            ledger.teams[1 - ledger.offense][SACKS] += 1.0
        _close(ledger, gained, first_down=False)
        return
    if ledger.catcher >= 0 or ledger.thrower >= 0:
        if ledger.thrower >= 0:
            ledger.passes[ledger.thrower][PASS_YD] += gained
            ledger.passes[ledger.thrower][PASS_TD] += float(scored)
        if ledger.catcher >= 0:
            ledger.receptions[ledger.catcher][CATCH_YD] += gained
            ledger.receptions[ledger.catcher][CATCH_TD] += float(scored)
    else:
        # who was brought down with the ball and was handed none has kept it
        bearer = ledger.bearer if ledger.bearer >= 0 else event.player
        if bearer >= 0:
            ledger.runs[bearer][CARRIES] += 1.0
            ledger.runs[bearer][RUN_YD] += gained
            ledger.runs[bearer][RUN_TD] += float(scored)
    _close(ledger, gained, first_down=scored or (event.type != "fumble" and gained >= ledger.to_go_yd))


def _close(ledger: Ledger, gained_yd: float, *, first_down: bool) -> None:
    """The play is over for the team's counts."""
    ledger.counted = True
    if ledger.offense < 0:
        return
    team = ledger.teams[ledger.offense]
    team[PLAYS] += 1.0
    team[GAINED_YD] += gained_yd
    team[FIRST_DOWNS] += float(first_down)
    if ledger.down in (3.0, 4.0):
        tries = THIRD if ledger.down == 3.0 else FOURTH
        team[tries] += 1.0
        team[tries + 1] += float(first_down)


def _unknown(ledger: Ledger) -> bool:
    """Whether nothing of the game was seen yet, or it was on before anything of it was."""
    return ledger.joined_late or not ledger.begun


def _players(rows: str, needs: int, at: int, scale: float = 1.0) -> Callable[[Ledger, float], Floats]:
    """(N,) the count ``at`` of each player who has any of the count ``needs``; NaN for the others."""

    def compute(ledger: Ledger, t_s: float) -> Floats:
        counts = np.array(getattr(ledger, rows), np.float64).reshape(ledger.players, -1)
        if _unknown(ledger):
            return np.full(ledger.players, np.nan)
        return np.where(counts[:, needs] > 0.0, counts[:, at] * scale, np.nan)

    compute.__name__ = f"{rows}_{at}"
    return compute


def _teams(*at: int, scale: float = 1.0) -> Callable[[Ledger, float], Floats]:
    """(2,) or (2, D) the counts ``at`` of each team."""

    def compute(ledger: Ledger, t_s: float) -> Floats:
        counts = np.array(ledger.teams, np.float64)[:, list(at)] * (np.nan if _unknown(ledger) else scale)
        return counts[:, 0] if len(at) == 1 else counts

    compute.__name__ = f"teams_{at[0]}"
    return compute


def _stat(
    ident: str, unit: str, definition: str, per: Any, compute: Any, components: tuple[str, ...] = (), on_screen_name: str = ""
) -> Stat:
    return Stat(
        ident,
        unit,
        definition,
        per,
        compute,
        every_s=1.0,
        ticks=True,
        ledger_only=True,
        components=components,
        on_screen_name=on_screen_name,
    )


EVENT_STEPS: Final = (
    EventStep(
        "tally.counts", update_counts, on=("handoff", "run", "pass_forward", *OUTCOMES, *ENDS, "fumble", *_KICKS), phase="apply"
    ),
)
_BOX: Final = "box score"
STATS: Final = (
    _stat("nfl.passer.attempts", "count", "forward passes thrown in the game", "player", _players("passes", 0, ATTEMPTS),
          on_screen_name=_BOX),
    _stat("nfl.passer.completions", "count", "passes that were caught", "player",
          _players("passes", 0, COMPLETIONS), on_screen_name=_BOX),
    _stat("nfl.passer.yards", "yd", "yards gained by passes that were caught", "player",
          _players("passes", 0, PASS_YD, YD), on_screen_name=_BOX),
    _stat("nfl.passer.touchdowns", "count", "touchdown passes", "player", _players("passes", 0, PASS_TD), on_screen_name=_BOX),
    _stat("nfl.passer.interceptions", "count", "passes that were intercepted", "player",
          _players("passes", 0, INTERCEPTED), on_screen_name=_BOX),
    _stat("nfl.rusher.carries", "count", "runs with the ball", "player", _players("runs", 0, CARRIES), on_screen_name=_BOX),
    _stat("nfl.rusher.yards", "yd", "rushing yards", "player", _players("runs", 0, RUN_YD, YD), on_screen_name=_BOX),
    _stat("nfl.rusher.touchdowns", "count", "rushing touchdowns", "player", _players("runs", 0, RUN_TD), on_screen_name=_BOX),
    _stat("nfl.receiver.targets", "count", "passes thrown to the player", "player", _players("receptions", 0, TARGETS),
          on_screen_name=_BOX),
    _stat("nfl.receiver.catches", "count", "passes caught", "player", _players("receptions", 0, CATCHES),
          on_screen_name=_BOX),
    _stat("nfl.receiver.yards", "yd", "yards gained by the player's catches and the runs after them", "player",
          _players("receptions", 0, CATCH_YD, YD), on_screen_name=_BOX),
    _stat("nfl.receiver.touchdowns", "count", "touchdowns by the player's catches", "player", _players("receptions", 0, CATCH_TD),
          on_screen_name=_BOX),
    _stat("nfl.team.plays", "count", "plays from scrimmage, kicks not among them", "team", _teams(PLAYS), on_screen_name=_BOX),
    _stat("nfl.team.yards", "yd", "net yards gained from scrimmage, sacks taken off", "team",
          _teams(GAINED_YD, scale=YD), on_screen_name=_BOX),
    _stat("nfl.team.first_downs", "count", "first downs and touchdowns by plays from scrimmage, penalties not among them", "team",
          _teams(FIRST_DOWNS), on_screen_name=_BOX),
    _stat("nfl.team.third_downs", "count", "third downs converted and played", "team", _teams(THIRD_MADE, THIRD), ("made", "of"),
          on_screen_name=_BOX),
    _stat("nfl.team.fourth_downs", "count", "fourth downs converted and gone for", "team", _teams(FOURTH_MADE, FOURTH),
          ("made", "of"), on_screen_name=_BOX),
    _stat("nfl.team.sacks", "count", "sacks by this team's defence", "team", _teams(SACKS), on_screen_name=_BOX),
    _stat("nfl.team.interceptions_thrown", "count", "passes of this team that were intercepted", "team",
          _teams(TURNOVERS), on_screen_name=_BOX),
)  # fmt: skip
