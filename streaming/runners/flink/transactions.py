"""Open transactions that a group's jobs have left on the broker: what they are, and how to end them.

Readers of committed records stop before the oldest open transaction of a partition. A job that goes on ends those of its
predecessor; where none does, the broker aborts them after their time-out, which is minutes.
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from streaming.errors import Unavailable
from streaming.kafka.broker import admin, broker_errors
from streaming.kafka.settings import Address
from streaming.runners.flink.job import transactional_ids
from streaming.wire import topics

#: states in which readers of committed records wait for a transaction
_OPEN: Final = ("Ongoing",)
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
    begin, now_s, written = transactional_ids(group, sport), time.time(), set(topics.outputs(sport))
    with admin(address) as client:
        listed = client.list_transactions(state_filters=_OPEN)
        ids = {one.transactional_id for rows in listed.values() for one in rows if one.transactional_id.startswith(begin)}
        ours = {ident: number for ident in ids if (number := checkpoint_of(ident)) is not None}
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
        if one.state.value in _OPEN and any(partition.topic in written for partition in one.topic_partitions)
    ]
    return sorted(found, key=lambda one: -one.age_s)


def abort(address: Address, found: list[OpenTransaction]) -> None:
    """End them: the broker takes their id from whoever had it, and aborts what was open. ``Unavailable`` with one sentence."""
    from kafka import KafkaProducer

    for one in found:
        with broker_errors(address):
            producer = KafkaProducer(
                **address.python(), transactional_id=one.transactional_id, transaction_timeout_ms=60_000, max_block_ms=1000 * _END_S
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
        abort(address, found)
    except Unavailable as error:
        return f"transactions that an earlier job may have left open could not be aborted, readers may wait for them: {error}"
    if not found:
        return ""
    many = "transaction" if len(found) == 1 else "transactions"
    return f"aborted {len(found)} {many} that an earlier job had left open"
