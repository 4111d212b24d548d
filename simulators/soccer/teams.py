"""Invented clubs and players: names, shirts, formations, bodies, and planned substitutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simulators.soccer.formations import FORMATIONS, position
from simulators.soccer.state import N_TRAITS, SQUAD, T_ACCEL, T_HEIGHT, T_LEFT, T_SPEED, T_TACKLE, T_WORK, Floats
from streaming.wire.records import Entity, Tag, Team

BALL_TAG: Final = 0
BALL_ID: Final = "ball"

_CLUBS: Final = (
    ("Northgate Rovers", "NOR", "#c8102e"), ("Harbour City", "HAR", "#1d4ed8"), ("Eastmoor Athletic", "EAS", "#f59e0b"),
    ("Vale Wanderers", "VAL", "#15803d"), ("Kingsbridge United", "KIN", "#7c3aed"), ("Saltmarsh Town", "SAL", "#0891b2"),
    ("Ironside Albion", "IRO", "#334155"), ("Westlake Rangers", "WES", "#be185d"), ("Millfield Sporting", "MIL", "#65a30d"),
    ("Port Linden", "LIN", "#ea580c"),
)  # fmt: skip
_FIRST_NAMES: Final = (
    "Adan", "Bruno", "Casper", "Dario", "Elias", "Femi", "Goran", "Hugo", "Ivo", "Jonas", "Kofi", "Luca", "Milan", "Noel",
    "Oskar", "Pavel", "Rafa", "Sven", "Tomas", "Umar", "Viktor", "Wim", "Xabi", "Yaw", "Zeno", "Aksel", "Benat", "Cyril",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Abara", "Bellini", "Corvo", "Dahlin", "Estevar", "Fjeld", "Garrow", "Haldane", "Ibsenn", "Jarvik", "Kessler", "Lindqvar",
    "Marchetto", "Nakoro", "Okwari", "Pelletan", "Quintas", "Rosvall", "Sorokan", "Tavarel", "Ulvang", "Verholt", "Wexley",
    "Yarrowby", "Zoltari", "Ashdown", "Brannick", "Castellar", "Drummel", "Elstow", "Fenwich", "Grimaldo", "Hartsen", "Iverly",
    "Jansby", "Kolomar", "Lathbury", "Mondriga", "Norvane", "Ostrander",
)  # fmt: skip


@dataclass(frozen=True)
class Squads:
    """Both teams, ready for the record and for the engine. Row of a player: team * 18 + place in the squad."""

    teams: tuple[Team, Team]
    formations: tuple[str, str]
    entities: list[Entity]  # players in row order, then the ball
    tags: list[Tag]
    tag_of: npt.NDArray[np.uint32]  # (36,)
    traits: Floats
    shape: Floats
    subs: Floats


def squads(rng: np.random.Generator, half_s: float) -> Squads:
    """Draw two squads; substitutions are planned from 0.15 of the second half on, three to five a team."""
    home, away = (int(c) for c in rng.choice(len(_CLUBS), 2, replace=False))
    names = rng.permutation(len(_FIRST_NAMES) * len(_LAST_NAMES))[: 2 * SQUAD]
    family_order = rng.permutation(len(_LAST_NAMES))
    teams, formations, entities, tags = [], [], [], []
    traits = np.zeros((2 * SQUAD, N_TRAITS))
    shape = np.zeros((22, 2))
    subs = []
    for team, club in enumerate((home, away)):
        name, short, colour = _CLUBS[club]
        team_id = ("home", "away")[team]
        teams.append(Team(id=team_id, name=name, short=short, colour=colour))
        formation = str(rng.choice(list(FORMATIONS)))
        formations.append(formation)
        shape[team * 11 + 1 : team * 11 + 11] = FORMATIONS[formation]
        shape[team * 11] = (-0.2, 0.0)
        for n in range(SQUAD):
            row = team * SQUAD + n
            keeper = n in (0, 11)
            place = n if n < 11 else 0 if n == 11 else int(rng.integers(1, 11))
            player_name = f"{_FIRST_NAMES[int(names[row]) % len(_FIRST_NAMES)]} {_LAST_NAMES[int(family_order[row])]}"
            entities.append(
                Entity(
                    id=f"{team_id}-{n + 1}",
                    name=player_name,
                    team=team_id,
                    role="keeper" if keeper else "player",
                    shirt=n + 1,
                    position=position(formation, place),
                )
            )
            tags.append(Tag(tag=1 + row + 64 * team, entity=f"{team_id}-{n + 1}"))
            traits[row, T_SPEED] = rng.uniform(7.9, 8.4) if keeper else np.clip(rng.normal(9.0, 0.28), 8.4, 9.6)
            traits[row, T_ACCEL] = rng.uniform(4.2, 4.9)
            traits[row, T_WORK] = rng.uniform(0.94, 1.06)
            traits[row, T_LEFT] = float(rng.random() < 0.24)
            traits[row, T_TACKLE] = rng.random()
            traits[row, T_HEIGHT] = rng.random()
        count = int(rng.integers(3, 6))
        leavers = rng.choice(np.arange(4, 11), count, replace=False)
        times = np.sort(rng.uniform(0.15, 0.85, count)) * half_s + half_s
        subs += [(times[n], team * 11 + int(leavers[n]), team * SQUAD + 12 + n, 0.0) for n in range(count)]
    entities.append(Entity(id=BALL_ID, name="Ball", role="ball"))
    tags.append(Tag(tag=BALL_TAG, entity=BALL_ID))
    subs.sort()
    return Squads(
        (teams[0], teams[1]),
        (formations[0], formations[1]),
        entities,
        tags,
        np.array([t.tag for t in tags[:-1]], np.uint32),
        traits,
        shape,
        np.array(subs, np.float64).reshape(-1, 4),
    )
