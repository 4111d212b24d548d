"""The commands: help with an example that works, and one clear sentence and a non-zero exit code for an error."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streaming.cli.app import COMMANDS, run
from tests.paths import ROOT
from tests.waiting import TIMEOUT_S


@pytest.fixture(scope="session")
def recording(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "match"
    assert run(["simulate", "soccer", "--seed", "7", "--minutes", "2", "--out", str(path)]) == 0
    return path


def refused(capsys, *arguments: str) -> str:
    """The one sentence that a command ends with."""
    assert run(list(arguments)) == 2
    output = capsys.readouterr().err.strip().splitlines()[-1]
    assert output.startswith("touchline: ")
    assert len(output) < 400
    return output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(command, capsys):
    assert run([command, "--help"]) == 0
    output = capsys.readouterr().out
    assert "Usage: touchline" in output
    assert f"Example: touchline {command}" in output


def test_help_imports_nothing_heavy():
    program = "import sys; from streaming.cli.app import run; run(['--help']); "
    program += "print([m for m in ('numpy', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_listing_names_of_plugins_imports_no_plugin():
    program = "import sys; from streaming.cli.app import run; run(['import', '--help']); "
    program += "print([m for m in sys.modules if m.startswith('simulators.providers.') and not m.split('.')[2].startswith('_')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "tracinginsights: A Formula 1 session as TracingInsights publishes it" in done.stdout


@pytest.mark.slow
def test_replay_prints_its_summary(recording, tmp_path, capsys):
    out = tmp_path / "stats.parquet"
    assert run(["replay", str(recording), "--out", str(out), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["game_s"] == pytest.approx(180, abs=1), "two minutes of play and a minute of half-time"
    assert figures["samples"] > 60_000
    assert figures["not_used"] == {}
    stats = pq.read_table(out)
    assert {"soccer.player.speed", "soccer.team.pitch_control"} <= set(stats["stat"].to_pylist())
    assert set(stats["quality"].to_pylist()) == {"final"}


@pytest.mark.slow
def test_jsonl_and_parquet_hold_the_same_finals(recording, tmp_path):
    for name in ("a.jsonl", "a.parquet"):
        assert run(["replay", str(recording), "--out", str(tmp_path / name)]) == 0
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    table = pq.read_table(tmp_path / "a.parquet", columns=["id", "revision"])
    assert sorted(line["id"] for line in lines) == sorted(table["id"].to_pylist())


@pytest.mark.slow
def test_replay_writes_stories_as_subtitles(recording, tmp_path, capsys):
    out = tmp_path / "match.vtt"
    assert run(["replay", str(recording), "--out", str(out), "--language", "de"]) == 0
    text = out.read_text("utf-8")
    assert text.startswith("WEBVTT\n")
    lines = tmp_path / "match.jsonl"
    assert run(["replay", str(recording), "--out", str(lines)]) == 0
    stories = [u["value"] for u in map(json.loads, lines.read_text().splitlines()) if u["stat"] == "game.story"]
    sentences = [story["de"] for story in stories if story is not None]
    assert sentences
    assert text.count(" --> ") == len(sentences)
    assert "tlh" in refused(capsys, "replay", str(recording), "--out", str(tmp_path / "k.vtt"), "--language", "tlh")
    assert not (tmp_path / "k.vtt").exists()


def test_replay_from_a_minute_begins_there(recording, tmp_path):
    out = tmp_path / "tail.parquet"
    assert run(["replay", str(recording), "--from", "0:40", "--out", str(out)]) == 0
    game = json.loads((recording / "game.json").read_text())
    rows = pq.read_table(out, columns=["stat", "window_end_us"]).to_pylist()
    first = min(row["window_end_us"] for row in rows if row["stat"] == "soccer.player.speed")
    assert game["t0_us"] + 40_000_000 <= first <= game["t0_us"] + 40_400_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["replay", "nowhere"], "nowhere"),
        (["replay", "REC", "--speed", "fast"], "'fast' is not a speed"),
        (["replay", "REC", "--from", "half-time"], "'half-time' is not a time"),
        (["replay", "REC", "--from", "99:00"], "ends at"),
        (["replay", "REC", "--out", "stats.xlsx"], "unknown sink 'xlsx': this installation knows jsonl, kafka"),
        (["replay", "REC", "--model", "nowhere"], "nowhere"),
        (["simulate", "curling", "--out", "x"], "curling"),
        (["simulate", "soccer", "--minutes", "-1", "--out", "x"], "-1"),
        (["catalogue", "curling"], "curling"),
        (["import", "curling", "x", "--out", "y"], "curling"),
        (["import", "zxy", "nowhere.parquet", "--out", "y"], "nowhere.parquet"),
        (["bench", "everything"], "everything"),
        (["demo", "curling"], "curling"),
        (["frobnicate"], "frobnicate"),
        (["replay", "REC", "--frobnicate"], "frobnicate"),
    ],
)
def test_bad_input_is_refused_with_one_sentence(arguments, sentence, recording, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    output = refused(capsys, *[str(recording) if a == "REC" else a for a in arguments])
    assert sentence in output
    assert not [path for path in tmp_path.iterdir() if path.name != "__pycache__"], "nothing half-written stays behind"


def test_busy_port_is_refused_before_any_work(recording, capsys):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        assert f"port {port}" in refused(capsys, "demo", "--port", port)
        assert f"port {port}" in refused(capsys, "replay", str(recording), "--serve", "--port", port)


def test_bad_argument_is_refused_before_a_busy_port(recording, capsys):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = ["--port", str(busy.getsockname()[1])]
        assert "curling" in refused(capsys, "demo", "curling", *port)
        assert "nowhere" in refused(capsys, "demo", "soccer", "--model", "nowhere", *port)
        assert "nowhere" in refused(capsys, "replay", str(recording), "--serve", "--model", "nowhere", *port)


def test_existing_file_is_replaced_only_on_request(recording, tmp_path, capsys):
    out = tmp_path / "stats.parquet"
    out.write_text("mine")
    assert "stats.parquet" in refused(capsys, "replay", str(recording), "--out", str(out))
    assert out.read_text() == "mine"
    assert run(["replay", str(recording), "--out", str(out), "--force"]) == 0
    assert pq.read_metadata(out).num_rows > 1000


def test_corrupt_recording_is_refused_with_one_sentence(recording, tmp_path, capsys):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(recording, broken)
    part = next((broken / "telemetry").iterdir())
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    assert part.name in refused(capsys, "replay", str(broken), "--out", str(tmp_path / "s.parquet"))
    assert not (tmp_path / "s.parquet").exists()


@pytest.mark.slow
def test_interrupted_run_leaves_no_file(recording, tmp_path):
    """Ctrl-C while a replay writes: exit code 130, one sentence, no file."""
    import signal
    import time

    out = tmp_path / "stats.parquet"
    command = [sys.executable, "-m", "streaming.cli", "replay", str(recording), "--speed", "1", "--out", str(out)]

    def interruptible() -> None:
        """Whatever runs in the background of a shell has inherited that Ctrl-C is ignored."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible) as process:
        try:
            patience = time.monotonic() + TIMEOUT_S
            while not list(tmp_path.iterdir()):  # what it writes has another name meanwhile
                assert process.poll() is None, "it ended before it wrote anything"
                assert time.monotonic() < patience, "it writes nothing"
                time.sleep(0.05)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            _, output = process.communicate(timeout=TIMEOUT_S)
        finally:
            process.kill()
    assert process.returncode == 130
    assert output.strip().splitlines()[-1] == "touchline: interrupted"
    assert list(tmp_path.iterdir()) == []


def test_catalogue_lists_every_stat_with_its_unit(capsys):
    assert run(["catalogue", "soccer", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len({row["id"] for row in rows}) == len(rows) >= 40
    assert all(row["unit"] and row["definition"] and row["topic"] == f"stats.{row['id']}" for row in rows)


def test_doctor_names_what_is_missing_and_the_remedy(capsys):
    assert run(["doctor", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"what", "ok", "about", "mend"} == set(rows[0])
    assert all(row["mend"] for row in rows if not row["ok"])
