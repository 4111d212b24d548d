"""A place or a speed that jumps is no speed, in any sport; and of what is real nothing is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from features.common.kinematics import Fit, slope
from features.mlb import running as mlb
from features.nfl import motion as nfl
from streaming.factory import operator_for
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event, GameRecord, Telemetry
from tests.small_simulators import small_simulator
from tests.streaming import helpers

#: sport -> (speed of a player, its unit's size in m/s, the best of the game)
SPEEDS = {
    "soccer": ("soccer.player.speed", 1 / 3.6, "soccer.player.top_speed"),
    "nfl": ("nfl.player.speed", 0.44704, "nfl.player.top_speed"),
    "mlb": ("mlb.player.speed", 0.3048, "mlb.runner.sprint_speed"),
}


@cache
def _game(sport: str) -> tuple[GameRecord, list[Any]]:
    world = small_simulator(sport, 5, 1.0)
    return world.record, list(world.stream(25))


def _spiked(record: GameRecord, records: list[Any], away_m: float) -> tuple[str, list[Any], list[int]]:
    """The records with one player's places off by so much for one sample in two seconds; who it is, and when."""
    ball = {e.id for e in record.entities if e.role == "ball"}
    packet = next(one for one in records if isinstance(one, Telemetry) and one.t_us[0] > record.t0_us + 10_000_000)
    seen = [tag.entity for tag in record.tags if tag.tag in packet.tag and tag.entity not in ball]
    who = seen[len(seen) // 3]
    tags = np.array([tag.tag for tag in record.tags if tag.entity == who], np.uint32)
    out, when, last_us = [], [], record.t0_us + 3_000_000
    for one in records:
        if isinstance(one, Event):
            out.append(one)
            continue
        mine = np.isin(one.tag, tags)
        hit = np.zeros(len(one), bool)
        for t_us in np.unique(one.t_us[mine]).tolist():
            if t_us >= last_us + 2_000_000:
                hit |= mine & (one.t_us == t_us)
                when.append(t_us)
                last_us = t_us
        y_m = one.y_m.copy()
        y_m[hit] += np.where(y_m[hit] > 0, -away_m, away_m).astype(np.float32)
        changed = Telemetry(one.game, one.feed, one.t_us, one.tag, one.x_m, y_m, one.z_m, one.arrival_us, channels=one.channels)
        out.append(changed)
    return who, out, when


def _values(out: list[Any], stat: str, subject: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for block in out:
        if isinstance(block, StatBlock) and block.stat == stat and block.quality == "final" and subject in block.subjects:
            column = np.asarray(block.values, np.float64)[:, block.subjects.index(subject)]
            found |= {int(t): float(v) for t, v in zip(block.end_us, column, strict=True) if np.isfinite(v)}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("sport", SPEEDS)
def test_a_place_that_jumps_makes_no_speed(sport: str) -> None:
    record, records = _game(sport)
    stat, unit_mps, top = SPEEDS[sport]
    clean = helpers.play(operator_for(record, draw=False, provisional=False), records)
    who, spiked, when = _spiked(record, records, 1.5)
    assert len(when) > 5
    out = helpers.play(operator_for(record, draw=False, provisional=False), spiked)
    before, after = _values(clean, stat, who), _values(out, stat, who)
    assert len(after) > 0.6 * len(before), "what is not near a jump is still there"
    both = sorted(before.keys() & after.keys())
    worst = max(abs(before[t] - after[t]) * unit_mps for t in both)
    assert worst < 3.0, f"{worst:.1f} m/s off: a jump of 1.5 m between two samples is 15 m/s and more"
    best, was = _values(out, top, who), _values(clean, top, who)
    if best and was:
        assert max(best.values()) * unit_mps < max(was.values()) * unit_mps + 1.0


@pytest.mark.slow
@pytest.mark.parametrize("sport", ["nfl", "mlb"])
def test_nothing_is_refused_of_players_who_run(sport: str) -> None:
    """Of the velocities that a body can have, next to none."""
    record, records = _game(sport)
    operator = operator_for(record, draw=False, provisional=False)
    helpers.play(operator, records)
    frames = operator.frame_buffer.frames
    rows = slice(operator.frame_buffer.computed - 200, operator.frame_buffer.computed)
    plain = np.full_like(frames["velocity"], np.nan)
    fit = {"nfl": (nfl.WINDOW_S, nfl.CURVATURE, nfl.LEAST), "mlb": (mlb.WINDOW_S, mlb.CURVATURE, mlb.LEAST)}[sport]
    slope(
        frames.xyz,
        frames.t,
        rows.start,
        rows.stop,
        plain,
        Fit(frames.dt_s, *fit, nfl.filter_weights(frames.dt_s) if sport == "nfl" else None),
    )
    body = np.hypot(*np.moveaxis(plain[rows][:, frames.roster.players], 2, 0)) < 11.0
    assert body.sum() > 500
    assert np.isfinite(frames["velocity"][rows][:, frames.roster.players, 0])[body].mean() > 0.997


def _car(change: Any) -> tuple[dict[int, float], dict[int, float]]:
    """The greatest speed of each window of a car of a short race, and how many of its windows were out of range, with its samples
    changed."""
    world = small_simulator("f1", 3, 1.0)
    tag = world.record.tags[2]
    records: list[Any] = []
    for one in world.stream(25):
        if isinstance(one, Telemetry):
            channels = {name: values.copy() for name, values in one.channels.items()}
            change(one.t_us - world.record.t0_us, one.tag == tag.tag, channels)
            one = Telemetry(one.game, one.feed, one.t_us, one.tag, one.x_m, one.y_m, one.z_m, one.arrival_us, channels=channels)
        records.append(one)
    out = helpers.play(operator_for(world.record, draw=False, provisional=False), records)
    found: list[dict[int, float]] = []
    for stat, part in (("f1.car.speed", 2), ("f1.car.out_of_range", None)):
        values: dict[int, float] = {}
        for block in out:
            if isinstance(block, StatBlock) and block.stat == stat and block.quality == "final":
                column = np.asarray(block.values, np.float64)[:, block.subjects.index(tag.entity)]
                column = column if part is None else column[:, part]
                values |= {int(t) - world.record.t0_us: float(v) for t, v in zip(block.end_us, column, strict=True)}
        found.append({t: v for t, v in values.items() if np.isfinite(v)})
    return found[0], found[1]


@pytest.mark.slow
def test_a_car_s_speed_that_jumps_is_no_speed() -> None:
    clean, none = _car(lambda t_us, mine, channels: None)
    assert max(none.values()) == 0.0, "of a good feed nothing is refused"
    at_us = [20_000_000, 30_000_000, 40_000_000]

    def spike(t_us: Any, mine: Any, channels: dict[str, Any]) -> None:
        hit = mine & np.isin(t_us, at_us)
        for name in ("speed_mps", "speed_mps.min", "speed_mps.max", "speed_mps.last"):
            channels[name][hit] = 100.0 if name != "speed_mps.min" else channels[name][hit]

    shown, refused = _car(spike)
    assert max(shown.values()) <= max(clean.values())
    assert max(refused.values()) == sum(clean[t] < 300.0 for t in at_us) >= 2
    others = [t for t in clean if t not in at_us]
    assert all(shown[t] == clean[t] for t in others), "every other window is as it was"


def test_a_step_that_lasts_is_believed_after_a_while() -> None:
    from features.f1.telemetry import BRAKE_MPS2, _reach

    t = np.arange(40) / 10.0
    speed = np.where(t < 2.0, 80.0, 10.0)[:, None]
    columns = [speed.copy() for _ in range(4)]
    wrong = np.zeros((40, 1))
    _reach(*columns, t, 0, 40, np.zeros((1, 3)), wrong)
    back_s = t[20 + int(np.flatnonzero(np.isfinite(columns[0][20:, 0]))[0])]
    assert 2.0 < back_s <= 2.0 + 70.0 / BRAKE_MPS2 + 0.1
    assert np.isfinite(columns[0][t >= back_s, 0]).all()
