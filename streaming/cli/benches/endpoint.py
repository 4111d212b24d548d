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

from streaming.cli.benches.load import Target, measure, post
from streaming.cli.benches.timing import Result
from streaming.errors import Unavailable

MODEL: Final = "xgoals"
ROWS: Final = (1, 21)


def endpoint(core_hour_price: float = 0.05, peers: Path | None = None) -> Result:
    """Round trips of one row and of 21, one after the other, and predictions a second with sixteen on their way."""
    from models.artefact import SHIPPED, load

    model = load(MODEL)
    rng = np.random.default_rng(1)
    figures: dict[str, float] = {}
    floor: dict[str, float] = {}
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        uds = str(folder / "e.sock")
        pid, port = stack.enter_context(_said(["-m", "streaming.cli", "endpoint", "--port", "0", "--uds", uds]))
        for rows in ROWS:
            asked = rng.uniform(0.0, 1.0, (rows, len(model.features))).round(6).tolist()
            request = post(f"/models/{MODEL}/invoke", msgspec.json.encode(asked))
            answer = msgspec.json.encode({"predictions": model.predict(np.array(asked)).tolist(), "version": model.version})
            with ExitStack() as these:
                targets = [Target("ours", port, request, pid=pid), Target("unix_socket", uds, request, pid=pid)]
                for name in ("echo", "asgi"):
                    command = ["-m", "streaming.cli.benches.floors", name, str(len(answer))]
                    floor_pid, floor_port = these.enter_context(_said(command))
                    targets.append(Target(name, floor_port, request, pid=floor_pid))
                if peers is not None:
                    model_file = SHIPPED / MODEL / "model.json"
                    targets += _peers(these, peers, folder / str(rows), model_file, asked, notes)
                measure(targets)
            _told(targets, rows, core_hour_price, figures, floor)
    return {
        "what": f"a prediction through the endpoint ({MODEL}), another process on loopback, keep-alive; rows: 1 and 21",
        "figures": figures, "floor": floor, "notes": notes,
        "target": "p50 <= 200 us, p99 <= 500 us; >= 5 times faster than MLServer and BentoML (both cores, best of their settings)",
    }  # fmt: skip


def _peers(
    stack: ExitStack, cache: Path, folder: Path, model_file: Path, asked: list[list[float]], notes: list[str]
) -> list[Target]:  # fmt: skip
    from streaming.cli.benches.peers import PEERS, installed, running

    found = []
    for peer in PEERS:
        for workers in peer.workers:
            try:
                programs = installed(peer, cache)
                home = folder / f"{peer.name}-{workers}"
                found.append(stack.enter_context(running(peer, programs, home, model_file, workers, asked)))
            except Unavailable as error:
                notes.append(str(error))
    return found


def _told(targets: list[Target], rows: int, price: float, figures: dict[str, float], floor: dict[str, float]) -> None:
    """The figures of one size of request. Of a peer, the best of its settings, for each figure by itself."""
    best: dict[str, dict[str, float]] = {}
    for target in targets:
        got = target.figures()
        got["usd_per_million"] = round(target.cores * price / 3600.0 / got["tps"] * 1e6, 5)
        name = target.name.partition(",")[0]
        before = best.setdefault(name, got)
        best[name] = {k: (max if k == "tps" else min)(v, before[k]) for k, v in got.items()}
    for name, got in best.items():
        here = figures if name in ("ours", "unix_socket") else floor
        here.update({f"{name}_{rows}_{key}": value for key, value in got.items()})
        if name in ("mlserver", "bentoml"):
            ours = best["ours"]
            figures[f"times_faster_than_{name}_{rows}_p50"] = round(got["p50_us"] / ours["p50_us"], 1)
            figures[f"times_faster_than_{name}_{rows}_p99"] = round(got["p99_us"] / ours["p99_us"], 1)
            figures[f"times_the_tps_of_{name}_{rows}"] = round(ours["tps"] / got["tps"], 1)


@contextmanager
def _said(command: list[str]) -> Iterator[tuple[int, int]]:
    """A Python process that says its port in its first line, until the block ends: its id and the port."""
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
