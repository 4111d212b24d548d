"""kafka-python's consumers on the simulated broker.

The membership of a group is kafka-python's own: its ``ConsumerCoordinator`` and ``SubscriptionState``, its assignor, and our
workarounds for them, on an event loop of the simulation. Fetching records is simulated: what has been fetched waits in a buffer, a
poll takes it from there.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Final

from kafka.consumer.subscription_state import SubscriptionState
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.errors import IllegalStateError, KafkaError, KafkaTimeoutError, OffsetOutOfRangeError
from kafka.future import Future
from kafka.structs import TopicPartition

from streaming.runners.kafka.consumer_group import HEARTBEAT_MS, SESSION_TIMEOUT_MS
from streaming.simulation.broker import Broker, Fetched
from streaming.simulation.network import GROUP, Link
from streaming.simulation.world import Process

#: how long the broker may wait for records before it answers a fetch
FETCH_WAIT_S: Final = 0.25
NODE: Final = "broker"


class Loop:
    """kafka-python's event loop: its coroutines run in a task of their own, as in the client's thread; when one blocks, in a
    callback, none of them goes on."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._ready: deque[Callable[[], object]] = deque()
        self._work = process.signal()
        self._closed = False
        #: coroutines that wait: they end with the run, while what they name is still there
        self._open: set[Any] = set()
        process.world.at_end.append(self._abandon)
        process.spawn(self._run, "event loop")

    def _abandon(self) -> None:
        for coroutine in list(self._open):
            with suppress(Exception):
                coroutine.close()

    def close(self) -> None:
        self._closed = True
        self._work.set()

    def _run(self) -> None:
        while not self._closed:
            while self._ready:
                self._ready.popleft()()
            self._work.clear()
            if not self._ready:
                self._work.wait()

    def call_soon_threadsafe(self, call: Callable[[], Any]) -> None:
        self._ready.append(call if not inspect.iscoroutinefunction(call) else lambda: self._step(call(), None, None))
        self._work.set()

    def call_soon_with_future(self, work: Callable[..., Any], *args: Any) -> Future:
        done = Future()

        async def wrapper() -> None:
            try:
                found = work(*args)
                while inspect.iscoroutine(found) or isinstance(found, Future):
                    found = await found
                done.success(found)
            except Exception as error:  # noqa: BLE001 (the future has it)
                done.failure(error)

        self.call_soon_threadsafe(wrapper)
        return done

    def _step(self, coroutine: Any, value: Any, error: BaseException | None) -> None:
        self._open.discard(coroutine)
        try:
            future = coroutine.send(value) if error is None else coroutine.throw(error)
        except StopIteration:
            return
        self._open.add(coroutine)
        future.add_callback(lambda found: self.call_soon_threadsafe(lambda: self._step(coroutine, found, None)))
        future.add_errback(lambda failed: self.call_soon_threadsafe(lambda: self._step(coroutine, None, failed)))

    def call_later(self, delay_s: float, call: Callable[[], Any]) -> list[Callable[[], Any] | None]:
        timer: list[Callable[[], Any] | None] = [call]

        def due() -> None:
            if timer[0] is not None:
                self.call_soon_threadsafe(timer[0])

        self.process.later(delay_s, due)
        return timer

    def cancel(self, timer: list[Callable[[], Any] | None]) -> None:
        timer[0] = None

    async def sleep(self, delay_s: float) -> None:
        over = Future()
        self.call_later(delay_s, lambda: over.success(None))
        await over

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Wait for a coroutine that runs on the loop."""
        if work.__name__ == "ensure_coordinator_ready_async":
            # Nearly always it is: then there is nothing to wait for.
            coroutine = work(*args)
            if not work.__self__.coordinator_unknown():  # type: ignore[attr-defined]
                try:
                    coroutine.send(None)
                except StopIteration as found:
                    return found.value
            coroutine.close()
        over = self.process.signal()
        done = self.call_soon_with_future(work, *args)
        done.add_both(lambda _: over.set())
        while not done.is_done:
            over.wait()
        if done.exception is not None:
            raise done.exception
        return done.value


class _Manager:
    """Connections as the coordinator uses them."""

    def __init__(self, loop: Loop, link: Link, broker: Broker, topics: Callable[[], dict[str, int]]) -> None:
        self._net, self._link, self._broker = loop, link, broker
        self.cluster = _Cluster(topics)

    def call_soon(self, work: Callable[..., Any], *args: Any) -> Future:
        return self._net.call_soon_with_future(work, *args)

    async def wait_for(self, future: Future, timeout_ms: float | None) -> Any:
        if timeout_ms is None:
            return await future
        wrapper = Future()
        future.add_callback(lambda value: wrapper.is_done or wrapper.success(value))
        future.add_errback(lambda error: wrapper.is_done or wrapper.failure(error))
        timer = self._net.call_later(timeout_ms / 1000, lambda: wrapper.is_done or wrapper.failure(KafkaTimeoutError("timed out")))
        try:
            return await wrapper
        finally:
            self._net.cancel(timer)

    def send(self, request: Any, node_id: Any = None, request_timeout_ms: int | None = None) -> Future:
        answer = Future()
        name = type(request).__name__.removesuffix("Request").partition("_")[0]

        def done(value: Any, error: BaseException | None) -> None:
            if error is None:
                answer.success(value)
            else:
                answer.failure(error)

        self._link.send(name, lambda: self._handle(name, request), done)
        return answer

    def _handle(self, name: str, request: Any) -> Any:
        if name == "FindCoordinator":
            return SimpleNamespace(coordinators=[SimpleNamespace(error_code=0)])
        group = self._broker.group(request.group_id if name != "OffsetFetch" else request.groups[0].group_id)
        if name == "JoinGroup":
            return group.join(request)
        if name == "SyncGroup":
            return group.sync(request)
        if name == "Heartbeat":
            return group.heartbeat(request)
        if name == "LeaveGroup":
            return group.leave([member.member_id for member in request.members])
        topics = [
            SimpleNamespace(
                name=topic.name,
                partitions=[
                    SimpleNamespace(
                        partition_index=number,
                        committed_offset=group.offsets.get((topic.name, number), -1),
                        committed_leader_epoch=-1,
                        metadata="",
                        error_code=0,
                    )
                    for number in topic.partition_indexes
                ],
            )
            for topic in request.groups[0].topics
        ]
        return SimpleNamespace(API_VERSION=8, groups=[SimpleNamespace(error_code=0, topics=topics)])


class _Cluster:
    unauthorized_topics: Final = ()

    def __init__(self, topics: Callable[[], dict[str, int]]) -> None:
        self._topics = topics

    def topics(self, exclude_internal_topics: bool = True) -> list[str]:
        return sorted(self._topics())

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        found = self._topics().get(topic)
        return None if found is None else set(range(found))

    def request_update(self) -> Future:
        return Future().success(None)

    def add_listener(self, listener: object) -> None: ...
    def remove_listener(self, listener: object) -> None: ...
    def set_topics(self, topics: object) -> None: ...
    def add_coordinator(self, response: object, kind: object, key: str) -> str:
        return NODE


class _Fetcher:
    """Positions, and the records that have been fetched and not been taken."""

    def __init__(self, process: Process, broker: Broker, name: str, committed: bool) -> None:
        self.process, self.broker, self.committed = process, broker, committed
        self.link = Link(process, broker.weather, name)
        self.positions: dict[TopicPartition, int] = {}
        self.highwaters: dict[TopicPartition, int] = {}
        self._buffer: dict[TopicPartition, tuple[int, list[Any], int]] = {}
        self._errors: list[Exception] = []
        self._fetching = False
        self.arrived = process.signal()

    def seek(self, here: TopicPartition, offset: int) -> None:
        self.positions[here] = offset
        self._buffer.pop(here, None)

    def keep(self, partitions: set[TopicPartition]) -> None:
        for here in [here for here in self.positions if here not in partitions]:
            del self.positions[here]
            self._buffer.pop(here, None)
            self.highwaters.pop(here, None)

    def take(self, partitions: Sequence[TopicPartition], most: int) -> dict[TopicPartition, list[Any]]:
        """Records from the buffer, up to so many."""
        if self._errors:
            raise self._errors.pop()
        found: dict[TopicPartition, list[Any]] = {}
        for here in partitions:
            if here not in self._buffer or most <= 0:
                continue
            at, records, following = self._buffer[here]
            if at != self.positions.get(here):
                del self._buffer[here]
                continue
            taken, rest = records[:most], records[most:]
            most -= len(taken)
            if taken:
                found[here] = taken
            if rest:
                self._buffer[here] = rest[0].offset, rest, following
                self.positions[here] = rest[0].offset
            else:
                del self._buffer[here]
                self.positions[here] = following
        return found

    def fetch(self, partitions: Sequence[TopicPartition], wait_s: float) -> bool:
        """Ask for more, unless that is under way; whether it is now."""
        wanted = {(p.topic, p.partition): self.positions[p] for p in partitions if p in self.positions and p not in self._buffer}
        if self._fetching:
            return True
        if not wanted:
            return False
        self._fetching = True

        def done(value: Any, error: BaseException | None) -> None:
            self._fetching = False
            if error is None:
                for (topic, number), got in value.items():
                    self._arrive(TopicPartition(topic, number), wanted[topic, number], got)
                self.arrived.set()
            else:
                self.process.later(0.05, self.arrived.set)

        self.link.send("Fetch", lambda: self.broker.fetch(wanted, self.committed, wait_s), done)
        return True

    def _arrive(self, here: TopicPartition, asked: int, got: Fetched | Exception) -> None:
        if isinstance(got, OffsetOutOfRangeError):
            self._errors.append(got)
        if isinstance(got, Exception) or self.positions.get(here) != asked:
            return
        self.highwaters[here] = got.end
        records = [
            SimpleNamespace(
                topic=here.topic, partition=here.partition, offset=r.offset, timestamp=r.timestamp_ms, key=r.key, value=r.value
            )
            for r in got.records
        ]
        if records or got.next != asked:
            self._buffer[here] = asked, records, got.next


class SimulatedReader:
    """A consumer without a group."""

    def __init__(self, process: Process, broker: Broker, isolation_level: str) -> None:
        self.process, self.broker = process, broker
        self._fetcher = _Fetcher(process, broker, "reader", isolation_level == "read_committed")
        self._assigned: list[TopicPartition] = []

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._assigned = list(partitions)
        self._fetcher.keep(set(partitions))

    def _ours(self) -> list[TopicPartition]:
        return self._assigned

    def _check(self, here: TopicPartition) -> None:
        if here not in self._ours():
            raise IllegalStateError("Partition is not assigned")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._check(partition)
        self._fetcher.seek(partition, offset)

    def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        found = self.beginning_offsets(partitions)
        for here in partitions:
            self.seek(here, found[here])

    def position(self, partition: TopicPartition, timeout_ms: int | None = None) -> int | None:
        self._check(partition)
        return self._fetcher.positions.get(partition)

    def highwater(self, partition: TopicPartition) -> int | None:
        self._check(partition)
        return self._fetcher.highwaters.get(partition)

    def poll(self, timeout_ms: int = 0, max_records: int | None = None) -> dict[TopicPartition, list[Any]]:
        until_s = self.process.world.now_s + timeout_ms / 1000
        while True:
            if found := self._take(max_records or 500, until_s):
                return found
            left_s = until_s - self.process.world.now_s
            if left_s <= 0:
                return {}
            self._wait(left_s)

    def _take(self, most: int, until_s: float) -> dict[TopicPartition, list[Any]]:
        return self._fetcher.take(self._ours(), most)

    def _wait(self, left_s: float) -> None:
        self._fetcher.arrived.clear()
        self._fetcher.fetch(self._ours(), FETCH_WAIT_S)
        self._fetcher.arrived.wait(left_s)

    def beginning_offsets(self, partitions: Sequence[TopicPartition], timeout_ms: int | None = None) -> dict[TopicPartition, int]:
        return self._offsets(partitions, False, timeout_ms)

    def end_offsets(self, partitions: Sequence[TopicPartition], timeout_ms: int | None = None) -> dict[TopicPartition, int]:
        return self._offsets(partitions, True, timeout_ms)

    def _offsets(self, partitions: Sequence[TopicPartition], end: bool, timeout_ms: int | None) -> dict[TopicPartition, int]:
        wanted = [(here.topic, here.partition) for here in partitions]
        until_s = self.process.world.now_s + (30_000 if timeout_ms is None else timeout_ms) / 1000
        while True:
            try:
                found = self._fetcher.link.call("ListOffsets", lambda: self.broker.offsets(wanted, end))
                return {TopicPartition(*here): at for here, at in found.items()}
            except KafkaError as error:
                if self.process.world.now_s >= until_s:
                    raise KafkaTimeoutError(f"no offsets ({error})") from None
            self.process.sleep(0.1)

    def close(self) -> None:
        self._assigned = []
        self._fetcher.keep(set())


class SimulatedMember(SimulatedReader):
    """A consumer that is a member of a group."""

    def __init__(self, process: Process, broker: Broker, group: str) -> None:
        super().__init__(process, broker, "read_uncommitted")
        self._loop = Loop(process)
        manager = _Manager(
            self._loop,
            Link(process, broker.weather, GROUP),
            broker,
            lambda: {name: len(found.logs) for name, found in broker.topics.items()},
        )
        self._subscription = SubscriptionState("earliest")

        def is_disconnected(_: object) -> bool:
            return False

        client = SimpleNamespace(
            _manager=manager,
            is_disconnected=is_disconnected,
            connection_delay=lambda _: 0,
            least_loaded_node=lambda: NODE,
            maybe_connect=lambda _: None,
        )
        self._client = client
        self._coordinator = ConsumerCoordinator(
            client,
            self._subscription,
            group_id=group,
            enable_auto_commit=False,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            api_version=(4, 2),
            assignors=(CooperativeStickyAssignor,),
        )

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return self._client._manager.cluster.partitions_for_topic(topic)  # type: ignore[no-any-return]

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self._subscription.subscribe(topics=topics, listener=listener)

    def assignment(self) -> set[TopicPartition]:
        return self._subscription.assigned_partitions()  # type: ignore[no-any-return]

    def group_metadata(self) -> Any:
        return self._coordinator.group_metadata()

    def _ours(self) -> list[TopicPartition]:
        return sorted(self._subscription.assignment)

    def _take(self, most: int, until_s: float) -> dict[TopicPartition, list[Any]]:
        """As ``KafkaConsumer._poll_once``: the group first, then positions, then records."""
        left_ms = max(0, int((until_s - self.process.world.now_s) * 1000))
        if not self._coordinator.poll(timeout_ms=left_ms):
            if left_ms == 0 or self.process.world.now_s < until_s:
                self.process.sleep(0.001)
            return {}
        ours = self._ours()
        self._fetcher.keep(set(ours))
        missing = [here for here in ours if here not in self._fetcher.positions]
        if missing:
            try:
                committed = self._coordinator.fetch_committed_offsets(missing, timeout_ms=left_ms)
                first = super()._offsets([here for here in missing if here not in committed], False, left_ms)
            except KafkaTimeoutError:
                return {}
            for here in missing:
                if here in self._subscription.assignment and here not in self._fetcher.positions:
                    self._fetcher.seek(here, committed[here].offset if here in committed else first[here])
        return self._fetcher.take(self._ours(), most)

    def _wait(self, left_s: float) -> None:
        self._fetcher.arrived.clear()
        beat_s = self._coordinator.time_to_next_poll()
        fetching = self._fetcher.fetch(self._ours(), FETCH_WAIT_S)
        wait_s = min(left_s, max(beat_s, 0.001))
        self._fetcher.arrived.wait(wait_s if fetching else min(wait_s, 0.1))

    def close(self) -> None:
        try:
            self._coordinator.close(timeout_ms=2_000)
        finally:
            self._loop.close()
            super().close()
