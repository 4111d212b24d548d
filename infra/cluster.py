#!/usr/bin/env python3
"""A real Kafka broker and a real Flink cluster on this machine, on loopback.

    python infra/cluster.py up [--mode thread] [--only kafka|flink] [--json]
    python infra/cluster.py status
    python infra/cluster.py down [--wipe]

Tests and benchmarks use ``Cluster``: parts are called ``broker``, ``jobmanager``, ``taskmanager-0``, ``taskmanager-1``, ...
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
if __package__ in (None, ""):  # run as a script, from wherever
    sys.path.insert(0, str(ROOT))

from infra.local.cluster import RUN_DIR, Cluster  # noqa: E402
from streaming.errors import BadInput, TouchlineError  # noqa: E402

__all__ = ["Cluster", "main"]


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 2 with one sentence about the cause; for ``status``, 1 when something does not answer."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except TouchlineError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cluster: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cluster.py", description="A real Kafka broker and a real Flink cluster, on loopback.")
    commands = parser.add_subparsers(required=True, metavar="up|down|status")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--run-dir", type=Path, default=RUN_DIR, help="data, logs, pids (default: .run in the checkout)")
    common.add_argument("--json", action="store_true", help="machine-readable")
    up = commands.add_parser("up", parents=[common], help="start what does not run, and wait until it answers")
    up.add_argument("--kafka-port", type=int, help="default 9092; 0 is any that is free")
    up.add_argument("--flink-port", type=int, help="REST and pages, default 8081; 0 is any that is free")
    up.add_argument("--task-managers", type=int, metavar="N", help="default 2")
    up.add_argument("--slots", type=int, metavar="N", help="of each TaskManager; default 2, in thread mode 1")
    up.add_argument("--mode", choices=("process", "thread"), help="Python beside the TaskManager (default) or inside it")
    up.add_argument("--only", choices=("kafka", "flink"))
    up.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of Flink; may be repeated")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", parents=[common], help="end what was started, and nothing else")
    down.add_argument("--wipe", action="store_true", help="remove its data, logs and checkpoints too")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", parents=[common], help="what runs, and whether it answers")
    status.set_defaults(run=_status)
    return parser


def _up(options: argparse.Namespace) -> int:
    settings: dict[str, Any] | None = None
    for pair in options.set:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise BadInput(f"--set takes KEY=VALUE, not {pair}")
        settings = {**(settings or {}), key: value}
    cluster = Cluster(
        options.run_dir,
        kafka_port=options.kafka_port,
        flink_port=options.flink_port,
        task_managers=options.task_managers,
        slots=options.slots,
        mode=options.mode,
        only=options.only,
        settings=settings,
    )
    running = cluster.pids()
    begun = time.monotonic()
    started = cluster.up()
    took_s = round(time.monotonic() - begun, 1)
    if options.json:
        print(json.dumps({**_state(cluster), "started": started, "took_s": took_s}, indent=2))
        return 0
    if running:
        print(f"already running: {', '.join(running)}")
    if started:
        print(f"started in {took_s} s: {', '.join(started)}")
    _addresses(cluster)
    return 0


def _down(options: argparse.Namespace) -> int:
    cluster = Cluster(options.run_dir)
    ended = cluster.down()
    if options.wipe:
        cluster.wipe()
    print(json.dumps({"ended": ended}) if options.json else f"ended {ended} processes" if ended else "nothing was running")
    return 0


def _status(options: argparse.Namespace) -> int:
    cluster = Cluster(options.run_dir)
    state = _state(cluster)
    parts = state["parts"]
    if options.json:
        print(json.dumps(state, indent=2))
    elif not cluster.pids():
        print("nothing is running")
    else:
        for role, part in parts.items():
            status = "answers" if part["answers"] else "does not answer" if part["pid"] else "is not running"
            print(f"{role:<16} {part['pid'] or '-':<8} {status}; log {part['log']}")
        _addresses(cluster)
    return 0 if all(part["answers"] for part in parts.values()) else 1


def _state(cluster: Cluster) -> dict[str, Any]:
    parts = {
        role: {"pid": cluster.pid(role), "answers": cluster.ready(role), "log": str(cluster.log(role))} for role in cluster.roles
    }
    return {"run_dir": str(cluster.run_dir), "bootstrap": cluster.bootstrap, "rest": cluster.rest, **cluster.shape, "parts": parts}


def _addresses(cluster: Cluster) -> None:
    running = cluster.pids()
    if "broker" in running:
        print(f"Kafka   kafka://{cluster.bootstrap}")
    if "jobmanager" in running:
        many, slots, mode = (cluster.shape[key] for key in ("task_managers", "slots", "mode"))
        print(f"Flink   {cluster.rest}   {many} TaskManagers of {slots} slots, Python in {mode} mode")
    print(f"files   {cluster.run_dir}")


if __name__ == "__main__":
    sys.exit(main())
