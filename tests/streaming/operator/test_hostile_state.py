"""A snapshot with a right checksum and wrong numbers is refused with one sentence, and never used."""

from __future__ import annotations

import resource
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from simulators.catalogue import open_simulator
from streaming.errors import BadInput, BadSnapshot
from streaming.factory import operator_for
from streaming.operator import signing
from streaming.operator.game import GameOperator
from streaming.operator.session import GameSession
from streaming.operator.state import PlainState
from streaming.runners.kafka.partition import Partition
from streaming.wire.feed import GameStart, encode_feed
from streaming.wire.records import Event
from tests.streaming import helpers
from tests.streaming.toy import T0, TOY, game, mark, track

KEY = "a:" + "k" * 40
OTHER = "b:" + "j" * 40
PLAIN = list(PlainState.__struct_fields__)


def played() -> GameOperator:
    operator = GameOperator(TOY, game())
    records = [*helpers.cut(track(30.0), [50]), *(mark(i, 1.2 + 1.5 * i) for i in range(18))]
    records.sort(key=lambda r: r.arrival_us if isinstance(r, Event) else int(r.arrival_us[-1]))
    helpers.play(operator, records, end=False)
    return operator


@pytest.fixture(scope="module")
def good() -> bytes:
    return played().snapshot()


def changed(raw: bytes, change: Callable[[list[Any], dict[str, Any]], None]) -> bytes:
    """The snapshot with other numbers and a right checksum."""
    body = msgspec.msgpack.decode(raw[8:])
    plain = msgspec.msgpack.decode(body[4], strict=False)
    arrays = {name: np.frombuffer(a[2], a[0]).reshape(a[1]).copy() for name, a in body[5].items()}
    change(plain, arrays)
    body[4] = msgspec.msgpack.encode(plain)
    body[5] = {name: [a.dtype.str[1:], list(a.shape), a.tobytes()] for name, a in arrays.items()}
    packed = msgspec.msgpack.encode(body)
    return raw[:4] + zlib.crc32(packed).to_bytes(4, "little") + packed


def put(name: str, value: Any, where: Any = ...) -> Callable[[list[Any], dict[str, Any]], None]:
    def change(plain: list[Any], arrays: dict[str, Any]) -> None:
        if name in arrays:
            arrays[name][where] = value
        else:
            plain[PLAIN.index(name)] = value

    return change


def ledger(change: Callable[[list[Any]], None]) -> Callable[[list[Any], dict[str, Any]], None]:
    def inner(plain: list[Any], arrays: dict[str, Any]) -> None:
        parts = msgspec.msgpack.decode(plain[PLAIN.index("ledger")])
        change(parts)
        plain[PLAIN.index("ledger")] = msgspec.msgpack.encode(parts)

    return inner


def shaped(name: str, make: Callable[[Any], Any]) -> Callable[[list[Any], dict[str, Any]], None]:
    def change(plain: list[Any], arrays: dict[str, Any]) -> None:
        arrays[name] = make(arrays[name])

    return change


def waiting(plain: list[Any]) -> Any:
    return plain[PLAIN.index("waiting")]


