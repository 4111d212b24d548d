"""A proxy between Kafka's clients and a real broker that disturbs chosen requests and answers.

Kafka's protocol guide: a request is its length (4 bytes), api key (2), version (2), correlation id (4) and the rest; an answer its
length, the correlation id and the rest, and a connection's answers are in the order of its requests. Clients are led to the proxy
by the addresses in the broker's own answers, where its port is replaced.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Self

HOST: Final = "127.0.0.1"
APIS: Final = {
    "Produce": 0, "Fetch": 1, "Metadata": 3, "OffsetCommit": 8, "FindCoordinator": 10, "JoinGroup": 11, "Heartbeat": 12,
    "SyncGroup": 14, "InitProducerId": 22, "AddPartitionsToTxn": 24, "AddOffsetsToTxn": 25, "EndTxn": 26, "TxnOffsetCommit": 28,
    "DescribeCluster": 60,
}  # fmt: skip
NAMES: Final = {key: name for name, key in APIS.items()}
#: answers that name brokers with their host and port
_ADDRESSES: Final = frozenset(APIS[name] for name in ("Metadata", "FindCoordinator", "DescribeCluster"))
#: the longest hold: a test that forgets one fails and does not hang
LONGEST_S: Final = 30.0


class Do(Enum):
    """What becomes of a request or an answer."""

    PASS = "pass"
    #: a request is sent on twice; the second answer is swallowed
    TWICE = "twice"
    #: it goes no further, and the connection stays
    DROP = "drop"
    #: it goes no further, and the connection is closed on both sides
    CUT = "cut"


@dataclass(eq=False)
class Exchange:
    """A request (``frame`` without its length) and, once there is one, its answer."""

    frame: bytes
    answer: bytes | None = None
    swallow: bool = False

    @property
    def key(self) -> int:
        return int(struct.unpack_from(">h", self.frame)[0])

    @property
    def api(self) -> str:
        return NAMES.get(self.key, str(self.key))


@dataclass(eq=False)
class Rule:
    """``does`` decides about requests (or, with ``answers``, about their answers) of ``api`` that contain each of ``texts``:
    ``times`` times, and not before the rule ``after`` was applied. It may wait: what follows on the same connection waits with
    it."""

    api: str
    does: Callable[[Exchange], Do]
    texts: tuple[bytes, ...] = ()
    answers: bool = False
    after: Rule | None = None
    times: int = 1
    #: how often it was applied
    applied: int = 0
    happened: threading.Event = field(default_factory=threading.Event)

    def applies(self, exchange: Exchange, answers: bool) -> bool:
        if self.answers != answers or self.api != exchange.api or self.applied >= self.times:
            return False
        if any(text not in exchange.frame for text in self.texts) or (self.after is not None and not self.after.happened.is_set()):
            return False
        self.applied += 1
        return True


class Late:
    """A request whose connection is cut while it is under way, and that arrives when ``arrive`` is called."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.exchange: Exchange | None = None
        #: answers to the late copy
        self.answers: list[bytes] = []

    def leave(self, exchange: Exchange) -> Do:
        """The rule's deed for the first copy."""
        self.exchange = exchange
        return Do.CUT

    def arrive(self, _: Exchange | None = None) -> Do:
        """The copy arrives, over a connection of its own, and is answered before anything else goes on."""
        if self.exchange is not None:
            exchange, self.exchange = self.exchange, None
            with socket.create_connection((HOST, self._port), 10) as connection:
                _write(connection, exchange.frame)
                self.answers.append(_read(connection))
        return Do.PASS


