"""Marginals mean the same for simulated and real games; what differs is explained, and what is explained differs."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import marginals
from models.marginals import f1, nfl
from models.training.tables import column, read_table
from streaming.cli import marginals as table
from streaming.cli.app import run


def race(ends: dict[tuple[int, int], float], stops: set[tuple[int, int]] = frozenset(), not_green: set[int] = frozenset()) -> Any:
    """Facts of one race from (car, lap) -> end, s."""
    car, lap = np.array(list(ends)).T
    n = len(car)
    return {
        "race": np.zeros(n),
        "car": car,
        "lap": lap.astype(float),
        "end_s": np.array(list(ends.values())),
        "time_s": np.full(n, 90.0),
        "stop": np.array([(int(c), int(k)) in stops for c, k in zip(car, lap, strict=True)]),
        "green": np.array([int(k) not in not_green for k in lap]),
        "lane_s": np.array([24.0]),
        "started": np.array([2]),
        "out": np.array([0]),
    }


def test_a_pair_is_followed_for_one_lap() -> None:
    ends = {(0, 1): 90.0, (1, 1): 90.8, (0, 2): 180.5, (1, 2): 180.1, (0, 3): 270.0, (1, 3): 274.0}
    gap, passed = f1.pairs(race(ends))
    assert gap == pytest.approx([0.8, 0.4])
    assert passed.tolist() == [True, True]
    gap, passed = f1.pairs(race(ends, stops={(0, 3)}))
    assert passed.tolist() == [True], "who goes by a car that stops has not overtaken it"
    assert len(f1.pairs(race(ends, not_green={2}))[0]) == 0
    assert len(f1.pairs(race({(0, 1): 90.0, (1, 1): 93.5, (0, 2): 180.0, (1, 2): 179.0}))[0]) == 0, "not within reach"


def test_bands_cover_all_values_and_are_named() -> None:
    at = np.array([-3.0, 0.0, 9.9, 10.0, 40.0, np.nan])
    found = dict(marginals.shares("throws", at, (-np.inf, 0.0, 10.0, np.inf), "yd"))
    assert found == {"throws, under 0 yd": 0.2, "throws, 0 to 10 yd": 0.4, "throws, 10 yd and more": 0.4}
    assert np.isnan(dict(marginals.by_band("caught", at, at, (50.0, 60.0), "yd"))["caught, 50 to 60 yd"])


def test_fourth_downs_and_punts_are_counted_by_what_was_done() -> None:
    facts = importlib.import_module("simulators.nfl.marginals").facts(5, 1, 20.0)
    facts |= {
        "kind": np.array([nfl.RUN, nfl.PUNT, nfl.PUNT, nfl.KICK, nfl.PASS]),
        "down": np.array([4, 4, 4, 4, 1]),
        "to_goal_yd": np.array([2.0, 60.0, 40.0, 20.0, 75.0]),
        "to_go_yd": np.full(5, 2.0),
        "gained_yd": np.zeros(5),
    }
    found = nfl.figures(facts)
    assert [found[f"fourth downs: {word}"] for word in ("go", "punt", "field goal")] == [0.25, 0.5, 0.25]
    assert found["to the goal line at a punt, mean, yd"] == 50.0
    assert found["punts from 45 yd and nearer"] == 0.5


SMALL = {"soccer": (2, 12.0), "nfl": (2, 20.0), "mlb": (2,), "f1": (2, 20)}


@pytest.mark.parametrize("sport", marginals.SPORTS)
def test_the_same_seeds_give_the_same_figures_by_the_names_that_are_kept(sport: str) -> None:
    played = importlib.import_module(f"simulators.{sport}.marginals")
    size = SMALL[sport]
    once, again = (marginals.figures(sport, played.facts(3, *size)) for _ in range(2))
    assert list(once) == list(marginals.kept_figures(sport))
    np.testing.assert_array_equal(list(once.values()), list(again.values()))
    assert set(played.EXPLAINED) <= set(once)


@pytest.mark.slow
@pytest.mark.parametrize("sport", marginals.SPORTS)
def test_a_figure_is_near_or_explained_and_never_both(sport: str) -> None:
    rows = table.rows(sport, marginals.kept_figures(sport))
    off = {row.marginal for row in rows if not row.near}
    explained = set(importlib.import_module(f"simulators.{sport}.marginals").EXPLAINED)
    assert off - explained == set(), "neither within 20 % nor explained"
    assert explained - off == set(), "explained although it is near"


@pytest.mark.real
@pytest.mark.parametrize("sport", ["mlb", "f1", "soccer"])
def test_the_kept_figures_are_those_of_the_data(real_data: Path, sport: str) -> None:
    found, kept = marginals.real_figures(sport, real_data), marginals.kept_figures(sport)
    assert list(found) == list(kept)
    np.testing.assert_allclose(list(found.values()), list(kept.values()), rtol=1e-9)


@pytest.mark.real
@pytest.mark.slow
def test_the_kept_figures_of_nfl_are_those_of_the_data(real_data: Path) -> None:
    found, kept = marginals.real_figures("nfl", real_data), marginals.kept_figures("nfl")
    np.testing.assert_allclose(list(found.values()), list(kept.values()), rtol=1e-9)


@pytest.mark.real
def test_overtakes_are_about_those_that_the_data_names(real_data: Path) -> None:
    folder = real_data / "f1_laps_2023_2024"
    named = read_table(folder / "overtake_pairs.parquet", ("overtake", "gap_s"))
    gap, label = column(named, "gap_s"), column(named, "overtake")
    kept = marginals.kept_figures("f1")
    # races on a wet track are in theirs and not in ours
    for lo, hi in ((0.0, 0.5), (0.5, 1.0)):
        theirs = label[(gap >= lo) & (gap < hi)].mean()
        assert kept[f"ahead a lap later, gap, {lo:g} to {hi:g} s"] == pytest.approx(theirs, rel=0.25)


def test_the_command_writes_a_table_and_refuses_in_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["marginals", "f1", "--games", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "### Formula 1"
    assert sum(line.startswith("| ") for line in lines) == 2 + len(marginals.kept_figures("f1"))
    assert run(["marginals", "f1", "--games", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["f1"][0]["marginal"] == "laps a race"
    for arguments, word in (
        (["marginals", "curling"], "curling"),
        (["marginals", "f1", "--keep", str(tmp_path / "x")], "--data"),
        (["marginals", "f1", "--data", str(tmp_path)], "laps.parquet"),
    ):
        assert run(arguments) == 2
        assert word in capsys.readouterr().err
