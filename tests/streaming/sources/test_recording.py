"""``due``: a replay keeps order, stamps and pace; at full speed it never waits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streaming.errors import BadInput
from streaming.recordings.reader import Recording
from streaming.sources.recording import due
from streaming.wire.records import Event, Telemetry
from tests.streaming.recordings.test_reader import T0, record_game, samples


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    record_game(tmp_path / "rec")
    return Recording(tmp_path / "rec")


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_records_are_due_when_they_arrived(recording: Recording, speed: float) -> None:
    due_s = {at_s: int(record.arrival_us) for at_s, record in due(recording, speed)}  # type: ignore[arg-type]
    assert len(due_s) > 100
    assert list(due_s) == sorted(due_s)
    for at_s, arrival_us in due_s.items():
        assert at_s == pytest.approx((arrival_us - recording.first_us) / 1e6 / speed)
    assert max(due_s) == pytest.approx((recording.last_us - recording.first_us) / 1e6 / speed)


def test_at_full_speed_all_is_due_at_once_and_packed(recording: Recording) -> None:
    found = list(due(recording, None))
    assert {at_s for at_s, _ in found} == {0.0}
    assert max(len(r) for _, r in found if isinstance(r, Telemetry)) > 5


@pytest.mark.parametrize("speed", [None, 1.0, 10.0])
@pytest.mark.parametrize("from_s", [0.0, 2.02])
def test_speed_changes_nothing_but_the_pace(recording: Recording, speed: float | None, from_s: float) -> None:
    whole = samples(list(recording.records(from_us=T0 + round(from_s * 1e6))))
    assert samples([record for _, record in due(recording, speed, from_s)]) == whole


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


def test_a_start_after_the_end_is_bad_input(recording: Recording) -> None:
    with pytest.raises(BadInput, match=r"ends at 0\.1 minutes"):
        next(due(recording, None, 3600.0))