HUGE = 1 << 60
KEPT = ("tape.pointers", "tape.state.toy.count.rows")
BAD = {
    "rows that are years apart": put("tape.t_us", T0 + HUGE, -1),
    "rows in no order": put("tape.grid_row", 3, -1),
    "a row beyond all games": put("tape.grid_row", HUGE, -1),
    "seconds that are not a time": put("tape.t", np.nan, -1),
    "pointers beyond the buffer": put("tape.pointers", [HUGE, HUGE]),
    "pointers that are far apart": put("tape.pointers", [200, 1]),
    "negative pointers": put("tape.pointers", [-5, -9]),
    "pointers of another shape": shaped("tape.pointers", lambda a: a[:1]),
    "positions out of the world": put("tape.xyz", 1e300, (0, 0, 0)),
    "a negative period": put("tape.period", -3, 0),
    "no direction": put("tape.attack", 7, 0),
    "columns of other lengths": shaped("tape.xyz", lambda a: a[1:]),
    "no rows": lambda plain, arrays: [arrays.update({k: arrays[k][:0]}) for k in arrays if k.startswith("tape.") and k not in KEPT],
    "floats for integers": shaped("tape.t_us", lambda a: a.astype("f8")),
    "a next row of the past": put("framer.counters", 1, 0),
    "a next row beyond all games": put("framer.counters", HUGE, 0),
    "negative blanks": put("framer.counters", -7, 1),
    "an unfinished window of a thousand rows": put("framer.counters", 1000, 2),
    "a negative unfinished window": put("framer.counters", -1, 2),
    "decided for all times": put("framer.counters", (1 << 63) - 1, 4),
    "counters of another shape": shaped("framer.counters", lambda a: a[:3]),
    "more samples than there are": put("framer.n", 300),
    "negative samples": put("framer.n", -1),
    "used before checked": lambda plain, arrays: arrays["framer.used"].__iadd__(10_000),
    "samples in no order": lambda plain, arrays: arrays["framer.t"].__setitem__(slice(None), arrays["framer.t"][:, ::-1].copy()),
    "a sample at no time": put("framer.t", -(1 << 63), (0, 0)),
    "samples of fewer tags": shaped("framer.n", lambda a: a[:2]),
    "values of fewer tags": shaped("framer.v", lambda a: a[:2]),
    "leaps of another shape": shaped("framer.leap", lambda a: a[:, :2]),
    "seen by others": shaped("framer.seen_us", lambda a: a[:2]),
    "a clock beyond all times": put("framer.clock", (1 << 63) - 1),
    "half shown": lambda plain, arrays: [a.fill(5) for k, a in arrays.items() if k.startswith("windows.") and a.dtype == np.int8],
    "an arrival beyond all times": put("clock", [1 << 63, 0, 0]),
    "ticks that are done": put("active", [-5, 3]),
    "ticks in no order": put("active", [9_000, 8_000]),
    "a tick beyond all games": put("active", [HUGE]),
    "a last tick beyond all games": put("ticked", HUGE),
    "an event that waits twice": lambda plain, arrays: waiting(plain).append(waiting(plain)[0]),
    "an event of an unknown type": lambda plain, arrays: waiting(plain)[0].update(type="goal"),
    "an event of another game": lambda plain, arrays: waiting(plain)[0].update(game="other"),
    "an event of nobody": lambda plain, arrays: waiting(plain)[0].update(player="r99"),
    "a settled event that waits": lambda plain, arrays: plain[PLAIN.index("settled")].update({waiting(plain)[0]["id"]: 0}),
    "a drawn row beyond all games": put("drawn_row", HUGE),
    "a negative count": put("counts", [["accepted", "event", -HUGE]]),
    "a stamp beyond all times": put("arrivals", [1 << 63, 0, 0, False, [0, 0, 0, 0], []]),
    "held rubbish": put("arrivals", [0, 0, 0, False, [0, 0, 0, 0], [b"rubbish"]]),
    "a ledger of rubbish": put("ledger", b"\x93"),
    "an entry of a player who is not there": ledger(lambda parts: parts[2][0].update(player=10_000)),
    "an entry of a team that is not there": ledger(lambda parts: parts[2][0].update(team=-2)),
    "an entry of no sport": ledger(lambda parts: parts[2][0].update(type="goal")),
    "an entry without a place": ledger(lambda parts: parts[2][0].update(at=[])),
    "entries in no order": ledger(lambda parts: parts[2].reverse()),
    "an entry twice": ledger(lambda parts: parts[2].append(parts[2][-1])),
    "an entry at no time": ledger(lambda parts: parts[2][-1].update(t_s=float("nan"))),
    "a million ticks": ledger(lambda parts: parts.__setitem__(3, list(range(1_000_000)))),
    "ledger ticks in no order": ledger(lambda parts: parts[3].reverse()),
    "aged and in the log": ledger(lambda parts: parts[4].append(parts[2][0]["id"])),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_wrong_numbers_are_refused_with_one_sentence(good, what):
    raw = changed(good, BAD[what])
    with pytest.raises(BadSnapshot) as bad:
        GameOperator(TOY, game()).restore(raw)
    assert "\n" not in str(bad.value)


def test_the_helpers_change_only_what_they_say(good):
    again = GameOperator(TOY, game())
    again.restore(changed(good, lambda plain, arrays: None))
    assert again.snapshot() == good


@pytest.mark.parametrize(
    ("sport", "name", "column", "value"),
    [
        ("nfl", "tape.signal.play", 14, 1e9), ("nfl", "tape.signal.play", 13, -3.0), ("nfl", "tape.signal.play", 15, 2.5),
        ("nfl", "tape.signal.rival", ..., 45.0), ("nfl", "tape.signal.shadow", ..., -9.0), ("f1", "tape.signal.ahead", ..., 1e18),
        ("f1", "tape.state.progress.posts.last", 3, 128.0), ("f1", "tape.state.progress.posts.last", 1, -1e18),
        ("f1", "tape.state.progress.posts.last", 0, np.nan), ("mlb", "tape.signal.stealer", ..., 1 << 40),
        ("soccer", "tape.signal.controller", ..., 1 << 40), ("soccer", "tape.signal.last_touch", ..., -7),
        ("soccer", "tape.signal.team_in_possession", ..., 2), ("soccer", "tape.state.positions.mean.clock", ..., np.nan),
    ],
)  # fmt: skip
def test_places_that_compiled_code_goes_by_are_on_their_axis(sport, name, column, value, snapshots):
    record, raw = snapshots(sport)
    where = ... if column is ... else (..., column)
    with pytest.raises(BadSnapshot, match=r"range|whole number"):
        operator_for(record).restore(changed(raw, put(name, value, where)))


@pytest.fixture(scope="module")
def snapshots():  # type: ignore[no-untyped-def]
    kept: dict[str, Any] = {}

    def of(sport: str) -> Any:
        if sport not in kept:
            game = open_simulator(sport, 1, 0.5)
            operator = operator_for(game.record)
            for n, packet in enumerate(game.stream(25)):
                operator.on_record(packet)
                if n > 40:
                    break
            kept[sport] = game.record, operator.snapshot()
            operator_for(game.record).restore(kept[sport][1])
        return kept[sport]

    return of


def test_array_that_says_it_is_huge_takes_no_memory(good):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for shape in ([1 << 40, 1 << 40], [-1], [1 << 62], [1] * 40, [0, 1 << 62]):
        body = msgspec.msgpack.decode(good[8:])
        body[5]["tape.xyz"] = ["f8", shape, b""]
        packed = msgspec.msgpack.encode(body)
        with pytest.raises(BadSnapshot):
            GameOperator(TOY, game()).restore(good[:4] + zlib.crc32(packed).to_bytes(4, "little") + packed)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


@pytest.mark.slow
def test_any_numbers_in_a_snapshot_are_refused_or_harmless(good):
    """Arrays and numbers at random; what is taken goes on with the game, and its session makes letters at worst."""
    rng = np.random.default_rng(11)
    values: list[Any] = [0, -1, 1, 7, 255, HUGE, -HUGE, (1 << 63) - 1, np.nan, np.inf, 1e300]
    taken = 0
    for _ in range(400):

        def change(plain: list[Any], arrays: dict[str, Any]) -> None:
            for _ in range(int(rng.integers(1, 4))):
                name = list(arrays)[int(rng.integers(len(arrays)))]
                flat = arrays[name].reshape(-1)
                if len(flat):
                    with np.errstate(all="ignore"):
                        value = np.asarray(values[int(rng.integers(len(values)))])
                        flat[int(rng.integers(len(flat)))] = value.astype(flat.dtype)

        session = GameSession("toy", "toy-1", lambda record: GameOperator(TOY, record))
        session.take(encode_feed(GameStart(record=game())), 0)
        session.operator = GameOperator(TOY, game())
        try:
            session.operator.restore(changed(good, change))
        except BadSnapshot:
            continue
        taken += 1
        for piece in helpers.cut(track(3.0, start_s=30.0), [125]):
            session.take(encode_feed(piece), 0)
    assert 10 < taken < 390


# -- signatures --------------------------------------------------------------------------------------------------------


def started() -> GameSession:
    session = GameSession("toy", "toy-1", lambda record: GameOperator(TOY, record))
    session.take(encode_feed(GameStart(record=game())), 0)
    session.take(encode_feed(track(2.0)), 0)
    return session


def restored(raw: bytes, where: bytes = b"", name: str = "toy-1") -> GameSession:
    session = GameSession("toy", name, lambda record: GameOperator(TOY, record))
    session.restore(raw, where)
    return session


def test_signed_state_is_taken_and_a_changed_byte_is_not(monkeypatch):
    plain = started().snapshot()
    monkeypatch.setenv(signing.VARIABLE, KEY)
    signed = started().snapshot(b"0/7")
    assert restored(signed, b"0/7").snapshot(b"0/7") == signed
    for at in (6, 30, len(signed) // 2, len(signed) - 1):
        raw = bytearray(signed)
        raw[at] ^= 1
        with pytest.raises(BadSnapshot, match=r"signature|key"):
            restored(bytes(raw), b"0/7")
    with pytest.raises(BadSnapshot, match="signature that is not right"):
        restored(signed, b"0/8")
    with pytest.raises(BadSnapshot, match="signature that is not right"):
        restored(signed, b"0/7", "toy-2")
    for raw in (plain, b"", signed[:20]):
        with pytest.raises(BadSnapshot, match="is not signed"):
            restored(raw)
    monkeypatch.delenv(signing.VARIABLE)
    assert restored(plain).phase == "on"
    with pytest.raises(BadSnapshot, match="no key to check it with"):
        restored(signed, b"0/7")


def test_keys_are_changed_by_putting_the_new_one_first(monkeypatch, tmp_path):
    monkeypatch.setenv(signing.VARIABLE, KEY)
    old = started().snapshot()
    monkeypatch.setenv(signing.VARIABLE, f"{OTHER},{KEY}")
    assert restored(old).phase == "on"
    new = started().snapshot()
    monkeypatch.delenv(signing.VARIABLE)
    (tmp_path / "keys").write_text(f"{OTHER}\n")
    monkeypatch.setenv(signing.FILE_VARIABLE, str(tmp_path / "keys"))
    assert restored(new).phase == "on"
    with pytest.raises(BadSnapshot, match="a key that TOUCHLINE_STATE_KEY does not have"):
        restored(old)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("secret", "ID:SECRET"),
        ("a:short", "fewer than 32"),
        (f"{KEY},{KEY}", "two keys"),
        ("!:" + "x" * 40, "ID:SECRET"),
        (",", "no key"),
    ],
)
def test_keys_that_are_none_are_refused_without_showing_them(text, word):
    with pytest.raises(BadInput, match=word) as bad:
        signing.parse(text)
    assert "kkkk" not in str(bad.value)
    assert "short" not in str(bad.value)


