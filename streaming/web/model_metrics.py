"""The monitored models, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

MODEL = ("model", "version")


def model_metrics(reports: list[dict[str, Any]]) -> Iterator[Metric]:
    """Families of ``streaming.monitoring.watch.ModelWatch.report``; an unknown value has no sample."""
    predictions = CounterMetricFamily("touchline_model_predictions", "Rows predicted.", labels=MODEL)
    labelled = CounterMetricFamily("touchline_model_outcomes", "Predictions whose outcome is known.", labels=MODEL)
    psi = GaugeMetricFamily("touchline_model_psi", "Population stability index against training.", labels=(*MODEL, "feature"))
    missing = GaugeMetricFamily("touchline_model_missing_share", "Share of rows without the feature.", labels=(*MODEL, "feature"))
    predicted = GaugeMetricFamily("touchline_model_predicted", "Mean probability of recent predictions.", labels=MODEL)
    observed = GaugeMetricFamily("touchline_model_observed", "Observed share of outcomes of the same predictions.", labels=MODEL)
    sums = GaugeMetricFamily(
        "touchline_model_calibration_cusum",
        "Evidence that the observed share is above (up) or below (down) the predicted one.",
        labels=(*MODEL, "direction"),
    )
    latency = SummaryMetricFamily(
        "touchline_model_latency_seconds", "Time of a prediction; quantiles of recent ones.", labels=MODEL
    )
    alerts = GaugeMetricFamily("touchline_model_alert", "1 while the alert is raised.", labels=(*MODEL, "kind", "reason"))
    for report in reports:
        model = (report["model"], report["version"])
        predictions.add_metric(model, float(report["predictions"]))
        labelled.add_metric(model, float(report["labelled"]))
        for feature in report["features"]:
            psi.add_metric((*model, feature["feature"]), feature["psi"])
            missing.add_metric((*model, feature["feature"]), feature["missing"])
        calibration = report["calibration"]
        if calibration["said"] is not None:
            predicted.add_metric(model, calibration["said"])
            observed.add_metric(model, calibration["happened"])
        for direction in ("up", "down"):
            sums.add_metric((*model, direction), calibration[direction])
        timed = report["took_us"]
        if timed["count"]:
            latency.add_metric(model, timed["count"], timed["sum"] / 1e6)
            for name, quantile in (("p50", "0.5"), ("p99", "0.99")):
                labels = dict(zip(MODEL, model, strict=True)) | {"quantile": quantile}
                latency.add_sample(latency.name, labels, timed[name] / 1e6)
        for alert in report["alerts"]:
            alerts.add_metric((*model, alert["kind"], alert["reason"]), 1.0)
    yield from (predictions, labelled, psi, missing, predicted, observed, sums, latency, alerts)
