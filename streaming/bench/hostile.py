"""Records that nobody should send, through a running pipeline: each is counted, memory stays as it is, and so does the game beside.

What is sent are valid records of all sports, changed: bits, lengths, numbers, stamps, names. The same seed gives the same records.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import numpy as np

from streaming.errors import BadRecord
from streaming.runners.kafka.partition import Partition
from streaming.wire.blocks import DeadLetter, StatBlock
from streaming.wire.feed import GameEnd, GameStart, decode_feed, encode_feed
from streaming.wire.messages import messages
from streaming.wire.records import Event, GameRecord, Telemetry

SPORTS: Final = ("soccer", "nfl", "mlb", "f1")
YEAR_US: Final = 365 * 86_400_000_000
_NUMBERS: Final[tuple[Any, ...]] = (0, -1, 1e308, -1e308, 1 << 62, -(1 << 62), 1 << 70, "x", None, [], {}, True, "\ud7ff" * 50)
_FLOATS: Final = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 1e-40, 1e9, -1e9, 0.0, 7.0, 255.0], np.float32)
_TIMES: Final = (YEAR_US, -YEAR_US, 3_600_000_000, 90_000_000, -90_000_000, 1 << 60, -(1 << 60))


def _bits(raw: bytes, rng: np.random.Generator) -> bytes:
    out = bytearray(raw)
    for _ in range(int(rng.integers(1, 9))):
        out[int(rng.integers(len(out)))] ^= 1 << int(rng.integers(8))
    return bytes(out)


def _cut(raw: bytes, rng: np.random.Generator) -> bytes:
    return raw[: int(rng.integers(len(raw)))]


def _longer(raw: bytes, rng: np.random.Generator) -> bytes:
    return raw + rng.bytes(int(rng.integers(1, 200)))


def _spliced(raw: bytes, rng: np.random.Generator) -> bytes:
    a, b = sorted(rng.integers(0, len(raw), 2).tolist())
    return raw[:b] + raw[a:]


def _rubbish(raw: bytes, rng: np.random.Generator) -> bytes:
    return rng.bytes(int(rng.integers(0, 400)))


def _nested(raw: bytes, rng: np.random.Generator) -> bytes:
    return b'{"kind":' + b"[" * int(rng.integers(1, 5_000))


def _fields(raw: bytes, rng: np.random.Generator) -> bytes:
    """Another value, or none, in some fields of a JSON record; wild numbers in some columns of a packet."""
    if raw[:1] == b"{":
        fields: dict[str, Any] = msgspec.json.decode(raw)
        for _ in range(int(rng.integers(1, 4))):
            name = list(fields)[int(rng.integers(len(fields)))]
            if rng.random() < 0.2:
                fields.pop(name)
                if not fields:
                    break
            else:
                fields[name] = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
        try:
            return msgspec.json.encode(fields)
        except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError):
            return b"{"
    packet = decode_feed(raw)
    assert isinstance(packet, Telemetry)
    columns = [packet.x_m, packet.y_m, packet.z_m, *packet.channels.values()]
    for _ in range(int(rng.integers(1, 6))):
        column = columns[int(rng.integers(len(columns)))]
        column[int(rng.integers(len(column))) :: int(rng.integers(1, 9))] = _FLOATS[int(rng.integers(len(_FLOATS)))]
    return encode_feed(packet)


def _moved(raw: bytes, rng: np.random.Generator) -> bytes:
    """Other times: of the event, of its arrival, or of both."""
    record = decode_feed(raw)
    by_us, what = _TIMES[int(rng.integers(len(_TIMES)))], int(rng.integers(3))
    if isinstance(record, Event):
        times = {"t_us": _within(record.t_us + by_us)} if what != 1 else {}
        stamps = {"arrival_us": _within(record.arrival_us + by_us)} if what else {}
        return encode_feed(msgspec.structs.replace(record, **times, **stamps))
    if isinstance(record, Telemetry):
        if what != 1:
            record.t_us = record.t_us + by_us
        if what:
            record.arrival_us = record.arrival_us + by_us
            if isinstance(record.arrival_us, int):
                record.arrival_us = _within(record.arrival_us)
        return encode_feed(record)
    return raw[:-1]


def _named(raw: bytes, rng: np.random.Generator) -> bytes:
    """Other names: of the game, of an event's type, team and player; other tags."""
    record = decode_feed(raw)
    if isinstance(record, Event):
        name = ("game", "type", "team", "player", "id")[int(rng.integers(5))]
        return encode_feed(msgspec.structs.replace(record, **{name: "nobody"}, revision=int(rng.integers(3))))
    if isinstance(record, Telemetry):
        if rng.random() < 0.3:
            record.game = "nobody"
        else:
            record.tag = record.tag + np.uint32(rng.integers(1, 1 << 31))
        return encode_feed(record)
    return raw[:-1]


