"""The training tables of Formula 1's models: races at the level of their timing loops, every draw with its true probability."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.frames import Floats
from features.f1.battle import MOST_CLOSING_S
from features.f1.game import Standing, win_rows
from features.f1.ledger import TRAFFIC_S, TRAFFIC_SHARE, add_clean_lap, best_known, pace_s
from features.f1.pace_model import SUMS, PaceModel, lap_row, with_stop
from features.f1.strategy import undercut_row
from models.training.training import Table
from simulators.f1.game import FULL_LAPS
from simulators.f1.loops import ATTEMPT, OFF, SAFETY_OFF, SAFETY_ON, UNDERCUT
from simulators.f1.race import Race

Flags = npt.NDArray[np.bool_]
Progress = Callable[[float], None]
#: moments of a race at which the win probability is computed
MOMENTS: Final = 5
#: the truth of the win probability takes so many continuations of a race, and is worked out for so many races of a table
ROLLOUTS: Final = 300
TRUE_GAMES: Final = 40
SHORTEST_LAPS: Final = 3


def _no_progress(games: float) -> None:
    """Progress is not shown."""


def draw_table(model: str, seed: int, games: int, advance: Progress = _no_progress) -> Table:
    """Rows of ``f1-overtake`` or ``f1-undercut`` from whole races with seeds ``seed``, ``seed + 1``, ...; the truth is kept
    beside the labels and never learnt from."""
    kind = {"f1-overtake": ATTEMPT, "f1-undercut": UNDERCUT}[model]
    parts: list[Floats] = []
    names: list[Any] = []
    for number in range(seed, seed + games):
        events = Race(number, FULL_LAPS).events
        chosen = events[events[:, 0] == kind]
        parts.append(chosen)
        names.append(np.full(len(chosen), number, np.int64))
        advance(1.0)
    drawn = np.concatenate(parts)
    if kind == ATTEMPT:
        rows = drawn[:, 7:11].copy()
        rows[:, 1] = np.clip(rows[:, 1], -MOST_CLOSING_S, MOST_CLOSING_S)
    else:
        rows = np.array([undercut_row(gap, age, age - difference) for gap, age, difference in drawn[:, 7:10]])
    source: dict[str, str | float | int] = {
        "source": "simulated f1 at loop level",
        "games": games,
        "first_seed": seed,
        "rows": len(rows),
    }
    return Table(rows, drawn[:, 6].copy(), np.concatenate(names), source, truth=drawn[:, 5].copy())


def win_table(seed: int, games: int, advance: Progress = _no_progress) -> Table:
    """Rows of ``f1-win-probability``: every car at a few laps of each race. The truth is the share of wins among continuations with
    fresh chances, given for the first races only."""
    parts, labels, truths, names = [], [], [], []
    for number in range(seed, seed + games):
        rng = np.random.default_rng(number)
        # every other race is shorter, as simulated races often are
        laps = FULL_LAPS if number % 2 else int(rng.integers(SHORTEST_LAPS, FULL_LAPS))
        race = Race(number, laps)
        winner = int(np.argmin(race.t[:, -1]))
        chosen = np.sort(rng.choice(np.arange(1, laps), min(MOMENTS, laps - 1), replace=False)).tolist()
        for lap, rows in zip(chosen, standing_rows(race, chosen), strict=True):
            there = ~np.isnan(rows).all(axis=1)
            known = number < seed + TRUE_GAMES
            truth = race.winners_from(lap, ROLLOUTS, number) if known else np.full(race.cars, np.nan)
            parts.append(rows[there])
            labels.append((np.arange(race.cars) == winner)[there].astype(np.float64))
            truths.append(truth[there])
            names.append(np.full(int(there.sum()), number, np.int64))
        advance(1.0)
    source: dict[str, str | float | int] = {
        "source": "simulated f1 at loop level",
        "games": games,
        "first_seed": seed,
        "rows": sum(map(len, parts)),
    }
    return Table(np.concatenate(parts), np.concatenate(labels), np.concatenate(names), source, truth=np.concatenate(truths))


def standing_rows(race: Race, laps: list[int]) -> Iterator[Floats]:
    """What the account of a race knows when everybody has done so many laps, as features, for each of ``laps``, rising."""
    for lap, (model, pace, pit_loss_s) in zip(laps, paces(race, laps), strict=True):
        at = race.t[:, lap * race.loops]
        state = race.history[lap]
        cars = Standing(
            laps_done=np.full(race.cars, float(lap)),
            gap_s=at - at.min(),
            pace_s=pace,
            stops=state[:, 2],
            age_laps=state[:, 0],
            compound=state[:, 1],
            running=np.flatnonzero(np.isfinite(at)),
        )
        yield win_rows(race.laps, cars, neutralised=race.neutral_at(float(at.min())), model=model, pit_loss_s=pit_loss_s)


def paces(race: Race, laps: list[int]) -> Iterator[tuple[PaceModel, Floats, float]]:
    """What laps cost, each car's own pace, (N,), and what a stop costs, s, from the laps before, as the account of a race would
    have them, for each of ``laps``, rising."""
    start, end = race.t[:, : -1 : race.loops], race.t[:, race.loops :: race.loops]
    disturbed, clean, free = _kinds_of_laps(race, start, end)
    model, sums = PaceModel(), [[0.0] * (2 * SUMS) for _ in range(race.cars)]
    pit_loss_s, stops, costs = race.pit_loss_s, 0, np.full(race.cars, np.nan)
    before = 0
    for until in laps:
        driven = np.argwhere(np.isfinite(end[:, before:until])) + np.array([0, before])
        for n, j in driven[np.argsort(end[tuple(driven.T)], kind="stable")].tolist():
            age, compound = race.history[j, n, :2]
            row, took = lap_row(j + 1, race.laps, int(compound), float(age)), float(end[n, j] - start[n, j])
            if np.isfinite(race.standing[j, n]):
                costs[n] = 0.0
            costs[n] += np.nan if disturbed[n, j] else took - model.expected_s(best_known(sums[n]), row)
            if not np.isfinite(race.standing[j, n]) and costs[n] == costs[n]:
                (pit_loss_s, stops), costs[n] = with_stop(pit_loss_s, stops, float(costs[n])), np.nan
            if clean[n, j]:
                add_clean_lap(model, sums[n], row, took, free=bool(free[n, j]))
        before = until
        yield model, np.array([pace_s(model, each) for each in sums]), pit_loss_s


def _kinds_of_laps(race: Race, start: Floats, end: Floats) -> tuple[Flags, Flags, Flags]:
    """(N, laps) whether a lap was disturbed by the safety car or a trip off the track; whether it was clean, that is neither, nor
    with a stop; and whether it was driven in free air."""
    t, (cars, laps) = race.t, end.shape
    disturbed = np.zeros(end.shape, np.bool_)
    for row in race.events:
        if row[0] == OFF:
            disturbed[int(row[2]), int(row[1] - 1) // race.loops] = True
    on = [row[4] for row in race.events if row[0] == SAFETY_ON]
    off = [row[4] for row in race.events if row[0] == SAFETY_OFF]
    for a, b in zip(on, [*off, np.inf][: len(on)], strict=True):
        disturbed |= (start < b) & (end > a)
    stopped = np.isfinite(race.standing.T)
    clean = np.isfinite(end) & ~stopped & ~disturbed
    clean[:, 0] = False
    clean[:, 1:] &= ~stopped[:, :-1]
    order = np.argsort(t, axis=0, kind="stable")
    ahead = np.full(t.shape, -np.inf)
    np.put_along_axis(ahead, order[1:], np.take_along_axis(t, order[:-1], axis=0), axis=0)
    with np.errstate(invalid="ignore"):
        close = (t - ahead)[:, 1:] < TRAFFIC_S
    return disturbed, clean, close.reshape(cars, laps, race.loops).sum(axis=2) <= TRAFFIC_SHARE * race.loops


TABLES: Final = {
    "f1-overtake": partial(draw_table, "f1-overtake"),
    "f1-undercut": partial(draw_table, "f1-undercut"),
    "f1-win-probability": win_table,
}
