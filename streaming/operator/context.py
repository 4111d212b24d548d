"""What the stages of one game's operator share: built once from the game's record, handed to each of them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.core.frames import Field, Roster
from features.core.sport import Sport
from models.base import Model
from models.home import Origin
from streaming.errors import BadInput
from streaming.operator.inference.client import DeadlineBudget
from streaming.operator.limits import check_record, check_size, row_bytes
from streaming.operator.metrics import OperatorMetrics
from streaming.operator.provenance import origin_of
from streaming.operator.roster import roster_of
from streaming.operator.stopwatch import Stopwatch, step_names
from streaming.operator.telemetry.frame_buffer import FrameBuffer, reach_of, rows_of
from streaming.operator.telemetry.grid import SECOND_US, Grid
from streaming.operator.telemetry.watermarks import GameClock
from streaming.wire.records import GameRecord

#: rows computed in one go, s; results do not depend on it
BATCH_S: Final = 5.0
#: what an event may look at besides its own frame: this far back, and this far ahead
BEHIND_S: Final = 3.0
AHEAD_S: Final = 0.6
#: for so long after it was settled an event's frames may be read again, s; later, what was read from them stands
REREAD_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GameContext:
    """The game, its clock and grid, its frames, and what its stages count, time and spend.

    ``steps`` is the place of each named step in ``metrics``; ``models`` are those that the game begins with, by id, ``requested``
    those of them that were requested by name. ``events_bytes`` is how much the game may keep of its events.
    """

    sport: Sport
    record: GameRecord
    roster: Roster
    grid: Grid
    clock: GameClock
    frame_buffer: FrameBuffer
    events_bytes: int
    metrics: OperatorMetrics
    stopwatch: Stopwatch
    steps: Mapping[str, int]
    budget: DeadlineBudget
    models: Mapping[str, Model]
    requested: Container[str]

    @classmethod
    def of(cls, sport: Sport, record: GameRecord, models: Mapping[str, Model], requested: Container[str] = ()) -> GameContext:
        """``BadInput`` when the record is of another sport, or contradicts itself."""
        if record.sport != sport.name:
            raise BadInput(f"game {record.game!r} is {record.sport}, not {sport.name}")
        roster = roster_of(record, sport.teams)
        check_record(sport, record, roster)
        grid = Grid.of(record.t0_us, record.grid_hz or sport.grid_hz, sport.hop_s, sport.span_s)
        frame_buffer, events_bytes = _frame_buffer(sport, record, roster, grid)
        metrics = OperatorMetrics(step_names(sport))
        return cls(
            sport=sport,
            record=record,
            roster=roster,
            grid=grid,
            clock=GameClock(_lateness_us(record, "telemetry"), _lateness_us(record, "events")),
            frame_buffer=frame_buffer,
            events_bytes=events_bytes,
            metrics=metrics,
            stopwatch=Stopwatch(metrics),
            steps={name: i for i, name in enumerate(metrics.steps)},
            budget=DeadlineBudget(),
            models=models,
            requested=requested,
        )

    @property
    def game(self) -> str:
        """The id of the game."""
        return self.record.game

    @property
    def origin(self) -> Origin:
        return origin_of(self.record)

    @property
    def has_tracking(self) -> bool:
        return self._has("telemetry")

    @property
    def has_events(self) -> bool:
        return self._has("events")

    @property
    def event_sync_us(self) -> int:
        """How far an event's clock may be from the tracking's."""
        return 1000 * max((feed.sync_ms for feed in self.record.feeds if feed.kind == "events"), default=0)

    def _has(self, kind: str) -> bool:
        return any(feed.kind == kind for feed in self.record.feeds)


def _lateness_us(record: GameRecord, kind: str) -> int:
    return 1000 * max((feed.lateness_ms for feed in record.feeds if feed.kind == kind), default=0)


def _frame_buffer(sport: Sport, record: GameRecord, roster: Roster, grid: Grid) -> tuple[FrameBuffer, int]:
    """As long as the farthest look back of an event or a signal asks for; and how many bytes are left for events."""
    batch = max(grid.hop, int(BATCH_S * grid.hz) // grid.hop * grid.hop)
    sync_s = max((feed.sync_ms for feed in record.feeds), default=0) / 1000
    reach_s = BEHIND_S + AHEAD_S + 2 * sync_s + _lateness_us(record, "events") / SECOND_US + REREAD_S + BATCH_S + 1.0
    keep_s = max([reach_s, *(signal.keep_s for signal in sport.signals)])
    keep = int(np.ceil((keep_s * grid.hz + grid.span) / grid.hop)) * grid.hop
    field = Field(record.length_m or sport.field.length_m, record.width_m or sport.field.width_m, sport.field.origin)
    slack_s = 2 * sync_s + REREAD_S
    rows, reach = rows_of(keep, batch), reach_of(sport, grid, slack_s)
    kept = {name: min(keep, reach.get(name, keep)) + grid.hop for name in row_bytes(sport, len(roster))}
    events_bytes = check_size(sport, record, len(roster), grid, rows, kept)
    return FrameBuffer(sport, roster, field, grid, keep, batch, slack_s), events_bytes
