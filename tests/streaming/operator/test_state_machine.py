"""Any order of what can happen to a game: packets late, doubled and cut, events and their corrections, snapshots, quiet feeds,
bytes that are no record. Whatever the machine does, the finals are those of the plain game."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from streaming.operator.game import GameOperator
from streaming.operator.session import GameSession
from streaming.wire.blocks import DeadLetter, StatBlock
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import Event, Telemetry
from tests.streaming import helpers
from tests.streaming.toy import T0, TOY, game, mark, track

SECONDS = 8.0
RECORD = game()
PIECES = helpers.cut(track(SECONDS), [25])
#: (event, its correction or None)
EVENTS = [
    (
        mark(i, 0.8 + 0.9 * i, i % 4, delay_s=0.3),
        mark(i, 0.8 + 0.9 * i, (i + 2) % 4, revision=1, delay_s=0.6) if i % 3 == 0 else None,
    )
    for i in range(7)
]


def arrival(record: Telemetry | Event) -> int:
    return record.arrival_us if isinstance(record.arrival_us, int) else int(record.arrival_us[-1])


STREAM: list[Telemetry | Event] = sorted([*PIECES, *(e for pair in EVENTS for e in pair if e is not None)], key=arrival)


def newest(outputs: list[StatBlock]) -> dict[str, bytes]:
    """Of each id the final value that stands at the end, without its revision, which depends on when a correction arrived."""
    found: dict[str, tuple[int, bytes]] = {}
    for block in outputs:
        if not block.settled:
            continue
        for update in block.updates(0):
            known = found.get(update.id)
            if known is None or update.revision >= known[0]:
                clocks = msgspec.structs.replace(update.clocks, ingress_us=0)
                found[update.id] = update.revision, msgspec.json.encode(msgspec.structs.replace(update, revision=0, clocks=clocks))
    return {name: raw for name, (_, raw) in sorted(found.items())}


PLAIN = newest([o for o in helpers.run(TOY, RECORD, STREAM) if isinstance(o, StatBlock)])


class Game(RuleBasedStateMachine):
    """A session that is played from its start to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = list(STREAM)
        self.sent: list[Telemetry | Event] = []
        self.outputs: list[StatBlock] = []
        self.accepted: list[str] = []
        self.set_aside = self.hostile = 0
        self.session = self.fresh()
        self.now_us = T0

    @staticmethod
    def fresh() -> GameSession:
        return GameSession("toy", "toy-1", lambda record: GameOperator(TOY, record))

    def take(self, raw: bytes) -> list[DeadLetter]:
        """Letters but for those of wrong stamps, which may come out later."""
        out = self.session.take(raw, self.now_us + 20_000)
        self.outputs += [o for o in out if isinstance(o, StatBlock)]
        self.accepted += [o.id for o in out if isinstance(o, Event)]
        return [o for o in out if isinstance(o, DeadLetter) and o.reason != "arrival ahead"]

    @initialize()
    def start(self) -> None:
        assert self.take(encode_feed(GameStart(record=RECORD))) == []

    @rule(many=st.integers(1, 12))
    def next_records(self, many: int) -> None:
        for record in self.waiting[:many]:
            self.now_us = max(self.now_us, arrival(record))
            assert self.take(encode_feed(record)) == []
            self.sent.append(record)
        del self.waiting[:many]

    @precondition(lambda self: len(self.waiting) > 1)
    @rule()
    def two_in_the_wrong_order(self) -> None:
        """Packets are 200 ms long and may be 100 ms late: two neighbours of one kind that are cut finer may change places."""
        first, second = self.waiting[:2]
        if not (isinstance(first, Telemetry) and isinstance(second, Telemetry)):
            return
        *early, last = helpers.cut(first, [5])
        begin, *rest = helpers.cut(second, [5])
        for record in (*early, begin, last, *rest):
            self.now_us = max(self.now_us, arrival(record))
            assert self.take(encode_feed(record)) == []
        self.sent += [first, second]
        del self.waiting[:2]

    @precondition(lambda self: bool(self.sent))
    @rule(back=st.integers(1, 6))
    def again(self, back: int) -> None:
        """What was sent comes twice."""
        record = self.sent[-min(back, len(self.sent))]
        for letter in self.take(encode_feed(record)):
            assert letter.reason == "late"

    @rule()
    def handed_over(self) -> None:
        kept = self.session.snapshot()
        self.session = self.fresh()
        self.session.restore(kept)
        assert self.session.snapshot() == kept

    @rule(later_ms=st.integers(0, 3_000))
    def time_passes(self, later_ms: int) -> None:
        before = self.session.snapshot()
        for output in self.session.tick(self.now_us + 1_000 * later_ms):
            assert not isinstance(output, StatBlock) or output.quality != "final"
        assert self.session.snapshot() == before

    @rule(raw=st.one_of(st.binary(max_size=40), st.sampled_from([b"{}", b'{"kind":"game"}', b"TL\x01\x00" + b"\xff" * 30])))
    def rubbish(self, raw: bytes) -> None:
        assert len(self.take(raw)) == 1
        self.hostile += 1

    @rule(by_us=st.sampled_from([3_600_000_000, 1 << 50, 365 * 86_400_000_000]))
    def wrong_stamp(self, by_us: int) -> None:
        event = msgspec.structs.replace(mark(900 + self.hostile, 1.0), t_us=self.now_us + by_us, arrival_us=self.now_us + by_us)
        self.take(encode_feed(event))
        self.hostile += 1

    @rule()
    def another_game_record(self) -> None:
        other = msgspec.structs.replace(RECORD, title="another")
        (letter,) = self.take(encode_feed(GameStart(record=other)))
        assert letter.reason == "changed game record"

    def teardown(self) -> None:
        if self.session.phase != "on":
            return
        self.next_records(len(self.waiting))
        self.take(encode_feed(GameEnd(game="toy-1")))
        assert self.session.phase == "over"
        assert newest(self.outputs) == PLAIN
        assert sorted(self.accepted) == sorted(e.id for pair in EVENTS for e in pair if e is not None)


TestGame = Game.TestCase
TestGame.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.slow
class TestLongGame(Game.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
