"""The simulator finds defects: each is put back, and a run of a seed below 1,000 fails with it that holds without it."""

from __future__ import annotations

import pytest

from streaming.simulation.deployment import simulate
from streaming.simulation.plan import of_seed
from tests.streaming.simulation import mutations
from tests.streaming.simulation.mutations import Mutation, mutated

pytestmark = pytest.mark.slow

#: mutation, a seed that finds it, part of the sentence
FOUND: list[tuple[Mutation, int, str]] = [
    (mutations.returning_member_claims_its_old_partitions, 84, "has two owners"),
    (mutations.answer_between_polls_is_discarded, 351, "rounds of joining"),
    (mutations.ended_games_count_for_snapshots, 590, "snapshots in a commit"),
    (mutations.begun_game_has_no_snapshot, 134, "lost for a committed reader"),
    (mutations.input_deleted_between_two_requests_is_a_broker_away, 519, "says that the broker is away"),
    (mutations.refused_commit_counts_as_made, 82, "lost for a committed reader"),
    (mutations.expelled_member_commits, 577, "twice for a committed reader"),
    (mutations.epoch_is_kept_after_an_unclear_answer, 185, "twice for a committed reader"),
    (mutations.progress_goes_out_before_outputs, 349, "lost for a committed reader"),
    (mutations.lost_commit_of_a_job_is_not_reported, 786, "lost for a committed reader"),
]
SEEDS = 1_000


@pytest.mark.parametrize(("mutation", "seed", "sentence"), FOUND, ids=[mutation.__name__ for mutation, *_ in FOUND])
def test_defect_is_found_within_a_thousand_seeds(mutation, seed, sentence):
    """The stored seed is tried first: where the code has changed since, another one may find it."""
    for candidate in (seed, *range(SEEDS)):
        plan = of_seed(candidate)
        with mutated(mutation):
            found = [failure for failure in simulate(plan).failures if sentence in failure]
        if found:
            assert simulate(plan).failures == [], "it fails without the mutation"
            return
    pytest.fail("not found")
