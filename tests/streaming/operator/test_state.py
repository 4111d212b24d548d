"""The state of an operator: snapshots of this version and of the previous one, waiting events, and steps."""

from __future__ import annotations

import gc
import weakref
import zlib

import msgspec
import numpy as np
import pytest

from features.core.frames import Field, Frames, Roster
from features.core.sport import Signal
from features.core.steps import kernel_step
from streaming.errors import BadSnapshot
from streaming.operator.events.event_stats import EventStage
from streaming.operator.events.ledger_log import ReplayableLedger
from streaming.operator.game import GameOperator
from streaming.operator.telemetry.grid import ceil_div
from streaming.operator.telemetry.watermarks import NEVER, GameClock
from tests.streaming import helpers
from tests.streaming.toy import TOY, Ledger, game, mark, track


def versioned(raw: bytes, version: int) -> bytes:
    """The same snapshot under another version."""
    body = msgspec.msgpack.decode(raw[8:])
    body[0] = version
    packed = msgspec.msgpack.encode(body)
    return raw[:4] + zlib.crc32(packed).to_bytes(4, "little") + packed


@pytest.mark.parametrize("provisional", [True, False])
def test_event_context_is_built_once_per_event(monkeypatch: pytest.MonkeyPatch, provisional: bool) -> None:
    built: list[str] = []
    build = EventStage.context

    def counted(stage, event):  # type: ignore[no-untyped-def]
        built.append(event.id)
        return build(stage, event)

    monkeypatch.setattr(EventStage, "context", counted)
    events = [mark(i, 1.5 * i, i % 4) for i in range(1, 7)]
    operator = GameOperator(TOY, game(), provisional=provisional)
    out = helpers.play(operator, [*events[::-1], *helpers.cut(track(12.0), [5])])
    assert sorted(built) == sorted(event.id for event in events)
    assert len({u.event for u in helpers.updates(out, "final") if u.event}) == len(events)


def test_waiting_events_of_a_snapshot_become_final_after_restore() -> None:
    events, pieces = [mark(i, 1.5 * i, i % 4) for i in range(1, 7)], helpers.cut(track(12.0), [5])
    whole = helpers.finals(helpers.play(GameOperator(TOY, game()), [*events, *pieces]))
    first, second = GameOperator(TOY, game()), GameOperator(TOY, game())
    out = helpers.play(first, events[:3], end=False)
    second.restore(first.snapshot())
    out += helpers.play(second, [*events[3:], *pieces])
    assert helpers.finals(out) == whole


def test_snapshot_of_the_previous_version_is_read_and_of_a_later_one_refused() -> None:
    operator = GameOperator(TOY, game())
    helpers.play(operator, [track(3.0)], end=False)
    raw = operator.snapshot()
    older = GameOperator(TOY, game())
    older.restore(versioned(raw, 2))
    assert older.snapshot() == raw
    with pytest.raises(BadSnapshot, match="has version 4, this program reads version 3"):
        GameOperator(TOY, game()).restore(versioned(raw, 4))


def test_snapshot_with_an_array_of_another_shape_is_refused_or_means_the_same() -> None:
    operator = GameOperator(TOY, game())
    operator.on_record(track(0.5), 1)
    whole = operator.snapshot()
    for name in msgspec.msgpack.decode(whole[8:])[5]:
        body = msgspec.msgpack.decode(whole[8:])
        body[5][name][1] = [int(np.prod(body[5][name][1]))]
        packed = msgspec.msgpack.encode(body)
        raw = whole[:4] + zlib.crc32(packed).to_bytes(4, "little") + packed
        back = GameOperator(TOY, game())
        try:
            back.restore(raw)
        except BadSnapshot:
            continue
        assert back.snapshot() == whole, name


def test_snapshot_of_version_2_keeps_its_models() -> None:
    def apply(context: object, ledger: object) -> None:
        pass

    roster = Roster.of([("a", 0, "player")], ("home",))
    ledger = ReplayableLedger(lambda: Ledger(players=1), apply, roster)
    live, base, _, ticks, aged = msgspec.msgpack.decode(ledger.dump())
    entry = {
        "id": "e1", "type": "mark", "t_s": 1.0, "period": 1, "team": 0, "player": 0, "at": [0.0] * 4, "outcome": "", "attack": 1,
        "attrs": {}, "offset_s": 0.0, "facts": {"toy.mark.speed": 3.0, "toy.mark.speed/model": "quick\nv7\nslow"},
    }  # fmt: skip
    ledger.load(msgspec.msgpack.encode((live, base, [entry], ticks, aged)))
    (context,) = ledger.log
    assert context.facts == {"toy.mark.speed": 3.0}
    assert context.answered_by == {"toy.mark.speed": ("quick", "v7", "slow")}
    again = ReplayableLedger(lambda: Ledger(players=1), apply, roster)
    again.load(ledger.dump())
    assert again.log[0].answered_by == context.answered_by


def frames(value: float) -> Frames:
    column = np.full(4, value)
    return Frames(
        Roster.of([("a", 0, "player")], ("home",)),
        Field(10.0, 10.0),
        dt_s=0.1,
        hop=1,
        span=1,
        t=np.arange(4) / 10.0,
        xyz=np.zeros((4, 1, 3)),
        period=np.ones(4, np.int8),
        attack=np.ones(4, np.int8),
        signals={"in": column, "out": np.zeros(4)},
        state={},
        lo=0,
        hi=4,
    )


def double(column: np.ndarray, lo: int, hi: int, out: np.ndarray) -> None:
    out[lo:hi] = 2.0 * column[lo:hi]


@pytest.mark.slow
def test_step_holds_no_game_and_each_game_has_its_own_arrays() -> None:
    step = kernel_step("toy.double", double, Signal("out", "m"), "in")
    one, two = frames(1.0), frames(5.0)
    first, second = step.bound(one), step.bound(two)
    for _ in range(2):
        first(one)
        second(two)
    assert one["out"].tolist() == [2.0] * 4
    assert two["out"].tolist() == [10.0] * 4
    step.compute(one)
    kept = weakref.ref(one["out"])
    del one, first
    gc.collect()
    assert kept() is None


def test_clock_restores_from_its_dump() -> None:
    clock = GameClock(100, 5_000)
    assert (clock.telemetry_watermark_us, clock.event_watermark_us) == (NEVER, NEVER)
    clock.arrived(9_000)
    clock.saw_event(8_000)
    clock.cells[0] = 7_000  # as the kernels move it
    assert (clock.telemetry_watermark_us, clock.event_watermark_us) == (6_900, 3_000)
    other = GameClock(100, 5_000)
    other.load(clock.dump())
    assert (other.now_us, other.telemetry_us, other.any_us) == (9_000, 7_000, 8_000)


@pytest.mark.parametrize(("amount", "part", "whole"), [(0, 5, 0), (1, 5, 1), (5, 5, 1), (6, 5, 2), (-1, 5, 0), (-7, 5, -1)])
def test_ceil_div_rounds_up_on_either_side_of_zero(amount: int, part: int, whole: int) -> None:
    assert ceil_div(amount, part) == whole
