"""Marginals of Formula 1: how lap times spread, overtakes, stops, retirements.

Facts, one row a car and lap that it finished: ``race``, ``car`` (both numbered from 0), ``lap``, ``end_s`` (on one clock for all
cars of a race), ``time_s`` (NaN where there is none), ``stop`` (whether the car went in or out of the pit lane in it), ``green``
(nothing slower than a yellow flag shown in it); ``lane_s`` (S,) times in the pit lane; ``started``, ``out`` (R,) cars of a race and
those that did not finish.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.marginals import Facts, Figures, by_band, mean
from models.training.tables import column, read_table, words_of

#: a pair is a car directly behind another at the line, so close, no stop and no neutral lap in this and the next one
REACH_S: Final = 3.0
_GAPS_S: Final = (0.0, 0.5, 1.0, 1.5, 3.0)
_NEUTRAL: Final = frozenset("4567")
#: the middle of this many laps is a car's pace of the moment
_AROUND: Final = 5
#: a lap so much slower than that was not driven at its pace
_SLOW: Final = 1.03
_SPREAD_OF_MAD: Final = 1.4826
#: a stop for a red flag or a repair is no stop as others are
_LONG_STOP_S: Final = 60.0


def figures(facts: Facts) -> Figures:
    """Of whole races; lap times as shares of the lap."""
    races = len(facts["started"])
    gap, passed = pairs(facts)
    within, between, best = _spread(facts)
    found: Figures = {
        "laps a race": len(np.unique(np.stack([facts["race"], facts["lap"]]), axis=1).T) / races,
        "a driver from lap to lap, % of the lap": within,
        "between drivers of a race, % of the lap": between,
        "fastest to slowest driver, % of the lap": best,
        "overtakes a race": float(passed.sum()) / races,
        "cars within 3 s of the next, a lap": len(gap) / len(facts["lap"]),
    }
    found |= dict(by_band("ahead a lap later, gap", gap, passed, _GAPS_S, "s"))
    found["stops a car"] = len(facts["lane_s"]) / float(facts["started"].sum())
    found["time in the pit lane, median, s"] = float(np.median(facts["lane_s"]))
    found["retirements a race"] = mean(facts["out"])
    found["laps that are not green"] = mean(~facts["green"])
    return found


def pairs(facts: Facts) -> tuple[Any, Any]:
    """(gap, passed) of every car that follows another closely over the line: s, and whether it is ahead at the next one."""
    gaps: list[float] = []
    passed: list[bool] = []
    for race in np.unique(facts["race"]):
        at = np.flatnonzero(facts["race"] == race)
        rows = {(int(facts["lap"][i]), int(facts["car"][i])): i for i in at.tolist()}
        clean = facts["green"] & ~facts["stop"]
        for lap in np.unique(facts["lap"][at]).tolist():
            in_order = sorted(at[facts["lap"][at] == lap].tolist(), key=lambda i: float(facts["end_s"][i]))
            for ahead, behind in itertools.pairwise(in_order):
                gap = float(facts["end_s"][behind] - facts["end_s"][ahead])
                after = [rows.get((int(lap) + 1, int(facts["car"][i])), -1) for i in (ahead, behind)]
                if gap > REACH_S or min(after) < 0 or not all(clean[i] for i in (ahead, behind, *after)):
                    continue
                gaps.append(gap)
                passed.append(bool(facts["end_s"][after[1]] < facts["end_s"][after[0]]))
    return np.array(gaps), np.array(passed)


def _spread(facts: Facts) -> tuple[float, float, float]:
    """Spread within a driver, between drivers, and of all of a race from first to last, % of the lap. A driver's is that of the
    differences from one clean lap to the next, by their median, over the root of two."""
    within, between, whole = [], [], []
    clean = facts["green"] & ~facts["stop"] & np.isfinite(facts["time_s"]) & (facts["lap"] > 1)
    for race in np.unique(facts["race"]):
        paces = []
        for car in np.unique(facts["car"][facts["race"] == race]):
            at = np.flatnonzero((facts["race"] == race) & (facts["car"] == car) & clean)
            at = at[np.argsort(facts["lap"][at])]
            time = facts["time_s"][at]
            if len(time) < 4 * _AROUND:
                continue
            usual = float(np.median(time))
            fine = time < _SLOW * usual
            steps = np.diff(time[fine])[np.diff(facts["lap"][at][fine]) == 1]
            within.append(100.0 * _SPREAD_OF_MAD * float(np.median(np.abs(steps))) / 2**0.5 / usual)
            paces.append(usual)
        if len(paces) > _AROUND:
            pace = np.array(paces) / np.mean(paces)
            between.append(100.0 * float(np.std(pace)))
            whole.append(100.0 * float(np.ptp(pace)))
    return mean(np.array(within)), mean(np.array(between)), mean(np.array(whole))


def read(folder: Path) -> Facts:
    """The facts of real races: ``f1_laps_2023_2024`` (races on a wet track left out) and ``f1_history`` (time in the pit lane)."""
    table = read_table(
        folder / "f1_laps_2023_2024" / "laps.parquet",
        ("race_id", "driver", "lap", "end_s", "lap_time_s", "pit_in_s", "pit_out_s", "track_status", "wet_race"),
    )
    wet = column(table, "wet_race") == 1.0
    race_id, end = words_of(table, "race_id"), column(table, "end_s")
    valid = ~wet & np.isfinite(end)
    names, race = np.unique(race_id[valid], return_inverse=True)
    status = words_of(table, "track_status")[valid]
    stop = np.isfinite(column(table, "pit_in_s")) | np.isfinite(column(table, "pit_out_s"))
    results = read_table(folder / "f1_laps_2023_2024" / "results.parquet", ("race_id", "finish_position", "laps"))
    of, place = words_of(results, "race_id"), column(results, "finish_position")
    started = column(results, "laps") > 0
    stops = read_table(folder / "f1_history" / "pit_stops_2011_2025.parquet", ("race_id", "pit_s"))
    lane = column(stops, "pit_s")[np.isin(words_of(stops, "race_id"), names)]
    return {
        "race": race,
        "car": np.unique(words_of(table, "driver")[valid], return_inverse=True)[1],
        "lap": column(table, "lap")[valid],
        "end_s": end[valid],
        "time_s": column(table, "lap_time_s")[valid],
        "stop": stop[valid],
        "green": np.array([not _NEUTRAL & set(word) for word in status.tolist()]),
        "lane_s": lane[lane < _LONG_STOP_S],
        "started": np.array([np.sum(started & (of == name)) for name in names]),
        "out": np.array([np.sum(started & (of == name) & ~np.isfinite(place)) for name in names]),
    }
