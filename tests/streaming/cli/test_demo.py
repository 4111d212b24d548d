"""``touchline demo``: records when they are due, their delay, and a game that ends early while the others go on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from simulators.soccer.game import Match
from streaming.cli.app import run
from streaming.cli.pace import Lag, paced
from streaming.wire.records import Event, Telemetry


def _event(i: int, arrival_s: float) -> Event:
    return Event(id=f"e{i}", game="g", type="mark", t_us=0, arrival_us=round(arrival_s * 1e6))


def test_demo_measures_how_late_records_are_delivered() -> None:
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += max(seconds, 1e-6)

    lag, given = Lag(), []
    arrivals = [5.0, 5.1, 5.2, 5.3, 9.0]
    for record in paced(map(_event, range(5), arrivals), 1.0, clock=lambda: now[0], sleep=sleep, lag=lag):
        if isinstance(record, int):
            continue
        given.append(round(now[0] - 100.0, 3))
        if record.id == "e1":
            now[0] += 0.5  # the consumer of the record needs half a second
    assert given == [0.0, 0.1, 0.6, 0.6, 4.0]
    assert lag.most_s == pytest.approx(0.4, abs=1e-4)
    assert (lag.records, lag.late, lag.now_s) == (5, 2, pytest.approx(0.0, abs=1e-4))
    assert lag.share_late == 0.4


@pytest.mark.slow
def test_game_that_ends_early_is_reported_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Match.stream

    def breaks(self: Match, frames_per_packet: int = 1) -> Iterator[Telemetry | Event]:
        for n, record in enumerate(whole(self, frames_per_packet)):
            if frames_per_packet == 1 and n == 30:
                raise RuntimeError("the sun went down")
            yield record

    monkeypatch.setattr(Match, "stream", breaks)
    assert run(["demo", "soccer", "--minutes", "1", "--for", "20", "--port", "0", "--json"]) == 2
    captured = capsys.readouterr()
    (figures,) = json.loads(captured.out.splitlines()[-1])
    assert figures["kept_up"] is False
    assert "soccer-2 ended: the sun went down" in captured.err
    assert captured.err.splitlines()[-1] == "touchline: soccer-2 ended early: the reason is above"
