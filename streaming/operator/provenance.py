"""Where a game comes from: a simulated world, or the real one."""

from __future__ import annotations

from models.home import Origin
from streaming.wire.records import GameRecord


def origin_of(game: GameRecord) -> Origin:
    """A game counts as simulated only when its record names the world that simulated it; any other is real, also one that does not
    say where it comes from."""
    provenance = game.provenance
    return "simulated" if provenance.get("source") == "simulated" and provenance.get("world") else "real"
