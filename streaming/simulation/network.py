"""Connections to the broker: requests and answers take their time, may be cut off on the way, and may arrive late.

As on TCP, the requests of one connection are processed in order, one at a time; a connection that is cut tells its client, not what
became of its request. A request that was under way then may still reach the broker, at any later time: behind what the client has
sent on a new connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from greenlet import getcurrent
from kafka.errors import KafkaConnectionError

from streaming.simulation.world import Process

#: one way, s
LATENCY_S: Final = 0.0008
LATE_END_S: Final = 1.5
#: name of the connection for the membership of a group
GROUP: Final = "group"


class Later:
    """An answer that the broker gives later: a call for ``answer`` or ``fail`` sends it."""

    def __init__(self) -> None:
        self._then: Callable[[Any, BaseException | None], None] | None = None
        self._given: tuple[Any, BaseException | None] | None = None

    def answer(self, value: Any) -> None:
        self._give(value, None)

    def fail(self, error: BaseException) -> None:
        self._give(None, error)

    def _give(self, value: Any, error: BaseException | None) -> None:
        if self._given is not None:
            return
        self._given = value, error
        if self._then is not None:
            self._then(value, error)

    def then(self, call: Callable[[Any, BaseException | None], None]) -> None:
        if self._given is not None:
            call(*self._given)
        else:
            self._then = call


class Weather:
    """What the network does at a time: faults of the plan switch it."""

    def __init__(self) -> None:
        #: processes that are cut off from the broker
        self.cut_off: set[str] = set()
        #: processes whose connection to the group is cut off
        self.silent: set[str] = set()
        #: the broker is down
        self.down = False
        #: how likely a request's connection is cut, and how slow the network is
        self.cuts = 0.0
        #: how likely a request that ends a transaction loses its answer and comes again within ``LATE_END_S``
        self.late_ends = 0.0
        self.slow_s = 0.0
        self._links: list[Link] = []

    def add(self, link: Link) -> None:
        self._links = [known for known in self._links if known.process.alive]
        self._links.append(link)

    def stop_broker(self) -> None:
        self.down = True
        for link in self._links:
            link.cut()

    def cut_off_process(self, name: str, group_only: bool = False) -> None:
        (self.silent if group_only else self.cut_off).add(name)
        for link in self._links:
            if link.process.name == name and (link.name == GROUP or not group_only):
                link.cut()


class Link:
    """One connection of a process to the broker, made anew after it was cut. ``name`` appears in the history."""

    def __init__(self, process: Process, weather: Weather, name: str) -> None:
        self.process, self.world, self.weather, self.name = process, process.world, weather, name
        self._waiting: deque[_Request] = deque()
        self._current: _Request | None = None
        self._last_s = 0.0
        weather.add(self)

    def send(self, what: str, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        """Have the broker do ``work``; ``done`` gets its answer, or the error, when the process runs. ``work`` may return a
        ``Later``, and may raise."""
        request = _Request(self, what, work, done)
        weather, world, random = self.weather, self.world, self.world.random
        if self._gone():
            # The connection is refused, or leads nowhere.
            request.end(None, KafkaConnectionError("no connection"), 0.05 + random.random() * 0.2)
            return
        delay_s = LATENCY_S * (0.3 + random.expovariate(1.0)) + (random.random() * weather.slow_s if weather.slow_s else 0.0)
        if weather.late_ends and what == "EndTxn" and random.random() < weather.late_ends:
            self._cut(request, delay_s, "late", random.random() * LATE_END_S)
            return
        fate = random.random()
        if fate < weather.cuts:
            self._cut(request, delay_s)
            return
        at_s = max(self._last_s, world.now_s + delay_s)
        self._last_s = at_s + 1e-6
        world.at(at_s - world.now_s, lambda: self._arrive(request))

    def call(self, what: str, work: Callable[[], Any]) -> Any:
        """The same, and wait for the answer."""
        answer: list[tuple[Any, BaseException | None]] = []
        task = getcurrent()

        def done(value: Any, error: BaseException | None) -> None:
            answer.append((value, error))
            task.switch()

        self.send(what, work, done)
        self.process.block()
        value, error = answer[0]
        if error is not None:
            raise error
        return value

    def cut(self) -> None:
        """What is under way gets no answer; what waits at the broker is not done."""
        waiting = list(self._waiting)
        self._waiting.clear()
        current, self._current = self._current, None
        for request in waiting if current is None else [current, *waiting]:
            request.end(None, KafkaConnectionError("connection was cut"), self.world.random.random() * 0.3)

    def _cut(self, request: _Request, delay_s: float, case: str = "", late_s: float = 0.0) -> None:
        """The connection is cut with the request under way: the broker never sees it, has done it, or gets it later."""
        world, random = self.world, self.world.random
        if not case:
            case = random.choice(("lost", "done", "late"))
            late_s = delay_s if case == "done" else delay_s + random.choice((0.02, 0.2, 1.0, 4.0)) * random.random()
        world.note(self.process.name, f"connection {self.name} cut, {request.what} {case}")
        if case != "lost":

            def arrive() -> None:
                if not self.weather.down:
                    if case == "late":
                        world.note(self.process.name, f"late: {request.what}")
                    request.process_only()

            world.at(late_s, arrive)
        request.end(None, KafkaConnectionError("connection was cut"), delay_s * 2)
        self._last_s = 0.0

    def _gone(self) -> bool:
        weather, name = self.weather, self.process.name
        return weather.down or name in weather.cut_off or (self.name == GROUP and name in weather.silent)

    def _arrive(self, request: _Request) -> None:
        if self._gone():
            request.end(None, KafkaConnectionError("connection was cut"), 0.0)
            return
        self._waiting.append(request)
        self._next()

    def _next(self) -> None:
        """The broker takes the next request of a connection when it has answered the one before."""
        if self._current is not None or not self._waiting:
            return
        request = self._current = self._waiting.popleft()

        def answered(value: Any, error: BaseException | None) -> None:
            if self._current is not request:
                return  # its connection was cut meanwhile
            self._current = None
            slow_s = self.weather.slow_s
            delay_s = LATENCY_S * (0.3 + self.world.random.expovariate(1.0)) + (
                self.world.random.random() * slow_s if slow_s else 0.0
            )
            if self._gone():
                value, error = None, KafkaConnectionError("connection was cut")
            elif self.weather.cuts and self.world.random.random() < self.weather.cuts:
                self.world.note(self.process.name, f"connection {self.name} cut, {request.what} unanswered")
                value, error = None, KafkaConnectionError("connection was cut")
            request.end(value, error, delay_s)
            self._next()

        request.process(answered)


class _Request:
    def __init__(self, link: Link, what: str, work: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        self.link, self.what, self.work, self.done = link, what, work, done
        self.ended = False

    def process(self, answered: Callable[[Any, BaseException | None], None]) -> None:
        try:
            found = self.work()
        except Exception as error:  # noqa: BLE001 (the answer is an error)
            answered(None, error)
            return
        if isinstance(found, Later):
            # Not within what gives the answer: the next request of the connection is processed then.
            found.then(lambda value, error: self.link.world.at(0.0, lambda: answered(value, error)))
        else:
            answered(found, None)

    def process_only(self) -> None:
        self.process(lambda value, error: None)

    def end(self, value: Any, error: BaseException | None, delay_s: float) -> None:
        if self.ended:
            return
        self.ended = True
        self.link.process.later(delay_s, lambda: self.done(value, error))
