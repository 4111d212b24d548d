"""Two transactional producers in turns: while the transaction of one is being committed, the other takes new messages.

Committing takes some ten milliseconds, most of them spent waiting for the broker, and numbers must not wait with it. Commits are
made one after another, so what is committed is always everything up to some moment; when one fails, the one after it is lost
as well. A game's messages keep their order: nothing of a transaction is sent before the broker has all outputs of the one before.

States and progress are sent once the broker has the outputs: whatever becomes of a transaction, no reader of states finds an output
taken for published that the broker never had.

The client speaks the first protocol of transactions, in which one epoch of a producer has many. A request whose connection ends
is sent again, and its first copy may arrive in the producer's next transaction: a late EndTxn would commit half of it. So an epoch
with such a request begins no other transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streaming.runners.kafka.effects import Effects, Signal, TransactionalProducer
from streaming.runners.kafka.metrics import RunnerMetrics
from streaming.wire.headers import Headers

#: a transaction left behind by a killed process holds committed readers up for so long
TIMEOUT_MS: Final = 5_000
#: how long the broker may take for a transaction: what is not committed by then it has rolled back by itself, and a longer wait
#: would only delay the stats
TIMEOUT_S: Final = TIMEOUT_MS / 1000
_log = logging.getLogger(__name__)


class Message(NamedTuple):
    """One of those that are sent last; without a value it removes its key from a compacted topic."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int


class _Commit:
    """One commit under way, and how it ended."""

    def __init__(self, offsets: Mapping[Any, Any], ended: Signal, began_s: float) -> None:
        self.offsets, self.ended, self.began_s = offsets, ended, began_s
        self.error: BaseException | None = None
        #: whether the broker is, or may be, asked to commit: an error after that does not show that it has not
        self.requested = False


