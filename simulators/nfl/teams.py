"""Two invented teams of 22: names, numbers, three tags a player."""

from __future__ import annotations

from typing import Final

import numpy as np

from simulators.nfl.plays import POSITIONS, ROLES
from streaming.wire.records import Entity, Tag, Team

BALL_TAG: Final = 0
BALL_ID: Final = "ball"
MOUNTS: Final = ("centre", "left", "right")
UNIT: Final = 22  #: players of a team: eleven who attack, eleven who defend

_CLUBS: Final = (
    ("Granite Bay Herons", "GBH", "#0f766e"), ("Copper Hills Miners", "CHM", "#b45309"), ("Lakeshore Lanterns", "LKL", "#1d4ed8"),
    ("Redwood Foxes", "RWF", "#b91c1c"), ("Prairie Comets", "PRC", "#6d28d9"), ("Tidewater Otters", "TWO", "#0369a1"),
    ("Iron Valley Forge", "IVF", "#374151"), ("Juniper Kestrels", "JNK", "#15803d"),
)  # fmt: skip
_FIRST_NAMES: Final = (
    "Amos", "Brock", "Cade", "Dorian", "Ezra", "Flint", "Gage", "Holden", "Ike", "Jarvis", "Keaton", "Lyle", "Mace", "Nolan",
    "Otis", "Pryce", "Quill", "Reese", "Silas", "Tate", "Urban", "Vance", "Wyatt", "Xander",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Abbeford", "Barrowin", "Calloway", "Dunmere", "Ellsbury", "Farnholt", "Greavely", "Hartwick", "Inglemar", "Jessamy",
    "Kilbourn", "Larkspur", "Mendover", "Northam", "Oakhurst", "Penrow", "Quarterman", "Ravensby", "Stillwell", "Thornby",
    "Upshaw", "Varley", "Wetherell", "Yardwood", "Ashgrove", "Brindle", "Crosswell", "Drayhorn", "Everlock", "Foxcroft",
    "Gilroyd", "Hollister", "Isbrand", "Juddson", "Kestreld", "Lockmere", "Merriden", "Nettleby", "Orrinton", "Pikeward",
    "Rushmere", "Sandoval", "Tamblyn", "Underhill",
)  # fmt: skip
_SHIRTS: Final = (12, 28, 72, 66, 52, 64, 76, 87, 80, 84, 11, 94, 97, 93, 91, 55, 50, 58, 24, 21, 33, 31)


def squads(rng: np.random.Generator) -> tuple[tuple[Team, Team], list[Entity], list[Tag]]:
    """Teams, entities (home, away, ball; offence before defence) and tags."""
    clubs = rng.choice(len(_CLUBS), 2, replace=False)
    last, first = rng.permutation(len(_LAST_NAMES)), rng.integers(0, len(_FIRST_NAMES), 2 * UNIT)
    teams, entities, tags = [], [], []
    for side, club in enumerate(clubs.tolist()):
        name, short, colour = _CLUBS[club]
        ident = ("home", "away")[side]
        teams.append(Team(id=ident, name=name, short=short, colour=colour))
        for n in range(UNIT):
            row = side * UNIT + n
            player_name = f"{_FIRST_NAMES[int(first[row])]} {_LAST_NAMES[int(last[row])]}"
            entities.append(
                Entity(id=f"{ident}-{n + 1}", name=player_name, team=ident, role=ROLES[n], shirt=_SHIRTS[n], position=POSITIONS[n])
            )
            tags += [Tag(tag=1 + 3 * row + k, entity=f"{ident}-{n + 1}", mount=mount) for k, mount in enumerate(MOUNTS)]
    entities.append(Entity(id=BALL_ID, name="Ball", role="ball"))
    tags.append(Tag(tag=BALL_TAG, entity=BALL_ID))
    return (teams[0], teams[1]), entities, tags
