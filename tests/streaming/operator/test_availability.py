"""A row outside of a model's limits has no value and is reported once; a missing value gives no row; cuts change nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from features.core.sport import Stat
from models.base import Feature
from models.home import Home, inputs_of
from streaming.operator.availability import Availability
from streaming.operator.game import GameOperator
from streaming.wire.records import StatUpdate, decode_stat, encode
from tests.streaming import helpers, toy

NAN = float("nan")
REAL = msgspec.structs.replace(toy.game(), provenance={"provider": "example"})
OFF = "trained on simulated games only, and not shown right on real ones"


class Known:
    """A model of one feature that was trained on 0..10, on simulated or on real games."""

    name, version, features = "known", "v1", (Feature("speed_mps", "m/s", "speed"),)

    def __init__(self, origin: str = "simulated") -> None:
        self.home = Home(origin, "a test", inputs_of(np.linspace(0.0, 10.0, 500)[:, None]))  # type: ignore[arg-type]
        self.predicted: list[float] = []

    def predict(self, rows: np.ndarray) -> np.ndarray:
        self.predicted += rows[:, 0].tolist()
        return rows[:, 0] / 100.0


def row(value: float) -> list[float]:
    return [value]


def sport() -> object:
    """A window stat, an event stat and a tick with a model: of the speed, the marker's number and the marks so far."""
    with_model = (
        Stat(
            "toy.player.chance",
            "0..1",
            "of the speed",
            "player",
            lambda f, ends: np.where(f["toy_speed"][ends] > 3.0, 99.0, f["toy_speed"][ends])[..., None],
            model="known",
        ),
        Stat(
            "toy.mark.chance",
            "0..1",
            "of the mark",
            "team",
            lambda m, ledger: np.array(row(5.0 if m.attrs.get("near") else 500.0)),
            on=("mark",),
            model="known",
        ),
        Stat(
            "toy.team.chance",
            "0..1",
            "of marks so far",
            "team",
            lambda ledger, t_s: np.array([[3.0 * n if n else NAN] for n in ledger.marks]),
            ticks=True,
            every_s=1.0,
            model="known",
        ),
    )
    return replace(toy.TOY, stats=(*toy.TOY.stats, *with_model))


def marks(*near: bool) -> list[object]:
    return [msgspec.structs.replace(toy.mark(i, 2.0 + 2.0 * i, 0), attrs={"near": flag}) for i, flag in enumerate(near, 1)]


def arrival(record: Any) -> int:
    return record.arrival_us if isinstance(record.arrival_us, int) else int(record.arrival_us[-1])


def play(game: object, events: list[object], sizes: tuple[int, ...] = (5,), **options: object) -> list[object]:
    operator = GameOperator(sport(), game, {"known": Known()}, **options)  # type: ignore[arg-type]
    return helpers.play(operator, sorted([*helpers.cut(toy.track(20.0), list(sizes)), *events], key=arrival))


def of(out: list[object], stat: str) -> list[StatUpdate]:
    return [u for u in helpers.updates(out) if u.stat == stat and u.quality in ("final", "unavailable")]  # type: ignore[arg-type]


def test_model_of_simulated_games_in_a_real_game_is_unavailable_and_reported_once() -> None:
    out = play(REAL, marks(True, True, True))
    for stat in ("toy.player.chance", "toy.mark.chance", "toy.team.chance"):
        found = of(out, stat)
        by_subject = defaultdict(list)
        for update in found:
            by_subject[update.subject].append(update)
        assert by_subject
        for updates in by_subject.values():
            assert [(u.quality, u.value, u.reason) for u in updates] == [("unavailable", None, OFF)], stat
            assert updates[0].model is not None
            assert updates[0].model.name == "known"
            assert updates[0].v == 2


def test_unavailable_values_are_counted_and_no_dead_letters() -> None:
    operator = GameOperator(sport(), REAL, {"known": Known()})  # type: ignore[arg-type]
    helpers.play(operator, sorted([*helpers.cut(toy.track(20.0), [5]), *marks(True, True)], key=arrival))
    counted = {stat: (reason, n) for stat, reason, n in operator.metrics.unavailable()}
    assert counted["toy.mark.chance"] == (OFF, 2)
    assert counted["toy.player.chance"][1] > 50
    assert all(kind != "unavailable" for kind, _, _ in operator.metrics.records())


def test_game_without_provenance_counts_as_real() -> None:
    silent = msgspec.structs.replace(toy.game(), provenance={})
    assert {u.quality for u in of(play(silent, marks(True)), "toy.mark.chance")} == {"unavailable"}
    claimed = msgspec.structs.replace(toy.game(), provenance={"source": "simulated"})
    assert {u.quality for u in of(play(claimed, marks(True)), "toy.mark.chance")} == {"unavailable"}
    assert {u.quality for u in of(play(toy.game(), marks(True)), "toy.mark.chance")} == {"final"}


