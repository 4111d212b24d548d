"""MLflow is a view: where it is away, slow or broken, the registry goes on, and the view is caught up later."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from models.artefact import load
from models.registry import mlflow_view
from models.registry.store import Store
from streaming.cli.app import run
from streaming.cli.lifecycle import common
from tests.models.life_helpers import version_of
from tests.models.registry.conftest import NAME


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("mlflow", reason="mlflow is not installed: the [mlops] extra")
    monkeypatch.delenv("TOUCHLINE_TRACKING")
    root = tmp_path / "registry"
    version_of(NAME, 0.5, tmp_path / "m")
    return root


def _deployed(registry: Path, tmp_path: Path) -> str:
    version = load(tmp_path / "m").version
    at = ["--by", "ann", "--registry", str(registry)]
    assert run(["models", "register", str(tmp_path / "m"), *at]) == 0
    assert run(["models", "approve", NAME, version, "--why", "x", *at]) == 0
    assert run(["models", "deploy", NAME, version, *at]) == 0
    return version


def test_a_server_that_never_answers_holds_nothing_up(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(common, "MLFLOW_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began_s = time.monotonic()
        version = _deployed(registry, tmp_path)
        assert time.monotonic() - began_s < 60.0
    assert Store(registry).deployed(NAME) == version
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 3  # once for each command
    assert all("did not answer within 0.3 s; the next action catches up" in line for line in lines)


def test_a_view_that_cannot_be_written_is_one_line(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mlflow_view.sys, "executable", "/bin/false")
    version = _deployed(registry, tmp_path)
    assert Store(registry).deployed(NAME) == version
    assert capsys.readouterr().err.count("not tracked in MLflow: it ended with code 1") == 3
    monkeypatch.setattr(mlflow_view.sys, "executable", "/nowhere/python")
    assert run(["models", "deploy", NAME, "shipped", "--registry", str(registry)]) == 0
    assert "not tracked in MLflow: " in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, of SQLAlchemy
def test_the_view_is_caught_up_by_the_next_action(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as away:
        away.setattr(mlflow_view.sys, "executable", "/bin/false")
        version = _deployed(registry, tmp_path)
    monkeypatch.setattr(common, "MLFLOW_S", 300.0)
    assert run(["models", "deploy", NAME, "shipped", "--by", "ann", "--registry", str(registry)]) == 0
    from mlflow import MlflowClient

    uri = mlflow_view.tracking_uri(registry)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    found = {v.tags["touchline.version"]: v.tags for v in client.search_model_versions(f"name = '{NAME}'")}
    assert found[version]["state"] == "approved"
    assert found[version]["approved_by"] == "ann"
    live = client.get_model_version_by_alias(NAME, "deployed")
    assert live.tags["touchline.version"] == Store(registry).deployed(NAME) != version
    assert run(["models", "deploy", NAME, version, "--by", "ann", "--registry", str(registry)]) == 0
    assert client.get_model_version_by_alias(NAME, "deployed").tags["touchline.version"] == version
    assert len(client.search_model_versions(f"name = '{NAME}'")) == 2
    assert "MLflow" not in capsys.readouterr().err.replace("not tracked in MLflow: it ended with code 1", "")
