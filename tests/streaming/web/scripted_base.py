"""What the made-up games of ``scripted_sports`` have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from streaming.operator.metrics import OperatorMetrics
from streaming.wire.blocks import FrameBlock, Output, StatBlock
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Team

HOP_S, HZ = 0.2, 10
YD, FT = 0.9144, 0.3048
T0_US = 1_700_000_000_000_000


class Scripted:
    """A game in steps of 200 ms: ``step()`` gives outputs and events. Subclasses have the positions, and what is published."""

    sport = ""
    steps: tuple[str, ...] = ("framing", "motion", "windows", "emit")

    def __init__(self, record: GameRecord) -> None:
        self.record, self.k, self.n = record, 0, 0
        self.ids = tuple(e.id for e in record.entities)
        self.metrics = OperatorMetrics(self.steps)
        self.out: list[Output] = []
        self.events: list[Event] = []

    @property
    def t(self) -> float:
        return self.k * HOP_S

    @property
    def now_us(self) -> int:
        return self.record.t0_us + round(self.t * 1e6)

    def publish(self, stat: str, unit: str, subjects: Any, values: Any, event: str | None = None, **more: Any) -> None:
        """One window's values, or one event's."""
        subjects = (subjects,) if isinstance(subjects, str) else tuple(subjects)
        values = [values] if len(subjects) == 1 else values
        self.out.append(
            StatBlock(
                stat=stat,
                game=self.record.game,
                sport=self.sport,
                unit=unit,
                subjects=subjects,
                end_us=np.array([self.now_us]),
                span_us=400_000,
                values=[values] if any(isinstance(v, str) for v in values) else np.array([values], float),
                quality=more.pop("quality", "final"),
                ingress_us=np.array([self.now_us]),
                event=event,
                **more,
            )
        )

    def report(self, kind: str, **more: Any) -> str:
        """An event as it was reported; returns its id."""
        self.n += 1
        ident = f"{kind}-{self.n}"
        self.events.append(Event(id=ident, game=self.record.game, type=kind, t_us=self.now_us, **more))
        return ident

    def positions(self, t: float) -> np.ndarray:
        """(N, 3) m at ``t`` seconds."""
        raise NotImplementedError

    def publish_step(self) -> None:
        """What is published at this step."""
        raise NotImplementedError

    def step(self) -> tuple[list[Output], list[Event]]:
        self.k += 1
        self.out, self.events = [], []
        times = self.t - HOP_S + np.arange(1, HZ // 5 + 1) / HZ
        xyz = np.stack([self.positions(x) for x in times]).astype(np.float32)
        t_us = (self.record.t0_us + np.round(times * 1e6)).astype(np.int64)
        self.publish_step()
        self.metrics.windows += 1
        ns = 1000 * (1 + np.random.default_rng(self.k).random(len(self.steps)) * 3)
        self.metrics.step_last_ns[:] = ns
        self.metrics.step_ns += self.metrics.step_last_ns
        self.metrics.step_max_ns[:] = np.maximum(self.metrics.step_max_ns, self.metrics.step_last_ns)
        self.metrics.step_calls += 1
        self.metrics.window_latency.add(float(ns.sum()) / 1000)
        return [FrameBlock(self.record.game, self.sport, self.ids, t_us, xyz, 1), *self.out], self.events


def record_of(game: str, sport: str, title: str, teams: list[Team], people: list[Entity], t0_us: int) -> GameRecord:
    return GameRecord(
        game=game,
        sport=sport,
        t0_us=t0_us,
        title=title,
        teams=tuple(teams),
        entities=people,
        tags=[],  # type: ignore[arg-type]
        feeds=[Feed(name="tracking", kind="telemetry", rate_hz=float(HZ)), Feed(name="events", kind="events")],
        periods=[Period(number=1, start_us=t0_us)],
    )
