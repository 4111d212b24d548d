"""A hundred thousand hostile records beside a good game: each is counted with its reason, and the finals beside are the same."""

from __future__ import annotations

import pytest

from streaming.bench.hostile import MINUTES, SHARES, SPORTS, HostileRun, game_of, hostile, refused_anyway, resident_bytes
from streaming.errors import BadRecord
from streaming.factory import operator_for
from streaming.runners.embedded import EmbeddedRunner
from streaming.sinks import ListSink
from streaming.wire.feed import decode_feed
from streaming.wire.records import Event, Telemetry
from tests.streaming import helpers


def played(sport: str, minutes: float):  # type: ignore[no-untyped-def]
    record, raws = game_of(sport, minutes)
    plain = HostileRun(sport, record, raws, operator_for)
    plain.run(0, 1)
    run = HostileRun(sport, record, raws, operator_for)
    return helpers.finals(plain.good), run


@pytest.mark.slow
@pytest.mark.parametrize("sport", SPORTS)
def test_hundred_thousand_hostile_records_of_all_sports(sport):
    number = round(100_000 * SHARES[sport])
    finals, run = played(sport, MINUTES[sport])
    run.run(number // 10, 5)  # what is compiled and cached is there by now
    before = resident_bytes()
    run = HostileRun(sport, run.record, run.raws, operator_for)
    run.run(number, 7)
    assert run.sent == number
    assert run.uncounted == 0
    assert helpers.finals(run.good) == finals
    assert len(finals) > 300
    letters = {reason for kind, reason in run.reasons if kind == "letter"}
    assert len(letters) >= 12
    assert "operator failed" not in letters
    assert run.largest_bytes < 950_000
    assert resident_bytes() - before < 150_000_000


@pytest.mark.slow
@pytest.mark.parametrize("sport", SPORTS)
def test_embedded_runner_with_hostile_records_between_good_ones(sport):
    record, raws = game_of(sport, MINUTES[sport])
    good = [decode_feed(raw) for raw in raws]
    bad = []
    for raw in hostile(raws, 3_000, 9):
        if not refused_anyway(raw, record):
            continue
        try:
            found = decode_feed(raw)
        except BadRecord:
            continue
        if isinstance(found, (Telemetry, Event)):
            bad.append(found)
    assert len(bad) > 100
    results = []
    for between in ([], bad):
        sink, operator = ListSink(), operator_for(record)
        each = len(between) // len(good) + 1
        stream = [item for i, one in enumerate(good) for item in (one, *between[i * each : (i + 1) * each])]
        EmbeddedRunner(operator, [sink]).run(stream)
        results.append(
            (helpers.finals(sink.outputs), sum(n for (kind, _), n in operator.metrics.counts.items() if kind != "accepted"))
        )
    assert results[0][0] == results[1][0]
    assert results[1][1] - results[0][1] >= len(bad)


def test_hostile_records_are_the_same_for_a_seed():
    _, raws = game_of("nfl", 0.1)
    assert list(hostile(raws, 200, 4)) == list(hostile(raws, 200, 4))
    assert len(set(hostile(raws, 200, 4))) > 150
