"""What of an operator's state is no array, and what a snapshot must have in common with the operator that takes it over."""

from __future__ import annotations

import hashlib

import msgspec

from streaming.operator.context import GameContext
from streaming.operator.state_checks import FARTHEST_ROW, times, within
from streaming.wire.arrivals import NEVER, Held
from streaming.wire.records import Event


class PlainState(msgspec.Struct, array_like=True, kw_only=True):
    """In its order on the wire; what older versions did not write has a default."""

    clock: tuple[int, int, int]
    waiting: list[Event]
    settled: dict[str, int]
    ledger: bytes
    active: list[int]
    ticked: int
    tick_revisions: dict[int, int]
    event_revisions: dict[str, int]
    drawn_row: int
    ended: bool
    counts: list[tuple[str, str, int]]
    unavailable: list[tuple[str, str]] = []
    silent_us: int = NEVER
    corrected: int = 0
    arrivals: Held = msgspec.field(default_factory=Held)

    def check(self) -> None:
        """``ValueError`` when a number of its own is out of range; the stages check the rest."""
        times(self.clock, "a clock")
        within(self.drawn_row, -FARTHEST_ROW, FARTHEST_ROW, "the latest drawn row")
        held = self.arrivals
        stamps = [held.newest_us, held.lead_us, *held.stamps[1:]]
        within(stamps, -(1 << 63), (1 << 63) - 1, "a stamp of arrival")
        within([held.against, held.stamps[0]], 0, FARTHEST_ROW, "a number of stamps")
        within([n for *_, n in self.counts], -FARTHEST_ROW, 1 << 62, "a count")


def fingerprint(game: GameContext) -> str:
    """What a snapshot must have in common with the operator that takes it over: the game, its entities and its grid. Signals and
    ledger go by name, so that a newer version with more stats, or fewer, takes over a game in its middle."""
    record = game.record
    parts = [game.grid, record.t0_us, record.periods, record.tags, record.feeds, *game.roster.ids]
    return hashlib.blake2b("\n".join(map(str, parts)).encode(), digest_size=16).hexdigest()
