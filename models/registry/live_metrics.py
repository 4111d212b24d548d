"""What is live in this process, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from models.registry.live import LIVE, LiveModels


def live_metrics(live: LiveModels = LIVE) -> Iterator[Metric]:
    """Families of :class:`LiveModels`."""
    info = GaugeMetricFamily(
        "touchline_model_info", "1 for every version that answers in this process.", labels=("model", "version")
    )
    for key in live.in_use():
        info.add_metric(key, 1.0)
    switches = CounterMetricFamily(
        "touchline_model_switches", "How often another version of a model has begun to answer.", labels=("model",)
    )
    for model, n in live.switch_counts():
        switches.add_metric((model,), float(n))
    problems = GaugeMetricFamily(
        "touchline_model_registry_problem",
        "1 while a registry, or with a model its part of it, does not show what is deployed; what is live stays.",
        labels=("registry", "model", "reason"),
    )
    for problem in live.problems():
        problems.add_metric((problem.registry, problem.model, problem.reason), 1.0)
    yield from (info, switches, problems)
