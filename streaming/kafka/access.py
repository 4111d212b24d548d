"""What a broker has to allow each part of a deployment, and no more: the access control list, as data and as commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from streaming.errors import BadInput
from streaming.kafka.dead_letters import GROUP as LETTERS_GROUP
from streaming.kafka.settings import Address
from streaming.wire import topics

Kind = Literal["topic", "group", "transactional-id"]
#: role -> what it is
ROLES: Final = {
    "setup": "makes the topics, once",
    "feed": "sends games: simulate --to, an ingress",
    "operator": "run, in this process",
    "flink": "run --runner flink",
    "gateway": "serve, with the monitor of its models",
    "monitor": "a reader of predictions and their outcomes",
    "letters": "dead list and dead replay",
}
#: the consumer groups by default
OPERATOR_GROUP, FLINK_GROUP = "touchline", "touchline-flink"


class Permission(NamedTuple):
    """``operations`` on one resource, or on all whose names begin with ``name``. Read and Write include Describe."""

    kind: Kind
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


def _each(names: Iterable[str], *operations: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names, operations)


def permissions(role: str, address: Address, sport: str, group: str = "") -> list[Permission]:
    """Of one role for one sport. ``group`` is the consumer group where it is not the default; ``BadInput`` for an unknown role."""
    if role not in ROLES:
        raise BadInput(f"there is no role {role!r}: {', '.join(ROLES)}")
    telemetry, games, state = topics.telemetry(sport), topics.games(sport), topics.snapshots(sport)
    dead = [topics.dead(source) for source in (telemetry, topics.events(sport))]
    allowed: dict[str, tuple[str, ...]] = {}
    others: list[Permission] = []
    if role == "setup":
        allowed = _each(topics.every(sport), "Create", "Describe")
    elif role == "feed":
        # it checks that the topics fit together before it sends
        allowed = _each(topics.every(sport), "Describe") | {telemetry: ("Write",), games: ("Write",)}
    elif role in ("operator", "flink"):
        name = address.group(group or (OPERATOR_GROUP if role == "operator" else FLINK_GROUP))
        allowed = _each(topics.outputs(sport), "Write") | {telemetry: ("Read",), games: ("Write",)}
        allowed[state] = ("Read", "Write") if role == "operator" else ("Describe",)
        others = [Permission("group", name, ("Read",)), Permission("transactional-id", f"{name}-", ("Write",), prefixed=True)]
    elif role == "gateway":
        # the input only for how far groups are behind
        allowed = _each((games, *topics.outputs(sport)), "Read") | {telemetry: ("Describe",)}
        others = [Permission("group", address.group(group or OPERATOR_GROUP), ("Describe",), prefixed=True)]
    elif role == "monitor":
        allowed = _each((games, topics.predictions(sport), topics.events(sport)), "Read")
    else:
        allowed = _each(topics.every(sport), "Describe") | _each(dead, "Read") | {telemetry: ("Write",)}
        others = [Permission("group", address.group(LETTERS_GROUP), ("Read",))]
    return [*(Permission("topic", address.topic(name), operations) for name, operations in sorted(allowed.items())), *others]


def commands(principal: str, allowed: Iterable[Permission], servers: str) -> list[str]:
    """Lines for a shell beside Kafka's own programs."""
    found = []
    for kind, name, operations, prefixed in allowed:
        words = ["kafka-acls.sh", "--bootstrap-server", servers, "--add", "--allow-principal", principal]
        for operation in operations:
            words += ["--operation", operation]
        words += [f"--{kind}", name, *(["--resource-pattern-type", "prefixed"] if prefixed else [])]
        found.append(shlex.join(words))
    return found
