"""What is checked while a run goes on: owners of partitions, committed offsets, members that are expelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

from streaming.errors import InputLost, Unavailable
from streaming.runners.kafka.runner import WATCH_S, KafkaRunner
from streaming.runners.kafka.state_store import state_key
from streaming.runners.kafka.transactions import Message
from streaming.simulation.effects import SimulatedEffects, SimulatedGuard
from streaming.simulation.group import EMPTY, STABLE, Group
from streaming.simulation.tally import SPORT
from streaming.simulation.world import Process
from streaming.wire import topics

if TYPE_CHECKING:
    from streaming.simulation.deployment import Run

#: a member may be expelled for what was done to it before, s
AFTER_S: Final = 8.0


#: so many rounds of joining share partitions out anew: one to give back, one to be given, and some where a heartbeat crosses them
ROUNDS: Final = 5
#: for so long after a fault of the network or the broker there may be more, s
CALM_S: Final = 3.0


class _Offsets(dict[tuple[str, int], int]):
    """Committed offsets; they never go back."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def update(self, found: Any = (), **more: int) -> None:
        for here, at in dict(found).items():
            if at < self.get(here, 0):
                self._run.world.fail(f"the committed offset of partition {here[1]} went back from {self[here]} to {at}")
        super().update(found)


class WatchedGroup(Group):
    """The group of the operators."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.world, "touchline")
        self._run = run
        self.offsets = _Offsets(run)
        self._rounds = 0

    def sync(self, request: Any) -> Any:
        before = self.state
        answer = super().sync(request)
        if before != STABLE and self.state == STABLE:
            owners: dict[Any, str] = {}
            for name, member in self.members.items():
                if member.assignment:
                    for here in ConsumerProtocolAssignment.decode(member.assignment).partitions():
                        if here in owners:
                            self.world.fail(f"generation {self.generation} gives partition {here.partition} to two members")
                        owners[here] = name
        return answer

    def join(self, request: Any) -> Any:
        if request.member_id not in self.members:
            self._rounds = 0
        return super().join(request)

    def _maybe_complete(self) -> None:
        before = self.generation
        super()._maybe_complete()
        if self.state != EMPTY and self.generation > before:
            self._rounds += 1
            if self._rounds > ROUNDS and self.world.now_s > self._run.unhealthy_until_s + CALM_S:
                self.world.fail(f"the group had {self._rounds} rounds of joining since a member last joined or left")

    def _expel(self, name: str, why: str) -> None:
        if why != "leaves":
            for operator in self._run.operators:
                runner, process = operator.runner, operator.process
                if runner is None or process is None or not process.alive or runner._consumer is None:
                    continue
                now_s = self.world.now_s
                healthy = min(now_s - operator.healthy_since_s, now_s - self._run.unhealthy_until_s)
                if runner._consumer.group_metadata().member_id == name and healthy > AFTER_S:
                    self.world.fail(f"{process.name} {why} although it runs and is connected")
        self._rounds = 0
        super()._expel(name, why)


class WatchedRunner(KafkaRunner):
    """``wrong`` gets a sentence when a commit holds more snapshots than the games that are on need: each costs them time."""

    wrong: Callable[[str], object]

    def _commit(self, everything: bool = False) -> None:
        known = {game for part in self.parts.values() for game in (*part._since, *part._stored_s)}
        running = sum(session.phase == "on" for part in self.parts.values() for session in part.sessions.values())
        out, plain = self._out, self._out.commit

        def commit(offsets: Any, states: Sequence[Message] = ()) -> None:
            prefix = len(state_key(self.group, ""))
            names = {state.key[prefix:].decode() for state in states}
            playing = {game for part in self.parts.values() for game in part.playing}
            most = 1 + int(running * self.commit_s / self.snapshot_s)
            if not everything and (found := len(names & known & playing)) > most:
                self.wrong(f"{found} snapshots in a commit, {running} running games need at most {most}")
            plain(offsets, states)

        out.commit = commit  # type: ignore[method-assign]
        try:
            super()._commit(everything)
        finally:
            out.commit = plain  # type: ignore[method-assign]


class JobWatch:
    """The loop beside a detached job: a guard with a group. It ends with ``InputLost`` once its input is deleted, and says that the
    broker is away only when it is."""

    def __init__(self, run: Run) -> None:
        self.run, self.ended_s = run, 0.0
        self.process = Process(run.world, "watch")
        self.process.spawn(self._watch, "watch")

    def _watch(self) -> None:
        run, world = self.run, self.run.world
        guard: SimulatedGuard | None = None
        while not self.ended_s:
            away = run.weather.down or world.now_s < run.unhealthy_until_s
            try:
                if guard is None:
                    guard = SimulatedGuard(self.process, run.broker, topics.telemetry(SPORT), "touchline")
                guard.check()
            except InputLost as error:
                world.note("watch", str(error))
                self.ended_s = world.now_s
                if not run.deleted:
                    run.input_lost(str(error))
            except Unavailable as error:
                world.note("watch", str(error))
                if not away and not run.weather.down and world.now_s > run.unhealthy_until_s:
                    world.fail(f"the watch says that the broker is away, and it is there: {error}")
            self.process.sleep(WATCH_S)


class WatchedEffects(SimulatedEffects):
    """Reading the states is the first thing that an owner of a partition does."""

    def __init__(self, run: Run, process: Process) -> None:
        super().__init__(process, run.broker)
        self._run = run

    def read_states(self, topic: str, partition: int, group: str) -> dict[str, bytes]:
        runner = next((o.runner for o in self._run.operators if o.process is self.process), None)
        if runner is not None and runner._topic_gone:  # it looks up what another may have used, to report what is lost
            return super().read_states(topic, partition, group)
        self.process.world.note(self.process.name, f"takes over partition {partition}")
        self._check_owner(partition)
        found = super().read_states(topic, partition, group)
        self._check_owner(partition)
        return found

    def _check_owner(self, partition: int) -> None:
        """Of the members of the newest generation only one may have a partition: this process, if it is one of them. What a member
        does that the group has given up is refused."""
        if not self._current(self.process):
            return
        for operator in self._run.operators:
            process, runner = operator.process, operator.runner
            if process is None or process is self.process or runner is None or partition not in runner.parts:
                continue
            if self._current(process) and runner._broken is None:
                self._run.world.fail(f"partition {partition} has two owners: {process.name} and {self.process.name}")

    def _current(self, process: Process) -> bool:
        group = self._run.broker.group("touchline")
        runner = next((o.runner for o in self._run.operators if o.process is process), None)
        if runner is None or runner._consumer is None or not process.alive:
            return False
        metadata = runner._consumer.group_metadata()
        return metadata.member_id in group.members and metadata.generation_id == group.generation
