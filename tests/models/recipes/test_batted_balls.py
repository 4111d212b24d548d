"""Balls in play of real games as rows, what they teach, and the gate of a model of simulated games on them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from features.mlb.batted import HIT_FEATURES
from features.mlb.diamond import FT_M, MPH_MPS
from models.artefact import SHIPPED, load
from models.data import statcast_batted_balls
from models.recipes import catch_probability, hit_probability
from models.recipes.shared import real_table
from streaming.cli.models import app

COLUMN = {name: i for i, (name, _, _) in enumerate(HIT_FEATURES)}


def quiet(text: str) -> None:
    assert text


def flies(folder: Path, days: int = 12, each: int = 60) -> Path:
    """Balls in the air that are caught the likelier the longer they fly and the nearer they come down to where fielders stand."""
    generator = np.random.default_rng(5)
    n = days * each
    distance, hang = generator.uniform(190.0, 380.0, n), generator.uniform(2.0, 6.0, n)
    direction = generator.uniform(-44.0, 44.0, n)
    balls = zip(distance * FT_M, np.radians(direction).tolist(), hang, strict=True)
    rows = np.array([statcast_batted_balls.fly_row(d_m, angle_rad, h) for d_m, angle_rad, h in balls])
    caught = generator.random(n) < 1.0 / (1.0 + np.exp(2.0 * (rows[:, 2] - 6.0)))
    dates = [f"2018-04-{1 + i // each:02d}" for i in range(n)]
    table = {
        "game_date": dates,
        "exit_direction": direction,
        "hit_distance": distance,
        "hang_time": hang,
        "play_outcome": np.where(caught, np.where(generator.random(n) < 0.1, "Sacrifice", "Out"), "Single").tolist(),
        "exit_speed": generator.uniform(80.0, 110.0, n),
        "launch_angle": generator.uniform(10.0, 40.0, n),
        "is_hit": (~caught).astype(int),
    }
    pyarrow.parquet.write_table(pyarrow.table(table), folder / statcast_batted_balls.FLIES)
    return folder


def test_impossible_balls_are_left_out_and_what_is_not_known_is_missing(tmp_path: Path) -> None:
    table = {
        "date": ["2021-04-01"] * 4,
        "launch_speed": [100.0, 518934.0, 90.0, 60.0],
        "launch_angle": [20.0, 10.0, 570482.0, -80.0],
        "is_hit": [1, 0, 0, 0],
    }
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / statcast_batted_balls.BALLS)
    found = statcast_batted_balls.hits(tmp_path)
    assert found.label.tolist() == [1.0, 0.0]
    assert found.rows[0, COLUMN["exit_speed_mps"]] == pytest.approx(100.0 * MPH_MPS)
    assert found.rows[1, COLUMN["launch_rad"]] == pytest.approx(np.radians(-80.0))
    missing = np.isnan(found.rows[0])
    assert missing[[COLUMN[name] for name in ("spray_rad", "batter_sprint_mps", "fence_m", "nearest_m")]].all()
    assert not missing[[COLUMN[name] for name in ("carry_m", "hang_s", "along_mps")]].any()
    assert "internal use only" in found.terms


def test_rows_of_flies_equal_those_of_the_live_path(tmp_path: Path) -> None:
    found = statcast_batted_balls.flies(flies(tmp_path))
    assert len(found.label) == 720
    assert 0.3 < found.label.mean() < 0.9
    row = statcast_batted_balls.fly_row(90.0, -0.47, 4.0)
    assert row[0] == pytest.approx(0.0, abs=1e-9), "at the left fielder's usual place"
    assert statcast_batted_balls.fly_row(100.0, -0.47, 4.0)[[0, 3]] == pytest.approx([10.0, 1.0])


def test_an_artefact_of_the_same_few_dates_is_not_evaluated(tmp_path: Path) -> None:
    folder = flies(tmp_path)
    card, blob = catch_probability.train(folder, 1, "touchline models train catch-probability", quiet)
    assert card.home is not None
    assert card.home.gate is not None
    assert card.home.origin == "real"
    assert card.home.gate.log_loss < card.home.gate.base_rate_log_loss
    assert card.home.terms == statcast_batted_balls.TERMS
    assert len(blob) > 1000
    (predictions,) = catch_probability.predict_held_out(folder, "catch-probability@simulated", 1, quiet)
    assert "gate" in real_table.report((predictions,))["readings"]["all"]
    from models.artefact import save

    save(tmp_path / "own", card, blob)
    with pytest.raises(ValueError, match="may have been trained"):
        catch_probability.predict_held_out(folder, str(tmp_path / "own"), 1, quiet)
    with pytest.raises(ValueError, match="ev_la_2021_2023"):
        hit_probability.predict_held_out(folder, None, 1, quiet)


def test_the_gate_is_measured_and_kept_on_the_card(tmp_path: Path) -> None:
    folder = flies(tmp_path)
    own = tmp_path / "catch"
    shutil.copytree(SHIPPED / "simulated" / "catch-probability", own)
    arguments = ["gate", "catch-probability", "--data", str(folder), "--model", str(own)]
    before = load(str(own))
    plain = CliRunner().invoke(app, [*arguments, "--json"])
    assert plain.exit_code == 0, plain.output
    assert load(str(own)).version == before.version
    written = CliRunner().invoke(app, [*arguments, "--write"])
    assert written.exit_code == 0, written.output
    after = load(str(own))
    assert after.card.home is not None
    assert after.card.home.gate is not None
    assert after.card.home.gate.rows == 720
    assert after.version in written.output
    printed = json.loads(plain.stdout[plain.stdout.index("{") :])
    assert printed["passed"] == after.card.home.gate.passed
    for name, data, word in (("catch-probability", tmp_path / "none", "there is no folder"), ("fish", folder, "fish")):
        refused = CliRunner().invoke(app, ["gate", name, "--data", str(data)])
        assert refused.exit_code != 0
        assert word in str(refused.exception)
