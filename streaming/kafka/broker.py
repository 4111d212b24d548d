"""The topics of a sport on a broker: made when they are missing, checked when they are there, and watched while they are used."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from streaming.errors import BadInput, InputLost, Unavailable
from streaming.kafka.offsets import committed, end_offsets
from streaming.kafka.settings import Address
from streaming.kafka.workarounds import connection_errors
from streaming.wire import topics

#: partitions of each new topic by default: how many operators can share a sport's games
PARTITIONS: Final = 12
#: largest message: a snapshot of a game is some megabytes
MAX_MESSAGE_BYTES: Final = 16_000_000

#: these topics have the broker's own retention; positions and health only matter for a moment
_HOUR: Final = {"retention.ms": "3600000"}
#: when a record arrived is the broker's to say, and not its sender's
_ARRIVALS: Final = {"message.timestamp.type": "LogAppendTime"}
_COMPACTED: Final = {"cleanup.policy": "compact"}
#: snapshots are rewritten every few seconds: small segments, cleaned soon, so that a new reader reads little
_SNAPSHOTS: Final = {
    "cleanup.policy": "compact", "segment.bytes": "33554432", "segment.ms": "30000", "min.cleanable.dirty.ratio": "0.05",
    "max.message.bytes": str(MAX_MESSAGE_BYTES), "delete.retention.ms": "60000",
}  # fmt: skip


@contextmanager
def broker_errors(address: Address) -> Iterator[None]:
    """Errors of a broker, as ``Unavailable`` with one sentence."""
    from kafka import errors

    with connection_errors() as noted:
        try:
            yield
        except errors.AuthorizationError as error:
            raise Unavailable(f"the broker at {address.text} does not allow this login to do that: {_why(error)}") from None
        except errors.KafkaError as error:
            raise _unavailable(address, [*noted, error] if isinstance(error, errors.KafkaTimeoutError) else [error]) from None


def _unavailable(address: Address, causes: list[BaseException]) -> Unavailable:
    """The sentence for known causes, newest last; a cause that the user can mend takes precedence."""
    from kafka import errors

    logins = errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError, errors.IllegalSaslStateError
    where = f"the broker at {address.text}"
    for cause in causes:
        if isinstance(cause, logins):
            return Unavailable(f"{where} refused the login: check sasl_username and sasl_password ({_why(cause)})")
        if "SSL" in str(cause):
            return Unavailable(f"{where} cannot be trusted, or does not speak TLS: check ssl_cafile ({_why(cause)})")
    # Some brokers refuse a login by closing the connection, and often no more than that can be seen.
    if address.security.security_protocol.startswith("SASL") and any("socket disconnected" in str(cause) for cause in causes):
        return Unavailable(
            f"{where} refused the login: check sasl_username and sasl_password, and that security_protocol is that of its port"
        )
    return Unavailable(f"no broker answers as expected at {address.text}: {_why(causes[-1])} (make up starts one on this machine)")


def _why(error: BaseException) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


@contextmanager
def admin(address: Address) -> Iterator[Any]:
    """An administration client; ``Unavailable`` when the broker does not answer."""
    from kafka.admin import KafkaAdminClient

    with broker_errors(address):
        client = KafkaAdminClient(**address.admin())
        try:
            yield client
        finally:
            client.close()


def _config(topic: str, sport: str) -> dict[str, str]:
    """Of a topic by its name in ``streaming.wire.topics``."""
    if topic == topics.snapshots(sport):
        return dict(_SNAPSHOTS)
    if topic in topics.compacted(sport):
        return dict(_COMPACTED)
    if topic == topics.telemetry(sport):
        return dict(_ARRIVALS)
    if topic == topics.positions(sport):
        return dict(_HOUR)
    return {}


def ensure(address: Address, sport: str, partitions: int | None = None) -> int:
    """Make the missing topics of the sport and check the others; the number of their partitions.

    A game has the same partition in every topic, so the counts must agree: ``BadInput`` when they do not, or when they are not
    the wanted ``partitions`` (None: the present number, or ``PARTITIONS`` for new topics).
    """
    from kafka import errors

    wanted = {address.topic(topic): topic for topic in topics.every(sport)}
    first = address.topic(topics.telemetry(sport))
    with admin(address) as client:
        there = counts(client, wanted)
        have = there.get(first, partitions or PARTITIONS)
        if partitions is not None and have != partitions:
            raise BadInput(f"topic {first} has {have} partitions, not {partitions}: leave --partitions out, or use another broker")
        for topic, number in there.items():
            if number != have:
                raise BadInput(
                    f"topic {topic} has {number} partitions where {first} has {have}: a game must have the "
                    "same partition in both, so make it anew with as many"
                )
        missing = [topic for topic in wanted if topic not in there]
        if missing:
            # -1 replicas: as many as the broker's operator has decided
            new = {
                topic: {"num_partitions": have, "replication_factor": -1, "configs": _config(wanted[topic], sport)}
                for topic in missing
            }
            try:
                client.create_topics(new, wait_for_metadata=True)
            except errors.TopicAlreadyExistsError:
                time.sleep(0.5)  # another process made them at the same moment
                return ensure(address, sport, partitions)
    return int(have)


def counts(client: Any, names: Iterable[str]) -> dict[str, int]:
    """Partitions of those topics that exist."""
    wanted = set(names)
    there = [name for name in client.list_topics() if name in wanted]
    return {t["name"]: len(t["partitions"]) for t in client.describe_topics(there)} if there else {}


class Unread(NamedTuple):
    """Of a partition: the first offset that was not finally used, and the end of its log as last seen; None while not known."""

    first: int | None = None
    end: int | None = None

    @property
    def lost(self) -> str:
        """What is gone when the topic is; empty where nothing is."""
        if self.first is None:
            return "what the group had not used of it, which was not known yet"
        if self.end is None:
            return f"offset {self.first} and all after it"
        return f"offsets {self.first} to {self.end - 1}" if self.end > self.first else ""


class TopicGuard:
    """Detects that the input topic was deleted, or deleted and made again, while it is read.

    With ``group`` it looks up what that consumer group has not used yet; without, the reader passes it to ``check``.
    """

    def __init__(self, address: Address, topic: str, group: str | None = None) -> None:
        self.address, self.topic, self.group = address, topic, group
        self._unread: dict[int, Unread] = {}
        self._id = self._look()

    def _look(self) -> str | None:
        found, partitions = self._identity()
        if self.group is None or found is None:
            return found
        try:
            with broker_errors(self.address):
                self._unread = self._behind(self.group, partitions)
        except Unavailable:
            # A topic that is deleted during a request leaves it without an answer, as a broker does that is away.
            if (now := self._identity()[0]) == found:
                raise
            return now
        return found

    def _identity(self) -> tuple[str | None, int]:
        """Id of the topic, None when there is none of the name, and the number of its partitions."""
        with admin(self.address) as client:
            if self.topic not in client.list_topics():
                return None, 0
            (found,) = client.describe_topics([self.topic])
        return str(found.get("topic_id")), len(found["partitions"])

    def _behind(self, group: str, partitions: int) -> dict[int, Unread]:
        from kafka import KafkaConsumer
        from kafka.structs import TopicPartition

        consumer = KafkaConsumer(**self.address.python(), group_id=group, enable_auto_commit=False)
        try:
            all_of_it = [TopicPartition(self.topic, n) for n in range(partitions)]
            end = end_offsets(consumer, all_of_it)
            return {tp.partition: Unread(committed(consumer, tp) or 0, end[tp]) for tp in all_of_it}
        finally:
            consumer.close()

    def check(self, unread: Mapping[int, Unread] | None = None) -> None:
        """``InputLost`` with what was lost: ``unread`` is by partition. ``Unavailable`` when the broker does not answer.
        Records that were written after a reader had last seen the end of a partition are known to nobody."""
        before = self._unread if unread is None else unread
        now = self._look()
        if now is not None and now == self._id:
            return  # without an id at both looks, it was deleted before the first one
        what = "; ".join(f"partition {number}: {lost}" for number, span in sorted(before.items()) if (lost := span.lost))
        if not before:
            what = "nothing here, no partition of it was with this process"
        elif not what:
            what = "nothing that was seen, all of it was used"
        why = "was deleted" if now is None else "was deleted and made anew"
        raise InputLost(f"topic {self.topic} {why} while it was read; lost: {what}")
