"""Invented clubs and players: positions, and how fast they run, deliver and throw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simulators.mlb.draws import deliveries, pops, sprints
from streaming.wire.records import Entity, Tag, Team

Floats = npt.NDArray[np.float64]

BALL_ID: Final = "ball"
#: a team: starter, eight in the field, a hitter who does not field, a reliever
POSITIONS: Final = ("P", "C", "1B", "2B", "3B", "SS", "LF", "CF", "RF", "DH", "RP")
TEAM: Final = len(POSITIONS)
STARTER, CATCHER, RELIEVER = 0, 1, 10
_ROLES: Final = {"P": "pitcher", "RP": "pitcher", "C": "catcher", "DH": "hitter"}

_CLUBS: Final = (
    ("Cedar Falls Herons", "CDR", "#0f766e"), ("Port Alder Pilots", "PAP", "#1d4ed8"), ("Granite Bay Miners", "GBM", "#b45309"),
    ("Lakemont Larks", "LKM", "#7c3aed"), ("Redfield Foxes", "RDF", "#c8102e"), ("Salt River Kings", "SRK", "#334155"),
    ("Thornbury Hawks", "THB", "#be185d"), ("Union Point Sailors", "UPS", "#0369a1"),
)  # fmt: skip
_FIRST_NAMES: Final = (
    "Abel", "Benno", "Calvin", "Desmond", "Emeric", "Farid", "Gideon", "Horace", "Ismael", "Jarek", "Kelvin", "Lorenz", "Marlon",
    "Nestor", "Orrin", "Piers", "Quentin", "Rainer", "Silas", "Tobin", "Ulises", "Vance", "Wendell", "Yancy", "Zoran",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Aldercott", "Barroway", "Castellane", "Dunmore", "Eskildson", "Farrant", "Galvez-Orr", "Hollinder", "Imbert", "Jessop",
    "Kilbrane", "Lascombe", "Marrufo", "Nakagama", "Ortwin", "Pellworth", "Quillan", "Rosenthorn", "Sandovar", "Tremblett",
    "Urquijo", "Vandermoor", "Whitlow", "Yarborne", "Zabriski", "Ambrow", "Bexlund", "Corderoy", "Delacruze", "Everleigh",
)  # fmt: skip


@dataclass(frozen=True)
class Clubs:
    """Both teams. Row of a player: team * 11 + place in ``POSITIONS``; the ball comes last."""

    teams: tuple[Team, Team]
    entities: list[Entity]
    tags: list[Tag]
    sprint_mps: Floats  # (22,)
    delivery_s: Floats  # (22,) NaN but for pitchers
    pop_s: Floats  # (22,) NaN but for catchers
    exchange_s: Floats  # (22,) NaN but for catchers
    velocity_mps: Floats  # (22,) of the fastball, NaN but for pitchers
    order: npt.NDArray[np.int64]  # (2, 9) rows in batting order


def clubs(rng: np.random.Generator) -> Clubs:
    """Draw two clubs; the first plays at home."""
    chosen = rng.choice(len(_CLUBS), 2, replace=False)
    first, last = rng.integers(0, len(_FIRST_NAMES), 2 * TEAM), rng.permutation(len(_LAST_NAMES))[: 2 * TEAM]
    teams, entities, tags = [], [], []
    for t, club in enumerate(chosen.tolist()):
        name, short, colour = _CLUBS[club]
        team_id = ("home", "away")[t]
        teams.append(Team(id=team_id, name=name, short=short, colour=colour))
        for k, position in enumerate(POSITIONS):
            row = t * TEAM + k
            entities.append(
                Entity(
                    id=f"{team_id}-{k + 1}",
                    name=f"{_FIRST_NAMES[int(first[row])]} {_LAST_NAMES[int(last[row])]}",
                    team=team_id,
                    role=_ROLES.get(position, "fielder"),
                    shirt=int(rng.integers(1, 5)) + 5 * k,
                    position=position,
                )
            )
            tags.append(Tag(tag=100 * (t + 1) + k, entity=f"{team_id}-{k + 1}"))
    entities.append(Entity(id=BALL_ID, name="Ball", role="ball"))
    tags.append(Tag(tag=1, entity=BALL_ID))
    n = 2 * TEAM
    pitcher = np.array([p in ("P", "RP") for p in POSITIONS] * 2)
    catcher = np.array([p == "C" for p in POSITIONS] * 2)
    hitters = np.array([k for k in range(TEAM) if POSITIONS[k] not in ("P", "RP")])
    return Clubs(
        (teams[0], teams[1]),
        entities,
        tags,
        sprints(rng, n),
        np.where(pitcher, deliveries(rng, n), np.nan),
        np.where(catcher, pops(rng, n), np.nan),
        np.where(catcher, rng.uniform(0.64, 0.78, n), np.nan),
        np.where(pitcher, rng.uniform(40.3, 43.4, n), np.nan),
        np.stack([rng.permutation(hitters) + t * TEAM for t in range(2)]),
    )
