"""A view of the registry in MLflow, for its pages and its clients. It is written and never read: the registry is the folder
(``models.registry.store``), and operators do not need MLflow.

MLflow gets a run per training with parameters, held-out metrics and the artefact, and a registered version with its state, approver
and reason; the live one has the alias ``deployed``. By default both lie in ``ROOT/mlflow.db`` and ``ROOT/mlruns``, which ``mlflow
ui --backend-store-uri sqlite:///ROOT/mlflow.db`` shows; ``MLFLOW_TRACKING_URI`` names another place.

``ROOT/NAME/mlflow.json`` has how many lines of the audit log MLflow has seen. A view that is behind, since MLflow was away, is
caught up by the next action.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from models.artefact import Card, load
from models.registry.ledger import PACKAGE
from models.registry.store import Store, Version


def caught_up(root: Path, most_s: float) -> str:
    """Catch up the view of the registry at ``root`` in a process of its own, which is ended after ``most_s``. Why it could not,
    empty when it could."""
    if find_spec("mlflow") is None:
        return "it is not installed: pip install 'touchline[mlops]'"
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"} | os.environ
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-m", "models.registry.mlflow_view", str(root)]
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=most_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{tracking_uri(root)} did not answer within {most_s:g} s; the next action catches up"
    except OSError as error:
        return f"{error}; the next action catches up"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"]
        return f"{lines[-1][:300]}; the next action catches up"
    return ""


def tracking_uri(root: Path) -> str:
    """The address of MLflow: ``MLFLOW_TRACKING_URI``, or a database in the registry."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(root / 'mlflow.db').resolve()}"


class _Seen(msgspec.Struct):
    """``mlflow.json``."""

    lines: int


class MlflowView:
    """Writes registered versions and their states to MLflow; ``ModuleNotFoundError`` when it is not installed."""

    def __init__(self, store: Store) -> None:
        # nothing is sent to any address but this one
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        self.store, self.uri = store, tracking_uri(store.root)
        store.root.mkdir(parents=True, exist_ok=True)
        with _quiet():
            from mlflow import MlflowClient

            self._client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def catch_up(self) -> None:
        """Write what the audit logs have and MLflow has not seen."""
        with _quiet():
            for name in self.store.names():
                self._catch_up(name)

    def record_registered(self, version: Version) -> str:
        """Create the run and the registered version of a new version; returns the id of the run."""
        with _quiet():
            return self._record_registered(version)

    def record_state(self, version: Version) -> None:
        """Write the new state of a version that was approved or deployed."""
        with _quiet():
            self._record_state(version)

    def _catch_up(self, name: str) -> None:
        place = self.store.root / name / "mlflow.json"
        try:
            seen = msgspec.json.decode(place.read_bytes(), type=_Seen).lines
        except (OSError, msgspec.MsgspecError):
            seen = 0
        entries = self.store.history(name)
        fresh = entries[seen:]
        touched = {entry.version for entry in fresh} | {entry.before for entry in fresh}
        for version in self.store.versions(name):
            shipped = version.entries[0].by == PACKAGE
            if version.version not in touched or (shipped and version.state != "deployed"):
                continue
            if not shipped and self._number(version) is None:
                self._record_registered(version)
            self._record_state(version)
        if fresh:
            place.write_bytes(msgspec.json.encode(_Seen(len(entries))))

    def _record_registered(self, version: Version) -> str:
        folder = self.store.folder(version.name, version.version)
        card = load(folder).card
        run = self._client.create_run(self._experiment(version.name), run_name=f"{version.name} {version.version}").info
        for key, value in _parameters(card).items():
            self._client.log_param(run.run_id, key, value)
        for key, value in _metrics(card).items():
            self._client.log_metric(run.run_id, key, value)
        self._client.log_artifacts(run.run_id, str(folder), "model")
        self._client.set_tag(run.run_id, "touchline.version", version.version)
        self._client.set_terminated(run.run_id)
        self._registered(version, f"{run.artifact_uri}/model", run.run_id)
        return str(run.run_id)

    def _record_state(self, version: Version) -> None:
        number = self._number(version)
        if number is None:
            folder = self.store.folder(version.name, version.version).resolve()
            number = self._registered(version, folder.as_uri(), None)
        for key, value in _tags(version).items():
            self._client.set_model_version_tag(version.name, number, key, value)
        if version.state == "deployed":
            self._client.set_registered_model_alias(version.name, "deployed", number)

    def _registered(self, version: Version, source: str, run_id: str | None) -> str:
        from mlflow.exceptions import MlflowException

        try:
            self._client.get_registered_model(version.name)
        except MlflowException:
            self._client.create_registered_model(version.name)
        made = self._client.create_model_version(version.name, source, run_id=run_id, tags=_tags(version))
        return str(made.version)

    def _number(self, version: Version) -> str | None:
        for found in self._client.search_model_versions(f"name = '{version.name}'"):
            if found.tags.get("touchline.version") == version.version:
                return str(found.version)
        return None

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        where = None if "MLFLOW_TRACKING_URI" in os.environ else (self.store.root / "mlruns" / name).resolve().as_uri()
        return str(self._client.create_experiment(name, artifact_location=where))


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow uses calls that SQLAlchemy 2.1 will drop, and warns at each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _tags(version: Version) -> dict[str, str]:
    tags = {"touchline.version": version.version, "state": version.state}
    for entry in version.entries:
        tags |= {f"{entry.action}_by": entry.by, f"{entry.action}_at": entry.at, f"{entry.action}_why": entry.why}
    return tags


def _parameters(card: Card) -> dict[str, Any]:
    plain = {"command": card.command, "seed": card.seed, "calibration": card.calibration.kind}
    plain |= {f"trained_on.{key}": value for key, value in card.trained_on.items()}
    return plain | {key: str(value)[:500] for key, value in card.parameters.items()}


def _metrics(card: Card) -> dict[str, float]:
    found = {key: float(value) for key, value in card.metrics.get("held_out", {}).items()}
    if "truth_error" in card.metrics:
        found["truth_error"] = float(card.metrics["truth_error"])
    return found


if __name__ == "__main__":
    MlflowView(Store(Path(sys.argv[1]))).catch_up()
