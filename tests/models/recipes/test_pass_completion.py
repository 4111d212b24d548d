"""Passes of Wyscout's events: the training table has the rows of the live path, and the model that ships is right on matches not
seen."""

from __future__ import annotations

import numpy as np
import pytest

from features.soccer.moves import MOVE_CONTEXT, PASS_END
from features.soccer.passes import PASS_FEATURES
from models.artefact import SHIPPED, ForestModel, load
from models.data.wyscout import (
    ACCURATE,
    GOAL,
    HELD_OUT_AS,
    KIND,
    NOT_ACCURATE,
    OWN_GOAL,
    THROUGH,
    Events,
    Matches,
    flags,
    read_events,
    read_matches,
)
from models.data.wyscout_moments import matches
from models.data.wyscout_passes import Passes, passes_of, wordless
from models.holdout import held_out
from models.home import INSIDE, Inside
from models.metrics import ece, log_loss, paired_bootstrap
from simulators.providers import wyscout as importer
from streaming.factory import operator_for
from streaming.monitoring.prediction_join import logged_by
from tests.paths import DATA

FOLDER = DATA / "wyscout_events"
COLUMN = {name: i for i, (name, _, _) in enumerate(PASS_FEATURES)}
HOME, AWAY = 10, 20


Place = tuple[float, float]
Row = tuple[float, int, int, tuple[str, str], Place, Place, tuple[int, ...]]


def small(*rows: Row) -> tuple[Events, Matches]:
    """A match of (second, team, player, kind, place, end, tags), all in the first half."""
    n = len(rows)
    second, team, player, kind, place, end, tags = (list(column) for column in zip(*rows))
    of = np.full(n, 1, np.int64)
    events = Events(
        of,
        np.arange(n, dtype=np.int64),
        np.full(n, 1, np.int8),
        np.array(second, float),
        np.array(team, np.int64),
        np.array(player, np.int64),
        np.array([KIND[k] for k in kind], np.int8),
        *np.array(place, np.float32).T.copy(),
        *np.array(end, np.float32).T.copy(),
        np.array([flags(*t) for t in tags], np.uint64),
    )
    one = np.array([1], np.int64)
    word = np.array(["Regular"])
    return events, Matches(one, word, word, word, np.array([HOME]), np.array([AWAY]), one, one)


SIMPLE, SMART, GOAL_KICK = ("Pass", "Simple pass"), ("Pass", "Smart pass"), ("Free Kick", "Goal kick")


def column(passes: Passes, name: str) -> list[float]:
    return [round(float(v), 3) for v in passes.rows[:, COLUMN[name]]]


def test_a_row_is_what_was_known_at_the_kick() -> None:
    events, of = small(
        (2.0, HOME, 1, SIMPLE, (50, 50), (40, 50), (ACCURATE,)),
        (5.0, HOME, 2, SIMPLE, (45, 50), (60, 50), (ACCURATE,)),
        (9.0, HOME, 3, SMART, (62, 50), (90, 50), (NOT_ACCURATE, THROUGH)),
        (12.0, AWAY, 4, SIMPLE, (10, 50), (30, 50), (ACCURATE,)),
        (20.0, AWAY, 5, GOAL_KICK, (0, 0), (30, 50), ()),
    )
    passes = passes_of(events, of)
    assert passes.label.tolist() == [1.0, 1.0, 0.0, 1.0]
    assert column(passes, "depth_m") == [52.5, 47.25, 65.1, 10.5]
    assert column(passes, "run_passes") == [0.0, 1.0, 2.0, 0.0]
    assert column(passes, "run_s")[2] == 7.0
    assert column(passes, "since_pass_s")[1:] == [3.0, 4.0, 3.0]
    assert column(passes, "last_pass_own")[1:] == [1.0, 1.0, 0.0]
    assert column(passes, "last_pass_arrived")[1:] == [1.0, 1.0, 0.0]
    # in the view of the team that has it now: the lost ball went backwards for them
    assert column(passes, "last_pass_forward_m")[1:] == [-10.5, 15.75, -29.4]
    assert column(passes, "carried_forward_m")[1:] == [5.25, 2.1, 0.0]
    assert column(passes, "height") == [0.0, 0.0, pytest.approx(np.nan, nan_ok=True), 0.0]
    assert column(passes, "through_ball") == [0.0, 0.0, 1.0, 0.0]
    assert np.isnan(passes.rows[:, [COLUMN[name] for name, _, _ in PASS_END]]).all()
    assert [round(v, 3) for v in passes.end[:, 0].tolist()] == [10.5, 15.75, 29.4, 21.0]


def test_nothing_of_a_row_depends_on_how_its_pass_ended() -> None:
    def rows(end: tuple[float, float], tag: int) -> Passes:
        return passes_of(
            *small(
                (2.0, HOME, 1, SIMPLE, (50, 50), (40, 50), (ACCURATE,)),
                (5.0, HOME, 2, SIMPLE, (40, 50), end, (tag,)),
            )
        )

    first, second = rows((60, 50), ACCURATE), rows((20, 90), NOT_ACCURATE)
    assert first.label.tolist() != second.label.tolist()
    np.testing.assert_array_equal(first.rows, second.rows)


