"""Axis N of a game: who is in it, in a fixed order, from its record."""

from __future__ import annotations

from features.core.frames import Roster
from streaming.errors import BadInput
from streaming.wire.records import GameRecord


def roster_of(game: GameRecord, needed: int | None = None) -> Roster:
    """Axis N of a game; ``BadInput`` when its record contradicts itself, or has not the ``needed`` number of teams."""
    teams = {team.id: i for i, team in enumerate(game.teams)}
    if len(teams) != len(game.teams):
        raise BadInput(f"game {game.game!r} lists a team twice")
    if needed is not None and len(teams) != needed:
        raise BadInput(f"game {game.game!r} has {len(teams)} teams; {game.sport} is played by {needed}")
    entities = []
    for entity in game.entities:
        if entity.team is not None and entity.team not in teams:
            raise BadInput(f"game {game.game!r}: {entity.id!r} plays for the unknown team {entity.team!r}")
        entities.append((entity.id, -1 if entity.team is None else teams[entity.team], entity.role))
    roster = Roster.of(entities, tuple(teams), tuple(e.name for e in game.entities), tuple(team.name for team in game.teams))
    if len(roster.index) != len(entities):
        raise BadInput(f"game {game.game!r} lists an entity twice")
    known = [tag.tag for tag in game.tags]
    if len(set(known)) != len(known):
        raise BadInput(f"game {game.game!r} lists a tag twice")
    strangers = [tag.entity for tag in game.tags if tag.entity not in roster.index]
    if strangers:
        raise BadInput(f"game {game.game!r}: a tag belongs to {strangers[0]!r}, who is not in the game")
    return roster
