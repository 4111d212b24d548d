"""The prior of the pace model derived again from real races: least squares per race, medians and spreads over the races."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.f1.ledger import TRAFFIC_S
from features.f1.pace_model import (
    EFFECTS,
    PIT_LOSS_S,
    PIT_LOSS_SD_S,
    PRIOR_S,
    PRIOR_SCATTER_S,
    PRIOR_SD_S,
    STINT_SD_S,
    STOP_SCATTER_S,
    lap_row,
)
from models.data.f1_laps import compound_of
from models.training.tables import column, read_table, words_of

pytestmark = [pytest.mark.real, pytest.mark.slow]

NUMBERS = ("lap", "end_s", "lap_time_s", "tyre_life", "pit_in_s", "pit_out_s", "wet_race", "stint")
MAD = 1.4826
#: a lap so much slower than the car's median was not driven at its pace; fits with such standard errors show nothing, s and s a lap
SLOW, POOR_S, POOR_WEAR_S = 1.03, 1.0, 0.05
LEAST_LAPS, LONG_STINT, LEAST_STOPS, REPAIR_S = 5, 10, 5, 60.0


def races(folder: Path) -> Iterator[dict[str, Any]]:
    """The dry races, as columns."""
    table = read_table(folder / "f1_laps_2023_2024" / "laps.parquet", (*NUMBERS, "race_id", "driver", "track_status", "compound"))
    laps = {name: column(table, name) for name in NUMBERS} | {"compound": compound_of(words_of(table, "compound"))}
    laps |= {name: words_of(table, name) for name in ("race_id", "driver", "track_status")}
    for race in np.unique(laps["race_id"]).tolist():
        here = {name: values[laps["race_id"] == race] for name, values in laps.items()}
        if not here["wet_race"][0]:
            yield here


def intervals(laps: dict[str, Any]) -> Any:
    """s to the car that ended the same lap before; NaN for the first."""
    found = np.full(len(laps["lap"]), np.nan)
    for lap in np.unique(laps["lap"]):
        at = np.flatnonzero((laps["lap"] == lap) & np.isfinite(laps["end_s"]))
        at = at[np.argsort(laps["end_s"][at])]
        found[at[1:]] = np.diff(laps["end_s"][at])
    return found


def clean_laps(laps: dict[str, Any]) -> Any:
    """Whether a lap was green, without a stop, not the first, and near the car's median."""
    clean = (laps["track_status"] == "1") & np.isnan(laps["pit_in_s"]) & np.isnan(laps["pit_out_s"]) & (laps["lap"] > 1)
    clean &= np.isfinite(laps["lap_time_s"]) & (laps["compound"] >= 0) & np.isfinite(laps["tyre_life"])
    for car in np.unique(laps["driver"]):
        own = clean & (laps["driver"] == car)
        if own.any():
            clean &= ~own | (laps["lap_time_s"] < SLOW * np.median(laps["lap_time_s"][own]))
    return clean


def fitted(laps: dict[str, Any]) -> tuple[dict[str, float], float]:
    """The effects of one race that its laps in free air show well enough, and the scatter, s."""
    free = clean_laps(laps) & ~(intervals(laps) < TRAFFIC_S)
    rows, times = [], []
    for car in np.unique(laps["driver"]):
        at = np.flatnonzero(free & (laps["driver"] == car))
        if len(at) >= LEAST_LAPS:
            own = np.array(
                [
                    lap_row(int(laps["lap"][i]), int(laps["lap"].max()), int(laps["compound"][i]), laps["tyre_life"][i] - 1.0)
                    for i in at
                ]
            )
            rows.append(own - own.mean(axis=0))
            times.append(laps["lap_time_s"][at] - laps["lap_time_s"][at].mean())
    x, y = np.concatenate(rows), np.concatenate(times)
    shown = np.flatnonzero(np.abs(x).sum(axis=0) > 0)
    x, kept, scatter = x[:, shown], np.ones(len(y), np.bool_), np.nan
    for _ in range(3):
        effects = np.linalg.lstsq(x[kept], y[kept], rcond=None)[0]
        off = y - x @ effects
        scatter = MAD * float(np.median(np.abs(off[kept])))
        kept = np.abs(off) < 3.0 * scatter
    errors = scatter * np.sqrt(np.diag(np.linalg.pinv(x[kept].T @ x[kept])))
    names = [EFFECTS[k] for k in shown]
    poor = {name: POOR_WEAR_S if name.startswith("wear") else POOR_S for name in names}
    return {n: float(e) for n, e, error in zip(names, effects, errors, strict=True) if error < poor[n]}, scatter


