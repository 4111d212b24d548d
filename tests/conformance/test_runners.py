"""Every runner gives the same final stats to the byte, none twice for a reader of committed records, and the same dead letters:
embedded, embedded on a real broker, and on a real Flink cluster, each killed in the middle."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from functools import cache

import msgspec
import pytest

from infra.cluster import Cluster
from simulators.catalogue import simulators
from streaming.factory import maker
from streaming.kafka.settings import Address
from streaming.operator.session import GameSession
from streaming.wire import topics
from streaming.wire.blocks import DeadLetter, StatBlock
from streaming.wire.headers import read_headers
from streaming.wire.messages import decode_letter, decode_stats, encode_letter
from streaming.wire.records import STAT_VERSION, StatUpdate
from tests import real_cluster
from tests.conformance.scripts import Script, scripts

#: the sport that test_upgrade.py plays
UPGRADED = "soccer"
Finals = dict[tuple[str, int], bytes]
Outcome = tuple[Finals, Counter[tuple[str, bytes]]]
pytestmark = [pytest.mark.slow]


@cache
def played(sport: str) -> list[Script]:
    return scripts(sport, f"conformance-{sport}")


@cache
def expected(sport: str) -> Outcome:
    """What one process makes of the scripts, a record at a time."""
    finals: Finals = {}
    dead_letters: Counter[tuple[str, bytes]] = Counter()
    hosts: dict[str, GameSession] = {}
    make = maker(provisional=False)
    for script in played(sport):
        for key, value in script.messages:
            host = hosts.setdefault(key, GameSession(sport, key, make))
            for output in host.take(value, 0):
                if isinstance(output, StatBlock) and output.quality == "final":
                    for update in output.updates(0):
                        assert (update.id, update.revision) not in finals
                        finals[update.id, update.revision] = settled(update)
                elif isinstance(output, DeadLetter):
                    decoded = decode_letter(encode_letter(output))
                    dead_letters[decoded.reason, decoded.payload] += 1
    return finals, dead_letters


def settled(update: StatUpdate) -> bytes:
    """What has to agree: all but the clocks of its way."""
    clocks = msgspec.structs.replace(update.clocks, ingress_us=0, published_us=0)
    return msgspec.json.encode(msgspec.structs.replace(update, clocks=clocks))


def committed(address: Address, sport: str) -> Outcome:
    """The outputs that a reader of committed records gets. A duplicated final value fails here."""
    finals: Finals = {}
    for record in real_cluster.records(address, topics.stats(sport)):
        updates = decode_stats(record.value).updates
        about = read_headers(record.headers)
        assert about.pop("group")
        assert about == {
            "content-type": "application/json",
            "schema": "stat-batch",
            "schema-version": str(STAT_VERSION),
            "game": record.key.decode(),
            "stats": ",".join(dict.fromkeys(update.stat for update in updates)),
        }
        for update in updates:
            if update.quality == "final":
                assert (update.id, update.revision) not in finals, f"{update.id} was published twice"
                finals[update.id, update.revision] = settled(update)
    dead_letters: Counter[tuple[str, bytes]] = Counter()
    for source in (topics.telemetry(sport), topics.events(sport)):
        for record in real_cluster.records(address, topics.dead(source)):
            assert read_headers(record.headers)["schema"] == "dead-letter"
            decoded = decode_letter(record.value)
            dead_letters[decoded.reason, decoded.payload] += 1
    return finals, dead_letters


def same(found: Outcome, sport: str) -> None:
    """Fail with what differs, not with ten thousand lines of what does not."""
    wanted, dead_letters = expected(sport)
    odd = [key for key in wanted.keys() | found[0].keys() if wanted.get(key) != found[0].get(key)]
    assert not odd, f"{len(odd)} of {len(wanted)} differ, such as {wanted.get(odd[0])!r} and {found[0].get(odd[0])!r}"
    assert found[1] == dead_letters


def thirds(sport: str) -> Iterator[list[tuple[str, bytes]]]:
    """The scripts of a sport side by side, as games are played, in three parts."""
    rows = [
        (i / len(script.messages), n, message)
        for n, script in enumerate(played(sport))
        for i, message in enumerate(script.messages)
    ]
    rows.sort(key=lambda row: row[:2])
    step = len(rows) // 3 + 1
    for start in range(0, len(rows), step):
        yield [message for _, _, message in rows[start : start + step]]


def finished(address: Address, sport: str, group: str) -> None:
    real_cluster.until(lambda: real_cluster.lag(address, sport, group) == 0, "all input used and committed", 120)


@pytest.mark.parametrize("sport", simulators())
class TestEmbedded:
    def test_scripts_give_the_finals_and_dead_letters_they_promise(self, sport):
        finals, dead_letters = expected(sport)
        assert len(finals) > 20_000
        assert sum(dead_letters.values()) >= sum(script.dead_letters for script in played(sport)) > 0
        assert any(revision for _, revision in finals), "a correction issues something again"

    def test_cutting_and_batching_change_no_final(self, sport):
        """Scripts of the same game have the same finals, whatever happened to the input."""
        finals, _ = expected(sport)
        by_script: dict[str, Counter[bytes]] = {}
        for script in played(sport):
            mine = [raw for (ident, _), raw in finals.items() if ident.startswith(script.game + "/")]
            by_script[script.name] = Counter(raw.replace(script.game.encode(), b"") for raw in mine)
        for name in ("packed", "uneven", "disorder", "malformed"):
            assert by_script[name] == by_script["plain"], name

    def test_restoring_every_few_records_changes_no_final(self, sport):
        """A crash at any moment: the session is dropped and restored from its snapshot."""
        finals, _ = expected(sport)
        chance, make = random.Random(4), maker(provisional=False)
        for script in played(sport):
            host, found = GameSession(sport, script.game, make), {}
            for key, value in script.messages:
                if key != script.game:
                    continue
                if chance.random() < 0.02:
                    kept, host = host.snapshot(), GameSession(sport, script.game, make)
                    host.restore(kept)
                for output in host.take(value, 0):
                    if isinstance(output, StatBlock) and output.quality == "final":
                        found |= {(u.id, u.revision): settled(u) for u in output.updates(0)}
            assert found == {key: raw for key, raw in finals.items() if key[0].startswith(script.game + "/")}, script.name


@pytest.mark.cluster
@pytest.mark.parametrize("sport", simulators())
class TestOnKafka:
    def test_operators_killed_joined_and_left_lose_no_final(self, sport, broker: Cluster):
        """One process, killed; then two that share the games; then the first of them leaves."""
        address = real_cluster.address_of(broker)
        real_cluster.recreate_topics(address, sport)
        first, second, third = thirds(sport)
        with real_cluster.start_operator(address, sport, "--snapshot-s", "1") as one:
            real_cluster.produce(address, sport, first)
            real_cluster.until(lambda: real_cluster.lag(address, sport, "touchline") < len(first) // 2, "half of it is used")
            one.kill()
        with real_cluster.start_operator(address, sport, ready=False) as two, real_cluster.start_operator(address, sport) as three:
            two.wait_for("on the air", real_cluster.ON_THE_AIR_S)
            real_cluster.produce(address, sport, second)
            real_cluster.until(lambda: real_cluster.lag(address, sport, "touchline") < len(second) // 2, "half of it is used")
            assert two.stop()[0] == 0
            real_cluster.produce(address, sport, third)
            finished(address, sport, "touchline")
            assert three.stop()[0] == 0
        same(committed(address, sport), sport)


#: every sport in one profile, in turns: what differs between the profiles is no sport's. Soccer's scripts are played by
#: test_upgrade.py, from a savepoint, by two versions, on two and on four slots.
ON_FLINK = [(sport, ("process", "thread")[i % 2]) for i, sport in enumerate(w for w in simulators() if w != UPGRADED)]


@pytest.mark.cluster
@pytest.mark.parametrize(("sport", "profile"), ON_FLINK)
class TestOnFlink:
    def test_task_manager_killed_and_job_rescaled_lose_no_final(self, sport, profile, broker: Cluster, flink: Cluster):
        address, group = real_cluster.address_of(broker), f"conformance-{profile}"
        real_cluster.recreate_topics(address, sport)
        first, second, third = thirds(sport)
        with real_cluster.start_job(address, sport, flink, profile, "--group", group) as one:
            real_cluster.produce(address, sport, first)
            real_cluster.until(lambda: real_cluster.lag(address, sport, group) < len(first) // 2, "half of it is used")
            killed = real_cluster.host_of(flink, one)
            flink.kill(killed)
            real_cluster.produce(address, sport, second)
            real_cluster.until(lambda: real_cluster.lag(address, sport, group) < len(second) // 2, "half of it is used", 90)
            flink.start(killed)
            real_cluster.until(lambda: not flink.workers(killed) or profile == "thread", "orphaned workers end", 30)
            code, output = one.stop()
            assert code == 0, output
        savepoint = output.split("--savepoint ")[1].strip()
        with real_cluster.start_job(
            address, sport, flink, profile, "--group", group, "--savepoint", savepoint, "--parallelism", "2"
        ) as two:
            real_cluster.produce(address, sport, third)
            finished(address, sport, group)
            assert two.stop()[0] == 0
        same(committed(address, sport), sport)
