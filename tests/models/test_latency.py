"""Quantiles are those of the measured values, within 5 %, in one process, in several merged, and in Prometheus."""

from __future__ import annotations

import bisect
import threading
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.latency import BOUNDS_US, DRAWN_US, EXPOSED_US, RELATIVE_ERROR, Latency
from streaming.operator.health import Health, decode_health, encode_health
from streaming.operator.metrics import OperatorMetrics

QUANTILES = (0.01, 0.25, 0.5, 0.9, 0.99, 0.999)


def distributions() -> dict[str, npt.NDArray[np.float64]]:
    """Microseconds whose quantiles are known."""
    rng = np.random.default_rng(11)
    return {
        "all the same": np.full(5_000, 100.0),
        "uniform": rng.uniform(80.0, 900.0, 20_000),
        "log-normal": rng.lognormal(np.log(120.0), 0.5, 20_000),
        "exponential": rng.exponential(2_500.0, 20_000),
        "two humps": np.concatenate([rng.normal(95.0, 3.0, 18_000), rng.normal(30_000.0, 900.0, 2_000)]),
        "whole microseconds": np.round(rng.lognormal(np.log(60.0), 0.4, 20_000)),
        "seconds": rng.lognormal(np.log(2e6), 0.7, 20_000),
    }


def counted(values: npt.NDArray[np.float64]) -> Latency:
    found = Latency()
    for value in values.tolist():
        found.add(value)
    return found


@pytest.mark.parametrize("name", distributions())
@pytest.mark.parametrize("q", QUANTILES)
def test_a_quantile_is_that_of_what_was_measured(name, q):
    values = distributions()[name]
    true = float(np.quantile(values, q, method="inverted_cdf"))
    assert counted(values).quantile(q) == pytest.approx(true, rel=RELATIVE_ERROR)


def test_where_the_median_is_100_it_is_not_1000():
    """A red 1000 us was on the page where the median was 100: the bound of the bucket that nine tenths of a millisecond shared."""
    latency = counted(np.concatenate([np.full(600, 100.0), np.full(390, 510.0), np.full(10, 1_900.0)]))
    assert latency.quantile(0.5) == pytest.approx(100.0, rel=0.05)
    assert latency.quantile(0.9) == pytest.approx(510.0, rel=0.05)
    assert latency.quantile(0.995) == pytest.approx(1_900.0, rel=0.05)
    assert latency.quantile(1.0) == latency.max_us == 1_900.0


@given(st.lists(st.floats(1.0, 9e7, exclude_min=True), min_size=1, max_size=200), st.floats(0.0, 1.0))
def test_quantiles_are_within_the_stated_error(values, q):
    true = float(np.quantile(values, q, method="inverted_cdf"))
    assert counted(np.array(values)).quantile(q) == pytest.approx(true, rel=RELATIVE_ERROR + 1e-9)


def test_quantile_of_nothing_and_beyond_the_last_bound():
    assert np.isnan(Latency().quantile(0.5))
    beyond = counted(np.array([3e8, 4e8]))
    assert beyond.counts[-1] == 2
    assert beyond.quantile(0.5) == beyond.quantile(1.0) == 4e8, "beyond the last bound it is the worst"
    none = counted(np.array([0.0, 0.0]))
    assert none.quantile(0.99) == 0.0


def test_bounds_lie_close_and_the_coarse_ones_are_among_them():
    assert all(high / low <= 1.05 + 1e-12 for low, high in pairwise(BOUNDS_US))
    assert (BOUNDS_US[0], BOUNDS_US[-1]) == (1.0, 1e8)
    for coarse in (EXPOSED_US, DRAWN_US):
        assert set(coarse) <= set(BOUNDS_US)
        assert list(coarse) == sorted(coarse)


@pytest.mark.parametrize("bounds", [EXPOSED_US, DRAWN_US])
def test_coarse_buckets_count_what_is_up_to_their_bound_and_no_more(bounds):
    values = np.concatenate([np.array(bounds), np.random.default_rng(1).lognormal(6.0, 2.0, 3_000)])
    found = counted(values).summed(bounds)
    assert found == np.bincount([bisect.bisect_left(bounds, v) for v in values], minlength=len(bounds) + 1).tolist()


def test_merged_counts_are_those_of_all_processes():
    """By the message in which each says how it does: the counts of all are those of one that had measured it all."""
    values = distributions()["two humps"]
    total = Latency()
    for part in np.array_split(values, 3):
        metrics = OperatorMetrics(("a",))
        metrics.window_latency = counted(part)
        total.merge(decode_health(encode_health(Health.of("g", "toy", "", metrics, 0))).metrics().window_latency)
    whole = counted(values)
    assert (total.counts, total.count, total.max_us) == (whole.counts, whole.count, whole.max_us)
    assert total.sum_us == pytest.approx(whole.sum_us)
    assert [total.quantile(q) for q in QUANTILES] == [whole.quantile(q) for q in QUANTILES]


def test_latency_may_be_read_while_another_thread_adds():
    latency, over = Latency(), threading.Event()

    def write() -> None:
        for i in range(200_000):
            latency.add(100.0 + i % 7)
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not over.is_set():
        seen = latency.quantile(0.5)
        assert np.isnan(seen) or 100.0 / 1.05 <= seen <= 106.0 * 1.05
        assert sum(latency.summed(DRAWN_US)) <= 200_000
    thread.join()
    assert latency.count == 200_000
