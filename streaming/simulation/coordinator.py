"""The broker's side of transactions, as clients of transaction protocol 1 use it (EndTxn up to version 3):
the epoch of a producer changes with InitProducerId and when the broker itself rolls a transaction back, not with each transaction.

So an EndTxn that arrives late ends whatever transaction the producer has open then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kafka.errors import ConcurrentTransactionsError, InvalidProducerEpochError, InvalidTxnStateError, ProducerFencedError

from streaming.simulation.group import Group
from streaming.simulation.log import PartitionLog
from streaming.simulation.world import EPOCH_US, World

EMPTY, ONGOING, ENDING, ENDED = "empty", "ongoing", "ending", "ended"
#: how often abandoned transactions are looked for, s
CLEANUP_S: Final = 1.0
#: until the end of a transaction is written to a partition, at most, s
MARKER_S: Final = 0.01

Here = tuple[str, int]


class _Transaction:
    def __init__(self, name: str, pid: int, timeout_s: float) -> None:
        self.name, self.pid, self.timeout_s = name, pid, timeout_s
        self.epoch = -1
        #: the epoch before, when the producer has asked for a new one itself
        self.renewed_from = -1
        self.state = EMPTY
        self.committed = False
        self.began_s = 0.0
        self.partitions: set[Here] = set()
        #: by group, and the record of each
        self.offsets: dict[str, dict[Here, tuple[int, int]]] = {}


class TransactionCoordinator:
    """``log`` finds the log of a partition (None where its topic is gone), ``group`` a group."""

    def __init__(self, world: World, log: Callable[[Here], PartitionLog | None], group: Callable[[str], Group]) -> None:
        self.world, self._log, self._group = world, log, group
        self._known: dict[str, _Transaction] = {}
        self._pids = 0
        self._looking = False

    # -- requests ----------------------------------------------------------------------------------------------------

    def aborted(self) -> dict[str, int]:
        """The transactional ids whose newest transaction was aborted, and the producer id of each."""
        return {found.name: found.pid for found in self._known.values() if found.state == ENDED and not found.committed}

    def init_producer(self, name: str, timeout_s: float) -> tuple[int, int]:
        """Producer id and a new epoch. What is open is rolled back first: ``ConcurrentTransactionsError`` until it is."""
        found = self._known.get(name)
        if found is None:
            self._pids += 1
            found = self._known[name] = _Transaction(name, self._pids, timeout_s)
        if found.state == ONGOING:
            found.epoch += 1
            self._end(found, False, f"{name} begins anew")
        if found.state == ENDING:
            raise ConcurrentTransactionsError()
        found.epoch, found.renewed_from = found.epoch + 1, -1
        found.state = EMPTY
        return found.pid, found.epoch

    def renew_epoch(self, name: str, pid: int, epoch: int) -> tuple[int, int]:
        """InitProducerId of a producer that has an epoch: it gets the next one, and the same again when it asks again."""
        found = self._known.get(name)
        if found is None or found.pid != pid or epoch not in (found.epoch, found.renewed_from):
            raise ProducerFencedError()
        if found.state == ENDING:
            raise ConcurrentTransactionsError()
        if found.state == ONGOING:
            found.epoch, found.renewed_from = found.epoch + 1, -1
            self._end(found, False, f"{name} begins anew")
            raise ConcurrentTransactionsError()
        if epoch == found.epoch:
            found.epoch, found.renewed_from, found.state = epoch + 1, epoch, EMPTY
            self.world.note("transactions", f"{name} has epoch {found.epoch}")
        return found.pid, found.epoch

    def add_partitions(self, name: str, pid: int, epoch: int, partitions: list[Here]) -> None:
        found = self._check(name, pid, epoch)
        self._begin(found)
        found.partitions.update(partitions)

    def add_offsets(self, name: str, pid: int, epoch: int, group: str) -> None:
        found = self._check(name, pid, epoch)
        self._begin(found)
        found.offsets.setdefault(group, {})

    def commit_offsets(
        self, name: str, pid: int, epoch: int, group: str, generation: int, member: str, offsets: dict[Here, int]
    ) -> None:
        """TxnOffsetCommit, which goes to the group: it knows the member, and not the transaction's name."""
        error = self._group(group).check(member, generation)
        if error is not None:
            raise error()
        found = self._known[name]
        if epoch < found.epoch:
            raise InvalidProducerEpochError()
        if found.state == ONGOING and group in found.offsets:
            record = self._group(group).record()
            found.offsets[group].update({here: (at, record) for here, at in offsets.items()})
        else:
            raise InvalidTxnStateError("the group is not part of the transaction")

    def end(self, name: str, pid: int, epoch: int, commit: bool) -> None:
        """EndTxn: answered once the end is decided."""
        found = self._known.get(name)
        if found is None or found.pid != pid:
            raise InvalidProducerEpochError()
        if epoch != found.epoch:
            raise ProducerFencedError()
        if found.state == ONGOING:
            self._end(found, commit, f"{name} {'commits' if commit else 'aborts'}")
        elif found.state == ENDING:
            if commit != found.committed:
                raise InvalidTxnStateError()
            raise ConcurrentTransactionsError()
        elif found.state == EMPTY or commit != found.committed:
            raise InvalidTxnStateError(f"the transaction is {found.state}")

    def verify(self, pid: int, epoch: int, here: Here) -> None:
        """A partition asks before it takes the first batch of a transaction."""
        for found in self._known.values():
            if found.pid == pid:
                if epoch != found.epoch:
                    raise InvalidProducerEpochError()
                if found.state != ONGOING or here not in found.partitions:
                    raise InvalidTxnStateError(f"{here[0]}-{here[1]} is not part of the transaction")
                return
        raise InvalidProducerEpochError()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _check(self, name: str, pid: int, epoch: int) -> _Transaction:
        found = self._known.get(name)
        if found is None or found.pid != pid or epoch != found.epoch:
            raise ProducerFencedError()
        if found.state == ENDING:
            raise ConcurrentTransactionsError()
        return found

    def _begin(self, found: _Transaction) -> None:
        if found.state != ONGOING:
            found.state, found.began_s = ONGOING, self.world.now_s
            found.partitions, found.offsets = set(), {}
            if not self._looking:
                self._looking = True
                self.world.at(CLEANUP_S, self._look)

    def _look(self) -> None:
        """Roll back what has been open for too long; its producer is fenced."""
        self._looking = False
        for found in self._known.values():
            if found.state == ONGOING:
                if self.world.now_s - found.began_s > found.timeout_s:
                    found.epoch += 1
                    self._end(found, False, f"{found.name} has been open for too long")
                elif not self._looking:
                    self._looking = True
                    self.world.at(CLEANUP_S, self._look)

    def _end(self, found: _Transaction, commit: bool, why: str) -> None:
        world = self.world
        world.note("transactions", f"{why} (epoch {found.epoch})")
        found.state, found.committed = ENDING, commit
        epoch, left = found.epoch, len(found.partitions) + len(found.offsets)

        def done() -> None:
            nonlocal left
            left -= 1
            if left <= 0 and found.state == ENDING and found.epoch == epoch:
                found.state = ENDED

        def mark(here: Here) -> None:
            log = self._log(here)
            if log is not None:
                log.mark(EPOCH_US // 1000 + int(world.now_s * 1000), found.pid, epoch, commit)
            done()

        def settle(group: str, offsets: dict[Here, tuple[int, int]]) -> None:
            if commit:
                for here, (at, record) in offsets.items():
                    self._group(group).commit({here: at}, record)
                world.note("group", "offsets " + ", ".join(f"{n}: {at}" for (_, n), (at, _) in sorted(offsets.items())))
            done()

        for here in sorted(found.partitions):
            world.at(MARKER_S * world.random.random(), lambda h=here: mark(h))  # type: ignore[misc]
        for group in sorted(found.offsets):
            world.at(MARKER_S * world.random.random(), lambda g=group: settle(g, found.offsets[g]))  # type: ignore[misc]
        if not left:
            found.state = ENDED
