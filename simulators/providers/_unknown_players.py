"""Events of players and teams that are not in the line-up: they count for their team, and their number is noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Team

#: attrs that name a player
_NAMED = ("receiver", "player_on", "keeper")


def without_unknown_players(
    events: Iterable[Event], teams: Sequence[Team], entities: Sequence[Entity], source: str
) -> tuple[list[Event], dict[str, str]]:
    """The events without unknown players and teams, and {"unknown": their number} for the provenance, or {}.

    An event of an unknown player counts for its team, with player None; an event without a team takes its player's. A repeated row
    is one event. Two different events with one id are refused, because the later would silently replace the earlier.
    """
    team_of = {entity.id: entity.team for entity in entities}
    known = {team.id for team in teams}
    unknown_players: Counter[str] = Counter()
    unknown_teams: Counter[str] = Counter()
    events_by_id: dict[str, Event] = {}
    for event in events:
        player, team = event.player, event.team
        if player is not None and player not in team_of:
            unknown_players[player] += 1
            player = None
        if team is not None and team not in known:
            unknown_teams[team] += 1
            team = None
        if team is None and player is not None:
            team = team_of[player]
        named = {name: who for name in _NAMED if (who := event.attrs.get(name)) is not None}
        unknown_attrs = [name for name, who in named.items() if who not in team_of]
        if player != event.player or team != event.team or unknown_attrs:
            attrs = {name: value for name, value in event.attrs.items() if name not in unknown_attrs}
            event = msgspec.structs.replace(event, player=player, team=team, attrs=attrs)
        if events_by_id.setdefault(event.id, event) != event:
            raise BadInput(f"{source} has two events with the id {event.id!r}")
    notes = []
    for counted, what in ((unknown_players, "players who are not in the line-up"), (unknown_teams, "teams that do not play")):
        if counted:
            names = ", ".join(sorted(counted)[:5]) + (", ..." if len(counted) > 5 else "")
            number = sum(counted.values())
            notes.append(f"{number} event{'s' if number > 1 else ''} by {what} ({names})")
    return list(events_by_id.values()), {"unknown": "; ".join(notes)} if notes else {}
