"""Many games through a real broker and a real cluster."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from streaming.bench.timing import Result

if TYPE_CHECKING:
    from streaming.bench.load_generator import Load


def one_game(seconds: float) -> Load:
    """A simulated game that can be sent as many: so many seconds of it, in halves that are longer than what is played of it, since
    between them is a minute without messages."""
    from simulators.catalogue import open_simulator
    from streaming.bench.load_generator import Load

    simulator = open_simulator("soccer", 7, max(1.5, seconds / 20.0))
    return Load(simulator.record, simulator.stream(), seconds)


def _broker() -> str:
    """Where the broker is; ``Unavailable`` with one sentence, and at once, when no broker listens there."""
    from streaming.bench.kafka import ENVIRONMENT
    from streaming.errors import Unavailable
    from streaming.kafka.settings import parse

    url = os.environ.get(ENVIRONMENT, "kafka://127.0.0.1:9092")
    for server in parse(url).servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), 5.0).close()
        except OSError:
            continue
        return url
    raise Unavailable(f"no broker answers at {url}: make up starts one on this machine, {ENVIRONMENT} names another")


def _cluster() -> str:
    """The same of the Flink cluster."""
    from streaming.bench.flink import ENVIRONMENT
    from streaming.flink.rest import Rest

    rest = Rest(os.environ.get(ENVIRONMENT, "http://127.0.0.1:8081"))
    rest.slots()
    return rest.url


def kafka(seconds: float = 24.0) -> Result:
    """Ten games through a real broker both ways; the floor answers each message at once with as many bytes."""
    from streaming.bench.kafka import kafka_latency

    measured = kafka_latency(_broker(), one_game(seconds))
    return {
        "what": "window closed -> its stats with a subscriber on a real broker, 10 games, embedded runner",
        "figures": {k: v for k, v in measured.items() if not k.startswith("floor")},
        "floor": {"relay_" + k.removeprefix("floor_"): v for k, v in measured.items() if k.startswith("floor")},
        "target": "p99 <= 50,000 us, read uncommitted; committed adds the commit interval",
    }


def soak(minutes: float = 60.0, every_s: float = 60.0, kill_every_s: float = 0.0) -> Result:
    """Ten games for an hour on the embedded runner: whether memory and latency stay, and each final value arrives once."""
    from streaming.bench.kafka import floor
    from streaming.bench.soak import judged, soaked

    url, load, games = _broker(), one_game(60.0 * minutes), 10
    spans, kills, difference = soaked(url, load, games, every_s, kill_every_s)
    final = {"finals": difference.finals, "lost": difference.lost, "doubled": difference.doubled, "in_excess": difference.in_excess}
    killed = f", an operator killed every {kill_every_s:g} s" if kill_every_s else ""
    return {
        "what": f"{games} games for {minutes:g} minutes through a real broker, looked at every {every_s:g} s{killed}",
        "figures": judged(spans) | {"late_p99_us": load.late_us(99), "kills": kills} | final,
        "floor": {"relay_" + k.removeprefix("floor_"): v for k, v in floor(url, load, spans[-1].message_bytes, games).items()},
        "target": "memory flat (growth < 2 %), p99 flat; no final value lost, doubled or in excess",
        "spans": [span._asdict() for span in spans],
    }


def flink(seconds: float = 24.0) -> Result:
    """The same on a Flink cluster, Python beside the TaskManager and in it."""
    from streaming.bench.flink import flink_latency

    url = _broker()
    measured = flink_latency(url, _cluster(), one_game(seconds))
    return {
        "what": "window closed -> its stats with a subscriber, 10 games on one slot of a real Flink cluster",
        "figures": {k: v for k, v in measured.items() if not k.startswith("floor")},
        "floor": {"relay_" + k.removeprefix("floor_"): v for k, v in measured.items() if k.startswith("floor")},
        "target": "p99 <= 250,000 us in process mode, <= 50,000 us in thread mode, read uncommitted",
    }


def flink_curve(seconds: float = 17.0) -> Result:
    """Games at once against latency and CPU, for each profile on one and on two slots."""
    from streaming.bench.flink import BUDGETS_US, curve, keep

    url, cluster = _broker(), _cluster()
    load, rows = one_game(seconds), []
    for profile in ("embedded", "process", "thread"):
        for slots in (1, 2):
            rows += curve(url, cluster, load, profile, slots)
    drawing, _ = keep(rows, Path(os.environ.get("TOUCHLINE_CURVE", "docs")))
    figures: dict[str, int] = {}
    for row in rows:
        key = f"{row['profile']}_{row['slots']}_slots_games"
        figures.setdefault(key, 0)
        if row["p99_us"] <= BUDGETS_US[row["profile"]]:
            figures[key] = row["games"]
    return {
        "what": f"most games at once within the budget; drawn in {drawing}",
        "figures": figures,
        "floor": {"one_game_p50_us": min(row["p50_us"] for row in rows)},
        "target": "p99 <= 250,000 us in process mode, <= 50,000 us in thread mode and embedded",
    }
