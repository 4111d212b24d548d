"""Scripts of requests for a broker, real or simulated: each returns the answers, which must be the same of both.

The clients are those of the Kafka runner (``streaming.runners.kafka.effects``), so what is compared is what the runner sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from kafka.errors import KafkaError
from kafka.structs import ConsumerGroupMetadata, MemberState, OffsetAndMetadata, TopicPartition

from streaming.errors import InputLost
from streaming.kafka.broker import Unread
from streaming.kafka.workarounds import resume_joining
from streaming.runners.kafka.effects import Effects, Guard, Member, Reader
from streaming.wire import topics

PARTITIONS = 4
#: longer than a transaction may be open, and than a session
LONG_S = 9.0


class Side(Protocol):
    """One of the two brokers, with empty topics of a sport."""

    sport: str
    group: str
    effects: Effects

    def reader(self, isolation_level: str) -> Reader: ...
    def put(self, topic: str, partition: int, value: bytes) -> None: ...
    def delete(self, topic: str) -> None: ...
    def sleep(self, delay_s: float) -> None: ...
    def guard(self, topic: str) -> Guard: ...
    def committed(self, here: TopicPartition) -> int | None: ...


def attempt(work: Callable[[], object]) -> str:
    """The answer to a request, as a word: errors of a client differ in their class from one version to the next."""
    try:
        work()
    except KafkaError:
        return "refused"
    return "accepted"


def seen(side: Side, topic: str, isolation_level: str, partition: int = 0) -> list[str]:
    """All values that a reader gets of a partition now."""
    reader, here, found, silent = side.reader(isolation_level), TopicPartition(topic, partition), [], 0
    try:
        reader.assign([here])
        reader.seek_to_beginning(here)
        while silent < 3:
            polled = reader.poll(timeout_ms=300).get(here, ())
            silent = 0 if polled else silent + 1
            found += [record.value.decode() for record in polled]
    finally:
        reader.close()
    return found


def both(side: Side, topic: str) -> str:
    """What either reader gets."""
    return f"committed {','.join(seen(side, topic, 'read_committed'))} of {','.join(seen(side, topic, 'read_uncommitted'))}"


def nobody(side: Side) -> Any:
    return ConsumerGroupMetadata(side.group, -1, "", None, MemberState.UNJOINED)


def at(side: Side, offset: int) -> dict[Any, Any]:
    return {TopicPartition(topics.telemetry(side.sport), 0): OffsetAndMetadata(offset)}


def write(producer: Any, topic: str, *values: str) -> None:
    for value in values:
        producer.send(topic, value.encode(), key=b"game", partition=0)
    producer.flush(5.0)


def membership_of(side: Side, count: int) -> list[tuple[Member, set[int]]]:
    """Members of the side's group, each with the partitions that it has."""
    found = []
    for _ in range(count):
        owned: set[int] = set()

        def taken(numbers: set[int], lost: bool, owned: set[int] = owned) -> None:
            owned -= numbers

        found.append((side.effects.join(topics.telemetry(side.sport), side.group, owned.update, taken), owned))
    return found


def poll(side: Side, members: list[tuple[Member, set[int]]], until: Callable[[], bool], limit_s: float = 40.0) -> str:
    """Poll all of them until it holds, and for another second: it must stay so."""
    until_s = side.effects.monotonic_s() + limit_s
    settled_s = float("inf")
    while side.effects.monotonic_s() < min(until_s, settled_s):
        for member, _ in members:
            resume_joining(member)
            member.poll(timeout_ms=20)
        if not until():
            settled_s = float("inf")
        elif settled_s == float("inf"):
            settled_s = side.effects.monotonic_s() + 1.0
    return " ".join(str(sorted(owned)) if len(owned) == PARTITIONS else str(len(owned)) for _, owned in members)


# -- the scripts -------------------------------------------------------------------------------------------------------------


