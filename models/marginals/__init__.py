"""Marginals: how often things happen and how large they are, of whole games, worked out alike for simulated and for real ones.

A module a sport. ``read(folder)`` takes the *facts* of real games out of the tables of a data folder; ``figures(facts)`` turns
facts, real or simulated, into named figures. Facts are columns by name: the sport's module describes each, and
``simulators.<sport>.marginals`` makes the same columns from simulated games. The figures of real games are kept in ``real.json``,
written by ``touchline marginals --data FOLDER --keep models/marginals/real.json``, so that a table needs no data.
"""

from __future__ import annotations

import importlib
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Facts = dict[str, npt.NDArray[Any]]
Figures = dict[str, float]

KEPT: Final = Path(__file__).with_name("real.json")
#: a simulated figure that is off by more than this share of the real one is explained
NEAR: Final = 0.20
#: the sports that have marginals
SPORTS: Final = ("soccer", "nfl", "mlb", "f1")


def figures(sport: str, facts: Facts) -> Figures:
    """The named figures of ``facts``, in the order of the table; NaN where nothing of the kind happened."""
    found: Figures = importlib.import_module(f"{__name__}.{sport}").figures(facts)
    return found


def real_figures(sport: str, folder: Path) -> Figures:
    """The figures of the real games in ``folder``; ``ValueError`` names a table that is missing or not what it should be."""
    return figures(sport, importlib.import_module(f"{__name__}.{sport}").read(folder))


def kept_figures(sport: str) -> Figures:
    """The figures of real games as they were worked out when ``real.json`` was written."""
    kept: dict[str, Figures] = json.loads(KEPT.read_text("utf-8"))
    return kept[sport]


def mean(values: npt.NDArray[Any]) -> float:
    """The mean, NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def by_band(
    what: str, at: npt.NDArray[Any], values: npt.NDArray[Any], edges: Sequence[float], unit: str
) -> Iterator[tuple[str, float]]:
    """(name, mean of ``values``) for each band of ``at`` between two ``edges``; an infinite edge is left out of the name."""
    for lo, hi in itertools.pairwise(edges):
        yield f"{what}, {_span(lo, hi, unit)}", mean(values[(at >= lo) & (at < hi)])


def shares(what: str, at: npt.NDArray[Any], edges: Sequence[float], unit: str) -> Iterator[tuple[str, float]]:
    """(name, share of all) for each band of ``at``; those without a value belong to none."""
    known = at[np.isfinite(at)]
    for lo, hi in itertools.pairwise(edges):
        yield f"{what}, {_span(lo, hi, unit)}", mean((known >= lo) & (known < hi))


def _span(lo: float, hi: float, unit: str) -> str:
    if np.isinf(lo):
        return f"under {hi:g} {unit}"
    if np.isinf(hi):
        return f"{lo:g} {unit} and more"
    return f"{lo:g} to {hi:g} {unit}"
