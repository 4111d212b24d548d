"""Very many events at once cost what they are, one by one; what there is no room for is a dead letter; finals stay the same."""

from __future__ import annotations

import time
from collections import Counter

import msgspec
import numpy as np
import pytest

from streaming.operator import limits
from streaming.operator.events import finalizer
from streaming.operator.events.finalizer import MOST_SILENT
from streaming.operator.events.provisional import MOST_FOLDED
from streaming.operator.events.reorder_buffer import EventReorderBuffer
from streaming.operator.game import GameOperator
from streaming.wire.blocks import DeadLetter
from tests.streaming import helpers
from tests.streaming.toy import T0, TOY, game, mark, track


def at_once(number: int, t_s: float = 1.0, first: int = 0):  # type: ignore[no-untyped-def]
    return [mark(first + i, t_s, i % 4) for i in range(number)]


def counted(operator: GameOperator) -> Counter[str]:
    """How often an event is folded into a ledger."""
    found: Counter[str] = Counter()
    whole = operator.events.apply

    def apply(context, ledger):  # type: ignore[no-untyped-def]
        found["applied"] += 1
        return whole(context, ledger)

    operator.events.apply = operator.events.ledger._apply = apply  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("in_order", [True, False])
def test_each_event_of_a_storm_is_folded_once_or_not_shown(in_order):
    events = sorted(at_once(1_500), key=lambda e: e.id)
    if not in_order:
        events = [events[i] for i in np.random.default_rng(1).permutation(len(events))]
    operator = GameOperator(TOY, game())
    work = counted(operator)
    out = helpers.play(operator, events)
    most = 2 * len(events) if in_order else 2 * len(events) + MOST_FOLDED**2
    assert work["applied"] <= most
    assert len({u.event for u in helpers.updates(out, "final") if u.event}) == 1_500


def test_storm_with_tracking_gives_the_finals_of_an_operator_that_shows_nothing_early():
    events, packet = at_once(900, 2.0), track(12.0)
    shuffled = [events[i] for i in np.random.default_rng(2).permutation(len(events))]
    plain = helpers.run(TOY, game(), [*helpers.cut(packet, [5])[:100], *events, *helpers.cut(packet, [5])[100:]], provisional=False)
    shown = helpers.run(TOY, game(), [*helpers.cut(packet, [5])[:100], *shuffled, *helpers.cut(packet, [5])[100:]])
    assert helpers.finals(shown) == helpers.finals(plain)


def test_provisional_values_are_those_of_folding_everything_each_time():
    """What is kept between events is only a shortcut."""
    rng = np.random.default_rng(3)
    events = [mark(i, 1.0 + rng.integers(0, 300) / 100, i % 4) for i in range(60)]
    events[20:20] = [
        msgspec.structs.replace(events[5], revision=1, deleted=True),
        msgspec.structs.replace(events[7], revision=1, t_us=T0),
    ]
    results = []
    for forget in (False, True):
        operator, out = GameOperator(TOY, game()), []
        pieces = helpers.cut(track(8.0), [50])
        for i, event in enumerate(events):
            if forget:
                operator.finalizer.waiting._ledger = None
            out += operator.on_record(event)
            if i % 3 == 0 and pieces:
                out += operator.on_record(pieces.pop(0))
        results.append([u for u in helpers.updates(out) if u.quality == "provisional"])
    assert len(results[0]) > 150
    assert results[0] == results[1]


def test_more_than_may_wait_are_dead_letters(monkeypatch):
    monkeypatch.setattr(limits, "MAX_WAITING", 100)
    out = helpers.run(TOY, game(), at_once(150))
    letters = [o for o in out if isinstance(o, DeadLetter)]
    assert Counter(o.reason for o in letters) == {"too many events wait": 50}
    assert len({u.event for u in helpers.updates(out, "final") if u.event}) == 100


def test_events_leave_when_tracking_is_silent():
    """A declared feed that gives nothing holds nobody up for ever."""
    operator = GameOperator(TOY, game())
    out = []
    for i in range(600):
        out += operator.on_record(mark(i, 1.0 + i))
    waiting = len(operator.finalizer.buffer.waiting)
    assert waiting <= MOST_SILENT
    assert len({u.event for u in helpers.updates(out, "final") if u.event}) == 600 - waiting
    again = GameOperator(TOY, game())
    again.restore(operator.snapshot())
    rest = [mark(i, 1.0 + i) for i in range(600, 650)]
    assert helpers.finals(helpers.play(again, rest)) == helpers.finals(helpers.play(operator, rest))


def test_silence_changes_no_final_of_a_game_whose_tracking_pauses(monkeypatch):
    """Events in a pause of ten minutes, settled in it or after it, have the same values."""
    monkeypatch.setattr(finalizer, "MOST_SILENT", 0)
    packets = [*helpers.cut(track(10.13), [5]), *helpers.cut(track(10.0, start_s=610.0), [5])]
    events = [mark(i, 3.0 + 7.9 * i, i % 4) for i in range(78)]

    def arrival(record):  # type: ignore[no-untyped-def]
        return record.arrival_us if isinstance(record.arrival_us, int) else int(record.arrival_us[-1])

    stream = sorted([*packets, *events], key=arrival)
    early = helpers.finals(helpers.run(TOY, game(), stream))
    operator = GameOperator(TOY, game())
    operator.finalizer.silence = lambda: False  # type: ignore[method-assign]
    late = helpers.finals(helpers.play(operator, stream))
    assert early == late
    assert len(early) > 700


def test_former_times_of_a_moved_event_do_not_pile_up():
    buffer = EventReorderBuffer()
    for revision in range(5_000):
        buffer.offer(msgspec.structs.replace(mark(1, 1.0), revision=revision, t_us=T0 + 5_000_000 - revision), 0)
    assert len(buffer._heap) < 100
    assert [event.revision for event in buffer.due(T0 + 10_000_000)] == [4_999]
    assert buffer.due(T0 + 10_000_000) == []


def test_corrections_of_one_game_are_bounded(monkeypatch):
    monkeypatch.setattr(finalizer, "MAX_CORRECTIONS", 5)
    operator = GameOperator(TOY, game(tracking=False))
    out = helpers.play(operator, [mark(1, 1.0), mark(2, 30.0)], end=False)
    for revision in range(1, 9):
        out += operator.on_record(mark(1, 1.0, revision=revision, delay_s=40.0))
    assert Counter(o.reason for o in out if isinstance(o, DeadLetter)) == {"too many corrections": 3}


@pytest.mark.slow
def test_a_hundred_thousand_events_cost_ten_times_what_ten_thousand_do():
    def seconds(number: int) -> float:
        events = at_once(number)
        operator = GameOperator(TOY, game())
        begin = time.process_time()
        helpers.play(operator, events)
        return time.process_time() - begin

    seconds(500)
    small, large = seconds(10_000), seconds(100_000)
    assert large < 25 * small