def _within(t_us: int) -> int:
    return max(-(1 << 62), min(1 << 62, t_us))


Change = Callable[[bytes, np.random.Generator], bytes]
CHANGES: Final[tuple[Change, ...]] = (_bits, _cut, _longer, _spliced, _rubbish, _nested, _fields, _moved, _named)


def hostile(raws: list[bytes], number: int, seed: int) -> Iterator[bytes]:
    """``number`` changed records made of the valid ``raws``."""
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in ([raw for raw in raws if raw[:1] == b"{"], [raw for raw in raws if raw[:1] != b"{"]) if kind]
    for _ in range(number):
        some = kinds[int(rng.integers(len(kinds)))]
        raw = some[int(rng.integers(len(some)))]
        yield CHANGES[int(rng.integers(len(CHANGES)))](raw, rng)


def refused_anyway(raw: bytes, record: GameRecord) -> bool:
    """Whether no operator of the game can take any part of these bytes: they may be sent under its own key."""
    try:
        found = decode_feed(raw)
    except BadRecord:
        return True
    if isinstance(found, (GameStart, GameEnd)):
        return isinstance(found, GameStart) and found.record != record
    if found.game != record.game:
        return True
    known = [tag.tag for tag in record.tags]
    return isinstance(found, Telemetry) and not np.isin(found.tag, known).any()


class HostileRun:
    """A partition with a good game, and beside it one that gets hostile records alone, under its own key and the good game's.

    Attributes
    ----------
    reasons : by (kind, reason), what became of hostile records
    uncounted : hostile records that were neither counted nor set aside
    good : outputs about the good game
    """

    def __init__(self, sport: str, record: GameRecord, raws: list[bytes], make: Any) -> None:
        self.sport, self.record, self.raws = sport, record, raws
        self.part = Partition(0, sport, make)
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.uncounted = self.sent = self.largest_bytes = 0
        self.good: list[StatBlock] = []
        self._victims = 0
        self._held: Counter[str] = Counter()

    def run(self, number: int, seed: int) -> None:
        """The good game from its start to its end, and ``number`` hostile records between its own."""
        start = encode_feed(GameStart(record=self.record))
        game = self.record.game
        self._take(game, start, _arrival(self.raws[0]))
        each, rest = divmod(number, len(self.raws))
        bad = hostile(self.raws, number, seed)
        for i, raw in enumerate(self.raws):
            now_us = _arrival(raw) + 20_000
            self._take(game, raw, now_us)
            for _ in range(each + (i < rest)):
                self._hostile(next(bad), now_us)
        self._take(game, encode_feed(GameEnd(game=game)), now_us)

    def _hostile(self, raw: bytes, now_us: int) -> None:
        self.sent += 1
        game = self.record.game
        if not refused_anyway(raw, self.record):
            game = f"victim-{self._victims}"
            victim = msgspec.structs.replace(self.record, game=game)
            if game not in self.part.playing:
                self._victims += 1
                game, victim = f"victim-{self._victims}", msgspec.structs.replace(victim, game=f"victim-{self._victims}")
                self._take(game, encode_feed(GameStart(record=victim)), now_us)
            raw = _of(raw, self.record.game, game)
        before = self._counts(game)
        letters = self._take(game, raw, now_us)
        after = self._counts(game)
        new = after - before if after else Counter()
        for reason, n in letters.items():
            new["letter", reason] += n
        self.reasons += new
        session = self.part.playing.get(game)
        held = 0 if session is None or session.operator is None else session.operator.arrivals.waiting
        # what the guard of arrivals holds is counted when it has decided
        self.uncounted += not new and session is not None and held <= self._held[game]
        self._held[game] = held

    def _counts(self, game: str) -> Counter[tuple[str, str]]:
        session = self.part.sessions.get(game)
        return Counter() if session is None or session.metrics is None else session.metrics.counts.copy()

    def _take(self, game: str, raw: bytes, now_us: int) -> Counter[str]:
        _, out = self.part.take(self.part.offset, game.encode(), raw, now_us)
        for message in messages(self.sport, game, out, now_us):
            self.largest_bytes = max(self.largest_bytes, len(message.value))
        if game == self.record.game:
            self.good += [output for output in out if isinstance(output, StatBlock)]
        return Counter(output.reason for output in out if isinstance(output, DeadLetter))