def test_goals_are_no_passes_and_own_goals_count_for_the_other_side() -> None:
    events, of = small(
        (2.0, HOME, 1, SIMPLE, (50, 50), (40, 50), (ACCURATE,)),
        (60.0, HOME, 1, SIMPLE, (95, 50), (100, 50), (GOAL,)),
        (90.0, HOME, 1, SIMPLE, (50, 50), (40, 50), (ACCURATE,)),
        (99.0, HOME, 2, SIMPLE, (5, 50), (0, 50), (OWN_GOAL,)),
        (120.0, AWAY, 3, SIMPLE, (50, 50), (40, 50), (ACCURATE,)),
    )
    passes = passes_of(events, of)
    assert column(passes, "goal_difference") == [0.0, 1.0, 0.0]
    (played,) = matches(events, of)
    assert [m.type for m in played.moments] == ["period_start", "pass", "shot", "pass", "own_goal", "pass", "period_end"]


@pytest.fixture(scope="module")
def model() -> ForestModel:
    return load("pass-completion@real")


@pytest.fixture(scope="module")
def unseen() -> Passes:
    """Of the matches that are held out, every seventh."""
    if not FOLDER.is_dir():
        pytest.skip(f"no wyscout events in {FOLDER}")
    events = read_events(FOLDER)
    names = np.unique(events.match)
    return passes_of(events.take(np.isin(events.match, names[held_out(HELD_OUT_AS, names)][::7])), read_matches(FOLDER))


@pytest.mark.real
@pytest.mark.slow
def test_held_out_matches_are_predicted_better_than_by_the_logistic(model: ForestModel, unseen: Passes) -> None:
    own, ended = unseen.open_play, np.isfinite(unseen.end).all(1)
    assert len(np.unique(unseen.match)) > 30
    kick = model.predict(unseen.rows)
    given = model.predict(unseen.given_end())
    for some in (own, np.ones(len(unseen), np.bool_)):
        # a sixth of the matches held out: their mean is within 0.006 of that of all of them (docs/models.md)
        assert log_loss(unseen.label[some], kick[some]) <= 0.360
        assert log_loss(unseen.label[some & ended], given[some & ended]) <= 0.305
        assert ece(unseen.label[some], kick[some]) <= 0.010
        assert ece(unseen.label[some & ended], given[some & ended]) <= 0.010
    better = paired_bootstrap(unseen.label, kick, np.full(len(kick), unseen.label.mean()), unseen.match, rounds=200)["log_loss"]
    assert better["high"] < -0.05
    # a feed without words has a value too, and one that is as well calibrated
    bare = model.predict(wordless(unseen.rows))
    assert log_loss(unseen.label, bare) < 0.43
    assert ece(unseen.label, bare) <= 0.015


@pytest.mark.real
def test_the_home_of_the_model_is_events_alone(model: ForestModel, unseen: Passes) -> None:
    home = model.card.home
    assert home is not None
    assert home.gate is not None
    assert home.gate.passed, home.gate.reason
    inside = Inside(home.inputs, model.features)
    for rows in (unseen.rows, wordless(unseen.rows), unseen.given_end()[np.isfinite(unseen.end).all(1)]):
        assert (inside.check(np.ascontiguousarray(rows))[0] == INSIDE).mean() > 0.99
    tracked = unseen.rows[:100].copy()
    tracked[:, COLUMN["passer_opponent_m"]] = 3.0
    tracked[:, [COLUMN[name] for name, _, _ in MOVE_CONTEXT]] = np.nan
    assert (inside.check(tracked)[0] != INSIDE).all()
    assert sum(path.stat().st_size for path in (SHIPPED / "real" / "pass-completion").iterdir()) < 1_500_000


@pytest.mark.real
@pytest.mark.slow
def test_the_table_has_the_rows_of_the_live_path(model: ForestModel, unseen: Passes) -> None:
    """An imported match in the operator has the same rows as in the training table."""
    match = int(unseen.match[0])
    of_match = unseen.take(unseen.match == match)
    imported = importer.read_match([FOLDER / "events.parquet", FOLDER / "matches.parquet"], match)
    operator = operator_for(imported.record, draw=False)
    outputs = [out for record in imported.stream() for out in operator.on_record(record)] + operator.finish()
    logged = logged_by(outputs, "pass-completion")
    readings = ("soccer.pass.completion_probability", "soccer.pass.completion_given_end")
    for stat, rows in zip(readings, (of_match.rows, of_match.given_end())):
        live = {one.event: one for one in logged if one.stat == stat}
        at = [i for i, ident in enumerate(of_match.id.tolist()) if str(ident) in live]
        assert len(at) > 0.97 * len(of_match)
        found = np.stack([live[str(ident)].features for ident in of_match.id[at].tolist()])
        # thousandths of a minute may be rounded up on one clock and down on another; everything else is the same to the bit
        minute = COLUMN["played_min"]
        np.testing.assert_allclose(found[:, minute], rows[at, minute], rtol=0.0, atol=0.0011)
        found[:, minute] = rows[at, minute]
        np.testing.assert_array_equal(found, rows[at])
        said_of_them = [float(live[str(ident)].answer) for ident in of_match.id[at].tolist()]
        np.testing.assert_allclose(said_of_them, model.predict(rows[at]), rtol=0.0, atol=0.02)