class WireProxy:
    """Listens on ``port`` for clients of the broker on ``broker_port`` from ``with`` on."""

    def __init__(self, broker_port: int) -> None:
        self.broker_port = broker_port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._rules: list[Rule] = []
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._over = False
        #: while set, connections are accepted and no answer comes through
        self.silent = False
        #: names of the requests, in the order in which they arrived
        self.seen: deque[str] = deque(maxlen=10_000)
        self.failed: list[BaseException] = []
        self._addresses = _address(broker_port), _address(self.port)

    def late(self) -> Late:
        return Late(self.broker_port)

    def rule(self, api: str, does: Callable[[Exchange], Do], **more: Any) -> Rule:
        """Add a rule; the first that applies is followed."""
        if api not in APIS:
            raise ValueError(f"no request is called {api}")
        found = Rule(api, does, **more)
        with self._lock:
            self._rules.append(found)
        return found

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def cut_all(self) -> None:
        """Close every connection."""
        with self._lock:
            there, self._sockets = self._sockets, set()
        for one in there:
            _close(one)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self.clear()
        _close(self._listener)
        self.cut_all()
        assert not self.failed, self.failed

    # -- connections ---------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection((HOST, self.broker_port), 10)
            except OSError:  # the broker is away
                client.close()
                continue
            broker.settimeout(None)
            for one in (client, broker):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {client, broker}
            asked: deque[Exchange] = deque()
            for work in (self._requests, self._answers):
                threading.Thread(target=self._guard, args=(work, client, broker, asked), name="proxy", daemon=True).start()

    def _guard(self, work: Callable[..., None], client: socket.socket, broker: socket.socket, asked: deque[Exchange]) -> None:
        try:
            work(client, broker, asked)
        except (OSError, EOFError):
            pass  # one side has closed it
        except BaseException as error:  # noqa: BLE001 (raised on leaving)
            self.failed.append(error)
        finally:
            with self._lock:
                self._sockets -= {client, broker}
            _close(client)
            _close(broker)

    def _requests(self, client: socket.socket, broker: socket.socket, asked: deque[Exchange]) -> None:
        while True:
            exchange = Exchange(_read(client))
            self.seen.append(exchange.api)
            match self._verdict(exchange, answers=False):
                case Do.CUT:
                    return
                case Do.PASS | Do.TWICE as verdict:
                    for copy in range(2 if verdict == Do.TWICE else 1):
                        asked.append(exchange if not copy else Exchange(exchange.frame, swallow=True))
                        _write(broker, exchange.frame)

    def _answers(self, client: socket.socket, broker: socket.socket, asked: deque[Exchange]) -> None:
        while True:
            answer = _read(broker)
            exchange = asked.popleft()
            assert answer[:4] == exchange.frame[4:8], "an answer of another request"
            if exchange.key in _ADDRESSES:
                answer = answer.replace(*self._addresses)
            exchange.answer = answer
            if exchange.swallow or self.silent:
                continue
            match self._verdict(exchange, answers=True):
                case Do.CUT:
                    return
                case Do.PASS:
                    _write(client, answer)

    def _verdict(self, exchange: Exchange, answers: bool) -> Do:
        with self._lock:
            rule = next((rule for rule in self._rules if rule.applies(exchange, answers)), None)
        if rule is None:
            return Do.PASS
        try:
            return rule.does(exchange)
        finally:
            rule.happened.set()


def hold(gate: threading.Event) -> Callable[[Exchange], Do]:
    """Wait for ``gate``."""

    def wait(_: Exchange) -> Do:
        assert gate.wait(LONGEST_S), "held for ever"
        return Do.PASS

    return wait


def delay(seconds: float) -> Callable[[Exchange], Do]:
    """Wait so long."""

    def wait(_: Exchange) -> Do:
        threading.Event().wait(seconds)
        return Do.PASS

    return wait


def always(verdict: Do) -> Callable[[Exchange], Do]:
    return lambda _: verdict


def _address(port: int) -> bytes:
    """Host and port as in every answer that names a broker."""
    return HOST.encode() + struct.pack(">i", port)


def _read(connection: socket.socket) -> bytes:
    (length,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _write(connection: socket.socket, frame: bytes) -> None:
    connection.sendall(struct.pack(">i", len(frame)) + frame)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
