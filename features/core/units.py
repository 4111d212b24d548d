"""SI inside, the field's own units on the wire: the only module that knows both."""

from __future__ import annotations

from typing import Final

#: wire unit -> factor that takes an SI value (m, s, m/s, m/s2, rad, fraction) to it
FROM_SI: Final[dict[str, float]] = {
    "m": 1.0,
    "m2": 1.0,
    "km": 1e-3,
    "s": 1.0,
    "m/s": 1.0,
    "m/s2": 1.0,
    "km/h": 3.6,
    "mph": 3600.0 / 1609.344,
    "yd": 1.0 / 0.9144,
    "yd/s2": 1.0 / 0.9144,
    "ft": 1.0 / 0.3048,
    "ft/s": 1.0 / 0.3048,
    "in": 1.0 / 0.0254,
    "rad": 1.0,
    "deg": 57.29577951308232,
    "rpm": 9.549296585513721,
    "%": 100.0,
    "0..1": 1.0,
    "-1..1": 1.0,
    "count": 1.0,
    "g": 1.0 / 9.80665,
    "lap": 1.0,
    "laps": 1.0,
    "place": 1.0,
    "s/lap": 1.0,
    "score": 1.0,
    "-": 1.0,
    "goals": 1.0,
    "passes": 1.0,
    "points": 1.0,
    "ratio": 1.0,
    "bool": 1.0,
    "index": 1.0,
    "label": 1.0,
    "text": 1.0,
    "object": 1.0,
}


def factor(unit: str) -> float:
    """What one SI unit is in ``unit``.

    >>> factor("km/h")
    3.6
    """
    try:
        return FROM_SI[unit]
    except KeyError:
        raise ValueError(f"unknown unit {unit!r}: add it to features/core/units.py") from None
