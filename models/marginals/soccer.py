"""Marginals of soccer: passes, shots, goals and how fast players run.

Facts: ``match_goals`` (M,) goals of both teams in the 90 minutes and their stoppage time; ``pass_m``, ``pass_good``, ``pass_kind``
(P,) length to where the pass ended (m), whether it arrived, one of ``KINDS``; ``shot_m``, ``shot_goal``, ``shot_kind`` (S,)
distance to the goal's centre (m), whether it went in, one of ``SHOT_KINDS``; ``burst_mps`` (B,) a player's fastest speed in five
minutes.

Goal kicks are no passes here: the real events do not say whether they arrive.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from models.data import wyscout as ws
from models.data.wyscout_shots import LENGTH_M, WIDTH_M
from models.marginals import Facts, Figures, by_band, mean, shares
from models.training.tables import column, read_table

KINDS: Final = ("ground", "high", "head", "cross", "through", "throw-in", "corner", "free kick")
SHOT_KINDS: Final = ("foot", "head", "free kick", "penalty")
_OPEN: Final = 5
_EDGES_M: Final = (0.0, 10.0, 20.0, 30.0, 45.0, np.inf)
_SHOT_EDGES_M: Final = (0.0, 8.0, 16.0, 24.0, np.inf)
#: Wyscout's words as ours
_PASSES: Final = {
    ("Pass", "Simple pass"): 0, ("Pass", "Hand pass"): 0, ("Pass", "High pass"): 1, ("Pass", "Launch"): 1, ("Pass", "Head pass"): 2,
    ("Pass", "Cross"): 3, ("Pass", "Smart pass"): 4, ("Free Kick", "Throw in"): 5, ("Free Kick", "Corner"): 6,
    ("Free Kick", "Free Kick"): 7, ("Free Kick", "Free kick cross"): 7,
}  # fmt: skip
_FREE_KICK, _PENALTY = ("Free Kick", "Free kick shot"), ("Free Kick", "Penalty")
#: what a runner's speed is taken over, s: a belt's single samples jump
_BURST_S: Final = 300.0


def figures(facts: Facts) -> Figures:
    """Of both teams together, a match being its 90 minutes with their stoppage time."""
    games = len(facts["match_goals"])
    length, good, kind = facts["pass_m"], facts["pass_good"], facts["pass_kind"]
    away, goal, shot = facts["shot_m"], facts["shot_goal"], facts["shot_kind"]
    play, plain = kind < _OPEN, shot < 2
    found: Figures = {"passes a match": len(length) / games, "passes that arrive": mean(good)}
    found |= dict(shares("passes of open play", length[play], _EDGES_M, "m"))
    found |= dict(by_band("arrive, of open play", length[play], good[play], _EDGES_M, "m"))
    for k, word in enumerate(KINDS):
        found[f"passes: {word}"] = mean(kind == k)
        found[f"arrive: {word}"] = mean(good[kind == k])
    found["shots a match"] = len(away) / games
    found["goals a match"] = mean(facts["match_goals"])
    found["shots that go in, without penalties"] = mean(goal[shot < 3])
    found["shots by head"] = mean(shot[plain] == 1)
    found |= dict(shares("shots of open play", away[plain], _SHOT_EDGES_M, "m"))
    found |= dict(by_band("go in, of open play", away[plain], goal[plain], _SHOT_EDGES_M, "m"))
    found["headers that go in"] = mean(goal[shot == 1])
    found["direct free kicks that go in"] = mean(goal[shot == 2])
    found["penalties a match"] = float(np.sum(shot == 3)) / games
    found["penalties that go in"] = mean(goal[shot == 3])
    found["fastest of a player in 5 min, mean, m/s"] = mean(facts["burst_mps"])
    return found


def read(folder: Path) -> Facts:
    """The facts of real matches: ``wyscout_events`` (events), ``soccer_zxy_tromso`` (speeds of twelve belts)."""
    found = _events(ws.read_events(folder / "wyscout_events"))
    return found | {"burst_mps": _bursts(folder / "soccer_zxy_tromso" / "samples.parquet")}


def _events(every: ws.Events) -> Facts:
    events = every.take(every.period <= 2)
    kind = np.full(len(ws.KINDS), -1)
    for word, k in _PASSES.items():
        kind[ws.KIND[word]] = k
    kinds = np.where(events.kind >= 0, kind[events.kind], -1)
    passed = (kinds >= 0) & np.isfinite(events.end_x)
    long_m, wide_m = (events.end_x - events.x) * LENGTH_M / 100.0, (events.end_y - events.y) * WIDTH_M / 100.0
    free, penalty = events.of(_FREE_KICK), events.of(_PENALTY)
    shot = events.of(("Shot", "Shot"), _FREE_KICK, _PENALTY)
    goal, own = events.has(ws.GOAL) & shot, events.has(ws.OWN_GOAL)
    what = np.where(penalty, 3, np.where(free, 2, np.where(events.has(ws.HEAD), 1, 0)))
    away = np.hypot((100.0 - events.x) * LENGTH_M / 100.0, (events.y - 50.0) * WIDTH_M / 100.0)
    # an own goal is written once or twice, at the same second
    own_rows = np.unique(np.column_stack([events.match[own], events.period[own], np.round(events.second[own])]), axis=0)
    match, row = np.unique(events.match, return_inverse=True)
    goals = np.bincount(row[goal], minlength=len(match))
    goals += np.bincount(np.searchsorted(match, own_rows[:, 0].astype(np.int64)), minlength=len(match))
    return {
        "match_goals": goals,
        "pass_m": np.hypot(long_m, wide_m)[passed].astype(np.float64),
        "pass_good": events.has(ws.ACCURATE)[passed],
        "pass_kind": kinds[passed],
        "shot_m": away[shot].astype(np.float64),
        "shot_goal": goal[shot],
        "shot_kind": what[shot],
    }


def _bursts(path: Path) -> Any:
    """Each belt's fastest speed in five minutes, m/s, the vendor's own speed."""
    table = read_table(path, ("sensor_id", "speed"))
    sensor, speed = column(table, "sensor_id"), column(table, "speed")
    # twenty samples a second; a belt that was there for a part only has not run for five minutes
    whole = [s for s in np.unique(sensor) if np.sum(sensor == s) > 0.9 * 20.0 * _BURST_S]
    return np.array([np.nanmax(speed[sensor == s]) for s in whole])
