"""A simulated ball game keeps the rules, moves within human limits, and draws its outcomes from its true probabilities."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from features.mlb.diamond import BAGS, BASE_M, FT_M
from features.mlb.flight import carried, height_at
from features.mlb.odds import AVERAGE_SWING, home_win, run_expectancy
from features.mlb.vocabulary import EVENT_TYPES, PITCH_OUTCOMES, PLAY_OUTCOMES
from simulators.mlb import draws
from simulators.mlb import truth as chances
from simulators.mlb.game import Game
from simulators.mlb.innings import innings
from simulators.mlb.motion import Path
from streaming.errors import BadInput
from streaming.wire.records import Event, Telemetry

SEEDS = (3, 4)


@pytest.fixture(scope="module", params=SEEDS)
def game(request: pytest.FixtureRequest):
    simulator = Game(request.param, 300.0)
    return simulator, list(simulator.chunks())


def events_of(chunks) -> list[Event]:
    return [event for chunk in chunks for event in chunk.events]


def test_events_use_the_vocabulary_of_the_sport(game) -> None:
    _, chunks = game
    for event in events_of(chunks):
        assert event.type in EVENT_TYPES
        assert event.type != "pitch" or event.outcome in PITCH_OUTCOMES
        assert event.type != "play" or event.outcome in PLAY_OUTCOMES


def test_innings_outs_bases_and_score_add_up(game) -> None:
    simulator, chunks = game
    order, outs, runs, balls, strikes = [], 0, (0.0, 0.0), 0, 0
    for event in events_of(chunks):
        attrs = event.attrs
        if event.type == "half_start":
            order.append((event.period, attrs["half"]))
            assert (attrs["outs"], attrs["first"], attrs["second"], attrs["third"]) == (0.0, False, False, False)
            outs, balls, strikes = 0, 0, 0
        elif event.type == "pitch":
            assert (attrs["balls"], attrs["strikes"]) == (balls, strikes)
            balls += event.outcome == "ball"
            strikes += event.outcome in ("called_strike", "swinging_strike") or (event.outcome == "foul" and strikes < 2)
            assert balls <= 4
            assert strikes <= 3
        elif event.type == "play":
            gone = attrs["outs"] - outs
            assert gone == {"double_play": 2, "out": 1, "strikeout": 1, "caught_stealing": 1, "picked_off": 1}.get(event.outcome, 0)
            outs = attrs["outs"]
            score = (attrs["home_runs"], attrs["away_runs"])
            side = 1 if attrs["half"] == "top" else 0
            assert score[1 - side] == runs[1 - side]
            assert 0 <= score[side] - runs[side] <= 4
            if event.outcome == "home_run":
                assert score[side] > runs[side]
                assert [attrs[base] for base in ("first", "second", "third")] == [False] * 3
            runs = score
            if event.outcome not in ("stolen_base", "caught_stealing", "picked_off"):
                balls, strikes = 0, 0
        elif event.type == "half_end":
            assert outs == 3 or (event.period >= 9 and attrs["half"] == "bottom")
    assert order == [(1 + i // 2, ("top", "bottom")[i % 2]) for i in range(len(order))]
    assert len(order) >= 17
    last = events_of(chunks)[-1]
    assert last.type == "game_end"
    assert runs[0] != runs[1]
    assert simulator.record.teams[0].id == "home"


def test_no_player_is_faster_than_possible_and_no_ball_jumps(game) -> None:
    _, chunks = game
    for chunk in chunks:
        step = np.diff(chunk.xyz, axis=0)
        speed = np.sqrt((step * step).sum(axis=2)) * 30.0
        assert np.nanmax(speed[:, :-1], initial=0.0) < 11.5
        assert np.nanmax(speed[:, -1], initial=0.0) < 62.0
        assert np.isfinite(chunk.xyz[:, :, 0]).sum(axis=1).max() <= 14


def test_a_steal_is_safe_if_the_runner_arrives_before_the_tag(game) -> None:
    _, chunks = game
    events = events_of(chunks)
    steals = [e for e in events if e.type == "steal"]
    for steal in steals:
        near = [e for e in events if abs(e.t_us - steal.t_us) < 10_000_000]
        kinds = [e.type for e in near]
        assert {"set", "first_move", "release", "pitch", "throw", "throw_in", "play"} <= set(kinds)
        assert 0.0 <= steal.attrs["true_probability"] <= 1.0
        assert 0.0 <= steal.attrs["true_probability_at_release"] <= 1.0


@pytest.mark.slow
def test_the_stream_is_in_the_order_of_arrival_and_repeats() -> None:
    def flat(frames: int) -> list:
        return list(Game(5, 2.0).stream(frames))

    one, packed = flat(1), flat(200)
    arrivals = [r.arrival_us if isinstance(r.arrival_us, int) else int(r.arrival_us[-1]) for r in one]
    assert arrivals == sorted(arrivals)
    assert [r for r in one if isinstance(r, Event)] == [r for r in packed if isinstance(r, Event)]
    whole = [np.concatenate([p.x_m for p in s if isinstance(p, Telemetry)]) for s in (one, packed, flat(1))]
    assert whole[0].tobytes() == whole[1].tobytes() == whole[2].tobytes()


def test_bad_seeds_and_lengths_are_bad_input() -> None:
    for wish in ({"seed": -1}, {"minutes": float("nan")}, {"minutes": 0.0}):
        with pytest.raises(BadInput):
            Game(**{"seed": 1, "minutes": 5.0, **wish})
    with pytest.raises(BadInput, match="1 to 2500 frames"):
        next(Game(1, 1.0).stream(0))


# -- the chances -----------------------------------------------------------------------------------------------------------------


def calibrated(truth: np.ndarray, share: np.ndarray) -> float:
    """The largest gap, in standard errors, between mean truth and share observed, over ten bins."""
    order = np.argsort(truth, kind="stable")
    worst = 0.0
    for part in np.array_split(order, 10):
        spread = np.sqrt(max((truth[part] * (1 - truth[part])).sum(), 1.0)) / len(part)
        worst = max(worst, abs(truth[part].mean() - share[part].mean()) / spread)
    return worst


def test_outcomes_are_drawn_from_their_true_probabilities() -> None:
    rng = np.random.default_rng(1)
    tries = draws.steals(rng, 20_000)
    assert calibrated(tries["before"], tries["success"]) < 4.0
    assert calibrated(tries["released"], tries["success"]) < 4.0
    # what the release shows makes the chance sharper, never less honest
    assert ((tries["released"] - tries["success"]) ** 2).mean() < ((tries["before"] - tries["success"]) ** 2).mean()


def test_hits_are_means_over_where_fielders_may_stand() -> None:
    rng = np.random.default_rng(2)
    four = np.zeros(4)
    caught = []
    speed, launch, spray = 36.0, 0.35, 0.2
    truth = chances.hit_probability(speed, launch, spray, 8.4, chances.PLACED)
    distance, hang, _ = carried(speed, launch)
    x, y = distance * np.cos(spray), -distance * np.sin(spray)
    for _ in range(4000):
        chances.fly_out(x, y, hang, chances.PLACED[rng.integers(0, chances.SETS)], four)
        caught.append(rng.random() < four[0])
    assert 1.0 - np.mean(caught) == pytest.approx(truth, abs=0.03)


def test_the_probability_of_a_steal_matches_a_calculation_by_hand() -> None:
    v, k = 8.5, 0.4
    for metres in (1.0, 10.0, 25.0):
        assert chances.covered_m(chances.run_s(metres, v, k), v, k) == pytest.approx(metres, abs=1e-9)
    run = chances.run_s(BASE_M - 0.6 - 3.6, v, k)
    even = run + 0.21 - 0.10 - 1.98
    assert chances.steal_probability(3.6, v, even, 1.98) == pytest.approx(0.5, abs=1e-9)
    curve = [chances.steal_probability(ft * FT_M, v, 1.36, 1.98) for ft in range(21)]
    assert all(a < b for a, b in pairwise(curve))
    assert chances.steal_probability(3.6, v, 1.36, 1.90) < chances.steal_probability(3.6, v, 1.36, 2.05)


def test_the_flight_of_a_batted_ball_matches_published_distances() -> None:
    assert carried(44.7, np.radians(28))[0] / FT_M == pytest.approx(395, abs=15)
    fallen = carried(10.0, 0.0)
    assert fallen[1] == pytest.approx(np.sqrt(2 * 0.9 / 9.80665), abs=0.03)
    assert height_at(44.7, np.radians(28), 60.0) > 20.0
    assert height_at(44.7, np.radians(28), 200.0) == 0.0


def test_a_runner_reaches_the_target_and_stops_there() -> None:
    path = Path((0.0, 0.0))
    there = path.go(1.0, (10.0, 0.0), 5.0)
    assert path.at(np.array([0.5]))[0].tolist() == [0.0, 0.0]
    assert path.at(np.array([there + 1.0]))[0].tolist() == [10.0, 0.0]
    path.go(2.0, (0.0, 0.0), 5.0)
    assert path.at(np.array([30.0]))[0].tolist() == [0.0, 0.0]
    assert np.hypot(*(BAGS[2] - BAGS[1])) == pytest.approx(BASE_M)


def test_win_probabilities_of_plate_appearances_match_the_share_of_wins() -> None:
    played = innings(7, 4000, every=70)  # one look at a game: looks at one game would agree with each other
    _, once = np.unique(played["game"], return_index=True)
    assert len(once) > 3500
    assert calibrated(played["truth"][once], played["won"][once]) < 4.0
    assert float(played["swing"][0]) == pytest.approx(AVERAGE_SWING, rel=0.03)
    assert 0.45 < run_expectancy(0, 0) < 0.60
    assert run_expectancy(0, 7) > run_expectancy(1, 7) > run_expectancy(2, 7) > run_expectancy(2, 0)
    assert home_win(1, 0, 0, 0, 0) == pytest.approx(0.5, abs=0.02)
    assert home_win(9, 1, 2, 0, 1) == 1.0
    assert home_win(9, 1, 3, 0, -1) == 0.0
    assert home_win(9, 1, 2, 7, -1) > home_win(9, 1, 2, 0, -1)
