"""One run of a plan: operators on a simulated broker, games that are sent to it, faults, and the checks at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from kafka.partitioner.default import murmur2

from streaming.errors import InputLost, TouchlineError
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.runner import KafkaRunner
from streaming.simulation import checker
from streaming.simulation.broker import Broker
from streaming.simulation.checker import INPUT
from streaming.simulation.effects import ADDRESS, SimulatedEffects
from streaming.simulation.flink import Job
from streaming.simulation.gateway import Gateway
from streaming.simulation.network import Weather
from streaming.simulation.plan import OF_A_PROCESS, Fault, Plan
from streaming.simulation.tally import SPORT, make, script
from streaming.simulation.watch import JobWatch, WatchedEffects, WatchedGroup, WatchedRunner
from streaming.simulation.world import EPOCH_US, Livelock, Process, World, virtual_time
from streaming.wire import topics
from streaming.wire.blocks import Output
from streaming.wire.records import GameRecord

GROUP: Final = "touchline"
#: how long a supervisor waits before it starts an operator again, s
RESTART_S: Final = 1.0


class Outcome(msgspec.Struct, frozen=True):
    """``failures`` are the checks that did not hold, as sentences; ``minutes`` of simulated time, ``events`` of the scheduler."""

    plan: Plan
    failures: list[str]
    history: list[str]
    minutes: float
    events: int


class Operator:
    """A supervised ``touchline run``: started again when it ends, or after it was killed."""

    def __init__(self, run: Run, number: int) -> None:
        self.run, self.number = run, number
        self.process: Process | None = None
        self.runner: KafkaRunner | None = None
        self._started = 0
        #: since when nothing has been done to it
        self.healthy_since_s = 0.0
        self._stop: Any = None
        self.held_back_until_s = 0.0

    def start(self) -> None:
        run = self.run
        if run.over or run.deleted or (self.process is not None and self.process.alive):
            return
        self._started += 1
        name = f"op{self.number}.{self._started}"
        process = self.process = Process(run.world, name)
        effects = run.effects(process)
        self._stop = process.signal()
        plan = run.plan
        runner = self.runner = WatchedRunner(
            ADDRESS,
            SPORT,
            slow(process, plan.take_s),
            group=GROUP,
            commit_s=plan.commit_s,
            snapshot_s=plan.snapshot_s,
            tick_s=plan.tick_s,
            effects=effects,
        )
        runner.wrong = run.world.fail
        self.healthy_since_s = run.world.now_s
        run.world.note(name, "starts")

        def main() -> None:
            try:
                runner.run(self._stop)
                run.world.note(name, f"ended after {runner.commits} commits")
            except InputLost as error:
                run.world.note(name, f"ended: {error}")
                run.input_lost(str(error))
                return
            except TouchlineError as error:
                run.world.note(name, f"ended: {error}")
            finally:
                if process.alive:
                    process.alive = False
                    run.world.at(max(RESTART_S, self.held_back_until_s - run.world.now_s), self.start)

        process.spawn(main, "run")

    def kill(self, for_s: float) -> None:
        if self.process is not None and self.process.alive:
            self.run.world.note(self.process.name, "is killed")
            self.process.kill()
            self.run.world.at(for_s, self.start)

    def pause(self, for_s: float) -> None:
        if self.process is not None and self.process.alive:
            self.run.world.note(self.process.name, f"is paused for {for_s:.2f} s")
            self.process.pause(for_s)
            self.healthy_since_s = max(self.healthy_since_s, self.run.world.now_s + for_s)

    def leave(self, for_s: float) -> None:
        if self.process is not None and self.process.alive:
            self.run.world.note(self.process.name, "is stopped")
            self.held_back_until_s = self.run.world.now_s + for_s
            self._stop.set()

    def cut_off(self, for_s: float, group_only: bool = False) -> None:
        process, weather, world = self.process, self.run.weather, self.run.world
        if process is None or not process.alive:
            return
        world.note(process.name, f"is cut off{' from the group' if group_only else ''} for {for_s:.2f} s")
        weather.cut_off_process(process.name, group_only)
        self.healthy_since_s = max(self.healthy_since_s, world.now_s + for_s)

        def back() -> None:
            world.note(process.name, "is connected again")
            (weather.silent if group_only else weather.cut_off).discard(process.name)

        world.at(for_s, back)


def slow(process: Process, take_s: float) -> Callable[[GameRecord], Any]:
    """Makes operators that take so long for each record, and for the values of a quiet feed."""
    if not take_s:
        return make

    def slower(record: GameRecord) -> Any:
        operator = make(record)
        on_record, on_time = operator.on_record, operator.on_time

        def after_a_while(call: Callable[..., list[Output]]) -> Callable[..., list[Output]]:
            def work(*arguments: Any) -> list[Output]:
                process.sleep(take_s)
                return call(*arguments)

            return work

        operator.on_record, operator.on_time = after_a_while(on_record), after_a_while(on_time)
        return operator

    return slower


class Run:
    """Everything of one run. ``effects`` may be replaced before ``execute``."""

    def __init__(self, plan: Plan, history: bool = False) -> None:
        self.plan = plan
        self.world = World(plan.seed, [] if history else None)
        self.weather = Weather()
        self.broker = Broker(self.world, self.weather)
        self.over = False
        self.deleted = False
        self.inputs: list[list[Any]] = []
        for topic in topics.every(SPORT):
            self.broker.create(topic, plan.partitions)
        self.broker.groups[GROUP] = WatchedGroup(self)
        self.operators = [Operator(self, number) for number in range(len(plan.operators))]
        self.effects: Callable[[Process], SimulatedEffects] = lambda process: WatchedEffects(self, process)
        self.unhealthy_until_s = 0.0
        self.watch: JobWatch | None = None
        self.job: Job | None = None
        self.gateway: Gateway | None = None
        self._unsent = len(plan.games)
        self._quiet_s = plan.quiet_s

    def execute(self) -> Outcome:
        world, plan = self.world, self.plan
        with virtual_time(world), quiet():
            if plan.runner == "flink":
                self.job = Job(self)
            else:
                for operator, at_s in zip(self.operators, plan.operators, strict=True):
                    world.at(at_s, operator.start)
            if plan.viewers:
                self.gateway = Gateway(self)
            written = script if plan.operator == "tally" else tracked_script()
            for game in plan.games:
                records = iter(written(game.name, game.events, EPOCH_US))
                world.at(game.at_s, lambda r=records, g=game: self._send(r, g.name, g.every_s))  # type: ignore[misc]
            if any(fault.kind == "delete input" for fault in plan.faults):
                self.watch = JobWatch(self)
            for fault in plan.faults:
                world.at(fault.at_s, lambda f=fault: self._strike(f))  # type: ignore[misc]
            deadline_s = self._quiet_s + checker.BOUND_S
            try:
                world.run(deadline_s, self._complete)
                self._finish()
            except Livelock as error:
                world.fail(str(error))
            self.over = True
            for operator in self.operators:
                if operator.process is not None:
                    operator.process.kill()
            if self.watch is not None:
                self.watch.process.kill()
            if self.job is not None and self.job.process is not None:
                self.job.process.kill()
            for call in world.at_end:
                call()
        return Outcome(plan, world.failures, world.history or [], world.now_s / 60, world.events)

    # -- what happens ------------------------------------------------------------------------------------------------

    def _send(self, records: Iterator[bytes], game: str, every_s: float) -> None:
        """The next record of a game, as soon as the broker takes it."""
        if self.deleted:
            self._unsent -= 1
            return
        if self.weather.down:
            self.world.at(0.2, lambda: self._send(records, game, every_s))
            return
        record = next(records, None)
        if record is None:
            self._unsent -= 1
            return
        key = game.encode()
        partition = (murmur2(key) & 0x7FFFFFFF) % self.plan.partitions
        self.broker.produce((INPUT, partition), [(key, record)])
        self.world.at(every_s, lambda: self._send(records, game, every_s))

    def _strike(self, fault: Fault) -> None:
        world, weather = self.world, self.weather
        if fault.kind in ("cuts", "late ends", "slow", "broker"):
            self.unhealthy_until_s = max(self.unhealthy_until_s, world.now_s + fault.for_s)
        if self.job is not None and fault.kind in OF_A_PROCESS:
            self._strike_job(self.job, fault)
            return
        operator = self.operators[fault.who if fault.kind in OF_A_PROCESS else 0]
        if fault.kind == "kill":
            operator.kill(fault.for_s)
        elif fault.kind == "pause":
            operator.pause(fault.for_s)
        elif fault.kind == "cut off":
            operator.cut_off(fault.for_s)
        elif fault.kind == "no heartbeats":
            operator.cut_off(fault.for_s, group_only=True)
        elif fault.kind == "leave":
            operator.leave(fault.for_s)
        elif fault.kind == "cuts":
            weather.cuts = fault.strength
            world.note("network", f"cuts connections ({fault.strength:g}) for {fault.for_s:.2f} s")
            world.at(fault.for_s, lambda: setattr(weather, "cuts", 0.0))
        elif fault.kind == "late ends":
            weather.late_ends = fault.strength
            world.note("network", f"delays EndTxn ({fault.strength:g}) for {fault.for_s:.2f} s")
            world.at(fault.for_s, lambda: setattr(weather, "late_ends", 0.0))
        elif fault.kind == "slow":
            weather.slow_s = fault.strength
            world.note("network", f"is slow (up to {fault.strength:g} s) for {fault.for_s:.2f} s")
            world.at(fault.for_s, lambda: setattr(weather, "slow_s", 0.0))
        elif fault.kind == "broker":
            if not weather.down:
                self.broker.stop()
                world.at(fault.for_s, self.broker.start)
        elif fault.strength:
            self.broker.after_identity = self._delete
        else:
            self._delete()

    def _strike_job(self, job: Job, fault: Fault) -> None:
        process, weather = job.process, self.weather
        if process is None or not process.alive:
            return
        self.world.note(process.name, str(fault))
        if fault.kind == "pause":
            process.pause(fault.for_s)
        elif fault.kind in ("cut off", "no heartbeats"):
            weather.cut_off_process(process.name)
            self.world.at(fault.for_s, lambda: weather.cut_off.discard(process.name))
        else:
            process.kill()

    def _delete(self) -> None:
        if not self.deleted:
            self.deleted = True
            self.inputs = checker.inputs_of(self.broker)
            self.broker.delete(INPUT)

    def input_lost(self, sentence: str) -> None:
        if not self.deleted:
            self.world.fail(f"an operator ended although its input is there: {sentence}")

    # -- the end -----------------------------------------------------------------------------------------------------

    def _complete(self) -> bool:
        """Everything is sent and used, and every transaction has ended."""
        if self.world.now_s < self._quiet_s or self._unsent:
            return False
        if self.deleted:
            return (self.watch is None or self.watch.ended_s > 0) and all(
                operator.process is None or not operator.process.alive for operator in self.operators
            )
        offsets = self.broker.group(GROUP).offsets
        logs = self.broker.topics[INPUT].logs
        used = all(offsets.get((INPUT, number), 0) >= log.end for number, log in enumerate(logs))
        return used and all(log.stable == log.end for found in self.broker.topics.values() for log in found.logs)

    def _finish(self) -> None:
        world, plan = self.world, self.plan
        if self.deleted:
            expected = checker.check_outputs(world, self.broker, self.inputs, False, self._lost())
            if self.watch is not None and not self.watch.ended_s:
                world.fail(f"the watch has not ended {checker.BOUND_S:.0f} s after its input was deleted")
            for operator in self.operators:
                if operator.process is not None and operator.process.alive:
                    world.fail(f"{operator.process.name} goes on {checker.BOUND_S:.0f} s after its input was deleted")
        else:
            checker.check_liveness(world, self.broker, GROUP)
            whole = not world.failures
            expected = checker.check_outputs(world, self.broker, checker.inputs_of(self.broker), whole, self._lost())
        if self.gateway is not None:
            self.gateway.check(expected)
        checker.check_states(world, self.broker, expected, GROUP, plan.commit_s, plan.snapshot_s)

    def _lost(self) -> set[int]:
        """What a Flink job may have lost: see ``Supervision``."""
        if self.job is None:
            return set()
        self.job.supervision.look()  # its next turn
        return self.job.supervision.check()


def tracked_script() -> Callable[[str, int, int], list[bytes]]:
    """That of the operator of a game, which loads compiled code."""
    from streaming.simulation.tracked import script

    return script


@contextmanager
def quiet() -> Iterator[None]:
    """No logs meanwhile: the history has what happened."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def simulate(plan: Plan, history: bool = False) -> Outcome:
    """One run of the plan."""
    return Run(plan, history).execute()


__all__ = ["Operator", "Outcome", "Partition", "Run", "simulate"]
