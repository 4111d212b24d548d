"""The game time in the summary of a replay: to the last sample or event."""

from __future__ import annotations

import pytest

from streaming.cli.replay import sentence, summary
from streaming.factory import operator_for
from streaming.wire.records import Event, Telemetry
from tests.small_simulators import small_simulator
from tests.streaming import helpers


@pytest.mark.parametrize(("tracking_s", "events_s"), [(3.0, 200.0), (25.0, 3.0), (0.0, 200.0)])
def test_summary_s_game_time_ends_with_the_last_sample_or_event(tracking_s: float, events_s: float) -> None:
    world = small_simulator("soccer", 5, 1.0)
    t0_us = world.record.t0_us
    records: list[Telemetry | Event] = []
    for one in world.stream(25):
        if isinstance(one, Event):
            records += [one] if one.t_us <= t0_us + events_s * 1e6 else []
        else:
            part = one.take(one.t_us <= t0_us + tracking_s * 1e6)
            records += [part] if len(part) else []
    operator = operator_for(world.record, draw=False, provisional=False)
    helpers.play(operator, records)
    figures = summary(operator.metrics, world.record, 1.0)
    last_s = max((one.t_us - t0_us) / 1e6 for one in records if isinstance(one, Event))
    assert figures["game_s"] == pytest.approx(max(last_s, tracking_s), abs=1.0)
    assert f"{figures['game_s'] / 60:.1f} minutes" in sentence(figures)
    assert not sentence(figures).startswith(f"{world.record.game}: 0.0 minutes")