def _of(raw: bytes, game: str, victim: str) -> bytes:
    """The same record of the victim."""
    record = decode_feed(raw)
    if isinstance(record, Telemetry):
        record.game = victim if record.game == game else record.game
        return encode_feed(record)
    return encode_feed(msgspec.structs.replace(record, game=victim)) if isinstance(record, (Event, GameEnd)) else raw


def _arrival(raw: bytes) -> int:
    record = decode_feed(raw)
    assert isinstance(record, (Event, Telemetry))
    return record.arrival_us if isinstance(record.arrival_us, int) else int(record.arrival_us.max())


#: how a hundred thousand hostile records are shared out: most to the sport whose packets cost least
SHARES: Final = {"soccer": 0.1, "nfl": 0.2, "mlb": 0.6, "f1": 0.1}
#: minutes of a game in which its tracking has begun
MINUTES: Final = {"soccer": 0.5, "nfl": 2.0, "mlb": 0.5, "f1": 0.5}


def game_of(sport: str, minutes: float) -> tuple[GameRecord, list[bytes]]:
    """A simulated game, and its records as they are sent."""
    from simulators.catalogue import open_simulator

    simulator = open_simulator(sport, 3, minutes)
    return simulator.record, [encode_feed(record) for record in simulator.stream(5)]


def resident_bytes() -> int:
    """What this process has in memory now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4_096


def bench(records: int = 100_000) -> dict[str, Any]:
    """``touchline bench hostile``: hostile records a second, beside the same number of valid ones."""
    from streaming.factory import maker

    figures: dict[str, float] = {}
    total_s = valid_s = 0.0
    with maker() as make:
        for sport in SPORTS:
            record, raws = game_of(sport, MINUTES[sport])
            run = HostileRun(sport, record, raws, make)
            run.run(0, 1)
            began = time.perf_counter()
            HostileRun(sport, record, raws, make).run(0, 1)
            valid_s += (time.perf_counter() - began) / len(raws)
            run, began = HostileRun(sport, record, raws, make), time.perf_counter()
            run.run(int(records * SHARES[sport]), 7)
            total_s += time.perf_counter() - began
            figures[f"{sport}_not_counted"] = run.uncounted
            figures[f"{sport}_reasons"] = len(run.reasons)
    figures["hostile_records_per_s"] = records / total_s
    return {
        "what": f"{records:,} hostile records of four sports beside a good game of each",
        "figures": figures,
        "target": "none that is not counted with its reason",
        "floor": {"valid_records_per_s": len(SPORTS) / valid_s},
    }


def storm(events: int = 10_000) -> dict[str, Any]:
    """``touchline bench storm``: events at one instant, beside a tenth of them."""
    from simulators.catalogue import open_simulator
    from streaming.factory import operator_for

    game = open_simulator("soccer", 3, 0.3)
    one = next(record for record in game.stream(5) if isinstance(record, Event) and record.type == "pass")

    def seconds(number: int) -> float:
        operator = operator_for(game.record)
        began = time.perf_counter()
        for i in range(number):
            operator.on_record(msgspec.structs.replace(one, id=f"s{i:06d}"))
        operator.finish()
        return time.perf_counter() - began

    seconds(100)
    tenth, whole = seconds(events // 10), seconds(events)
    return {
        "what": f"{events:,} events at one instant, from the first to the last final value",
        "figures": {"seconds": whole, "us_an_event": 1e6 * whole / events},
        "target": "ten times the events in no more than fifteen times the time",
        "floor": {"tenth_seconds": tenth, "tenth_us_an_event": 1e7 * tenth / events},
    }
