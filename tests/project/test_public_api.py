"""``import touchline``: light, complete, and never running another distribution's code in the place of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

import touchline
from streaming.operator.game import GameOperator
from streaming.recordings.reader import Recording, Writer
from streaming.sinks.table import StatTableSink, stat_filter
from streaming.wire.blocks import StatBlock
from tests.paths import ROOT
from tests.small_simulators import small_simulator
from tests.waiting import contention

#: what an import must not bring along
HEAVY = ("numpy", "numba", "pyarrow", "pandas", "streaming", "features", "models", "simulators", "typer")
#: an import has this long on a core of its own
IMPORT_S = 0.4


def python(program: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, somewhere else than in the checkout."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=Path(os.sep), env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of twelve seconds of a race, which has stats from its first window on."""
    folder = tmp_path_factory.mktemp("api") / "race"
    world = small_simulator("f1", 3, 0.2)
    with Writer(folder, world.record) as writer:
        for record in world.stream(25):
            writer.write(record)
    return folder


def test_import_of_touchline_is_fast_and_loads_nothing_heavy() -> None:
    program = f"import touchline, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    began = time.monotonic()
    done = python(program, ROOT)
    took_s = time.monotonic() - began
    assert done.stdout.strip() == "[]", done.stderr
    assert took_s < IMPORT_S * contention()


def test_every_public_name_exists_and_is_documented() -> None:
    for name in touchline.__all__:
        assert getattr(touchline, name).__doc__, name
    assert set(touchline.__all__) <= set(dir(touchline))
    assert touchline.GameOperator is GameOperator
    with pytest.raises(AttributeError, match="no attribute 'open_game'"):
        touchline.open_game  # noqa: B018


def test_open_recording_opens_or_refuses_with_one_sentence(recording: Path, tmp_path: Path) -> None:
    assert isinstance(touchline.open_recording(str(recording)), Recording)
    with pytest.raises(touchline.BadInput, match="there is no recording at"):
        touchline.open_recording(tmp_path / "nowhere")


def test_load_sport_and_load_model_find_by_name() -> None:
    assert "soccer.shot.xgoals" in {stat.id for stat in touchline.load_sport("soccer").stats}
    assert touchline.load_model("xgoals@real").name == "xgoals"
    with pytest.raises(touchline.BadInput, match="unknown sport 'cricket'"):
        touchline.load_sport("cricket")
    with pytest.raises(touchline.BadInput, match="neither a model folder"):
        touchline.load_model("no-such-model")


@pytest.mark.slow
def test_replay_returns_the_rows_that_the_command_writes(recording: Path, tmp_path: Path) -> None:
    from streaming.cli.app import run

    assert run(["replay", str(recording), "--out", str(tmp_path / "stats.parquet")]) == 0
    written = pq.read_table(tmp_path / "stats.parquet")
    table = touchline.replay(touchline.open_recording(recording))
    assert table.schema.names == written.schema.names
    columns = ["id", "value", "values", "text", "unit", "quality"]
    rows = [sorted(map(repr, each.select(columns).to_pylist())) for each in (table, written)]
    assert len(rows[0]) > 100
    assert rows[0] == rows[1]


@pytest.mark.slow
def test_replay_with_a_pattern_selects_stats_and_converts_to_pandas(recording: Path) -> None:
    pytest.importorskip("pandas", reason="pandas comes with touchline[analysis]")
    frame = touchline.replay(str(recording), stats="f1.car.*").to_pandas()
    assert {stat.rsplit(".", 1)[0] for stat in frame["stat"]} == {"f1.car"}
    frame = frame[frame["stat"] == "f1.car.speed"]
    assert frame["values"].notna().any()  # mean, least, most and last of a window
    late = touchline.replay(recording, stats=["f1.car.speed"], from_s=8.0)
    assert 0 < late.num_rows < len(frame)
    with pytest.raises(touchline.BadInput, match=r"no stat matches 'f1\.car\.sped'"):
        touchline.replay(recording, stats="f1.car.sped")


def test_game_operator_takes_single_records(recording: Path) -> None:
    recording = touchline.open_recording(recording)
    operator = touchline.operator_for(recording.game, draw=False)
    assert isinstance(operator, touchline.GameOperator)
    assert operator.game == recording.game
    with pytest.raises(touchline.BadInput, match="unknown sport"):
        touchline.operator_for(msgspec.structs.replace(recording.game, sport="cricket"))


def block(stat: str, subject: str, value: float, *, revision: int = 0, quality: str = "final") -> StatBlock:
    at = np.array([1_000_000])
    return StatBlock(
        stat=stat,
        game="g",
        sport="soccer",
        unit="m",
        subjects=(subject,),
        end_us=at,
        span_us=400_000,
        values=np.array([[value]]),
        quality=quality,  # type: ignore[arg-type]
        ingress_us=at,
        revision=revision,
    )


def test_table_row_of_a_correction_replaces_the_corrected_one() -> None:
    sink = StatTableSink()
    sink.write([block("a", "p1", 1.0), block("a", "p2", 2.0), block("a", "p3", 9.0, quality="provisional")], 0)
    sink.close()
    sink.write([block("a", "p1", 3.0, revision=1)], 0)
    rows = sink.table().select(["subject", "value", "revision"]).to_pylist()
    assert rows == [{"subject": "p2", "value": 2.0, "revision": 0}, {"subject": "p1", "value": 3.0, "revision": 1}]


def test_replay_without_stats_gives_an_empty_table_with_every_column() -> None:
    sink = StatTableSink(lambda stat: stat == "b")
    sink.write([block("a", "p1", 1.0)], 0)
    table = sink.table()
    assert (table.num_rows, "reason" in table.schema.names) == (0, True)


def test_filter_keeps_matching_stats_and_refuses_a_pattern_without_match() -> None:
    known = ["soccer.shot.xgoals", "soccer.ball.speed"]
    assert stat_filter(["soccer.*", "soccer.ball.speed"], known) == set(known)
    with pytest.raises(touchline.BadInput, match="not a topic pattern"):
        stat_filter(["soccer shot"], known)


@pytest.mark.parametrize("name", touchline.PACKAGES)
def test_foreign_package_of_the_same_name_is_refused_and_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("print('the other package was run')")
    done = python("import touchline; touchline.load_sport('soccer')", tmp_path, ROOT)
    assert done.returncode == 1
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith(f"touchline.PackageCollision: the package '{name}' at {tmp_path / name}")
    assert "environment of its own" in sentence
    assert "was run" not in done.stdout


def test_command_prefers_its_packages_to_foreign_ones_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("raise RuntimeError('the other module was run')")
    program = "import sys, touchline; sys.argv = ['touchline', 'models', '--help']; touchline.main()"
    done = python(program, tmp_path, ROOT)
    assert done.returncode == 0, done.stderr
    assert "Usage: touchline models" in done.stdout


def test_command_with_a_foreign_package_already_imported_ends_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("")
    done = python("import models, touchline; touchline.main()", tmp_path, ROOT)
    assert done.returncode == 2
    assert done.stderr.startswith("touchline: the package 'models' at ")


def test_doctor_names_the_foreign_package_that_hides_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from streaming.cli.doctor import packages_row

    assert packages_row()[:2] == ("packages", True)
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    what, ok, about, _ = packages_row()
    assert (what, ok) == ("packages", False)
    assert f"'features' at {tmp_path / 'features'}" in about
