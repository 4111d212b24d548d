"""MLServer and BentoML with the same model, each in an environment of its own that is made when it is not there."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streaming.bench.http_load import Target, one_by_one, post
from streaming.errors import Unavailable

START_S: Final = 90.0
_SERVICE: Final = """
import bentoml
import numpy as np
import xgboost


@bentoml.service(workers={workers}, traffic={{"timeout": 10}}, logging={{"access": {{"enabled": False}}}})
class Peer:
    def __init__(self) -> None:
        self.booster = xgboost.Booster({{"nthread": 1}}, model_file={model!r})

    @bentoml.api
    def predict(self, rows: list[list[float]]) -> list[float]:
        return self.booster.inplace_predict(np.array(rows, np.float32)).tolist()
"""


@dataclass(frozen=True)
class Peer:
    """``prepare(folder, model file, port, workers)`` writes its files and returns its command; ``request(rows)`` is a request."""

    name: str
    packages: tuple[str, ...]
    prepare: Callable[[Path, Path, int, int], list[str]]
    request: Callable[[list[list[float]]], bytes]
    workers: tuple[int, ...]


def _mlserver(folder: Path, model: Path, port: int, workers: int) -> list[str]:
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "debug": False,
        "parallel_workers": workers,
        "metrics_endpoint": None,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "peer").mkdir()
    shutil.copy(model, folder / "peer" / "model.json")
    where = {"uri": "./model.json", "version": "1"}
    model_settings = {"name": "peer", "implementation": "mlserver_xgboost.XGBoostModel", "parameters": where}
    (folder / "peer" / "model-settings.json").write_text(json.dumps(model_settings))
    return ["mlserver", "start", "."]


def _mlserver_request(rows: list[list[float]]) -> bytes:
    flat = [value for row in rows for value in row]
    tensor = {"name": "x", "shape": [len(rows), len(rows[0])], "datatype": "FP32", "data": flat}
    return post("/v2/models/peer/infer", json.dumps({"inputs": [tensor]}).encode())


def _bentoml(folder: Path, model: Path, port: int, workers: int) -> list[str]:
    (folder / "service.py").write_text(_SERVICE.format(workers=workers, model=str(model)))
    return ["bentoml", "serve", "service:Peer", "--host", "127.0.0.1", "--port", str(port)]


def _bentoml_request(rows: list[list[float]]) -> bytes:
    return post("/predict", json.dumps({"rows": rows}).encode())


#: MLServer's workers come on top of the process that takes requests in; 0: there is only that one
PEERS: Final = (
    # its workers do not start on a newer uvloop
    Peer("mlserver", ("mlserver", "mlserver-xgboost", "uvloop<0.22"), _mlserver, _mlserver_request, (0, 2)),
    Peer("bentoml", ("bentoml", "xgboost-cpu", "uvloop", "httptools"), _bentoml, _bentoml_request, (1, 2)),
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def installed(peer: Peer, cache: Path) -> Path:
    """The folder of a peer's programs; made by uv or pip when it is not there. ``Unavailable`` when it cannot be."""
    home = cache / peer.name
    if not (home / "complete").is_file():
        print(f"installing {peer.name} in {home} (once)", file=sys.stderr, flush=True)
        shutil.rmtree(home, ignore_errors=True)
        uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
        python = str(home / "bin" / "python")
        if uv:
            commands = [[uv, "venv", "-q", "--python", sys.executable, str(home)], [uv, "pip", "install", "-q", "--python", python]]
        else:
            commands = [[sys.executable, "-m", "venv", str(home)], [python, "-m", "pip", "install", "-q"]]
        commands[1] += peer.packages
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise Unavailable(f"{peer.name} cannot be installed: {last}")
        (home / "complete").touch()
    return home / "bin"


@contextmanager
def running(peer: Peer, programs: Path, folder: Path, model: Path, workers: int, rows: list[list[float]]) -> Iterator[Target]:
    """A peer that answers, on one port of loopback; ``Unavailable`` when it does not come up."""
    folder.mkdir(parents=True)
    port = free_port()
    command = peer.prepare(folder, model, port, workers)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PATH": f"{programs}:{environment.get('PATH', '')}", "BENTOML_HOME": str(folder), "BENTOML_DO_NOT_TRACK": "1"}
    environment |= {"OMP_NUM_THREADS": "1"}
    target = Target(f"{peer.name}, {workers} workers", port, peer.request(rows), cores=2)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [str(programs / command[0]), *command[1:]], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            until = time.monotonic() + START_S
            while True:
                try:
                    one_by_one(target, 3)
                    break
                except (OSError, ValueError):
                    if process.poll() is not None or time.monotonic() > until:
                        last = ((folder / "log").read_text().strip().splitlines() or ["its log is empty"])[-1]
                        raise Unavailable(f"{target.name} did not come up: {last[:300]}") from None
                    time.sleep(0.5)
            yield target
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """The process and those that it started, which are a session of their own."""
    import signal

    for sign, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
