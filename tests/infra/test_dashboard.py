"""Grafana's dashboard queries metrics that exist: each one is on ``/metrics``."""

from __future__ import annotations

import importlib.util
import json
import re
import time
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streaming.flink import metrics
from streaming.observability.disk import DiskCollector
from streaming.runners.kafka.condition import RunnerCollector
from streaming.runners.kafka.metrics import RunnerMetrics
from streaming.web.hub import Hub
from streaming.web.prometheus import exposition
from tests.infra.test_compose import INFRA, SERVICES
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.test_cluster_poller import FakeFlink, polled, watched

DASHBOARD: dict[str, Any] = json.loads((INFRA / "grafana" / "touchline.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
NAME = re.compile(r"\btouchline_\w+")


def operator_metrics() -> str:
    """``/metrics`` of the monitor of an operator process."""
    metrics, registry = RunnerMetrics(), CollectorRegistry(auto_describe=False)
    metrics.behind = {0: 1}
    registry.register(RunnerCollector(metrics, "soccer", "touchline"))
    registry.register(DiskCollector([INFRA]))
    return generate_latest(registry).decode()


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """Every name on ``/metrics`` of a gateway with a game, a broker and a Flink cluster, and of an operator; its labels."""
    hub, match = Hub(), ScriptedMatch("demo-1", 1_700_000_000_000_000, shot_every=6)
    hub.attach(match.record)
    match.metrics.arrival_us = 1
    hub.measure("demo-1", match.metrics, "elsewhere", time.time_ns() // 1000)
    hub.drain()
    hub.dead_letter_counts["telemetry.soccer", "late"] += 1
    match.metrics.counts["accepted", "sample"] += 1
    flink = FakeFlink()
    try:
        text = exposition(hub, polled(watched(flink)))().decode()
    finally:
        flink.stop()
    text += operator_metrics()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def own_names_of_flink() -> bytes:
    """The constants of the class in Flink that names its metrics."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("apache-flink is not installed: its names cannot be looked up")
    (jar,) = Path(spec.submodule_search_locations[0], "lib").glob("flink-dist*.jar")
    with zipfile.ZipFile(jar) as archive:
        return archive.read("org/apache/flink/runtime/metrics/MetricNames.class")


def test_dashboard_queries_only_exported_metrics(exported):
    queried = {name for _, target in TARGETS for name in NAME.findall(target["expr"])}
    ours = {name for name in queried if name.startswith("touchline_")}
    assert len(ours) > 20
    assert ours <= exported.keys(), ours - exported.keys()
    variables = [name for item in DASHBOARD["templating"]["list"] for name in NAME.findall(item["query"]["query"])]
    assert variables
    assert set(variables) <= exported.keys()


def test_flink_metrics_have_names_that_flink_knows():
    names = own_names_of_flink()
    for quantity in metrics.TASK:
        assert quantity.flink.encode() in names, quantity


@pytest.mark.parametrize(("title", "target"), TARGETS)
def test_legend_names_labels_that_its_metrics_have(exported, title, target):
    expr = target["expr"]
    assert expr.count("(") == expr.count(")"), title
    ours = [name for name in NAME.findall(expr) if name.startswith("touchline_")]
    legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
    if not ours:
        assert legend <= {"task_name", "tm_id"}, "what Flink's reporter puts on a task's figures and a TaskManager's"
        return
    has = set.union(*(exported[name] for name in ours))
    grouped = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", expr) for label in labels.split(",")}
    assert grouped <= has
    assert legend <= (grouped or has)
    chosen = {label for inside in re.findall(r"\{([^}]*)\}", expr) for label in re.findall(r"(\w+)\s*(?:=~|!=|=)", inside)}
    assert chosen <= has


def test_panels_do_not_overlap_and_have_descriptions():
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["description"] and panel["datasource"]["uid"] == "prometheus" for panel in PANELS)
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(p["x"] >= 0 and p["x"] + p["w"] <= 24 for p in places)
    for one, two in pairwise(sorted(places, key=lambda p: (p["y"], p["x"]))):
        assert (one["y"] == two["y"] and one["x"] + one["w"] <= two["x"]) or one["y"] + one["h"] <= two["y"]


def test_grafana_container_mounts_the_dashboard():
    mounts = dict(volume.removesuffix(":ro").split(":") for volume in SERVICES["grafana"]["volumes"])
    for name in ("datasource.yml", "dashboards.yml", "touchline.json"):
        assert f"./grafana/{name}" in mounts
        assert (INFRA / "grafana" / name).is_file()
    (provider,) = yaml.safe_load((INFRA / "grafana" / "dashboards.yml").read_text())["providers"]
    assert Path(mounts["./grafana/touchline.json"]).parent == Path(provider["options"]["path"])
    (source,) = yaml.safe_load((INFRA / "grafana" / "datasource.yml").read_text())["datasources"]
    assert source["uid"] == "prometheus"
    jobs = {job["job_name"]: job for job in yaml.safe_load((INFRA / "prometheus.yml").read_text())["scrape_configs"]}
    assert jobs["touchline"]["honor_labels"], "or the label job of Flink's jobs is called exported_job"
