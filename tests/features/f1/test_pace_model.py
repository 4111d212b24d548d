"""The cost of laps and stops, learnt from laps of one's own making."""

from __future__ import annotations

import math

import numpy as np
import pytest

from features.f1.ledger import Car, Ledger, add_clean_lap, pace_s
from features.f1.pace_model import (
    EFFECTS,
    ODD_STOP_S,
    PIT_LOSS_S,
    PRIOR_S,
    PRIOR_SD_S,
    SUMS,
    PaceModel,
    lap_row,
    stop_after,
    with_stop,
)
from simulators.f1 import loops

LAPS = 50
TRUE_S = dict(zip(EFFECTS, PRIOR_S, strict=True)) | {"fuel": 2.5, "slower_soft": -0.7, "wear_soft": 0.2, "wear_medium": 0.02}


def drive(model: PaceModel, cars: int = 12, laps: int = LAPS, scatter_s: float = 0.2) -> list[list[float]]:
    """Sums of cars a tenth apart that change from soft to medium tyres, each in a lap of its own."""
    rng = np.random.default_rng(3)
    sums = [[0.0] * SUMS for _ in range(cars)]
    for lap in range(1, laps + 1):
        for car in range(cars):
            stop = 10 + 2 * car
            row = lap_row(lap, LAPS, int(lap > stop), float(lap - 1 if lap <= stop else lap - stop - 1))
            time_s = 90.0 + 0.1 * car + sum(TRUE_S[name] * x for name, x in zip(EFFECTS, row, strict=True))
            model.add_lap(sums[car], row, time_s + scatter_s * rng.normal())
    return sums


def test_the_effects_of_a_race_unlike_the_prior_are_recovered() -> None:
    model = PaceModel()
    sums = drive(model)
    for name, effect in zip(EFFECTS, model.effects, strict=True):
        if name in ("fuel", "slower_soft", "wear_soft", "wear_medium"):
            prior = PRIOR_S[EFFECTS.index(name)]
            assert abs(effect - TRUE_S[name]) < 0.35 * abs(prior - TRUE_S[name]), name
        else:
            assert effect == pytest.approx(PRIOR_S[EFFECTS.index(name)]), "no such tyres have run"
    assert model.scatter_s == pytest.approx(0.2, abs=0.02)
    paces = [model.pace_s(each) for each in sums]
    assert np.diff(paces) == pytest.approx(0.1, abs=0.12)


def test_a_race_without_laps_is_as_other_races() -> None:
    model = PaceModel()
    assert tuple(model.effects) == PRIOR_S
    assert math.isnan(model.pace_s([0.0] * SUMS))
    assert math.isnan(model.expected_s([0.0] * SUMS, lap_row(3, LAPS, 0, 2.0)))
    model.add_lap([0.0] * SUMS, lap_row(2, LAPS, 0, 1.0), 95.0)
    assert tuple(model.effects) == PRIOR_S, "one lap of one car shows nothing but its own pace"


def test_a_lap_far_off_moves_the_estimates_no_more_than_one_three_deviations_off() -> None:
    effects = []
    for lost_s in (5.0, 500.0):
        model = PaceModel()
        sums = drive(model, laps=20)
        model.add_lap(sums[0], lap_row(21, LAPS, 1, 10.0), 90.0 + lost_s)
        effects.append(model.effects)
    assert effects[0] == pytest.approx(effects[1], rel=1e-12)


def test_the_prior_knows_nothing_of_the_simulator() -> None:
    """The simulator's figures are races among others: within the prior's spread, and none of them the prior's own."""
    truth = {"fuel": loops.FUEL_S_PER_LAP, "slower_soft": loops.SLOWER_S[0] - loops.SLOWER_S[1]}
    truth |= {"slower_hard": loops.SLOWER_S[2] - loops.SLOWER_S[1]}
    truth |= dict(zip(("wear_soft", "wear_medium", "wear_hard"), loops.WEAR_S.tolist(), strict=True))
    for name, value in truth.items():
        at = EFFECTS.index(name)
        assert value != pytest.approx(PRIOR_S[at], rel=0.01), name
        assert abs(value - PRIOR_S[at]) < 2.0 * PRIOR_SD_S[at], name


def test_only_laps_in_free_air_teach_and_a_pace_is_from_them_where_there_are_two() -> None:
    model, clean = PaceModel(), [0.0] * (2 * SUMS)
    for lap in (2, 3, 4):
        add_clean_lap(model, clean, lap_row(lap, 0, 1, 0.0), 95.0, free=False)
    assert tuple(model.effects) == PRIOR_S
    assert pace_s(model, clean) == pytest.approx(95.0)
    for lap in (5, 6):
        add_clean_lap(model, clean, lap_row(lap, 0, 1, 0.0), 92.0, free=True)
    assert pace_s(model, clean) == pytest.approx(92.0)


def test_the_cost_of_a_stop_is_drawn_from_the_prior_to_the_stops_of_the_race() -> None:
    cost, stops = PIT_LOSS_S, 0
    for _ in range(10):
        cost, stops = with_stop(cost, stops, 28.0)
    assert stops == 10
    assert 27.5 < cost < 28.0
    assert with_stop(cost, stops, 28.0 + 2 * ODD_STOP_S) == (cost, stops), "a repair"
    assert with_stop(cost, stops, math.nan) == (cost, stops)


@pytest.mark.parametrize(("wear", "next_wear", "expected"), [(0.1, 0.1, 10.0), (0.0, 0.0, 30.0), (0.0, 0.1, 30.0), (0.1, 0.0, 0.0)])
def test_the_lap_of_a_stop_follows_from_both_wears(wear: float, next_wear: float, expected: float) -> None:
    assert stop_after(30.0, wear, next_wear, 10.0) == pytest.approx(expected)


def test_a_car_s_account_of_version_0_1_begins_its_laps_anew_and_keeps_the_rest() -> None:
    old = Car(clean=[5.0, 450.0, 4.0, 360.0], stint=[4.0, 6.0, 360.0, 14.0, 540.0], stops=1)
    assert old.clean == [0.0] * (2 * SUMS)
    assert old.stint == [0.0] * 5
    assert old.stops == 1
    assert Ledger(players=1).cars[0].clean == [0.0] * (2 * SUMS)
