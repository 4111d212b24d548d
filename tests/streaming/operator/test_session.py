"""One game as a runner keeps it: it starts from its own record, ends with its own word, and nothing that comes can break it."""

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


def host(build=make) -> GameSession:  # type: ignore[no-untyped-def]
    return GameSession("toy", "toy-1", build)


def feed(records) -> list[bytes]:  # type: ignore[no-untyped-def]
    return [encode_feed(record) for record in records]


START, END = encode_feed(GameStart(record=game())), encode_feed(GameEnd(game="toy-1"))
PLAY = sorted(
    [*helpers.cut(track(6.0), [25]), mark(1, 1.0), mark(2, 3.0)],
    key=lambda r: r.arrival_us if isinstance(r, Event) else int(r.arrival_us[-1]),
)


def started() -> GameSession:
    found = host()
    assert found.take(START, NOW) == []
    return found


def the_letter(out) -> DeadLetter:  # type: ignore[no-untyped-def]
    (letter,) = out
    assert isinstance(letter, DeadLetter)
    assert letter.game == "toy-1"
    return letter


def test_session_gives_the_outputs_of_its_operator():
    kept = started()
    assert (kept.phase, kept.record) == ("on", game())
    out = [output for raw in feed(PLAY) for output in kept.take(raw, NOW)]
    out += kept.take(END, NOW)
    assert (kept.phase, kept.operator, kept.metrics) == ("over", None, None)
    plain = helpers.run(TOY, game(), PLAY)
    assert helpers.finals(o for o in out if not isinstance(o, Event)) == helpers.finals(plain)
    assert len(helpers.finals(plain)) > 100
    assert [o.id for o in out if isinstance(o, Event)] == ["e1", "e2"]


def test_accepted_event_is_published_after_the_stats_that_it_led_to():
    kept = started()
    for raw in feed(helpers.cut(track(2.0), [50])):
        kept.take(raw, NOW)
    *stats, last = kept.take(encode_feed(mark(1, 1.5)), NOW)
    assert stats
    assert last == mark(1, 1.5)
    assert not any(isinstance(o, Event) for o in kept.take(encode_feed(mark(1, 1.5)), NOW)), "not when it comes twice"
    bare = msgspec.structs.replace(mark(2, 1.6), arrival_us=0)
    assert kept.take(encode_feed(bare), NOW)[-1].arrival_us == NOW, "stamped with the broker's time where it has no stamp"


def test_record_before_the_game_record_is_a_dead_letter():
    kept = host()
    for raw, source in ((feed(PLAY)[0], "telemetry.toy"), (encode_feed(mark(1, 1.0)), "events.toy"), (END, "events.toy")):
        letter = the_letter(kept.take(raw, NOW))
        assert (letter.reason, letter.source, letter.payload, letter.arrival_us) == ("unknown game", source, raw, NOW)
        assert "no game record arrived before it" in letter.detail
    assert kept.phase == "waiting"
    assert kept.tick(NOW) == []
    assert kept.take(START, NOW) == [], "and the record may still come"


def test_record_after_the_end_is_a_dead_letter():
    kept = started()
    kept.take(END, NOW)
    for raw in (feed(PLAY)[0], encode_feed(mark(1, 1.0)), END):
        letter = the_letter(kept.take(raw, NOW))
        assert (letter.reason, "it is over" in letter.detail) == ("unknown game", True)
    assert the_letter(kept.take(START, NOW)).reason == "after the end"
    assert kept.tick(NOW) == []


def test_repeated_game_record_changes_nothing_and_a_different_one_is_a_dead_letter():
    kept = started()
    out = [o for raw in feed(PLAY) for o in kept.take(raw, NOW)]
    assert kept.take(START, NOW) == []
    changed = encode_feed(GameStart(record=msgspec.structs.replace(game(), title="Another")))
    assert the_letter(kept.take(changed, NOW)).reason == "changed game record"
    assert kept.metrics is not None
    assert kept.metrics.counts["quarantined", "changed game record"] == 1
    out += kept.take(END, NOW)
    assert helpers.finals(o for o in out if not isinstance(o, Event)) == helpers.finals(helpers.run(TOY, game(), PLAY))


def test_record_under_the_key_of_another_game_is_a_dead_letter():
    other = msgspec.structs.replace(game(), game="toy-2")
    assert the_letter(host().take(encode_feed(GameStart(record=other)), NOW)).reason == "another game"
    kept = started()
    strange = track(0.2)
    strange.game = "toy-2"
    end = encode_feed(GameEnd(game="toy-2"))
    for raw in (end, encode_feed(strange), encode_feed(msgspec.structs.replace(mark(1, 1.0), game="toy-2"))):
        assert the_letter(kept.take(raw, NOW)).reason == "another game"
    assert kept.phase == "on"


@pytest.mark.parametrize("raw", [b"", b"{", b"TL\x01", b'{"kind":"?"}', b"\xff" * 40])
def test_undecodable_bytes_are_a_dead_letter_with_the_same_bytes(raw):
    letter = the_letter(started().take(raw, NOW))
    assert letter.payload == raw
    assert letter.reason in ("truncated", "bad record", "not telemetry")


