"""Toy games over a proxy: an operator in this process that reaches its broker only through the proxy, a feed and a reader that do
not, and the final values that a reader of committed records should have."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError

from streaming.kafka.settings import Address, parse
from streaming.kafka.workarounds import force_close
from streaming.operator.session import GameSession, Make
from streaming.runners.kafka.runner import KafkaRunner
from streaming.wire import topics
from streaming.wire.blocks import StatBlock
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.messages import decode_stats
from tests import real_cluster
from tests.faults.kafka.proxy import WireProxy
from tests.faults.live import names
from tests.streaming.toy import TOY, final_only, game, track

SPORT = TOY.name
PARTITIONS = 2
Finals = Counter[tuple[str, int, Any]]


def _packet(name: str, i: int, step_s: float) -> Any:
    found = track(step_s, start_s=i * step_s)
    found.game = name
    return found


class Feed:
    """Sends packets of ``games`` in turn, ``hz`` times a second each, from ``with`` on until ``finish``; each has ``step_s`` of
    its game."""

    def __init__(self, address: Address, games: list[str], *, hz: float = 50.0, step_s: float = 0.2) -> None:
        self.games, self.hz, self.step_s = games, hz, step_s
        #: every record, by game
        self.sent: dict[str, list[bytes]] = {name: [] for name in games}
        self._producer = KafkaProducer(**address.python(), acks="all", max_block_ms=5_000)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, name="feed", daemon=True)
        self._number = 0

    def put(self, name: str, value: bytes) -> None:
        self.sent[name].append(value)
        self._producer.send(topics.telemetry(SPORT), value, key=topics.key(name))

    def at_once(self, count: int) -> None:
        """The next ``count`` packets of every game, as fast as they go."""
        for _ in range(count):
            self._turn()
        self._producer.flush(timeout=60)

    def _turn(self) -> None:
        for name in self.games:
            if not self._number:
                self.put(name, encode_feed(GameStart(record=msgspec.structs.replace(game(), game=name))))
            self.put(name, encode_feed(_packet(name, self._number, self.step_s)))
        self._number += 1

    def _play(self) -> None:
        try:
            while not self._stop.wait(1 / self.hz):
                self._turn()
        except KafkaTimeoutError:
            pass  # its topic is gone: what was sent is there

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def finish(self) -> None:
        """End the games."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(60)
        for name in self.games:
            self.put(name, encode_feed(GameEnd(game=name)))
        self._producer.flush(timeout=60)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(60)
        force_close(self._producer)  # its topic may be gone

    def expected(self) -> Finals:
        """The final values of a run without a fault."""
        found: Finals = Counter()
        for name, values in self.sent.items():
            found += finals(name, values)
        return found


def finals(name: str, values: list[bytes]) -> Finals:
    """The final values of a game with these records."""
    found: Finals = Counter()
    session = GameSession(SPORT, name, final_only)
    for value in values:
        for output in session.take(value, 0):
            if isinstance(output, StatBlock):
                found.update((u.id, u.revision, u.value) for u in output.updates(0) if u.quality == "final")
    return found


@contextmanager
def operator(address: Address, make: Make = final_only, **more: Any) -> Iterator[KafkaRunner]:
    """An operator at work in this process; at the end it commits what it has used."""
    runner, stop = KafkaRunner(address, SPORT, make, **more), threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            runner.run(stop)
        except BaseException as error:  # noqa: BLE001 (raised below)
            failed.append(error)

    thread = threading.Thread(target=run, name="operator", daemon=True)
    thread.start()
    try:
        yield runner
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive(), "the operator hangs"
    assert not failed, failed[0]


def through(proxy: WireProxy) -> Address:
    """The broker, reached through the proxy."""
    return parse(f"kafka://127.0.0.1:{proxy.port}", environment={})


def committed_finals(address: Address) -> Finals:
    """How often a reader of committed records gets each final value."""
    found: Finals = Counter()
    for record in real_cluster.records(address, topics.stats(SPORT)):
        found.update((u.id, u.revision, u.value) for u in decode_stats(record.value).updates if u.quality == "final")
    return found


def all_used(address: Address, group: str = "touchline") -> None:
    real_cluster.until(lambda: real_cluster.lag(address, SPORT, group) == 0, "all input used and committed")


def commits_go_on(runner: KafkaRunner, more: int = 3) -> None:
    """Wait for so many further commits."""
    before = runner.commits
    real_cluster.until(lambda: runner.commits >= before + more, "further commits")


def restarted(runner: KafkaRunner, times: int) -> None:
    """Wait until the operator has started again so many times."""
    real_cluster.until(lambda: runner.recovered >= times, f"restart {times}")


def assert_exactly_once(what: str, address: Address, feed: Feed, runner: KafkaRunner) -> None:
    """All input is used, and a committed reader has every final value once."""
    all_used(address)
    wanted, found = feed.expected(), committed_finals(address)
    lost, doubled = wanted - found, found - wanted
    print(
        f"\n{what}: {wanted.total():,} finals, {lost.total():,} lost, {doubled.total():,} in excess; "
        f"{runner.commits} commits, {runner.recovered} restarts"
    )
    assert wanted
    assert not lost, f"{what}: {lost.total()} finals of {wanted.total()} are lost"
    assert not doubled, f"{what}: {doubled.total()} finals of {wanted.total()} are there too often"


def two_games(prefix: str) -> list[str]:
    """A game on each partition."""
    return names(prefix, PARTITIONS)
