"""What aired is what is judged: a recording names the artefacts that answered, carries them, and is played and judged with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from models.artefact import load
from models.base import digest_of
from models.registry.store import Store
from simulators.catalogue import open_simulator
from streaming.cli.app import run
from streaming.cli.lifecycle.pinning import pin_models
from streaming.errors import BadInput
from streaming.factory import OperatorFactory
from streaming.operator.game import GameOperator
from streaming.recordings.capture import GameRecorder, LiveRecorder
from streaming.recordings.reader import Recording
from streaming.recordings.writer import Contents, Writer
from streaming.wire.blocks import Output
from tests.models.life_helpers import version_of
from tests.streaming.helpers import finals

pytestmark = pytest.mark.slow

NAME = "nfl-yac"


@pytest.fixture(scope="module")
def aired(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[Output]]:
    """A game that was recorded beside a registry, in which a version was deployed in the middle: recording, registry, outputs."""
    root = tmp_path_factory.mktemp("aired")
    store = Store(root / "registry")
    version = version_of(NAME, 0.5, root / "m").version
    store.register(root / "m", "ann", "x")
    store.approve(NAME, version, "bob", "x")
    store.deploy(NAME, version, "ann", "x")
    world = open_simulator("nfl", 3, 6.0)
    out: list[Output] = []
    with OperatorFactory(None, root / "registry") as make:
        operator = make(world.record)
        with GameRecorder(root / "rec", "nfl") as recorder:
            for record in recorder.tee(world.record, world.stream(25)):
                made = operator.on_record(record)  # type: ignore[arg-type]
                recorder.write(made, 0)
                out += made
            made = operator.finish()
            recorder.write(made, 0)
            out += made
    return recorder.finished[0], root / "registry", out


def _gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No registry, as after a move to another machine."""
    monkeypatch.setenv("TOUCHLINE_REGISTRY", str(tmp_path / "none"))


def test_a_recording_names_the_whole_digest_of_every_model_and_has_a_copy(aired: tuple[Path, Path, list[Output]]) -> None:
    path, registry, _ = aired
    contents = Recording(path).contents
    answered = {each.model: each for each in contents.models}
    live = Store(registry).load(NAME, "deployed")
    assert answered[NAME].digest == live.digest
    assert len(live.digest) == 64
    assert answered["nfl-tackle"].digest == load("nfl-tackle").digest
    for each in contents.models:
        assert digest_of(load(path / "models" / each.model / each.digest)) == each.digest
    assert json.loads((path / "recording.json").read_bytes())["models"]
    rows = pq.read_table(path / "switches").to_pylist()
    assert {row["digest"] for row in rows} == {each.digest for each in contents.models}


