"""Two transactional producers in turns: while the transaction of one is being committed, the other takes new messages.

Committing takes some ten milliseconds, most of them spent waiting for the broker, and numbers must not wait with it. Commits are
made one after another, so what is committed is always everything up to some moment; when one fails, the one after it is lost
as well. A game's messages keep their order: nothing of a transaction is sent before the broker has all of the one before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from typing import Any, Final

from streaming.kafka.broker import MAX_MESSAGE_BYTES
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import add_partitions, force_close

#: a transaction left behind by a killed process holds committed readers up for so long
TIMEOUT_MS: Final = 5_000
#: how long the broker may take for a transaction: what is not committed by then it has rolled back by itself, and a longer wait
#: would only delay the stats
TIMEOUT_S: Final = TIMEOUT_MS / 1000
_log = logging.getLogger(__name__)


class Transactions:
    """``name`` must be this process's own. ``member`` returns its membership of the group, and raises when it has none: with
    that, offsets of an expelled member are refused, and the whole transaction with them."""

    def __init__(self, address: Address, name: str, member: Callable[[], Any]) -> None:
        self._address, self._name, self._member = address, name, member
        self._producers: list[Any] = []
        #: offsets that stand, by partition
        self.committed: dict[Any, int] = {}
        #: to be set when it is known that a commit cannot succeed: it would be tried again and again
        self.hopeless = threading.Event()
        self._offsets: Mapping[Any, Any] = {}
        self._commit: Future[None] | None = None
        #: set when the broker has all of the transaction that is being committed
        self._written = threading.Event()
        self._open, self._began_s = False, 0.0
        self._ready()

    # -- writing -----------------------------------------------------------------------------------------------------

    @property
    def age_s(self) -> float:
        """How long ago the transaction that is being written was begun; 0 when none is."""
        return time.monotonic() - self._began_s if self._open else 0.0

    @property
    def busy(self) -> bool:
        """Whether a commit is under way."""
        return self._commit is not None and not self._commit.done()

    def begin(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Begin one if none is being written. ``partitions`` is what will be written to, as far as it is known: they
        are registered with the broker at once, not each with its first message."""
        if not self._open:
            self._producers[0].begin_transaction()
            self._open, self._began_s = True, time.monotonic()
            add_partitions(self._producers[0], partitions)

    def send(self, topic: str, key: bytes, value: bytes | None, partition: int | None = None) -> None:
        self.begin(())
        self._written.wait(TIMEOUT_S)
        self._producers[0].send(topic, value, key=key, partition=partition)

    # -- committing --------------------------------------------------------------------------------------------------

    def commit(self, offsets: Mapping[Any, Any]) -> None:
        """Commit what is written together with how far the input is used. Returns at once, unless the commit before is still under
        way; the next call of any of these raises its error."""
        self.settle()
        self.begin(())
        done: Future[None] = Future()
        self._commit, self._offsets = done, offsets
        self._written.clear()
        producer, self._open = self._producers[0], False
        self._producers.reverse()
        threading.Thread(target=self._finish, args=(producer, offsets, done), name="commit", daemon=True).start()

    def check(self) -> None:
        """Raise the error of the latest commit, if it failed."""
        if self._commit is not None and self._commit.done():
            self.settle()

    def settle(self) -> None:
        """Wait for the commit that is under way."""
        from kafka.errors import KafkaTimeoutError

        done, self._commit = self._commit, None
        if done is not None:
            until_s = time.monotonic() + 2 * TIMEOUT_S
            while not wait([done], 0.2).done:
                if self.hopeless.is_set() or time.monotonic() > until_s:
                    raise KafkaTimeoutError("the broker did not end a transaction")
            done.result()
            self.committed |= {partition: found.offset for partition, found in self._offsets.items()}

    def _finish(self, producer: Any, offsets: Mapping[Any, Any], done: Future[None]) -> None:
        try:
            try:
                # All of it must be with the broker before the group gets the offsets: see runner.py.
                producer.flush(timeout=TIMEOUT_S)
            finally:
                self._written.set()
            producer.send_offsets_to_transaction(offsets, self._member())
            producer.commit_transaction()
        except Exception as error:  # noqa: BLE001 (``settle`` raises it)
            done.set_exception(error)
        else:
            done.set_result(None)

    # -- life --------------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """Give up what is not committed: when the same names start again, the broker rolls it back at once."""
        for producer in self._producers:
            force_close(producer)
        self._ready()

    def close(self) -> None:
        """Leave the open transaction: the broker rolls it back in time."""
        for producer in self._producers:
            force_close(producer)

    def _ready(self) -> None:
        from kafka import KafkaProducer

        self._open, self._began_s = False, 0.0
        self._commit = None
        self._written.set()
        self._producers = []
        for turn in "ab":
            # A request that the broker defers is tried again after retry_backoff: the default, 100 ms, would be seen on air.
            producer = KafkaProducer(
                **self._address.python(),
                acks="all",
                transactional_id=f"{self._name}-{turn}",
                compression_type="lz4",
                transaction_timeout_ms=TIMEOUT_MS,
                linger_ms=0,
                batch_size=1 << 18,
                max_request_size=MAX_MESSAGE_BYTES,
                retry_backoff_ms=5,
                max_block_ms=int(2000 * TIMEOUT_S),
            )
            self._producers.append(producer)
            producer.init_transactions()
