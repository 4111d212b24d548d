"""Records and samples that cannot be used: each is counted, and kept with its reason."""

from __future__ import annotations

import numpy as np

from streaming.errors import BadRecord
from streaming.operator.context import GameContext
from streaming.operator.telemetry.framing import Framer
from streaming.operator.telemetry.tag_buffers import DUPLICATE, REASONS
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, Output
from streaming.wire.records import Event, Telemetry, encode


class Quarantine:
    """What of one game is set aside. With ``strict`` nothing is: ``BadRecord`` is raised instead."""

    def __init__(self, game: GameContext, strict: bool) -> None:
        self.sport, self.channels, self.game = game.sport.name, game.sport.channels, game.game
        self.clock, self.metrics, self.strict = game.clock, game.metrics, strict

    def record(self, record: Telemetry | Event, bad: BadRecord, now_us: int) -> DeadLetter:
        """A record that cannot be used as a whole."""
        if self.strict:
            raise bad
        self.metrics.counts["late" if bad.reason == "late" else "quarantined", bad.reason] += 1
        telemetry = isinstance(record, Telemetry)
        source = topics.telemetry(self.sport) if telemetry else topics.events(self.sport)
        now_us = max(now_us, self.clock.now_us)
        if isinstance(record, Telemetry):
            return DeadLetter(source, self.game, bad.reason, now_us, record, str(bad))
        return DeadLetter.of(source, self.game, bad.reason, now_us, encode(record), str(bad))

    def arrival(self, record: Telemetry | Event, now_us: int) -> DeadLetter:
        """A record, or samples of one, whose stamp of arrival cannot be right."""
        stamps = record.arrival_us
        stamp_us = stamps if isinstance(stamps, int) else int(stamps.max(initial=0))
        now_us = max(now_us, self.clock.now_us, 0)
        bad = BadRecord("arrival ahead", f"stamped {stamp_us} while the game's records arrived at {now_us} (us)")
        letter = self.record(record, bad, now_us)
        self.metrics.counts["quarantined", bad.reason] += len(letter) - 1
        return letter

    def samples(self, framer: Framer, out: list[Output], feed: str = "") -> int:
        """Count the samples that the framer has rejected; all but plain duplicates are kept with their reason."""
        if not framer.buffers.rejected_n[0]:
            return 0
        rows, values = framer.buffers.take_rejected()
        for code in np.unique(rows["reason"]).tolist():
            chosen = rows["reason"] == code
            kind, reason = REASONS[code]
            self.metrics.counts[kind, reason] += int(chosen.sum())
            if code == DUPLICATE:
                continue
            if self.strict:
                raise BadRecord(reason, f"{int(chosen.sum())} samples")
            with np.errstate(invalid="ignore", over="ignore"):
                columns = values[chosen].astype(np.float32)
            packet = Telemetry(
                self.game,
                feed,
                rows["t_us"][chosen],
                rows["tag"][chosen].astype(np.uint32),
                columns[:, 0].copy(),
                columns[:, 1].copy(),
                columns[:, 2].copy(),
                rows["arrival_us"][chosen],
                channels={name: columns[:, 3 + i].copy() for i, name in enumerate(self.channels)},
            )
            out.append(DeadLetter(topics.telemetry(self.sport), self.game, reason, self.clock.now_us, packet))
        return len(rows)
