"""The endpoint as a process of its own on loopback, beside its floors, and on demand beside MLServer and BentoML."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from models.base import Model
from streaming.bench.figures import figure
from streaming.bench.http_load import Target, measure, post
from streaming.bench.timing import Result
from streaming.errors import Unavailable

#: requests: a label, the model, the name under which it is served, rows, and whether the peers are measured, too
CASES: Final = (
    ("1_row", "xgoals", "xgoals", 1, True),
    ("21_rows", "xgoals", "xgoals", 21, True),
    ("curve", "lead-probability", "lead-probability%2Fcurve", 1, False),
)


def endpoint(core_hour_price: float = 0.05, peers: Path | None = None, rounds: int = 5) -> Result:
    """Round trips one after the other, and requests a second with sixteen on their way: one row, 21 rows, and the 21 points of a
    curve, which need one row."""
    from models.artefact import SHIPPED, load
    from models.curve import curve_of

    rng = np.random.default_rng(1)
    figures: dict[str, float] = {}
    floor: dict[str, float] = {}
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        uds = str(folder / "e.sock")
        pid, port = stack.enter_context(_server(["-m", "streaming.cli", "endpoint", "--port", "0", "--uds", uds]))
        for label, name, served, rows, beside in CASES:
            model: Model = load(name) if served == name else curve_of(load(name))
            inputs = rng.uniform(0.0, 1.0, (rows, len(model.features))).round(6).tolist()
            request = post(f"/models/{served}/invoke", msgspec.json.encode(inputs))
            answer = msgspec.json.encode({"predictions": model.predict(np.array(inputs)).tolist(), "version": model.version})
            with ExitStack() as these:
                targets = [Target("ours", port, request, pid=pid), Target("unix_socket", uds, request, pid=pid)]
                for kind in ("echo", "asgi"):
                    command = ["-m", "streaming.bench.floors", kind, str(len(answer))]
                    floor_pid, floor_port = these.enter_context(_server(command))
                    targets.append(Target(kind, floor_port, request, pid=floor_pid))
                if peers is not None and beside:
                    model_file = SHIPPED / "simulated" / name / "model.json"
                    targets += _peers(these, peers, folder / label, model_file, inputs, notes)
                measure(targets, rounds=rounds)
            add_figures(targets, label, core_hour_price, figures, floor)
    return {
        "what": "a prediction through the endpoint, another process on loopback, keep-alive: xgoals (1 and 21 rows), a steal curve",
        "figures": figures,
        "floor": floor,
        "notes": notes,
        "target": "p50 <= 200 us, p99 <= 500 us; >= 5 times faster than MLServer and BentoML (both cores, best of their settings)",
    }


def _peers(
    stack: ExitStack, cache: Path, folder: Path, model_file: Path, inputs: list[list[float]], notes: list[str]
) -> list[Target]:
    from streaming.bench.peers import PEERS, installed, running

    found = []
    for peer in PEERS:
        for workers in peer.workers:
            try:
                programs = installed(peer, cache)
                home = folder / f"{peer.name}-{workers}"
                found.append(stack.enter_context(running(peer, programs, home, model_file, workers, inputs)))
            except Unavailable as error:
                notes.append(str(error))
    return found


def add_figures(targets: list[Target], label: str, price: float, figures: dict[str, float], floor: dict[str, float]) -> None:
    """The figures of one size of request. Of a peer, the best of its settings, for each figure by itself."""
    best: dict[str, dict[str, float]] = {}
    for target in targets:
        got = target.figures()
        got["usd_per_million"] = target.cores * price / 3600.0 / got["tps"] * 1e6
        name = target.name.partition(",")[0]
        before = best.setdefault(name, got)
        best[name] = {k: (max if k == "tps" else min)(v, before[k]) for k, v in got.items()}
    for name, got in best.items():
        here = figures if name in ("ours", "unix_socket") else floor
        here.update({f"{name}_{label}_{key}": figure(value) for key, value in got.items()})
        if name in ("mlserver", "bentoml"):
            ours = best["ours"]
            figures[f"times_faster_than_{name}_{label}_p50"] = figure(got["p50_us"] / ours["p50_us"])
            figures[f"times_faster_than_{name}_{label}_p99"] = figure(got["p99_us"] / ours["p99_us"])
            figures[f"times_the_tps_of_{name}_{label}"] = figure(ours["tps"] / got["tps"])


@contextmanager
def _server(command: list[str]) -> Iterator[tuple[int, int]]:
    """A Python process that prints its port in its first line, until the block ends: its id and the port."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            digits: Any = [word for word in line.replace(":", " ").split() if word.isdigit()]
            if not digits:
                raise Unavailable(f"{command[-1]} did not come up")
            yield process.pid, int(digits[-1])
        finally:
            process.terminate()
