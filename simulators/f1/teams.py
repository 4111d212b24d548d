"""Who races: ten invented teams of two cars."""

from __future__ import annotations

from typing import Any, Final

from streaming.wire.records import Entity, Tag, Team

_TEAMS: Final = (
    ("Aurelia", "AUR", "#d94f4f"), ("Borealis", "BOR", "#3f8ee5"), ("Cobalt", "COB", "#2b4fb8"), ("Drakon", "DRA", "#e0872d"),
    ("Estrada", "EST", "#2fae6d"), ("Falkenau", "FAL", "#8c8f94"), ("Grindel", "GRI", "#19b5b0"), ("Hokuto", "HOK", "#c94fc1"),
    ("Iskra", "ISK", "#e3c53a"), ("Juniper", "JUN", "#7a4fd9"),
)  # fmt: skip
_FIRST: Final = ("Ada", "Bruno", "Ciro", "Dario", "Elin", "Finn", "Goran", "Hanna", "Ivo", "Jonas", "Kaya", "Luca", "Mira", "Nils",
                 "Otto", "Pia", "Quentin", "Rasmus", "Sora", "Tariq")  # fmt: skip
_LAST: Final = ("Achterberg", "Belmonte", "Castellan", "Dvorsky", "Eklund", "Ferreira", "Galanis", "Hartwig", "Ishida", "Jansson",
                "Kowal", "Lindqvist", "Marchetti", "Nowak", "Okafor", "Petrov", "Quiroga", "Rantanen", "Sorensen",
                "Tanaka")  # fmt: skip


def field(rng: Any, cars: int) -> tuple[tuple[Team, ...], list[Entity], list[Tag]]:
    """Teams, cars and their tags; car ``n`` drives for team ``n // 2`` and has the tag ``n + 1``."""
    first, last = rng.permutation(len(_FIRST)), rng.permutation(len(_LAST))
    teams = tuple(Team(id=short.lower(), name=name, short=short, colour=colour) for name, short, colour in _TEAMS[: -(-cars // 2)])
    entities = [
        Entity(
            id=f"car-{n + 1}",
            name=f"{_FIRST[first[n]]} {_LAST[last[n]]}",
            team=teams[n // 2].id,
            role="car",
            shirt=n + 1,
            position=_LAST[last[n]][:3].upper(),
        )
        for n in range(cars)
    ]
    return teams, entities, [Tag(tag=n + 1, entity=f"car-{n + 1}") for n in range(cars)]
