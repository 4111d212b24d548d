"""The loop closes: players begin to finish better in the middle of a season, the watch on the live model says so within ten games,
a version that learnt from those games wins the comparison, is approved and deployed, and says again what happens."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.registry.follow import Follower
from models.registry.store import Store
from models.specs import SPECS
from models.training.labelled_predictions import LabelledPredictions, concatenate
from simulators.soccer.game import Match
from simulators.soccer.training_events import event_table
from streaming.cli.app import run
from streaming.cli.lifecycle.common import card_finder
from streaming.monitoring.watch import ModelWatch
from streaming.outcome_labels import label_of
from streaming.web.hub import Hub
from streaming.wire.blocks import Prediction
from streaming.wire.records import Event

GAMES_TRAINED, GAMES_CALM, GAMES_SHIFTED, GAMES_AFTER, GAMES_MENDED = 20, 8, 14, 12, 8
#: log-odds of a goal by which finishing gets better: the odds are times 2.7
SHIFT = 1.0
FOUND_WITHIN_GAMES = 10


class Season:
    """Games one after the other, each shot put to the version that is live then, under the eyes of a watch."""

    def __init__(self, follower: Follower, watch: ModelWatch) -> None:
        self.follower, self.watch, self.seed = follower, watch, 500_000

    def play(self, games: int, finishing: float) -> list[LabelledPredictions]:
        return [self._game(finishing) for _ in range(games)]

    def _game(self, finishing: float) -> LabelledPredictions:
        self.seed += 1
        table = event_table("xgoals", self.seed, 1, finishing=finishing)
        self.follower.poll()
        model = self.follower.current()["xgoals"]
        game, n = f"soccer-{self.seed}", len(table.rows)
        answers = model.predict(table.rows)
        events = [
            Event(id=f"e{i}", game=game, type="shot", t_us=i, period=1, outcome="goal" if label else "saved")
            for i, label in enumerate(table.label)
        ]
        record = msgspec.structs.replace(Match(self.seed).record, game=game)
        for i, (_, row, answer) in enumerate(zip(self.watch.tee(record, events), table.rows, answers, strict=True)):
            prediction = Prediction(
                game=game,
                stat="soccer.shot.xgoals",
                event=f"e{i}",
                t_us=i,
                model="xgoals",
                version=model.version,
                features=row[None],
                answer=answer[None],
                quality="final",
                took_us=9.0,
            )
            self.watch.write([prediction], 0)
        self.watch.close()
        names = np.array([event.id for event in events])
        return LabelledPredictions(
            "xgoals",
            table.rows,
            table.label,
            np.array([game] * n),
            names,
            np.array([""] * n),
            names,
            np.array([model.version] * n),
            np.arange(n),
            answers,
            np.full(n, 9.0),
        )


@pytest.mark.slow
def test_drift_raises_an_alert_and_a_retrained_version_is_calibrated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_registry: Path
) -> None:
    pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")

    def touchline(*words: str) -> str:
        assert run(["models", *words]) == 0
        return capsys.readouterr().out

    # a first version, from simulated games, is put on the air
    touchline("train", "xgoals", "--games", str(GAMES_TRAINED), "--out", str(tmp_path / "first"), "--by", "ann")
    store = Store(own_registry)
    first = store.versions("xgoals")[-1].version
    touchline("approve", "xgoals", first, "--by", "bob", "--why", "for the new season")
    touchline("deploy", "xgoals", first, "--by", "ann")
    follower = Follower(store, ["xgoals"], every_s=0.0)
    watch = ModelWatch({"xgoals": label_of("xgoals")}, card_finder(own_registry))
    season = Season(follower, watch)

    calm = season.play(GAMES_CALM, 0.0)
    assert watch.alerts() == []
    report = watch.report()[0]
    assert report["profile"]
    assert len(report["features"]) == len(SPECS["xgoals"].features)

    # the truth shifts
    shifted = season.play(GAMES_SHIFTED, SHIFT)
    report = watch.report()[0]
    found_after = report["calibration"]["raised_after_games"] - GAMES_CALM
    assert 0 < found_after <= FOUND_WITHIN_GAMES
    assert [alert.kind for alert in watch.alerts()] == ["calibration"]
    assert "it happens more often than predicted" in watch.alerts()[0].reason
    # the operator page and Prometheus say it, too
    from streaming.web.prometheus import exposition

    hub = Hub()
    hub.models = watch
    text = exposition(hub)().decode()
    assert 'touchline_model_alert{kind="calibration",model="xgoals",reason="it happens more often' in text
    assert "touchline_model_psi{" in text
    # and so does the command, of the same games afterwards
    concatenate(calm + shifted).write(tmp_path / "season.parquet")
    printed = json.loads(touchline("monitor", "xgoals", str(tmp_path / "season.parquet"), "--json"))
    assert printed["calibration"]["raised_after_games"] == report["calibration"]["raised_after_games"]
    assert [alert["kind"] for alert in printed["alerts"]] == ["calibration"]

    # a version that learns from what was on the air since; judged by games that neither has seen
    concatenate(shifted).write(tmp_path / "shifted.parquet")
    touchline("retrain", "xgoals", "--from", str(tmp_path / "shifted.parquet"), "--out", str(tmp_path / "second"), "--by", "ann")
    second = store.versions("xgoals")[-1]
    assert second.state == "pending"
    assert store.load("xgoals", second.version).card.trained_on["source"] == "recorded predictions"
    fresh = season.play(GAMES_AFTER, SHIFT)
    concatenate(fresh).write(tmp_path / "fresh.parquet")
    compared = json.loads(
        touchline("compare", "xgoals@deployed", second.version, "--data", str(tmp_path / "fresh.parquet"), "--json")
    )
    assert compared["better"] == second.version
    assert compared["second_minus_first"]["log_loss"]["high"] < 0.0
    why = f"log loss {compared['second_minus_first']['log_loss']['difference']:+.3f} on {compared['games']} games"
    touchline("approve", "xgoals", second.version, "--by", "bob", "--why", why)
    touchline("deploy", "xgoals", second.version, "--by", "ann", "--why", "finishing has changed")

    # calibration is back
    season.play(GAMES_MENDED, SHIFT)
    report = watch.report()[0]
    assert report["version"] == second.version
    assert report["games"] == GAMES_MENDED
    assert watch.alerts() == []
    assert abs(report["calibration"]["standard_errors"]) < 3.0
    assert follower.current()["xgoals"].version == second.version
