"""Highlights and stories of a game, made by the engine itself, and whether every score is among them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec

from features.common.airtime import Airtime
from features.core.sport import Sport
from streaming.operator.game import GameOperator
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event, GameRecord, Telemetry

HIGHLIGHT, STORY = "game.highlight", "game.story"


@dataclass
class OnAirCounts:
    """The final highlights and stories of a game by event, in order of time; ``shown_us`` when each highlight's event was;
    ``offered`` how strong the latest candidates for a highlight, and for a sentence, were."""

    game: str
    title: str
    highlights: dict[str, dict[str, Any]] = field(default_factory=dict)
    stories: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown_us: dict[str, int] = field(default_factory=dict)
    offered: tuple[list[float], list[float]] = ([], [])

    def closest_s(self) -> float:
        """Seconds between the two nearest highlights of different moves; infinite with fewer than two."""
        alone = sorted(t for event, t in self.shown_us.items() if not self.highlights[event]["follows"])
        return min((b - a for a, b in pairwise(alone)), default=float("inf")) / 1e6


def aired(sport: Sport, record: GameRecord, records: Iterable[Telemetry | Event], *, tracking: bool = False) -> OnAirCounts:
    """Run a game through an operator that has no models and nothing to work out but what is aired; without ``tracking`` from its
    events alone. What a model would add is not there, as in a game in which none may answer."""
    stats = tuple(stat for stat in sport.stats if stat.kind == "event" and stat.model is None)
    reduced = dataclasses.replace(sport, stats=stats)
    if not tracking:
        reduced = dataclasses.replace(reduced, signals=(), steps=())
        record = msgspec.structs.replace(record, feeds=[feed for feed in record.feeds if feed.kind == "events"])
    operator = GameOperator(reduced, record, {}, draw=False, provisional=False)
    found = OnAirCounts(record.game, record.title)
    for one in records:
        if tracking or isinstance(one, Event):
            _take(operator.on_record(one), found)
    _take(operator.finish(), found)
    ledger = operator.events.ledger.live
    if isinstance(getattr(ledger, "shown", None), Airtime):
        found.offered = ledger.shown.strengths, ledger.said.strengths
    for kind in (found.highlights, found.stories):
        for event in [event for event, value in kind.items() if value is None]:
            del kind[event]
    return found


def _take(outputs: Iterable[Any], found: OnAirCounts) -> None:
    for block in outputs:
        if isinstance(block, StatBlock) and block.stat in (HIGHLIGHT, STORY) and block.event is not None:
            kind = found.highlights if block.stat == HIGHLIGHT else found.stories
            kind[block.event] = block.values[0][0]
            if block.stat == HIGHLIGHT:
                found.shown_us[block.event] = int(block.end_us[0])
