"""From recordings to a training table: what was on the air and what a replay works out are the same bits; events give labels."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from models.artefact import load
from models.specs import SPECS
from models.training.labelled_predictions import LabelledPredictions, concatenate, read_labelled
from simulators.soccer.game import Match
from streaming.cli.app import run
from streaming.cli.lifecycle.pinning import pin_models
from streaming.factory import operator_for
from streaming.monitoring.labels import EventHistory, LoggedPrediction
from streaming.monitoring.prediction_join import join_outcomes, logged_by, logged_in
from streaming.outcome_labels import all_labels, label_of, unlabelled
from streaming.recordings.reader import Recording, Writer
from streaming.wire.blocks import Output, Prediction
from streaming.wire.records import Event
from tests.small_simulators import small_simulator

SEED, MINUTES = 5, 4.0
COLUMNS = ("rows", "label", "game", "event", "subject", "label_event", "version", "t_us", "answer")
#: of the other sports: seed, minutes, and the models of which so short a game has something to say
OTHERS = {
    "mlb": (4, 3.0, {"lead-probability", "hit-probability", "catch-probability", "mlb-win-probability"}),
    "nfl": (3, 2.0, {"nfl-completion", "nfl-rushing", "nfl-yac", "nfl-tackle", "nfl-coverage", "nfl-route"}),
    "f1": (5, 2.2, {"f1-overtake", "f1-win-probability"}),
}


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A match as it was live, frame by frame, with everything that was on the air; and beside it, what came in alone."""
    folder = tmp_path_factory.mktemp("game")
    match = Match(SEED, MINUTES)
    operator = operator_for(match.record, draw=False)
    with Writer(folder / "live", match.record) as live, Writer(folder / "bare", match.record) as bare:
        for record in match.stream():
            live.write(record)
            bare.write(record)
            live.write_outputs(operator.on_record(record), 0)
        live.write_outputs(operator.finish(), 0)
    return folder


def same(a: LabelledPredictions, b: LabelledPredictions) -> None:
    for name in COLUMNS:
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


def tables_of(outputs: list[Output], recording: Recording) -> dict[str, LabelledPredictions]:
    """The labelled predictions of every model in the outputs."""
    model_names = sorted({o.model for o in outputs if isinstance(o, Prediction)})
    events_of_game = EventHistory(recording.game, recording.read_events())
    return {m: join_outcomes(m, logged_by(outputs, m), events_of_game, all_labels().get(m, unlabelled())) for m in model_names}


def again(recording: Recording) -> list[Output]:
    operator, records = pin_models(recording, draw=False, provisional=False)
    return [out for record in records for out in operator.on_record(record)] + operator.finish()


@pytest.mark.parametrize("sport", ["mlb", "nfl", pytest.param("f1", marks=pytest.mark.slow)])
def test_every_sport_is_equal_to_the_bit(tmp_path: Path, sport: str) -> None:
    """The predictions of a live run in small packets, those in its recording, and those of a replay of the records."""
    seed, minutes, expected_models = OTHERS[sport]
    world = small_simulator(sport, seed, minutes)
    operator, emitted = operator_for(world.record, draw=False, provisional=False), list[Output]()
    with Writer(tmp_path / "live", world.record) as kept, Writer(tmp_path / "bare", world.record) as bare:
        for record in world.stream(3):
            for writer in (kept, bare):
                writer.write(record)
            emitted += operator.on_record(record)
        emitted += operator.finish()
        kept.write_outputs(emitted, 0)
    recording = Recording(tmp_path / "live")
    live, bared = tables_of(emitted, recording), tables_of(again(Recording(tmp_path / "bare")), recording)
    events_of_game = EventHistory(recording.game, recording.read_events())
    assert set(live) == set(bared) >= expected_models
    for model, table in live.items():
        same(table, bared[model])
        same(table, join_outcomes(model, logged_in(recording, model), events_of_game, all_labels().get(model, unlabelled())))
        np.testing.assert_array_equal(load(model).predict(table.rows), table.answer)
        assert (table.subject != "").all()
        assert ((table.label_event != "") == ~np.isnan(table.label)).all()
    got = {model: int((~np.isnan(live[model].label)).sum()) for model in expected_models}
    # so short a game has no end, and of baseball no steal
    assert all(got[m] > 0 for m in expected_models if not m.endswith("win-probability") and m != "lead-probability"), got


