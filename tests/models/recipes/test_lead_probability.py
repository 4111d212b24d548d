"""Real steal attempts: what is read, what a prior may know, the commands, and (marked) the figures on the real file."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from features.mlb.diamond import FT_M
from features.mlb.steal_features import COLUMN
from models.artefact import load
from models.base import Floats
from models.data.steal_records import Records
from models.data.steals import FILE, Plays, feature_rows, held_out_from, read, read_folder
from models.recipes.lead_probability import MODEL
from models.training.priors import Measure, checked, walk
from simulators.mlb.draws import steals
from streaming.cli.app import run

COLUMNS = ("play_id", "date", "matchup", "runner_id", "pitcher_name", "catcher_id", "batter_name", "fielder_id", "target_base",
           "balls", "strikes", "lead_at_first_move_ft", "lead_at_release_ft", "lead_gain_ft", "pitch_type", "pitch_mph",
           "runner_sprint_speed_ftps", "catcher_pop_time_s", "result", "success", "description")  # fmt: skip


def made_up(path: Path, plays: int = 2600, seed: int = 1, leave_out: tuple[str, ...] = ()) -> Path:
    """Simulated attempts in the form of the real file, over three seasons, with some of everything that is dirty there."""
    rng = np.random.default_rng(seed)
    drawn = steals(rng, plays)
    start = date(2022, 4, 1)
    days = np.sort(rng.integers(0, 850, plays))
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [c for c in COLUMNS if c not in leave_out]
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        for i in range(plays):
            result = "SB" if drawn["success"][i] else "CS"
            if rng.random() < 0.05:
                result = str(rng.choice(["PK", "BK"]))
            lead, gain = drawn["lead_m"][i] / FT_M, drawn["gain_m"][i] / FT_M
            writer.writerow(
                {
                    "play_id": f"play-{i:05d}",
                    "date": (start + timedelta(days=int(days[i]))).isoformat(),
                    "matchup": "AAA @ BBB",
                    "runner_id": 1000 + int(rng.integers(0, 80)),
                    "pitcher_name": f"Pitcher {int(rng.integers(0, 60))}",
                    "catcher_id": 2000 + int(rng.integers(0, 20)),
                    "batter_name": "A. Batter",
                    "fielder_id": "3.0",
                    "target_base": "3B" if drawn["third"][i] else "2B",
                    "balls": int(drawn["balls"][i]),
                    "strikes": int(drawn["strikes"][i]),
                    "lead_at_first_move_ft": "" if rng.random() < 0.02 else round(lead, 1),
                    "lead_at_release_ft": round(lead + gain, 1),
                    "lead_gain_ft": round(gain, 1),
                    "pitch_type": "FF",
                    "pitch_mph": 93.1,
                    "runner_sprint_speed_ftps": round(drawn["sprint_mps"][i] / FT_M, 1),
                    "catcher_pop_time_s": "" if rng.random() < 0.08 else round(drawn["pop_s"][i], 3),
                    "result": result,
                    "success": {"SB": 1, "CS": 0}.get(result, ""),
                    "description": "what happened",
                }
            )
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("leads")
    made_up(path / FILE)
    return path


def test_a_prior_uses_earlier_days_only() -> None:
    who = np.array(["a", "a", "b", "a", "a"])
    day = np.array([1, 2, 2, 2, 3])
    one = Measure("m", np.array([0.5, -0.5, 1.0, 0.1, 9.0]), 1.0)
    prior, record = walk(who, day, [one])
    assert np.isnan(prior[[0, 2], 0]).all(), "players have no prior before their first day"
    assert prior[1, 0] == prior[3, 0] == pytest.approx(0.25, abs=1e-3), "a day's own attempts are not known on that day"
    assert prior[4, 0] == pytest.approx(0.1 / 4.0, abs=1e-3)
    assert record["b"] == [2.0, 1.0, 1.0]
    changed = Measure("m", np.array([0.5, -0.5, 1.0, 0.1, -7.0]), 1.0)
    assert np.array_equal(walk(who, day, [changed])[0], prior, equal_nan=True), "the last one's result is in no row"
    stopped, early = walk(who, day, [one], until=2)
    assert stopped[4, 0] == pytest.approx(0.25, abs=1e-3)
    assert "b" not in early
    with pytest.raises(ValueError, match="in order of time"):
        walk(who, day[::-1].copy(), [one])
    with pytest.raises(ValueError, match="not one of 2 sums and 2 counts a person"):
        checked(record, 2)


def test_a_stored_record_continues_where_it_ended() -> None:
    rng = np.random.default_rng(4)
    who, day = rng.choice(["a", "b", "c", "d"], 400), np.sort(rng.integers(0, 900, 400))
    several = [Measure("m", rng.normal(size=400), 3.0), Measure("n", np.where(rng.random(400) < 0.5, np.nan, 1.0), 1.0)]
    whole, at_last = walk(who, day, several)
    half = int(day[200])
    _, record = walk(who, day, several, until=half)
    later = day >= half
    on, end = walk(who[later], day[later], [Measure(m.name, m.values[later], m.k) for m in several], record)
    np.testing.assert_allclose(on, whole[later], atol=1e-4)
    again, same = walk(who, day, several, record, since=half)
    np.testing.assert_array_equal(again[later], on)
    assert same == end, "what is in the record is not learnt again"
    assert {n: pytest.approx(v, abs=1e-3) for n, v in at_last.items()} == end


def ended(plays: Plays, success: Floats) -> Plays:
    """The same plays with other endings; all NaN: the endings are unknown."""
    return replace(plays, success=success, picked_off=np.where(np.isnan(success).all(), np.nan, plays.picked_off))


def test_facts_known_after_the_play_change_no_feature(folder: Path) -> None:
    plays = read_folder(folder)
    freeze, day = int(plays.day[len(plays) // 2]), int(plays.day[-300])
    turned = np.where(plays.day >= day, 1.0 - plays.success, plays.success)
    columns, records = Records.learn(plays, freeze)
    prior, again = records.follow(plays), records.follow(ended(plays, turned))
    unknown = records.follow(ended(plays, np.full(len(plays), np.nan)))
    for at in (False, True):
        rows, other = feature_rows(plays, prior, at), feature_rows(plays, again, at)
        np.testing.assert_array_equal(rows[plays.day <= day], other[plays.day <= day])
        assert (rows[plays.day > day] != other[plays.day > day]).any(), "from the next day on it is known"
        first = plays.day == freeze
        np.testing.assert_allclose(rows[first], feature_rows(plays, columns, at)[first], atol=1e-3)
    blind = ended(replace(plays, lead_m=np.full(len(plays), np.nan)), np.full(len(plays), np.nan))
    for name, values in records.follow(blind).items():
        differs = not np.array_equal(values, unknown[name], equal_nan=True)
        assert differs == name.endswith(("lead_m", "gain_m")), (
            f"{name}: leads are known for every play, endings only where reported"
        )
    order = np.random.default_rng(0).permutation(len(plays))
    for name, values in records.follow(plays.take(order)).items():
        np.testing.assert_allclose(values, prior[name][order], atol=1e-12)  # the order of one day's rows is the file's


def test_records_are_written_and_read(folder: Path) -> None:
    plays = read_folder(folder)
    _, records = Records.learn(plays, held_out_from(plays))
    prior = json.loads(json.dumps(records.as_json()))
    assert Records.of_json(prior) == records
    prior["people"]["catcher"]["2001"] = [1.0]
    with pytest.raises(ValueError, match="not one of 3 sums and 3 counts"):
        Records.of_json(prior)
    with pytest.raises(ValueError, match="cannot be read"):
        Records.of_json({"people": {}})


def test_rows_before_the_pitch_have_no_release_features(folder: Path) -> None:
    plays = read_folder(folder)
    columns, records = Records.learn(plays, held_out_from(plays))
    rows = feature_rows(plays, columns, False)
    for name in COLUMN:
        if "release" in name or name.startswith("gain"):
            assert np.isnan(rows[:, COLUMN[name]]).all(), name
    assert records.follow(plays).keys() == columns.keys()


@pytest.mark.slow
def test_train_evaluate_and_score(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")
    artefact_folder = tmp_path / "mine"
    assert run(["models", "train", MODEL, "--data", str(folder), "--out", str(artefact_folder)]) == 0
    model = load(artefact_folder)
    assert model.card.trained_on["rows"] > 2000
    assert set(model.card.parameters["records"]["people"]) == {"runner", "pitcher", "catcher"}
    assert model.card.parameters["bend"] < 1.0
    capsys.readouterr()
    assert run(["models", "evaluate", MODEL, "--data", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    for reading in ("before the pitch", "at release"):
        assert set(report["readings"][reading]["ours_minus_logistic"]) == {"log_loss", "brier", "auc"}
    assert report["readings"]["before the pitch"]["scores"]["auc"] > 0.85
    assert run(["models", "evaluate", MODEL, "--data", str(folder), "--model", str(artefact_folder)]) == 2
    assert "it has seen the months" in capsys.readouterr().err

    later = made_up(tmp_path / "later.csv.gz", 300, 9, leave_out=("success", "result", "description", "fielder_id"))
    out = tmp_path / "preds.parquet"
    assert run(["models", "score", MODEL, "--plays", str(later), "--model", str(artefact_folder), "--out", str(out)]) == 0
    assert "300 plays" in capsys.readouterr().out
    scored = pq.read_table(out)
    assert scored.column_names == ["play_id", "probability", "probability_at_release", *(f"curve_{ft:02d}" for ft in range(21))]
    assert scored["play_id"].to_pylist() == [f"play-{i:05d}" for i in range(300)]
    curve = np.stack([scored[f"curve_{ft:02d}"].to_numpy() for ft in range(21)], 1)
    assert (np.diff(curve, axis=1) >= 0.0).all()
    probability = scored["probability"].to_numpy()
    assert np.isfinite(probability).all()
    lead = read(later).lead_m / FT_M
    inside = np.flatnonzero(lead < 20.0)
    low = curve[inside, np.floor(lead[inside]).astype(int)]
    high = curve[inside, np.ceil(lead[inside]).astype(int)]
    assert ((low <= probability[inside]) & (probability[inside] <= high)).all()

    # the same plays as Parquet, with a column more, give the same
    table = pc.read_csv(later).append_column("weather", [["mild"] * 300])
    pq.write_table(table, tmp_path / "later.parquet")
    again = tmp_path / "again.parquet"
    files = ["--plays", str(tmp_path / "later.parquet"), "--model", str(artefact_folder), "--out", str(again)]
    assert run(["models", "score", MODEL, *files]) == 0
    assert pq.read_table(again).equals(scored)


def test_the_shipped_model_scores_files_and_empty_ones_give_no_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later, out = made_up(tmp_path / "later.csv.gz", 40, 3), tmp_path / "p.parquet"
    assert run(["models", "score", MODEL, "--plays", str(later), "--out", str(out)]) == 0
    assert pq.read_table(out).num_rows == 40
    empty = made_up(tmp_path / "none.csv.gz", 0)
    assert run(["models", "score", MODEL, "--plays", str(empty), "--out", str(out)]) == 0
    assert pq.read_table(out).num_rows == 0
    capsys.readouterr()


def test_broken_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "p.parquet"
    score = ["models", "score", MODEL, "--out", str(out), "--plays"]
    for what, words in (
        (made_up(tmp_path / "a.csv.gz", 5, leave_out=("date", "runner_id")), "lacks the columns date, runner_id"),
        (tmp_path / "nowhere.csv", "there is no file"),
    ):
        assert run([*score, str(what)]) == 2
        assert words in capsys.readouterr().err
    text = gzip.decompress(made_up(tmp_path / "b.csv.gz", 5).read_bytes()).decode().splitlines()
    (tmp_path / "c.csv").write_text("\n".join([text[0], text[1].replace("2B", "2B").replace(text[1].split(",")[1], "yesterday")]))
    assert run([*score, str(tmp_path / "c.csv")]) == 2
    assert "'yesterday' is not a date" in capsys.readouterr().err
    fields = text[1].split(",")
    fields[11] = "far"
    (tmp_path / "d.csv").write_text("\n".join([text[0], ",".join(fields)]))
    assert run([*score, str(tmp_path / "d.csv")]) == 2
    assert "lead_at_first_move_ft is 'far', not a number" in capsys.readouterr().err
    (tmp_path / "e.parquet").write_bytes(b"PAR1 but not")
    assert run([*score, str(tmp_path / "e.parquet")]) == 2
    assert "is not a readable Parquet file" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.real
@pytest.mark.slow
def test_the_real_months_that_were_held_out(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")
    assert run(["models", "evaluate", MODEL, "--data", str(real_data / "mlb_stolen_bases"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["from"] == "2024-04-01"
    assert report["plays"] == 2023
    before, released = (report["readings"][r] for r in ("before the pitch", "at release"))
    assert before["scores"]["log_loss"] < before["logistic"]["log_loss"]
    assert before["scores"]["auc"] > before["logistic"]["auc"] + 0.01
    assert released["scores"]["log_loss"] < released["logistic"]["log_loss"]
    assert released["scores"]["log_loss"] < before["scores"]["log_loss"] - 0.04
