"""A clock that is set back or ahead by an hour while a game is on, of the ingress, the broker or both, loses no final stat."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec
import pytest

from models.latency import Latency
from streaming.operator.game import GameOperator
from streaming.sources import pace
from streaming.sources.pace import SteadyClock, paced
from streaming.wire.records import Event, Telemetry
from tests.streaming import helpers
from tests.streaming.operator.test_arrivals import MARKS, STREAM, arrival, played
from tests.streaming.toy import TOY, game

HOUR_US = 3_600_000_000
SET_S = 9.0
SET_BACK_S = 22.0


def stamped(record: Telemetry | Event, by_us: int, *, without: bool) -> Telemetry | Event:
    """The record with another stamp of arrival, or without one."""
    stamp = 0 if without else record.arrival_us + by_us
    if isinstance(record, Event):
        return msgspec.structs.replace(record, arrival_us=stamp)
    found = record.take(slice(None))
    found.arrival_us = stamp
    return found


def with_clocks(ingress_us: int, broker_us: int, *, stamps: bool, again: bool) -> Iterator[tuple[Telemetry | Event, int]]:
    """(record, broker's time) of a game on the air whose clocks are set by so much, and put right again where ``again``."""
    first_us = arrival(STREAM[0])
    for record in STREAM:
        at_us = arrival(record)
        now_s = (at_us - first_us) / 1e6
        is_set = now_s > SET_S and not (again and now_s > SET_BACK_S)
        yield stamped(record, ingress_us * is_set, without=not stamps), at_us + 20_000 + broker_us * is_set


@pytest.fixture(scope="module")
def whole():  # type: ignore[no-untyped-def]
    found = helpers.finals(helpers.run(TOY, game(), STREAM))
    assert len(found) > 500
    return found


@pytest.mark.parametrize("again", [False, True], ids=["stays", "is put right"])
@pytest.mark.parametrize(
    ("ingress_us", "broker_us", "stamps"),
    [
        *((ingress, broker, True) for ingress, broker in itertools.product((-HOUR_US, 0, HOUR_US), repeat=2) if ingress or broker),
        (0, -HOUR_US, False),
        (0, HOUR_US, False),
    ],
)
def test_clock_that_is_set_while_a_game_is_on_loses_no_final(whole, ingress_us, broker_us, stamps, again):
    finals, letters, events = played(with_clocks(ingress_us, broker_us, stamps=stamps, again=again))
    assert finals == whole
    assert not letters
    assert sorted(events) == sorted(event.id for event in MARKS)


@pytest.mark.parametrize("by_us", [-HOUR_US, HOUR_US])
def test_replay_of_a_game_with_a_set_clock_has_the_same_finals_from_any_snapshot(whole, by_us):
    stream = [record for record, _ in with_clocks(by_us, 0, stamps=True, again=False)]
    for at in range(40, len(stream), 90):
        first = GameOperator(TOY, game())
        out = helpers.play(first, stream[:at], end=False)
        second = GameOperator(TOY, game())
        second.restore(first.snapshot())
        out += helpers.play(second, stream[at:])
        assert helpers.finals(out) == whole


def test_time_that_goes_back_gives_no_latency_below_nothing():
    latency = Latency()
    for us in (-3.6e9, 5.0):
        latency.add(us)
    assert (latency.count, latency.sum_us, latency.max_us, latency.quantile(0.5)) == (2, 5.0, 5.0, pytest.approx(0.5, abs=0.6))


@pytest.mark.parametrize("by_s", [-3600, 3600])
def test_arrivals_of_a_paced_game_go_on_evenly_when_the_clock_is_set(monkeypatch, by_s):
    wall_s, now_s = [1_700_000_000.0], [50.0]

    class Time:
        """The module ``time`` of a machine whose clock can be set."""

        time_ns = staticmethod(lambda: int(wall_s[0] * 1e9))
        monotonic_ns = staticmethod(lambda: int(now_s[0] * 1e9))

    def sleep(seconds: float) -> None:
        wall_s[0] += seconds
        now_s[0] += seconds

    monkeypatch.setattr(pace, "time", Time)
    stream = [msgspec.structs.replace(mark, arrival_us=1_000_000 * n) for n, mark in enumerate(MARKS)]
    stamps = []
    for n, record in enumerate(paced(stream, 1.0, wall=True, clock=lambda: now_s[0], sleep=sleep)):
        stamps.append(record if isinstance(record, int) else record.arrival_us)
        if n == 40:
            wall_s[0] += by_s
    steps_us = [after - before for before, after in itertools.pairwise(stamps)]
    assert all(0 <= step < 1_000_000 for step in steps_us)
    assert stamps[-1] - stamps[0] == pytest.approx(11_000_000, abs=2_000_000)
    clock = SteadyClock()
    before = clock.now_us()
    wall_s[0] += by_s
    assert clock.now_us() == before