def test_key_file_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setenv(signing.FILE_VARIABLE, "/nowhere/keys")
    with pytest.raises(BadInput, match="cannot be read"):
        signing.state_keys()


def test_stored_state_of_a_partition_is_taken_in_its_own_place_alone(monkeypatch):
    monkeypatch.setenv(signing.VARIABLE, KEY)

    def part(number: int) -> Partition:
        return Partition(number, "toy", lambda record: GameOperator(TOY, record))

    first = part(3)
    first.take(0, b"toy-1", encode_feed(GameStart(record=game())), 0)
    first.take(1, b"toy-1", encode_feed(track(2.0)), 0)
    stored = {**dict(first.due(1.0, 0.0, 9)), "": first.progress()}
    again = part(3)
    again.restore(stored)
    assert again.sessions["toy-1"].snapshot() == first.sessions["toy-1"].snapshot()
    with pytest.raises(BadSnapshot, match="signature"):
        part(4).restore(stored)
    kept = msgspec.msgpack.decode(stored["toy-1"])
    kept[1] = 0
    with pytest.raises(BadSnapshot, match="signature"):
        part(3).restore({**stored, "toy-1": msgspec.msgpack.encode(kept)})
    with pytest.raises(BadSnapshot, match="is not signed"):
        part(3).restore({**stored, "": msgspec.msgpack.encode([1, 5])})
    kept[1] = -4
    monkeypatch.delenv(signing.VARIABLE)
    with pytest.raises(BadSnapshot, match="cannot be read"):
        part(3).restore({"toy-1": msgspec.msgpack.encode(kept)})
    assert isinstance(mark(1, 1.0), Event)
