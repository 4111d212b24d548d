"""The win probability of real ball games: its rows, what taught it, and how right it is on games not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from features.mlb.game import WIN_FEATURES, over_row, win_row
from models.artefact import SHIPPED, ForestModel, load
from models.data import plate_appearances, retrosheet
from models.data.retrosheet import CREDIT, HELD_OUT_AS, States, read, rows_of
from models.gate import logistic_of
from models.holdout import held_out
from models.home import INSIDE, Inside
from models.metrics import ece, log_loss, paired_bootstrap
from models.recipes.mlb_win_probability import PLAIN, Teacher
from tests.paths import DATA

COLUMN = {name: i for i, (name, _, _) in enumerate(WIN_FEATURES)}


def play(
    game: str, seq: int, state: tuple[int, int, int, int, int], season: int = 2019, date: str = "20190704", won: int = 1
) -> dict[str, object]:
    inning, half, outs, bases, lead = state
    return {
        "game_id": game,
        "date": date,
        "season": season,
        "seq": seq,
        "inning": inning,
        "half": half,
        "outs": outs,
        "bases": bases,
        "away_score": max(-lead, 0),
        "home_score": max(lead, 0),
        "home_win": won,
    }


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def test_a_row_of_play_by_play_is_the_state_before_the_event(tmp_path: Path) -> None:
    states = read(
        written(
            tmp_path / "plays.parquet",
            [
                play("A0", 1, (3, 1, 2, 5, -2)),
                play("A0", 2, (10, 0, 0, 2, 0), 2020, "20200804"),
                play("B1", 1, (7, 1, 1, 0, 0), 2020, "20200804"),
                play("C0", 1, (9, 0, 0, 0, 0), won=-1),
                play("D2", 1, (7, 1, 1, 0, 0)),
            ],
        )
    )
    assert states.state.tolist() == [[3, 1, 2, 5, -2, 0], [10, 0, 0, 2, 0, 2], [9, 1, 1, 0, 0, 2], [7, 1, 1, 0, 0, 0]]
    assert states.rows[0].tolist() == win_row(3, 1, 2, 5, -2, 0).tolist()
    assert states.game.tolist() == ["A0", "A0", "B1", "D2"], "a tie has no winner"


@pytest.mark.parametrize(
    ("change", "word"), [({"outs": 3}, "outs are 0 to 2"), ({"date": "2019-07-04"}, "not a date"), ({"inning": None}, "inning")]
)
def test_a_malformed_table_is_refused(tmp_path: Path, change: dict[str, object], word: str) -> None:
    path = written(tmp_path / "plays.parquet", [play("A0", 1, (3, 1, 2, 5, -2)) | change])
    with pytest.raises(ValueError, match=word):
        read(path)
    with pytest.raises(ValueError, match="no file"):
        read(tmp_path / "other.parquet")


def test_bases_follow_from_what_was_hit(tmp_path: Path) -> None:
    after = plate_appearances.after
    assert [after(0, word, 0) for word in ("single", "double", "triple", "home_run", "walk", "strikeout")] == [1, 2, 4, 0, 1, 0]
    assert after(7, "home_run", 4) == 0
    assert after(7, "walk", 1) == 7
    assert after(4, "walk", 0) == 5
    assert after(2, "single", 0) == 5
    assert after(2, "single", 1) == 1
    assert after(1, "grounded_into_double_play", 0) == 0
    assert after(3, "sac_bunt", 0) == 6
    assert after(4, "sac_fly", 1) == 0
    rows = [
        {
            "game_pk": 5,
            "at_bat_number": number,
            "inning": inning,
            "half": 0,
            "outs_est": outs,
            "pre_home_score": 0,
            "events": event,
            "pre_away_score": 0,
            "post_home_score": 0,
            "post_away_score": 0,
            "home_win": 1,
        }
        for number, inning, outs, event in (
            (2, 3, 0, "single"),
            (1, 2, 2, "strikeout"),
            (3, 3, 0, "walk"),
            (4, 3, 0, "single"),
            (5, 10, 0, "walk"),
        )
    ]
    states = plate_appearances.read(written(tmp_path / "plate_appearances.parquet", rows))
    assert states.state[:, 3].tolist() == [0, 0, 1, 3, 2], "in the order of play; extra innings begin with a runner on second"


def test_the_teacher_finds_the_advantage_that_games_were_drawn_with() -> None:
    generator = np.random.default_rng(3)
    n = 60_000
    state = np.stack(
        [
            generator.integers(1, 10, n),
            generator.integers(0, 2, n),
            generator.integers(0, 3, n),
            generator.integers(0, 8, n),
            np.rint(generator.normal(0, 2, n)).astype(np.int64),
            np.zeros(n, np.int64),
        ],
        axis=1,
    )
    rows = rows_of(state)
    odds = rows[:, COLUMN["odds"]]
    chance = 1.0 / (1.0 + np.exp(-(odds + 0.3 / np.cosh(odds / 2.0))))
    label = (generator.random(n) < chance).astype(np.float64)
    found = Teacher.fit(States(state, rows, label, np.arange(n).astype(np.str_), np.zeros(n, np.int64)))
    assert np.abs(found(rows) - chance).mean() < 0.01
    plain = Teacher(np.array([1.0, 0.0, 0.0, 0.0, 0.0]))
    assert np.abs(plain(rows) - chance).mean() > 0.03


@pytest.fixture(scope="module")
def model() -> ForestModel:
    return load("mlb-win-probability@real")


def test_clear_cases_have_clear_probabilities(model: ForestModel) -> None:
    home = model.card.home
    assert home is not None
    assert home.origin == "real"
    assert home.gate is not None
    assert home.gate.passed
    assert home.credit == CREDIT
    notice = " ".join((SHIPPED.parents[1] / "NOTICE").read_text().split())
    assert CREDIT in notice

    def of(*state: int) -> float:
        return float(model.predict(win_row(*state)[None])[0])

    assert 0.52 < of(1, 0, 0, 0, 0) < 0.55, "playing at home is worth something"
    assert of(10, 0, 3, 0, 0) == of(10, 1, 0, 2, 0) > of(10, 1, 0, 0, 0, 0) + 0.08
    assert of(9, 1, 2, 0, -1) < 0.06
    assert of(9, 0, 0, 0, 4) > 0.97
    assert of(5, 0, 0, 0, 3) > of(5, 0, 0, 0, 1) > of(5, 0, 0, 0, -1)
    over = np.array([over_row(1.0), over_row(0.0)])
    np.testing.assert_allclose(model.predict(over), [1.0, 0.0], atol=0.005)
    rows = np.array([*over, win_row(10, 0, 3, 0, 0), win_row(10, 0, 0, 0, 0, 0), win_row(12, 1, 1, 6, -2), win_row(4, 1, 1, 3, 11)])
    assert (Inside(home.inputs, model.features).check(rows)[0] == INSIDE).all()
    assert sum(path.stat().st_size for path in (SHIPPED / "real" / "mlb-win-probability").iterdir()) < 400_000


@pytest.mark.real
def test_held_out_games_are_predicted_better_than_by_the_logistic(model: ForestModel) -> None:
    path = DATA / "mlb_retrosheet_pbp" / retrosheet.FILE
    if not path.is_file():
        pytest.skip(f"no play-by-play in {path}")
    states = read(path)
    out = held_out(HELD_OUT_AS, states.game)
    held, train_set = states.take(out), states.take(~out)
    assert model.card.trained_on["games"] == len(np.unique(train_set.game))
    probability = model.predict(held.rows)
    plain = logistic_of(train_set.rows[:, PLAIN], train_set.label, held.rows[:, PLAIN], 2)[:, 1]
    assert log_loss(held.label, probability) <= 0.474
    assert paired_bootstrap(held.label, probability, plain, held.game, rounds=300)["log_loss"]["high"] < 0.0
    assert ece(held.label, probability) <= 0.03
    assert (Inside(model.card.home.inputs, model.features).check(held.rows)[0] != INSIDE).mean() < 0.002  # type: ignore[union-attr]


@pytest.mark.real
def test_recent_seasons_are_predicted_better_than_by_the_logistic(model: ForestModel) -> None:
    path = DATA / "mlb_plate_appearances_2024_2025" / plate_appearances.FILE
    if not path.is_file():
        pytest.skip(f"no plate appearances in {path}")
    held = plate_appearances.read(path)
    probability = model.predict(held.rows)
    plain = logistic_of(held.rows[:, PLAIN], held.label, held.rows[:, PLAIN], 2)[:, 1]
    assert log_loss(held.label, probability) <= 0.469
    assert paired_bootstrap(held.label, probability, plain, held.game, rounds=100)["log_loss"]["high"] < 0.0
    assert ece(held.label, probability) <= 0.01
