"""Defects put back into the production code, one at a time: the simulator has to find each."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from streaming.kafka import workarounds
from streaming.kafka.broker import TopicGuard
from streaming.runners.flink.commits import Commits
from streaming.runners.flink.supervisor import JobSupervisor
from streaming.runners.kafka import consumer_group, runner
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.runner import KafkaRunner
from streaming.runners.kafka.transactions import Transactions

Mutation = Callable[[pytest.MonkeyPatch], None]


def rewrite(patch: pytest.MonkeyPatch, owner: Any, name: str, *changes: tuple[str, str]) -> None:
    """Replace text in the source of a method or function; each must be there once."""
    function = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in changes:
        assert source.count(old) == 1, f"{name} has changed: {old!r} is there {source.count(old)} times"
        source = source.replace(old, new)
    module = sys.modules[function.__module__]
    namespace: dict[str, Any] = {}
    exec(compile(source, f"<{name}, mutated>", "exec", dont_inherit=True, flags=_annotations()), module.__dict__, namespace)
    patch.setattr(owner, name, namespace[name])


def _annotations() -> int:
    import __future__

    return __future__.annotations.compiler_flag


def returning_member_claims_its_old_partitions(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, workarounds, "patch_membership", ("coordinator.reset_generation = reset_generation", "pass"))
    patch.setattr(consumer_group, "patch_membership", workarounds.patch_membership)


def answer_between_polls_is_discarded(patch: pytest.MonkeyPatch) -> None:
    rewrite(
        patch,
        workarounds,
        "patch_membership",
        ("coordinator._do_join_and_sync_async = do_join_and_sync_async", "pass"),
    )
    patch.setattr(consumer_group, "patch_membership", workarounds.patch_membership)
    patch.setattr(runner, "resume_joining", lambda consumer: None)


def ended_games_count_for_snapshots(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, KafkaRunner, "_commit", ("len(part.playing)", "len(part.sessions)"))


def begun_game_has_no_snapshot(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, Partition, "due", ("first = game not in self._stored_s and game not in self._since", "first = False"))


def input_deleted_between_two_requests_is_a_broker_away(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, TopicGuard, "_look", ("if (now := self._identity()[0]) == found:", "if now := found:"))


def refused_commit_counts_as_made(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, Transactions, "_finish", ("commit.error = error", "commit.error = None"))


def expelled_member_commits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runner, "membership", lambda consumer: consumer.group_metadata())


def epoch_is_kept_after_an_unclear_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Transactions, "_renew", lambda self, producer: None)


def progress_goes_out_before_outputs(patch: pytest.MonkeyPatch) -> None:
    """With the epoch kept as well: else no transaction is torn, and the order of its parts cannot be seen."""
    epoch_is_kept_after_an_unclear_answer(patch)
    early = (
        "self.begin(())\n"
        "    for topic, key, value, partition in states:\n"
        "        self._producers[0].send(topic, value, key=key, partition=partition)\n"
        "    states = ()\n"
    )
    rewrite(patch, Transactions, "commit", ("self.begin(())\n", early))


def lost_commit_of_a_job_is_not_reported(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(JobSupervisor, "_check_commits", lambda self: None)


def refused_commit_is_forgotten_with_its_transaction(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, Commits, "look", ("self._open += refused - self._refused - (lost - self.lost)", "pass"))


def input_that_was_never_there_is_not_lost(patch: pytest.MonkeyPatch) -> None:
    rewrite(patch, TopicGuard, "check", ("if now is not None and now == self._id:", "if now == self._id:"))


@contextmanager
def mutated(mutation: Mutation) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        yield