def test_model_requested_by_name_answers_and_is_marked() -> None:
    found = of(play(REAL, marks(True, True), requested=("known",)), "toy.mark.chance")
    assert [u.value for u in found] == [0.05, 0.05]
    assert all(u.model is not None and u.model.experimental for u in found)
    assert b'"experimental":true' in encode(found[0])
    at_home = of(play(toy.game(), marks(True)), "toy.mark.chance")
    assert not any(u.model is not None and u.model.experimental for u in at_home)


def test_rows_outside_of_a_model_s_limits_have_no_value_and_the_next_valid_row_has_one() -> None:
    out = play(toy.game(), marks(True, False, False, True, False))
    found = of(out, "toy.mark.chance")
    assert [(u.quality, u.event) for u in found] == [
        ("final", "e1"),
        ("unavailable", "e2"),
        ("final", "e4"),
        ("unavailable", "e5"),
    ]
    assert found[1].reason == "speed is far outside of what it was trained on"


def test_row_outside_of_a_model_s_limits_is_never_predicted() -> None:
    model = Known()
    operator = GameOperator(sport(), toy.game(), {"known": model})  # type: ignore[arg-type]
    helpers.play(operator, sorted([*helpers.cut(toy.track(20.0), [5]), *marks(True, False, True)], key=arrival))
    assert model.predicted
    assert max(model.predicted) <= 12.5


@pytest.mark.parametrize("game", [toy.game(), REAL], ids=["simulated", "real"])
def test_unavailable_values_do_not_depend_on_cuts_or_a_restart(game: object) -> None:
    events = marks(True, False, True, False, False)
    whole = helpers.finals(play(game, events))  # type: ignore[arg-type]
    assert whole == helpers.finals(play(game, events, (3, 77, 1)))  # type: ignore[arg-type]
    assert whole == helpers.finals(play(game, events, (4000,)))  # type: ignore[arg-type]
    first = GameOperator(sport(), game, {"known": Known()})  # type: ignore[arg-type]
    stream = sorted([*helpers.cut(toy.track(20.0), [5]), *events], key=arrival)
    half = len(stream) // 2
    out = helpers.play(first, stream[:half], end=False)
    second = GameOperator(sport(), game, {"known": Known()})  # type: ignore[arg-type]
    second.restore(first.snapshot())
    assert helpers.finals([*out, *helpers.play(second, stream[half:])]) == whole
    counted = {reason for _, reason, _ in second.metrics.unavailable()}
    assert any("not shown right" in reason for reason in counted) == (game is REAL)


def test_value_that_becomes_missing_gives_one_row_and_no_more() -> None:
    rows = Availability(2)
    values = np.array([[NAN, NAN], [1.0, NAN], [2.0, NAN], [NAN, NAN], [NAN, 5.0]])
    goes, begins = rows.sieve(values, None, None)
    assert goes.tolist() == [[False, False], [True, False], [True, False], [True, False], [False, True]]
    assert not begins.any()
    again, _ = rows.sieve(np.array([[NAN, NAN]]), None, None)
    assert again.tolist() == [[False, True]], "the state goes on from call to call"


def test_vector_is_missing_only_when_all_components_are() -> None:
    goes, _ = Availability(1).sieve(np.array([[[NAN, NAN]], [[NAN, 1.0]], [[NAN, NAN]], [[NAN, NAN]]]), None, None)
    assert goes[:, 0].tolist() == [False, True, True, False]


def test_refusal_is_reported_once_and_not_again_after_a_pause() -> None:
    rows = Availability(1)
    codes = np.array([[1], [1], [0], [1], [0], [1]])
    values = np.array([[NAN], [NAN], [NAN], [NAN], [0.5], [NAN]])
    goes, begins = rows.sieve(values, None, codes)
    assert begins[:, 0].tolist() == [True, False, False, False, False, True]
    assert goes[:, 0].tolist() == [False, False, False, False, True, False]


def test_update_of_schema_version_1_is_read() -> None:
    raw = (
        b'{"id":"g/s/p/1","stat":"s","game":"g","sport":"toy","subject":"p","value":1.5,"unit":"m","quality":"final",'
        b'"window_us":[0,1],"clocks":{"event_us":1,"ingress_us":2,"published_us":3}}'
    )
    assert decode_stat(raw).v == 1
    assert decode_stat(raw).value == 1.5
