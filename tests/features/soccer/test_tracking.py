"""Possession, pressure, shape, zones, average positions and momentum: cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from features.common.momentum import balance, remember
from features.core.event_context import EventContext
from features.soccer import SPORT, momentum, motion, positions, possession, pressure, zones
from tests.features.harness import Run, Scene, match_scene, roster_of, signals, window_stats

BALL = 28
ROSTER = roster_of()


def blank(seconds: float) -> np.ndarray:
    return np.full((round(seconds * 25), len(ROSTER), 3), np.nan)


def still(seconds: float, **places: tuple[float, float]) -> np.ndarray:
    """Everyone named stands still; "ball" too."""
    xyz = blank(seconds)
    for name, place in places.items():
        xyz[:, ROSTER.index[name], :2] = place
    return xyz


# -- possession ------------------------------------------------------------------------------------------------------


def test_the_nearest_within_reach_of_a_slow_ball_has_it() -> None:
    xyz = still(2.0, h3=(0.0, 0.0), a4=(3.0, 0.0), ball=(0.5, 0.0))
    found = signals(SPORT, Scene.of(ROSTER, xyz))
    assert (found["controller"][5:] == 3).all()
    assert (found["team_in_possession"][5:] == 0).all()


def test_a_ball_that_flies_past_or_overhead_is_in_no_possession() -> None:
    fast = still(2.0, h3=(0.0, 1.0))
    fast[:, BALL, :2] = np.stack([np.linspace(-15.0, 15.0, 50), np.zeros(50)], axis=1)
    assert (signals(SPORT, Scene.of(ROSTER, fast))["controller"] == -1).all()
    high = still(2.0, h3=(0.0, 0.0), ball=(0.0, 0.0))
    high[:, BALL, 2] = 3.0
    assert (signals(SPORT, Scene.of(ROSTER, high))["controller"] == -1).all()


def test_control_has_hysteresis() -> None:
    xyz = still(4.0, h3=(0.0, 0.0), a4=(3.4, 0.0), ball=(0.0, 0.0))
    xyz[25:50, BALL, 0] = 1.8  # further than he would need to gain it, near enough to keep it
    xyz[50:53, BALL, 0] = 2.1  # past the reach of the one, not for 0.2 s near the other: free, so his at once
    controller = signals(SPORT, Scene.of(ROSTER, xyz))["controller"]
    assert (controller[31:50] == 3).all()
    contested = still(2.0, h3=(0.0, 0.0), a4=(1.0, 0.0), ball=(0.3, 0.0))
    contested[25:28, BALL, 0] = 0.7  # nearer to the other for three rows: not long enough
    contested[40:, BALL, 0] = 0.7
    controller = signals(SPORT, Scene.of(ROSTER, contested))["controller"]
    assert (controller[5:44] == 3).all()
    assert (controller[44:] == 18).all()


def test_possession_counts_time_in_play_by_the_last_touch() -> None:
    xyz = still(6.0, h3=(0.0, 0.0), a4=(20.0, 0.0))
    xyz[:50, BALL, :2] = 0.0
    xyz[50:100, BALL, :2] = np.stack([np.linspace(0.0, 20.0, 50), np.zeros(50)], axis=1)  # 10 m/s, in the air
    xyz[50:95, BALL, 2] = 3.0
    xyz[100:, BALL, :2] = (20.0, 0.0)
    scene = Scene.of(ROSTER, xyz, in_play=1.0)
    scene.channels["in_play"][125:, BALL] = 0.0
    stats = window_stats(SPORT, scene)
    home = stats["soccer.team.possession"][-1, 0]
    # gained once his own speed is known, in row 4, and kept through the flight (10.2 m/s, too fast to gain) until the
    # other has it at rest in row 100; dead from row 125 on
    own, other = 99 - 4, 124 - 100
    assert home == pytest.approx(own / (own + other))
    assert stats["soccer.team.possession"][-1].sum() == pytest.approx(1.0)
    assert stats["soccer.player.possession_time"][-1, 3] == pytest.approx(2.0, abs=0.25)
    assert stats["soccer.player.possession_time"][-1, 18] == pytest.approx(1.1, abs=0.25)
    assert np.isnan(stats["soccer.player.possession_time"][-1, 7])


def test_recovery_time_by_hand() -> None:
    # home has it, away for rows 10..34, home again: the clock runs over 25 rows in play
    last = np.array([3] * 10 + [18] * 25 + [4] * 10 + [18] * 5)
    team = ROSTER.team[last].copy()
    team[20:30] = -1  # out of play in between
    out = np.full((50, 2, 3), np.nan)
    possession.recoveries(team, last, ROSTER.team, 0.04 * np.arange(50), np.ones(50, np.int8), 1, 50, out)
    assert out[-1, 0, :2].tolist() == pytest.approx([(25 - 11) * 0.04, 1.0])
    assert out[-1, 1, :2].tolist() == pytest.approx([10 * 0.04, 1.0])
    assert out[-1, 0, 2] == pytest.approx(4 * 0.04)


def test_a_break_ends_a_wait_for_the_ball() -> None:
    last, period = np.array([3] * 5 + [18] * 5 + [-1] * 5 + [3] * 5), np.array([1] * 10 + [0] * 5 + [2] * 5, np.int8)
    team = np.where(last >= 0, ROSTER.team[last], -1)
    out = np.full((20, 2, 3), np.nan)
    possession.recoveries(team, last, ROSTER.team, 0.04 * np.arange(20), period, 1, 20, out)
    assert np.isnan(out[-1]).all()


@pytest.mark.parametrize(
    ("place", "channel", "expected"),
    [
        ((0.0, 0.0), np.nan, 1),
        ((52.7, 0.0), np.nan, 1),
        ((53.0, 0.0), np.nan, 0),
        ((0.0, -34.5), np.nan, 0),
        ((0.0, 0.0), 0.0, 0),
        ((60.0, 0.0), 1.0, 1),
    ],
)
def test_in_play_by_the_feed_or_by_the_field(place: tuple[float, float], channel: float, expected: int) -> None:
    scene = Scene.of(ROSTER, still(1.0, ball=place), in_play=channel)
    assert signals(SPORT, scene)["ball_in_play"][-1] == expected
    scene.period[:] = 0
    assert signals(SPORT, scene)["ball_in_play"][-1] == 0


def test_an_unseen_ball_is_dead_after_two_seconds_and_a_stop_of_the_feed_is_no_possession_time() -> None:
    xyz = still(12.0, h3=(0.0, 0.0), ball=(0.0, 0.0))
    xyz[50:, BALL] = np.nan
    in_play = signals(SPORT, Scene.of(ROSTER, xyz))["ball_in_play"]
    assert (in_play[:99] == 1).all()
    assert (in_play[99:] == 0).all()
    away = still(12.0, h3=(0.0, 0.0), ball=(0.0, 0.0))
    away[100:115] = np.nan
    scene = Scene.of(ROSTER, away, in_play=1.0)
    scene.t[108:] += 300.0
    found = signals(SPORT, scene)
    assert (found["team_in_possession"][5:] == 0).all()
    assert found["team_possession_s"][-1, 0] == pytest.approx((299 - 4 - 1) * 0.04)


def test_what_is_older_than_five_minutes_is_forgotten_across_a_stop() -> None:
    xyz = still(30.0, h3=(10.0, 5.0), ball=(10.0, 5.0))
    xyz[375:] += 10.0
    xyz[375:390] = np.nan
    scene = Scene.of(ROSTER, xyz)
    scene.t[380:] += 900.0
    found = signals(SPORT, scene)["mean_position"][-1, 3]
    assert found[:2].tolist() == pytest.approx([20.0, 15.0])
    assert 10.0 < found[4] < 20.0


# -- pressure --------------------------------------------------------------------------------------------------------


def pressed(carrier: tuple[float, float], *opponents: tuple[float, float], attack: float = 1.0) -> float:
    xyz = np.full((1, len(ROSTER), 3), np.nan)
    xyz[0, 3, :2] = carrier
    for k, place in enumerate(opponents):
        xyz[0, 15 + k, :2] = place
    return pressure.pressure_on(xyz, 0, 3, ROSTER.team, ROSTER.players, attack, 52.5)


def test_the_oval_reaches_nine_metres_ahead_and_three_behind() -> None:
    assert pressure.oval_radius(1.0) == pytest.approx(9.0)
    assert pressure.oval_radius(-1.0) == pytest.approx(3.0)
    # at a right angle z = 1/2: 3 + 6 (1/8 + 0.15) / 1.3
    assert pressure.oval_radius(0.0) == pytest.approx(3.0 + 6.0 * 0.275 / 1.3)


def test_pressure_by_hand() -> None:
    assert pressed((0.0, 0.0), (4.5, 0.0)) == pytest.approx(0.5**1.75)
    assert pressed((0.0, 0.0), (-1.5, 0.0)) == pytest.approx(0.5**1.75)
    assert pressed((0.0, 0.0), (-4.5, 0.0)) == 0.0
    assert pressed((0.0, 0.0), (-4.5, 0.0), attack=-1.0) == pytest.approx(0.5**1.75)
    assert pressed((0.0, 0.0), (4.5, 0.0), (-1.5, 0.0)) == pytest.approx(2 * 0.5**1.75)
    assert pressed((0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (0.0, 0.5)) == 1.0
    assert pressed((0.0, 0.0), (0.0, 0.0)) == 1.0
    assert pressed((0.0, 0.0)) == 0.0
    assert np.isnan(pressed((np.nan, np.nan), (1.0, 0.0)))


def test_pressure_is_the_carriers_and_its_mean_is_kept() -> None:
    xyz = still(4.0, h3=(0.0, 0.0), a4=(4.5, 0.0), ball=(0.0, 0.0))
    xyz[50:, 18] = np.nan
    stats = window_stats(SPORT, Scene.of(ROSTER, xyz))
    assert stats["soccer.player.pressure"][5, 3] == pytest.approx(0.5**1.75)
    assert stats["soccer.player.pressure"][-1, 3] == 0.0
    assert np.isnan(np.delete(stats["soccer.player.pressure"], 3, axis=1)).all()
    assert stats["soccer.player.mean_pressure"][-1, 3] == pytest.approx(0.5**1.75 / 2, rel=0.05)


# -- shape -----------------------------------------------------------------------------------------------------------


def test_shape_by_hand() -> None:
    places = {f"h{k}": p for k, p in enumerate([(-50, 0), (-30, -20), (-30, 20), (-10, -20), (-10, 20), (-20, 0), (-25, 5)])}
    places |= {f"a{k}": p for k, p in enumerate([(50, 0), (10, 0), (11, 1), (12, 0), (10, 4), (14, 2), (40, 1)])}
    stats = {name: values[-1] for name, values in window_stats(SPORT, Scene.of(ROSTER, still(1.0, **places))).items()}
    assert stats["soccer.team.width"].tolist() == pytest.approx([40.0, 4.0])
    assert stats["soccer.team.length"].tolist() == pytest.approx([20.0, 30.0])
    assert stats["soccer.team.area"][0] == pytest.approx(800.0)
    assert stats["soccer.team.line_height"].tolist() == pytest.approx([22.5, 12.5])
    home = np.array([places[f"h{k}"] for k in range(1, 7)], float)
    away_from_middle = home - home.mean(axis=0)
    assert stats["soccer.team.compactness"][0] == pytest.approx(np.sqrt((away_from_middle**2).sum(axis=1).mean()))


def test_five_outfield_players_are_no_shape() -> None:
    places = {f"h{k}": (-10.0 * k, 3.0 * k) for k in range(6)}
    stats = window_stats(SPORT, Scene.of(ROSTER, still(1.0, **places)))
    assert np.isnan(stats["soccer.team.area"]).all()


# -- zones -----------------------------------------------------------------------------------------------------------


def test_lanes_by_hand() -> None:
    assert [zones.lane_of(y, zones.LANE_EDGES_M) for y in (30, 20.2, 20, 9.2, 9, 0, -9.1, -9.2, -20.2)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        2,
        3,
        4,
    ]


def entries(x: list[float], y: list[float], team: list[int], attack: int = 1, in_play: list[int] | None = None) -> np.ndarray:
    rows = len(x)
    xyz = np.full((rows + 1, 1, 3), np.nan)
    xyz[1:, 0, 0], xyz[1:, 0, 1] = x, y
    out = np.zeros((rows + 1, 2, 6))
    zones.entries(
        xyz,
        0,
        np.array([-1, *team]),
        np.array([0, *(in_play or [1] * rows)]),
        np.full(rows + 1, attack),
        17.5,
        zones.LANE_EDGES_M,
        1,
        rows + 1,
        out,
    )
    return out[-1, :, 1:]


def test_an_entry_is_a_crossing_in_possession() -> None:
    assert entries([10, 18, 19], [25, 25, 0], [0, 0, 0])[0].tolist() == [1, 0, 0, 0, 0]
    # in and out over the line by less than a metre is one entry; back by more, another
    assert entries([10, 18, 17, 18], [0] * 4, [0] * 4)[0].sum() == 1
    assert entries([10, 18, 16, 18], [0] * 4, [0] * 4)[0].sum() == 2
    # won there, or carried there by the others: none
    assert entries([10, 18, 18], [0] * 3, [1, 1, 0])[0].sum() == 0
    # a corner is no entry
    assert entries([10, 40, 40], [0] * 3, [0, 0, 0], in_play=[1, 0, 1])[0].sum() == 0
    # the away team goes the other way, and its left is at negative y
    assert entries([-10, -18], [-25, -25], [1, 1])[1].tolist() == [1, 0, 0, 0, 0]
    assert entries([-10, -18], [-25, -25], [0, 0], attack=-1)[0].tolist() == [1, 0, 0, 0, 0]


# -- average positions -----------------------------------------------------------------------------------------------


def plain_means(scene: Scene, found: dict[str, np.ndarray], until_s: float) -> np.ndarray:
    """(N, 8) recomputed from all samples: whole seconds, the last 30 complete buckets and the running one."""
    out = np.full((len(ROSTER), 8), np.nan)
    second = np.floor(scene.t + 1e-9)
    sampled = [i for i in range(1, len(scene.t)) if second[i] != second[i - 1] and scene.t[i] <= until_s + 1e-9]
    oldest = (until_s // positions.BUCKET_S - positions.BUCKETS) * positions.BUCKET_S
    for n in ROSTER.players:
        for c, (own, recent) in enumerate([(True, True), (False, True), (True, False), (False, False)]):
            rows = [
                i
                for i in sampled
                if found["team_in_possession"][i] >= 0
                and scene.attack[i] != 0
                and np.isfinite(scene.xyz[i, n, 0])
                and (found["team_in_possession"][i] == ROSTER.team[n]) == own
                and (not recent or scene.t[i] + 1e-9 >= oldest)
            ]
            if rows:
                way = scene.attack[rows] * (1 if ROSTER.team[n] == 0 else -1)
                out[n, 2 * c : 2 * c + 2] = (way[:, None] * scene.xyz[rows, n, :2]).mean(axis=0)
    return out


@pytest.mark.slow
def test_mean_positions_against_all_samples() -> None:
    scene = match_scene(420.0, seed=4)
    run = Run(SPORT, scene)
    run.advance(len(scene.t))
    frames = run.frames
    found = {name: frames[name][frames.lo :] for name in ("team_in_possession", "mean_position")}
    for until_s in (45.0, 200.0, 333.0, 420.0):
        np.testing.assert_allclose(
            found["mean_position"][round(until_s * 25) - 1], plain_means(scene, found, until_s), rtol=1e-9, atol=1e-9
        )


def test_mean_positions_are_in_the_teams_own_view() -> None:
    xyz = still(12.0, h3=(10.0, 5.0), a4=(20.0, 8.0), ball=(10.0, 5.0))
    found = window_stats(SPORT, Scene.of(ROSTER, xyz))["soccer.player.mean_position"][-1]
    assert found[3].tolist() == pytest.approx([10.0, 5.0, np.nan, np.nan, 10.0, 5.0, np.nan, np.nan], nan_ok=True)
    assert found[18].tolist() == pytest.approx([np.nan, np.nan, -20.0, -8.0, np.nan, np.nan, -20.0, -8.0], nan_ok=True)


# -- momentum --------------------------------------------------------------------------------------------------------


def test_memory_fades_and_stands_still_in_breaks() -> None:
    threat = np.array([[0.0, 0.0], [1.0, 0.0], [np.nan, np.nan], [np.nan, np.nan]])
    out = np.zeros((4, 2))
    remember(threat, np.arange(4.0), np.array([1, 1, 1, 0]), 1, 4, 2.0, 5.0, out)
    assert out[:, 0].tolist() == pytest.approx([0.0, 1.0, np.exp(-0.5), np.exp(-0.5)])
    assert np.isnan(balance(out, np.array([0]), 0.5)).all()
    assert balance(out, np.array([1]), 0.5)[0, 0] == pytest.approx(1.0 / 1.5)


def test_momentum_leans_to_the_team_that_has_the_ball_near_goal() -> None:
    near = still(30.0, h3=(45.0, 0.0), a4=(40.0, 3.0), ball=(45.0, 0.0))
    far = still(30.0, h3=(-45.0, 0.0), a4=(40.0, 3.0), ball=(-45.0, 0.0))
    ahead = window_stats(SPORT, Scene.of(ROSTER, near))["game.momentum"][-1, 0]
    assert ahead > 0.5
    assert 0.0 < window_stats(SPORT, Scene.of(ROSTER, far))["game.momentum"][-1, 0] < 0.3
    assert window_stats(SPORT, Scene.of(ROSTER, near, attack=-1))["game.momentum"][-1, 0] < 0.3


def test_threat_is_the_value_of_the_place() -> None:
    values = np.arange(6.0).reshape(3, 2)
    xyz = np.array([[[52.0, 33.0, 0.0]], [[-52.0, 33.0, 0.0]], [[60.0, -40.0, 0.0]], [[np.nan, 0.0, 0.0]]])
    out = np.empty((4, 2))
    momentum.location_threat(xyz, 0, np.array([0, 1, 0, 0]), np.ones(4, np.int8), values, 105.0, 68.0, 0, 4, out)
    # home's left, far end; away's right at its far end; outside the field the nearest cell; unseen
    np.testing.assert_equal(out, [[5.0, 0.0], [0.0, 4.0], [4.0, 0.0], [np.nan, np.nan]])


# -- the ball --------------------------------------------------------------------------------------------------------


def shot_at(row: int, run: Run) -> EventContext:
    nan = float("nan")
    return EventContext(
        id="s",
        type="shot",
        t_s=0.0,
        period=1,
        team=0,
        player=3,
        x_m=nan,
        y_m=nan,
        end_x_m=nan,
        end_y_m=nan,
        outcome="goal",
        attack=1,
        attrs={},
        row=row,
        frames=run.frames,
    )


def test_shot_speed_is_the_peak_within_half_a_second() -> None:
    xyz = still(3.0, h3=(0.0, 0.0), ball=(0.0, 0.0))
    t = 0.04 * np.arange(75)
    since = np.clip(t - t[25], 0.0, None)
    xyz[:, BALL, 0] = np.where(since < 0.4, 25.0 * since, 10.0 + 10.0 * (since - 0.4))
    xyz[:, BALL, 2] = 0.0
    xyz[60:, BALL, 0] += np.arange(15) * 3.0  # a later, harder strike is another's
    run = Run(SPORT, Scene.of(ROSTER, xyz))
    run.advance(75)
    assert motion.shot_speed(shot_at(run.frames.lo + 25, run), None) == pytest.approx(25.0)
    # a ball that came faster than it left: what is measured is how it left
    xyz[:26, BALL, 1] = 30.0 * (t[:26] - t[25])
    fast = Run(SPORT, Scene.of(ROSTER, xyz))
    fast.advance(75)
    assert motion.shot_speed(shot_at(fast.frames.lo + 25, fast), None) == pytest.approx(25.0)
    assert motion.shot_speed(shot_at(-1, run), None) is None
    blind = Run(SPORT, Scene.of(ROSTER, still(3.0, h3=(0.0, 0.0))))
    blind.advance(75)
    assert motion.shot_speed(shot_at(blind.frames.lo + 25, blind), None) is None


def test_a_rising_ball_is_faster_than_its_shadow() -> None:
    xyz = still(1.0)
    t = 0.04 * np.arange(25)
    xyz[:, BALL] = np.stack([3.0 * t, 0.0 * t, 4.0 * t], axis=1)
    assert window_stats(SPORT, Scene.of(ROSTER, xyz))["soccer.ball.speed"][-1, 0] == pytest.approx(5.0)


# -- everything moving -----------------------------------------------------------------------------------------------


def test_distance_against_a_plain_recount() -> None:
    scene = match_scene(30.0, seed=2, holes=False)
    found = signals(SPORT, scene)
    for n in (1, 9, 20):
        total, zones_m, seen = 0.0, [0.0] * 5, False
        for i in range(len(scene.t)):
            v = found["speed"][i, n]
            if np.isnan(v) or scene.period[i] == 0:
                continue
            if seen and v >= motion.STILL_MPS:
                step = v * (scene.t[i] - scene.t[i - 1])
                total += step
                zones_m[sum(v * 3.6 >= edge for edge in (7.0, 14.4, 19.8, 25.2))] += step
            seen = True
        assert found["distance"][-1, n].tolist() == pytest.approx([total, *zones_m], abs=1e-9)


def test_noise_of_an_inch_moves_distance_by_less_than_two_percent() -> None:
    clean = signals(SPORT, match_scene(60.0, seed=5, noise_m=0.0, holes=False))["distance"][-1, 1:11, 0]
    noisy = signals(SPORT, match_scene(60.0, seed=5, noise_m=0.025, holes=False))["distance"][-1, 1:11, 0]
    assert np.abs(noisy / clean - 1.0).max() < 0.02
