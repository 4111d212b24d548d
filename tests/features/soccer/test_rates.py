"""The same game at 25, 20 and 10 Hz gives the same figures, and what no body can do reaches none of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.core.frames import Roster
from features.soccer import SPORT, motion
from tests.features.harness import Scene, match_scene, signals

RATES = (25, 20, 10)


def resampled(scene: Scene, hz: float) -> Scene:
    """The scene at another rate, by interpolation between its rows."""
    t = np.arange(scene.t[0], scene.t[-1], 1 / hz)
    columns = scene.xyz.reshape(len(scene.t), -1)
    xyz = np.stack([np.interp(t, scene.t, column) for column in columns.T], axis=1).reshape(len(t), -1, 3)
    other = Scene.of(scene.roster, xyz, dt_s=1 / hz)
    last = np.clip(np.searchsorted(scene.t, t, side="right") - 1, 0, len(scene.t) - 1)
    other.channels["in_play"][:] = scene.channels["in_play"][last]
    return other


def runner(speed_mps: float, seconds: float, hz: float) -> tuple[Roster, np.ndarray]:
    """One man who runs along x at ``speed_mps`` and a ball that lies far from him."""
    rows = round(seconds * hz)
    xyz = np.zeros((rows, 2, 3))
    xyz[:, 0, 0] = -40.0 + speed_mps * np.arange(rows) / hz
    xyz[:, 1] = 30.0, 30.0, 0.0
    return Roster.of([("h1", 0, "player"), ("ball", -1, "ball")], ("home", "away")), xyz


# -- what no body can do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", RATES)
@pytest.mark.parametrize("off_m", [0.6, 0.8, 2.0, 20.0])
def test_a_sample_out_of_place_is_no_speed(hz: float, off_m: float) -> None:
    """He runs at 6 m/s; one sample lies beside his way. No speed, top speed or distance is told of the leap, and 0.6 s later he is
    believed again."""
    roster, xyz = runner(6.0, 8.0, hz)
    at = round(4.0 * hz)
    xyz[at, 0, 1] += off_m
    found = signals(SPORT, Scene.of(roster, xyz, dt_s=1 / hz))
    speed = found["speed"][:, 0]
    assert np.nanmax(speed) < 6.5
    assert np.isfinite(speed[round(0.6 * hz) : at]).all()
    assert np.isfinite(speed[at + round(0.6 * hz) :]).all()
    assert found["top_speed"][-1, 0] == pytest.approx(6.0, abs=0.2)
    # a lonely leap of less than half a metre passes for noise; a larger one is crossed by its chord
    assert found["distance"][-1, 0, 0] == pytest.approx(6.0 * (8.0 - 1 / hz), abs=6.0)
    assert np.nanmax(np.abs(found["acceleration"][:, 0])) <= motion.BODY.brake_mps2


@pytest.mark.parametrize("hz", RATES)
def test_a_place_that_jumps_and_stays_is_another_track(hz: float) -> None:
    """Two men of one colour were taken for each other: from then on he is 3 m further on."""
    roster, xyz = runner(6.0, 8.0, hz)
    at = round(4.0 * hz)
    xyz[at:, 0, 0] += 3.0
    found = signals(SPORT, Scene.of(roster, xyz, dt_s=1 / hz))
    assert np.nanmax(found["speed"][:, 0]) < 6.5
    assert np.isnan(found["speed"][at, 0])
    assert np.isfinite(found["speed"][at + round(0.6 * hz) :, 0]).all()


def test_a_stretch_at_an_impossible_pace_is_no_speed() -> None:
    """Tracking that catches up with him: five frames of 0.49 m at 25 Hz, as real ones do. 49 km/h were shown for it."""
    roster, xyz = runner(6.5, 6.0, 25.0)
    for k in range(5):
        xyz[75 + k :, 0, 0] += 0.49 - 6.5 / 25
    found = signals(SPORT, Scene.of(roster, xyz, dt_s=0.04))
    assert np.nanmax(found["speed"][:, 0]) * 3.6 < 35.0
    assert np.isfinite(found["speed"][110:, 0]).all()


@pytest.mark.parametrize("hz", RATES)
def test_a_sprint_is_believed_whole(hz: float) -> None:
    """From standing to 9.5 m/s along the curve of a sprinter (8 m/s2 at the start), then braking at 6 m/s2: nothing is taken
    away."""
    t = np.arange(0.0, 9.0, 1 / hz)
    v = np.where(t < 1.0, 0.0, 9.5 * (1 - np.exp(-8.0 / 9.5 * (t - 1.0))))
    late = t > 6.0
    v[late] = np.maximum(v[late][0] - 6.0 * (t[late] - t[late][0]), 0.0)
    x = -40.0 + np.concatenate([[0.0], np.cumsum((v[1:] + v[:-1]) / 2 / hz)])
    xyz = np.zeros((len(t), 2, 3))
    xyz[:, 0, 0], xyz[:, 1] = x, (30.0, 30.0, 0.0)
    found = signals(SPORT, Scene.of(Roster.of([("h1", 0, "player"), ("ball", -1, "ball")], ("home", "away")), xyz, dt_s=1 / hz))
    speed = found["speed"][round(0.6 * hz) :, 0]
    assert np.isfinite(speed).all()
    assert np.nanmax(speed) == pytest.approx(v.max(), abs=0.2)
    assert np.sqrt(np.mean((speed - v[round(0.6 * hz) :]) ** 2)) < 0.35


def test_what_is_believed_does_not_depend_on_the_cut() -> None:
    scene = match_scene(16.0)
    scene.xyz[100, 3, 0] += 5.0
    scene.xyz[200:, 5, 1] += 2.0
    whole, cut = signals(SPORT, scene), signals(SPORT, scene, [7] * 57 + [1])
    for name in ("velocity", "speed", "top_speed", "acceleration"):
        np.testing.assert_array_equal(whole[name], cut[name], err_msg=name)


def test_a_ball_found_elsewhere_is_no_shot() -> None:
    roster, xyz = runner(0.0, 4.0, 25.0)
    xyz[50:, 1, 0] -= 60.0
    found = signals(SPORT, Scene.of(roster, xyz, dt_s=0.04))
    assert np.nanmax(found["ball_speed"]) <= motion.BALL_FASTEST_MPS


# -- rates ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", RATES)
def test_a_ball_has_a_speed_at_every_rate(hz: float) -> None:
    roster, xyz = runner(0.0, 3.0, hz)
    xyz[:, 1, 0] = -30.0 + 15.0 * np.arange(len(xyz)) / hz
    found = signals(SPORT, Scene.of(roster, xyz, dt_s=1 / hz))
    assert np.isfinite(found["ball_speed"][round(0.4 * hz) :, 0]).all()
    np.testing.assert_allclose(found["ball_speed"][round(0.4 * hz) :, 0], 15.0, atol=1e-6)


@pytest.mark.parametrize("hz", RATES)
def test_possession_is_found_at_every_rate(hz: float) -> None:
    """He dribbles for four seconds with an opponent a metre behind him: possession, control and pressure are told at any rate."""
    rows = round(6.0 * hz)
    x = 4.0 * np.arange(rows) / hz - 20.0
    xyz = np.zeros((rows, 3, 3))
    xyz[:, 0, 0], xyz[:, 1, 0], xyz[:, 2, 0] = x, x - 1.0, x + 0.3
    roster = Roster.of([("h1", 0, "player"), ("a1", 1, "player"), ("ball", -1, "ball")], ("home", "away"))
    found = signals(SPORT, Scene.of(roster, xyz, dt_s=1 / hz, in_play=1.0))
    assert found["team_possession_s"][-1, 0] == pytest.approx(6.0, abs=0.7)
    assert found["player_possession_s"][-1, 0] == pytest.approx(6.0, abs=0.7)
    assert np.isfinite(found["pressure"][round(hz) :]).all()


def test_possession_without_a_ball_is_missing() -> None:
    """Belts alone, or a ball alone: the time that a player had the ball is unknown, and no zero."""
    roster, xyz = runner(3.0, 4.0, 25.0)
    lost = xyz.copy()
    lost[:, 1] = np.nan
    assert np.isnan(signals(SPORT, Scene.of(roster, lost))["player_possession_s"]).all()
    alone = xyz.copy()
    alone[:, 0] = np.nan
    found = signals(SPORT, Scene.of(roster, alone))
    for name in ("player_possession_s", "top_speed", "speed"):
        assert np.isnan(found[name][:, 0]).all(), name
    assert np.isnan(found["distance"][:, 0]).all()
    assert np.isnan(found["sprints"][:, 0, 0]).all()


def test_a_shootout_is_not_played() -> None:
    roster, xyz = runner(5.0, 8.0, 25.0)
    scene = Scene.of(roster, xyz, in_play=1.0)
    scene.period[100:] = 5
    found = signals(SPORT, scene)
    assert found["distance"][-1, 0, 0] == found["distance"][99, 0, 0]
    assert not found["ball_in_play"][100:].any()
    assert np.isfinite(found["speed"][150:, 0]).all()


@pytest.mark.real
@pytest.mark.slow
def test_a_real_game_is_the_same_at_every_rate(real_data: Path) -> None:
    """TRACAB, six minutes at 25 Hz, and the same thinned out to 20 and 10 Hz. Run with -s to see the figures."""
    path = real_data / "soccer_tracab_opta" / "tracking.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    table = pq.read_table(path)
    raw = {name: table[name].to_numpy() for name in table.column_names}
    names = [*sorted({n[:-2] for n in raw if n.startswith(("home_", "away_")) and n.endswith("_x")}), "ball"]
    sides = {"h": 0, "a": 1, "b": -1}
    roster = Roster.of([(n, sides[n[0]], "ball" if n == "ball" else "player") for n in names], ("home", "away"))
    xyz = np.full((len(raw["time_s"]), len(names), 3), np.nan)
    for n, name in enumerate(names):
        xyz[:, n, 0], xyz[:, n, 1] = raw[f"{name}_x"], raw[f"{name}_y"]
    xyz[:, -1, 2] = raw["ball_z"]
    full = Scene.of(roster, xyz)
    full.channels["in_play"][:, -1] = raw["ball_status"] == "alive"
    figures = {}
    for hz in RATES:
        found = signals(SPORT, full if hz == 25 else resampled(full, hz))
        possession = found["team_possession_s"][-1]
        figures[hz] = {
            "possession": possession[0] / possession.sum(),
            "distance_m": np.nansum(found["distance"][-1, :-1, 0]),
            "fastest_kmh": 3.6 * np.nanmax(found["speed"][:, :-1]),
            "top_kmh": 3.6 * np.nanmax(found["top_speed"][-1, :-1]),
            "ball_median_kmh": 3.6 * np.nanmedian(found["ball_speed"]),
            "pressure": np.nanmean(found["pressure"]),
            "controlled": np.mean(found["controller"] >= 0),
            "missing": np.isnan(found["speed"][:, :-1]).mean(),
        }
        print(f"\n{hz} Hz: " + ", ".join(f"{name} {value:.3f}" for name, value in figures[hz].items()))
    for hz in RATES:
        one, whole = figures[hz], figures[25]
        assert one["possession"] == pytest.approx(whole["possession"], abs=0.01)
        assert one["distance_m"] == pytest.approx(whole["distance_m"], rel=0.01)
        assert one["top_kmh"] == pytest.approx(whole["top_kmh"], abs=0.6)
        assert one["ball_median_kmh"] == pytest.approx(whole["ball_median_kmh"], rel=0.03)
        assert one["pressure"] == pytest.approx(whole["pressure"], abs=0.01)
        assert one["controlled"] == pytest.approx(whole["controlled"], abs=0.01)
        assert one["fastest_kmh"] < 37.0  # 49 before velocities were checked
        assert one["missing"] < 0.005
