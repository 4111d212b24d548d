#!/usr/bin/env python3
"""How many games fit on so many slots, by simulation of the queues that they stand in.

    python infra/capacity.py --games 1000 --profile thread
    python infra/capacity.py --games 1000 --profile process --slots 80 --json

Every game sends a packet per window of 200 ms, at a phase of its own. Games are spread by the hashes that are used in fact: the
partition is Kafka's murmur2 of the key, and on Flink the key has a key group, and a slot a run of key groups. A slot, or an
embedded process, takes one packet after the other. What a packet costs it, and how long a packet is on its way when there is no
queue, are figures measured on one machine (``PROFILES``); waiting is what is worked out here. Everything is seeded.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

WINDOW_MS: Final = 200.0
#: how busy the fullest slot may be: after a crash it has ten seconds to make good beside what comes
BUSY: Final = 0.6
#: key groups of a job: ``streaming.runners.flink.job.MAX_PARALLELISM``, the most slots that it can use
KEY_GROUPS: Final = 128
#: with more slots than this, the fullest and a sample of the others are simulated
SIMULATED_SLOTS: Final = 60
_MASK: Final = 0xFFFFFFFF
Array = Any


@dataclass(frozen=True)
class Profile:
    """What was measured of one way to run games. Times in ms.

    base_p50, base_p99 : from arrival to subscriber without a queue, service included, as a log-normal distribution
    service, service_p99 : CPU of the thread that a slot's packets go through in turn, per packet; log-normal
    snapshot_every, snapshot : every so many packets of a game its state is taken, which takes so long
    pause_every, pause : a commit or checkpoint, during which a slot takes nothing: so much, and so much more for each game on it
    budget : p99 that is allowed on the air
    cores_per_game : CPU of everything together, cluster and broker, at the count from which on it does not fall any more
    """

    base_p50: float
    base_p99: float
    service: float
    service_p99: float
    snapshot_every: int
    snapshot: float
    pause_every: float
    pause: float
    pause_per_game: float
    budget: float
    cores_per_game: float


#: docs/scale.md describes the measurement of each figure
PROFILES: Final = {
    "embedded": Profile(8.6, 19.3, 3.6, 12.0, 25, 6.0, 100.0, 1.0, 0.0, 50.0, 0.05),
    "process": Profile(15.0, 26.1, 2.0, 6.5, 100, 5.0, 1000.0, 2.0, 0.1, 250.0, 0.025),
    "thread": Profile(6.2, 19.5, 1.6, 5.5, 100, 4.5, 1000.0, 2.0, 0.1, 50.0, 0.03),
}

#: of one soccer game of 23 entities at 25 Hz: bytes a second on the input topic and on all output topics, as they are and as lz4
#: makes them, and the bytes of a checkpoint: the snapshot after lz4, and the log of half as many records as there are between two
IN_BYTES: Final = (18_700, 5_450)
OUT_BYTES: Final = (236_500, 30_500)
CHECKPOINT_BYTES: Final = 410_000 + 50 * 3_700
EMBEDDED_SNAPSHOT_BYTES: Final = 410_000
EMBEDDED_SNAPSHOT_S: Final = 5.0


# -- who goes where ----------------------------------------------------------------------------------------------------------


def murmur2(data: bytes) -> int:
    """Kafka's hash of a key (its clients' default partitioner), 32 bits."""
    size = len(data)
    h = 0x9747B28C ^ size
    whole = size & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * 0x5BD1E995 & _MASK
        k = (k ^ k >> 24) * 0x5BD1E995 & _MASK
        h = h * 0x5BD1E995 & _MASK ^ k
    if size > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * 0x5BD1E995 & _MASK
    h = (h ^ h >> 13) * 0x5BD1E995 & _MASK
    return h ^ h >> 15


def partition_of(game: str, partitions: int) -> int:
    return (murmur2(game.encode()) & 0x7FFFFFFF) % partitions


def key_group_of(game: str, groups: int = KEY_GROUPS) -> int:
    """Flink's key group of a key that is a row with one text field: murmur3 of its Java hash code."""
    code = 0
    for unit in memoryview(game.encode("utf-16-le")).cast("H"):
        code = (31 * code + unit) & _MASK
    k = (62 + code) & _MASK  # the hash of a row with one text field
    k = k * 0xCC9E2D51 & _MASK
    k = (k << 15 | k >> 17) & _MASK
    h = k * 0x1B873593 & _MASK
    h = (h << 13 | h >> 19) & _MASK
    h = (h * 5 + 0xE6546B64) & _MASK
    h ^= 4  # bytes hashed
    h = (h ^ h >> 16) * 0x85EBCA6B & _MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & _MASK
    h ^= h >> 16
    signed = h - (1 << 32) if h >> 31 else h
    return (signed if signed >= 0 else 0 if signed == -(1 << 31) else -signed) % groups


