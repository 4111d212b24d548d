"""What must hold of a run, as Jepsen has it: nothing but what readers saw and what was committed is looked at.

- A committed reader gets the final values of the embedded replay of the input, each once and in its order; the same holds of dead
  letters. An uncommitted reader sees no other value under an id. What a Flink job writes in a transaction that the broker has
  aborted, and whose commit it has refused, is excused if the production code has reported every such transaction: docs/runners.md
  promises no more of them.
- Committed offsets of a partition never go back, and no partition has two owners in one generation of the group.
- What is stored of a game restores to the state that the replay has at that offset, and a commit holds no more snapshots than the
  games that are on need.
- A member that runs is never expelled. Once the faults are over, everything is used and published within ``BOUND_S``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Set
from typing import Any, Final

import msgspec

from streaming.errors import TouchlineError
from streaming.operator.session import GameSession
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.state_store import state_key
from streaming.simulation.broker import Broker
from streaming.simulation.log import Record
from streaming.simulation.tally import SPORT, make
from streaming.simulation.world import World
from streaming.wire import topics
from streaming.wire.blocks import Output
from streaming.wire.messages import decode_letter, decode_stats, messages
from streaming.wire.records import Event

#: after the last fault everything is done within so long, s
BOUND_S: Final = 45.0

INPUT: Final = topics.telemetry(SPORT)
STATS: Final = topics.stats(SPORT)
DEAD: Final = topics.dead(topics.telemetry(SPORT))
SNAPSHOTS: Final = topics.snapshots(SPORT)

#: a final value: id, revision, value
Final_ = tuple[str, int, Any]


class Expected:
    """The embedded replay of the input, partition by partition."""

    def __init__(self, inputs: list[list[Record]]) -> None:
        self.finals: dict[str, list[Final_]] = defaultdict(list)
        self.letters: Counter[tuple[str, str, bytes]] = Counter()
        self._inputs = inputs
        for records in inputs:
            sessions: dict[str, GameSession] = {}
            for record in records:
                self._take(sessions, record)

    def _take(self, sessions: dict[str, GameSession], record: Record) -> None:
        game = (record.key or b"").decode()
        session = sessions.get(game)
        if session is None:
            session = sessions[game] = GameSession(SPORT, game, make)
        out = session.take(record.value or b"", record.timestamp_ms * 1000)
        self._add(game, out)
        if session.phase == "waiting":
            del sessions[game]

    def _add(self, game: str, out: list[Output | Event]) -> None:
        for message in messages(SPORT, game, out, 0):
            if message.topic == STATS:
                self.finals[game].extend(finals_of(message.value))
            elif message.topic == DEAD:
                self.letters[letter_of(message.value)] += 1

    def state_at(self, partition: int, game: str, offset: int) -> bytes | None:
        """The snapshot of a game when every record before ``offset`` has been used."""
        session = GameSession(SPORT, game, make)
        for record in self._inputs[partition]:
            if record.offset < offset and (record.key or b"").decode() == game:
                session.take(record.value or b"", record.timestamp_ms * 1000)
        return session.snapshot()


def finals_of(value: bytes) -> list[Final_]:
    return [(u.id, u.revision, u.value) for u in decode_stats(value).updates if u.quality == "final"]


def letter_of(value: bytes) -> tuple[str, str, bytes]:
    found = decode_letter(value)
    return found.game, found.reason, found.payload


def inputs_of(broker: Broker) -> list[list[Record]]:
    found = broker.topics.get(INPUT)
    return [] if found is None else [list(log.records) for log in found.logs]


class Excused:
    """What transactions that were lost, and reported as lost, have held: a reader of committed records may miss it. ``pids`` are
    their producers."""

    def __init__(self, broker: Broker, pids: Set[int]) -> None:
        self.finals: set[str] = set()
        self.letters: Counter[tuple[str, str, bytes]] = Counter()
        for topic in (STATS, DEAD) if pids else ():
            for record in (record for log in broker.topics[topic].logs for record in log.records):
                if record.span is None or record.span.pid not in pids or record.span.state != "aborted":
                    continue
                if topic == STATS:
                    self.finals.update(ident for ident, _, _ in finals_of(record.value or b""))
                else:
                    self.letters[letter_of(record.value or b"")] += 1

    def left(self, wanted: list[Final_], found: list[Final_]) -> list[Final_]:
        """Of what a reader is to get, what it must have got."""
        have = {ident for ident, _, _ in found}
        return [final for final in wanted if final[0] in have or final[0] not in self.finals]


def check_outputs(world: World, broker: Broker, inputs: list[list[Record]], whole: bool, lost: Set[int] = frozenset()) -> Expected:
    """Compare the outputs with the replay; not ``whole``: the run has lost its input, and what it has published is a beginning.
    ``lost`` are the producer ids of transactions that were reported as lost."""
    expected, excused = Expected(inputs), Excused(broker, lost)
    for number, log in enumerate(broker.topics[STATS].logs):
        seen: dict[str, list[Final_]] = defaultdict(list)
        for record in log.read(0, True, 1 << 40)[0]:
            seen[(record.key or b"").decode()].extend(finals_of(record.value or b""))
        for game, found in sorted(seen.items()):
            wanted = excused.left(expected.finals[game], found)
            if not whole:
                wanted = wanted[: len(found)]
            if found != wanted:
                world.fail(f"partition {number}, game {game}: {_difference(found, wanted)}")
        known = {ident: (revision, value) for finals in expected.finals.values() for ident, revision, value in finals}
        for record in log.read(0, False, 1 << 40)[0]:
            for ident, revision, value in finals_of(record.value or b""):
                if known.get(ident) != (revision, value):
                    world.fail(f"an uncommitted reader saw {ident} as {value}, the replay has {known.get(ident)}")
    if whole:
        seen_games = {(r.key or b"").decode() for log in broker.topics[STATS].logs for r in log.read(0, True, 1 << 40)[0]}
        missing = {game for game, finals in expected.finals.items() if excused.left(finals, [])}
        for game in sorted(missing - seen_games):
            world.fail(f"game {game}: no final value was published, the replay has {len(expected.finals[game])}")
    letters: Counter[tuple[str, str, bytes]] = Counter()
    for log in broker.topics[DEAD].logs:
        letters.update(letter_of(record.value or b"") for record in log.read(0, True, 1 << 40)[0])
    if letters - expected.letters or (whole and expected.letters - letters - excused.letters):
        world.fail(f"dead letters: {sum(letters.values())} were published, the replay has {sum(expected.letters.values())}")
    return expected


def _difference(found: list[Final_], wanted: list[Final_]) -> str:
    twice = [ident for ident, n in Counter(ident for ident, *_ in found).items() if n > 1]
    missing = {ident for ident, *_ in wanted} - {ident for ident, *_ in found}
    if twice:
        return f"{len(twice)} final values twice for a committed reader, the first {twice[0]}"
    if missing:
        return f"{len(missing)} final values lost for a committed reader, the first {min(missing)}"
    return f"final values in another order, or with other values: {found[:3]} and not {wanted[:3]}"


def check_states(world: World, broker: Broker, expected: Expected, group: str, commit_s: float, snapshot_s: float) -> None:
    """Every stored state that a new owner would find restores, and is the replay's."""
    prefix = state_key(group, "")
    for number, log in enumerate(broker.topics[SNAPSHOTS].logs):
        newest: dict[str, bytes] = {}
        for record in log.read(0, True, 1 << 40)[0]:
            name = (record.key or b"")[len(prefix) :].decode()
            if record.value is None:
                newest.pop(name, None)
            else:
                newest[name] = record.value
        part = Partition(number, SPORT, make)
        try:
            part.restore(newest)
        except TouchlineError as error:
            world.fail(f"partition {number}: its states do not restore: {error}")
            continue
        for game, value in newest.items():
            if game:
                offset, state = msgspec.msgpack.decode(value)[1:3]
                if state != expected.state_at(number, game, offset):
                    world.fail(f"partition {number}, game {game}: the state stored at offset {offset} is not the replay's")


def check_liveness(world: World, broker: Broker, group: str) -> None:
    """Every record of the input is used, for good."""
    topic = broker.topics.get(INPUT)
    if topic is None:
        return
    offsets = broker.group(group).offsets
    for number, log in enumerate(topic.logs):
        used = offsets.get((INPUT, number), 0)
        if used < log.end:
            world.fail(f"partition {number}: {log.end - used} records were not used within {BOUND_S:.0f} s after the last fault")
