"""A DFL match information: teams, players and pitch. Teams and players with ids must be there, all else may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulators.providers._files import number, shirt, unique
from simulators.providers._xml import Element, document, need
from streaming.errors import BadInput
from streaming.wire.records import Entity, Team

LENGTH_M, WIDTH_M = 105.0, 68.0

#: DFL's abbreviation of a role -> the role in words
_ROLES = {
    "TW": "Goalkeeper", "IVR": "Right Center Back", "IVL": "Left Center Back", "IVZ": "Center Back", "LV": "Left Back",
    "RV": "Right Back", "DMR": "Right Defensive Midfield", "DRM": "Right Defensive Midfield",
    "DML": "Left Defensive Midfield", "DLM": "Left Defensive Midfield", "DMZ": "Center Defensive Midfield",
    "ZO": "Center Attacking Midfield", "ORM": "Right Midfield", "OLM": "Left Midfield", "HR": "Right Midfield",
    "HL": "Left Midfield", "MZ": "Center Midfield", "RA": "Right Wing", "LA": "Left Wing",
    "STR": "Right Forward", "STL": "Left Forward", "STZ": "Striker",
}  # fmt: skip
_SIDES = {"home": 0, "guest": 1, "away": 1}


@dataclass(frozen=True)
class Match:
    """``teams`` is (home, away); ``entities`` are the players of both in the order of the file, without the ball."""

    ident: str
    result: str
    teams: tuple[Team, Team]
    entities: list[Entity]
    length_m: float
    width_m: float
    pitch: str


def read_match(path: Path) -> Match:
    root = document(path)
    about = root if root.tag == "MatchInformation" else root.find(".//MatchInformation")
    if about is None:
        raise BadInput(f"{path} is no sportec match information: it has no element MatchInformation")
    general = about.find("General")
    known = {} if general is None else dict(general.attrib)
    sides: dict[int, Element] = {}
    for element in about.iter("Team"):
        ident = need(element, "TeamId", path)
        side = _SIDES.get(element.get("Role", "").lower(), -1)
        if side < 0:
            side = {known.get("HomeTeamId"): 0, known.get("GuestTeamId"): 1}.get(ident, -1)
        if side < 0 or side in sides:
            raise BadInput(f"{path} does not say which team is at home: Team {ident} has the Role {element.get('Role', '')!r}")
        sides[side] = element
    if len(sides) != 2:
        raise BadInput(f"{path} is no sportec match information: it names {len(sides)} of two teams")
    teams = [_team(sides[side]) for side in (0, 1)]
    unique((team.id for team in teams), path, "a team")
    entities = [*_entities(sides[0], path), *_entities(sides[1], path)]
    unique((one.id for one in entities), path, "a player")
    if not entities:
        raise BadInput(f"{path} names no players")
    place = about.find("Environment")
    length, width = (
        (float("nan"), float("nan")) if place is None else (number(place.get(name), path, name) for name in ("PitchX", "PitchY"))
    )
    has_size = length > 0 and width > 0
    return Match(
        ident=known.get("MatchId", ""),
        result=known.get("Result", "").strip(),
        teams=(teams[0], teams[1]),
        entities=entities,
        length_m=length if has_size else LENGTH_M,
        width_m=width if has_size else WIDTH_M,
        pitch="as the file says" if has_size else f"{LENGTH_M:g} x {WIDTH_M:g} m, for it is not in the file",
    )


def _team(element: Element) -> Team:
    ident = element.get("TeamId", "")
    return Team(id=ident, name=element.get("TeamName") or element.get("Name") or ident)


def _entities(team: Element, path: Path) -> list[Entity]:
    entities = []
    for one in team.iter("Player"):
        ident, word = need(one, "PersonId", path), one.get("PlayingPosition", "")
        whole = " ".join(part for part in (one.get("FirstName", ""), one.get("LastName", "")) if part)
        entities.append(
            Entity(
                id=ident,
                name=one.get("Shortname") or whole or ident,
                team=team.get("TeamId"),
                shirt=shirt(one.get("ShirtNumber")),
                position=_ROLES.get(word, ""),
                role="keeper" if word == "TW" else "player",
            )
        )
    return entities