def transactions(side: Side) -> list[str]:
    """One is committed; one is left open, and rolled back by the next producer of the name."""
    out, found = topics.stats(side.sport), []
    first = side.effects.producer("script-a")
    first.begin_transaction()
    first.add_partitions([(out, 0), (out, 1)])
    write(first, out, "a", "b")
    found.append(both(side, out))
    first.send_offsets_to_transaction(at(side, 2), nobody(side))
    first.commit_transaction()
    found.append(both(side, out))
    found.append(f"offset {side.committed(TopicPartition(topics.telemetry(side.sport), 0))}")
    first.begin_transaction()
    write(first, out, "c")
    first.send_offsets_to_transaction(at(side, 3), nobody(side))
    first.force_close()
    found.append(both(side, out))
    second = side.effects.producer("script-a")
    second.begin_transaction()
    write(second, out, "d")
    second.commit_transaction()
    found.append(both(side, out))
    found.append(f"offset {side.committed(TopicPartition(topics.telemetry(side.sport), 0))}")
    second.force_close()
    return found


def order_of_offsets(side: Side) -> list[str]:
    """Two transactions end in another order than that of their offsets: the later offsets hold."""
    out, here = topics.stats(side.sport), TopicPartition(topics.telemetry(side.sport), 0)
    first, second = side.effects.producer("script-1"), side.effects.producer("script-2")
    for producer, offset in ((first, 1), (second, 2)):
        producer.begin_transaction()
        write(producer, out, str(offset))
        producer.send_offsets_to_transaction(at(side, offset), nobody(side))
    found = []
    for producer in (second, first):
        producer.commit_transaction()
        side.sleep(0.5)
        found.append(f"offset {side.committed(here)}")
        producer.force_close()
    return [*found, both(side, out)]


def fencing(side: Side) -> list[str]:
    """A producer with a successor can do nothing any more, and one with a new epoch goes on."""
    out, found = topics.stats(side.sport), []
    old = side.effects.producer("script-b")
    old.begin_transaction()
    write(old, out, "a")
    new = side.effects.producer("script-b")
    found.append("offsets " + attempt(lambda: old.send_offsets_to_transaction(at(side, 1), nobody(side))))
    found.append("commit " + attempt(old.commit_transaction))
    old.force_close()
    new.begin_transaction()
    write(new, out, "b")
    new.send_offsets_to_transaction(at(side, 1), nobody(side))
    new.commit_transaction()
    found.append("epoch " + attempt(new.renew_epoch))
    new.begin_transaction()
    write(new, out, "c")
    new.commit_transaction()
    new.force_close()
    return [*found, both(side, out)]


def abandoned(side: Side) -> list[str]:
    """A transaction that is open for too long is rolled back by the broker; its producer is fenced."""
    out, found = topics.stats(side.sport), []
    producer = side.effects.producer("script-c")
    producer.begin_transaction()
    write(producer, out, "a")
    side.put(out, 0, b"plain")
    found.append(both(side, out))
    side.sleep(LONG_S)
    found.append(both(side, out))
    found.append("offsets " + attempt(lambda: producer.send_offsets_to_transaction(at(side, 1), nobody(side))))
    producer.force_close()
    return found


def generations(side: Side) -> list[str]:
    """Offsets are accepted of a member of the newest generation, and without a membership."""
    out, found = topics.stats(side.sport), []
    members = membership_of(side, 1)
    found.append(poll(side, members, lambda: len(members[0][1]) == PARTITIONS))
    now = members[0][0].group_metadata()
    for name, metadata in (
        ("newest", now),
        ("older", now._replace(generation_id=now.generation_id - 1)),
        ("unknown", now._replace(member_id="somebody")),
        ("none", nobody(side)),
    ):
        producer = side.effects.producer(f"script-{name}")
        producer.begin_transaction()
        write(producer, out, name)

        def commit(producer: Any = producer, metadata: Any = metadata) -> None:
            producer.send_offsets_to_transaction(at(side, 1), metadata)
            producer.commit_transaction()

        found.append(f"{name} {attempt(commit)}")
        producer.force_close()
        side.effects.producer(f"script-{name}").force_close()  # what is open is rolled back
    members[0][0].close()
    return [*found, both(side, out)]


