"""Stats of a remote model that may not answer: stale, or of a named fallback, in windows, ticks and events, with corrections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.sport import Stat
from models.base import Feature, PredictionResult
from streaming.operator.game import GameOperator
from streaming.wire.blocks import Prediction, StatBlock
from streaming.wire.records import StatUpdate
from tests.streaming import helpers, toy

FEATURES = (Feature("speed", "m/s"),)

SPORT = replace(
    toy.TOY,
    stats=(
        *toy.TOY.stats,
        Stat("toy.player.quick", "0..1", "quick?", "player", lambda f, ends: f["toy_speed"][ends][:, :, None], model="quick"),
        Stat("toy.mark.good", "0..1", "good?", "player", lambda m, ledger: [m.facts["near_x"] or 0.0], on=("mark",), model="quick"),
        Stat(
            "toy.team.win",
            "0..1",
            "win?",
            "team",
            lambda ledger, t_s: [[float(n)] for n in ledger.marks],
            ticks=True,
            every_s=1.0,
            model="quick",
        ),
    ),
)


class LocalModel:
    """The logistic of its one feature. ``requests`` has the rows of each request."""

    name, version, features = "quick", "1", FEATURES

    def __init__(self) -> None:
        self.requests: list[int] = []

    def predict(self, rows: Any) -> Any:
        self.requests.append(len(rows))
        return 1.0 / (1.0 + np.exp(-rows[:, 0]))


class Remote(LocalModel):
    """A remote model. ``state``: up, fallback (another version answers), down (no answer); ``spent``: the time of each request."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "up"
        self.spent: list[float] = []

    def try_predict(self, rows: Any, spent_s: float = 0.0) -> PredictionResult:
        self.spent.append(spent_s)
        if self.state == "down":
            return PredictionResult(None, "quick", "1", "slow")
        return PredictionResult(
            self.predict(rows), "quick", "1" if self.state == "up" else "0", "" if self.state == "up" else "down"
        )


def by_model(out: Any) -> list[StatUpdate]:
    return [u for u in helpers.updates(out) if u.model is not None]


@pytest.fixture
def records() -> list[Any]:
    packets = helpers.cut(toy.track(12.0), [125])
    marks = [toy.mark(i, 1.0 + i, i % 4) for i in range(10)]
    return sorted([*packets, *marks], key=lambda r: r.arrival_us if isinstance(r.arrival_us, int) else int(r.arrival_us[-1]))


def test_remote_model_that_answers_gives_the_local_values(records: list[Any]) -> None:
    here = helpers.run(SPORT, toy.game(), records, {"quick": LocalModel()})
    away = helpers.run(SPORT, toy.game(), records, {"quick": Remote()})
    assert helpers.finals(here) == helpers.finals(away)
    assert {u.stat for u in by_model(here)} == {"toy.player.quick", "toy.mark.good", "toy.team.win"}


def test_fallback_value_names_its_reason_and_is_not_stale(records: list[Any]) -> None:
    model = Remote()
    operator = GameOperator(SPORT, toy.game(), {"quick": model})
    expected = helpers.finals(helpers.run(SPORT, toy.game(), records, {"quick": LocalModel()}))
    out: list[Any] = []
    third = len(records) // 3
    for i, record in enumerate(records):
        model.state = ("up", "fallback", "down")[min(2, i // third)]
        out.extend(operator.on_record(record))
    model.state = "down"
    out.extend(operator.finish())
    last: dict[tuple[str, str], Any] = {}
    states = set()
    for update in by_model(out):
        assert update.model is not None
        states.add((update.quality, update.model.version, update.model.fallback_reason))
        key = update.stat, update.subject
        if update.quality == "stale":
            assert update.model.fallback_reason == "slow"
            if update.event is not None:
                assert update.value is None  # the value of another mark is none of this one
            elif update.stat == "toy.player.quick":
                assert update.value == last.get(key)
        elif update.quality == "final":
            last[key] = update.value
    assert states >= {("final", "1", ""), ("final", "0", "down"), ("stale", "1", "slow")}
    # everything that has nothing to do with models is as ever
    plain = {k: v for k, v in helpers.finals(out).items() if b'"model"' not in v}
    assert plain == {k: v for k, v in expected.items() if b'"model"' not in v}
    # a request without an answer makes no prediction
    assert not [p for p in out if isinstance(p, Prediction) and p.version not in ("0", "1")]
    assert all(np.isfinite(p.answer).all() for p in out if isinstance(p, Prediction) and p.stat != "toy.player.quick")


def test_deadline_counts_per_record_and_ticks_share_a_request(records: list[Any]) -> None:
    model = Remote()
    operator = GameOperator(SPORT, toy.game(), {"quick": model}, provisional=False)
    for record in records:
        before = len(model.spent)
        operator.on_record(record)
        now = model.spent[before:]
        assert now == sorted(now)
        if now:
            assert now[0] == 0.0
    before = len(model.spent)
    operator.finish()
    assert len(model.spent) - before < 10  # the ticks of the last seconds share requests


def test_correction_recomputes_later_ticks_in_one_request(records: list[Any]) -> None:
    """The ticks after a mark that is withdrawn are computed again: those of the team that made it change, the others do not."""
    here = LocalModel()
    operator = GameOperator(SPORT, toy.game(), {"quick": here})
    out = helpers.play(operator, records, end=False)
    before = {(u.subject, u.window_us[1]): u for u in by_model(out) if u.stat == "toy.team.win" and u.quality == "final"}
    here.requests.clear()
    gone = toy.mark(1, 2.0, 1, revision=1, deleted=True, delay_s=11.0)
    again = [u for u in by_model(operator.on_record(gone)) if u.stat == "toy.team.win" and u.quality == "final"]
    assert {update.subject for update in again} == {"home", "away"}
    for update in again:
        assert update.revision == 1
        # what holds had no row of its own at that tick
        stood = before[max(key for key in before if key[0] == update.subject and key[1] <= update.window_us[1])]
        assert (update.value == stood.value) == (update.subject == "home")
    assert len(here.requests) == 1, "the ticks share a request"


def test_fallback_value_keeps_its_reason_when_a_correction_repeats_it(records: list[Any]) -> None:
    """An event is corrected in what the model does not see, when the endpoint is back: the value is still that of the fallback."""
    model = Remote()
    operator = GameOperator(SPORT, toy.game(), {"quick": model})
    model.state = "fallback"
    helpers.play(operator, records[: len(records) - 1], end=False)
    restored = GameOperator(SPORT, toy.game(), {"quick": model})
    restored.restore(operator.snapshot())
    model.state = "up"
    late = toy.mark(0, 1.0, 0, revision=1, delay_s=12.0)
    blocks = [b for b in restored.on_record(late) if isinstance(b, StatBlock) and b.stat == "toy.mark.good"]
    assert [(b.model.version, b.model.fallback_reason) for b in blocks if b.model] == [("0", "down")]