@pytest.mark.parametrize("model", ["xgoals", "pass-completion", "soccer-win-probability"])
def test_live_and_offline_features_are_equal_to_the_bit(
    game: Path, tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recorded predictions of the live run, the same game run again in other packets, and a recording that never held any."""
    tables = {}
    for name, arguments in (("live", ["live"]), ("again", ["live", "--replay"]), ("bare", ["bare"])):
        out = tmp_path / f"{name}.parquet"
        assert run(["models", "prepare", model, str(game / arguments[0]), *arguments[1:], "--out", str(out)]) == 0
        tables[name] = read_labelled(model, out)
    assert f"predictions of {model}" in capsys.readouterr().out
    live = tables["live"]
    assert len(live) > (25 if model == "pass-completion" else 0)
    same(live, tables["again"])
    same(live, tables["bare"])
    # the answers are those of the version to these very features, and the labels what the simulator says happened
    forest = load(model)
    np.testing.assert_array_equal(forest.predict(live.rows), live.answer)
    assert set(live.version.tolist()) == {forest.version}
    events = {e.id: e for e in Match(SEED, MINUTES).stream(250) if isinstance(e, Event)}
    if model == "soccer-win-probability":
        goals = [e.team for e in events.values() if e.type == "shot" and e.outcome == "goal"]
        home, away = (goals.count(team.id) for team in Match(SEED, MINUTES).record.teams)
        assert set(live.label.tolist()) == {0.0 if home > away else 1.0 if home == away else 2.0}
        assert len(live) > 200
    else:
        good = {"xgoals": "goal", "pass-completion": "complete"}[model]
        assert live.label.tolist() == [float(events[i].outcome == good) for i in live.event.tolist()]
    assert (live.took_us > 0.0).all()
    names = [f.name for f in SPECS[model].features]
    assert pq.read_table(tmp_path / "live.parquet").column_names[-len(names) :] == names


def test_monitor_and_compare_read_recordings(game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "monitor", "pass-completion", str(game / "live"), "--json"]) == 0
    events_of_game = json.loads(capsys.readouterr().out)
    assert events_of_game["predictions"] == events_of_game["labelled"] > 25
    assert events_of_game["took_us"]["p50"] > 0.0
    assert events_of_game["profile"]  # of its training, on the card
    assert run(["models", "compare", "pass-completion", "pass-completion", "--data", str(game / "live")]) == 2
    assert "1 games are too few" in capsys.readouterr().err


@pytest.mark.slow
def test_a_replay_pins_the_versions(game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], own_registry: Path) -> None:
    """A recording made with a version that does not ship is played with it from the registry, or refused with the reason."""
    from models.registry.store import Store
    from tests.models.life_helpers import version_of

    version = version_of("pass-completion", 0.7, tmp_path / "m").version
    match = Match(SEED, 0.5)
    operator = operator_for(match.record, [str(tmp_path / "m")], draw=False, provisional=False)
    with Writer(tmp_path / "rec", match.record) as writer:
        for record in match.stream(25):
            writer.write(record)
            writer.write_outputs(operator.on_record(record), 0)
        writer.write_outputs(operator.finish(), 0)
    arguments = ["replay", str(tmp_path / "rec"), "--out", str(tmp_path / "s.parquet"), "--force"]
    assert run(arguments) == 2
    assert f"was made with pass-completion {version}, which neither ships nor is in the registry" in capsys.readouterr().err
    Store(own_registry).register(tmp_path / "m", "ann", "x")
    assert run([*arguments, "--record", str(tmp_path / "again")]) == 0
    stats = pq.read_table(tmp_path / "s.parquet").to_pylist()
    made = {(r["model_version"], r["stat"]) for r in stats if r["model"] == "pass-completion"}
    assert made == {(version, "soccer.pass.completion_probability")}
    assert run([*arguments, "--model", "pass-completion"]) == 0
    stats = pq.read_table(tmp_path / "s.parquet").to_pylist()
    assert version not in {r["model_version"] for r in stats}


def event(number: int, outcome: str | None, revision: int = 0, deleted: bool = False) -> Event:
    return Event(id=f"e{number}", game="g", type="shot", t_us=number, period=1, outcome=outcome, revision=revision, deleted=deleted)


def test_labels_are_of_the_last_revision_and_withdrawn_events_are_left_out() -> None:
    row = np.zeros(len(SPECS["xgoals"].features))
    stat = "soccer.shot.xgoals"
    logged = [
        LoggedPrediction(
            stat=stat,
            event=f"e{i}",
            t_us=i,
            subject="h9",
            part=0,
            version="v1",
            features=row + i,
            answer=np.array(0.1),
            took_us=5.0,
        )
        for i in (3, 1, 2, 4)
    ]
    logged.append(
        LoggedPrediction(
            stat=stat, event="e1", t_us=1, subject="h9", part=0, version="v2", features=row + 9, answer=np.array(0.2), took_us=5.0
        )
    )  # worked out again after a correction
    events = [event(1, "goal"), event(1, "saved", 1), event(2, "goal"), event(3, "goal", deleted=True), event(4, None)]
    events.append(event(1, "goal"))  # an old revision that comes again
    found = join_outcomes("xgoals", logged, EventHistory(Match(SEED, MINUTES).record, events), label_of("xgoals"))
    assert found.event.tolist() == ["e1", "e2", "e4"]
    assert found.label.tolist()[:2] == [0.0, 1.0]
    assert np.isnan(found.label[2])
    assert (found.version[0], found.rows[0, 0]) == ("v2", 9.0)
    assert len(found.table().rows) == 2
    assert len(concatenate([found, found])) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prepare", "nfl-pressure", "REC"], "no label source for nfl-pressure: no feed charts"),
        (["prepare", "xgoals", "REC", "REC"], "its rows would count twice"),
        (["prepare", "nowhere", "REC"], "unknown model 'nowhere'"),
        (["prepare", "xgoals", "/nowhere"], "there is no recording at /nowhere"),
    ],
)
def test_bad_input_of_prepare(
    game: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    given = [str(game / "live") if a == "REC" else a for a in arguments]
    assert run(["models", *given, "--out", str(tmp_path / "t.parquet")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len([line for line in error.splitlines() if line.startswith("touchline:")]) == 1


def test_a_table_of_another_model_is_refused(tmp_path: Path) -> None:
    row = np.zeros((1, len(SPECS["xgoals"].features)))
    words = np.array(["x"])
    table = LabelledPredictions(
        "xgoals", row, np.ones(1), words, words, words, words, words, np.zeros(1, np.int64), np.ones(1), np.ones(1)
    )
    table.write(tmp_path / "t.parquet")
    same(read_labelled("xgoals", tmp_path / "t.parquet"), table)
    with pytest.raises(ValueError, match="lacks the column"):
        read_labelled("pass-completion", tmp_path / "t.parquet")
    msgspec.json.encode(table.table().source)
