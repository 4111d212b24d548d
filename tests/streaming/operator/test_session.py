"""A game's session in a runner: it starts with the game record and ends with the end record; no message can break it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from streaming.errors import BadInput, BadSnapshot
from streaming.operator.game import GameOperator
from streaming.operator.session import VERSION, GameSession
from streaming.wire.blocks import DeadLetter, StatBlock
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import Event, GameRecord, Telemetry
from tests.streaming import helpers
from tests.streaming.toy import TOY, game, mark, track

NOW = 1_700_000_100_000_000


def make(record: GameRecord) -> GameOperator:
    return GameOperator(TOY, record)


def new_session(build=make) -> GameSession:  # type: ignore[no-untyped-def]
    return GameSession("toy", "toy-1", build)


def feed(records) -> list[bytes]:  # type: ignore[no-untyped-def]
    return [encode_feed(record) for record in records]


START, END = encode_feed(GameStart(record=game())), encode_feed(GameEnd(game="toy-1"))
PLAY = sorted(
    [*helpers.cut(track(6.0), [25]), mark(1, 1.0), mark(2, 3.0)],
    key=lambda r: r.arrival_us if isinstance(r, Event) else int(r.arrival_us[-1]),
)


def started() -> GameSession:
    found = new_session()
    assert found.take(START, NOW) == []
    return found


def the_dead_letter(out) -> DeadLetter:  # type: ignore[no-untyped-def]
    (dead,) = out
    assert isinstance(dead, DeadLetter)
    assert dead.game == "toy-1"
    return dead


def test_session_gives_the_outputs_of_its_operator():
    session = started()
    assert (session.phase, session.record) == ("on", game())
    out = [output for raw in feed(PLAY) for output in session.take(raw, NOW)]
    out += session.take(END, NOW)
    assert (session.phase, session.operator, session.metrics) == ("over", None, None)
    plain = helpers.run(TOY, game(), PLAY)
    assert helpers.finals(o for o in out if not isinstance(o, Event)) == helpers.finals(plain)
    assert len(helpers.finals(plain)) > 100
    assert [o.id for o in out if isinstance(o, Event)] == ["e1", "e2"]


def test_accepted_event_is_published_after_the_stats_that_it_led_to():
    session = started()
    for raw in feed(helpers.cut(track(2.0), [50])):
        session.take(raw, NOW)
    *stats, last = session.take(encode_feed(mark(1, 1.5)), NOW)
    assert stats
    assert last == mark(1, 1.5)
    assert not any(isinstance(o, Event) for o in session.take(encode_feed(mark(1, 1.5)), NOW)), "not when it comes twice"
    bare = msgspec.structs.replace(mark(2, 1.6), arrival_us=0)
    assert session.take(encode_feed(bare), NOW)[-1].arrival_us == NOW, "stamped with the broker's time where it has no stamp"


def test_record_before_the_game_record_is_a_dead_letter():
    session = new_session()
    for raw, source in ((feed(PLAY)[0], "telemetry.toy"), (encode_feed(mark(1, 1.0)), "events.toy"), (END, "events.toy")):
        dead = the_dead_letter(session.take(raw, NOW))
        assert (dead.reason, dead.source, dead.payload, dead.arrival_us) == (
            "unknown game",
            source,
            raw,
            NOW,
        )
        assert "no game record arrived before it" in dead.detail
    assert session.phase == "waiting"
    assert session.tick(NOW) == []
    assert session.take(START, NOW) == [], "and the record may still come"


def test_record_after_the_end_is_a_dead_letter():
    session = started()
    session.take(END, NOW)
    for raw in (feed(PLAY)[0], encode_feed(mark(1, 1.0)), END):
        dead = the_dead_letter(session.take(raw, NOW))
        assert (dead.reason, "it is over" in dead.detail) == ("unknown game", True)
    assert the_dead_letter(session.take(START, NOW)).reason == "after the end"
    assert session.tick(NOW) == []


def test_repeated_game_record_changes_nothing_and_a_different_one_is_a_dead_letter():
    session = started()
    out = [o for raw in feed(PLAY) for o in session.take(raw, NOW)]
    assert session.take(START, NOW) == []
    changed = encode_feed(GameStart(record=msgspec.structs.replace(game(), title="Another")))
    assert the_dead_letter(session.take(changed, NOW)).reason == "changed game record"
    assert session.metrics is not None
    assert session.metrics.counts["quarantined", "changed game record"] == 1
    out += session.take(END, NOW)
    assert helpers.finals(o for o in out if not isinstance(o, Event)) == helpers.finals(helpers.run(TOY, game(), PLAY))


def test_record_under_the_key_of_another_game_is_a_dead_letter():
    other = msgspec.structs.replace(game(), game="toy-2")
    assert the_dead_letter(new_session().take(encode_feed(GameStart(record=other)), NOW)).reason == "another game"
    session = started()
    strange = track(0.2)
    strange.game = "toy-2"
    end = encode_feed(GameEnd(game="toy-2"))
    for raw in (end, encode_feed(strange), encode_feed(msgspec.structs.replace(mark(1, 1.0), game="toy-2"))):
        assert the_dead_letter(session.take(raw, NOW)).reason == "another game"
    assert session.phase == "on"


@pytest.mark.parametrize("raw", [b"", b"{", b"TL\x01", b'{"kind":"?"}', b"\xff" * 40])
def test_undecodable_bytes_are_a_dead_letter_with_the_same_bytes(raw):
    dead = the_dead_letter(started().take(raw, NOW))
    assert dead.payload == raw
    assert dead.reason in ("truncated", "bad record", "not telemetry")


def test_game_record_that_the_operator_refuses_is_a_dead_letter():
    def refuses(record: GameRecord) -> GameOperator:
        raise BadInput("there is no model xgoals")

    session = new_session(refuses)
    dead = the_dead_letter(session.take(START, NOW))
    assert (dead.reason, session.phase) == ("bad game record", "waiting")
    assert "there is no model xgoals" in dead.detail
    wrong = msgspec.structs.replace(game(), sport="soccer")
    assert the_dead_letter(new_session().take(encode_feed(GameStart(record=wrong)), NOW)).reason == "bad game record"


def test_operator_that_fails_on_a_record_makes_a_dead_letter_and_goes_on(caplog):
    session = started()
    operator = session.operator
    assert operator is not None
    whole = operator.on_record

    def fails_on_e1(record: Telemetry | Event, now_us: int = 0):  # type: ignore[no-untyped-def]
        if isinstance(record, Event) and record.id == "e1":
            raise ZeroDivisionError("float division by zero")
        return whole(record, now_us)

    operator.on_record = fails_on_e1  # type: ignore[method-assign]
    dead_letters = [o for raw in feed(PLAY) for o in session.take(raw, NOW) if isinstance(o, DeadLetter)]
    (dead,) = dead_letters
    assert (dead.reason, dead.payload) == ("operator failed", encode_feed(mark(1, 1.0)))
    assert "ZeroDivisionError" in dead.detail
    assert "which is set aside" in caplog.text
    assert session.metrics is not None
    assert session.metrics.counts["quarantined", "operator failed"] == 1
    assert any(isinstance(o, StatBlock) for o in session.take(END, NOW))


def test_strict_operator_that_fails_on_a_record_raises():
    session = new_session(lambda record: GameOperator(TOY, record, strict=True))
    session.take(START, NOW)
    session.operator.on_record = lambda *_: 1 / 0  # type: ignore[union-attr,method-assign,assignment,return-value]
    with pytest.raises(ZeroDivisionError):
        session.take(encode_feed(mark(1, 1.0)), NOW)


def test_tick_gives_provisional_values_and_leaves_the_state_unchanged():
    session = started()
    for raw in feed(helpers.cut(track(2.0), [50])):
        session.take(raw, NOW)
    before = session.snapshot()
    out = session.tick(int(track(2.0).t_us[-1]) + 700_000)
    assert {o.quality for o in out if isinstance(o, StatBlock)} == {"provisional"}
    assert session.snapshot() == before


# -- state -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 1, 3, len(PLAY) // 2, len(PLAY)])
def test_restored_session_goes_on_to_the_same_finals(at):
    raws = [START, *feed(PLAY), END]
    first, second = new_session(), new_session()
    out = [o for raw in raws[:at] for o in first.take(raw, NOW)]
    second.restore(first.snapshot())
    assert (second.phase, second.record) == (first.phase, first.record)
    assert second.snapshot() == first.snapshot()
    out += [o for raw in raws[at:] for o in second.take(raw, NOW)]
    assert helpers.finals(o for o in out if not isinstance(o, Event)) == helpers.finals(helpers.run(TOY, game(), PLAY))


def test_restored_session_of_an_ended_game_stays_ended():
    session, back = started(), new_session()
    session.take(END, NOW)
    back.restore(session.snapshot())
    assert (back.phase, back.operator) == ("over", None)
    assert the_dead_letter(back.take(START, NOW)).reason == "after the end"
    assert len(session.snapshot()) < 2_000, "and takes no room"


def test_snapshot_of_a_newer_version_is_refused_with_one_sentence():
    raw = b"TLGH" + msgspec.msgpack.encode([VERSION + 1, "on", {"anything": 1}, b"", "more"])
    with pytest.raises(BadSnapshot, match=rf"has version {VERSION + 1}, this program reads version {VERSION}: .*newer one"):
        new_session().restore(raw)


def contradictory():
    record = game()
    return msgspec.structs.replace(record, tags=[record.tags[0], record.tags[0]])


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "is not a snapshot"),
        (b"TLSN1234", "is not a snapshot"),
        (b"TLGH", "cannot be read"),
        (b"TLGH\x90", "cannot be read"),
        (b"TLGH" + msgspec.msgpack.encode([VERSION, "on"]), "cannot be read"),
        (b"TLGH" + msgspec.msgpack.encode([VERSION, "asleep", None, b""]), "cannot be read"),
        (b"TLGH" + msgspec.msgpack.encode([VERSION, "on", None, b""]), "has no game record"),
        (b"TLGH" + msgspec.msgpack.encode([VERSION, "on", game(), b"TLSN12345678"]), "damaged"),
        (
            b"TLGH" + msgspec.msgpack.encode([VERSION, "on", contradictory(), b""]),
            "a record that no game begins with: .* lists a tag twice",
        ),
    ],
)
def test_bytes_that_are_no_snapshot_are_refused_with_one_sentence(raw, word):
    with pytest.raises(BadSnapshot, match=word) as bad:
        new_session().restore(raw)
    assert "\n" not in str(bad.value)


def test_snapshot_of_another_roster_is_refused():
    session = started()
    for raw in feed(PLAY):
        session.take(raw, NOW)
    raw = bytearray(session.snapshot())
    inner = msgspec.msgpack.decode(bytes(raw[4:]))
    inner[2] = msgspec.to_builtins(game(6))
    with pytest.raises(BadSnapshot, match="roster"):
        new_session().restore(b"TLGH" + msgspec.msgpack.encode(inner))


def test_damaged_snapshot_is_refused_or_restored():
    session = started()
    for raw in feed(PLAY)[:6]:
        session.take(raw, NOW)
    good, rng = session.snapshot(), np.random.default_rng(2)
    for _ in range(300):
        raw = bytearray(good)
        raw[int(rng.integers(4, 400))] ^= 1 << int(rng.integers(8))
        back = new_session()
        try:
            back.restore(bytes(raw))
        except (BadSnapshot, BadInput):
            continue
        assert back.phase in ("waiting", "on", "over")
