"""Alert rules: valid, tested with promtool, over metrics that exist, each with a way out in the documentation."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from models.serving.metrics import ServingMetrics
from models.serving.metrics import exposition as endpoint_exposition
from streaming.web.hub import Hub
from streaming.web.prometheus import exposition
from tests.infra.test_compose import INFRA, SERVICES
from tests.infra.test_dashboard import exported, operator_metrics
from tests.paths import ROOT
from tests.streaming.web import test_models as under_watch

__all__ = ["exported"]

RULES = [rule for group in yaml.safe_load((INFRA / "prometheus" / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
TESTS: list[dict[str, Any]] = yaml.safe_load((INFRA / "prometheus" / "alerts_test.yml").read_text())["tests"]
RUNBOOK = (ROOT / "docs" / "operating.md").read_text()


def promtool(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False, **more)


@pytest.mark.cluster  # as the broker and the cluster, promtool belongs to the machine of CI
def test_rules_and_configuration_are_valid_and_every_alert_fires_and_rests_as_it_should():
    for arguments in (
        ("check", "config", "--syntax-only", str(INFRA / "prometheus.yml")),
        ("check", "rules", str(INFRA / "prometheus" / "alerts.yml")),
        ("test", "rules", str(INFRA / "prometheus" / "alerts_test.yml")),
    ):
        done = promtool(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.cluster
def test_scrape_configuration_of_a_kubernetes_cluster_is_valid(tmp_path):
    """Debian's promtool is built without Kubernetes: it checks all but how the pods are found."""
    config = yaml.safe_load((INFRA / "kubernetes" / "prometheus.yml").read_text())
    for job in config["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": ["touchline"]}}]
        job["static_configs"] = [{"targets": ["pod:1"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    done = promtool("check", "config", "--syntax-only", str(tmp_path / "prometheus.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    scraped = {job["job_name"] for job in config["scrape_configs"]}
    assert scraped >= {"touchline", "touchline-operator"}, "the rules name these jobs"
    for job in config["scrape_configs"]:
        assert ("authorization" in job) is (job["job_name"] != "flink")


def test_promtool_does_look(tmp_path):
    shutil.copytree(INFRA / "prometheus", tmp_path / "p")
    rules = tmp_path / "p" / "alerts.yml"
    rules.write_text(rules.read_text().replace("> 2\n", "> 2000\n", 1))
    assert promtool("test", "rules", str(tmp_path / "p" / "alerts_test.yml")).returncode == 1


def test_metrics_of_an_operator_pass_the_linter():
    done = promtool("check", "metrics", input=operator_metrics())
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_alert_is_tested_with_series_that_raise_it_and_series_that_do_not():
    tested = Counter((test["alert_rule_test"][0]["alertname"], bool(test["alert_rule_test"][0]["exp_alerts"])) for test in TESTS)
    assert tested == Counter({(rule["alert"], raised): 1 for rule in RULES for raised in (True, False)})


def test_alerts_query_only_exported_metrics(exported):
    hub = Hub()
    hub.models = under_watch.watching()
    under_watch.play(hub.models, under_watch.WELL, 200, under_watch.inputs(200, 3), 0.2)
    requests = endpoint_exposition({"xgoals": ServingMetrics()}, {})
    text = exposition(hub)().decode() + requests.decode()
    known = exported.keys() | {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    # these have samples once there is an error
    known |= {"touchline_endpoint_errors_total", "touchline_values_unavailable_total", "touchline_model_alert"}
    queried = {name for rule in RULES for name in re.findall(r"\btouchline_\w+", rule["expr"])}
    assert len(queried) > 20
    assert queried <= known, queried - known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alert_has_a_severity_and_a_way_out(rule):
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"]["runbook_url"] == f"docs/operating.md#{rule['alert'].lower()}"
    section = RUNBOOK.partition(f"### {rule['alert']}\n")[2].partition("\n##")[0]
    assert len(section.split()) >= 15, "what it means and what to do"


def test_containers_scrape_operators_and_read_the_rules():
    config = yaml.safe_load((INFRA / "prometheus.yml").read_text())
    mounts = dict(volume.removesuffix(":ro").split(":") for volume in SERVICES["prometheus"]["volumes"])
    inside = Path(mounts["./prometheus.yml"]).parent
    for path in config["rule_files"]:
        assert (INFRA / path).is_file()
        assert mounts[f"./{Path(path).parent}"] == str(inside / Path(path).parent)
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert {match for rule in RULES for match in re.findall(r'job="([^"]+)"', rule["expr"])} <= jobs.keys()
    command = SERVICES["operator"]["command"]
    port = jobs["touchline-operator"]["dns_sd_configs"][0]["port"]
    assert command[command.index("--monitor-port") + 1] == str(port)
    assert str(port) in SERVICES["operator"]["healthcheck"]["test"][3]
