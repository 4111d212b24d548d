"""The win probability of real matches: what its rows are, what taught it, and how right it is on matches not seen."""

from __future__ import annotations

import numpy as np
import pytest

from features.soccer.game import WIN_FEATURES
from models.artefact import SHIPPED, ForestModel, load
from models.data.wyscout import HELD_OUT_AS, read_events, read_matches
from models.data.wyscout_results import Results, results_of
from models.gate import logistic_of, paired_bootstrap_losses
from models.holdout import held_out
from models.home import INSIDE, Inside
from models.metrics import ece, log_loss
from models.recipes.teachers.soccer_win import Winning
from tests.paths import DATA

FOLDER = DATA / "wyscout_events"
COLUMN = {name: i for i, (name, _, _) in enumerate(WIN_FEATURES)}
NAN = float("nan")


def state(left_s: float, lead: int, reds: int = 0, xgoals: tuple[float, float] = (NAN, NAN)) -> list[float]:
    return [left_s, float(lead), float(reds), *xgoals]


def played(matches: int, seed: int) -> Results:
    """Matches of two halves in which home scores a goal in 40 minutes and away one in 60, a state each minute."""
    generator = np.random.default_rng(seed)
    rows, label, match, period = [], [], [], []
    for number in range(matches):
        lead, states = 0, [(0, state(5640.0, 0, xgoals=(0.0, 0.0)))]
        for minute in range(1, 91):
            lead += int(generator.random() < 1 / 40) - int(generator.random() < 1 / 60)
            half = 1 + (minute > 45)
            left = 0.0 if minute == 90 else 5640.0 - 60.0 * minute
            states.append((half, state(left, lead, xgoals=(minute / 40, minute / 60))))
        rows += [row for _, row in states]
        period += [half for half, _ in states]
        label += [0.0 if lead > 0 else 1.0 if lead == 0 else 2.0] * len(states)
        match += [number] * len(states)
    return Results(np.array(rows), np.array(label), np.array(match), np.array(period))


@pytest.mark.slow
def test_the_chain_finds_the_rates_that_goals_were_drawn_from() -> None:
    chain = Winning.fit(played(800, 1), 1.0)
    beta = chain.coefficients[False]
    assert beta[1] == pytest.approx(np.log(60 / 40), abs=0.1)
    fresh = played(3000, 2)
    start = fresh.rows[:, COLUMN["time_left_s"]] == 5640.0
    frequencies = np.bincount(fresh.label[start].astype(int)) / start.sum()
    np.testing.assert_allclose(chain(np.array([state(5640.0, 0)]))[0], frequencies, atol=0.03)
    assert chain(np.array([state(0.0, 1), state(0.0, 0), state(0.0, -2)])).argmax(1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(chain(fresh.rows[::97]).sum(1), 1.0, atol=1e-6)


@pytest.fixture(scope="module")
def model() -> ForestModel:
    return load("soccer-win-probability@real")


def test_clear_cases_have_clear_probabilities(model: ForestModel) -> None:
    home, draw, away = model.predict(np.array([state(5640.0, 0, xgoals=(0.0, 0.0))]))[0]
    assert home > away + 0.08
    assert 0.2 < draw < 0.32
    over = model.predict(np.array([state(0.0, lead) for lead in (3, 1, 0, -1, -3)]))
    assert over[[0, 1, 2, 3, 4], [0, 0, 1, 2, 2]].min() > 0.985
    # in the last minutes a lead is nearly, and not quite, enough; a man less costs, and so do chances against
    late = model.predict(np.array([state(240.0, 1), state(30.0, 1)]))[:, 0]
    assert 0.85 < late[0] < late[1] < 1.0
    level = model.predict(np.array([state(2700.0, 0, reds) for reds in (-1, 0, 1)]))[:, 0]
    assert level[0] > level[1] + 0.05 > level[2] + 0.1
    chances = model.predict(np.array([state(2700.0, 0, xgoals=pair) for pair in ((2.0, 0.2), (0.7, 0.6), (0.2, 2.0))]))[:, 0]
    assert chances[0] > chances[1] > chances[2]
    # extra time: level, the more likely a draw the less is left
    extra = model.predict(np.array([state(left, 0) for left in (2040.0, 1140.0, 300.0)]))[:, 1]
    assert extra[0] < extra[1] < extra[2]
    assert sum(path.stat().st_size for path in (SHIPPED / "real" / "soccer-win-probability").iterdir()) < 1_500_000


@pytest.fixture(scope="module")
def results() -> Results:
    if not FOLDER.is_dir():
        pytest.skip(f"no wyscout events in {FOLDER}")
    return results_of(read_events(FOLDER), read_matches(FOLDER), 300.0)


@pytest.mark.real
def test_results_are_those_of_the_matches(results: Results) -> None:
    of = read_matches(FOLDER)
    final = dict(zip(results.match.tolist(), results.label.tolist()))
    lead = dict(zip(of.match.tolist(), np.sign(of.home_score - of.away_score).tolist()))
    assert len(final) > 1500
    assert all(final[m] == {1: 0.0, 0: 1.0, -1: 2.0}[lead[m]] for m in final)
    # a match that is level after 90 minutes is a draw of normal time, whatever extra time brings
    late = np.isin(results.match, results.match[results.period >= 3])
    assert late.any()
    assert set(results.label[late & (results.period == 1)].tolist()) == {1.0}


@pytest.mark.real
@pytest.mark.slow
def test_better_than_score_and_time_left_on_matches_not_seen(model: ForestModel, results: Results) -> None:
    kept_out = held_out(HELD_OUT_AS, results.match)
    train_set, held = results.take(~kept_out), results.take(kept_out)
    two = [COLUMN["time_left_s"], COLUMN["goal_difference"]]
    plain = logistic_of(train_set.rows[:, two], train_set.label, held.rows[:, two], 3)
    for rows in (held.rows, held.without_xgoals()):
        ours = model.predict(rows)
        assert paired_bootstrap_losses(held.label, ours, plain, held.match)["high"] < -0.02
        frequencies = np.eye(3)[held.label.astype(int)]
        assert ece(frequencies.ravel(), ours.ravel()) <= 0.02
        assert log_loss(held.label, ours) < 0.78
    home = model.card.home
    assert home is not None
    assert home.gate is not None
    assert home.gate.passed, home.gate.reason
    inside = Inside(home.inputs, model.features)
    for rows in (held.rows, held.without_xgoals()):
        assert (inside.check(np.ascontiguousarray(rows))[0] == INSIDE).mean() > 0.999
