"""A game as bytes: records through a session, snapshots, and what a group keeps on the broker. The checksum of a snapshot is put
right, so that what is inside is believed and looked at."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import msgspec

from streaming.errors import BadRecord, BadSnapshot, TouchlineError
from streaming.operator.session import GameSession
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.state_store import PROGRESS
from streaming.wire.blocks import DeadLetter
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import GameRecord
from tests.fuzz import mutations
from tests.fuzz.target import Finding, Target, joined, mutated_parts, parted
from tests.streaming import toy

_GAME = "toy-1"
_SPORTS = ("soccer", "nfl", "mlb", "f1")
#: reasons of a dead letter that are our own mistake
_OURS = frozenset({"operator failed"})


def targets() -> Iterator[Target]:
    yield Target("session", _session, _records, (), mutated_parts)
    for sport in _SPORTS:
        yield Target(
            f"session-{sport}",
            lambda data, sport=sport: _play(sport, data),  # type: ignore[misc]
            lambda sport=sport: [_game_of(sport)],  # type: ignore[misc]
            (),
            mutated_parts,
        )
    yield Target("snapshot", _snapshot, _snapshots, (BadSnapshot,), _changed_state)
    yield Target("kafka-state", _stored, _states, (BadSnapshot,), mutated_parts)


def _make(record: GameRecord) -> Any:
    return toy.final_only(record)


def _checked(session: GameSession, raw: bytes) -> None:
    for out in session.take(raw, 1_700_000_000_000_000):
        if isinstance(out, DeadLetter) and out.reason in _OURS:
            raise Finding(f"{out.reason}: {out.detail[:200]}")


def _session(data: bytes) -> None:
    session = GameSession("toy", _GAME, _make)
    for raw in parted(data):
        _checked(session, raw)
    session.tick(1_800_000_000_000_000)
    session.snapshot()


def _records() -> list[bytes]:
    record = toy.game()
    sent = [GameStart(record=record), toy.track(1.0), toy.mark(1, 0.5), toy.mark(1, 0.5, revision=1), toy.track(1.0, start_s=1.0)]
    return [joined([encode_feed(one) for one in (*sent, GameEnd(game=record.game))])]


# -- the sports --------------------------------------------------------------------------------------------------------------


@cache
def _factory() -> Any:
    from streaming.factory import maker

    return maker(draw=False)


@cache
def _game_of(sport: str) -> bytes:
    """Some seconds of a simulated game, its first events among them."""
    from tests.small_simulators import small_simulator

    world = small_simulator(sport, 3, 0.5, game="g")
    sent, events = [encode_feed(GameStart(record=world.record))], 0
    for record in world.stream():
        if hasattr(record, "type"):
            events += 1
            sent.append(encode_feed(record))
        elif len(sent) < 30:
            sent.append(encode_feed(record))
        if events >= 12 or len(sent) > 60:
            break
    return joined([*sent, encode_feed(GameEnd(game="g"))])


def _play(sport: str, data: bytes) -> None:
    session = GameSession(sport, "g", _factory())
    for raw in parted(data):
        _checked(session, raw)
    session.snapshot()


# -- state -------------------------------------------------------------------------------------------------------------------


@cache
def _session_states() -> list[bytes]:
    """What a session keeps before, while and after its game is on."""
    record, session, kept = toy.game(), GameSession("toy", _GAME, _make), []
    for one in (None, GameStart(record=record), toy.track(1.0), toy.mark(1, 0.5), toy.mark(2, 0.9), GameEnd(game=record.game)):
        if one is not None:
            session.take(encode_feed(one), 1)
        kept.append(session.snapshot())
    return kept


def _believed(raw: bytes) -> bytes:
    """A session's state with the checksum that its operator's state must have."""
    try:
        outer = msgspec.msgpack.decode(raw[4:])
        inner = outer[3]
        if isinstance(inner, bytes) and len(inner) > 8:
            outer[3] = inner[:4] + zlib.crc32(inner[8:]).to_bytes(4, "little") + inner[8:]
        return raw[:4] + msgspec.msgpack.encode(outer)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError, OverflowError):
        return raw


def _snapshots() -> list[bytes]:
    return _session_states()


def _snapshot(data: bytes) -> None:
    session = GameSession("toy", _GAME, _make)
    session.restore(_believed(data))
    after = [toy.track(1.0, start_s=1.0), toy.mark(9, 1.2), toy.mark(1, 0.5, revision=2)]
    for one in (*after, GameEnd(game=_GAME)):
        try:
            session.take(encode_feed(one), 2)
        except TouchlineError:
            return


def _changed_state(rng: Random, raw: bytes) -> bytes:
    """One value anywhere in a state is changed: its layers are taken apart and put together again."""
    try:
        outer = msgspec.msgpack.decode(raw[4:])
        if isinstance(outer[3], bytes) and outer[3] and rng.random() < 0.9:
            body = msgspec.msgpack.decode(outer[3][8:])
            if rng.random() < 0.6:
                body[4] = msgspec.msgpack.encode(mutations.changed(rng, msgspec.msgpack.decode(body[4])))
            elif rng.random() < 0.7:
                _change_array(rng, body[5])
            else:
                body = mutations.changed(rng, body)
            outer[3] = outer[3][:8] + msgspec.msgpack.encode(body)
        else:
            outer = mutations.changed(rng, outer)
        return raw[:4] + msgspec.msgpack.encode(outer)
    except Exception:  # noqa: BLE001 (what was changed before may have no layers any more)
        return mutations.one(rng, raw)


def _change_array(rng: Random, arrays: dict[str, list[Any]]) -> None:
    name = rng.choice(sorted(arrays))
    kind, shape, raw = arrays[name]
    how = rng.random()
    if how < 0.5 and raw:
        size = int(kind[1:])
        at = rng.randrange(max(1, len(raw) // size)) * size
        hostile = rng.choice((b"\xff" * size, b"\x7f" * size, b"\x00" * size, b"\x80" + b"\x00" * (size - 1), rng.randbytes(size)))
        raw = raw[:at] + hostile + raw[at + size :]
    elif how < 0.7:
        shape = [rng.choice((0, 1, 2, 3, -1, 1 << 40, *shape)) for _ in range(rng.choice((1, 2, 3)))]
    elif how < 0.8:
        kind = rng.choice(("f8", "f4", "i8", "i4", "u1", "b1", "O8", "x"))
    elif how < 0.9:
        raw, shape = raw * 2, [2 * shape[0], *shape[1:]] if shape else shape
    else:
        raw, shape = b"", [0, *shape[1:]]
    arrays[name] = [kind, shape, raw]


def _stored(data: bytes) -> None:
    parts = parted(data)
    names = (PROGRESS, _GAME, "toy-2", "")
    partition = Partition(0, "toy", _make)
    partition.restore(dict(zip(names, parts, strict=False)))
    try:
        partition.take(partition.offset, _GAME.encode(), encode_feed(toy.mark(9, 1.2)), 2)
    except BadRecord as bad:
        raise Finding("a record raises after a restored state") from bad


def _states() -> list[bytes]:
    return [joined([msgspec.msgpack.encode([1, 5]), msgspec.msgpack.encode([1, 3, state])]) for state in _session_states()]
