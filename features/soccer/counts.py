"""The plain counts of a match: shots, passes, corners, fouls and the like, of teams and of players.

What a feed reports is counted as it reports it, the shoot-out apart. A count that this feed has reported nothing of is unknown
and not nil (:data:`SHOWN_BY`), and so is every count of a match that was joined in the middle. A player of whom nothing has been
counted has no value, and neither has a pass accuracy of fewer passes whose end is known than ``features.common.rates`` wants. A
shot on
target is one that went in or was saved; own goals are no player's shots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from features.common.rates import rates
from features.core.event_context import EventContext
from features.core.facts import number
from features.core.frames import Floats
from features.core.sport import WHOLE_GAME, EventStep, Stat
from features.soccer.ledger import COUNTS, Ledger, counts
from features.soccer.vocabulary import EVENT_TYPES, ON_TARGET

#: an offside that is both a pass's outcome and an event of its own is one when they lie so close together, s
ONE_OFFSIDE_S: Final = 10.0
#: a match of which the first event is no later than this was seen from its beginning, s
EARLY_S: Final = 30.0
#: minutes over which the passes of both teams are compared
LATEST_MIN: Final = 10

#: what shows, besides its own kind, that a feed would report a thing: shots come with what became of them, cards with their colour
SHOWN_BY: Final = {
    "shots_on_target": ("shots",), "goals": ("shots",), "saves": ("shots",), "passes_complete": ("passes_ended",),
    "yellow_cards": ("red_cards",), "red_cards": ("yellow_cards",), "duels_won": ("tackles",),
}  # fmt: skip
INDEX: Final = {name: k for k, name in enumerate(COUNTS)}
_ONE: Final = {"foul": "fouls", "interception": "interceptions", "clearance": "clearances", "tackle": "tackles"}
_WON: Final = {"duel": "won", "tackle": "won", "dribble": "complete"}


def names(event: EventContext, ledger: Ledger) -> Iterator[str]:
    """What an event counts as, for its team and its player."""
    kind, outcome, attrs = event.type, event.outcome, event.attrs
    if kind == "pass":
        yield "passes"
        if outcome:
            yield "passes_ended"
        if outcome == "complete":
            yield "passes_complete"
        if attrs.get("cross") is True:
            yield "crosses"
    elif kind == "shot":
        yield "shots"
        if outcome in ON_TARGET:
            yield "shots_on_target"
        if outcome == "goal":
            yield "goals"
    elif kind in _ONE:
        yield _ONE[kind]
    elif kind == "card":
        card = attrs.get("card")
        if card == "yellow":
            yield "yellow_cards"
        elif card in ("red", "second_yellow"):
            yield "red_cards"
    if outcome and _WON.get(kind) == outcome:
        yield "duels_won"
    if kind == "dribble" and outcome == "complete":
        yield "take_ons"
    if kind in ("pass", "shot") and attrs.get("set_piece") == "corner":
        yield "corners"
    if offside(event) and not 0.0 <= event.t_s - ledger.offside_s[event.team] <= ONE_OFFSIDE_S:
        yield "offsides"


def offside(event: EventContext) -> bool:
    return event.type == "offside" or (event.type == "pass" and event.outcome == "offside")


def keeper_of(event: EventContext, ledger: Ledger) -> int:
    """Whose save it was: the keeper a saved shot was against, else the one last seen in that goal; -1 unknown."""
    keeper = int(number(event.facts.get("keeper", -1)))
    return keeper if 0 <= keeper < ledger.players else ledger.keeper[1 - event.team]


def count(event: EventContext, ledger: Ledger) -> None:
    """Book an event with its team and player; a saved shot also as a save of the other team and its keeper."""
    if not ledger.begun:
        ledger.begun, ledger.whole = True, event.period <= 1 and event.t_s <= EARLY_S
    if event.type == "period_start" and event.period == 1:
        ledger.whole = True
    if not counts(event):
        return
    team, player = event.team, event.player
    for name in names(event, ledger):
        ledger.team_counts[INDEX[name]][team] += 1
        if 0 <= player < ledger.players:
            ledger.player_counts[INDEX[name]][player] += 1
    if event.type == "shot" and event.outcome == "saved":
        ledger.team_counts[INDEX["saves"]][1 - team] += 1
        keeper = keeper_of(event, ledger)
        if keeper >= 0:
            ledger.player_counts[INDEX["saves"]][keeper] += 1
    if offside(event):
        ledger.offside_s[team] = event.t_s
    if event.type == "pass":
        _latest(event, ledger)
    _follow(event, ledger)


def _latest(event: EventContext, ledger: Ledger) -> None:
    """Passes of each team by minute of play, the latest ten."""
    minute = int(ledger.clock_s(event.t_s) // 60.0)
    if not ledger.minutes or ledger.minutes[-1][0] != minute:
        ledger.minutes.append([minute, 0, 0])
        while ledger.minutes[0][0] <= minute - LATEST_MIN:
            del ledger.minutes[0]
    ledger.minutes[-1][1 + event.team] += 1


#: what takes the ball from the other team
_TAKES: Final = frozenset({"interception", "clearance", "recovery", "shot"})


def _follow(event: EventContext, ledger: Ledger) -> None:
    """The passes that one team has completed in a row, and the shots that one team has had in a row."""
    team, kind = event.team, event.type
    if kind == "pass":
        if ledger.move_team != team:
            ledger.move_team, ledger.move_passes = team, 0
        ledger.move_passes = ledger.move_passes + 1 if event.outcome == "complete" else 0
    elif kind in _TAKES and (team != ledger.move_team or kind == "shot"):
        ledger.move_team, ledger.move_passes = team, 0
    if kind == "shot":
        ledger.run_shots = ledger.run_shots + 1 if ledger.run_team == team else 1
        ledger.run_team = team
        ledger.shot_s[team] = ledger.clock_s(event.t_s)


def team_count(name: str) -> Callable[[Ledger, float], Floats]:
    """(2,): of home and away; NaN as long as the feed has reported nothing of the kind."""
    k, kin = INDEX[name], [INDEX[other] for other in (name, *SHOWN_BY.get(name, ()))]

    def compute(ledger: Ledger, t_s: float) -> Floats:
        return np.array(ledger.team_counts[k] if any(any(ledger.team_counts[i]) for i in kin) else [np.nan, np.nan], np.float64)

    return compute


def player_count(name: str) -> Callable[[Ledger, float], Floats]:
    """(N,): NaN for those without any."""
    k = INDEX[name]

    def compute(ledger: Ledger, t_s: float) -> Floats:
        out = np.array(ledger.player_counts[k], np.float64)
        out[out == 0.0] = np.nan
        return out

    return compute


def team_pass_accuracy(ledger: Ledger, t_s: float) -> Floats:
    """(2,): NaN before ``rates.LEAST`` passes whose end is known."""
    return rates(ledger.team_counts[INDEX["passes_complete"]], ledger.team_counts[INDEX["passes_ended"]])


def player_pass_accuracy(ledger: Ledger, t_s: float) -> Floats:
    """(N,): NaN for those with fewer than ``rates.LEAST`` passes whose end is known."""
    return rates(ledger.player_counts[INDEX["passes_complete"]], ledger.player_counts[INDEX["passes_ended"]])


#: name -> (definition, whether players have it too)
SHOWN: Final = {
    "shots": ("Shots, penalties among them; own goals are none.", True),
    "shots_on_target": ("Shots that went in or were saved.", True),
    "goals": ("Goals from shots, penalties among them; own goals and a shoot-out do not count.", True),
    "passes": ("Passes, whatever became of them; throw-ins and other set pieces among them.", True),
    "passes_complete": ("Passes that arrived.", True),
    "crosses": ("Passes that the feed calls crosses.", True),
    "corners": ("Corners taken.", False),
    "fouls": ("Fouls committed.", True),
    "offsides": ("Offsides, reported as such or as what became of a pass.", False),
    "yellow_cards": ("Yellow cards; a second one counts as a red card.", False),
    "red_cards": ("Red cards, second yellow cards among them.", False),
    "duels_won": ("Duels, tackles and take-ons won.", True),
    "take_ons": ("Opponents taken on and beaten.", True),
    "tackles": ("Tackles.", True),
    "interceptions": ("Interceptions.", True),
    "clearances": ("Clearances.", True),
    "saves": ("Shots of the other team that were saved.", True),
}  # fmt: skip

EVENT_STEPS = (EventStep("counts.count", count, on=tuple(sorted(EVENT_TYPES)), phase="apply"),)

#: players' counts are read every few seconds: they change with an event, and there are many of them
PLAYERS_S: Final = 5.0

STATS = (
    *(
        Stat(
            f"soccer.team.{name}",
            "count",
            definition,
            per="team",
            compute=team_count(name),
            every_s=1.0,
            ticks=True,
            ledger_only=True,
            on_screen_name="Match Stats",
            looks_back_s=WHOLE_GAME,
        )
        for name, (definition, _) in SHOWN.items()
    ),
    Stat(
        "soccer.team.pass_accuracy",
        "0..1",
        "Share of the passes whose end is known that arrived; from five such passes on.",
        per="team",
        compute=team_pass_accuracy,
        every_s=1.0,
        ticks=True,
        ledger_only=True,
        on_screen_name="Match Stats",
        looks_back_s=WHOLE_GAME,
    ),
    *(
        Stat(
            f"soccer.player.{name}",
            "count",
            f"{definition} Of those who have any.",
            per="player",
            compute=player_count(name),
            every_s=PLAYERS_S,
            ticks=True,
            ledger_only=True,
            on_screen_name="Match Stats",
            looks_back_s=WHOLE_GAME,
        )
        for name, (definition, players) in SHOWN.items()
        if players
    ),
    Stat(
        "soccer.player.pass_accuracy",
        "0..1",
        "Share of the passes whose end is known that arrived; from five such passes on.",
        per="player",
        compute=player_pass_accuracy,
        every_s=PLAYERS_S,
        ticks=True,
        ledger_only=True,
        on_screen_name="Match Stats",
        looks_back_s=WHOLE_GAME,
    ),
)
