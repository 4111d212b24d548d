"""A sport small enough to work out by hand: N runners and a ball, a speed, a spread, marks, and a running count."""

from __future__ import annotations

import msgspec
import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Field, Frames
from features.core.sport import EventStep, Signal, Sport, Stat, Step
from streaming.operator.game import GameOperator
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

T0 = 1_700_000_000_000_000
HZ = 25


def _speed(f: Frames) -> None:
    out = f["toy_speed"]
    for i in range(f.lo, f.hi):
        step = f.xyz[i, :, :2] - f.xyz[i - 1, :, :2]
        out[i] = np.sqrt((step * step).sum(axis=1)) / f.dt_s


def _path(f: Frames) -> None:
    out, speed = f["toy_path"], f["toy_speed"]
    for i in range(f.lo, f.hi):
        out[i] = out[i - 1] + np.nan_to_num(speed[i]) * f.dt_s


def _count(f: Frames) -> None:
    count = f.state["toy.count.rows"]
    for i in range(f.lo, f.hi):
        count += np.isfinite(f.xyz[i, :, 0])
        f["toy_rows"][i] = count


def _facts(m: EventContext) -> None:
    m.facts["rows_ahead"] = 0 if m.frames is None else m.frames.hi - m.row
    m.facts["near_x"] = None if m.row < 0 else float(m.frames.xyz[m.row, m.player, 0])


class Ledger(msgspec.Struct):
    players: int
    marks: list[int] = msgspec.field(default_factory=lambda: [0, 0])
    last: float = 0.0


def _apply(m: EventContext, ledger: Ledger) -> None:
    ledger.marks[m.team] += 1
    ledger.last = m.t_s


TOY = Sport(
    name="toy",
    field=Field(105.0, 68.0),
    grid_hz=HZ,
    hop_s=0.2,
    span_s=0.4,
    max_speed_mps={"player": 13.0, "ball": 60.0},
    event_types=frozenset({"mark", "pause"}),
    signals=(
        Signal("toy_speed", "m/s", ("N",)),
        Signal("toy_path", "m", ("N",), fill=0.0),
        Signal("toy_rows", "count", ("N",), fill=0.0),
    ),
    steps=(
        Step("toy.speed", _speed),
        Step("toy.path", _path),
        Step("toy.count", _count, state={"rows": ("N",)}),
    ),
    event_steps=(
        EventStep("toy.facts", _facts, ("mark",), "extract"),
        EventStep("toy.apply", _apply, ("mark",), "apply"),
    ),
    stats=(
        Stat("toy.player.speed", "km/h", "speed at the window's end", "player", lambda f, ends: f["toy_speed"][ends]),
        Stat("toy.player.path", "km", "path so far", "player", lambda f, ends: f["toy_path"][ends]),
        Stat("toy.player.rows", "count", "rows so far", "player", lambda f, ends: f["toy_rows"][ends], every_s=1.0),
        Stat("toy.mark.x", "m", "where the marker stood", "player", lambda m, ledger: m.facts["near_x"], on=("mark",)),
        Stat("toy.mark.ahead", "count", "rows to look at", "match", lambda m, ledger: float(m.facts["rows_ahead"]), on=("mark",)),
        Stat(
            "toy.mark.before",
            "count",
            "marks before this one",
            "team",
            lambda m, ledger: float(ledger.marks[m.team]),
            on=("mark",),
            depends_on_ledger=True,
        ),
        Stat(
            "toy.team.marks",
            "count",
            "marks so far",
            "team",
            lambda ledger, t_s: list(map(float, ledger.marks)),
            ticks=True,
            every_s=1.0,
        ),
    ),
    ledger=Ledger,
    channels=("in_play",),
)


def game(runners: int = 4, *, aligned: bool = True, rate_hz: float = HZ, sync_ms: int = 0, tracking: bool = True) -> GameRecord:
    """Runner i has tag 10 + i; the ball, tag 99, is last."""
    entities = [Entity(id=f"r{i}", team="home" if i % 2 == 0 else "away") for i in range(runners)]
    entities.append(Entity(id="ball", role="ball"))
    feeds = [Feed(name="events", kind="events", lateness_ms=5000, sync_ms=sync_ms)]
    if tracking:
        feeds.insert(0, Feed(name="tracking", kind="telemetry", rate_hz=rate_hz, lateness_ms=100, aligned=aligned))
    return GameRecord(
        game="toy-1",
        sport="toy",
        t0_us=T0,
        teams=(Team(id="home", name="Home"), Team(id="away", name="Away")),
        entities=entities,
        tags=[Tag(tag=10 + i, entity=f"r{i}") for i in range(runners)] + [Tag(tag=99, entity="ball")],
        feeds=feeds,
        periods=[Period(number=1, start_us=T0, home_attacks=1)],
        provenance={"source": "simulated", "world": "toy"},
    )


def track(seconds: float, runners: int = 4, *, hz: float = HZ, start_s: float = 0.0, seed: int = 1) -> Telemetry:
    """Every player runs a smooth line; the samples of one instant are adjacent, and arrive 4 ms later."""
    rng = np.random.default_rng(seed)
    n = runners + 1
    times = start_s + np.arange(1, int(seconds * hz) + 1) / hz
    phase, pace = rng.uniform(0, 6, n), rng.uniform(0.1, 0.5, n)
    x = 20 * np.sin(pace * times[:, None] + phase)
    y = 15 * np.cos(pace * times[:, None] + 2 * phase)
    t_us = T0 + np.round(np.repeat(times, n) * 1e6).astype(np.int64)
    tags = np.tile(np.array([*range(10, 10 + runners), 99], np.uint32), len(times))
    return Telemetry(
        "toy-1",
        "tracking",
        t_us,
        tags,
        x.ravel().astype(np.float32),
        y.ravel().astype(np.float32),
        np.zeros(len(t_us), np.float32),
        t_us + 4000,
        channels={"in_play": np.ones(len(t_us), np.float32)},
    )


def mark(i: int, t_s: float, player: int = 0, *, revision: int = 0, deleted: bool = False, delay_s: float = 1.0) -> Event:
    t_us = T0 + round(t_s * 1e6)
    return Event(
        id=f"e{i}",
        game="toy-1",
        type="mark",
        t_us=t_us,
        period=1,
        team="home" if player % 2 == 0 else "away",
        player=f"r{player}",
        revision=revision,
        deleted=deleted,
        arrival_us=t_us + round(delay_s * 1e6),
    )


def final_only(record: GameRecord) -> GameOperator:
    """An operator of it that publishes only finals."""
    return GameOperator(TOY, record, provisional=False)
