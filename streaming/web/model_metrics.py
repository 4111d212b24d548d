"""The models under watch, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

MODEL = ("model", "version")


def model_metrics(reports: list[dict[str, Any]]) -> Iterator[Metric]:
    """Families of ``streaming.monitoring.watch.ModelWatch.report``; what is not known has no sample."""
    asked = CounterMetricFamily("touchline_model_predictions", "Rows that a model answered.", labels=MODEL)
    labelled = CounterMetricFamily("touchline_model_outcomes", "Predictions whose outcome is known.", labels=MODEL)
    psi = GaugeMetricFamily("touchline_model_psi", "Population stability index against training.", labels=(*MODEL, "feature"))
    missing = GaugeMetricFamily("touchline_model_missing_share", "Share of rows without the feature.", labels=(*MODEL, "feature"))
    said = GaugeMetricFamily("touchline_model_said", "Mean probability of recent predictions.", labels=MODEL)
    happened = GaugeMetricFamily("touchline_model_happened", "Share of them that happened.", labels=MODEL)
    sums = GaugeMetricFamily(
        "touchline_model_calibration_cusum",
        "Evidence that it happens more (up) or less often (down) than is said.",
        labels=(*MODEL, "direction"),
    )
    took = SummaryMetricFamily(
        "touchline_model_latency_seconds", "Time of a prediction; quantiles are those of recent ones.", labels=MODEL
    )
    alerts = GaugeMetricFamily("touchline_model_alert", "1 while something is wrong.", labels=(*MODEL, "kind", "reason"))
    for report in reports:
        who = (report["model"], report["version"])
        asked.add_metric(who, float(report["predictions"]))
        labelled.add_metric(who, float(report["labelled"]))
        for feature in report["features"]:
            psi.add_metric((*who, feature["feature"]), feature["psi"])
            missing.add_metric((*who, feature["feature"]), feature["missing"])
        calibration = report["calibration"]
        if calibration["said"] is not None:
            said.add_metric(who, calibration["said"])
            happened.add_metric(who, calibration["happened"])
        for direction in ("up", "down"):
            sums.add_metric((*who, direction), calibration[direction])
        timed = report["took_us"]
        if timed["count"]:
            took.add_metric(who, timed["count"], timed["sum"] / 1e6)
            for name, quantile in (("p50", "0.5"), ("p99", "0.99")):
                labels = dict(zip(MODEL, who, strict=True)) | {"quantile": quantile}
                took.add_sample(took.name, labels, timed[name] / 1e6)
        for alert in report["alerts"]:
            alerts.add_metric((*who, alert["kind"], alert["reason"]), 1.0)
    yield from (asked, labelled, psi, missing, said, happened, sums, took, alerts)
