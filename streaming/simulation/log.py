"""A partition on the simulated broker: an append-only log with transactions, and what readers of each isolation level see of it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from kafka.errors import InvalidProducerEpochError, OffsetOutOfRangeError, OutOfOrderSequenceNumberError

State = Literal["open", "committed", "aborted"]


class Span:
    """The part of one transaction in one partition, of the producer ``pid``."""

    __slots__ = ("first", "pid", "state")

    def __init__(self, first: int, pid: int) -> None:
        self.first, self.pid, self.state = first, pid, "open"


class Record(NamedTuple):
    """``span`` is None for a record without a transaction; a control record (the end of one) has no value and no reader."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    span: Span | None
    control: bool = False


class _Producer:
    """What the partition knows of a producer: its newest epoch, the next sequence number, its newest batches, its open span."""

    __slots__ = ("epoch", "next", "recent", "span")

    def __init__(self, epoch: int) -> None:
        self.epoch, self.next = epoch, 0
        self.recent: dict[int, int] = {}
        self.span: Span | None = None


class PartitionLog:
    """``start`` is the offset of the first record that is still there."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.start = 0
        self._producers: dict[int, _Producer] = {}
        self._open: list[Span] = []

    @property
    def end(self) -> int:
        return self.start + len(self.records)

    @property
    def stable(self) -> int:
        """The last stable offset: no transaction that began before it is open."""
        return min((span.first for span in self._open), default=self.end)

    # -- writing -----------------------------------------------------------------------------------------------------

    def has_open(self, pid: int, epoch: int) -> bool:
        """Whether the producer has a transaction open here."""
        found = self._producers.get(pid)
        return found is not None and found.epoch == epoch and found.span is not None

    def append(
        self, timestamp_ms: int, batch: list[tuple[bytes | None, bytes | None]], pid: int = -1, epoch: int = 0, sequence: int = 0
    ) -> int:
        """A batch; the offset of its first record. Of a producer (``pid``) in a transaction it is idempotent: the same batch again
        changes nothing."""
        if pid < 0:
            at = self.end
            self._write(timestamp_ms, batch, None)
            return at
        producer = self._producers.get(pid)
        if producer is None or epoch > producer.epoch:
            span = None if producer is None else producer.span
            producer = self._producers[pid] = _Producer(epoch)
            producer.span = span
        if epoch < producer.epoch:
            raise InvalidProducerEpochError(f"epoch {epoch}, the partition has {producer.epoch}")
        if sequence in producer.recent:
            return producer.recent[sequence]
        if sequence != producer.next:
            raise OutOfOrderSequenceNumberError(f"sequence {sequence}, the partition expects {producer.next}")
        if producer.span is None:
            producer.span = Span(self.end, pid)
            self._open.append(producer.span)
        at = self.end
        self._write(timestamp_ms, batch, producer.span)
        producer.next = sequence + len(batch)
        producer.recent[sequence] = at
        if len(producer.recent) > 5:
            producer.recent.pop(next(iter(producer.recent)))
        return at

    def mark(self, timestamp_ms: int, pid: int, epoch: int, committed: bool) -> None:
        """The end of the producer's transaction here."""
        producer = self._producers.setdefault(pid, _Producer(epoch))
        if epoch < producer.epoch:
            return
        if epoch > producer.epoch:
            producer.epoch, producer.next, producer.recent = epoch, 0, {}
        span, producer.span = producer.span, None
        if span is not None:
            span.state = "committed" if committed else "aborted"
            self._open.remove(span)
        self.records.append(Record(self.end, timestamp_ms, None, None, None, True))

    def _write(self, timestamp_ms: int, batch: list[tuple[bytes | None, bytes | None]], span: Span | None) -> None:
        for key, value in batch:
            self.records.append(Record(self.end, timestamp_ms, key, value, span))

    def delete_before(self, offset: int) -> None:
        """Retention: what is older is gone."""
        offset = min(offset, self.end)
        if offset > self.start:
            del self.records[: offset - self.start]
            self.start = offset

    # -- reading -----------------------------------------------------------------------------------------------------

    def read(self, offset: int, committed: bool, most: int = 500) -> tuple[list[Record], int]:
        """Records from ``offset`` on, and the offset that comes next. Committed readers get nothing past the last stable offset."""
        if not self.start <= offset <= self.end:
            raise OffsetOutOfRangeError(f"offset {offset}, the partition has {self.start} to {self.end}")
        until = min(self.stable if committed else self.end, offset + most)
        found = [
            record
            for record in self.records[offset - self.start : max(until - self.start, 0)]
            if not record.control and (not committed or record.span is None or record.span.state == "committed")
        ]
        return found, max(until, offset)

    def dump(self) -> list[tuple[int, Any, Any, str]]:
        """For comparisons: (offset, key, value, state) of all records."""
        return [
            (r.offset, r.key, r.value, "control" if r.control else "plain" if r.span is None else r.span.state)
            for r in self.records
        ]
