"""Models that train on real data by a command: what their rows are, that no game is judged which taught, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from features.f1.battle import OVERTAKE_FEATURES
from features.f1.game import WIN_FEATURES as RACE_FEATURES
from features.nfl.columns import YD
from features.nfl.flight import OPEN_M, ROOM_M
from features.nfl.game import fourth_rows, win_row
from features.nfl.yardage import LEVELS_YD
from models.artefact import load, save
from models.data.f1_races import states_of
from models.guard import guard_of
from models.holdout import is_held_out
from models.inputs import columns_of, narrowed
from models.recipes import (
    f1_overtake,
    f1_undercut,
    f1_win_probability,
    nfl_completion,
    nfl_coverage,
    nfl_fourth_down,
    nfl_pressure,
    nfl_rushing,
    nfl_win_probability,
    nfl_yac,
)
from models.recipes.shared import real_outcomes
from models.recipes.shared.nfl_yards import measures, outcomes
from models.recipes.shared.real_outcomes import Outcomes
from models.recipes.teachers.f1_win import Winning as RaceWinning
from models.recipes.teachers.nfl_fourth_down import Attempts, Parts, worth
from models.recipes.teachers.nfl_win import Winning
from models.specs import spec_of
from streaming.cli.app import run
from tests.paths import DATA

GAMES = [f"{2009090000 + n}" for n in range(40)]
NAN = float("nan")
Table = dict[str, Any]


@pytest.fixture
def real_data() -> Path:
    if not (DATA / "f1_laps_2023_2024").is_dir() or not (DATA / "nfl_pbp_2009_2019").is_dir():
        pytest.skip(f"no races and plays in {DATA}")
    return DATA


def quiet(text: str) -> None:
    return None


def put(path: Path, table: Table) -> None:
    pyarrow.parquet.write_table(pyarrow.table(table), path)


def plays(games: int = 40, each: int = 60) -> Table:
    """Games that the team with more points wins: home is ahead in every second one."""
    generator = np.random.default_rng(5)
    n = games * each
    game = np.repeat(np.array(GAMES[:games]), each)
    at = np.tile(np.arange(each), games)
    ahead = np.repeat(np.arange(games) % 2, each)
    home_ball = generator.random(n) < 0.5
    down = 1 + at % 4
    kind = np.where(down < 4, "run", np.array(["punt", "field_goal", "pass"])[(at // 4) % 3])
    yardline = np.where(kind == "field_goal", 25.0, np.where(kind == "punt", 70.0, 45.0)) + generator.integers(-9, 10, n)
    tried = (down == 4) & (kind == "pass")
    good = generator.random(n) < 0.7
    lead = generator.integers(0, 11, n)
    return {
        "game_id": game.tolist(),
        "play_id": at + 1.0,
        "qtr": 1 + at * 4 // each,
        "down": down,
        "ydstogo": 1 + at % 7,
        "yardline_100": yardline,
        "posteam": np.where(home_ball, "HOM", "AWY").tolist(),
        "home": ["HOM"] * n,
        "away": ["AWY"] * n,
        "home_score": lead * ahead,
        "away_score": lead * (1 - ahead),
        "game_s_left": 3600.0 * (1.0 - at / each),
        "play_type": kind.tolist(),
        "home_win": ahead,
        "fourth_conv": np.where(tried, good, NAN),
        "fg_result": np.where(kind == "field_goal", np.where(good, "good", "missed"), "").tolist(),
        "kick_distance": np.where(kind == "field_goal", yardline + 18.0, NAN),
        "next_posteam": np.where(home_ball ^ (down == 4), "HOM", "AWY").tolist(),
        "next_yardline_100": np.full(n, 70.0),
        "no_play": np.zeros(n),
    }


def passes() -> Table:
    """Every second one is thrown to the left end of the field; every fifth receiver is not covered."""
    generator = np.random.default_rng(6)
    n = 800
    away = generator.uniform(3.0, 40.0, n)
    way = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    free, alone = np.arange(n) % 5 == 0, np.arange(n) % 2 == 0
    x, y = 60.0 + way * (away - 6.0), generator.uniform(5.0, 45.0, n)
    gap = generator.uniform(0.5, 9.0, n)
    table: Table = {
        "gameId": np.repeat(np.arange(2018090600, 2018090640), n // 40),
        "throwDistance": away,
        "passResult": np.where(generator.random(n) < 1.0 - away / 60.0, "C", "I").tolist(),
        "PlayDirection": np.where(way > 0.0, "right", "left").tolist(),
        "Target_X": x,
        "Target_Y": y,
        "QB_X": 60.0 - 6.0 * way,
        "QB_Y": y,
        "absoluteYardlineNumber": np.full(n, 60.0),
        "numberOfPassRushers": np.full(n, 4.0),
        "defendersInTheBox": np.full(n, 6.0),
        "qb_speed": np.full(n, 1.0),
        "t_throw": generator.uniform(1.5, 4.0, n),
        "cp": np.full(n, 0.6),
        "defender3Dist": np.full(n, NAN),
    }
    for i, none in ((1, free), (2, free | alone)):
        off = gap * i
        table |= {
            f"defender{i}Dist": np.where(none, NAN, off),
            f"defender{i}X": np.where(none, NAN, x + way * off),
            f"defender{i}Y": np.where(none, NAN, y),
            f"defender{i}S": np.where(none, NAN, 3.0),
            f"defender{i}Dir": np.where(none, NAN, np.where(way > 0.0, 90.0, 270.0)),
        }
    return table


def pairs() -> Table:
    generator = np.random.default_rng(7)
    n = 900
    gap = generator.uniform(0.05, 3.0, n)
    return {
        "race_id": np.repeat([f"2023_{i:02d}" for i in range(1, 31)], n // 30).tolist(),
        "gap_s": gap,
        "closing_s": generator.normal(0, 1, n),
        "tyre_life": np.full(n, 4),
        "tyre_life_ahead": np.full(n, 11),
        "compound": ["SOFT"] * n,
        "compound_ahead": ["HARD"] * n,
        "overtake": (generator.random(n) < np.exp(-2.0 * gap)).astype(int),
    }


def attempts() -> Table:
    generator = np.random.default_rng(8)
    n = 600
    gap = generator.uniform(0.3, 6.0, n)
    return {
        "race_id": np.repeat([f"2023_{i:02d}" for i in range(1, 31)], n // 30).tolist(),
        "gap_before_s": gap,
        "tyre_life": generator.integers(5, 20, n),
        "tyre_life_ahead": generator.integers(5, 20, n),
        "green": np.arange(n) % 6 != 0,
        "success": (generator.random(n) < np.exp(-gap / 2.0)).astype(int),
    }


def catches() -> Table:
    generator = np.random.default_rng(9)
    n = 400
    near = generator.uniform(0.2, 12.0, n)
    table: Table = {"gameId": np.repeat(np.arange(2018090600, 2018090640), n // 40), "yac": np.rint(generator.exponential(near))}
    return table | {f"d{i}_distance": near * i for i in range(1, 6)}


def runs() -> Table:
    generator = np.random.default_rng(10)
    n = 400
    return {
        "gameId": np.repeat(np.arange(2018090600, 2018090640), n // 40),
        "S": generator.uniform(2.0, 7.0, n),
        "Dir_scaled": generator.uniform(0.0, 100.0, n),
        "Yards": np.rint(generator.normal(4.0, 5.0, n)),
        "A": generator.uniform(0.0, 5.0, n),
        "X_std": np.full(n, 35.0),
        "Y_std": generator.uniform(20.0, 33.0, n),
        "YardsToTouchdown": np.full(n, 70.0),
    }


def charted() -> Table:
    """Dropbacks of 40 games; who faces three receivers on one side plays zone more often."""
    generator = np.random.default_rng(11)
    n = 1200
    three = np.arange(n) % 2 == 0
    zone = generator.random(n) < np.where(three, 0.85, 0.55)
    return {
        "gameId": np.repeat(np.arange(2022090800, 2022090840), n // 40),
        "playId": np.arange(n),
        "quarter": 1 + np.arange(n) % 4,
        "gameClock": ["10:30"] * n,
        "down": 1 + np.arange(n) % 3,
        "yardsToGo": 1 + np.arange(n) % 12,
        "possessionTeam": ["AWY"] * n,
        "yardlineSide": np.where(three, "AWY", "HOM").tolist(),
        "yardlineNumber": np.full(n, 30),
        "homeTeamAbbr": ["HOM"] * n,
        "preSnapHomeScore": np.full(n, 3),
        "preSnapVisitorScore": np.full(n, 10),
        "offenseFormation": ["SHOTGUN", "EMPTY", "SINGLEBACK"] * (n // 3),
        "receiverAlignment": np.where(three, "1x3", "2x2").tolist(),
        "isDropback": np.full(n, True),
        "n_rushers": 3.0 + np.arange(n) % 3,
        "pff_manZone": np.where(zone, "Zone", "Man").tolist(),
        "timeToThrow": np.where(three, generator.uniform(1.5, 4.0, n), NAN),
        "timeToSack": np.where(three, NAN, 5.0),
    }


def deep() -> Table:
    """The safeties of the same plays: two of them, the second of every fourth play in the box."""
    n = 1200
    return {
        "gameId": np.repeat(np.arange(2022090800, 2022090840), n // 40),
        "playId": np.arange(n),
        "x_last_p1": np.full(n, 12.0),
        "y_last_p1": np.full(n, 5.0),
        "v_x_last_p1": np.full(n, 0.5),
        "x_last_p2": np.where(np.arange(n) % 4 == 0, 5.0, 15.0),
        "y_last_p2": np.full(n, -7.0),
        "v_x_last_p2": np.full(n, -0.5),
    }


def rushers() -> Table:
    """Four a play: rushers who are soon across the line have pressure more often."""
    generator = np.random.default_rng(12)
    play = np.repeat(np.arange(1200), 4)
    get_off = generator.uniform(0.5, 1.6, len(play))
    caused = generator.random(len(play)) < np.where(get_off < 1.0, 0.4, 0.1)
    return {
        "gameId": np.repeat(2022090800 + np.arange(1200) // 30, 4),
        "playId": play,
        "wasInitialPassRusher": np.ones(len(play)),
        "causedPressure": caused,
        "timeToPressureAsPassRusher": np.where(caused, generator.uniform(1.1, 1.4, len(play)), NAN),
        "getOffTimeAsPassRusher": get_off,
        "position": ["DE", "DT", "OLB", "CB"] * 1200,
    }


MODELS: dict[str, tuple[ModuleType, dict[str, Callable[[], Table]]]] = {
    "nfl-win-probability": (nfl_win_probability, {"plays": plays}),
    "nfl-fourth-down": (nfl_fourth_down, {"plays": lambda: plays(each=96)}),
    "nfl-completion": (nfl_completion, {"passes_2018": passes}),
    "nfl-yac": (nfl_yac, {"yac_2018": catches}),
    "nfl-rushing": (nfl_rushing, {"rush_2017_2019": runs}),
    "nfl-coverage": (nfl_coverage, {"plays": charted, "safeties_pre_snap": deep}),
    "nfl-pressure": (nfl_pressure, {"player_play": rushers, "plays": charted}),
    "f1-overtake": (f1_overtake, {"overtake_pairs": pairs}),
    "f1-undercut": (f1_undercut, {"undercut_attempts": attempts}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_trained_artefact_is_evaluated_on_held_out_games_only(name: str, tmp_path: Path) -> None:
    module, tables = MODELS[name]
    for file, table in tables.items():
        put(tmp_path / f"{file}.parquet", table())
    card, blob = module.train(tmp_path, 1, "the command", quiet)
    assert card.name == name
    assert card.home is not None
    assert card.home.origin == "real"
    assert "not to be passed on" in card.home.terms
    assert card.home.gate is not None
    trained_games = set(card.parameters["learnt_games"])
    assert trained_games
    assert not any(is_held_out(source_of(module, tmp_path), game) for game in trained_games)
    out = tmp_path / "model"
    save(out, card, blob)
    predictions = module.predict_held_out(tmp_path, str(out), 0, quiet)
    assert not trained_games & set(predictions[0].game.tolist())
    report = module.report(predictions)["readings"]["real outcomes"]
    assert {"scores", "base_rate", "logistic", "ours_minus_logistic", "gate"} <= set(report)
    if name != "nfl-rushing":  # the yards of the runs made up here do not depend on the inputs
        assert report["scores"]["log_loss"] < report["base_rate"]["log_loss"]
    # an artefact of simulated games has seen none of these
    every = module.predict_held_out(tmp_path, f"{name}@simulated", 0, quiet)
    assert trained_games < set(every[0].game.tolist())


def source_of(module: ModuleType, folder: Path) -> str:
    read = module.read(folder)
    found: Outcomes = read if isinstance(read, Outcomes) else read[0]
    return found.held_as


@pytest.mark.parametrize("name", MODELS)
def test_a_file_without_a_column_is_refused_with_its_name(name: str, tmp_path: Path) -> None:
    module, tables = MODELS[name]
    needed = {"home_win", "throwDistance", "yac", "Yards", "gap_s", "gap_before_s", "isDropback", "causedPressure"}
    gone = ""
    for file, table in tables.items():
        found = table()
        for column in sorted(needed & set(found)):
            if not gone and not (column == "isDropback" and name == "nfl-pressure"):
                gone = column
                del found[column]
        put(tmp_path / f"{file}.parquet", found)
    with pytest.raises(ValueError, match=f"lacks the column {gone}"):
        module.train(tmp_path, 1, "the command", quiet)


def test_rows_of_plays_are_for_the_team_with_the_ball(tmp_path: Path) -> None:
    one = {name: values[:1] for name, values in plays().items()}
    one |= {
        "posteam": ["AWY"],
        "home_score": [3],
        "away_score": [10],
        "game_s_left": [600.0],
        "down": [3],
        "ydstogo": [7],
        "yardline_100": [40.0],
        "home_win": [0],
        "play_type": ["pass"],
        "qtr": [4],
    }
    put(tmp_path / "plays.parquet", one)
    read = nfl_win_probability.read(tmp_path)
    np.testing.assert_allclose(read.rows, [win_row(600.0, 7.0, 3.0, 7.0, 40.0, 0.0)])
    assert read.label.tolist() == [1.0]
    put(tmp_path / "nflscrapr_postseason.parquet", {"game_id": [int(GAMES[0])], "play_id": [1], "posteam": ["AWY"], "wp": [0.8]})
    assert nfl_win_probability.read(tmp_path).reference.tolist() == [0.8]


def test_overtime_ties_and_kick_offs_are_no_training_rows(tmp_path: Path) -> None:
    few = {name: values[:4] for name, values in plays().items()}
    few |= {"qtr": [5, 1, 1, 1], "home_win": [1, -1, 1, 1], "play_type": ["run", "run", "kickoff", "run"], "down": [1, 1, 1, 2]}
    put(tmp_path / "plays.parquet", few)
    assert len(nfl_win_probability.read(tmp_path).label) == 1


def test_passes_are_read_as_they_were_at_the_throw(tmp_path: Path) -> None:
    table = passes()
    put(tmp_path / "passes_2018.parquet", table)
    read = nfl_completion.read(tmp_path)
    at = {feature.name: i for i, feature in enumerate(spec_of("nfl-completion").offered)}
    meet, side = read.rows[:, at["meet_m"]], read.rows[:, at["sideline_m"]]
    assert np.isnan(read.rows[:, at["pressure_m"]]).all()
    np.testing.assert_array_equal(np.isnan(meet), np.isnan(table["defender1Dist"]))
    assert np.nanmax(meet) <= OPEN_M
    assert side.max() <= ROOM_M
    # both directions of play are one: six yards behind the line, the defender beyond the receiver and running upfield
    for name, value in (("passer_depth_m", 6.0 * YD), ("depth_m", (table["throwDistance"] - 6.0) * YD), ("across_m", 0.0)):
        np.testing.assert_allclose(read.rows[:, at[name]], value, atol=1e-9)
    some = np.isfinite(table["defender1Dist"])
    for name in ("first_near_m", "first_along_m", "first_ahead_m"):
        np.testing.assert_allclose(read.rows[some, at[name]], table["defender1Dist"][some] * YD)
    np.testing.assert_allclose(read.rows[some, at["first_upfield_mps"]], 3.0 * YD)
    assert set(read.rows[:, at["covered"]]) == {0.0, 1.0, 2.0}
    # columns of the arrival are not read, nor are sacks, balls without a receiver, and plays that one source does not have
    put(tmp_path / "passes_2018.parquet", table | {"Dest_X": np.arange(800.0), "ball_prox": np.arange(800.0)})
    np.testing.assert_array_equal(nfl_completion.read(tmp_path).rows, read.rows)
    incomplete = {**table, "passResult": ["S", *table["passResult"][1:]], "throwDistance": [30.0, NAN, *table["throwDistance"][2:]]}
    incomplete["absoluteYardlineNumber"] = [60.0, 60.0, NAN, *table["absoluteYardlineNumber"][3:]]
    put(tmp_path / "passes_2018.parquet", incomplete)
    assert len(nfl_completion.read(tmp_path).label) == 797


def test_safeties_are_read_on_early_downs_and_recognised_by_place(tmp_path: Path) -> None:
    put(tmp_path / "plays.parquet", charted())
    put(tmp_path / "safeties_pre_snap.parquet", deep())
    read = nfl_coverage.read(tmp_path)
    names = [feature.name for feature in spec_of("nfl-coverage").offered]
    row = dict(zip(names, read.rows[4].tolist(), strict=True))  # second down, the other safety in the box
    assert (row["safeties"], row["strong"], row["weak"], row["empty"]) == (1.0, 3.0, 1.0, 1.0)
    assert row["deepest_m"] == pytest.approx(12.0 * YD)
    assert np.isnan(row["second_m"])
    assert np.isnan(row["between_m"])
    row = dict(zip(names, read.rows[3].tolist(), strict=True))
    assert (row["lead"], row["to_goal_yd"], row["clock_s"]) == (7.0, 30.0, 630.0)
    assert row["deepest_m"] == pytest.approx(15.0 * YD)
    assert row["between_m"] == pytest.approx(12.0 * YD)
    assert row["middle_m"] == pytest.approx(5.0 * YD)
    assert row["deepest_back_mps"] == pytest.approx(-0.5 * YD)
    third = read.rows[:, names.index("down")] == 3.0
    assert np.isnan(read.rows[third][:, names.index("safeties") :]).all()


def test_a_rusher_has_rows_until_the_pressure_or_the_throw(tmp_path: Path) -> None:
    plays, one = charted(), rushers()
    plays["timeToThrow"][0] = 1.5
    one = {name: values[:4] for name, values in one.items()} | {
        "causedPressure": [True, False, False, True],
        "timeToPressureAsPassRusher": [1.3, NAN, NAN, NAN],
        "getOffTimeAsPassRusher": [0.7, 0.9, NAN, 0.5],
    }
    put(tmp_path / "plays.parquet", plays)
    put(tmp_path / "player_play.parquet", one)
    read = nfl_pressure.read(tmp_path)
    names = [feature.name for feature in spec_of("nfl-pressure").offered]
    at = {name: i for i, name in enumerate(names)}
    np.testing.assert_allclose(read.rows[:, at["age_s"]], [0.0, 0.4, 0.8, 1.2] * 3)  # the fourth has no time and cannot be placed
    assert read.label.tolist() == [0, 0, 0, 1] + [0] * 8
    np.testing.assert_allclose(read.rows[:4, at["get_off_s"]], [NAN, NAN, 0.7, 0.7])
    np.testing.assert_allclose(read.rows[::4, at["lineman"]], [1.0, 1.0, 0.0])


def test_an_artefact_of_a_part_of_the_inputs_gets_that_part(tmp_path: Path) -> None:
    put(tmp_path / "passes_2018.parquet", passes())
    card, blob = nfl_completion.train(tmp_path, 1, "the command", quiet)
    save(tmp_path / "model", card, blob)
    model, live = load(tmp_path / "model"), spec_of("nfl-completion").offered
    assert [f.name for f in model.features] == list(nfl_completion.TAKES)
    rows = nfl_completion.read(tmp_path).rows
    assert rows.shape[1] == len(live)
    assert columns_of(model.name, live) is None
    taken = narrowed(model, rows)
    np.testing.assert_array_equal(taken[:, 0], rows[:, [f.name for f in live].index("throw_m")])
    # rows as they come live are at home, though the pressure on the passer was in no table
    assert guard_of(model, "real").check(taken) is None
    with pytest.raises(ValueError, match="nfl-completion has no input wind"):
        spec_of("nfl-completion").taking(("throw_m", "wind"))


def test_rows_of_car_pairs_equal_those_of_the_live_path(tmp_path: Path) -> None:
    one = {name: values[:2] for name, values in pairs().items()} | {"gap_s": [0.7, 9.0], "closing_s": [4.0, 0.0]}
    put(tmp_path / "overtake_pairs.parquet", one)
    row = dict(zip([name for name, _, _ in OVERTAKE_FEATURES], f1_overtake.read(tmp_path).rows[0].tolist(), strict=True))
    assert row == {"gap_s": 0.7, "closing_s": 1.5, "tyre_age_difference": 7.0, "compound_difference": 2.0}
    assert len(f1_overtake.read(tmp_path).label) == 1  # nine seconds are no fight


def test_certain_yards_have_no_error() -> None:
    yards = np.array([1.0, 4.0, 12.0, 0.0])
    spec_of = outcomes("yac", np.full((4, 3), NAN), yards, np.array(["a", "b", "c", "d"]))
    assert len(spec_of.label) == 4 * len(LEVELS_YD["yac"])
    right, wrong = measures("yac", spec_of, spec_of.label), measures("yac", spec_of, np.full(len(spec_of.label), 0.5))
    assert right["rmse_yd"] < 0.6 < wrong["rmse_yd"]
    assert right["crps"] < 0.005 < wrong["crps"]
    assert right["rmse_yd_of_the_mean"] == pytest.approx(yards.std())


def test_a_lead_counts_for_more_when_less_is_left() -> None:
    generator = np.random.default_rng(3)
    states = [(generator.uniform(0, 3600), generator.integers(-14, 15)) for _ in range(6000)]
    rows = np.array([win_row(float(clock), float(lead), 1.0, 10.0, 60.0, 1.0) for clock, lead in states])
    label = (rows[:, 1] + generator.normal(0, 1, 6000) * np.sqrt(rows[:, 0] / 3600 + 0.01) * 13 > 0).astype(float)
    winning = Winning.fit(rows, label)
    situations = ((3500.0, 7.0), (60.0, 7.0), (60.0, 0.0))
    early, late, level = winning(np.array([win_row(c, d, 1.0, 10.0, 60.0, 1.0) for c, d in situations]))
    assert 0.55 < early < 0.85 < late
    assert 0.4 < level < 0.6


def test_a_fourth_down_is_worth_the_states_that_follow() -> None:
    generator = np.random.default_rng(4)
    n = 3000
    to_go, at, length, spot = (
        generator.integers(1, 12, n) * 1.0,
        generator.uniform(2, 80, n),
        generator.uniform(18, 60, n),
        generator.uniform(35, 95, n),
    )
    game = np.array(["a"] * n)
    tries = Attempts(
        to_go,
        at,
        (generator.random(n) < 0.75 - 0.05 * to_go).astype(float),
        game,
        length,
        (generator.random(n) < 1.2 - length / 75.0).astype(float),
        game,
        spot,
        np.minimum(40.0, spot - 15.0),
        game,
    )
    parts = Parts.fit(tries)
    assert parts.converts(np.array([1.0]), np.array([40.0]))[0] > parts.converts(np.array([10.0]), np.array([40.0]))[0] + 0.3
    assert parts.kicks(np.array([25.0, 50.0, 66.0])).tolist() == sorted(parts.kicks(np.array([25.0, 50.0, 66.0])), reverse=True)
    assert parts.kicks(np.array([66.0]))[0] == 0.0
    rows = np.array(
        [
            win_row(c, d, 1.0, 10.0, g, 0.0)
            for c, d, g in zip(
                generator.uniform(0, 3600, 9000), generator.integers(-14, 15, 9000) * 1.0, generator.uniform(1, 99, 9000)
            )
        ]
    )
    margin = rows[:, 1] + (50.0 - rows[:, 4 + 1]) / 20.0
    label = (margin + generator.normal(0, 1, 9000) * np.sqrt(rows[:, 0] / 3600 + 0.01) * 13 > 0).astype(float)
    winning = Winning.fit(rows, label)
    go, kick, punt = worth(parts, winning, np.array([[4.0, -2.0, 8.0, 15.0, 1.0]]))[0]
    assert kick > go
    assert kick > punt
    go, kick, punt = worth(parts, winning, np.array([[1800.0, 0.0, 11.0, 90.0, 1.0]]))[0]
    assert punt > go  # eleven to go at one's own ten
    rows, probability = nfl_fourth_down.teaching_rows(fourth_rows(1800.0, 0.0, 11.0, 90.0, 1.0)[:1], parts, winning)
    assert len(rows) == 2
    assert probability.tolist() == [go, punt]


def race(folder: Path) -> None:
    """Ten laps: A leads B by a second a lap more, C is gone after lap 4, B stops in lap 6."""
    table: Table = {
        name: []
        for name in (
            "race_id",
            "driver",
            "lap",
            "position",
            "end_s",
            "lap_time_s",
            "compound",
            "tyre_life",
            "pit_in_s",
            "pit_out_s",
            "track_status",
        )
    }
    for place, driver in enumerate("ABC", 1):
        for lap in range(1, 11 if driver != "C" else 5):
            took = 90.0 + (place - 1) + (20.0 if driver == "B" and lap > 6 else 0.0) * (lap == 7)
            end = 1000.0 + 91.0 * lap + (place - 1) * lap + (20.0 if driver == "B" and lap >= 7 else 0.0)
            row = (
                "2030_01",
                driver,
                lap,
                place,
                end,
                took,
                "HARD",
                lap if driver != "B" or lap < 7 else lap - 6,
                end if driver == "B" and lap == 6 else NAN,
                end - 70.0 if driver == "B" and lap == 7 else NAN,
                "1",
            )
            for name, value in zip(table, row, strict=True):
                table[name].append(value)
    put(folder / "laps.parquet", table)
    put(folder / "results.parquet", {"race_id": ["2030_01"] * 3, "driver": list("ABC"), "finish_position": [1.0, 2.0, NAN]})


def test_states_of_a_race_are_those_of_the_cars_still_in_it(tmp_path: Path) -> None:
    race(tmp_path)
    states = states_of(tmp_path)
    at = {name: i for i, (name, _, _) in enumerate(RACE_FEATURES)}
    assert np.bincount(states.moment).tolist() == [3, 3, 3, 3, 2, 2, 2, 2, 2]  # C is seen no more soon after its last lap
    assert (np.bincount(states.moment, states.label) == 1.0).all()
    second = states.rows[states.rows[:, at["place"]] == 2.0]
    assert second[:, at["lead_s"]].tolist()[:4] == [-1.0, -2.0, -3.0, -4.0]
    assert second[:, at["stops"]].tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert second[:, at["laps_left"]].tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_win_probabilities_of_a_moment_sum_to_one() -> None:
    generator = np.random.default_rng(2)
    moment = np.repeat(np.arange(300), 4)
    rows = np.full((1200, len(RACE_FEATURES)), NAN)
    rows[:, 0] = generator.integers(1, 50, 300).repeat(4)
    rows[:, 1] = rows[:, 4] = np.tile(np.arange(1, 5), 300)
    label = np.zeros((300, 4))
    label[np.arange(300), (generator.random(300) < 0.3).astype(int)] = 1.0
    chance = RaceWinning.fit(rows, label.ravel(), moment)(rows, moment).reshape(300, 4)
    np.testing.assert_allclose(chance.sum(1), 1.0)
    assert (np.diff(chance.mean(0)) < 0.0).all()
    assert 0.5 < chance[:, 0].mean() < 0.8
    probability = Outcomes(rows, label.ravel(), moment.astype(str), "", "", "", together=moment).shares(np.full(1200, 0.2))
    np.testing.assert_allclose(probability, 0.25)


def test_score_of_a_model_without_files_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "score", "f1-overtake", "--out", "never.parquet"]) == 2
    assert "scores no files; touchline models evaluate f1-overtake" in capsys.readouterr().err


def test_too_few_games_are_refused() -> None:
    one = Outcomes(np.zeros((3, 2)), np.zeros(3), np.array(["a", "a", "a"]), "", "x", "")
    with pytest.raises(ValueError, match="1 games are too few"):
        real_outcomes.split(one)


@pytest.mark.real
@pytest.mark.parametrize(
    ("module", "most"),
    [(f1_overtake, 0.127), (f1_undercut, 0.545), (f1_win_probability, 0.097)],
    ids=["overtake", "undercut", "win"],
)
def test_real_races_are_predicted_better_than_by_the_logistic(module: ModuleType, most: float, real_data: Path) -> None:
    found = module.evaluate(real_data / "f1_laps_2023_2024", None, 0, quiet)["readings"]["real outcomes"]
    assert found["scores"]["log_loss"] <= most
    assert found["scores"]["log_loss"] < found["logistic"]["log_loss"] < found["base_rate"]["log_loss"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("module", "folder", "most"),
    [(nfl_coverage, "nfl_charting_2022", 0.48), (nfl_completion, "nfl_tracking_features", 0.55)],
    ids=["coverage", "completion"],
)
def test_real_plays_are_predicted_better_than_by_the_logistic(
    module: ModuleType, folder: str, most: float, real_data: Path
) -> None:
    if not (real_data / folder).is_dir():
        pytest.skip(f"no {folder} in {real_data}")
    found = module.evaluate(real_data / folder, None, 0, quiet)["readings"]["real outcomes"]
    assert found["scores"]["log_loss"] <= most
    assert found["gate"]["reason"] == ""
    assert found["ours_minus_logistic"]["log_loss"]["high"] < 0.0


@pytest.mark.real
def test_parts_of_real_fourth_downs_are_better_than_constants(real_data: Path) -> None:
    value, word = nfl_fourth_down.fourth_downs(real_data / "nfl_pbp_2009_2019")
    found = nfl_fourth_down.part_scores(nfl_fourth_down.attempts_of(value, word), 0)
    assert found["conversion_log_loss"] < 0.66
    assert found["field_goal_log_loss"] < 0.39
    assert found["punt_mae_yd"] < 7.7
