"""Events of people and teams that the line-up does not know: they count for their team, and it is noted how many there were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Team

#: attrs that name a person
_NAMED = ("receiver", "player_on", "keeper")


def settled(
    events: Iterable[Event], teams: Sequence[Team], entities: Sequence[Entity], source: str
) -> tuple[list[Event], dict[str, str]]:
    """The events with nobody in them who is not in the game, and {"unknown": how many that were} for the provenance, or {}.

    An event of such a player counts for its team with the player unknown; one that names no team takes its player's. A row that
    stands twice is one event; two events of one id are refused, for the later would silently take the place of the earlier.
    """
    team_of = {entity.id: entity.team for entity in entities}
    known = {team.id for team in teams}
    strangers: Counter[str] = Counter()
    sides: Counter[str] = Counter()
    kept: dict[str, Event] = {}
    for event in events:
        player, team = event.player, event.team
        if player is not None and player not in team_of:
            strangers[player] += 1
            player = None
        if team is not None and team not in known:
            sides[team] += 1
            team = None
        if team is None and player is not None:
            team = team_of[player]
        named = {name: who for name in _NAMED if (who := event.attrs.get(name)) is not None}
        lost = [name for name, who in named.items() if who not in team_of]
        if player != event.player or team != event.team or lost:
            attrs = {name: value for name, value in event.attrs.items() if name not in lost}
            event = msgspec.structs.replace(event, player=player, team=team, attrs=attrs)
        if kept.setdefault(event.id, event) != event:
            raise BadInput(f"{source} has two events with the id {event.id!r}")
    notes = []
    for counted, what in ((strangers, "players who are not in the line-up"), (sides, "teams that do not play")):
        if counted:
            names = ", ".join(sorted(counted)[:5]) + (", ..." if len(counted) > 5 else "")
            number = sum(counted.values())
            notes.append(f"{number} event{'s' if number > 1 else ''} by {what} ({names})")
    return list(kept.values()), {"unknown": "; ".join(notes)} if notes else {}
