"""Sentences that plain counts make: the fourth corner, the keeper's fifth save, the first shot for half an hour.

All but a few say "in this match", so they need an account that began with the kick-off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from features.common import basis
from features.common.commentary import Counted, Localised, Number, Percent, Sentence
from features.common.highlights import ramp
from features.core.event_context import EventContext
from features.core.facts import number
from features.core.frames import Roster
from features.soccer.counts import INDEX, keeper_of, names
from features.soccer.ledger import Ledger
from features.soccer.templates import PASSES, SHOTS
from features.soccer.thresholds import (
    CLOSE_M,
    CORNERS,
    CROSSES,
    DROUGHT_S,
    FAR_M,
    FOULS_OF_ONE,
    INTERCEPTIONS,
    MOSTLY,
    MOVE,
    OFFSIDES,
    PASSES_OF_ONE,
    SAVES,
    SHOTS_IN_A_ROW,
    SHOTS_OF_ONE,
    TAKE_ONS,
)
from features.soccer.vocabulary import ON_TARGET

Fields = dict[str, str | Localised]

#: the sentence on who plays most of the passes
MOST_PASSES: Final = "possession"
#: fewer passes than this are no share of them
LEAST_PASSES: Final = 50


def total(ledger: Ledger, name: str, of: int, *, of_player: bool = False) -> int:
    """A count so far of the team, or the player, ``of``."""
    return (ledger.player_counts if of_player else ledger.team_counts)[INDEX[name]][of]


def of_count(event: EventContext, name: str, team: int, value: int) -> dict[str, Any]:
    """A team's count as a basis."""
    return basis.of_stat(f"soccer.team.{name}", basis.team_of(event, team), float(value), "count")


def _of_player(event: EventContext, name: str, value: int) -> dict[str, Any]:
    return basis.of_stat(f"soccer.player.{name}", basis.player_of(event), float(value), "count")


def keeper_in_goal(event: EventContext, ledger: Ledger) -> int:
    """The keeper that a shot was against; -1 unknown."""
    return keeper_of(event, ledger) if event.type == "shot" else -1


def from_counts(event: EventContext, ledger: Ledger, roster: Roster, fields: Fields) -> Iterator[Sentence]:
    """``event`` belongs to a team and is no goal; ``fields`` names home, away, its team and, where known, its player."""
    if not ledger.whole:
        return
    kind = event.type
    if kind == "shot":
        yield from _shots(event, ledger, roster, fields)
    elif kind == "pass":
        yield from _passes(event, ledger, fields)
    elif kind == "substitution":
        on = roster.index.get(str(event.attrs.get("player_on", "")), -1)
        if on >= 0 and "player" in fields:
            yield Sentence("substitution", {**fields, "player_on": roster.names[on]}, 0.2, [basis.of_event(event)])
    yield from _numbered(event, ledger, fields)


