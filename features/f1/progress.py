"""Where everybody is in the race: when each car passed each post of a mesh along the lap, and what follows from comparing them.

Posts stand every 60 m of lap distance. A car's gap at a post is its time there minus the leader's time at the same post of the
same lap, so that it means the same in a hairpin and on a straight; between posts the last one stands. The time at a post is
interpolated between the two rows around it. Two laps of posts are remembered: no lap may be longer than 7,680 m, and a car more
than a lap behind has no gap.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Frames
from features.core.sport import Signal, Stat, Step
from features.core.steps import column

POST_M: Final = 60.0
POSTS: Final = 128
LAPS: Final = 2

#: rows of a car that are farther apart are no trip from one to the other, s; in less than this it keeps its speed
BRIDGE_S: Final = 5.0
SHORT_S: Final = 0.5
#: a car that has been silent for so long is no longer in the order, s
LEFT_S: Final = 240.0
#: what lies between two posts is passed in less, s
JUST_S: Final = 5.0

#: events that read these may be so late, s
EVENT_KEEP_S: Final = 10.0

RANK = Signal("rank", "count", ("N",), keep_s=EVENT_KEEP_S)
AHEAD = Signal("ahead", "index", ("N",), fill=-1.0, places=((None, "N"),))
GAP = Signal("gap_s", "s", ("N",), keep_s=EVENT_KEEP_S)
INTERVAL = Signal("interval_s", "s", ("N",))
CLOSING = Signal("closing_s", "s", ("N",))


@kernel
def _passed(lap: float, post: int, laps: Any, times: Any, n: int) -> float:
    """When car ``n`` passed a post in a lap; NaN when that is not remembered."""
    slot = int(lap) % LAPS
    return float(times[n, slot, post]) if laps[n, slot, post] == lap else np.nan


@kernel
def _not_before(gap_s: float) -> float:
    """A car that has just been passed was at the last post before the one that is now ahead: there is no gap yet. If it was there
    long before, the two posts were not passed on one trip, and nothing is known."""
    if gap_s < 0.0:
        return 0.0 if gap_s >= -JUST_S else np.nan
    return gap_s


@kernel
def _further(m: int, n: int, last: Any, laps: Any, times: Any) -> bool:
    """Whether car ``m`` is ahead of ``n`` on the road; of two at one place the one that was there first."""
    if last[m, 0] != last[n, 0]:
        return bool(last[m, 0] > last[n, 0])
    if last[m, 1] != last[n, 1]:
        return bool(last[m, 1] > last[n, 1])
    first = _passed(last[m, 2], int(last[m, 3]), laps, times, m)
    second = _passed(last[n, 2], int(last[n, 3]), laps, times, n)
    return bool(first < second) if first != second and first == first and second == second else m < n


@kernel
def follow(
    t: Any,
    lap: Any,
    distance: Any,
    speed: Any,
    lo: int,
    hi: int,
    laps: Any,
    times: Any,
    last: Any,
    above: Any,
    rank: Any,
    ahead: Any,
    gap: Any,
    interval: Any,
    closing: Any,
) -> None:
    """One row after the other: posts passed, ranks, gaps.

    ``laps`` and ``times`` (N, LAPS, POSTS): which lap a slot is of, and when the post was passed. ``last`` (N, 6): lap and distance
    of the last row, lap and post of the last post, whether the car has been seen, and when. ``above`` (N, N): who was further than
    whom when both were last heard. A car that was not seen for some rows is taken to have gone straight on between them, and is not
    passed meanwhile, so that what is missing of one car leaves no hole in what is said of the others.
    """
    cars = lap.shape[1]
    for i in range(lo, hi):
        for n in range(cars):
            now_lap, now_m = lap[i, n], distance[i, n]
            rank[i, n], gap[i, n], interval[i, n], closing[i, n] = np.nan, np.nan, np.nan, np.nan
            ahead[i, n] = -1.0
            if np.isnan(now_lap) or np.isnan(now_m) or now_lap < 0.0 or not -POST_M * POSTS < now_m < POST_M * POSTS:
                continue
            if last[n, 4] > 0.0 and last[n, 0] <= now_lap <= last[n, 0] + 1.0 and t[i] - last[n, 5] <= BRIDGE_S:
                before_m, moved_from = last[n, 1], last[n, 5]
                first = int(np.floor(before_m / POST_M)) + 1
                if now_lap > last[n, 0]:
                    # over the line, which was now_m / speed ago: how long the lap is need not be known
                    line_s = t[i - 1]
                    if speed[i, n] > 0.0:
                        line_s = max(moved_from, t[i] - now_m / speed[i, n])
                    if speed[i, n] > 0.0 and t[i] - moved_from <= SHORT_S:
                        # posts before the line that were passed since the last row
                        slot = int(last[n, 0]) % LAPS
                        for post in range(first, POSTS):
                            when = moved_from + (post * POST_M - before_m) / speed[i, n]
                            if when > line_s:
                                break
                            laps[n, slot, post] = last[n, 0]
                            times[n, slot, post] = when
                            last[n, 2], last[n, 3] = last[n, 0], post
                    first, before_m, moved_from = 0, 0.0, line_s
                stop = int(np.floor(now_m / POST_M))
                for post in range(max(first, 0), min(stop, POSTS - 1) + 1):
                    share = 1.0
                    if now_m > before_m:
                        share = (post * POST_M - before_m) / (now_m - before_m)
                    slot = int(now_lap) % LAPS
                    laps[n, slot, post] = now_lap
                    times[n, slot, post] = moved_from + share * (t[i] - moved_from)
                    last[n, 2], last[n, 3] = now_lap, post
            last[n, 0], last[n, 1], last[n, 4], last[n, 5] = now_lap, now_m, 1.0, t[i]
        # ranks: by lap, then by distance; a car that has fallen silent keeps its last place on the road, for the others to pass
        # until it has been silent for so long that it has left the order
        for n in range(cars):
            if last[n, 4] > 0.0 and t[i] - last[n, 5] > LEFT_S:
                last[n, 4] = 0.0
        # a car that is silent for a moment keeps its place among those who were behind it and before it
        for m in range(cars):
            for n in range(cars):
                quiet_s = t[i] - min(last[m, 5], last[n, 5])
                if quiet_s == 0.0 or quiet_s > BRIDGE_S:
                    above[m, n] = 1.0 if m != n and _further(m, n, last, laps, times) else 0.0
        for n in range(cars):
            if last[n, 4] == 0.0 or np.isnan(lap[i, n]) or np.isnan(distance[i, n]):
                continue
            better, next_ahead = 0, -1
            for m in range(cars):
                if m == n or last[m, 4] == 0.0:
                    continue
                if above[m, n] == 0.0:
                    continue
                better += 1
                if next_ahead < 0 or above[next_ahead, m] > 0.0:
                    next_ahead = m
            rank[i, n], ahead[i, n] = better + 1.0, next_ahead
        leader = -1
        for n in range(cars):
            if last[n, 4] > 0.0 and (leader < 0 or above[n, leader] > 0.0):
                leader = n
        for n in range(cars):
            if np.isnan(rank[i, n]) or (last[n, 2] == 0.0 and last[n, 3] == 0.0):
                continue
            post, of_lap = int(last[n, 3]), last[n, 2]
            own = _passed(of_lap, post, laps, times, n)
            if n == leader:
                gap[i, n] = 0.0
                continue
            gap[i, n] = _not_before(own - _passed(of_lap, post, laps, times, leader))
            other = int(ahead[i, n])
            if other >= 0:
                interval[i, n] = _not_before(own - _passed(of_lap, post, laps, times, other))
                was = _passed(of_lap - 1.0, post, laps, times, n) - _passed(of_lap - 1.0, post, laps, times, other)
                closing[i, n] = was - interval[i, n]


def step(frames: Frames) -> None:
    state = frames.state
    follow(
        frames.t,
        frames["lap.last"],
        frames["lap_distance_m.last"],
        frames["speed_mps"],
        frames.lo,
        frames.hi,
        state["progress.posts.laps"],
        state["progress.posts.times"],
        state["progress.posts.last"],
        state["progress.posts.above"],
        frames["rank"],
        frames["ahead"],
        frames["gap_s"],
        frames["interval_s"],
        frames["closing_s"],
    )
    for ours, given in (("rank", "timing_place"), ("gap_s", "timing_gap_s"), ("interval_s", "timing_interval_s")):
        _as_timed(frames.lo, frames.hi, frames["lap_distance_m.last"], frames[given], frames[ours])


@kernel
def _as_timed(lo: int, hi: int, placed: Any, timed: Any, out: Any) -> None:
    """What timing gives, for cars whose place on the lap is not known."""
    for i in range(lo, hi):
        for n in range(out.shape[1]):
            if np.isnan(placed[i, n]):
                out[i, n] = timed[i, n]


SIGNALS: Final = (RANK, AHEAD, GAP, INTERVAL, CLOSING)
STEPS: Final = (
    Step(
        "progress.posts",
        step,
        SIGNALS,
        {"laps": ("N", LAPS, POSTS), "times": ("N", LAPS, POSTS), "last": ("N", 6), "above": ("N", "N")},
        limits={"last": ((0, 0.0, 1e9), (1, -POST_M * POSTS, POST_M * POSTS), (3, -POSTS, POSTS - 1.0))},
    ),
)
STATS = (
    Stat("f1.car.position", "place", "place on the road: by lap, then by lap distance; as timing gives it where the feed has "
         "no lap distance", "player", column("rank"), on_screen_name="tower"),
    Stat(
        "f1.car.gap", "s", "to the leader: time at the last 60 m post minus the leader's time at the same post of the same lap; as "
        "timing gives it where the feed has no lap distance",
        "player", column("gap_s"), on_screen_name="tower",
    ),
    Stat("f1.car.interval", "s", "the same to the car ahead", "player", column("interval_s"), on_screen_name="tower"),
)  # fmt: skip
