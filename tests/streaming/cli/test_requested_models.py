"""A model requested by name answers again in a replay of the recording that was made with it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from models.choice import packaged
from streaming.cli.app import run
from streaming.recordings.reader import Recording

STAT = "soccer.shot.xgoals"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A game without provenance, which counts as real."""
    path = tmp_path_factory.mktemp("requested") / "match"
    assert run(["simulate", "soccer", "--seed", "9", "--minutes", "6", "--out", str(path)]) == 0
    game = msgspec.json.decode((path / "game.json").read_bytes())
    game["provenance"] = {}
    (path / "game.json").write_bytes(msgspec.json.encode(game))
    return path


def _replayed(recording: Path, out: Path, *options: str) -> list[dict[str, object]]:
    assert run(["replay", str(recording), "--out", str(out), *options]) == 0
    rows = pq.read_table(out, filters=[("stat", "=", STAT)]).to_pylist()
    clocks = ("ingress_us", "published_us")
    return sorted(({k: v for k, v in row.items() if k not in clocks} for row in rows), key=lambda row: str(row["id"]))


@pytest.mark.slow
def test_models_requested_by_name_are_stored_in_the_recording(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = _replayed(real, tmp_path / "a.parquet", "--model", "xgoals@simulated", "--record", str(tmp_path / "recorded"))
    assert chosen
    assert all(row["model_experimental"] and row["value"] is not None for row in chosen)
    recorded = next((tmp_path / "recorded").iterdir())
    version = packaged("xgoals@simulated").version
    assert Recording(recorded).contents.requested == {"xgoals": version}
    capsys.readouterr()
    assert _replayed(recorded, tmp_path / "b.parquet", "--record", str(tmp_path / "again")) == chosen
    assert "selects it by name" not in capsys.readouterr().err
    assert Recording(next((tmp_path / "again").iterdir())).contents.requested == {"xgoals": version}


@pytest.mark.slow
def test_recording_without_its_requested_models_prints_how_to_request_them(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = _replayed(real, tmp_path / "a.parquet", "--model", "xgoals@simulated", "--record", str(tmp_path / "recorded"))
    recorded = next((tmp_path / "recorded").iterdir())
    contents = json.loads((recorded / "recording.json").read_text())
    del contents["requested"]
    (recorded / "recording.json").write_text(json.dumps(contents))
    capsys.readouterr()
    silent = _replayed(recorded, tmp_path / "b.parquet")
    assert [row["value"] for row in silent] == [None] * len(silent)
    lines = [line for line in capsys.readouterr().err.splitlines() if "selects it by name" in line]
    assert len(lines) == 1
    assert "xgoals" in lines[0]
    assert "--model xgoals@simulated" in lines[0]
    assert _replayed(recorded, tmp_path / "c.parquet", "--model", "xgoals@simulated") == chosen
