"""Latencies that are known, as the operator page and Prometheus have them; and /metrics is as its linter wants it."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.latency import RELATIVE_ERROR
from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from streaming.web.prometheus import exposition
from tests.streaming.web import test_models as under_watch
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.test_browser import browser, until
from tests.streaming.web.test_cluster_poller import FakeFlink, polled, watched

__all__ = ["browser"]

#: microseconds of 4,000 windows: the median is 100, nine tenths are below 200, and some are slow
WINDOWS = np.concatenate([np.random.default_rng(5).lognormal(np.log(100.0), 0.35, 3_900), np.linspace(600.0, 900.0, 100)])
MEDIAN, LAST = (float(np.quantile(WINDOWS, q)) for q in (0.5, 0.99))


@pytest.fixture
def hub() -> Hub:
    """One whose game has had these windows."""
    found, match = Hub(), ScriptedMatch()
    match.metrics.window_latency.__init__()  # type: ignore[misc]
    for us in WINDOWS.tolist():
        match.metrics.window_latency.add(us)
    match.metrics.windows = len(WINDOWS)
    found.attach(match.record, match.metrics)
    found.drain()
    return found


def test_operators_request_has_the_measured_latencies(hub):
    with Gateway(hub, port=0) as gateway:
        game = httpx.get(gateway.url + "/api/operators").json()["games"]["demo-1"]
    latency = game["meters"]["window_latency"]
    for name, true in (("p50_us", MEDIAN), ("p99_us", LAST)):
        assert latency[name] == game[f"window_{name}"] == pytest.approx(true, rel=RELATIVE_ERROR)
    assert sum(latency["counts"]) == latency["count"] == len(WINDOWS)


@pytest.mark.browser
def test_operator_page_shows_latencies_coloured_by_their_budgets(browser, hub):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    with Gateway(hub, port=0) as gateway:
        page.goto(gateway.url + "/operator")
        cards = until(
            page,
            """(() => {
          const found = [...document.querySelectorAll('#figures .card')].slice(0, 2);
          return found.length === 2 && found.map((card) => {
            const figure = card.querySelector('.figure');
            return [card.querySelector('h2').innerText, figure.firstChild.textContent, figure.querySelector('small').innerText,
              figure.className];
          });
        })()""",
        )
        page.close()
    (median, p50, unit, how), (last, p99, other, how_last) = cards
    assert (median.lower(), unit, last.lower(), other) == ("p50 latency", "µs", "p99 latency", "µs")
    assert float(p50) == pytest.approx(MEDIAN, rel=RELATIVE_ERROR)
    assert float(p99) == pytest.approx(LAST, rel=RELATIVE_ERROR)
    assert how == how_last == "figure well", "both are within their budgets of 300 and 1000 us"


def quantile_by_prometheus(samples: list[tuple[float, float]], q: float) -> float:
    """``histogram_quantile`` of cumulative (le, count), as Prometheus' documentation has it."""
    want = q * samples[-1][1]
    low, below = 0.0, 0.0
    for bound, count in samples:
        if count >= want:
            return low + (bound - low) * (want - below) / (count - below)
        low, below = bound, count
    raise AssertionError("the last bucket holds all")


def test_metrics_give_the_measured_quantiles(hub):
    families = {f.name: f for f in text_string_to_metric_families(exposition(hub)().decode())}
    family = families["touchline_window_latency_seconds"]
    samples = [(float(s.labels["le"]), s.value) for s in family.samples if s.name.endswith("_bucket")]
    assert samples[-1] == (np.inf, len(WINDOWS))
    for q, true in ((0.5, MEDIAN), (0.99, LAST)):
        assert 1e6 * quantile_by_prometheus(samples, q) == pytest.approx(true, rel=RELATIVE_ERROR)


# -- the linter's rules ------------------------------------------------------------------------------------------------


@pytest.fixture
def everything(hub) -> str:
    """/metrics of a gateway with a game, models with predictions and latencies, dead letters, a broker and a Flink cluster."""
    hub.models = under_watch.watching()
    under_watch.play(hub.models, under_watch.WELL, 200, under_watch.inputs(200, 3), 0.2)
    hub.dead_letter_counts["telemetry.soccer", "late"] += 1
    flink = FakeFlink()
    try:
        return exposition(hub, polled(watched(flink)))().decode()
    finally:
        flink.stop()


def test_metrics_of_model_latency_are_a_summary(everything):
    (family,) = [f for f in text_string_to_metric_families(everything) if f.name == "touchline_model_latency_seconds"]
    assert family.type == "summary"
    found: dict[str, Any] = {s.name + s.labels.get("quantile", ""): s.value for s in family.samples}
    assert found == pytest.approx(
        {
            "touchline_model_latency_seconds_count": 200.0,
            "touchline_model_latency_seconds_sum": 200 * 40e-6,
            "touchline_model_latency_seconds0.5": 40e-6,
            "touchline_model_latency_seconds0.99": 40e-6,
        }
    )


#: Prometheus' own naming rules, as its linter checks them: label names that only some kinds may have, endings that tell the kind
RESERVED = {"quantile": {"summary"}, "le": {"histogram"}}
ENDINGS = {"_total": {"counter"}, "_count": {"summary", "histogram"}, "_sum": {"summary", "histogram"}, "_bucket": {"histogram"}}


def test_metrics_use_reserved_labels_and_endings_only_in_their_types(everything):
    families = list(text_string_to_metric_families(everything))
    assert len(families) > 20
    for family in families:
        assert family.documentation, family.name
        for sample in family.samples:
            for label, kinds in RESERVED.items():
                assert label not in sample.labels or family.type in kinds, sample
            for ending, kinds in ENDINGS.items():
                assert not sample.name.endswith(ending) or family.type in kinds, sample
            assert family.type != "counter" or sample.name.endswith("_total"), sample


def test_metrics_pass_the_linter_of_prometheus(everything):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian's package prometheus); the rules are asserted above")
    done = subprocess.run([promtool, "check", "metrics"], input=everything, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
