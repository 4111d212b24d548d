"""Counting the final values of a soak: what is lost, doubled or in excess is found."""

from __future__ import annotations

from collections import Counter

from streaming.bench.cluster import one_game
from streaming.bench.finals import FinalBatch, FinalCounts, FinalUpdate, difference, undisturbed


def update(stat: str, end_us: int, subject: str = "home-1", **more: object) -> FinalUpdate:
    fields = {"quality": "final", "revision": 0, "event": None} | more
    return FinalUpdate(id=f"{stat}/{subject}/{end_us}", stat=stat, subject=subject, window_us=(0, end_us), **fields)


def counted(*batches: list[FinalUpdate]) -> FinalCounts:
    found = FinalCounts()
    for updates in batches:
        found.take(FinalBatch("g", updates))
    return found


def test_each_window_and_subject_counts_once():
    found = counted([update("speed", 200), update("speed", 200, "home-2")], [update("speed", 400)])
    assert (found.counts["g"], found.doubled) == (Counter(speed=3), 0)


def test_window_that_comes_again_is_doubled():
    assert counted([update("speed", 200)], [update("speed", 400)], [update("speed", 200)]).doubled == 1
    assert counted([update("speed", 200)], [update("speed", 200)]).doubled == 1


def test_provisional_values_do_not_count():
    found = counted([update("speed", 200, quality="provisional")], [update("speed", 200)])
    assert (found.counts["g"].total(), found.doubled) == (1, 0)


def test_event_and_its_correction_are_different_values():
    shot, corrected = update("xgoals", 200, event="shot-1"), update("xgoals", 200, event="shot-1", revision=1)
    assert counted([shot], [corrected]).doubled == 0
    assert counted([shot], [corrected], [corrected]).doubled == 1


def test_difference_names_what_is_lost_doubled_and_in_excess():
    wanted = Counter(speed=5, xgoals=1)
    assert difference(wanted, {"a": {"speed": 5, "xgoals": 1}}, 0, ["a"]).lost == 0
    lost = difference(wanted, {"a": {"speed": 3, "xgoals": 1}}, 0, ["a", "b"])
    assert (lost.finals, lost.lost, lost.in_excess) == (12, 2 + 6, 0)
    twice = difference(wanted, {"a": {"speed": 7, "xgoals": 1}}, 2, ["a"])
    assert (twice.lost, twice.doubled, twice.in_excess) == (0, 2, 0)
    strange = difference(wanted, {"a": {"speed": 6, "xgoals": 1}}, 0, ["a"])
    assert (strange.doubled, strange.in_excess) == (0, 1)


def test_undisturbed_process_publishes_every_window():
    counts = undisturbed(one_game(4.0))
    assert counts["soccer.player.speed"] >= 15 * 22
