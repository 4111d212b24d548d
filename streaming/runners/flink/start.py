"""With which state a job begins. A group that has used records and begins without the state of their games would turn the rest of
each of those games into dead letters: that is refused, unless it is asked for."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from streaming.errors import BadInput
from streaming.flink.rest import JobEntry, Rest
from streaming.kafka.broker import broker_errors
from streaming.kafka.offsets import committed, first_offsets, partitions_of
from streaming.kafka.settings import Address
from streaming.runners.flink import checkpoints
from streaming.runners.flink.checkpoints import Retained, StateFolders
from streaming.runners.flink.job import Plan
from streaming.wire import topics

#: the value of --from-checkpoint
NEWEST: Final = "newest"


class Beginning(NamedTuple):
    """``plan`` with its state, or ``running``, the job to be watched instead of a new one. ``notes`` are sentences for the person
    who starts it; ``checkpoint`` is the number of the state, -1 without any, None where it is not known."""

    plan: Plan
    running: JobEntry | None
    notes: list[str]
    checkpoint: int | None


def begin(plan: Plan, rest: Rest, *, from_checkpoint: str = "", fresh: bool = False) -> Beginning:
    """How ``plan`` begins; ``BadInput`` with the one sentence that names the way on when that is not clear, or when a job of the
    group is on the cluster already."""
    if from_checkpoint not in ("", NEWEST):
        raise BadInput(f"--from-checkpoint takes {NEWEST}; the path of a checkpoint or savepoint goes to --savepoint")
    if sum((bool(plan.savepoint), bool(from_checkpoint), fresh)) > 1:
        raise BadInput("a job begins in one way: give one of --savepoint, --from-checkpoint and --fresh")
    on = [job for job in rest.jobs() if job.name == plan.title and not job.over]
    if on:
        if from_checkpoint:
            return Beginning(plan, on[0], [], None)
        raise BadInput(
            f"job {on[0].id} of group {plan.group} runs {plan.sport} on {rest.url} already: two would write every stat twice; "
            f"watch it with --from-checkpoint {NEWEST}, or give another --group"
        )
    where = checkpoints.folders(rest, plan.group, plan.sport)
    notes = _kept(where, rest)
    plan = msgspec.structs.replace(plan, checkpoints=where.checkpoints)
    if plan.savepoint:
        return Beginning(plan, None, notes, checkpoints.number_of(plan.savepoint))
    used = used_records(plan.address, plan.sport, plan.group)
    if fresh:
        if used:
            notes.append(
                f"--fresh: {used:,} records that group {plan.group} has used are skipped, and the state of their games with them; "
                "what follows of a game that began there becomes dead letters"
            )
        return Beginning(plan, None, notes, -1)
    found = checkpoints.newest(where, rest, plan.title) if used or from_checkpoint else None
    if from_checkpoint:
        if found is not None:
            notes.append(f"goes on from {found.text}")
            return Beginning(msgspec.structs.replace(plan, savepoint=found.path), None, notes, found.number)
        if not used:
            return Beginning(plan, None, notes, -1)
    if used:
        raise BadInput(_no_state(plan, where, used, found))
    return Beginning(plan, None, notes, -1)


def used_records(address: Address, sport: str, group: str) -> int:
    """How many records of the input lie before the group's committed offsets, and are still there; ``Unavailable`` when the broker
    does not answer. What is gone by retention counts as one, so that it is not taken for nothing."""
    from kafka import KafkaConsumer

    topic = address.topic(topics.telemetry(sport))
    with broker_errors(address):
        consumer = KafkaConsumer(**address.python(), group_id=group, enable_auto_commit=False)
        try:
            parts = partitions_of(consumer, [topic]).get(topic, [])
            offsets = {part: committed(consumer, part) or 0 for part in parts}
            first = first_offsets(consumer, parts)
            return sum(max(1, offset - first[part]) for part, offset in offsets.items() if offset)
        finally:
            consumer.close()


def _kept(where: StateFolders, rest: Rest) -> list[str]:
    if where.checkpoints:
        return []
    return [
        f"the Flink cluster at {rest.url} keeps no checkpoints on disk (set {checkpoints.CHECKPOINT_FOLDER}): a JobManager that is "
        "lost takes the state of every game with it"
    ]


def _no_state(plan: Plan, where: StateFolders, used: int, found: Retained | None) -> str:
    topic = plan.address.topic(topics.telemetry(plan.sport))
    lack = f"group {plan.group} has used {used:,} records of {topic}, and the state of their games is missing"
    fresh = "begin without it with --fresh, which makes dead letters of what follows of those games"
    if found is not None:
        return f"{lack}: go on from its newest checkpoint, {found.text}, with --from-checkpoint {NEWEST}, or {fresh}"
    if where.checkpoints and not checkpoints.readable(where):
        unseen = f"its checkpoints are in {where.checkpoints}, which this machine does not see"
        return f"{lack}: {unseen}; give one with --savepoint, or {fresh}"
    seen = f" (none is in {where.checkpoints})" if where.checkpoints else ""
    return f"{lack}: give a savepoint or checkpoint with --savepoint{seen}, or {fresh}"
