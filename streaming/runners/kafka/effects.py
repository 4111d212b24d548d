"""What the runner on Kafka wants of the world: a broker's clients, clocks, threads. ``client.py`` has them from kafka-python and
this machine, ``streaming/simulation`` from a simulated deployment.

The errors of a client are those of ``kafka.errors``, and partitions and offsets are its ``structs``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from streaming.kafka.broker import Unread
from streaming.wire.headers import Headers


class Signal(Protocol):
    """What ``threading.Event`` is."""

    def is_set(self) -> bool: ...
    def set(self) -> None: ...
    def clear(self) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class StopSignal(Protocol):
    """Of a signal, what a run may use that is ended by it."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class Worker(Protocol):
    """Work beside the run: ``check`` raises what it has failed with."""

    def check(self) -> None: ...


class Guard(Protocol):
    """The ``TopicGuard`` of the input."""

    def check(self, unread: Mapping[int, Unread] | None = None) -> None: ...


class Reader(Protocol):
    """Of kafka-python's consumer, what reading a partition takes. Each call may wait for the broker."""

    def assign(self, partitions: Sequence[Any]) -> None: ...
    def seek(self, partition: Any, offset: int) -> None: ...
    def seek_to_beginning(self, *partitions: Any) -> None: ...
    def poll(self, timeout_ms: int = 0, max_records: int | None = None) -> Mapping[Any, Sequence[Any]]: ...
    def position(self, partition: Any, timeout_ms: int | None = None) -> int | None: ...
    def highwater(self, partition: Any) -> int | None: ...
    def beginning_offsets(self, partitions: Sequence[Any], timeout_ms: int | None = None) -> dict[Any, int]: ...
    def end_offsets(self, partitions: Sequence[Any], timeout_ms: int | None = None) -> dict[Any, int]: ...
    def close(self) -> None: ...


class Member(Reader, Protocol):
    """A consumer that is a member of a group."""

    def assignment(self) -> set[Any]: ...
    def group_metadata(self) -> Any: ...


class TransactionalProducer(Protocol):
    """A producer with a transactional id, whose epoch is its own: an older producer of the id is fenced."""

    def begin_transaction(self) -> None: ...
    def add_partitions(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Register what this transaction will write to, without waiting."""

    def send(self, topic: str, value: bytes | None, *, key: bytes, partition: int | None = None, headers: Headers = ()) -> object:
        """Queue a message; ``flush`` or ``commit_transaction`` raises when the broker does not take it."""

    def flush(self, timeout: float) -> None: ...
    def send_offsets_to_transaction(self, offsets: Mapping[Any, Any], member: Any) -> None:
        """``IllegalGenerationError`` when the group has moved on from the member's generation: then the transaction is still open,
        and the offsets may be sent again."""

    def commit_transaction(self) -> None: ...
    @property
    def unclear(self) -> bool:
        """Whether a request of this epoch got no answer, because its connection ended or its time: a copy may still arrive."""

    def renew_epoch(self) -> None:
        """Between two transactions: from now on the broker refuses what arrives of the epoch before."""

    def force_close(self) -> None:
        """End at once, and discard what is not sent."""


class Effects(Protocol):
    """Everything of the runner that is not computing."""

    def monotonic_s(self) -> float: ...
    def now_us(self) -> int:
        """Wall time, microseconds since 1970."""

    def unique(self) -> str:
        """A name that no other process has."""

    def signal(self) -> Signal: ...
    def spawn(self, work: Callable[[], object], name: str, failed: Callable[[], object]) -> Worker:
        """Do ``work`` beside the caller; ``failed`` is called when it raises."""

    def hold_memory(self) -> None:
        """What is in memory now stays there: the collector need not visit it while games are on."""

    def guard(self, topic: str) -> Guard: ...
    def join(
        self, topic: str, group: str, on_assigned: Callable[[set[int]], None], on_revoked: Callable[[set[int], bool], None]
    ) -> Member: ...
    def producer(self, transactional_id: str) -> TransactionalProducer:
        """Ready for its first transaction: what an earlier producer of the id has left open is rolled back."""

    def read_states(self, topic: str, partition: int, group: str) -> dict[str, bytes]: ...
