"""`touchline models ...` from outside: a made-up file of shots without labels, and one sentence for bad input."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.artefact import load, model_file, save
from models.data.statsbomb_shots import load as load_shots
from models.holdout import is_held_out
from models.monitoring.monitor import profile_on
from models.specs import SPECS
from streaming.cli.app import run
from streaming.cli.training_tables import simulated_table

WORDS = {
    "shot_type": ["Open Play", "Free Kick", "Penalty", "Corner"], "body_part": ["Left Foot", "Right Foot", "Head", "Other"],
    "technique": ["Normal", "Volley", "Half Volley", "Lob", "Backheel"],
    "play_pattern": ["Regular Play", "From Corner", "From Counter", "From Throw In", "Other"],
}  # fmt: skip
FLAGS = ("under_pressure", "first_time", "one_on_one", "open_goal", "aerial_won")


def made_up(folder: Path, matches: int = 40, per_match: int = 20, labels: bool = True) -> None:
    """Shots whose chance falls with distance, in the provider's columns; ``labels`` adds is_goal and statsbomb_xg."""
    rng = np.random.default_rng(4)
    n = matches * per_match
    x, y = rng.uniform(90, 119, n).round(1), rng.uniform(22, 58, n).round(1)
    chance = 1 / (1 + np.exp(0.22 * (np.hypot(120 - x, 40 - y) - 8)))
    ids = np.array([f"shot-{i:05d}" for i in range(n)])
    columns: dict[str, object] = {
        "shot_id": ids,
        "match_id": np.repeat(np.arange(matches, dtype=np.int32), per_match),
        "team": np.where(rng.random(n) < 0.5, "A", "B"),
        "period": np.ones(n, np.int8),
        "minute": np.tile(np.arange(per_match, dtype=np.int16) * 2, matches),
        "second": np.zeros(n, np.int8),
        "x": x,
        "y": y,
    }
    for name, words in WORDS.items():
        columns[name] = rng.choice(words, n, p=[0.9, *[0.1 / (len(words) - 1)] * (len(words) - 1)])
    for name in FLAGS:
        columns[name] = rng.random(n) < 0.2
    if labels:
        columns["is_goal"] = rng.random(n) < chance
        columns["statsbomb_xg"] = chance.astype(np.float32)
    pq.write_table(pa.table(columns), folder / "shots.parquet")
    who = np.repeat(ids, 5)
    frames = {
        "shot_id": rng.permutation(who),
        "x": rng.uniform(95, 120, 5 * n),
        "y": rng.uniform(20, 60, 5 * n),
        "teammate": rng.random(5 * n) < 0.3,
        "goalkeeper": rng.random(5 * n) < 0.2,
    }
    pq.write_table(pa.table(frames), folder / "freeze_frames.parquet")


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shots")
    made_up(folder)
    return folder


def test_score_a_file_without_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_up(tmp_path, matches=3, labels=False)
    files = ["--shots", str(tmp_path / "shots.parquet"), "--frames", str(tmp_path / "freeze_frames.parquet")]
    assert run(["models", "score", "xgoals", *files, "--out", str(tmp_path / "preds.parquet")]) == 0
    assert "60 shots scored by xgoals" in capsys.readouterr().out
    scored = pq.read_table(tmp_path / "preds.parquet")
    assert scored.column_names == ["shot_id", "xgoals"]
    assert scored["shot_id"].to_pylist() == pq.read_table(tmp_path / "shots.parquet")["shot_id"].to_pylist()
    table = load_shots(tmp_path / "shots.parquet", tmp_path / "freeze_frames.parquet")
    assert np.isnan(table.goal).all()
    found, model = scored["xgoals"].to_numpy(), load("xgoals@real")
    finite = ~np.isnan(found)
    assert finite.mean() > 0.5, "some made-up players stand where none ever stood, but not all"
    np.testing.assert_array_equal(found[finite], model.predict(table.rows)[finite])
    penalties = found[table.penalty]
    assert len(np.unique(penalties)) <= 1
    assert run(["models", "score", "xgoals", *files[:2], "--out", str(tmp_path / "bare.parquet")]) == 0
    bare = pq.read_table(tmp_path / "bare.parquet")["xgoals"]
    assert bare.null_count == 0
    assert (bare.to_numpy()[finite] != found[finite]).any()