class Transactions:
    """``name`` must be this process's own. ``member`` returns its membership of the group, and raises when it has none: with
    that, offsets of an expelled member are refused, and the whole transaction with them. ``metrics`` counts the commits."""

    def __init__(self, effects: Effects, name: str, member: Callable[[], Any], metrics: RunnerMetrics | None = None) -> None:
        self._effects, self._name, self._member = effects, name, member
        self._metrics = metrics or RunnerMetrics()
        self._monotonic_s = effects.monotonic_s
        self._producers: list[TransactionalProducer] = []
        #: offsets that stand, by partition
        self.committed: dict[Any, int] = {}
        #: to be set when it is known that a commit cannot succeed: it would be tried again and again
        self.hopeless = effects.signal()
        self._commit: _Commit | None = None
        #: whether a commit was requested of the broker of which no answer has arrived: it may stand
        self.in_doubt = False
        #: set when the broker has all outputs of the transaction that is being committed
        self._written = effects.signal()
        self._open, self._began_s = False, 0.0
        self._ready()

    # -- writing -----------------------------------------------------------------------------------------------------

    @property
    def age_s(self) -> float:
        """How long ago the transaction that is being written was begun; 0 when none is."""
        return self._monotonic_s() - self._began_s if self._open else 0.0

    @property
    def busy(self) -> bool:
        """Whether a commit is under way."""
        return self._commit is not None and not self._commit.ended.is_set()

    def due(self, commit_s: float) -> bool:
        """Whether what is written is to be committed now: it is as old as that and no commit is under way, or it is so old that
        the broker would soon roll it back."""
        age_s = self.age_s
        return age_s > commit_s and (not self.busy or age_s > TIMEOUT_S / 2)

    def begin(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Begin one if none is being written. ``partitions`` is what will be written to, as far as it is known: they
        are registered with the broker at once, not each with its first message."""
        if not self._open:
            self._producers[0].begin_transaction()
            self._open, self._began_s = True, self._monotonic_s()
            self._producers[0].add_partitions(partitions)

    def send(self, topic: str, key: bytes, value: bytes, headers: Headers = ()) -> None:
        self.begin(())
        self._written.wait(TIMEOUT_S)
        self._producers[0].send(topic, value, key=key, headers=headers)

    # -- committing --------------------------------------------------------------------------------------------------

    def commit(self, offsets: Mapping[Any, Any], states: Sequence[Message] = ()) -> None:
        """Commit what is written together with ``states`` and with how far the input is used. Returns at once, unless the commit
        before is still under way; the next call of any of these raises its error."""
        self.settle()
        self.begin(())
        commit = self._commit = _Commit(offsets, self._effects.signal(), self._monotonic_s())
        self._written.clear()
        producer, self._open = self._producers[0], False
        self._producers.reverse()

        def work() -> None:
            self._finish(producer, commit, states)

        self._effects.spawn(work, "commit", commit.ended.set)

    def check(self) -> None:
        """Raise the error of the latest commit, if it failed."""
        if self._commit is not None and self._commit.ended.is_set():
            self.settle()

    def settle(self) -> None:
        """Wait for the commit that is under way."""
        from kafka.errors import KafkaTimeoutError

        commit, self._commit = self._commit, None
        if commit is None:
            return
        until_s = self._monotonic_s() + 2 * TIMEOUT_S
        while not commit.ended.wait(0.2):
            # One that is requested has its answer soon, or an error: until then nobody knows what stands.
            if (self.hopeless.is_set() and not commit.requested) or self._monotonic_s() > until_s:
                self.in_doubt |= commit.requested
                raise KafkaTimeoutError("the broker did not end a transaction")
        if commit.error is not None:
            self.in_doubt |= commit.requested
            raise commit.error
        self.in_doubt = False
        self.committed |= {partition: found.offset for partition, found in commit.offsets.items()}

    def _finish(self, producer: TransactionalProducer, commit: _Commit, states: Sequence[Message]) -> None:
        from kafka.errors import KafkaTimeoutError

        try:
            try:
                producer.flush(timeout=TIMEOUT_S)
            finally:
                self._written.set()
            for topic, key, value, partition in states:
                producer.send(topic, value, key=key, partition=partition)
            # All of it must be with the broker before the group gets the offsets: see runner.py.
            producer.flush(timeout=TIMEOUT_S)
            self._send_offsets(producer, commit.offsets)
            commit.requested = True  # before the look at the signal: ``settle`` looks at both the other way round
            if self.hopeless.is_set():
                commit.requested = False
                raise KafkaTimeoutError("the input is gone")
            producer.commit_transaction()
            self._renew(producer)
        except BaseException as error:  # noqa: BLE001 (``settle`` raises it)
            commit.error = error
            self._metrics.failed_commits += 1
        else:
            self._metrics.committed(commit.began_s, self._monotonic_s())
        finally:
            commit.ended.set()

    def _send_offsets(self, producer: TransactionalProducer, offsets: Mapping[Any, Any]) -> None:
        """Once more where the group has moved on meanwhile and this process with it, as when another joins: what it owns in the new
        generation is its own until it gives it back itself, which is after this commit."""
        from kafka.errors import CommitFailedError, IllegalGenerationError

        member, until_s = self._member(), self._monotonic_s() + TIMEOUT_S
        while True:
            try:
                return producer.send_offsets_to_transaction(offsets, member)
            except IllegalGenerationError:
                before = member
                while member.generation_id <= before.generation_id:
                    if self.hopeless.wait(0.005) or self._monotonic_s() > until_s:
                        raise
                    member = self._member()
                    if member.member_id != before.member_id:
                        raise CommitFailedError("expelled from the group, and a new member of it") from None

    def _renew(self, producer: TransactionalProducer) -> None:
        """A new epoch after every request without an answer, before the producer's next transaction begins: a copy that is still
        under way would be counted to that transaction, and a late commit would tear it."""
        from kafka.errors import KafkaTimeoutError

        until_s = self._monotonic_s() + TIMEOUT_S
        while producer.unclear:
            if self._monotonic_s() > until_s:
                raise KafkaTimeoutError("the broker gave no new epoch")
            producer.renew_epoch()
            self._metrics.renewed_epochs += 1

    # -- life --------------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """Give up what is not committed: when the same names start again, the broker rolls it back at once."""
        self.close()
        self._ready()

    def close(self) -> None:
        """Leave the open transaction: the broker rolls it back in time."""
        for producer in self._producers:
            producer.force_close()

    def _ready(self) -> None:
        self._open, self._began_s = False, 0.0
        self._commit = None
        self._written.set()
        self._producers = []
        for turn in "ab":
            self._producers.append(self._effects.producer(f"{self._name}-{turn}"))
