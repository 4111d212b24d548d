"""Formations: where each of ten outfield players stands in a block, as (depth, side).

Depth runs from 0 (last line of defence) to 1 (first line of attack), side from -1 (right when looking at the opponents' goal)
to +1 (left). The order is the order of slots 1..10.
"""

from __future__ import annotations

from typing import Final

FORMATIONS: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "4-3-3": (
        (0.06, -0.90), (0.00, -0.30), (0.00, 0.30), (0.06, 0.90),
        (0.38, 0.00), (0.54, -0.42), (0.54, 0.42),
        (0.92, -0.88), (1.00, 0.00), (0.92, 0.88),
    ),
    "4-4-2": (
        (0.06, -0.90), (0.00, -0.30), (0.00, 0.30), (0.06, 0.90),
        (0.52, -0.90), (0.42, -0.28), (0.46, 0.28), (0.52, 0.90),
        (0.94, -0.26), (1.00, 0.26),
    ),
    "4-2-3-1": (
        (0.06, -0.90), (0.00, -0.30), (0.00, 0.30), (0.06, 0.90),
        (0.36, -0.28), (0.36, 0.28),
        (0.74, -0.88), (0.70, 0.00), (0.74, 0.88), (1.00, 0.05),
    ),
    "3-5-2": (
        (0.02, -0.52), (0.00, 0.00), (0.02, 0.52),
        (0.46, -1.00), (0.36, 0.00), (0.54, -0.40), (0.54, 0.40), (0.46, 1.00),
        (0.95, -0.24), (1.00, 0.24),
    ),
    "3-4-3": (
        (0.02, -0.52), (0.00, 0.00), (0.02, 0.52),
        (0.46, -1.00), (0.42, -0.26), (0.42, 0.26), (0.46, 1.00),
        (0.90, -0.70), (1.00, 0.00), (0.90, 0.70),
    ),
}  # fmt: skip


def position(formation: str, n: int) -> str:
    """The usual short name of place ``n`` (0 is the keeper)."""
    if n == 0:
        return "GK"
    depth, side = FORMATIONS[formation][n - 1]
    flank = "R" if side < -0.6 else "L" if side > 0.6 else "C"
    if depth < 0.2:
        return {"R": "RB", "C": "CB", "L": "LB"}[flank]
    if depth < 0.6:
        return {"R": "RM", "C": "CM", "L": "LM"}[flank]
    if depth < 0.85:
        return {"R": "RW", "C": "AM", "L": "LW"}[flank]
    return {"R": "RW", "C": "ST", "L": "LW"}[flank]
