"""The operator in this process, its games on Kafka: what goes out, how far the input is used and the state are one transaction.

Any number of these processes share a consumer group. A game belongs to the owner of its partition; when partitions are rebalanced,
the new owner restores the games from the snapshot topic. An expelled member that still runs does no harm: its offsets are refused
because the group has moved on, and with them its whole transaction; where they were accepted just before, its progress record is
in the snapshot topic already, and a new owner waits until that transaction has ended either way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from streaming.errors import BadSnapshot, InputLost, Unavailable
from streaming.kafka.broker import Unread, broker_errors
from streaming.kafka.offsets import end_offsets, end_seen, first_offsets
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import resume_joining
from streaming.observability import traces
from streaming.observability.traces import Span
from streaming.operator.health import HEALTH_VERSION, Health, encode_health
from streaming.operator.session import Make
from streaming.runners.kafka.client import KafkaEffects
from streaming.runners.kafka.consumer_group import membership
from streaming.runners.kafka.effects import Effects, Guard, StopSignal, Worker
from streaming.runners.kafka.metrics import RunnerMetrics
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.state_store import state_key
from streaming.runners.kafka.transactions import Message, Transactions
from streaming.wire import topics
from streaming.wire.headers import GROUP as GROUP_HEADER
from streaming.wire.headers import Headers, headers
from streaming.wire.messages import messages

GROUP: Final = "touchline"
#: a week, as long as a broker keeps records by default
KEEP_S: Final = 7 * 86_400.0
TICK_S: Final = 0.05
HEALTH_S: Final = 1.0
WATCH_S: Final = 2.0
#: so long the unread part of a revoked partition is reported when the topic turns out to be deleted
RECENTLY_REVOKED_S: Final = 10.0
NOT_KNOWN: Final = Unread()
_log = logging.getLogger(__name__)


class KafkaRunner:
    """Runs the games of ``sport`` on the partitions of this process until ``stop`` is set.

    Parameters
    ----------
    make : builds an operator from a game record
    group : consumer group that shares the games
    commit_s : how often results become visible to a reader of committed records
    snapshot_s : how old a game's stored state may be, and so how much is processed again after a crash
    tick_s : how long one poll may wait, and how often a quiet feed gets provisional values
    effects : the broker's clients, clocks and threads; by default those of the broker at ``address``
    """

    def __init__(
        self,
        address: Address,
        sport: str,
        make: Make,
        *,
        group: str = GROUP,
        commit_s: float = 0.1,
        snapshot_s: float = 5.0,
        tick_s: float = TICK_S,
        effects: Effects | None = None,
    ) -> None:
        self.address, self.sport, self.make, self.group = address, sport, make, address.group(group)
        self.commit_s, self.snapshot_s, self.tick_s = commit_s, snapshot_s, tick_s
        #: how long after its end a game is known: its late records are refused as such. Then its state, its record and its last
        #: report leave the compacted topics
        self.keep_s = KEEP_S
        self._effects: Effects = KafkaEffects(address) if effects is None else effects
        self._monotonic_s = self._effects.monotonic_s
        self.name = f"{self.group}-{self._effects.unique()}"
        #: what this process counts and times, for its monitor
        self.metrics = RunnerMetrics()
        self.parts: dict[int, Partition] = {}
        self.commits = self.recovered = 0
        self._topic = address.topic(topics.telemetry(sport))
        self._group_header = GROUP_HEADER, self.group.encode()
        #: partitions of this process that it has not restored yet, and what was known of the unread part of each before
        self._new: set[int] = set()
        self._restoring: set[int] = set()
        self._known: dict[int, Unread] = {}
        self._recently_revoked: dict[int, tuple[float, Unread]] = {}
        self._broken: object = None
        self._topic_gone = False
        self._ticked_s = self._health_s = 0.0
        #: our own mistake while partitions were rebalanced, in the consumer's thread
        self._fault: BaseException | None = None
        self._consumer: Any = None
        self._watcher: Worker
        self._out: Transactions
        self._watch: Guard

    # -- life ------------------------------------------------------------------------------------------------------

    def run(self, stop: StopSignal) -> None:
        """Until ``stop`` is set; then what was taken is committed. ``Unavailable`` or ``BadSnapshot`` with one sentence else."""
        from kafka import errors

        effects, over = self._effects, self._effects.signal()
        with broker_errors(self.address):
            self._watch = effects.guard(self._topic)
            self._out = Transactions(effects, self.name, self._member, self.metrics)
            try:
                self._consumer = effects.join(self._topic, self.group, self._on_assigned, self._on_revoked)
                self._watcher = effects.spawn(lambda: self._watch_topic(over), f"watch over {self._topic}", self._out.hopeless.set)
                effects.hold_memory()
                while not stop.is_set():
                    try:
                        self._poll_once()
                    except errors.OffsetOutOfRangeError as error:
                        self._watch.check(self._unread_in_the_end())
                        raise Unavailable(f"topic {self._topic} no longer has the records that come next: {error}") from None
                    except (errors.AuthorizationError, errors.SaslAuthenticationFailedError):
                        raise
                    except errors.KafkaError as error:
                        if self._broken is not None:
                            stop.wait(0.5)  # the broker is away: try again until it is back
                        self._broken = error
                if self._broken is None:
                    self._commit(everything=True)
            except BaseException as error:
                self._broken = error  # a record may be half done: nothing of this may be committed
                raise
            finally:
                over.set()
                self._close()

    def _poll_once(self) -> None:
        self._watcher.check()
        if self._topic_gone:
            self._watch.check(self._unread_in_the_end())
        if self._broken is not None:
            self._recover()
        self._out.check()
        resume_joining(self._consumer)
        polled = self._consumer.poll(timeout_ms=int(1000 * self.tick_s), max_records=400)
        self.metrics.polled_s = self._monotonic_s()
        if self._fault is not None:
            raise self._fault
        if self._broken is not None:
            return  # partitions were lost meanwhile: nothing of what is being written may be committed
        if self._new:
            fresh = self._take_over()
            polled = {tp: records for tp, records in polled.items() if tp.partition not in fresh}
        if polled:
            self._begin()
        for tp, records in polled.items():
            part = self.parts.get(tp.partition)
            for record in records if part is not None else ():
                self._take(part, record)  # type: ignore[arg-type]
                # A slow operator that is behind must not take longer for these records than a transaction may be open.
                if self._out.due(self.commit_s):
                    self._commit()
                    self._begin()
        now_s = self._monotonic_s()
        if now_s - self._ticked_s > self.tick_s:
            self._ticked_s = now_s
            self._tick()
        if now_s - self._health_s > HEALTH_S:
            self._health_s = now_s
            self._publish_health()
        if self._out.due(self.commit_s):
            self._commit()

    # -- records ---------------------------------------------------------------------------------------------------

    def _take(self, part: Partition, record: Any) -> None:
        session = part.sessions.get((record.key or b"").decode("utf-8", "replace"))
        before = (0, 0) if session is None else session.counted
        span = None
        if traces.active is not None:
            span = traces.active.begin("operator", record.headers, partition=part.number, offset=record.offset)
        game, out = part.take(record.offset, record.key, record.value, record.timestamp * 1000)
        if out:
            now_us = self._effects.now_us()
            self._deliver(game, out, now_us, span)
            if session is not None and session.metrics is not None:
                session.metrics.published(*before, now_us - session.metrics.arrival_us)
        if span is not None:
            span.end(game=game, outputs=len(out))

    def _deliver(self, game: str, out: Iterable[Any], published_us: int, span: Span | None = None) -> None:
        more: Headers = (self._group_header,)
        publish = None
        if span is not None and traces.active is not None:
            publish = traces.active.begin("publish", span.headers, game=game)
        if publish is not None:
            more = (*more, *publish.headers)
        for message in messages(self.sport, game, out, published_us):
            self._out.send(self.address.topic(message.topic), topics.key(message.game), message.value, (*message.headers, *more))
        if publish is not None:
            publish.end()

    def _tick(self) -> None:
        now_us = self._effects.now_us()
        for part in self.parts.values():
            for game, session in part.playing.items():
                if out := session.tick(now_us):
                    part.touched = True
                    self._deliver(game, out, now_us)

    def _publish_health(self) -> None:
        self._measure()
        now_us = self._effects.now_us()
        for part in self.parts.values():
            for game, session in part.playing.items():
                if session.metrics is not None:
                    health = Health.of(game, self.sport, f"kafka embedded, {self.name}", session.metrics, now_us)
                    about = (*headers("health", HEALTH_VERSION, game), self._group_header)
                    self._out.send(self.address.topic(topics.health(self.sport)), topics.key(game), encode_health(health), about)

    def _measure(self) -> None:
        from kafka.structs import TopicPartition

        metrics = self.metrics
        ends = {n: max(part.end, end_seen(self._consumer, TopicPartition(self._topic, n))) for n, part in self.parts.items()}
        metrics.behind = {n: max(0, end - self.parts[n].offset) for n, end in ends.items()}
        metrics.games = sum(len(part.playing) for part in self.parts.values())
        known = self._consumer.group_metadata()
        metrics.member = bool(known.member_id) and known.generation_id >= 0

    # -- transactions ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        busy = [part.number for part in self.parts.values() if part.playing]
        every = (topics.stats(self.sport), topics.positions(self.sport), topics.snapshots(self.sport))
        self._out.begin((self.address.topic(topic), number) for number in busy for topic in every)

    def _commit(self, everything: bool = False) -> None:
        """Outputs, offsets and the state that is due, or nothing of them; with ``everything`` all state, and it is waited for."""
        from kafka.structs import OffsetAndMetadata, TopicPartition

        if not self.parts:
            return
        now_s, snapshots = self._monotonic_s(), self.address.topic(topics.snapshots(self.sport))
        # A game's snapshot holds the numbers up for some milliseconds: only as many at a time as there must be.
        most = 1 + int(sum(len(part.playing) for part in self.parts.values()) * self.commit_s / self.snapshot_s)
        states = []
        for part in self.parts.values():
            if not part.touched:
                continue
            for game in part.expire(self._effects.now_us(), int(1e6 * self.keep_s)):
                states.append(Message(snapshots, state_key(self.group, game), None, part.number))
                public = topics.games(self.sport), topics.health(self.sport)
                states.extend(Message(self.address.topic(topic), topics.key(game), None, part.number) for topic in public)
            for game, value in part.due(now_s, 0.0 if everything else self.snapshot_s, 1 << 30 if everything else most):
                states.append(Message(snapshots, state_key(self.group, game), value, part.number))
                most -= 1
            states.append(Message(snapshots, state_key(self.group), part.progress(), part.number))
        self._out.commit({TopicPartition(self._topic, p.number): OffsetAndMetadata(p.used) for p in self.parts.values()}, states)
        self.commits += 1
        if everything:
            self._out.settle()

    def _member(self) -> Any:
        """This process's membership of the group, while no transaction is lost."""
        from kafka.errors import CommitFailedError

        if self._broken is not None:
            raise CommitFailedError("a transaction is lost")
        return membership(self._consumer)

    def _recover(self) -> None:
        """A transaction is lost: drop everything since the last commit, and read the state again like a new owner."""
        self.recovered += 1
        self.metrics.restarted(self._monotonic_s())
        _log.warning("starting again from the last commit (%s)", self._broken, extra={"sport": self.sport, "runner": self.name})
        self._known |= self._unread()
        self.parts.clear()
        self._out.restart()
        self._broken = None
        self._new = {tp.partition for tp in self._consumer.assignment()}

    # -- partitions: these two are called by the consumer's own thread, while the one that runs this waits in ``poll`` ------

    def _on_assigned(self, numbers: set[int]) -> None:
        self.metrics.rebalances += 1
        self._new |= numbers - set(self.parts)

    def _on_revoked(self, numbers: set[int], lost: bool) -> None:
        from kafka.errors import KafkaError

        self._new -= numbers
        if not numbers & set(self.parts):
            return
        try:
            if not lost and self._broken is None:
                self._commit(everything=True)
            elif lost:
                self._broken = self._broken or "partitions were lost"
        except KafkaError as error:
            _log.warning("could not commit before partitions moved (%s)", error, extra={"runner": self.name})
            self._broken = error
        except Exception as error:  # noqa: BLE001 - the consumer would only log it; ``_poll_once`` raises it
            self._fault = self._broken = error
        finally:
            self._recently_revoked |= {n: (self._monotonic_s(), span) for n, span in self._unread().items() if n in numbers}
            for number in numbers:
                self._known.pop(number, None)
                if self.parts.pop(number, None) is not None:
                    about = {"sport": self.sport, "partition": number, "runner": self.name}
                    _log.info("%s", "lost" if lost else "given up", extra=about)

    def _take_over(self) -> set[int]:
        from kafka.structs import TopicPartition

        fresh, self._restoring, self._new = self._new, self._new, set()
        restored = {}
        for number in sorted(fresh):
            part = restored[TopicPartition(self._topic, number)] = Partition(number, self.sport, self.make)
            part.restore(self._effects.read_states(self.address.topic(topics.snapshots(self.sport)), number, self.group))
            self._known[number] = Unread(part.published, self._known.get(number, NOT_KNOWN).end)
        firsts, ends = first_offsets(self._consumer, restored), end_offsets(self._consumer, restored)
        for here, part in restored.items():
            first, part.end = firsts[here], ends[here]
            if part.offset < first and part.offset:
                raise Unavailable(
                    f"topic {self._topic}, partition {part.number}: offsets {part.offset} to {first - 1} were deleted before they "
                    "were used; longer retention keeps them"
                )
            part.offset = max(part.offset, first)
            self._consumer.seek(here, part.offset)
            self.parts[part.number] = part
            about = {"sport": self.sport, "partition": part.number, "runner": self.name}
            _log.info("taken over with %d games, from offset %d", len(part.playing), part.offset, extra=about)
        self._restoring = set()
        return fresh

    # -- the broker ------------------------------------------------------------------------------------------------

    def _close(self) -> None:
        from kafka import errors

        try:
            if self._consumer is not None:
                self._consumer.close()
        except errors.KafkaError as error:
            _log.warning("%s: %s", self.name, error)
        self._out.close()

    def _unread(self) -> dict[int, Unread]:
        """The unread part of each partition of this process, and of those that it had until just now."""
        from kafka.structs import TopicPartition

        recently = self._monotonic_s() - RECENTLY_REVOKED_S
        found = {number: span for number, (at_s, span) in list(self._recently_revoked.items()) if at_s > recently}
        for number in self._new | self._restoring:
            found[number] = self._known.get(number, NOT_KNOWN)
        for number, part in list(self.parts.items()):
            here = TopicPartition(self._topic, number)
            first = max(self._out.committed.get(here, 0), part.published)
            found[number] = Unread(first, max(part.offset, part.end, end_seen(self._consumer, here)))
        return found

    def _unread_in_the_end(self) -> dict[int, Unread]:
        """The same once the input is gone, and with it the offsets that the broker had of the group. Where a commit has no answer,
        or another process has had a partition since, the stored progress, committed with the offsets, shows what is used."""
        from kafka.errors import KafkaError

        with suppress(KafkaError):
            self._out.settle()
        found, snapshots = self._unread(), self.address.topic(topics.snapshots(self.sport))
        for number, span in found.items():
            if span.first is None or (number in self.parts and not self._out.in_doubt):
                continue
            with suppress(KafkaError, Unavailable, BadSnapshot):  # then what this process knows must do
                states = self._effects.read_states(snapshots, number, self.group)
                stored = Partition(number, self.sport, self.make).stored_progress(states)
                found[number] = span._replace(first=max(span.first, stored))
        return found

    def _watch_topic(self, over: StopSignal) -> None:
        """In a thread of its own: a request takes longer than a window may."""
        while not over.wait(WATCH_S):
            try:
                self._watch.check(self._unread())
                self.metrics.trouble = ""
            except InputLost:
                self._topic_gone = True
                self._out.hopeless.set()
                return
            except Unavailable as error:
                self.metrics.trouble = str(error)
                _log.warning("%s", error)  # the broker is away: its clients wait for it
