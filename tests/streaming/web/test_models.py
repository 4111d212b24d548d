"""Monitored models, from their published predictions to the operator page: a healthy one is shown, a drifting one has an alert
with its reason."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from models.artefact import Card, CardFeature
from models.monitoring.monitor import MIN_ROWS
from models.monitoring.profile import profile_of
from streaming.kafka.settings import parse
from streaming.kafka.subscriber import KafkaSubscriber
from streaming.monitoring.labels import Label, of_event, outcome
from streaming.monitoring.watch import ModelWatch
from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from streaming.wire import topics
from streaming.wire.blocks import Prediction
from streaming.wire.messages import encode_prediction
from streaming.wire.records import Event, encode
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.test_browser import browser, until
from tests.waiting import TIMEOUT_MS

__all__ = ["browser"]

FEATURES = ("distance_m", "angle_rad", "height_m", "defenders", "keeper_m", "speed_mps")
#: two models of six features, whose labels are in the events
WELL, DRIFTING = "nfl-pressure", "catch-probability"
RECORD = ScriptedMatch().record


def card_of(name: str, version: str) -> Card | None:
    """A model with a profile of its inputs; one called "bare" has none, as those that are older than profiles."""
    metrics: dict[str, Any] = {}
    if name != "bare":
        metrics["profile"] = msgspec.to_builtins(profile_of(inputs(3_000, 1), FEATURES))
    features = [CardFeature(f, "m") for f in FEATURES]
    return Card(name, name, ["no", "yes"], features, {"rows": 3_000}, "none", 0, metrics=metrics, version=version)


def inputs(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, len(FEATURES)))


def prediction(model: str, k: int, row: np.ndarray, probability: float, took_us: float = 40.0) -> Prediction:
    return Prediction(
        game=RECORD.game,
        stat="soccer.shot.xgoals",
        event=f"{model}-{k}",
        t_us=k,
        model=model,
        version=f"{model}-v1",
        features=row[None, :],
        answer=np.array([probability]),
        quality="final",
        took_us=took_us,
    )


def shot(model: str, k: int, scored: bool) -> Event:
    return Event(id=f"{model}-{k}", game=RECORD.game, type="shot", t_us=k, outcome="goal" if scored else "saved")


def watching() -> ModelWatch:
    watch = ModelWatch(dict.fromkeys((WELL, DRIFTING), Label(("shot",), of_event(outcome("goal")))), card_of)
    watch.add_game(RECORD)
    return watch


def play(watch: ModelWatch, model: str, n: int, rows: np.ndarray, happens: float, took_us: float = 40.0) -> None:
    """``n`` predictions of 0.2, each of an event that happens with probability ``happens``."""
    rng = np.random.default_rng(2)
    for k in range(n):
        watch.on_event(shot(model, k, bool(rng.random() < happens)))
        watch.write([prediction(model, k, rows[k], 0.2, took_us)], 0)


# -- from a broker -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["event", "prediction"])
def test_subscriber_feeds_the_model_watch_in_any_order_of_topics(first: str) -> None:
    """Events and predictions lie in two topics, so that either may be read first; what is provisional counts for nothing."""
    watch, n = watching(), MIN_ROWS + 20
    reader = KafkaSubscriber(parse("kafka://127.0.0.1:9", None), ["soccer"], Hub(), models=watch)
    rows = inputs(n, 4)
    predictions = [prediction(WELL, k, rows[k], 0.25, float("nan")) for k in range(n)]
    predictions += [replace(p, quality="provisional") for p in predictions[:5]]
    # a label that follows its prediction counts ten seconds later
    later = [Event(id=f"later-{s}", game=RECORD.game, type="shot", t_us=s * 1_000_000, outcome="saved") for s in (60, 61)]
    messages = {
        "event": [(topics.events("soccer"), encode(shot(WELL, k, k % 4 == 0))) for k in range(n)],
        "prediction": [(topics.predictions("soccer"), encode_prediction(p)) for p in predictions],
    }
    for kind in sorted(messages, key=lambda kind: kind != first):
        for topic, value in messages[kind]:
            reader.handle(SimpleNamespace(topic=topic, key=b"", value=value, timestamp=1))
    for event in later:
        reader.handle(SimpleNamespace(topic=topics.events("soccer"), key=b"", value=encode(event), timestamp=1))
    assert reader.unreadable == 0
    (report,) = watch.report()
    assert (report["model"], report["version"], report["predictions"], report["labelled"]) == (WELL, f"{WELL}-v1", n, n)
    assert report["calibration"]["said"] == 0.25
    assert report["calibration"]["happened"] == pytest.approx(0.25)
    assert {f["feature"] for f in report["features"]} == set(FEATURES)
    assert report["took_us"] == {"p50": None, "p99": None, "count": 0, "sum": 0.0}
    assert report["alerts"] == []


def test_subscriber_without_a_model_watch_reads_no_predictions() -> None:
    reader = KafkaSubscriber(parse("kafka://127.0.0.1:9", None), ["soccer"], Hub())
    assert topics.predictions("soccer") not in reader.topics


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_operator_page_shows_each_model_and_its_alerts_with_reasons(browser: Any) -> None:
    hub, match, watch = Hub(), ScriptedMatch(), watching()
    hub.attach(match.record, match.metrics)
    with Gateway(hub, port=0) as gateway:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        assert httpx.get(gateway.url + "/api/operators").json()["models"] is None, "the models are not monitored"
        hub.models = watch
        page.goto(gateway.url + "/operator")
        page.locator("#models", has_text="No model has answered yet.").wait_for(timeout=TIMEOUT_MS)
        assert page.locator("#model-alerts").is_hidden()

        # well: observed as predicted; one with too few rows, and one without a profile
        play(watch, WELL, 300, inputs(300, 5), 0.2)
        play(watch, "young", 20, inputs(20, 6), 0.2)
        play(watch, "bare", 150, inputs(150, 7), 0.2)
        watch.recent_report(0.0)
        page.locator("#models-count", has_text="3 models, no alert").wait_for(timeout=TIMEOUT_MS)
        row = " ".join(page.locator("#models tr", has_text=WELL).inner_text().split())
        assert row.startswith(f"{WELL} {WELL}-v1 300 1 game PSI 0.")
        assert " none 20 % / " in row
        assert "300 outcomes" in row
        assert row.endswith("standard errors 40 µs p50 40 µs as in training")
        assert "too few rows" in page.locator("#models tr", has_text="young").inner_text()
        assert "no training profile on its card" in page.locator("#models tr", has_text="bare").inner_text()
        assert page.locator("#model-alerts").is_hidden()

        # not well: every input has moved, one is missing, twice as much is observed as predicted, and it is slow
        moved = inputs(400, 8) + 3.0
        moved[:, 2] = np.nan
        play(watch, DRIFTING, 400, moved, 0.4, took_us=2_500.0)
        watch.recent_report(0.0)
        page.locator("#models-card.alerted").wait_for(timeout=TIMEOUT_MS)
        report = watch.monitors[DRIFTING].report()
        assert [alert["kind"] for alert in report["alerts"]].count("input drift") == 5
        assert page.locator("#models-count").inner_text() == f"4 models, {len(report['alerts'])} alerts"
        lines = [" ".join(text.split()) for text in page.locator("#model-alerts li").all_inner_texts()]
        reasons = {alert["kind"]: alert["reason"] for alert in report["alerts"]}
        for kind in ("missing", "calibration", "latency"):
            assert f"{kind.upper()} {DRIFTING} {reasons[kind]} {DRIFTING}-v1" in lines
        assert sum(line.startswith("INPUT DRIFT") for line in lines) == 4  # three, and how many more
        assert f"INPUT DRIFT {DRIFTING} and 2 more of its inputs: touchline models monitor lists them {DRIFTING}-v1" in lines
        # the model with alerts is first, in the colour of alarm
        assert page.locator("#models tr").nth(1).inner_text().startswith(DRIFTING)
        assert page.locator("#models tr").nth(1).locator("td.over").count() == 5

        # a narrow window: nothing sticks out, and each figure has its heading
        page.set_viewport_size({"width": 420, "height": 900})
        until(page, "document.documentElement.scrollWidth <= 420 && document.querySelector('#models-card').scrollWidth <= 420")
        assert page.evaluate("getComputedStyle(document.querySelector('#models td'), '::before').content") == '"model"'
        assert faults == []
        page.close()
