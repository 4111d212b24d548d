"""States of real races, as the account of a live race would have them: once for every lap of the leader, a row per car still in it.

The state is that of the moment before the leader completes the next lap: by then all cars on that lap have passed the line. Gaps
are differences of the times at which the cars completed the same lap; a car whose last lap lies more than one and a half laps of
the leader back has stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.f1.game import WIN_FEATURES, Standing, win_rows
from features.f1.ledger import TRAFFIC_S, add_clean_lap, best_known, pace_s
from features.f1.pace_model import PIT_LOSS_S, SUMS, PaceModel, lap_row, with_stop
from models.base import Floats
from models.data.f1_laps import compound_of
from models.training.tables import column, read_table, words_of

_NUMBERS: Final = ("lap", "position", "end_s", "lap_time_s", "tyre_life", "pit_in_s", "pit_out_s")
_WORDS: Final = ("race_id", "driver", "compound", "track_status")
#: a car is gone when it has not come round for so many laps of the leader
_GONE_LAPS: Final = 1.5
#: codes of a neutralised track: safety car, red flag, virtual safety car
_NEUTRAL: Final = frozenset("4567")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class States:
    """``rows`` (B, F) of ``WIN_FEATURES``, ``label`` (B,) 1 for the winner, ``race`` (B,), and ``moment`` (B,) numbers the rows of
    one race at one time."""

    rows: Floats
    label: Floats
    race: npt.NDArray[np.str_]
    moment: Ints


def states_of(folder: Path) -> States:
    """``ValueError`` with one sentence when ``laps.parquet`` or ``results.parquet`` is not what it should be."""
    table = read_table(folder / "laps.parquet", (*_NUMBERS, *_WORDS))
    laps = {name: column(table, name) for name in _NUMBERS} | {"compound": compound_of(words_of(table, "compound"))}
    words = {name: words_of(table, name) for name in ("race_id", "driver", "track_status")}
    results = read_table(folder / "results.parquet", ("race_id", "driver", "finish_position"))
    first = column(results, "finish_position") == 1.0
    races, drivers = words_of(results, "race_id")[first].tolist(), words_of(results, "driver")[first].tolist()
    won = dict(zip(races, drivers, strict=True))
    parts: list[tuple[Floats, Floats, str]] = []
    for race in np.unique(words["race_id"]).tolist():
        in_race = words["race_id"] == race
        if race in won:
            one = _Race({k: v[in_race] for k, v in laps.items()}, words["driver"][in_race], words["track_status"][in_race])
            parts += [(rows, np.array([one.drivers[n] == won[race] for n in at], np.float64), race) for rows, at in one.moments()]
    if not parts:
        raise ValueError(f"{folder} has no race with laps and a winner")
    sizes = [len(rows) for rows, _, _ in parts]
    return States(
        np.concatenate([rows for rows, _, _ in parts]),
        np.concatenate([label for _, label, _ in parts]),
        np.repeat(np.array([race for _, _, race in parts], np.str_), sizes),
        np.repeat(np.arange(len(parts)), sizes),
    )


class _Race:
    """One race as arrays (cars, laps + 1), lap 0 unused; NaN where a car has no such lap."""

    def __init__(self, laps: dict[str, Floats], driver: Any, status: Any) -> None:
        self.drivers = np.unique(driver).tolist()
        self.laps = int(np.nanmax(laps["lap"]))
        at = np.searchsorted(np.array(self.drivers), driver), laps["lap"].astype(np.int64)
        self.of = {}
        for name, values in laps.items():
            self.of[name] = np.full((len(self.drivers), self.laps + 1), np.nan)
            self.of[name][at] = values
        self.neutral = np.zeros((len(self.drivers), self.laps + 1), np.bool_)
        self.neutral[at] = [bool(_NEUTRAL & set(codes)) for codes in status.tolist()]
        clear = np.zeros_like(self.neutral)
        clear[at] = status == "1"
        self._clear = clear
        out = np.isfinite(self.of["pit_out_s"])
        out[:, :2] = False  # a start from the pit lane is no stop
        self._stops = np.cumsum(out, axis=1)

    def _paces(self) -> Iterator[tuple[PaceModel, Floats, float]]:
        """After each lap of the leader: what laps cost, each car's own pace (cars,), and what a stop costs, s, from the laps that
        were over by then (see ``features.f1.ledger``)."""
        of, cars = self.of, len(self.drivers)
        interval, end = self._intervals(), self.of["end_s"]
        model, sums = PaceModel(), [[0.0] * (2 * SUMS) for _ in range(cars)]
        pit_loss_s, stops, costs = PIT_LOSS_S, 0, np.full(cars, np.nan)
        driven = np.argwhere(np.isfinite(end[:, 1:])) + np.array([0, 1])
        driven = driven[np.argsort(end[tuple(driven.T)], kind="stable")]
        at = 0
        for now in self._first()[2:]:
            while at < len(driven) and end[tuple(driven[at])] < now:
                n, lap = driven[at].tolist()
                at += 1
                time, kind, age = of["lap_time_s"][n, lap], of["compound"][n, lap], of["tyre_life"][n, lap]
                into, out = np.isfinite(of["pit_in_s"][n, lap]), np.isfinite(of["pit_out_s"][n, lap])
                if into:
                    costs[n] = 0.0
                if not np.isfinite(kind + age):
                    costs[n] = np.nan
                    continue
                row = lap_row(lap, self.laps, int(kind), float(age) - 1.0)
                took = end[n, lap] - end[n, lap - 1]
                costs[n] += took - model.expected_s(best_known(sums[n]), row) if self._clear[n, lap] else np.nan
                if not into and costs[n] == costs[n]:
                    (pit_loss_s, stops), costs[n] = with_stop(pit_loss_s, stops, float(costs[n])), np.nan
                if lap > 1 and self._clear[n, lap] and not into and not out and np.isfinite(time):
                    add_clean_lap(model, sums[n], row, float(time), free=not interval[n, lap] < TRAFFIC_S)
            yield model, np.array([pace_s(model, each) for each in sums]), pit_loss_s

    def _first(self) -> Floats:
        """(laps + 1,) when the first car completed each lap, NaN where none did."""
        end = self.of["end_s"]
        there, first = np.isfinite(end).any(0), np.full(self.laps + 1, np.nan)
        first[there] = np.nanmin(end[:, there], axis=0)
        return first

    def _intervals(self) -> Floats:
        """(cars, laps + 1) s to the car that completed the same lap before; NaN for the first."""
        out = np.full_like(self.of["end_s"], np.nan)
        for lap in range(1, self.laps + 1):
            end = self.of["end_s"][:, lap]
            order = np.argsort(end, kind="stable")[: int(np.isfinite(end).sum())]
            out[order[1:], lap] = np.diff(end[order])
        return out

    def moments(self) -> list[tuple[Floats, Ints]]:
        """The rows of the cars still in it, and who they are, once for every lap of the leader but the last."""
        end = self.of["end_s"]
        first = self._first()
        found = []
        for lap, (model, pace, pit_loss_s) in enumerate(self._paces(), 1):
            now, took = first[lap + 1], first[lap + 1] - first[lap]
            if not np.isfinite(now + took):
                continue
            with np.errstate(invalid="ignore"):
                done = np.where(end < now, np.arange(self.laps + 1), 0).max(1)
            every = np.arange(len(self.drivers))
            last = end[every, done]
            running = np.flatnonzero((done > 0) & (now - last <= _GONE_LAPS * took))
            gap = last - first[done]
            leader = int(np.nanargmin(end[:, lap + 1]))
            cars = Standing(
                laps_done=done.astype(np.float64),
                gap_s=gap + (lap - done) * took,
                pace_s=pace,
                stops=self._stops[every, done].astype(np.float64),
                age_laps=self.of["tyre_life"][every, done],
                compound=self.of["compound"][every, done],
                running=running,
            )
            rows = win_rows(self.laps, cars, neutralised=bool(self.neutral[leader, lap + 1]), model=model, pit_loss_s=pit_loss_s)
            known = running[np.isfinite(rows[running, 1])]
            if len(known) > 1:
                found.append((rows[known], known))
        assert all(rows.shape[1] == len(WIN_FEATURES) for rows, _ in found)
        return found
