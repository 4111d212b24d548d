"""Training rows equal live rows: the same events through the operator and through the training table."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from features.soccer import SPORT, passes, shots
from models.base import Feature
from models.specs import SPECS
from simulators.soccer.game import Match
from simulators.soccer.training_events import event_table, feature_rows
from simulators.soccer.training_results import result_table
from streaming.operator.game import GameOperator
from streaming.wire.blocks import DeadLetter, Prediction

SEED, MINUTES = 3, 8.0


@dataclass(frozen=True)
class RowRecorder:
    """A model that only records its rows."""

    name: str
    version: str = "0"

    @property
    def features(self) -> tuple[Feature, ...]:
        return SPECS[self.name].features

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.full(len(rows), 0.5)


@pytest.mark.slow
def test_live_features_equal_the_table() -> None:
    stats = tuple(s for s in (*shots.STATS, *passes.STATS) if s.model in ("xgoals", "pass-completion"))
    sport = replace(SPORT, steps=(), event_steps=shots.EVENT_STEPS, stats=stats)
    match = Match(SEED, MINUTES)
    recorders = {s.model: RowRecorder(s.model) for s in stats if s.model}
    operator = GameOperator(sport, match.record, recorders, draw=False, provisional=False)
    outputs = [out for record in match.stream() for out in operator.on_record(record)] + operator.finish()
    live = {(o.model, o.event): o.features[0] for o in outputs if isinstance(o, Prediction) and o.quality == "final"}
    # the coder of the simulated match is sometimes slower than the feed allows: such an event is set aside
    late = {json.loads(o.payload)["id"] for o in outputs if isinstance(o, DeadLetter) and o.reason == "late"}
    compared = {"shot": 0, "pass": 0}
    for kind, model in (("shot", "xgoals"), ("pass", "pass-completion")):
        for moment, row in feature_rows(model, Match(SEED, MINUTES), frozenset(late)):
            # the wire rounds positions to float32 and event places to millimetres on both ways
            np.testing.assert_allclose(live[model, moment.id], row, atol=1e-6, err_msg=f"{kind} {moment.id}")
            compared[kind] += 1
    assert compared["shot"] >= 1
    assert compared["pass"] >= 50


@pytest.mark.slow
def test_labels_and_truth_are_never_features() -> None:
    table = event_table("xgoals", 11, 1)
    assert set(np.unique(table.label)) <= {0.0, 1.0}
    assert ((table.truth > 0) & (table.truth < 1)).all()
    assert table.rows.shape == (len(table.label), len(SPECS["xgoals"].features))
    for column in table.rows.T:
        assert not np.array_equal(column, table.truth)


def test_results_table_ends_where_the_match_ends() -> None:
    table = result_table(5, 300)
    over = table.rows[:, 0] == 0.0
    assert over.sum() == 300
    expected = np.where(table.rows[over, 1] > 0, 0, np.where(table.rows[over, 1] == 0, 1, 2))
    np.testing.assert_array_equal(table.label[over], expected)
    assert table.rows[:, 0].max() == pytest.approx(94 * 60)
    assert len(np.unique(table.game)) == 300