def test_game_record_that_the_operator_refuses_is_a_dead_letter():
    def refuses(record: GameRecord) -> GameOperator:
        raise BadInput("there is no model xgoals")

    kept = host(refuses)
    letter = the_letter(kept.take(START, NOW))
    assert (letter.reason, kept.phase) == ("bad game record", "waiting")
    assert "there is no model xgoals" in letter.detail
    wrong = msgspec.structs.replace(game(), sport="soccer")
    assert the_letter(host().take(encode_feed(GameStart(record=wrong)), NOW)).reason == "bad game record"


def test_operator_that_fails_on_a_record_makes_a_dead_letter_and_goes_on(caplog):
    kept = started()
    operator = kept.operator
    assert operator is not None
    whole = operator.on_record

    def fails_on_e1(record: Telemetry | Event, now_us: int = 0):  # type: ignore[no-untyped-def]
        if isinstance(record, Event) and record.id == "e1":
            raise ZeroDivisionError("float division by zero")
        return whole(record, now_us)

    operator.on_record = fails_on_e1  # type: ignore[method-assign]
    letters = [o for raw in feed(PLAY) for o in kept.take(raw, NOW) if isinstance(o, DeadLetter)]
    (letter,) = letters
    assert (letter.reason, letter.payload) == ("operator failed", encode_feed(mark(1, 1.0)))
    assert "ZeroDivisionError" in letter.detail
    assert "which is set aside" in caplog.text
    assert kept.metrics is not None
    assert kept.metrics.counts["quarantined", "operator failed"] == 1
    assert any(isinstance(o, StatBlock) for o in kept.take(END, NOW))


def test_strict_operator_that_fails_on_a_record_raises():
    kept = host(lambda record: GameOperator(TOY, record, strict=True))
    kept.take(START, NOW)
    kept.operator.on_record = lambda *_: 1 / 0  # type: ignore[union-attr,method-assign,assignment,return-value]
    with pytest.raises(ZeroDivisionError):
        kept.take(encode_feed(mark(1, 1.0)), NOW)


def test_tick_gives_provisional_values_and_leaves_the_state_unchanged():
    kept = started()
    for raw in feed(helpers.cut(track(2.0), [50])):
        kept.take(raw, NOW)
    before = kept.snapshot()
    out = kept.tick(int(track(2.0).t_us[-1]) + 700_000)
    assert {o.quality for o in out if isinstance(o, StatBlock)} == {"provisional"}
    assert kept.snapshot() == before


# -- state -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 1, 3, len(PLAY) // 2, len(PLAY)])
def test_restored_session_goes_on_to_the_same_finals(at):
    raws = [START, *feed(PLAY), END]
    first, second = host(), host()
    out = [o for raw in raws[:at] for o in first.take(raw, NOW)]
    second.restore(first.snapshot())
    assert (second.phase, second.record) == (first.phase, first.record)
    assert second.snapshot() == first.snapshot()
    out += [o for raw in raws[at:] for o in second.take(raw, NOW)]
    assert helpers.finals(o for o in out if not isinstance(o, Event)) == helpers.finals(helpers.run(TOY, game(), PLAY))


def test_restored_session_of_an_ended_game_stays_ended():
    kept, back = started(), host()
    kept.take(END, NOW)
    back.restore(kept.snapshot())
    assert (back.phase, back.operator) == ("over", None)
    assert the_letter(back.take(START, NOW)).reason == "after the end"
    assert len(kept.snapshot()) < 2_000, "and takes no room"


def test_snapshot_of_a_newer_version_is_refused_with_one_sentence():
    raw = b"TLGH" + msgspec.msgpack.encode([VERSION + 1, "on", {"anything": 1}, b"", "more"])
    with pytest.raises(BadSnapshot, match=rf"has version {VERSION + 1}, this program reads version {VERSION}: .*newer one"):
        host().restore(raw)


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
    ],
)
def test_bytes_that_are_no_snapshot_are_refused_with_one_sentence(raw, word):
    with pytest.raises(BadSnapshot, match=word) as bad:
        host().restore(raw)
    assert "\n" not in str(bad.value)


def test_snapshot_of_another_roster_is_refused():
    kept = started()
    for raw in feed(PLAY):
        kept.take(raw, NOW)
    raw = bytearray(kept.snapshot())
    inner = msgspec.msgpack.decode(bytes(raw[4:]))
    inner[2] = msgspec.to_builtins(game(6))
    with pytest.raises(BadSnapshot, match="roster"):
        host().restore(b"TLGH" + msgspec.msgpack.encode(inner))


def test_damaged_snapshot_is_refused_or_restored():
    kept = started()
    for raw in feed(PLAY)[:6]:
        kept.take(raw, NOW)
    good, rng = kept.snapshot(), np.random.default_rng(2)
    for _ in range(300):
        raw = bytearray(good)
        raw[int(rng.integers(4, 400))] ^= 1 << int(rng.integers(8))
        back = host()
        try:
            back.restore(bytes(raw))
        except (BadSnapshot, BadInput):
            continue
        assert back.phase in ("waiting", "on", "over")
