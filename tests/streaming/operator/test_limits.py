"""One game cannot take more than a game takes, and no record of it stops the others."""

from __future__ import annotations

import resource
from collections import Counter

import msgspec
import pytest

from simulators.catalogue import open_simulator
from streaming.errors import BadInput
from streaming.factory import sport_named
from streaming.operator import limits
from streaming.operator.context import GameContext
from streaming.operator.game import GameOperator
from streaming.operator.session import GameSession
from streaming.runners.kafka import partition as partition_module
from streaming.runners.kafka.partition import Partition
from streaming.wire.blocks import DeadLetter
from streaming.wire.feed import GameStart, encode_feed
from streaming.wire.messages import messages
from streaming.wire.records import Entity, Tag
from tests.streaming import helpers
from tests.streaming.toy import TOY, game, mark, track

NOW = 1_700_000_100_000_000


def session() -> GameSession:
    return GameSession("toy", "toy-1", lambda record: GameOperator(TOY, record))


def many(number: int):  # type: ignore[no-untyped-def]
    entities = [Entity(id=f"r{i}", team="home" if i % 2 else "away") for i in range(number)]
    return msgspec.structs.replace(game(), entities=entities, tags=[Tag(tag=i, entity=f"r{i}") for i in range(number)])


@pytest.mark.parametrize(
    ("record", "word"),
    [
        (many(700), "700 entities"),
        (msgspec.structs.replace(game(), tags=[Tag(tag=i, entity="r0") for i in range(5_000)]), "5,000 tags"),
        (msgspec.structs.replace(many(250), grid_hz=200), "MB of"),
    ],
)
def test_game_record_that_asks_for_too_much_is_a_dead_letter_before_memory_is_taken(record, word):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (dead,) = session().take(encode_feed(GameStart(record=record)), NOW)
    assert isinstance(dead, DeadLetter)
    assert dead.reason == "bad game record"
    assert word in dead.detail
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    with pytest.raises(BadInput, match=word):
        GameOperator(TOY, record)


@pytest.mark.parametrize("sport", ["soccer", "nfl", "mlb", "f1"])
def test_games_of_all_sports_fit_and_leave_room_for_their_events(sport):
    record = open_simulator(sport, 1, 3.0).record
    # whole squads and two more cars
    spare = {"nfl": 97, "f1": 22}.get(sport, 60)
    extra = [Entity(id=f"x{i}", team=record.teams[0].id) for i in range(spare - len(record.entities))]
    tags = [Tag(tag=1_000_000 + i, entity=entity.id) for i, entity in enumerate(extra)]
    record = msgspec.structs.replace(record, entities=[*record.entities, *extra], tags=[*record.tags, *tags])
    found = GameContext.of(sport_named(sport), record, {})
    assert found.events_bytes >= 4_000_000, "46,000 events of two hours of F1 take 4.2 MB, those of the others 0.2"


def test_largest_state_with_all_its_events_is_below_a_message(monkeypatch):
    monkeypatch.setattr(limits, "MAX_EVENTS_BYTES", 150_000)
    operator = GameOperator(TOY, game())
    out = helpers.play(operator, helpers.cut(track(2.0), [5]), end=False)
    empty = len(operator.snapshot())
    for i in range(900):
        event = msgspec.structs.replace(
            mark(i, 1.0 + i / 10), attrs={"note": "y" * (i % 100)}, arrival_us=mark(i, 1.0 + i / 10).arrival_us
        )
        out += operator.on_record(event)
    reasons = Counter(o.reason for o in out if isinstance(o, DeadLetter))
    assert reasons["too many events"] > 200
    assert len(operator.snapshot()) - empty < 170_000
    again = GameOperator(TOY, game())
    again.restore(operator.snapshot())
    assert again.finalizer.buffer.kept_bytes == operator.finalizer.buffer.kept_bytes
    assert again.events.ledger.kept_bytes == operator.events.ledger.kept_bytes


def test_events_with_half_a_megabyte_of_attributes_are_dead_letters_and_the_game_goes_on():
    plain = helpers.finals(helpers.run(TOY, game(), [track(6.0), mark(1, 3.0)]))
    found = session()
    found.take(encode_feed(GameStart(record=game())), NOW)
    out = []
    for i in range(35):
        event = msgspec.structs.replace(mark(100 + i, 1.0), attrs={"note": "x" * 500_000})
        out += found.take(encode_feed(event), NOW)
    out += found.take(encode_feed(track(6.0)), NOW)
    out += found.take(encode_feed(mark(1, 3.0)), NOW)
    assert Counter(o.reason for o in out if isinstance(o, DeadLetter)) == {"oversized event": 35}
    assert all(len(m.value) < 1_000_000 for m in messages("toy", "toy-1", out, 1))
    assert len(found.snapshot()) < 500_000
    out += found.operator.finish()  # type: ignore[union-attr]
    assert helpers.finals(o for o in out if not isinstance(o, type(mark(1, 1.0)))) == plain


def test_state_that_no_message_holds_ends_its_game_and_no_other(monkeypatch, caplog):
    part = Partition(0, "toy", lambda record: GameOperator(TOY, record))
    other = msgspec.structs.replace(game(2), game="toy-2")
    part.take(0, b"toy-1", encode_feed(GameStart(record=game(8))), NOW)
    part.take(1, b"toy-2", encode_feed(GameStart(record=other)), NOW)
    sizes = {name: len(found.snapshot()) for name, found in part.sessions.items()}
    monkeypatch.setattr(partition_module, "MAX_STORED_BYTES", sizes["toy-1"] - 1)
    stored = dict(part.due(1.0, 0.0, 10))
    assert len(stored["toy-1"]) < 3_000
    assert len(stored["toy-2"]) >= sizes["toy-2"]
    assert list(part.playing) == ["toy-2"]
    assert "game toy-1 is ended" in caplog.text
    back = Partition(0, "toy", lambda record: GameOperator(TOY, record))
    back.restore(stored)
    _, (dead,) = back.take(2, b"toy-1", encode_feed(track(0.2)), NOW)
    assert (dead.reason, "more than a message" in dead.detail) == ("unknown game", True)
