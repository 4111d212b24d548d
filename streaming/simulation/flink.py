"""A Flink job in the simulation: the production state logic of a game (``KeyedGames``) with keyed state, timers, checkpoints and a
sink of two phases.

After Flink: a checkpoint has the state of all keys, the offsets of the source and the transaction with the outputs up to it; that
transaction is committed once the checkpoint is stored. A job that is started again restores the newest checkpoint, commits its
transaction and gives the later ones up. What an older attempt of the job stores is refused. A commit that the broker refuses as
fenced is counted and dropped, as Flink's committer does (``KafkaCommitter``): beside the job runs the production supervisor, which
has to report it when its outputs are lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from kafka.errors import KafkaError, ProducerFencedError
from kafka.structs import TopicPartition

from streaming.runners.flink.job import transactional_ids
from streaming.runners.flink.keyed_game import TICK_MS, KeyedGames, Row
from streaming.runners.flink.supervisor import POLL_S
from streaming.simulation.checker import INPUT
from streaming.simulation.client import SimulatedReader
from streaming.simulation.network import Link
from streaming.simulation.producer import SimulatedProducer
from streaming.simulation.supervision import Supervision
from streaming.simulation.tally import SPORT, make
from streaming.simulation.world import Process

if TYPE_CHECKING:
    from streaming.simulation.deployment import Run

#: the job's group, under which it commits the offsets of its checkpoints, for those who want its lag
GROUP: Final = "touchline"
CHECKPOINT_S: Final = 1.0
#: a TaskManager without heartbeats for so long is given up, s
LOST_S: Final = 3.0
SNAPSHOT_EVERY: Final = 7
#: how often the cluster looks after its job, s
LOOK_S: Final = 1.0


class KeyedState:
    """Snapshot and log of every key; ``key`` is the current one."""

    def __init__(self, snapshots: dict[str, bytes], logs: dict[str, tuple[tuple[int, bytes], ...]]) -> None:
        self.key = ""
        self.snapshots, self.logs = snapshots, logs

    def copy(self) -> KeyedState:
        return KeyedState(dict(self.snapshots), dict(self.logs))

    # -- ``SnapshotState`` of the current key -----------------------------------------------------------------------------

    def value(self) -> bytes | None:
        return self.snapshots.get(self.key)

    def update(self, value: bytes) -> None:
        self.snapshots[self.key] = value

    def clear(self) -> None:
        self.snapshots.pop(self.key, None)


class KeyedLog:
    """``LogState`` of the current key."""

    def __init__(self, state: KeyedState) -> None:
        self._state = state

    def get(self) -> Iterable[tuple[int, bytes]]:
        return self._state.logs.get(self._state.key, ())

    def add(self, value: tuple[int, bytes]) -> None:
        self._state.logs[self._state.key] = (*self.get(), value)

    def clear(self) -> None:
        self._state.logs.pop(self._state.key, None)


def name_of(checkpoint: int) -> str:
    """The transactional id of a checkpoint's outputs, as Flink's sink forms it: prefix, subtask, checkpoint."""
    return f"{transactional_ids(GROUP, SPORT)}simulated-0-{checkpoint}"


class Checkpoint:
    """``transaction`` is (name, producer id, epoch) of what was written up to it, ``names`` the number of its name."""

    def __init__(
        self, state: KeyedState, offsets: dict[TopicPartition, int], transaction: tuple[str, int, int] | None, names: int
    ) -> None:
        self.state, self.offsets, self.transaction, self.names = state, offsets, transaction, names


class Job:
    """The job, and the cluster that starts it again."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.attempt = 0
        self.process: Process | None = None
        here = [TopicPartition(INPUT, number) for number in range(run.plan.partitions)]
        self.stored = Checkpoint(KeyedState({}, {}), dict.fromkeys(here, 0), None, 0)
        #: producer ids of the transactions whose commit the broker has refused, in the newest attempt
        self.refused: list[int] = []
        #: whether it has committed again what the one before had left, and begun
        self.running = False
        #: and in all attempts
        self.dropped: set[int] = set()
        self.supervision = Supervision(self)
        self._looks = 0
        self._heard_s = 0.0
        self._names = 0
        run.world.at(0.0, self._supervise)

    # -- the cluster ---------------------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        run = self.run
        if run.over or run.deleted:
            return
        if self.process is None or not self.process.alive or run.world.now_s - self._heard_s > LOST_S:
            self.attempt += 1
            self.refused, self.running = [], False
            process = self.process = Process(run.world, f"job.{self.attempt}")
            self._heard_s = run.world.now_s
            run.world.note(process.name, "starts")
            attempt = self.attempt
            process.spawn(lambda: self._beat(process, attempt), "heartbeat")
            process.spawn(lambda: self._run(process, attempt), "task")
        self._looks += 1
        if self._looks % int(POLL_S / LOOK_S) == 0:
            self.supervision.look()
        run.world.at(LOOK_S, self._supervise)

    def _beat(self, process: Process, attempt: int) -> None:
        while attempt == self.attempt:
            if process.name not in self.run.weather.cut_off:
                self._heard_s = process.world.now_s
            process.sleep(0.5)
        process.alive = False

    def _store(self, attempt: int, checkpoint: Checkpoint) -> bool:
        """Whether it counts: not that of an attempt that was given up."""
        if attempt != self.attempt:
            return False
        self.stored = checkpoint
        return True

    # -- one attempt ---------------------------------------------------------------------------------------------------

    def _run(self, process: Process, attempt: int) -> None:
        try:
            self._work(process, attempt)
        except KafkaError as error:
            process.world.note(process.name, f"ended: {type(error).__name__}: {error}")
            process.alive = False

    def _work(self, process: Process, attempt: int) -> None:
        run, restored = self.run, self.stored
        link = Link(process, run.broker.weather, "committer")
        self._commit(process, link, restored)
        self.running = True
        for number in range(restored.names + 1, self._names + 1):
            # What attempts since have left open would hold committed readers up until its time-out, which is long.
            self._until_answered(process, link, "InitProducerId", lambda n=number: self._give_up(n))
        state, offsets = restored.state.copy(), dict(restored.offsets)
        games = KeyedGames(SPORT, make, state, KeyedLog(state), lambda: self._now_us(process), SNAPSHOT_EVERY, group=GROUP)
        timers: set[tuple[float, str]] = set()
        sink = self._sink(process)
        reader = SimulatedReader(process, run.broker, "read_uncommitted")
        reader.assign(list(offsets))
        for here, at in offsets.items():
            reader.seek(here, at)
        checkpoint_s = process.world.now_s + CHECKPOINT_S

        def timer() -> None:
            now_ms = process.world.now_s * 1000
            timers.add(((now_ms // TICK_MS + 1) * TICK_MS / 1000, state.key))

        def write(rows: Iterable[Row]) -> None:
            for topic, key, value, about in rows:
                sink.send(topic, value, key=key, headers=tuple(about.items()))

        while attempt == self.attempt:
            for here, records in reader.poll(timeout_ms=TICK_MS).items():
                for record in records:
                    state.key = record.key.decode()
                    write(games.take(state.key, record.value, record.timestamp * 1000, timer))
                    offsets[here] = record.offset + 1
            for due in sorted(due for due in timers if due[0] <= process.world.now_s):
                timers.discard(due)
                state.key = due[1]
                write(games.tick(state.key, int(due[0] * 1000), timer))
            if process.world.now_s > checkpoint_s:
                checkpoint_s = process.world.now_s + CHECKPOINT_S
                sink.prepare()
                checkpoint = Checkpoint(state.copy(), dict(offsets), sink.transaction, sink.number)
                if not self._store(attempt, checkpoint):
                    return
                self._commit(process, link, checkpoint)
                sink.force_close()
                sink = self._sink(process)

    def _give_up(self, number: int) -> None:
        self.run.broker.transactions.init_producer(name_of(number), 900.0)

    def _now_us(self, process: Process) -> int:
        return self.run.broker.now_ms() * 1000

    def _sink(self, process: Process) -> Sink:
        self._names += 1
        number = self._names
        found = Sink(process, self.run.broker, name_of(number), 900_000)
        found.number = number
        found.begin_transaction()
        return found

    def _commit(self, process: Process, link: Link, checkpoint: Checkpoint) -> None:
        """The second phase, tried until it is answered; then the offsets, for those who want the lag."""
        broker = self.run.broker
        if checkpoint.transaction is not None:
            name, pid, epoch = checkpoint.transaction
            try:
                self._until_answered(process, link, "EndTxn", lambda: broker.transactions.end(name, pid, epoch, True))
            except ProducerFencedError:
                # Committed by a request whose answer was lost, or else lost.
                self.refused.append(pid)
                self.dropped.add(pid)
                process.world.note(process.name, f"{name} was fenced, and its commit is dropped")
        found = {(here.topic, here.partition): at for here, at in checkpoint.offsets.items()}
        self._until_answered(process, link, "OffsetCommit", lambda: dict.update(broker.group(GROUP).offsets, found))

    def _until_answered(self, process: Process, link: Link, what: str, work: Any) -> None:
        until_s = process.world.now_s + 30.0
        while True:
            try:
                link.call(what, work)
                return
            except KafkaError as error:
                if not error.retriable or process.world.now_s > until_s:
                    raise
            process.sleep(0.1)


class Sink(SimulatedProducer):
    """The sink's writer between two checkpoints, with a transaction of its own name."""

    number: int

    def prepare(self) -> None:
        """Everything is with the broker: the first phase."""
        self.flush(30.0)
        self._raise()

    @property
    def transaction(self) -> tuple[str, int, int] | None:
        return (self.name, self._pid, self._epoch) if self._added else None
