"""The transactions of a group's jobs, as the broker has them: which are open, which are lost, and how to end one.

Readers of committed records stop before the oldest open transaction of a partition. A job that goes on ends those of its
predecessor; where none does, the broker aborts them after their time-out, which is minutes. One that was aborted so before the job
committed it is lost: the sink logs that and goes on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from streaming.errors import Unavailable
from streaming.kafka.broker import admin, broker_errors
from streaming.kafka.settings import Address
from streaming.runners.flink.job import transactional_ids
from streaming.wire import topics

#: the state in which readers of committed records wait for a transaction
_OPEN: Final = "Ongoing"
#: the state after the broker's time-out. Whoever takes the id over, as a job does that goes on, leaves it empty instead
_ABORTED: Final = "CompleteAbort"
#: how long the broker may take to end one, seconds
_END_S: Final = 20


class OpenTransaction(NamedTuple):
    """``checkpoint`` is the number of the checkpoint that would have committed it, ``partitions`` those whose readers wait."""

    transactional_id: str
    checkpoint: int
    age_s: float
    timeout_s: float
    partitions: int


def checkpoint_of(transactional_id: str) -> int | None:
    """The checkpoint in an id of Flink's sink (``PREFIX-SUBTASK-CHECKPOINT``); None for another's."""
    parts = transactional_id.rsplit("-", 2)
    return int(parts[2]) if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit() else None


def open_transactions(address: Address, group: str, sport: str) -> list[OpenTransaction]:
    """Those of the group's jobs on a sport, oldest first; ``Unavailable`` with one sentence."""
    written, now_s = set(map(address.topic, topics.outputs(sport))), time.time()
    with admin(address) as client:
        ours = _ids(client, group, sport, _OPEN)
        described = client.describe_transactions(list(ours)) if ours else {}
    found = [
        OpenTransaction(
            ident,
            ours[ident],
            max(0.0, now_s - one.transaction_start_time_ms / 1000),
            one.transaction_timeout_ms / 1000,
            len(one.topic_partitions),
        )
        for ident, one in described.items()
        if one.state.value == _OPEN and any(partition.topic in written for partition in one.topic_partitions)
    ]
    return sorted(found, key=lambda one: -one.age_s)


def _ids(client: Any, group: str, sport: str, *states: str) -> dict[str, int]:
    """Transactional ids of the group's jobs in these states, and the checkpoint of each."""
    begin = transactional_ids(group, sport)
    listed = client.list_transactions(state_filters=states)
    ids = {one.transactional_id for rows in listed.values() for one in rows if one.transactional_id.startswith(begin)}
    return {ident: number for ident in ids if (number := checkpoint_of(ident)) is not None}


def lost_commits(address: Address, group: str, sport: str, checkpoint: int) -> int:
    """How many transactions the broker has aborted whose checkpoint is complete: their outputs never reach a reader of committed
    records. ``checkpoint`` is the newest complete one; ``Unavailable`` when the broker does not answer."""
    with admin(address) as client:
        return lost_among(client, group, sport, checkpoint)


def lost_among(client: Any, group: str, sport: str, checkpoint: int) -> int:
    """The same with an administration client that is open."""
    return sum(number <= checkpoint for number in _ids(client, group, sport, _ABORTED).values())


def lost_of_job(address: Address) -> Callable[[str, int], int | None]:
    """The same by the name of a job; None for a job that is not ours."""

    def look(title: str, checkpoint: int) -> int | None:
        ours = re.fullmatch(r"touchline (\S+) \((.+)\)", title)
        return None if ours is None else lost_commits(address, ours.group(2), ours.group(1), checkpoint)

    return look


def abort(address: Address, ids: Iterable[str]) -> None:
    """End the transactions of these ids: the broker takes each id from the producer that had it, and aborts what was open.
    ``Unavailable`` with one sentence."""
    from kafka import KafkaProducer

    for ident in ids:
        with broker_errors(address):
            producer = KafkaProducer(
                **address.python(), transactional_id=ident, transaction_timeout_ms=60_000, max_block_ms=1000 * _END_S
            )
            try:
                producer.init_transactions()
            finally:
                producer.close(timeout=5)


def abort_behind(address: Address, group: str, sport: str, checkpoint: int) -> str:
    """Before a job goes on from ``checkpoint``: abort what no state names, which nobody can commit any more. What was done or could
    not be, in one sentence; empty when there was nothing to do.

    A checkpoint names the transactions of its own number and of earlier ones: they are the sink's to commit. Without state, and so
    with -1 here, all are left over.
    """
    try:
        found = [one for one in open_transactions(address, group, sport) if one.checkpoint > checkpoint]
        with admin(address) as client:
            aborted = [ident for ident, number in _ids(client, group, sport, _ABORTED).items() if number > checkpoint]
        # Those that have timed out meanwhile as well, so that they are not taken for lost ones once their number is reached again.
        abort(address, [*(one.transactional_id for one in found), *aborted])
    except Unavailable as error:
        return f"transactions that an earlier job may have left open could not be aborted, readers may wait for them: {error}"
    if not found:
        return ""
    many = "transaction" if len(found) == 1 else "transactions"
    return f"aborted {len(found)} {many} that an earlier job had left open"
