"""The simulation against what can be worked out: waiting of one queue, hashing, and the hashes themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest
from kafka.partitioner import murmur2 as kafkas_own

from infra import capacity
from infra.capacity import PROFILES, Profile, fullest, key_group_of, main, murmur2, partition_of, simulate, slots_needed, waits

PLAIN = Profile(0.001, 0.001, 2.0, 2.0, 1 << 40, 0.0, 1e12, 0.0, 0.0, 50.0, 0.01)


def test_waiting_by_hand():
    # At 0, 1 and 10 ms, 3 ms of work each: the second waits until 3, the third not at all.
    assert waits(np.array([0.0, 1.0, 10.0]), np.array([3.0, 3.0, 3.0])).tolist() == [0.0, 2.0, 0.0]


@pytest.mark.parametrize("busy", [0.3, 0.6, 0.8])
def test_random_arrivals_wait_as_pollaczek_and_khinchine_say(busy):
    rng = np.random.default_rng(5)
    arrived = np.cumsum(rng.exponential(1.0 / busy, 1_500_000))  # service takes 1
    assert waits(arrived, np.ones_like(arrived)).mean() == pytest.approx(busy / (2 * (1 - busy)), rel=0.03)


def test_unequal_service_waits_longer_as_pollaczek_and_khinchine_say():
    rng = np.random.default_rng(6)
    arrived, service = np.cumsum(rng.exponential(2.0, 1_500_000)), rng.exponential(1.0, 1_500_000)
    assert waits(arrived, service).mean() == pytest.approx(1.0, rel=0.04)  # M/M/1, half busy: as long as a service


def test_games_of_one_slot_that_come_at_even_times_wait_less_than_if_they_came_at_random():
    played = [capacity.play(50, PLAIN, 5.0, np.random.default_rng(seed)) for seed in range(100)]
    assert all(busy == pytest.approx(0.5) for _, busy in played)
    at_random_ms = 2.0 * 0.5 / (2 * 0.5)
    assert 0.5 * at_random_ms < np.mean([latency.mean() for latency, _ in played]) < at_random_ms


def test_snapshots_and_pauses_are_part_of_the_work():
    profile = Profile(5.0, 5.0, 2.0, 2.0, 10, 20.0, 1000.0, 30.0, 1.0, 50.0, 0.01)
    _, busy = capacity.play(10, profile, 100.0, np.random.default_rng(1))
    assert busy == pytest.approx(50 * (2.0 + 20.0 / 10) / 1000 + (30.0 + 10) / 1000, rel=0.01)


def test_kafkas_hash():
    rng = np.random.default_rng(2)
    for size in range(40):
        key = rng.bytes(size)
        assert murmur2(key) == kafkas_own(key)


def test_flinks_key_groups():
    # From Flink 2.2.1: KeyGroupRangeAssignment.assignToKeyGroup of what KeyByKeySelector makes of these.
    assert [key_group_of(name) for name in ("g-1", "g-2", "soccer-7", "match-é", "x")] == [105, 83, 20, 45, 45]


@pytest.mark.parametrize(("games", "slots", "worked_out"), [(2, 2, 1.5), (3, 3, (3 * 3 + 18 * 2 + 6 * 1) / 27), (1, 7, 1.0)])
def test_the_fullest_slot_by_hand(games, slots, worked_out):
    assert fullest(games, slots) == pytest.approx(worked_out)


@pytest.mark.parametrize("place", [lambda name: partition_of(name, 16), lambda name: key_group_of(name) * 16 // 128])
def test_hashing_spreads_as_chance_does(place):
    seen = []
    for trial in range(150):
        counts = np.bincount([place(f"cup-{trial}-match-{i}") for i in range(96)], minlength=16)
        seen.append(counts.max())
    assert np.mean(seen) == pytest.approx(fullest(96, 16), rel=0.04)


def test_the_same_seed_is_the_same_result():
    assert simulate(60, 4, seed=3) == simulate(60, 4, seed=3)
    assert simulate(60, 4, seed=3) != simulate(60, 4, seed=4)


@pytest.mark.parametrize("profile", PROFILES)
def test_more_games_wait_longer_and_more_slots_help(profile):
    few, many, spread = simulate(4, 1, profile), simulate(80, 1, profile), simulate(80, 16, profile)
    assert few.p50_ms < many.p50_ms
    assert spread.p50_ms < many.p50_ms
    assert few.utilisation_mean < many.utilisation_mean
    assert spread.games_per_slot_mean == 5
    assert 5 <= spread.games_per_slot_max <= 30


def test_a_job_has_128_slots_at_most_so_more_are_several_jobs():
    result = simulate(3_000, 300, "thread", seconds=2.0)
    assert result.games_per_slot_mean == 10
    assert result.games_per_slot_max < 40


def test_the_bill_by_hand():
    one = capacity.bill(1, "thread", replicas=3, readers=2, checkpoint_s=1.0, core_hour=0.05)
    assert one.broker_in_bytes_s == 3 * (5_450 + 30_500)
    assert one.broker_out_bytes_s == 5_450 + 2 * 30_500
    assert one.checkpoint_bytes_s == 595_000
    assert one.stored_bytes_hour == 3600 * one.broker_in_bytes_s
    many = capacity.bill(1_000, "thread", checkpoint_s=10.0, core_hour=0.10)
    assert many.checkpoint_bytes_s == pytest.approx(100 * one.checkpoint_bytes_s)
    assert many.price_hour == pytest.approx(2_000 * one.price_hour)


def test_the_smallest_good_number():
    assert [capacity.smallest(lambda n, least=least: n >= least, most=40) for least in (1, 2, 3, 7, 40, 99)] == [1, 2, 3, 7, 40, 40]


def test_slots_needed_keep_the_budget_with_room_to_catch_up_and_half_of_them_do_not():
    found = slots_needed(300, "thread")
    assert found.p99_fullest_ms <= PROFILES["thread"].budget
    assert found.utilisation_max <= capacity.BUSY
    half = simulate(300, found.slots // 2, "thread")
    assert half.p99_fullest_ms > PROFILES["thread"].budget or half.utilisation_max > capacity.BUSY


def test_the_command(capsys):
    assert main(["--games", "20", "--profile", "process", "--slots", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["games"], result["slots"], result["profile"]) == (20, 2, "process")
    assert main(["--games", "20"]) == 0
    assert "20 games, thread" in capsys.readouterr().out
    assert main(["--games", "0"]) == 2
    assert "one or more" in capsys.readouterr().err
