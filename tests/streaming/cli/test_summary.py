"""What a replay says of how long the game was: to the last of tracking and events."""

from __future__ import annotations

import pytest

from streaming.cli.replay import sentence, summary
from streaming.factory import operator_for
from streaming.wire.records import Event, Telemetry
from tests.small import small_world
from tests.streaming import helpers


@pytest.mark.parametrize(("tracking_s", "events_s"), [(3.0, 200.0), (25.0, 3.0), (0.0, 200.0)])
def test_a_game_lasts_to_the_last_of_both(tracking_s: float, events_s: float) -> None:
    simulator = small_world("soccer", 5, 1.0)
    t0_us = simulator.record.t0_us
    kept: list[Telemetry | Event] = []
    for one in simulator.stream(25):
        if isinstance(one, Event):
            kept += [one] if one.t_us <= t0_us + events_s * 1e6 else []
        else:
            part = one.take(one.t_us <= t0_us + tracking_s * 1e6)
            kept += [part] if len(part) else []
    operator = operator_for(simulator.record, draw=False, provisional=False)
    helpers.play(operator, kept)
    done = summary(operator.metrics, simulator.record, 1.0)
    last_s = max((one.t_us - t0_us) / 1e6 for one in kept if isinstance(one, Event))
    assert done["game_s"] == pytest.approx(max(last_s, tracking_s), abs=1.0)
    assert f"{done['game_s'] / 60:.1f} minutes" in sentence(done)
    assert not sentence(done).startswith(f"{simulator.record.game}: 0.0 minutes")
