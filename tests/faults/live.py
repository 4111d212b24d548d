"""Live games under a fault: a feed in real time, a viewer, and the values that the viewer should have received."""

from __future__ import annotations

import threading
import time
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, Self

import msgspec
from kafka.partitioner import murmur2

from features.core.sport import load_sport
from streaming.bench.cluster import one_game
from streaming.bench.kafka_peers import reader_at_end
from streaming.bench.load_generator import moved
from streaming.factory import maker
from streaming.kafka.ingress import Ingress
from streaming.kafka.settings import Address
from streaming.operator.session import GameSession
from streaming.threads import WatchedThread
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, StatBlock
from streaming.wire.feed import GameStart, encode_feed
from streaming.wire.headers import Headers
from streaming.wire.messages import decode_letter, decode_stats, encode_letter
from tests import real_cluster
from tests.conformance.test_runners import Finals, Outcome, committed, settled

SPORT = "soccer"


#: one simulated game, made once for all tests
load = cache(one_game)


def names(prefix: str, partitions: int = real_cluster.PARTITIONS) -> list[str]:
    """A game for each partition."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < partitions:
        name = f"{prefix}-{number}"
        found.setdefault((murmur2(name.encode()) & 0x7FFFFFFF) % partitions, name)
        number += 1
    return [found[partition] for partition in sorted(found)]


class Sent(NamedTuple):
    """A record as the broker has it."""

    partition: int
    offset: int
    game: str
    value: bytes


class RecordingIngress(Ingress):
    """An ingress that stores every record that it sends."""

    def __init__(self, address: Address) -> None:
        super().__init__(address, load_sport(SPORT), packed=False)
        self.notes: list[tuple[str, bytes, Any]] = []

    def put(self, topic: str, game: str, value: bytes, headers: Headers = ()) -> Any:
        future = super().put(topic, game, value, headers)
        self.notes.append((game, value, future))
        return future

    def sent(self) -> list[Sent]:
        """Every record, as the broker has it."""
        self.flush()
        there = [(future.get(timeout=60), game, value) for game, value, future in self.notes]
        return sorted(Sent(at.partition, at.offset, game, value) for at, game, value in there)


def send_at_once(address: Address, games: list[str], seconds: float) -> list[Sent]:
    """The first ``seconds`` of several games, as fast as the broker takes them, without their end."""
    with RecordingIngress(address) as ingress:
        for game in games:
            ingress.raw(game, encode_feed(GameStart(record=load(seconds).as_game(game, 0))))
        for _, item in load(seconds).items:
            for game in games:
                ingress.send(moved(item, game, 0, 0))
        return ingress.sent()


#: longer than any recovery takes
LONG_S = 120.0


class Feed(RecordingIngress):
    """A stadium: plays several games in real time from ``with`` on, until ``finish``."""

    def __init__(self, address: Address, games: list[str]) -> None:
        super().__init__(address)
        self.games, self.load = games, load(LONG_S)
        self._stop = threading.Event()
        self._failed_with: BaseException | None = None
        self._thread = threading.Thread(target=self._play, name="feed", daemon=True)

    def _play(self) -> None:
        try:
            self.load.send(self, self.games, self._stop)
        except BaseException as error:  # noqa: BLE001 (raised where the feed is waited for)
            self._failed_with = error

    @property
    def playing(self) -> bool:
        return self._thread.is_alive()

    def played(self, seconds: float) -> None:
        """Wait until so much of the games has been played."""
        due = sum(due_us < self.load.first_us + 1e6 * seconds for due_us, _ in self.load.items)
        real_cluster.until(lambda: len(self.notes) > due * len(self.games) or not self.playing, f"{seconds:g} s of play")

    def finish(self, after_s: float = 4.0) -> list[Sent]:
        """Play on for ``after_s``, and end the games; every record that was sent."""
        self._thread.join(after_s)
        self._stop.set()
        self._thread.join(real_cluster.TIMEOUT_S)
        assert not self.playing, "the feed is stuck"
        if self._failed_with is not None:
            raise self._failed_with
        return self.sent()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stop.set()
        self._thread.join(30)
        super().__exit__(*error)


class Viewer:
    """Reads committed stats as a graphics system would; measures when each game had new values, and how old they were."""

    def __init__(self, address: Address) -> None:
        self._consumer = reader_at_end(address, topics.stats(SPORT), "read_committed")
        self.seen: dict[str, list[float]] = {}
        self.latest_s = 0.0
        self._stop = threading.Event()
        self._thread = WatchedThread(self._watch, "viewer")

    def _watch(self) -> None:
        while not self._stop.is_set():
            for records in self._consumer.poll(timeout_ms=100).values():
                for record in records:
                    now_s = time.time()
                    for update in decode_stats(record.value).updates[:1]:
                        self.seen.setdefault(update.game, []).append(now_s)
                        self.latest_s = max(self.latest_s, now_s - update.clocks.ingress_us / 1e6)

    @property
    def gap_s(self) -> float:
        """The longest time without a new value of any game, from its first value to its last."""
        return max(max(b - a for a, b in pairwise(times)) for times in self.seen.values())

    def sees(self, games: list[str], more: int = 5) -> None:
        """Wait for ``more`` messages of every game."""
        before = {game: len(self.seen.get(game, ())) for game in games}

        def seen() -> bool:
            self._thread.check()
            return all(len(self.seen.get(game, ())) >= before[game] + more for game in games)

        real_cluster.until(seen, f"new values of {games}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        self._consumer.close()
        self._thread.check()


def expected(sent: list[Sent]) -> Outcome:
    """The outputs of one process without a fault for these records."""
    finals: Finals = {}
    dead_letters: Counter[tuple[str, bytes]] = Counter()
    hosts: dict[str, GameSession] = {}
    make = maker(provisional=False)
    for one in sorted(sent):
        for output in hosts.setdefault(one.game, GameSession(SPORT, one.game, make)).take(one.value, 0):
            if isinstance(output, StatBlock) and output.quality == "final":
                finals |= {(update.id, update.revision): settled(update) for update in output.updates(0)}
            elif isinstance(output, DeadLetter):
                decoded = decode_letter(encode_letter(output))
                dead_letters[decoded.reason, decoded.payload] += 1
    return finals, dead_letters


class Verdict(msgspec.Struct):
    """Final values that a reader of committed records missed, got wrong, or got in excess; ``committed`` fails on duplicates."""

    lost: int
    wrong: int
    in_excess: int
    dead_letters_agree: bool
    finals: int

    @property
    def good(self) -> bool:
        return not (self.lost or self.wrong or self.in_excess) and self.dead_letters_agree and self.finals > 0


def verdict(address: Address, sent: list[Sent]) -> Verdict:
    wanted, dead_letters = expected(sent)
    found, dead = committed(address, SPORT)
    return Verdict(
        lost=len(wanted.keys() - found.keys()),
        wrong=sum(found[key] != raw for key, raw in wanted.items() if key in found),
        in_excess=len(found.keys() - wanted.keys()),
        dead_letters_agree=dead == dead_letters,
        finals=len(wanted),
    )


def assert_nothing_lost(what: str, address: Address, group: str, sent: list[Sent], viewer: Viewer, *, after_s: float = 0.0) -> None:
    """Wait until all input is used, and ``after_s`` more: then no final value is lost, wrong or in excess."""
    real_cluster.until(lambda: real_cluster.lag(address, SPORT, group) == 0, "all input used and committed")
    time.sleep(after_s)
    found = verdict(address, sent)
    print(
        f"\n{what}: {found.finals:,} final values, {found.lost} lost, 0 duplicated, {found.wrong} wrong, "
        f"{found.in_excess} in excess; no new value for {viewer.gap_s:.1f} s at most, "
        f"the oldest was {viewer.latest_s:.1f} s old when read"
    )
    assert found.good, found