@pytest.mark.slow
def test_train_score_evaluate_explain(shots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")
    source = ["--data", str(shots)]
    assert run(["models", "train", "xgoals", *source, "--out", str(tmp_path / "mine")]) == 0
    model = load(tmp_path / "mine")
    assert model.card.trained_on["games"] == sum(not is_held_out("statsbomb", game) for game in range(40))
    assert re.search(rf"xgoals {model.version} in .*mine", capsys.readouterr().out)
    plot = tmp_path / "plots" / "reliability.png"
    assert run(["models", "evaluate", "xgoals", *source, "--model", str(tmp_path / "mine"), "--json", "--plot", str(plot)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["scores"]["auc"] > 0.6
    assert set(report["ours_minus_provider"]) == {"log_loss", "brier", "auc", "ece"}
    assert plot.read_bytes()[:4] == b"\x89PNG"
    files = ["--shots", str(shots / "shots.parquet"), "--frames", str(shots / "freeze_frames.parquet")]
    assert run(["models", "explain", str(tmp_path / "mine"), *files, "--shot", "shot-00007", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert len(printed["because"]) == 5
    assert 0 < printed["probability"] < 1


def test_list_and_explain_print_the_shipped_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [m["name"] for m in listed[: len(SPECS)]] == sorted(SPECS), "those of simulated games first"
    assert "xgoals" in [m["name"] for m in listed[len(SPECS) :]], "then those of real ones"
    assert all(m["limits"] == SPECS[m["name"]].limits for m in listed)
    assert run(["models", "explain", "xgoals"]) == 0
    printed = capsys.readouterr().out
    assert "touchline models train xgoals --data simulated" in printed
    assert f"limits: {SPECS['xgoals'].limits}" in printed


def test_renew_adds_profile_and_limits_and_keeps_predictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A card without profile and limits gets both from the games that it names; the answers are the same, and other games are
    refused."""
    table = simulated_table("lead-probability", 3, 20)
    before = load("lead-probability").card
    old = msgspec.structs.replace(before, limits="", metrics={"held_out": {}}, trained_on=table.source)
    blob = model_file("lead-probability").read_bytes()
    version = save(tmp_path / "old", old, blob).version
    assert run(["models", "renew", str(tmp_path / "old"), "--out", str(tmp_path / "new")]) == 0
    assert f"the trees of {version}, with profile and limits" in capsys.readouterr().out
    first, second = load(tmp_path / "old"), load(tmp_path / "new")
    assert first.predict(table.rows).tobytes() == second.predict(table.rows).tobytes()
    assert second.card.limits == SPECS["lead-probability"].limits
    profile = profile_on(second.card)
    assert profile is not None
    assert profile.rows == len(table.rows)
    assert second.version != version
    assert run(["models", "renew", str(tmp_path / "old"), "--out", str(tmp_path / "few"), "--games", "10"]) == 0
    fewer = load(tmp_path / "few").card.metrics
    assert (fewer["profile"]["rows"], fewer["profile_of"]["games"]) == (len(table.rows) // 2, 10)
    save(tmp_path / "other", msgspec.structs.replace(old, trained_on={**table.source, "rows": 7}), blob)
    assert run(["models", "renew", str(tmp_path / "other"), "--out", str(tmp_path / "x")]) == 2
    assert "was trained on" in capsys.readouterr().err
    save(tmp_path / "real", msgspec.structs.replace(old, trained_on={"source": "real steal attempts with leads"}), blob)
    assert run(["models", "renew", str(tmp_path / "real"), "--out", str(tmp_path / "x")]) == 2
    assert "was not trained on simulated games: train it again" in capsys.readouterr().err


def test_every_shipped_card_has_limits_and_a_profile() -> None:
    for name, known in SPECS.items():
        assert known.limits.count(".") in (1, 2, 3), name
        assert known.limits.endswith(".")
        card = load(name).card
        assert card.limits == known.limits, name
        profile = profile_on(card)
        assert profile is not None
        assert [f.name for f in profile.features] == [f.name for f in card.features]


BAD = {
    "unknown model": (["train", "xg"], "unknown model 'xg'"),
    "unknown source": (["train", "xgoals", "--data", "opta:x"], "--data is simulated or a folder; there is no folder opta:x"),
    "no such folder": (["train", "xgoals", "--data", "statsbomb:nowhere"], "there is no folder nowhere"),
    "a folder without shots": (["train", "xgoals", "--data", "."], "there is no file shots.parquet"),
    "files of another model": (["score", "lead-probability", "--shots", "a", "--out", "b"], "give --plays, and no other file"),
    "half the files": (["score", "xgoals", "--frames", "a", "--out", "b"], "give --shots, --frames where there are any"),
    "no such model": (["explain", "nowhere"], "nowhere is neither a model folder"),
    "no real data for it": (["train", "nfl-tackle", "--data", "."], "is trained on simulated games only"),
    "a folder without passes": (["train", "pass-completion", "--data", "."], "there is no file events.parquet"),
    "shot without files": (["explain", "xgoals", "--shot", "a"], "--shots and --frames are needed"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_sentence(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD[what]
    assert run(["models", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert words in error
    assert len(error.splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_broken_tables_are_refused_with_their_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_up(tmp_path, matches=2)
    shots, frames, out = tmp_path / "shots.parquet", tmp_path / "freeze_frames.parquet", tmp_path / "preds.parquet"
    arguments = ["models", "score", "xgoals", "--shots", str(shots), "--frames", str(frames), "--out", str(out)]
    whole = shots.read_bytes()
    pq.write_table(pq.read_table(shots).drop_columns(["body_part", "x"]), shots)
    assert run(arguments) == 2
    assert "lacks the columns x, body_part" in capsys.readouterr().err
    shots.write_bytes(whole[: len(whole) // 2])
    assert run(arguments) == 2
    assert "is not a readable Parquet file" in capsys.readouterr().err
    pq.write_table(pa.table(pq.read_table(pa.BufferReader(whole)).to_pydict() | {"x": ["far"] * 40}), shots)
    assert run(arguments) == 2
    assert "column x holds string, not numbers" in capsys.readouterr().err
    assert not out.exists()