def sharing(side: Side) -> list[str]:
    """Members come and go; each partition has one owner."""
    found = []
    members = membership_of(side, 1)
    found.append(poll(side, members, lambda: len(members[0][1]) == PARTITIONS))
    members += membership_of(side, 1)
    found.append(poll(side, members, lambda: all(len(owned) == PARTITIONS // 2 for _, owned in members)))
    members.pop(0)[0].close()
    found.append(poll(side, members, lambda: len(members[0][1]) == PARTITIONS))
    members[0][0].close()
    return found


def silence(side: Side) -> list[str]:
    """A member without heartbeats is expelled: another has its partitions, its offsets are refused. It returns without claims."""
    found = []
    members = membership_of(side, 2)
    found.append(poll(side, members, lambda: all(len(owned) == PARTITIONS // 2 for _, owned in members)))
    (mute, had), other = members[0], members[1]
    before = mute.group_metadata()
    coordinator = mute._coordinator  # type: ignore[attr-defined]
    coordinator._disable_heartbeat()
    found.append(poll(side, [other], lambda: len(other[1]) == PARTITIONS))
    found.append(f"it has {len(had)}")
    producer = side.effects.producer("script-mute")
    producer.begin_transaction()
    write(producer, topics.stats(side.sport), "late")
    found.append("offsets " + attempt(lambda: producer.send_offsets_to_transaction(at(side, 1), before)))
    producer.force_close()
    coordinator._enable_heartbeat()
    found.append(poll(side, members, lambda: all(len(owned) == PARTITIONS // 2 for _, owned in members)))
    for member, _ in members:
        member.close()
    return found


def deletion(side: Side) -> list[str]:
    """The input is deleted under a reader and a guard, and before another guard looks at it for the first time."""
    source = topics.telemetry(side.sport)
    side.put(source, 0, b"a")
    guard, reader = side.guard(source), side.reader("read_uncommitted")
    here = TopicPartition(source, 0)
    found = [f"end {reader.end_offsets([here])[here]}"]
    guard.check({0: Unread(0, 1)})
    side.delete(source)
    try:
        guard.check({0: Unread(0, 1)})
    except InputLost as error:
        found.append(str(error).partition("lost: ")[2])
    try:
        side.guard(source).check({0: Unread(0, 1)})
    except InputLost as error:
        found.append("again " + str(error).partition("lost: ")[2])
    found.append("end " + attempt(lambda: reader.end_offsets([here], timeout_ms=1_000)))
    reader.close()
    return found


#: script -> the answers
SCRIPTS: dict[Callable[[Side], list[str]], list[str]] = {
    transactions: [
        "committed  of a,b",
        "committed a,b of a,b",
        "offset 2",
        "committed a,b of a,b,c",
        "committed a,b,d of a,b,c,d",
        "offset 2",
    ],
    order_of_offsets: ["offset 2", "offset 2", "committed 1,2 of 1,2"],
    fencing: ["offsets refused", "commit refused", "epoch accepted", "committed b,c of a,b,c"],
    abandoned: ["committed  of a,plain", "committed plain of a,plain", "offsets refused"],
    generations: [
        "[0, 1, 2, 3]",
        "newest accepted",
        "older refused",
        "unknown refused",
        "none accepted",
        "committed newest,none of newest,older,unknown,none",
    ],
    sharing: ["[0, 1, 2, 3]", "2 2", "[0, 1, 2, 3]"],
    silence: ["2 2", "[0, 1, 2, 3]", "it has 2", "offsets refused", "2 2"],
    deletion: ["end 1", "partition 0: offsets 0 to 0", "again partition 0: offsets 0 to 0", "end refused"],
}
