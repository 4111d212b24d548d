"""Models in-process, beside xgboost and a plain compiled walker."""

from __future__ import annotations

from typing import Any

from streaming.bench.figures import figure
from streaming.bench.timing import Result


def xgoals(calls: int = 4_000) -> Result:
    from streaming.bench.forests import xgoals_prediction

    return _model(xgoals_prediction(calls), "one xGoals prediction in-process, 500 trees x depth 6", "p50 <= 15 us")


def lead_curve(calls: int = 4_000) -> Result:
    from streaming.bench.forests import lead_curve as measured

    found = measured(calls)
    what = "21 points of a lead curve in-process, 200 trees x depth 6"
    result = _model(found, what, "p50 <= 20 us, p99 <= 60 us, equal within 1e-6")
    result["figures"] |= {key: found[key] for key in found if key.startswith("worst_difference")}
    return result


def attribution(calls: int = 1_000) -> Result:
    from streaming.bench.forests import attribution as measured

    return _model(measured(calls), "attribution of one prediction, 200 trees x depth 6", "p50 <= 300 us")


def _model(measured: dict[str, Any], what: str, target: str) -> Result:
    figures = {k: figure(v) for k, v in measured.items() if k.endswith("_us")}
    floor = {f"{peer}_p50_us": figure(found["p50_us"]) for peer, found in measured["floor"].items()}
    return {"what": what, "figures": figures, "floor": floor, "target": target}
