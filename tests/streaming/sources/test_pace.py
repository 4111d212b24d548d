"""``paced``: records when they are due, and how late they were."""

from __future__ import annotations

import pytest

from streaming.sources.pace import Lag, paced
from streaming.wire.records import Event


def _event(i: int, arrival_s: float) -> Event:
    return Event(id=f"e{i}", game="g", type="mark", t_us=0, arrival_us=round(arrival_s * 1e6))


def test_records_are_paced_and_their_lag_is_counted() -> None:
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += max(seconds, 1e-6)

    lag, yielded_s = Lag(), []
    arrivals = [5.0, 5.1, 5.2, 5.3, 9.0]
    for record in paced(map(_event, range(5), arrivals), 1.0, clock=lambda: now[0], sleep=sleep, lag=lag):
        if isinstance(record, int):
            continue
        yielded_s.append(round(now[0] - 100.0, 3))
        if record.id == "e1":
            now[0] += 0.5  # its consumer needs half a second
    assert yielded_s == [0.0, 0.1, 0.6, 0.6, 4.0]
    assert lag.most_s == pytest.approx(0.4, abs=1e-4)
    assert (lag.records, lag.late, lag.now_s) == (5, 2, pytest.approx(0.0, abs=1e-4))
    assert lag.share_late == 0.4
