"""The simulated world: a virtual clock, a seeded scheduler, and processes that can be paused and killed at any moment.

Everything runs in one thread. A task of a process is a greenlet: production code that waits, for an answer or for a clock, hands
over to the scheduler, which decides what goes on. No task runs in parallel with another, and nothing but the seed decides when
each goes on.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from greenlet import GreenletExit, getcurrent, greenlet

#: wall time at the beginning, microseconds since 1970
EPOCH_US: Final = 1_800_000_000_000_000
#: how long a task waits for its processor, s: up to this
JITTER_S: Final = 0.0005


class Livelock(Exception):
    """The world does not come to rest: so many events without an end."""


class World:
    """Time in seconds from 0; ``history`` gets a line of each event that ``note`` is called for, unless it is None."""

    def __init__(self, seed: int, history: list[str] | None = None) -> None:
        self.random = random.Random(seed)
        self.now_s = 0.0
        self.history = history
        self.events = 0
        #: what went wrong in the code under test
        self.failures: list[str] = []
        #: what is called when the run is over
        self.at_end: list[Callable[[], object]] = []
        self._queue: list[tuple[float, float, int, Callable[[], object]]] = []
        self._pushed = 0
        self.scheduler = getcurrent()

    def note(self, who: str, what: str) -> None:
        if self.history is not None:
            self.history.append(f"{self.now_s:10.4f}  {who:<12} {what}")

    def fail(self, sentence: str) -> None:
        """The run has failed, with that sentence."""
        self.note("CHECK", sentence)
        if sentence not in self.failures:
            self.failures.append(sentence)

    def at(self, delay_s: float, call: Callable[[], object]) -> None:
        """Call it after ``delay_s``; what is due at the same moment goes in a random order."""
        self._pushed += 1
        heapq.heappush(self._queue, (self.now_s + delay_s, self.random.random(), self._pushed, call))

    def run(self, until_s: float, over: Callable[[], bool] = lambda: False, limit: int = 200_000) -> None:
        """Until that time, until ``over``, or until nothing more can happen."""
        queue = self._queue
        while queue and queue[0][0] <= until_s and not over():
            at_s, _, _, call = heapq.heappop(queue)
            self.now_s = max(self.now_s, at_s)
            self.events += 1
            if self.events > limit:
                raise Livelock(f"{limit} events by {self.now_s:.1f} s")
            call()
        if not queue or queue[0][0] > until_s:
            self.now_s = max(self.now_s, until_s) if not over() else self.now_s


class Process:
    """Tasks that share a fate. ``preempt`` is how likely a task hands over at a call that would not wait."""

    def __init__(self, world: World, name: str, preempt: float = 0.02) -> None:
        self.world, self.name, self.preempt = world, name, preempt
        self.alive = True
        self.paused_until_s = 0.0
        self._tasks: list[Any] = []

    def spawn(self, work: Callable[[], object], name: str = "") -> None:
        """Begin a task. An exception in it that the code under test does not catch is a failure of the run."""
        world = self.world

        def body() -> None:
            try:
                work()
            except GreenletExit:
                pass
            except Exception as error:  # noqa: BLE001 (the run fails with it)
                world.fail(f"{self.name}: {name or 'a task'} failed: {type(error).__name__}: {error}")
            finally:
                if task in self._tasks:
                    self._tasks.remove(task)

        task = greenlet(body, parent=world.scheduler)
        self._tasks.append(task)
        self.resume(task)

    def later(self, delay_s: float, call: Callable[[], object]) -> None:
        """Call it after ``delay_s``, when this process runs; never once it is dead."""
        self.world.at(delay_s, partial(self._go, call))

    def _go(self, call: Callable[[], object]) -> None:
        """No function that names itself: of those every event would leave one to the garbage collector."""
        if not self.alive:
            return
        if self.world.now_s < self.paused_until_s:
            self.world.at(self.paused_until_s - self.world.now_s, partial(self._go, call))
            return
        call()

    def resume(self, task: Any) -> None:
        self.later(self.world.random.random() * JITTER_S, task.switch)

    def block(self) -> None:
        """Hand over until somebody resumes this task."""
        if not self.alive:
            raise GreenletExit
        self.world.scheduler.switch()
        if not self.alive:
            raise GreenletExit

    def breathe(self) -> None:
        """A moment at which another task of the process may go on."""
        if not self.alive:
            raise GreenletExit
        if self.preempt and self.world.random.random() < self.preempt:
            self.sleep(0.0)

    def sleep(self, delay_s: float) -> None:
        task = getcurrent()
        self.later(delay_s + self.world.random.random() * JITTER_S, task.switch)
        self.block()

    def pause(self, for_s: float) -> None:
        """As SIGSTOP: nothing of it runs for so long."""
        self.paused_until_s = max(self.paused_until_s, self.world.now_s + for_s)

    def kill(self) -> None:
        """As SIGKILL: none of its tasks goes on."""
        if not self.alive:
            return
        self.alive = False
        for task in list(self._tasks):
            # What still runs of it, its ``finally``, finds every effect gone.
            task.parent = getcurrent()
            if not task.dead and task is not getcurrent():
                task.throw(GreenletExit)
        self._tasks.clear()

    def signal(self) -> Signal:
        return Signal(self)


class Signal:
    """``threading.Event`` of a simulated process."""

    def __init__(self, process: Process) -> None:
        self._process, self._set = process, False
        self._waiting: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        process = self._process
        if not process.alive:
            raise GreenletExit
        if self._set:
            return True
        task, woken = getcurrent(), False

        def wake() -> None:
            nonlocal woken
            if not woken:
                woken = True
                process.resume(task)

        self._waiting.append(wake)
        if timeout is not None:
            process.later(timeout, wake)
        process.block()
        if not self._set and wake in self._waiting:
            self._waiting.remove(wake)
        return self._set


class _Time:
    """In the place of the module ``time``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        return self._world.now_s

    def time(self) -> float:
        return EPOCH_US / 1e6 + self._world.now_s

    def monotonic_ns(self) -> int:
        return int(self._world.now_s * 1e9)

    def time_ns(self) -> int:
        return EPOCH_US * 1000 + self.monotonic_ns()


@contextmanager
def virtual_time(world: World) -> Generator[None]:
    """The parts of kafka-python and of the gateway that are used here have the world's clock and its chance meanwhile."""
    from kafka import util
    from kafka.consumer import subscription_state
    from kafka.coordinator import base, consumer, heartbeat

    from streaming.web import game_cache, hub

    clock = _Time(world)
    timed = (util, base, consumer, heartbeat, subscription_state, game_cache, hub)
    patched: list[tuple[Any, str, Any]] = [(module, "time", clock) for module in timed]
    patched.append((subscription_state, "random", world.random))
    before = [(module, name, getattr(module, name)) for module, name, _ in patched if hasattr(module, name)]
    try:
        for module, name, value in patched:
            if hasattr(module, name):
                setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