def test_a_replay_uses_the_recorded_models_without_registry(
    aired: tuple[Path, Path, list[Output]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, _, out = aired
    _gone(monkeypatch, tmp_path)
    operator, records = pin_models(Recording(path), provisional=False)
    played = [o for r in records for o in operator.on_record(r)] + operator.finish()
    assert finals(played) == finals(out)


def test_without_copy_package_and_registry_it_is_refused_by_name(
    aired: tuple[Path, Path, list[Output]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, registry, _ = aired
    _gone(monkeypatch, tmp_path)
    bare = tmp_path / "bare"
    shutil.copytree(path, bare)
    shutil.rmtree(bare / "models")
    digest = Store(registry).load(NAME, "deployed").digest
    for command in (
        ["replay", str(bare)],
        ["models", "prepare", NAME, str(bare), "--replay", "--out", str(tmp_path / "t.parquet")],
        ["models", "monitor", NAME, str(bare)],
    ):
        assert run(command) == 2
        message = capsys.readouterr().err
        assert f"{NAME} {digest[:12]}" in message
    assert run(["models", "monitor", NAME, str(bare), "--registry", str(registry)]) == 0
    command = ["models", "prepare", NAME, str(bare), "--replay", "--out", str(tmp_path / "t.parquet"), "--registry", str(registry)]
    assert run(command) == 0
    assert run(["models", "monitor", NAME, str(path)]) == 0  # with its own copies


def test_another_artefact_in_place_of_the_copy_is_not_taken(
    aired: tuple[Path, Path, list[Output]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, registry, _ = aired
    _gone(monkeypatch, tmp_path)
    other = tmp_path / "other"
    shutil.copytree(path, other)
    version_of(NAME, 0.9, other / "models" / NAME / Store(registry).load(NAME, "deployed").digest)
    with pytest.raises(BadInput, match="its own copy is nfl-yac"):
        pin_models(Recording(other))


def test_times_of_a_replay_are_not_those_of_the_air(
    aired: tuple[Path, Path, list[Output]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, registry, _ = aired
    at = ["--registry", str(registry)]

    def took(*arguments: str) -> object:
        assert run(["models", "monitor", NAME, *arguments, "--json", *at]) == 0
        return json.loads(capsys.readouterr().out)["took_us"]["p50"]

    assert took(str(path)) is not None  # measured live
    assert run(["replay", str(path), "--record", str(tmp_path / "again"), *at]) == 0
    capsys.readouterr()
    (again,) = (tmp_path / "again").iterdir()
    assert Recording(again).contents.timed == "replay"
    assert took(str(again)) is None
    bare = tmp_path / "bare"
    with Writer(bare, Recording(path).game) as writer:
        for record in Recording(path).records():
            writer.write(record)
    assert took(str(bare)) is None  # played again to judge it


def test_follow_registry_takes_what_is_deployed_now(
    aired: tuple[Path, Path, list[Output]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, registry, _ = aired
    mine = tmp_path / "registry"
    shutil.copytree(registry, mine)
    Store(mine).deploy(NAME, "shipped", "ann", "back")
    for options, version in (([], Store(registry).deployed(NAME)), (["--follow-registry"], load(NAME).version)):
        out = tmp_path / f"{len(options)}.parquet"
        assert run(["replay", str(path), "--out", str(out), "--registry", str(mine), *options]) == 0
        rows = pq.read_table(out, columns=["model", "model_version"]).to_pylist()
        assert {row["model_version"] for row in rows if row["model"] == NAME} == {version}
    capsys.readouterr()
    assert run(["replay", str(path), "--follow-registry", "--model", NAME]) == 2
    assert "--follow-registry takes the models from --registry DIR" in capsys.readouterr().err


def test_a_model_whose_versions_changed_at_no_known_place_is_refused(tmp_path: Path) -> None:
    """As an endpoint's: every answer names its version, and the recording has no switch."""
    world = open_simulator("nfl", 3, 3.0)
    models = [load(NAME), version_of(NAME, 0.5, tmp_path / "m")]
    from streaming.factory import models_of, sport_named

    sport = sport_named("nfl")
    with Writer(tmp_path / "rec", world.record) as writer:
        for model in models:
            operator = GameOperator(sport, world.record, {**models_of(sport), NAME: model}, provisional=False)
            for record in world.stream(25):
                if model is models[0]:
                    writer.write(record)
                outputs = [o for o in operator.on_record(record) if type(o).__name__ == "Prediction"]
                writer.write_outputs(outputs, 0)
            world = open_simulator("nfl", 3, 3.0)
    with pytest.raises(BadInput, match=f"{NAME} answered in .* and .*, and where it changed was not recorded"):
        pin_models(Recording(tmp_path / "rec"))


def test_recordings_of_earlier_programs_name_no_models_and_still_open() -> None:
    assert msgspec.json.decode(b'{"format":1,"parts":[]}', type=Contents).models == []


def test_a_recording_of_a_feed_says_that_its_models_are_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from streaming.wire.feed import GameEnd, GameStart, encode_feed

    world = open_simulator("nfl", 3, 1.0)
    with GameRecorder(tmp_path, "nfl") as recorder:
        recorder.take(world.record.game, encode_feed(GameStart(record=world.record)), 1)
        recorder.take(world.record.game, encode_feed(GameEnd(game=world.record.game)), 2)
    assert run(["replay", str(recorder.finished[0])]) == 0
    assert "does not name the models that answered this feed" in capsys.readouterr().err


def test_a_live_recording_that_fails_does_not_end_the_game(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = open_simulator("nfl", 3, 1.0)
    recorder = LiveRecorder(tmp_path / "rec", world.record)

    def records() -> Iterator[object]:
        for i, record in enumerate(world.stream(25)):
            if i == 5:
                recorder._recorder.write = None  # type: ignore[assignment,method-assign]
                recorder._recorder._writers[world.record.game].write = _full  # type: ignore[method-assign]
            yield record

    def _full(record: object) -> None:
        raise OSError(28, "No space left on device")

    count = sum(1 for _ in recorder.tee(records()))  # type: ignore[arg-type]
    recorder.write([], 0)
    recorder.close()
    assert count > 10
    assert "is no longer recorded" in caplog.text
    assert list((tmp_path / "rec").iterdir()) == []


def test_an_unavailable_model_is_unavailable_again(tmp_path: Path) -> None:
    """A corrupt artefact without any version before it: stats say why, and so does the replay."""
    store = Store(tmp_path / "registry")
    store.root.mkdir()
    shipped = load(NAME).version
    version = version_of(NAME, 0.5, tmp_path / "m").version
    store.register(tmp_path / "m", "ann", "x")
    store.approve(NAME, version, "bob", "x")
    store.deploy(NAME, version, "ann", "x")
    for each in (shipped, version):
        (store.root / NAME / each / "card.json").write_text("{")
    world = open_simulator("nfl", 3, 4.0)
    with OperatorFactory(None, store.root, provisional=False) as make:
        operator = make(world.record)
        out: list[Output] = []
        with Writer(tmp_path / "rec", world.record) as writer:
            for record in world.stream(25):
                writer.write(record)
                made = operator.on_record(record)
                writer.write_outputs(made, 0)
                out += made
            made = operator.finish()
            writer.write_outputs(made, 0)
            out += made
    stats = {stat for stat, reason, _ in operator.metrics.unavailable() if "cannot be read" in reason}
    assert any(stat.startswith("nfl.") for stat in stats)
    again, records = pin_models(Recording(tmp_path / "rec"), provisional=False)
    played = [o for r in records for o in again.on_record(r)] + again.finish()
    assert finals(played) == finals(out)
