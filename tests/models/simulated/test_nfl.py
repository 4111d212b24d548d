"""The training tables of football: the film of a play is what the operator sees, and the shipped models recover the truth."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from features.nfl.passing import arrival_features
from features.nfl.yardage import LEVELS_YD
from models.artefact import load
from models.specs import spec_of
from simulators.nfl.game import Match
from simulators.nfl.training_data import TABLES
from simulators.nfl.training_film import film
from streaming.factory import operator_for
from streaming.wire.blocks import Prediction
from tests.streaming import helpers

MODELS = sorted(TABLES)


def test_the_film_of_a_game_asks_what_the_operator_asks() -> None:
    """Positions on the grid with a tag's noise, against tags on their own clocks that were put onto it: inches apart, but for the
    pass whose first sample in the air was lost, which begins a row later and two metres on."""
    match = Match(31, 4.0)
    out = helpers.play(operator_for(match.record, provisional=False, draw=False), list(match.stream(10)))
    stat = "nfl.pass.completion_probability_at_arrival"
    live = {p.event: p.features[0] for p in out if isinstance(p, Prediction) and p.stat == stat}
    filmed = {
        event.id: arrival_features(shown.moment(event))
        for shown in film(match)
        for event in shown.block.events
        if event.type == "pass_arrived"
    }
    assert len(live) >= 4
    assert set(live) <= set(filmed)
    off = np.array([np.abs(row - filmed[event]).max() for event, row in live.items()])
    assert np.median(off) < 0.3, off
    assert off.max() < 2.5, off


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_table_fits_its_model(model: str) -> None:
    table = TABLES[model](77, 20 if model in ("nfl-win-probability", "nfl-fourth-down") else 1)
    spec = spec_of(model)
    assert table.rows.shape[1] == len(spec.features)
    assert set(np.unique(table.label)) <= set(range(len(spec.classes)))
    assert np.isfinite(table.truth).all()
    assert not np.isinf(table.rows).any()
    assert (table.truth >= 0).all()
    assert (table.truth <= 1).all()
    again = TABLES[model](77, 20 if model in ("nfl-win-probability", "nfl-fourth-down") else 1)
    assert again.rows.tobytes() == table.rows.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_the_shipped_models_recover_the_truth(model: str) -> None:
    """On a few fresh games; ``touchline models evaluate`` takes more and comes to 0.02 or less."""
    table = TABLES[model](2_000_000, 300 if model in ("nfl-win-probability", "nfl-fourth-down") else 8)
    off = np.abs(load(model).predict(table.rows) - table.truth)
    assert off.mean() < 0.025


def test_a_distribution_falls_and_a_wall_of_men_costs_yards() -> None:
    from features.nfl.yardage import rush_rows, yac_rows

    rushing, yac = load("nfl-rushing"), load("nfl-yac")
    free, stuffed = (rushing.predict(rush_rows(np.array(row), 3.0, 40.0)) for row in ([5.0, 1.0, 4.0, 6.0], [1.0, 2.5, 4.0, 9.0]))
    levels = len(LEVELS_YD["rush"])
    assert (np.diff(free[:levels]) <= 0.0).all()
    assert (free[:levels] >= stuffed[:levels]).all()
    assert free[-2] == pytest.approx(free[LEVELS_YD["rush"].index(3)])
    assert (np.diff(yac.predict(yac_rows(np.array([2.0, 1.0, 5.0])))) <= 0.0).all()


def test_a_fourth_down_is_asked_three_times_at_once() -> None:
    from features.nfl.game import fourth_rows

    short, long = (load("nfl-fourth-down").predict(fourth_rows(900.0, 0.0, to_go, 25.0, 1.0)) for to_go in (1.0, 15.0))
    assert short.shape == (3,)
    assert short[0] > long[0], "a yard is easier than fifteen"
    far = load("nfl-fourth-down").predict(fourth_rows(900.0, 0.0, 8.0, 80.0, 1.0))
    assert far[2] > far[0], "deep in one's own half one punts"


def test_only_so_many_are_taken() -> None:
    assert len(list(islice(film(Match(3, 5.0)), 2))) == 2