def _shots(event: EventContext, ledger: Ledger, roster: Roster, fields: Fields) -> Iterator[Sentence]:
    source, team, player = basis.of_event(event), event.team, event.player
    if player < 0 or event.attrs.get("set_piece") == "penalty":
        return
    now_s = ledger.clock_s(event.t_s)
    close = ramp(-number(event.facts.get("soccer.shot.distance")), -FAR_M, -CLOSE_M)
    keeper = keeper_in_goal(event, ledger)
    if event.outcome == "saved" and keeper >= 0:
        n, values = total(ledger, "saves", keeper, of_player=True) + 1, {**fields, "keeper": roster.names[keeper]}
        if n >= SAVES:
            rests = [source, basis.of_stat("soccer.player.saves", roster.ids[keeper], float(n), "count")]
            yield Sentence("saves", {**values, "n": Number(n)}, 0.45 + 0.05 * (n - SAVES), rests)
        else:
            yield Sentence("saved", values, 0.25 + 0.25 * close, [source])
    if ledger.run_team == team and ledger.run_shots + 1 >= SHOTS_IN_A_ROW:
        n = ledger.run_shots + 1
        rests = [source, of_count(event, "shots", team, total(ledger, "shots", team) + 1)]
        yield Sentence("shots_run", {**fields, "shots": Counted(n, SHOTS)}, 0.4 + 0.06 * (n - SHOTS_IN_A_ROW), rests)
    if event.outcome in ON_TARGET and not any(ledger.team_counts[INDEX["shots_on_target"]]) and now_s >= DROUGHT_S[0]:
        rests = [source, of_count(event, "shots_on_target", team, 1)]
        values = {**fields, "minutes": Number(now_s // 60.0)}
        yield Sentence("first_on_target", values, 0.5 + 0.3 * ramp(now_s, *DROUGHT_S), rests)
    since_s = now_s - ledger.shot_s[team]
    if since_s >= DROUGHT_S[0]:
        values = {**fields, "minutes": Number(since_s // 60.0)}
        yield Sentence("drought", values, 0.35 + 0.35 * ramp(since_s, *DROUGHT_S), [source])
    own = total(ledger, "shots", player, of_player=True) + 1
    if own >= SHOTS_OF_ONE and own > max(ledger.player_counts[INDEX["shots"]]):
        values = {**fields, "shots": Counted(own, SHOTS)}
        yield Sentence("shooter", values, 0.4 + 0.06 * (own - SHOTS_OF_ONE), [source, _of_player(event, "shots", own)])
    shots = [total(ledger, "shots", side) + int(side == team) for side in (0, 1)]
    if sum(shots) >= 8 and shots[team] % 5 == 0:
        values = {**fields, "home_shots": Number(shots[0]), "away_shots": Number(shots[1])}
        rests = [source, *(of_count(event, "shots", side, shots[side]) for side in (0, 1))]
        yield Sentence("shots_so_far", values, 0.25 + 0.02 * abs(shots[0] - shots[1]), rests)
    if ledger.move_team == team and ledger.move_passes >= MOVE[0]:
        values = {**fields, "passes": Counted(ledger.move_passes, PASSES)}
        yield Sentence("long_move", values, 0.4 + 0.4 * ramp(float(ledger.move_passes), *MOVE), [source])


def _passes(event: EventContext, ledger: Ledger, fields: Fields) -> Iterator[Sentence]:
    source, team, player = basis.of_event(event), event.team, event.player
    minute = int(ledger.clock_s(event.t_s) // 60.0)
    if ledger.minutes and ledger.minutes[-1][0] != minute and minute >= 10:  # once a minute
        recent = [row for row in ledger.minutes if row[0] >= minute - 10]
        passes = [sum(row[1 + side] for row in recent) for side in (0, 1)]
        both = passes[0] + passes[1]
        # once in a half, unless it changes sides: that it goes on is no news
        if both >= LEAST_PASSES and passes[team] >= MOSTLY[0] * both and ledger.mostly != [event.period, team]:
            share = passes[team] / both
            rests = [source, of_count(event, "passes", team, total(ledger, "passes", team) + 1)]
            yield Sentence(MOST_PASSES, {**fields, "share": Percent(share)}, 0.3 + 0.3 * ramp(share, *MOSTLY), rests)
    if player >= 0 and event.outcome == "complete":
        n = total(ledger, "passes_complete", player, of_player=True) + 1
        if n >= PASSES_OF_ONE and n % 10 == 0 and n > max(ledger.player_counts[INDEX["passes_complete"]]):
            rests = [source, _of_player(event, "passes_complete", n)]
            yield Sentence("passes", {**fields, "n": Number(n)}, 0.25 + 0.2 * ramp(float(n), PASSES_OF_ONE, 100.0), rests)


def _numbered(event: EventContext, ledger: Ledger, fields: Fields) -> Iterator[Sentence]:
    """What this event is the n-th of."""
    source, team, player = basis.of_event(event), event.team, event.player
    other = {**fields, "other": fields["away" if team == 0 else "home"]}
    for name in names(event, ledger):
        n = total(ledger, name, team) + 1
        own = total(ledger, name, player, of_player=True) + 1 if player >= 0 else 0
        if name == "corners" and n >= CORNERS:
            against = total(ledger, name, 1 - team)
            rests = [source, of_count(event, name, team, n), of_count(event, name, 1 - team, against)]
            yield Sentence("corners", {**other, "n": Number(n), "m": Number(against)}, 0.25 + 0.04 * (n - CORNERS), rests)
        elif name == "offsides" and n >= OFFSIDES:
            rests = [source, of_count(event, name, team, n)]
            yield Sentence("offsides", {**fields, "n": Number(n)}, 0.35 + 0.06 * (n - OFFSIDES), rests)
        elif name == "crosses" and n >= CROSSES and n % 5 == 0:
            yield Sentence("crosses", {**fields, "n": Number(n)}, 0.25 + 0.01 * n, [source, of_count(event, name, team, n)])
        elif name == "yellow_cards" and player >= 0:
            both = n + total(ledger, name, 1 - team)
            key = "yellow_card" if both > 1 else "first_card"
            yield Sentence(key, {**fields, "n": Number(both)}, 0.4, [source, of_count(event, name, team, n)])
        elif name == "fouls" and own >= FOULS_OF_ONE:
            rests = [source, _of_player(event, name, own)]
            yield Sentence("fouls", {**fields, "n": Number(own)}, 0.35 + 0.08 * (own - FOULS_OF_ONE), rests)
        elif name == "take_ons" and own >= TAKE_ONS:
            rests = [source, _of_player(event, name, own)]
            yield Sentence("take_ons", {**fields, "n": Number(own)}, 0.35 + 0.06 * (own - TAKE_ONS), rests)
        elif name == "interceptions" and own >= INTERCEPTIONS and own > max(ledger.player_counts[INDEX[name]]):
            rests = [source, _of_player(event, name, own)]
            yield Sentence("interceptions", {**fields, "n": Number(own)}, 0.25 + 0.2 * ramp(own, INTERCEPTIONS, 16.0), rests)
