"""The pages ``docs/adding-a-*.md``: each example is installed as the page has it, and does what the page says."""

from __future__ import annotations

import csv
import importlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.sport import load_sport, sports
from models.artefact import load, shipped, shipped_folder
from simulators.catalogue import open_simulator
from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.factory import maker, operator_for
from streaming.operator.game import GameOperator
from streaming.recordings.reader import Recording
from streaming.sinks import SinkOptions, open_sink
from streaming.sources import FeedSource, GameSource, SourceOptions, open_source
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import Event
from tests.doc_examples import files_of, install_page
from tests.paths import ROOT

PAGES = sorted(path.name for path in (ROOT / "docs").glob("adding-a-*.md"))
Message = tuple[str, bytes, int]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("adding") / "REC"
    assert run(["simulate", "soccer", "--seed", "5", "--minutes", "0.3", "--out", str(out)]) == 0
    return out


@pytest.fixture
def dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sport and the simulator of the pages, installed."""
    site = tmp_path / "site"
    install_page("adding-a-sport.md", site, monkeypatch)
    install_page("adding-a-simulator.md", site, monkeypatch)
    return site


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def messages_of(recording: Path) -> list[Message]:
    """The game of a recording as messages of the input topic."""
    opened = Recording(recording)
    game = opened.game.game
    records = [GameStart(record=opened.game), *opened.records(), GameEnd(game=game)]
    return [(game, encode_feed(record), 0) for record in records]


def test_every_kind_of_plugin_has_a_page() -> None:
    kinds = ("graphic", "model", "provider", "runner", "simulator", "sink", "source", "sport", "stat")
    assert [f"adding-a-{kind}.md" for kind in kinds] == PAGES


@pytest.mark.parametrize("page", [page for page in PAGES if page != "adding-a-stat.md"])
def test_every_page_of_a_plugin_shows_a_package(page: str) -> None:
    files = files_of(page)
    assert any(name.endswith(".py") for name in files)
    assert "setup.cfg" in files or page == "adding-a-runner.md"  # runners are no plugins


def test_example_sport_is_in_the_catalogue(dash: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "dash" in sports()
    assert run(["catalogue", "dash", "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [stat.id for stat in load_sport("dash").stats]


def test_example_simulator_s_race_is_won_by_the_fastest(dash: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, stats = tmp_path / "REC", tmp_path / "stats.jsonl"
    made = ["simulate", "dash", "--seed", "3", "--minutes", "0.3", "--with", "pace=10.5", "--out", str(out)]
    assert run(made) == 0
    assert run(["replay", str(out), "--out", str(stats)]) == 0
    found = lines(stats)
    assert "not used" not in capsys.readouterr().out
    race: Any = open_simulator("dash", 3, 0.3, pace=10.5)
    place = {u["subject"]: u["value"] for u in found if u["stat"] == "dash.runner.place"}
    order = [f"lane-{lane + 1}" for lane in np.argsort(-race.top_mps)]
    assert place == {runner: rank + 1 for rank, runner in enumerate(order)}
    fastest = max(u["value"] for u in found if u["stat"] == "dash.runner.speed" and u["value"] is not None)
    assert fastest == pytest.approx(3.6 * race.top_mps.max(), rel=0.01)
    assert [u["value"] for u in found if u["stat"] == "dash.race.finished"][-1] == 8
    assert min(u["value"] for u in found if u["stat"] == "dash.runner.remaining") == 0


def test_example_simulator_s_seed_is_one_race_for_any_packing(dash: Path) -> None:
    def samples(frames: int) -> np.ndarray:
        return np.concatenate([r.x_m for r in open_simulator("dash", 4, 0.2).stream(frames) if not isinstance(r, Event)])

    assert np.array_equal(samples(1), samples(7))
    with pytest.raises(BadInput, match="a simulated race lasts"):
        open_simulator("dash", 4, 60.0)


def test_example_sink_writes_the_values_that_a_subscriber_gets(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_page("adding-a-sink.md", tmp_path / "site", monkeypatch)
    table, stats = tmp_path / "stats.csv", tmp_path / "stats.jsonl"
    assert run(["replay", str(recording), "--out", str(table)]) == 0
    assert run(["replay", str(recording), "--out", str(stats)]) == 0
    with table.open(newline="", encoding="utf-8") as file:
        rows = [(r["stat"], r["subject"], int(r["window_end_us"]), r["unit"], r["quality"]) for r in csv.DictReader(file)]
    assert rows == [(u["stat"], u["subject"], u["window_us"][1], u["unit"], u["quality"]) for u in lines(stats)]
    assert run(["replay", str(recording), "--out", str(table)]) == 2, "a file that exists is kept"
    sink: Any = open_sink(f"file://{tmp_path / 'other.csv'}", SinkOptions())
    sink.abort()
    assert not (tmp_path / "other.csv").exists()


@pytest.fixture
def feed(recording: Path) -> Iterator[str]:
    """A server that sends a game as the page's source expects it, to one client; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                for game, raw, _ in messages_of(recording):
                    connection.sendall(f"{game} {len(raw)}\n".encode() + raw)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_example_source_feeds_a_run(feed: str, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_page("adding-a-source.md", tmp_path / "site", monkeypatch)
    source = open_source(feed, SourceOptions(sport="soccer"))
    assert isinstance(source, FeedSource)
    assert not isinstance(source, GameSource)
    live, replayed = tmp_path / "live.jsonl", tmp_path / "replayed.jsonl"
    assert run(["run", "--source", feed, "--sport", "soccer", "--sink", str(live)]) == 0
    assert run(["replay", str(recording), "--out", str(replayed)]) == 0
    found, expected = ({(u["id"], u.get("revision", 0)): u["value"] for u in lines(path)} for path in (live, replayed))
    assert found == expected
    with pytest.raises(BadInput, match="is not the address of a feed: give tcp://host:port"):
        open_source("tcp://stadium", SourceOptions(sport="soccer"))


def test_example_runner_goes_on_from_a_snapshot(recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_page("adding-a-runner.md", tmp_path / "site", monkeypatch)
    module = importlib.import_module("snapshot_runner")
    monkeypatch.setattr(module, "EVERY", 2)
    messages, make = messages_of(recording), maker(provisional=False)
    assert len(messages) >= 5

    def finals(outputs: list[Output | Event]) -> list[tuple[str, bytes]]:
        return [(block.stat, repr(block.values).encode()) for block in outputs if isinstance(block, StatBlock)]

    whole: list[Output | Event] = []
    kept: list[tuple[str, int, bytes, int]] = []
    runner = module.SnapshotRunner("soccer", make, lambda *state: kept.append((*state, len(whole))))
    runner.run(messages, whole.extend)
    game, position, snapshot, delivered = kept[0]
    other, rest = module.SnapshotRunner("soccer", make, lambda *state: None), list[Output | Event]()
    other.restore(game, position, snapshot)
    other.run(messages[position:], rest.extend)
    assert finals(whole[delivered:]) == finals(rest)
    assert finals(rest)


@pytest.mark.slow
def test_example_model_is_trained_found_and_used(dash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xgboost", reason="xgboost comes with touchline[train]")
    install_page("adding-a-model.md", dash, monkeypatch)
    folder = dash / "artefacts" / "simulated" / "dash-win"
    train = ["models", "train", "dash-win", "--games", "40", "--out", str(folder), "--registry", str(tmp_path / "registry")]
    assert run([*train, "--by", "ann"]) == 0
    assert shipped_folder("dash-win") == folder
    assert "dash-win" in shipped()
    model = load("dash-win")
    ahead, behind = model.predict(np.array([[30.0, 2.0], [30.0, -2.0]]))
    assert ahead > 0.9 > 0.1 > behind
    race: Any = open_simulator("dash", 900, 0.3)
    stat = importlib.import_module("dash_win").STAT
    sport = replace(load_sport("dash"), stats=(*load_sport("dash").stats, stat))
    operator = GameOperator(sport, race.record, {"dash-win": model}, provisional=False)
    blocks = [out for record in race.stream(25) for out in operator.on_record(record)] + operator.finish()
    chances = [block.values for block in blocks if isinstance(block, StatBlock) and block.stat == stat.id]
    late = np.concatenate(chances).reshape(-1, 8)[8]
    assert late.argmax() == race.top_mps.argmax()


def test_factory_makes_an_operator_of_a_plugin_sport(dash: Path) -> None:
    race = open_simulator("dash", 2, 0.2)
    assert operator_for(race.record).sport is load_sport("dash")
