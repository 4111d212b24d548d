"""The worked example of docs/adding-a-stat.md, run as it stands there: one function, one row."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from features.core import units
from features.soccer import SPORT
from tests.doc_examples import blocks_of
from tests.features.harness import Scene, match_scene, roster_of, window_stats

STAT = "soccer.ball.touchline_distance"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The page's code block as a module of its own file, the way a reader would save it."""
    (block,) = blocks_of("adding-a-stat.md")
    path = tmp_path_factory.mktemp("example") / "touchline_example.py"
    path.write_text(block, "utf-8")
    spec = importlib.util.spec_from_file_location("touchline_example", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where the compile cache looks for it
    spec.loader.exec_module(module)
    return module


def test_a_row_in_the_table_is_all_that_it_takes(example: ModuleType) -> None:
    sport = replace(SPORT, stats=SPORT.stats + example.STATS)
    roster = roster_of()
    xyz = np.full((50, len(roster), 3), np.nan)
    xyz[:, roster.ball, :2] = (10.0, -30.0)
    xyz[40:, roster.ball, :2] = (10.0, 35.0)
    values = window_stats(sport, Scene.of(roster, xyz))
    assert values[STAT].shape == (9, 1)
    assert values[STAT][:, 0].tolist() == [4.0] * 7 + [-1.0] * 2
    assert units.factor(sport.stat(STAT).unit) == 1.0


def test_it_stands_what_every_stat_must_stand(example: ModuleType) -> None:
    sport = replace(SPORT, steps=(), stats=example.STATS)
    scene = match_scene(10.0)
    whole = window_stats(sport, scene)[STAT]
    assert window_stats(sport, scene, [5] * 50)[STAT].tobytes() == whole.tobytes()
    np.testing.assert_array_equal(window_stats(sport, scene.mirrored())[STAT], whole)
    blind = replace(scene, xyz=np.full_like(scene.xyz, np.nan))
    assert np.isnan(window_stats(sport, blind)[STAT]).all()
