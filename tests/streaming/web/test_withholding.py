"""A model that outcomes contradict is off the air, with what is built on it; another version begins anew; a setting only warns."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from models.specs import spec_of
from streaming.monitoring.watch import ModelWatch
from streaming.outcome_labels import label_of
from streaming.web.filters import Filter
from streaming.web.hub import Hub
from streaming.web.subscribers import Subscriber
from streaming.web.withholding import Policy
from streaming.wire.blocks import Prediction, StatBlock
from streaming.wire.records import Event, ModelUse
from tests.streaming.web import scripted

RECORD = scripted.record("demo-1", 1_700_000_000_000_000)
SHOTS = 400


def block(stat: str, value: float, event: str | None = None, version: str | None = "v1", at: int = 5_000_000) -> StatBlock:
    use = None if version is None else ModelUse(name="xgoals", version=version)
    subject = "home" if stat.startswith("soccer.team") else "home-9"
    return StatBlock(
        stat=stat,
        game="demo-1",
        sport="soccer",
        unit="0..1",
        subjects=(subject,),
        end_us=np.array([at]),
        span_us=0,
        values=[[value]] if event else np.array([[value]]),
        quality="final",
        ingress_us=np.array([at]),
        event=event,
        model=use,
    )


def watched(predicted: float, observed: float, version: str = "v1", models: ModelWatch | None = None) -> ModelWatch:
    """A watch that has seen ``SHOTS`` shots of the model, of which a share went in."""
    models = models or ModelWatch({"xgoals": label_of("xgoals")}, lambda name, version: None)
    rng = np.random.default_rng(1)
    events = [
        Event(id=f"{version}-e{i}", game="demo-1", type="shot", t_us=i, period=1, outcome="goal" if goal else "saved")
        for i, goal in enumerate(rng.random(SHOTS) < observed)
    ]
    for event in models.tee(RECORD, events):
        row = np.zeros((1, len(spec_of("xgoals").features)))
        models.write(
            [
                Prediction(
                    game="demo-1",
                    stat="soccer.shot.xgoals",
                    event=event.id,
                    t_us=event.t_us,
                    model="xgoals",
                    version=version,
                    features=row,
                    answer=np.array([predicted]),
                    quality="final",
                    took_us=5.0,
                )
            ],
            0,
        )
    return models


def aired(models: ModelWatch, blocks: list[StatBlock], policy: Policy = "withhold") -> list[dict[str, object]]:
    hub = Hub()
    hub.attach(RECORD)
    hub.watch(models, policy)
    subscriber = Subscriber(Filter.of(["stats.#"]), "websocket")
    hub.drain()
    hub.subscribe(subscriber, {})
    for each in blocks:
        hub.write([each], 0)
        hub.drain()
    messages = [json.loads(out.text) for out in subscriber.pop_batch()]
    return [update for message in messages for update in message.get("updates", [])]


BLOCKS = [
    block("soccer.shot.xgoals", 0.02, "e1"), block("soccer.team.xgoals", 1.5, version=None),
    block("soccer.player.speed", 25.0, version=None),
]  # fmt: skip


def test_model_whose_outcomes_match_is_published() -> None:
    found = aired(watched(0.1, 0.1), BLOCKS)
    assert [(u["stat"], u["value"], u["quality"]) for u in found] == [
        ("soccer.shot.xgoals", 0.02, "final"),
        ("soccer.team.xgoals", 1.5, "final"),
        ("soccer.player.speed", 25.0, "final"),
    ]


def test_contradicted_model_is_withheld_with_stats_built_on_it() -> None:
    """Predicted 2 %, observed 81 %."""
    models = watched(0.02, 0.81)
    assert [alert.kind for alert in models.alerts()] == ["calibration"]
    found = aired(models, BLOCKS)
    assert [(u["stat"], u["value"], u["quality"]) for u in found] == [
        ("soccer.shot.xgoals", None, "unavailable"),
        ("soccer.team.xgoals", None, "unavailable"),
        ("soccer.player.speed", 25.0, "final"),
    ]
    assert found[0]["reason"] == "it happens more often than predicted"
    assert "0.02" not in json.dumps(found)


def test_withheld_stat_is_announced_once_per_subject() -> None:
    models = watched(0.02, 0.81)
    blocks = [block("soccer.shot.xgoals", 0.02, f"e{i}", at=i) for i in range(5)]
    assert [u["event"] for u in aired(models, blocks)] == ["e0"]


def test_policy_warn_withholds_nothing() -> None:
    found = aired(watched(0.02, 0.81), BLOCKS, "warn")
    assert [u["quality"] for u in found] == ["final"] * 3
    assert found[0]["value"] == 0.02


def test_other_version_of_a_withheld_model_is_published() -> None:
    models = watched(0.02, 0.81)
    blocks = [block("soccer.shot.xgoals", 0.02, "e1"), block("soccer.shot.xgoals", 0.7, "e2", version="v2")]
    models = watched(0.8, 0.8, "v2", models)
    assert [(u["value"], u["quality"]) for u in aired(models, blocks)][-1] == (0.7, "final")


def test_new_subscriber_gets_no_withheld_value() -> None:
    models = watched(0.1, 0.1)
    hub = Hub()
    hub.attach(RECORD)
    hub.watch(models, "withhold")
    hub.write([block("soccer.shot.xgoals", 0.02, "e1"), block("soccer.team.xgoals", 1.5, version=None)], 0)
    hub.drain()
    watched(0.02, 0.81, models=models)
    later = 6_000_000
    hub.write([block("soccer.shot.xgoals", 0.03, "e2", at=later), block("soccer.team.xgoals", 1.53, version=None, at=later)], 0)
    hub.drain()
    late = Subscriber(Filter.of(["stats.#"]), "websocket")
    hub.subscribe(late, {})
    updates = [u for out in late.pop_batch() for u in json.loads(out.text).get("updates", [])]
    assert {u["quality"] for u in updates} == {"unavailable"}, "what was on the air before is not either"
    assert all(u["value"] is None for u in updates)


def _resumed(hub: Hub, after: int) -> list[dict[str, object]]:
    """What a client gets that resumes from ``after``."""
    client = Subscriber(Filter.of(["stats.#"]), "websocket")
    hub.subscribe(client, {"demo-1": after})
    messages = [json.loads(out.text) for out in client.pop_batch()]
    hub.unsubscribe(client)
    assert "gap" not in {message["kind"] for message in messages}, "its cursor is good"
    return [update for message in messages for update in message.get("updates", [])]


def test_resuming_subscriber_gets_no_value_withheld_meanwhile() -> None:
    models = watched(0.1, 0.1)
    hub = Hub()
    hub.attach(RECORD)
    hub.watch(models, "withhold")
    hub.drain()
    cursor = hub.games["demo-1"].seq
    for each in BLOCKS:
        hub.write([each], 0)
        hub.drain()
    assert [u["value"] for u in _resumed(hub, cursor)] == [0.02, 1.5, 25.0]
    watched(0.02, 0.81, models=models)
    assert [u["value"] for u in _resumed(hub, cursor)] == [25.0], "from the moment of the alarm, not only from the next value on"
    hub.write([block("soccer.shot.xgoals", 0.03, "e2", at=6_000_000)], 0)
    hub.drain()
    assert [(u["stat"], u["value"], u["quality"]) for u in _resumed(hub, cursor)] == [
        ("soccer.player.speed", 25.0, "final"),
        ("soccer.shot.xgoals", None, "unavailable"),
    ]


def test_newer_version_is_withheld_in_its_turn() -> None:
    models = watched(0.02, 0.81)
    hub = Hub()
    hub.attach(RECORD)
    hub.watch(models, "withhold")
    hub.drain()
    cursor = hub.games["demo-1"].seq
    hub.write([block("soccer.shot.xgoals", 0.4, "e1")], 0)
    hub.drain()
    watched(0.8, 0.8, "v2", models)
    hub.write([block("soccer.shot.xgoals", 0.4, "e2", version="v2")], 0)
    hub.drain()
    assert [(u["value"], u["quality"]) for u in _resumed(hub, cursor)] == [(None, "unavailable"), (0.4, "final")]
    watched(0.02, 0.81, "v2", models)
    hub.write([block("soccer.shot.xgoals", 0.4, "e3", version="v2")], 0)
    hub.drain()
    assert {(u["value"], u["quality"]) for u in _resumed(hub, cursor)} == {(None, "unavailable")}


def test_withholding_leaves_the_operator_s_block_unchanged() -> None:
    """Whatever the gateway does with a block, the block of the operator stays as it is."""
    one = block("soccer.shot.xgoals", 0.02, "e1")
    before = msgspec.json.encode(list(one.updates(0)))
    aired(watched(0.02, 0.81), [one])
    assert msgspec.json.encode(list(one.updates(0))) == before


@pytest.mark.parametrize("policy", ["", "never", "Withhold"])
def test_unknown_policy_exits_with_one_sentence(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    from streaming.cli.app import run

    assert run(["demo", "soccer", "--port", "0", "--for", "0.1", "--contradicted", policy]) == 2
    assert "--contradicted is withhold or warn" in capsys.readouterr().err
