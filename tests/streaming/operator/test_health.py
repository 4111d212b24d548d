"""An operator's metrics as a message and back; other bytes are a BadRecord."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadRecord
from streaming.operator.game import GameOperator
from streaming.operator.health import Health, decode_health, encode_health
from streaming.operator.metrics import OperatorMetrics
from streaming.web.rest import metrics_json
from tests.streaming import helpers
from tests.streaming.toy import TOY, game, mark, track


def played() -> OperatorMetrics:
    operator = GameOperator(TOY, game())
    helpers.play(operator, [track(3.0), mark(1, 1.0, delay_s=2.0), track(1.0)])
    metrics = operator.metrics
    for us in (40.0, 700.0, 2e6):
        metrics.window_latency.add(us)
    metrics.event_latency.add(12_345.0)
    return metrics


def health_of(metrics: OperatorMetrics) -> Health:
    return Health.of("toy-1", "toy", "somewhere", metrics, 5)


def test_health_message_decodes_to_the_same_metrics():
    metrics = played()
    raw = encode_health(health_of(metrics))
    health = decode_health(raw)
    back = health.metrics()
    assert (health.game, health.sport, health.runner, health.reported_us) == ("toy-1", "toy", "somewhere", 5)
    assert metrics_json(back) == metrics_json(metrics), "the operator page shows the same"
    assert back.counts == metrics.counts
    assert any(kind == "duplicate" for kind, _ in back.counts)
    assert (back.watermark_us, back.arrival_us) == (metrics.watermark_us, metrics.arrival_us)
    assert back.window_latency.quantile(0.5) == metrics.window_latency.quantile(0.5) == pytest.approx(700, rel=0.05)
    assert back.window_latency.quantile(1.0) == 2e6
    assert encode_health(health_of(back)) == raw


def test_decoded_metrics_are_a_copy():
    metrics = played()
    back = decode_health(encode_health(health_of(metrics))).metrics()
    back.step_ns += 1
    back.window_latency.add(3.0)
    assert back.window_latency.count == metrics.window_latency.count + 1
    assert np.all(back.step_ns != metrics.step_ns)


def test_health_of_a_game_without_records_decodes():
    health = decode_health(encode_health(Health.of("g", "toy", "", OperatorMetrics(("a", "b")), 0)))
    assert health.metrics().window_latency.count == 0
    assert health.metrics().watermark_lag_us == 0


BROKEN = [
    {"v": 1}, {"v": 3}, {"steps": 3}, {"game": None}, {"records": [["a", "b"]]},
    {"window_latency": {"counts": [1], "sum_us": "x", "max_us": 0}},
]  # fmt: skip


@pytest.mark.parametrize("wrong", BROKEN)
def test_health_with_a_wrong_field_is_a_bad_record(wrong):
    raw = json.dumps({**json.loads(encode_health(health_of(played()))), **wrong}).encode()
    with pytest.raises(BadRecord) as bad:
        decode_health(raw)
    assert bad.value.reason == "bad health"


@pytest.mark.parametrize(
    "wrong",
    [
        {"step_ns": [1]},
        {"steps": ["one"]},
        {"step_calls": [1 << 70] * 11},
        *({"window_latency": {"counts": [pair], "sum_us": 0, "max_us": 0}} for pair in ([562, 1], [-1, 1], [3, 0], [3, 1 << 60])),
    ],
)
def test_health_with_contradicting_parts_is_a_bad_record(wrong):
    raw = json.dumps({**json.loads(encode_health(health_of(played()))), **wrong}).encode()
    with pytest.raises(BadRecord) as bad:
        decode_health(raw).metrics()
    assert bad.value.reason == "bad health"


@given(st.binary(max_size=60) | st.integers(1, 60_000).map(lambda n: b'{"x":' + b"[" * n))
def test_arbitrary_bytes_are_a_bad_record(raw):
    with pytest.raises(BadRecord) as bad:
        decode_health(raw)
    assert bad.value.reason == "bad health"
