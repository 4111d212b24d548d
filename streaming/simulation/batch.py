"""Many seeds, on several processes; each run is independent of the others, and of how many there are."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import msgspec

from streaming.simulation.deployment import simulate
from streaming.simulation.plan import Operator, of_seed

#: seeds of one piece of work
PIECE = 50


class Piece(msgspec.Struct, frozen=True):
    """What some seeds gave: by failing seed what failed, minutes of simulated time, seconds of a processor."""

    failed: dict[int, list[str]]
    seeds: int
    minutes: float
    cpu_s: float


def run_seeds(seeds: Iterable[int], operator: Operator = "tally") -> Piece:
    """Run them one after another."""
    failed: dict[int, list[str]] = {}
    minutes, count, began_s = 0.0, 0, time.process_time()
    # A run makes rings of objects by the thousand and is over soon: they are collected between runs.
    gc.disable()
    try:
        for seed in seeds:
            outcome = simulate(of_seed(seed, operator))
            count, minutes = count + 1, minutes + outcome.minutes
            if outcome.failures:
                failed[seed] = outcome.failures
    finally:
        gc.enable()
        gc.collect()
    return Piece(failed, count, minutes, time.process_time() - began_s)


def run_batch(first: int, last: int, workers: int, operator: Operator = "tally") -> Iterator[Piece]:
    """Seeds ``first`` to ``last``, both included, a piece at a time."""
    pieces = [range(at, min(at + PIECE, last + 1)) for at in range(first, last + 1, PIECE)]
    if workers <= 1:
        yield from map(partial(run_seeds, operator=operator), pieces)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(partial(run_seeds, operator=operator), pieces)