def test_the_prior_of_the_effects_is_that_of_dry_races(real_data: Path) -> None:
    found: dict[str, list[float]] = {}
    scatters = []
    for laps in races(real_data):
        effects, scatter = fitted(laps)
        scatters.append(scatter)
        for name, effect in effects.items():
            found.setdefault(name, []).append(effect)
    assert len(scatters) == 23
    assert np.median(scatters) == pytest.approx(PRIOR_SCATTER_S, abs=0.02)
    for name in ("fuel", "slower_soft", "slower_hard", "wear_soft", "wear_medium", "wear_hard"):
        low, middle, high = np.percentile(found[name], [25, 50, 75])
        at = EFFECTS.index(name)
        assert middle == pytest.approx(PRIOR_S[at], abs=0.15 * PRIOR_SD_S[at] + 0.001), name
        assert (high - low) / 1.349 == pytest.approx(PRIOR_SD_S[at], rel=0.15), name


def test_the_prior_of_a_stint_s_wear_is_that_of_dry_races(real_data: Path) -> None:
    """Slopes of stints about the compound's in the race, less what scatter makes of them."""
    off, errors = [], []
    for laps in races(real_data):
        effects, scatter = fitted(laps)
        clean, whole = clean_laps(laps), int(laps["lap"].max())
        for car, stint in {(c, s) for c, s in zip(laps["driver"], laps["stint"], strict=True)}:
            at = np.flatnonzero(clean & (laps["driver"] == car) & (laps["stint"] == stint))
            wear = f"wear_{('soft', 'medium', 'hard', 'intermediate', 'wet')[int(laps['compound'][at[0]])]}" if len(at) else ""
            if len(at) < LONG_STINT or wear not in effects:
                continue
            age = laps["tyre_life"][at] - laps["tyre_life"][at].mean()
            time = laps["lap_time_s"][at] + effects["fuel"] * laps["lap"][at] / whole
            off.append(float(age @ time / (age @ age)) - effects[wear])
            errors.append(scatter / float(np.sqrt(age @ age)))
    assert len(off) > 700
    spread = np.sqrt((MAD * np.median(np.abs(off))) ** 2 - np.median(errors) ** 2)
    assert spread == pytest.approx(STINT_SD_S, rel=0.1)


def test_the_prior_of_the_cost_of_a_stop_is_that_of_dry_races(real_data: Path) -> None:
    """In-lap and out-lap, both green, against twice the car's median clean lap around them."""
    middles, spreads = [], []
    for laps in races(real_data):
        clean, costs = clean_laps(laps), []
        at = {(car, lap): i for i, (car, lap) in enumerate(zip(laps["driver"], laps["lap"], strict=True))}
        for (car, lap), i in at.items():
            before, after = at.get((car, lap - 1), -1), at.get((car, lap + 1), -1)
            if not np.isfinite(laps["pit_in_s"][i]) or min(before, after) < 0:
                continue
            near = clean & (laps["driver"] == car) & (np.abs(laps["lap"] - lap) <= 6)
            if laps["track_status"][i] == laps["track_status"][after] == "1" and near.sum() >= 3:
                costs.append(laps["end_s"][after] - laps["end_s"][before] - 2.0 * np.median(laps["lap_time_s"][near]))
        stops = np.array([cost for cost in costs if cost < REPAIR_S])
        if len(stops) >= LEAST_STOPS:
            middles.append(float(np.median(stops)))
            spreads.append(MAD * float(np.median(np.abs(stops - middles[-1]))))
    assert len(middles) == 22
    assert np.median(middles) == pytest.approx(PIT_LOSS_S, abs=0.6)
    assert np.std(middles) == pytest.approx(PIT_LOSS_SD_S, rel=0.1)
    assert np.median(spreads) == pytest.approx(STOP_SCATTER_S, rel=0.1)
