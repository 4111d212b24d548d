"""Routes of the tree: where a receiver went, in yards ahead and outward from the lineup."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import Signal, Stat
from features.core.steps import filling, kernel_step
from features.nfl.columns import EVENT_KEEP_S, LIVE, SNAP_T, THROW_T, WAY
from features.nfl.vocabulary import ROUTES

DEEPEST, STEM = range(2)
ROUTE = Signal("route", "m", ("N", 2), keep_s=EVENT_KEEP_S)
#: a stem ends where a receiver has moved this far sideways, m
STEM_M: Final = 1.0

ROUTE_FEATURES: Final = (
    ("throw_depth_m", "m", "ground gained at the throw"),
    ("throw_out_m", "m", "outward of his place at the throw"),
    ("throw_forward_mps", "m/s", "speed upfield at the throw"),
    ("throw_outward_mps", "m/s", "speed outward at the throw"),
    ("depth_m", "m", "ground gained at the catch"),
    ("out_m", "m", "outward of his place at the catch"),
    ("back_m", "m", "come back from his deepest point"),
    ("stem_m", "m", "depth at which he left his stem"),
)


@kernel
def _deepest(play: Any, place: Any, start: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            out[i, n, DEEPEST] = np.nan if fresh else out[i - 1, n, DEEPEST]
            if play[i, LIVE] == 1.0 and who[i, n, 2] == 1.0:
                u = place[i, n, 0] - start[i, n, 0]
                if not u <= out[i, n, DEEPEST] and not np.isnan(u):
                    out[i, n, DEEPEST] = u


@kernel
def _stem(play: Any, place: Any, start: Any, who: Any, lo: int, hi: int, out: Any) -> None:
    for i in range(max(lo, 1), hi):
        fresh = play[i, SNAP_T] != play[i - 1, SNAP_T]
        for n in range(out.shape[1]):
            out[i, n, STEM] = np.nan if fresh else out[i - 1, n, STEM]
            runs = play[i, LIVE] == 1.0 and who[i, n, 2] == 1.0 and np.isnan(out[i, n, STEM])
            if runs and abs(place[i, n, 1] - start[i, n, 1]) > STEM_M:
                out[i, n, STEM] = place[i, n, 0] - start[i, n, 0]


def route_features(event: EventContext, ledger: Any = None) -> Floats | None:
    """(F,): :data:`ROUTE_FEATURES` of the receiver whom the pass was for; None without a receiver or a throw."""
    frames, row, n = event.frames, event.row, event.player
    if frames is None or row < 0 or n < 0:
        return None
    thrown = frames["play"][row, THROW_T]
    at = frames.row_at(float(thrown)) if np.isfinite(thrown) else -1
    if at < 0 or at > row:
        return None
    start = frames["start"][row, n]
    side = 1.0 if start[1] >= 0.0 else -1.0
    way = frames["play"][row, WAY]
    before, now, v = frames["place"][at, n] - start, frames["place"][row, n] - start, frames["velocity"][at, n]
    found = np.array(
        [
            before[0],
            side * before[1],
            way * v[0],
            way * side * v[1],
            now[0],
            side * now[1],
            frames["route"][row, n, DEEPEST] - now[0],
            frames["route"][row, n, STEM],
        ]
    )
    return found if np.isfinite(found[:6]).all() else None


def route_label(event: EventContext, ledger: Any) -> str | None:
    """The likeliest branch."""
    chances = event.facts.get("nfl.receiver.route_probability")
    return ROUTES[int(np.argmax(chances))] if isinstance(chances, list) else None


SIGNALS: Final = (ROUTE,)
STEPS: Final = (
    kernel_step("route.deepest", _deepest, ROUTE, "play", "place", "start", "who"),
    filling(kernel_step("route.stem", _stem, ROUTE, "play", "place", "start", "who")),
)
STATS: Final = (
    Stat(
        "nfl.receiver.route_probability",
        "0..1",
        "chances of the nine routes of the tree for the receiver whom the pass was for",
        "player",
        route_features,
        on=("pass_arrived",),
        model="nfl-route",
        components=ROUTES,
        on_screen_name="Route",
    ),
    Stat(
        "nfl.receiver.route",
        "label",
        "the likeliest of the nine routes of the receiver whom the pass was for",
        "player",
        route_label,
        on=("pass_arrived",),
        built_on=("nfl-route",),
        on_screen_name="Route",
    ),
)