@lru_cache(maxsize=32)
def _hashes(games: int, seed: int, kafka: bool) -> Array:
    """Of the games of one seed: murmur2 of each key, or its key group."""
    names = (f"game-{seed}-{i}" for i in range(games))
    return np.array([murmur2(name.encode()) & 0x7FFFFFFF if kafka else key_group_of(name) for name in names])


def spread(hashes: Array, profile: str, slots: int, partitions: int) -> Array:
    """The slot of each game. Partitions are dealt to embedded processes in runs, as a range assignment does it."""
    if profile == "embedded":
        return hashes % partitions * slots // partitions
    return hashes * slots // KEY_GROUPS


def fullest(games: int, slots: int) -> float:
    """How many games the fullest of ``slots`` equally likely slots is expected to have, exactly: the probability that none has more
    than k is the probability of the multinomial to stay below k in each slot, dealt out slot by slot."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, games + 1)))])
    expected, most = 0.0, 0
    while (above := 1.0 - _none_above(games, slots, most, logs)) > 1e-12:  # the expectation is the sum of P(fullest > k)
        expected, most = expected + above, most + 1
    return expected


def _none_above(games: int, slots: int, most: int, logs: Array) -> float:
    probability = np.zeros(games + 1)  # by the number of games that are not dealt yet
    probability[games] = 1.0
    for left in range(slots, 1, -1):  # this slot's part is binomial: one of ``left`` that the rest is dealt to
        fresh = np.zeros_like(probability)
        for rest in np.flatnonzero(probability):
            k = np.arange(min(most, rest) + 1)
            log_p = logs[rest] - logs[k] - logs[rest - k] + (rest - k) * math.log1p(-1 / left) - k * math.log(left)
            fresh[rest - k] += probability[rest] * np.exp(log_p)
        probability = fresh
    return float(probability[: most + 1].sum())


# -- one slot ----------------------------------------------------------------------------------------------------------------


def waits(arrivals_ms: Array, services_ms: Array) -> Array:
    """How long each waits for those before it, first come, first served; arrivals in order. The k-th begins when the last
    pause without work before it, plus all the work since, is over."""
    work = np.concatenate([[0.0], np.cumsum(services_ms)[:-1]])
    return np.maximum.accumulate(arrivals_ms - work) + work - arrivals_ms


def lognormal(rng: np.random.Generator, p50: float, p99: float, size: int) -> Array:
    sigma = math.log(p99 / p50) / 2.3263478740408408 if p99 > p50 else 0.0
    return p50 * np.exp(sigma * rng.standard_normal(size))


def play(games: int, profile: Profile, seconds: float, rng: np.random.Generator) -> tuple[Array, float]:
    """(latencies in ms, share of the time that the slot was busy) of one slot with ``games`` games."""
    ticks = int(seconds * 1000 / WINDOW_MS)
    arrived_ms = (rng.uniform(0, WINDOW_MS, games)[:, None] + WINDOW_MS * np.arange(ticks)).ravel()
    cost = lognormal(rng, profile.service, profile.service_p99, arrived_ms.size)
    nth = (rng.integers(0, profile.snapshot_every, games)[:, None] + np.arange(ticks)).ravel()
    cost[nth % profile.snapshot_every == 0] += profile.snapshot
    pauses = np.arange(rng.uniform(0, profile.pause_every), 1000 * seconds, profile.pause_every)
    times = np.concatenate([arrived_ms, pauses])
    costs = np.concatenate([cost, np.full(pauses.size, profile.pause + profile.pause_per_game * games)])
    order = np.argsort(times, kind="stable")
    waited = np.empty_like(times)
    waited[order] = waits(times[order], costs[order])
    # What a packet takes without a queue has its usual service in it already; what its own costs beyond that comes on top.
    beyond = np.maximum(cost - profile.service, 0.0)
    way = lognormal(rng, profile.base_p50, profile.base_p99, arrived_ms.size)
    return waited[: arrived_ms.size] + beyond + way, float(costs.sum() / (1000 * seconds))


# -- what it takes beside slots --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bill:
    """Arithmetic from the figures of one game. Bytes are compressed; ``broker_in`` counts each replica, ``broker_out`` the operator
    and ``readers`` subscribers of everything. ``checkpoint_bytes_s`` is what is written of state; ``price`` is an assumption."""

    cores: float
    broker_in_bytes_s: float
    broker_out_bytes_s: float
    checkpoint_bytes_s: float
    stored_bytes_hour: float
    price_hour: float


def bill(
    games: int,
    profile: str,
    *,
    replicas: int = 3,
    readers: int = 2,
    checkpoint_s: float = 1.0,
    core_hour: float = 0.05,
) -> Bill:
    """What ``games`` games need; ``core_hour`` is the price of a core for an hour, memory, disk and traffic not counted."""
    arrive, leave = IN_BYTES[1], OUT_BYTES[1]
    state = EMBEDDED_SNAPSHOT_BYTES / EMBEDDED_SNAPSHOT_S if profile == "embedded" else CHECKPOINT_BYTES / checkpoint_s
    cores = games * PROFILES[profile].cores_per_game
    return Bill(
        cores,
        games * replicas * (arrive + leave),
        games * (arrive + readers * leave),
        games * state,
        games * replicas * 3600.0 * (arrive + leave),
        cores * core_hour,
    )


# -- all of them -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """Games and utilisation are given as the mean over the slots and of the fullest one. p50 and p99 (ms) are of all games;
    ``p99_fullest_ms`` is of the fullest slot alone, whose games are on the air as well."""

    profile: str
    games: int
    slots: int
    partitions: int
    games_per_slot_mean: float
    games_per_slot_max: int
    utilisation_mean: float
    utilisation_max: float
    p50_ms: float
    p99_ms: float
    p99_fullest_ms: float


def simulate(
    games: int,
    slots: int,
    profile: str = "thread",
    *,
    partitions: int = 0,
    seconds: float = 20.0,
    seed: int = 1,
    profiles: dict[str, Profile] | None = None,
) -> Result:
    """``games`` games on ``slots`` slots. More than 128 slots are as many jobs as it takes, each with its own games and topics."""
    measured = (profiles or PROFILES)[profile]
    partitions = partitions or max(12, 4 * slots)
    rng = np.random.default_rng(seed)
    jobs = 1 if profile == "embedded" else math.ceil(slots / KEY_GROUPS)
    counts = np.concatenate([_counts(games, slots, jobs, job, profile, partitions, seed) for job in range(jobs)])
    order = np.argsort(-counts, kind="stable")
    chosen = order if slots <= SIMULATED_SLOTS else np.append(order[0], rng.choice(order[1:], SIMULATED_SLOTS - 1, replace=False))
    all_of_it, busy = [], []
    for slot in chosen:
        latency, share = play(int(counts[slot]), measured, seconds, rng)
        all_of_it.append(latency)
        busy.append(share)
    p50_ms, p99_ms = np.percentile(np.concatenate(all_of_it), [50, 99])
    return Result(
        profile,
        games,
        slots,
        partitions,
        games / slots,
        int(counts.max()),
        float(np.mean(busy)),
        busy[0],
        float(p50_ms),
        float(p99_ms),
        float(np.percentile(all_of_it[0], 99)),
    )


def _counts(games: int, slots: int, jobs: int, job: int, profile: str, partitions: int, seed: int) -> Array:
    """Games on each slot of a job; games and slots are dealt out to the jobs evenly."""
    mine = _hashes(games, seed, profile == "embedded")[job::jobs]
    here = slots // jobs + (job < slots % jobs)
    return np.bincount(spread(mine, profile, here, max(partitions // jobs, here)), minlength=here)


def slots_needed(
    games: int,
    profile: str,
    *,
    seed: int = 1,
    budget_ms: float = 0.0,
    profiles: dict[str, Profile] | None = None,
) -> Result:
    """The smallest number of slots whose fullest one keeps the budget and is not busier than ``BUSY``."""
    budget = budget_ms or (profiles or PROFILES)[profile].budget

    def keeps(slots: int) -> bool:
        found = simulate(games, slots, profile, seed=seed, profiles=profiles)
        return found.p99_fullest_ms <= budget and found.utilisation_max <= BUSY

    return simulate(games, smallest(keeps, most=games), profile, seed=seed, profiles=profiles)


def smallest(good: Callable[[int], bool], most: int) -> int:
    """The smallest number up to ``most`` that is good, where numbers above a good one are good: by doubling, then halving. ``most``
    when none is."""
    high = 1
    while high < most and not good(high):
        high *= 2
    low, high = high // 2, min(high, most)
    while high - low > max(1, high // 50):  # to 2 %: hashing moves more than that
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="capacity.py", description="How many games fit on so many slots.")
    parser.add_argument("--games", type=int, required=True)
    parser.add_argument("--profile", choices=tuple(PROFILES), default="thread")
    parser.add_argument("--slots", type=int, help="how many there are; without it, how many are needed")
    parser.add_argument("--partitions", type=int, default=0, help="of the input topic; four for each slot, 12 at least")
    parser.add_argument("--budget-ms", type=float, default=0.0, help="p99 that is allowed; the profile's own")
    parser.add_argument("--core-hour", type=float, default=0.05, metavar="PRICE", help="an assumption: a core for an hour")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options = parser.parse_args(arguments)
    if options.games < 1 or (options.slots is not None and options.slots < 1):
        sys.stderr.write("capacity: games and slots are numbers of one or more\n")
        return 2
    if options.slots:
        result = simulate(options.games, options.slots, options.profile, partitions=options.partitions, seed=options.seed)
    else:
        result = slots_needed(options.games, options.profile, seed=options.seed, budget_ms=options.budget_ms)
    needs = bill(options.games, options.profile, core_hour=options.core_hour)
    text = json.dumps(asdict(result) | asdict(needs), indent=2) if options.json else as_text(result, needs)
    sys.stdout.write(text + "\n")
    return 0


def as_text(result: Result, needs: Bill) -> str:
    """The result as text for a terminal."""
    r, n, kind = result, needs, "processes" if result.profile == "embedded" else "slots"
    return (
        f"{r.games:,} games, {r.profile}: {r.slots:,} {kind}, {r.partitions:,} partitions\n"
        f"  games on one   mean {r.games_per_slot_mean:.1f}, fullest {r.games_per_slot_max}\n"
        f"  busy           mean {r.utilisation_mean:.0%}, fullest {r.utilisation_max:.0%}\n"
        f"  latency        p50 {r.p50_ms:.0f} ms, p99 {r.p99_ms:.0f} ms, p99 on the fullest {r.p99_fullest_ms:.0f} ms\n"
        f"  cores          {n.cores:,.1f}, at the price that was assumed {n.price_hour:,.2f} an hour\n"
        f"  brokers        {n.broker_in_bytes_s / 1e6:,.1f} MB/s in with replicas, {n.broker_out_bytes_s / 1e6:,.1f} MB/s out, "
        f"{n.stored_bytes_hour / 1e9:,.1f} GB kept for each hour\n"
        f"  state          {n.checkpoint_bytes_s / 1e6:,.1f} MB/s written"
    )


if __name__ == "__main__":
    sys.exit(main())
