"""The broker's side of a consumer group (the classic protocol): members, rounds of joining, generations, sessions, offsets.

After Kafka's GroupCoordinator: a member without a heartbeat is expelled when its session ends; a round of joining ends when every
member has joined again; members of an older generation are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace as Answer
from typing import Any, Final

from kafka.errors import (
    IllegalGenerationError,
    KafkaError,
    MemberIdRequiredError,
    NoError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from streaming.simulation.network import Later
from streaming.simulation.world import World

EMPTY, PREPARING, COMPLETING, STABLE = "empty", "preparing", "completing", "stable"
#: what a member that has just been given its name may take to join with it, s
PENDING_S: Final = 6.0


class _Member:
    def __init__(self, name: str) -> None:
        self.name = name
        self.metadata = b""
        self.session_s = 0.0
        self.deadline_s = 0.0
        self.joining: Later | None = None
        self.syncing: Later | None = None
        self.assignment = b""


class Group:
    """One group; ``alive`` says whether the broker is up: sessions do not end while it is down."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.state = EMPTY
        self.generation = 0
        self.leader = ""
        self.members: dict[str, _Member] = {}
        #: committed, by (topic, partition)
        self.offsets: dict[tuple[str, int], int] = {}
        self._recorded = 0
        self._record_of: dict[tuple[str, int], int] = {}
        self._pending: set[str] = set()
        self._named = 0
        self._round_ends_s = float("inf")
        self._timing = False

    # -- requests ----------------------------------------------------------------------------------------------------

    def join(self, request: Any) -> Any:
        name, (_, metadata) = request.member_id, request.protocols[0]
        raw = metadata if isinstance(metadata, bytes) else metadata.encode()
        if name == "":
            self._named += 1
            name = f"member-{self._named}"
            self._pending.add(name)
            return self._join_error(MemberIdRequiredError, name)
        member = self.members.get(name)
        if member is None:
            if name not in self._pending:
                return self._join_error(UnknownMemberIdError, name)
            self._pending.discard(name)
            member = self.members[name] = _Member(name)
            self.world.note("group", f"{name} joins")
            changed = True
        else:
            changed = member.metadata != raw
        member.metadata, member.session_s = raw, request.session_timeout_ms / 1000
        self._beat(member)
        if self.state == STABLE and not changed and name != self.leader:
            return self._joined(member)  # nothing is new: the generation that there is
        if self.state == COMPLETING and not changed:
            return self._joined(member)
        if member.joining is not None:
            member.joining.fail(RebalanceInProgressError("joined again"))
        later = member.joining = Later()
        if self.state != PREPARING:
            self._prepare(request.rebalance_timeout_ms / 1000)
        self._maybe_complete()
        return later

    def sync(self, request: Any) -> Any:
        member, error = self._known(request)
        if member is None:
            return Answer(error_code=error.errno, protocol_type=None, protocol_name=None, assignment=b"")
        if self.state in (EMPTY, PREPARING):
            return Answer(error_code=RebalanceInProgressError.errno, protocol_type=None, protocol_name=None, assignment=b"")
        self._beat(member)
        if self.state == STABLE:
            return self._synced(member)
        later = member.syncing = Later()
        if request.member_id == self.leader:
            for name, given in list(request.assignments):
                if name in self.members:
                    self.members[name].assignment = given if isinstance(given, bytes) else given.encode()
            self.state = STABLE
            self.world.note("group", f"generation {self.generation} is stable")
            for one in self.members.values():
                if one.syncing is not None:
                    waiting, one.syncing = one.syncing, None
                    self._beat(one)
                    waiting.answer(self._synced(one))
        return later

    def heartbeat(self, request: Any) -> Any:
        member, error = self._known(request)
        if member is None:
            return Answer(error_code=error.errno)
        self._beat(member)
        return Answer(error_code=RebalanceInProgressError.errno if self.state == PREPARING else NoError.errno)

    def leave(self, names: list[str]) -> Any:
        found = []
        for name in names:
            known = name in self.members
            self._pending.discard(name)
            if known:
                self._expel(name, "leaves")
            found.append(Answer(member_id=name, group_instance_id=None, error_code=0 if known else UnknownMemberIdError.errno))
        return Answer(error_code=NoError.errno, members=found)

    def check(self, member: str, generation: int) -> type[KafkaError] | None:
        """Whether offsets of that member are accepted: the error, or None. Without a membership they are."""
        if generation < 0 and not member:
            return None
        if member not in self.members:
            return UnknownMemberIdError  # type: ignore[no-any-return]
        if generation != self.generation:
            return IllegalGenerationError  # type: ignore[no-any-return]
        return None

    # -- offsets -----------------------------------------------------------------------------------------------------

    def record(self) -> int:
        """The place in the broker's own topic of a commit of offsets that arrives now."""
        self._recorded += 1
        return self._recorded

    def commit(self, offsets: dict[tuple[str, int], int], record: int) -> None:
        """These offsets hold from now on, but where a later commit holds already: transactions of two producers may end in another
        order than that of their offsets. So Kafka's ``OffsetMetadataManager.replayEndTransactionMarker``."""
        newer = {here: at for here, at in offsets.items() if record > self._record_of.get(here, 0)}
        self._record_of |= dict.fromkeys(newer, record)
        self.offsets.update(newer)

    # -- the broker's restart ----------------------------------------------------------------------------------------

    def restart(self) -> None:
        """The members are known again, and have their whole session from now on."""
        for member in self.members.values():
            member.joining = member.syncing = None
            self._beat(member)
        if self.state in (PREPARING, COMPLETING):
            self._prepare(60.0)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _known(self, request: Any) -> tuple[_Member | None, type[KafkaError]]:
        member = self.members.get(request.member_id)
        if member is None:
            return None, UnknownMemberIdError
        if request.generation_id != self.generation:
            return None, IllegalGenerationError
        return member, KafkaError

    def _join_error(self, error: type[KafkaError], name: str) -> Any:
        return Answer(error_code=error.errno, member_id=name, protocol_type=None)

    def _joined(self, member: _Member) -> Any:
        leads = member.name == self.leader
        members = [Answer(member_id=m.name, metadata=m.metadata, group_instance_id=None) for m in self.members.values()]
        return Answer(
            error_code=NoError.errno,
            protocol_type="consumer",
            protocol_name="cooperative-sticky",
            generation_id=self.generation,
            leader=self.leader,
            member_id=member.name,
            members=members if leads else [],
        )

    def _synced(self, member: _Member) -> Any:
        return Answer(
            error_code=NoError.errno, protocol_type="consumer", protocol_name="cooperative-sticky", assignment=member.assignment
        )

    def _beat(self, member: _Member) -> None:
        member.deadline_s = self.world.now_s + member.session_s
        if not self._timing:
            self._timing = True
            self.world.at(member.session_s + 0.001, self._look)

    def _look(self) -> None:
        """Expel who has been silent for a session, and end a round that takes too long."""
        self._timing = False
        now_s = self.world.now_s
        for name, member in list(self.members.items()):
            # A member that waits for the group is not asked for heartbeats.
            if member.joining is None and member.syncing is None and member.deadline_s <= now_s:
                self._expel(name, "is expelled")
        if self.state == PREPARING and now_s >= self._round_ends_s:
            for name in [n for n, m in self.members.items() if m.joining is None]:
                self._expel(name, "has not joined in time")
        if self.members and not self._timing:
            self._timing = True
            times = [m.deadline_s for m in self.members.values() if m.joining is None and m.syncing is None]
            self.world.at(max(0.001, min([*times, now_s + 6.0]) - now_s + 0.001), self._look)

    def _expel(self, name: str, why: str) -> None:
        member = self.members.pop(name)
        self.world.note("group", f"{name} {why}")
        for waiting in (member.joining, member.syncing):
            if waiting is not None:
                waiting.fail(UnknownMemberIdError())
        if not self.members:
            self.state, self.leader = EMPTY, ""
            self.generation += 1
        elif self.state in (STABLE, COMPLETING):
            self._prepare(300.0)
        self._maybe_complete()

    def _prepare(self, within_s: float) -> None:
        self.state = PREPARING
        self._round_ends_s = self.world.now_s + within_s
        for member in self.members.values():
            if member.syncing is not None:
                waiting, member.syncing = member.syncing, None
                waiting.answer(
                    Answer(error_code=RebalanceInProgressError.errno, protocol_type=None, protocol_name=None, assignment=b"")
                )
                self._beat(member)

    def _maybe_complete(self) -> None:
        if self.state != PREPARING or not self.members or any(m.joining is None for m in self.members.values()):
            return
        self.generation += 1
        self.state = COMPLETING
        if self.leader not in self.members:
            self.leader = next(iter(self.members))
        self.world.note("group", f"generation {self.generation}: {', '.join(self.members)}; {self.leader} leads")
        answers: list[Callable[[], None]] = []
        for member in self.members.values():
            waiting, member.joining = member.joining, None
            member.assignment = b""
            self._beat(member)
            if waiting is not None:
                answers.append(lambda w=waiting, m=member: w.answer(self._joined(m)))  # type: ignore[misc]
        for answer in answers:
            answer()
