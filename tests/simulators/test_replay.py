"""A replay keeps order, stamps and pace; at full speed it waits for nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulators.replay import due, parse_from, parse_speed, replay
from streaming.errors import BadInput
from streaming.recordings.reader import Recording
from streaming.wire.records import Event, Telemetry
from tests.streaming.recordings.test_reader import T0, record_game, samples


class Clock:
    """Time that passes only by sleeping, and by ``busy_s`` for each record that is taken."""

    def __init__(self, busy_s: float = 0.0) -> None:
        self.now, self.busy_s = 100.0, busy_s
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    record_game(tmp_path / "rec")
    return Recording(tmp_path / "rec")


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_records_come_when_they_arrived(recording: Recording, speed: float) -> None:
    clock = Clock()
    first: int | None = None
    for record in replay(recording, speed, clock=clock, sleep=clock.sleep):
        arrival = int(record.arrival_us)  # type: ignore[arg-type]
        first = arrival if first is None else first
        assert clock.now - 100.0 == pytest.approx((arrival - first) / 1e6 / speed)
    assert clock.now - 100.0 == pytest.approx((recording.last_us - recording.first_us) / 1e6 / speed)


def test_as_fast_as_possible_sleeps_never_and_packs(recording: Recording) -> None:
    clock = Clock()
    records = list(replay(recording, None, clock=clock, sleep=clock.sleep))
    assert not clock.slept
    assert max(len(r) for r in records if isinstance(r, Telemetry)) > 5


@pytest.mark.parametrize("speed", [None, 1.0, 10.0])
@pytest.mark.parametrize("from_s", [0.0, 2.02])
def test_speed_changes_nothing_but_the_pace(recording: Recording, speed: float | None, from_s: float) -> None:
    clock = Clock()
    whole = samples(list(recording.records(from_us=T0 + round(from_s * 1e6))))
    assert samples(list(replay(recording, speed, from_s, clock=clock, sleep=clock.sleep))) == whole


def test_a_slow_reader_catches_up(recording: Recording) -> None:
    """A reader that takes 0.1 s over one record is not made to wait for the next ones that are overdue."""
    clock = Clock()
    for i, record in enumerate(replay(recording, 1.0, clock=clock, sleep=clock.sleep)):
        if i == 10:
            clock.now += 0.1
            behind = len(clock.slept)
        if i == 11:
            assert len(clock.slept) == behind
        last = record
    assert clock.now - 100.0 == pytest.approx((int(last.arrival_us) - recording.first_us) / 1e6)  # type: ignore[arg-type]


def test_due_is_relative_to_where_it_starts(recording: Recording) -> None:
    at = [seconds for seconds, _ in due(recording, 2.0, 2.0)]
    assert at == sorted(at)
    assert 0 <= at[0] < 0.03
    assert at[-1] == pytest.approx((recording.last_us - T0 - 2_000_000) / 2e6)


def test_events_come_after_what_arrived_with_them(recording: Recording) -> None:
    seen_us = 0
    for record in recording.records():
        arrival = np.atleast_1d(record.arrival_us)
        assert arrival[0] >= seen_us
        seen_us = int(arrival[-1]) + (0 if isinstance(record, Telemetry) else 1)
        if isinstance(record, Event):
            seen_us = int(arrival[-1])


@pytest.mark.parametrize(("text", "speed"), [("1", 1.0), ("10", 10.0), ("2.5x", 2.5), ("max", None)])
def test_speeds(text: str, speed: float | None) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e9"])
def test_impossible_speeds(text: str) -> None:
    with pytest.raises(BadInput, match="not a speed"):
        parse_speed(text)


@pytest.mark.parametrize(("text", "seconds"), [("12:30", 750.0), ("1:02:03", 3723.0), ("90", 90.0), ("0:00.5", 0.5)])
def test_times(text: str, seconds: float) -> None:
    assert parse_from(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-3", "1:2:3:4", "nan", "1e9"])
def test_impossible_times(text: str) -> None:
    with pytest.raises(BadInput, match="not a time"):
        parse_from(text)


def test_starting_after_the_end_is_said(recording: Recording) -> None:
    with pytest.raises(BadInput, match=r"ends at 0\.1 minutes"):
        next(replay(recording, None, 3600.0))
