"""The registry: states of versions, the audit log, refused actions, and followers."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from models.artefact import load
from models.registry.follow import Follower
from models.registry.store import Store
from streaming.cli.app import run
from tests.models.life_helpers import version_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "registry")


def test_a_version_is_pending_then_approved_then_live_and_back(store: Store, tmp_path: Path) -> None:
    shipped_version = load("xgoals").version
    assert store.deployed("xgoals") == shipped_version
    better = version_of("xgoals", 0.5, tmp_path / "better")
    assert store.register(tmp_path / "better", "ann", "trained on May").state == "pending"
    with pytest.raises(ValueError, match="is not approved"):
        store.deploy("xgoals", better.version, "ann", "now")
    assert store.deployed("xgoals") == shipped_version
    assert store.approve("xgoals", better.version[:5], "bob", "better by 0.01 on 40 games").state == "approved"
    assert store.deploy("xgoals", better.version, "ann", "approved").state == "deployed"
    assert store.deployed("xgoals") == better.version
    rows = np.zeros((3, len(better.features)))
    np.testing.assert_array_equal(store.load("xgoals", "deployed").predict(rows), better.predict(rows))
    assert {v.version: v.state for v in store.versions("xgoals")} == {shipped_version: "approved", better.version: "deployed"}
    assert store.deploy("xgoals", "shipped", "ann", "back").state == "deployed"
    assert store.deployed("xgoals") == shipped_version
    actions = [(e.action, e.version, e.by, e.why, e.before) for e in store.history("xgoals")][3:]
    assert actions == [
        ("registered", better.version, "ann", "trained on May", ""),
        ("approved", better.version, "bob", "better by 0.01 on 40 games", ""),
        ("deployed", better.version, "ann", "approved", shipped_version),
        ("deployed", shipped_version, "ann", "back", better.version),
    ]
    assert all(e.at for e in store.history("xgoals")[3:])


@pytest.mark.slow
def test_registry_refuses_wrong_actions_and_altered_artefacts(store: Store, tmp_path: Path) -> None:
    version = version_of("xgoals", 0.5, tmp_path / "m").version
    store.register(tmp_path / "m", "ann", "why not")
    store.register(tmp_path / "m", "ann", "again")  # the same artefact is registered once
    assert [e.action for e in store.history("xgoals")].count("registered") == 2  # the package's own, and this
    for by, why, option in (("", "x", "--by"), ("ann", " ", "--why"), ("ann", "x" * 3000, "--why")):
        with pytest.raises(ValueError, match=option):
            store.approve("xgoals", version, by, why)
    store.approve("xgoals", version, "bob", "good")
    with pytest.raises(ValueError, match="approved already"):
        store.approve("xgoals", version, "bob", "good")
    with pytest.raises(ValueError, match="0 versions of xgoals begin with 'zz'"):
        store.deploy("xgoals", "zz", "ann", "x")
    with pytest.raises(ValueError, match="is live already"):
        store.deploy("xgoals", "deployed", "ann", "x")
    with pytest.raises(ValueError, match=r"unknown model '\.\./x'"):
        store.history("../x")
    # altered after it was approved: neither loaded nor deployed
    kept = store.folder("xgoals", version) / "card.json"
    kept.write_text(kept.read_text().replace('"b": 0.5', '"b": 0.6'))
    with pytest.raises(ValueError, match="not what its card says"):
        store.deploy("xgoals", version, "ann", "x")
    # a whole other artefact in its place
    version_of("xgoals", 0.7, kept.parent)
    with pytest.raises(ValueError, match="the artefact was replaced"):
        store.deploy("xgoals", version, "ann", "x")


@pytest.mark.slow
def test_concurrent_writers_lose_no_entry_of_the_audit_log(store: Store, tmp_path: Path) -> None:
    folders = [tmp_path / f"m{i}" for i in range(8)]
    for i, folder in enumerate(folders):
        version_of("xgoals", 0.1 * (i + 1), folder)
    threads = [threading.Thread(target=store.register, args=(f, f"writer {i}", "x")) for i, f in enumerate(folders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.versions("xgoals")) == 9
    assert len(store.history("xgoals")) == 11


@pytest.mark.slow
def test_follower_switches_to_deployed_versions_that_load(store: Store, tmp_path: Path) -> None:
    version = version_of("xgoals", 0.5, tmp_path / "m").version
    store.register(tmp_path / "m", "ann", "x")
    store.approve("xgoals", version, "bob", "x")
    follower = Follower(store, ["xgoals", "pass-completion"], every_s=0.0)
    before = follower.current()
    assert not follower.poll()
    assert follower.stamp == 0
    store.deploy("xgoals", version, "ann", "x")
    assert follower.poll()
    assert follower.stamp == 1
    assert follower.current()["xgoals"].version == version
    assert before["xgoals"].version == load("xgoals").version  # a mapping that was handed out does not change
    store.deploy("xgoals", "shipped", "ann", "x")
    store.deploy("xgoals", version, "ann", "x")
    card = store.folder("xgoals", version) / "card.json"
    text = card.read_text()
    assert not follower.poll()  # it is the version that it has
    store.deploy("xgoals", "shipped", "ann", "x")
    assert follower.poll()
    store.deploy("xgoals", version, "ann", "x")
    card.write_text(text.replace('"b": 0.5', '"b": 0.6'))
    assert not follower.poll()
    assert follower.current()["xgoals"].version == load("xgoals").version
    assert "not what its card says" in follower.problems["xgoals"]
    card.write_text(text)
    assert follower.poll()  # mended
    assert not follower.problems


@pytest.mark.slow
def test_register_approve_deploy_list_and_history_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_registry: Path
) -> None:
    version = version_of("xgoals", 0.5, tmp_path / "m").version
    assert run(["models", "register", str(tmp_path / "m"), "--by", "ann", "--why", "trained elsewhere"]) == 0
    assert run(["models", "approve", "xgoals", version]) == 2  # no name and no reason
    assert run(["models", "deploy", "xgoals", version]) == 2
    option = capsys.readouterr()
    assert "is pending" in option.out
    assert "is not approved: touchline models approve xgoals" in option.err
    assert run(["models", "approve", "xgoals", version[:4], "--by", "bob", "--why", "good"]) == 0
    assert run(["models", "deploy", "xgoals", version[:4], "--by", "ann", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (report["state"], report["before"]) == ("deployed", load("xgoals").version)
    assert run(["models", "list", "--json"]) == 0
    listed = {row["name"]: row["registry"] for row in json.loads(capsys.readouterr().out)}
    assert [(v["version"], v["state"], v["by"]) for v in listed["xgoals"]][-1] == (version, "deployed", "ann")
    assert run(["models", "history", "xgoals"]) == 0
    assert "bob: good" in capsys.readouterr().out
    assert (own_registry / "xgoals" / "deployed.json").is_file()


@pytest.mark.slow
def test_mlflow_view_has_the_runs_and_versions_of_the_registry(store: Store, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="mlflow is not installed: the [mlops] extra")
    from mlflow import MlflowClient

    from models.registry.mlflow_view import MlflowView

    tracker = MlflowView(store)
    version = version_of("xgoals", 0.5, tmp_path / "m").version
    run_id = tracker.record_registered(store.register(tmp_path / "m", "ann", "x"))
    tracker.record_state(store.approve("xgoals", version, "bob", "better"))
    tracker.record_state(store.deploy("xgoals", version, "ann", "now"))
    uri = f"sqlite:///{store.root / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    kept = client.get_run(run_id)
    held = load("xgoals").card.metrics["held_out"]
    assert kept.data.metrics["log_loss"] == pytest.approx(held["log_loss"])
    assert {f.path for f in client.list_artifacts(run_id, "model")} == {"model/card.json", "model/model.json"}
    live = client.get_model_version_by_alias("xgoals", "deployed")
    assert live.run_id == run_id
    assert (live.tags["touchline.version"], live.tags["state"]) == (version, "deployed")
    assert (live.tags["approved_by"], live.tags["approved_why"]) == ("bob", "better")
    tracker.record_state(store.deploy("xgoals", "shipped", "ann", "back"))
    assert client.get_model_version_by_alias("xgoals", "deployed").tags["touchline.version"] == load("xgoals").version
    tracked = Path(client.get_run(run_id).info.artifact_uri.removeprefix("file://")) / "model"
    assert load(tracked).version == version  # what MLflow keeps is the artefact itself
