"""The training tables of Formula 1's models: races at the level of their timing loops, every draw with its true probability."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from features.core.frames import Floats
from features.f1.battle import MOST_CLOSING_S
from features.f1.ledger import TRAFFIC_S, TRAFFIC_SHARE, pace_s
from features.f1.pace_model import bare
from features.f1.strategy import undercut_row
from features.f1.win import Standing, win_rows
from models.training.training import Table
from simulators.f1.game import FULL_LAPS
from simulators.f1.loops import ATTEMPT, OFF, SAFETY_OFF, SAFETY_ON, UNDERCUT
from simulators.f1.race import Race

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
        for lap in np.sort(rng.choice(np.arange(1, laps), min(MOMENTS, laps - 1), replace=False)).tolist():
            rows = standing_rows(race, lap)
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


def standing_rows(race: Race, lap: int) -> Floats:
    """Features of the ledger of a race after ``lap`` laps of every car."""
    g = lap * race.loops
    at = race.t[:, g]
    running = np.flatnonzero(np.isfinite(at))
    state = race.history[lap]
    cars = Standing(
        laps_done=np.full(race.cars, float(lap)),
        gap_s=at - at.min(),
        pace_s=pace(race, lap),
        stops=state[:, 2],
        age_laps=state[:, 0],
        compound=state[:, 1],
        running=running,
    )
    return win_rows(race.laps, cars, neutralised=race.neutral_at(float(at.min())), pit_loss_s=race.pit_loss_s)


def pace(race: Race, lap: int) -> Floats:
    """(N,) each car's own pace from its clean laps before ``lap``, as the account of a race would have it."""
    loops, cars = race.loops, race.cars
    t = race.t[:, : lap * loops + 1]
    on = [row[4] for row in race.events if row[0] == SAFETY_ON]
    off = [row[4] for row in race.events if row[0] == SAFETY_OFF]
    start, end = t[:, : lap * loops : loops], t[:, loops : lap * loops + 1 : loops]
    clean = np.isfinite(end)
    clean[:, 0] = False
    stopped = np.isfinite(race.standing[:lap].T)
    clean &= ~stopped
    clean[:, 1:] &= ~stopped[:, :-1]
    for row in race.events:
        if row[0] == OFF and int(row[1] - 1) // loops < lap:
            clean[int(row[2]), int(row[1] - 1) // loops] = False
    for a, b in zip(on, [*off, np.inf][: len(on)], strict=True):
        clean &= ~((start < b) & (end > a))
    order = np.argsort(t, axis=0, kind="stable")
    ahead = np.full(t.shape, -np.inf)
    np.put_along_axis(ahead, order[1:], np.take_along_axis(t, order[:-1], axis=0), axis=0)
    with np.errstate(invalid="ignore"):
        close = (t - ahead)[:, 1:] < TRAFFIC_S
    free = close.reshape(cars, lap, loops).sum(axis=2) <= TRAFFIC_SHARE * loops
    found = np.full(cars, np.nan)
    for n in range(cars):
        sums = [0.0] * 4
        for j in np.flatnonzero(clean[n]).tolist():
            took, tyres = float(end[n, j] - start[n, j]), race.history[j, n]
            own = bare(took, j + 1, race.laps, int(tyres[1]), float(tyres[0]))
            sums[0] += 1
            sums[1] += own
            if free[n, j]:
                sums[2] += 1
                sums[3] += own
        found[n] = pace_s(sums)
    return found


TABLES: Final = {
    "f1-overtake": partial(draw_table, "f1-overtake"),
    "f1-undercut": partial(draw_table, "f1-undercut"),
    "f1-win-probability": win_table,
}
