"""How long a window's stats take through a real Flink cluster, and how that changes with the number of games: latency, and the CPU
that each part spends, in one job per curve.

CPU is read from /proc, so only of what runs on this machine: a cluster elsewhere gets its latencies measured and no more.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from streaming.bench import kafka as through_kafka
from streaming.bench.cpu import cpu_s
from streaming.bench.figures import figure
from streaming.bench.kafka import Operator, at, play
from streaming.bench.kafka_peers import listener
from streaming.bench.load_generator import Load
from streaming.errors import Unavailable
from streaming.flink.rest import Rest
from streaming.kafka.broker import ensure
from streaming.kafka.publisher import release
from streaming.kafka.settings import parse

#: where the cluster is, by default
ENVIRONMENT: Final = "TOUCHLINE_FLINK"
PROFILES: Final = ("process", "thread")
#: games at once, one after another
COUNTS: Final = (1, 5, 10, 20, 40, 80)
#: p99 that is allowed on the air, us
BUDGETS_US: Final = {"embedded": 50_000, "thread": 50_000, "process": 250_000}
#: p99 beyond which no more games are tried, us
HOPELESS_US: Final = 2_000_000
#: games that are played before anything is measured: Java compiles what is called often, and is dear until it has
WARM_UP_GAMES: Final = 10
#: what others may take of the machine while something is measured
QUIET_CORES: Final = 0.25
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def flink_latency(url: str, cluster: str, load: Load, games: int = 10) -> dict[str, Any]:
    """Both profiles, one after the other: p50 and p99 (us) for readers of uncommitted and of committed records, and of the relay
    without an operator (``floor_...``)."""
    figures: dict[str, Any] = {"games": games}
    size = 0
    for profile in PROFILES:
        with on_air(url, cluster, load.record.sport, profile, 1):
            found = through_kafka.both_readers(url, load, games)
        size = found["message_bytes"]
        figures |= {f"{profile}_{name}": value for name, value in found.items() if name.endswith("_us")}
    return figures | {"message_bytes": size} | through_kafka.floor(url, load, size, games)


@contextmanager
def on_air(url: str, cluster: str, sport: str, profile: str, parallelism: int) -> Iterator[str]:
    """A job in a group of its own that begins with what comes from now on; its id. On leaving it is stopped with a savepoint."""
    address, group = parse(url), f"bench-{uuid.uuid4().hex[:8]}"
    ensure(address, sport)
    Rest(cluster).slots()
    through_kafka.behind(address, sport, group, skip=True)
    options = ["--runner", "flink", "--flink", cluster, "--profile", profile, "--parallelism", str(parallelism), "--group", group]
    # The group has used what was there before, and publishes nothing for good.
    options += ["--fresh", "--take-over"]
    operator = Operator(url, sport, options)
    try:
        yield operator.first_line.split(": job ")[1].split()[0]
    finally:
        operator.end()
        release(address, sport, group)


# -- the curve ---------------------------------------------------------------------------------------------------------------


def curve(
    url: str,
    cluster: str,
    load: Load,
    profile: str,
    parallelism: int,
    counts: Sequence[int] = COUNTS,
    warm_s: float = 5.0,
    patience_s: float = 0.0,
) -> list[dict[str, Any]]:
    """A row for each number of games at once, all in one job. ``profile`` may be ``embedded`` too: that many processes of the
    embedded runner share the games. Ends early when the games cannot be kept up with. On a machine that is shared, each count
    waits up to ``patience_s`` for a quiet moment, and is measured again when other load returned meanwhile; the quieter one is
    kept, with the cores that others used (``cores_others``)."""
    sport, prefix = load.record.sport, f"curve-{uuid.uuid4().hex[:6]}-"
    with _operators(url, cluster, sport, profile, parallelism) as (job, groups):
        reader = listener(url, sport, prefix, "read_uncommitted")
        groups |= {"load": [os.getpid()], "reader": [reader.process.pid]}
        rows = []
        try:
            for number, games in enumerate((WARM_UP_GAMES, *counts)):
                tries: list[dict[str, Any]] = []
                while not tries or (number and patience_s and len(tries) < 2 and tries[-1]["cores_others"] > QUIET_CORES):
                    _wait_quiet(patience_s)
                    name = f"{prefix}{number}{'ab'[len(tries)]}-"
                    tries.append(_step(url, cluster, load, name, games, reader, groups, warm_s, job))
                row = min(tries, key=lambda row: row["cores_others"])
                if not number:
                    continue
                rows.append({"profile": profile, "slots": parallelism, **row})
                if row["p99_us"] > HOPELESS_US:
                    break
        finally:
            reader.end()
    return rows


@contextmanager
def _operators(url: str, cluster: str, sport: str, profile: str, many: int) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """(the job's id or "", pids by part)."""
    address = parse(url)
    broker = _here(address.servers[0])
    if profile != "embedded":
        with on_air(url, cluster, sport, profile, many) as job:
            yield job, {"broker": broker, **_parts(cluster)}
        return
    from streaming.runners.kafka.runner import GROUP

    ensure(address, sport)
    through_kafka.refuse_company(address, GROUP)
    operators: list[Operator] = []
    try:
        operators += [Operator(url, sport, []) for _ in range(many)]
        through_kafka.catch_up(address, sport, GROUP)
        time.sleep(3.0)
        yield "", {"broker": broker, "operator": [operator.process.pid for operator in operators]}
    finally:
        for operator in operators:
            operator.end()


def _step(
    url: str,
    cluster: str,
    load: Load,
    prefix: str,
    games: int,
    reader: Any,
    groups: dict[str, list[int]],
    warm_s: float,
    job: str,
) -> dict[str, Any]:
    marks: list[_Mark] = []
    timer = threading.Timer(warm_s + 0.2 + 0.02 * games, lambda: marks.append(_Mark(groups)))
    timer.start()
    before = _read_records(cluster, job)

    def sent() -> None:
        marks.append(_Mark(groups))

    (kept,) = play(parse(url), load, prefix, games, [reader], warm_s, sent)
    began_us = load.sent[0][0] + 1e6 * warm_s
    late = np.array([late_us for due_us, late_us in load.sent if due_us > began_us])
    first, last = marks
    seconds = last.at_s - first.at_s
    cpu = {part: figure((last.cpu_s[part] - first.cpu_s[part]) / (games * seconds)) for part in groups}
    ours = sum(last.cpu_s.values()) - sum(first.cpu_s.values())
    busy = last.busy_s - first.busy_s
    row: dict[str, Any] = {"games": games}
    row |= {f"p{p}_us": at(kept[:, 1], p) for p in (50, 90, 99)} | {"max_us": at(kept[:, 1], 100)}
    row |= {
        "messages": len(kept),
        "windows_sent": round(games * 5 * (load.seconds - warm_s - 0.3)),
        "message_bytes": int(np.median(kept[:, 2])),
        "cpu_s_per_game_s": cpu,
        "cores_ours": figure(ours / seconds),
        "cores_others": figure((busy - ours) / seconds),
        "cores": os.cpu_count(),
        "sent_late_p99_us": at(late, 99),
        "sent_late_max_us": at(late, 100),
    }
    if job:
        taken = _read_records(cluster, job) - before
        row |= {"busiest_slot_share": figure(float(taken.max() / max(1, taken.sum())))} | _checkpoints(cluster, job, first, last)
    return row


def _read_records(cluster: str, job: str) -> Any:
    """Records that each slot has taken so far."""
    if not job:
        return np.zeros(1)
    rest = Rest(cluster)
    (vertex,) = [v["id"] for v in rest.get(f"/jobs/{job}")["vertices"] if v["name"].startswith("games")]
    found = rest.get(f"/jobs/{job}/vertices/{vertex}")["subtasks"]
    return np.array([float(one["metrics"]["read-records"]) for one in found])


def _checkpoints(cluster: str, job: str, first: _Mark, last: _Mark) -> dict[str, Any]:
    """Size (bytes) and duration (ms) of what was checkpointed between two moments; medians, and the longest."""
    history = Rest(cluster).get(f"/jobs/{job}/checkpoints")["history"]
    ours = [c for c in history if 1e3 * first.at_s < c["trigger_timestamp"] < 1e3 * last.at_s and c["status"] == "COMPLETED"]
    if not ours:
        return {}
    took = [c["end_to_end_duration"] for c in ours]
    size = int(np.median([c["state_size"] for c in ours]))
    return {"checkpoint_bytes": size, "checkpoint_ms": float(np.median(took)), "checkpoint_max_ms": max(took)}


# -- processes of this machine -----------------------------------------------------------------------------------------------


class _Mark:
    """A moment: the CPU that each part has spent, and the whole machine, seconds."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self.at_s = time.time()
        self.cpu_s = {part: sum(map(_cpu_s, pids)) for part, pids in groups.items()}
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        self.busy_s = (sum(fields) - fields[1] - fields[3] - fields[4]) / _TICKS  # without what is idle, and what gives way (nice)


def _cpu_s(pid: int) -> float:
    try:
        return cpu_s(pid)
    except ProcessLookupError:
        return 0.0


def _parts(cluster: str) -> dict[str, list[int]]:
    """The pids of the TaskManagers, of what they have started (Python, in process mode), and of the JobManager."""
    rest = Rest(cluster)
    managers = rest.get("/taskmanagers")["taskmanagers"]
    java = [pid for one in managers for pid in _here(f"{rest.host}:{one['dataPort']}")]
    return {"jobmanager": _here(f"{rest.host}:{rest.port}"), "taskmanager": java, "python": _descendants(java)}


def _wait_quiet(patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        before = _Mark({})
        time.sleep(2.0)
        after = _Mark({})
        if (after.busy_s - before.busy_s) / (after.at_s - before.at_s) < 2 * QUIET_CORES:
            return


def _here(server: str) -> list[int]:
    """The process of this machine that listens there; None when it is another machine."""
    host, _, port = server.rpartition(":")
    if not (host.startswith("127.") or host in ("localhost", "[::1]")):
        return []
    sockets = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == int(port):
                sockets.add(f"socket:[{words[9]}]")
    return [pid for pid in _pids() if sockets & _open_files(pid)]


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _open_files(pid: int) -> set[str]:
    try:
        return {os.readlink(handle) for handle in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return set()


def _descendants(pids: Sequence[int]) -> list[int]:
    parents: dict[int, int] = {}
    for pid in _pids():
        try:
            parents[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, fresh = [], set(pids)
    while fresh := {pid for pid, parent in parents.items() if parent in fresh}:
        found += sorted(fresh)
    return found


# -- on paper ----------------------------------------------------------------------------------------------------------------


def keep(rows: list[dict[str, Any]], folder: Path) -> tuple[Path, Path]:
    """The drawing and, beside it, the figures; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    figures, drawing = folder / "flink-capacity.json", folder / "flink-capacity.png"
    figures.write_text(json.dumps(rows, indent=1) + "\n")
    draw(rows, drawing)
    return drawing, figures


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Latency and CPU over the number of games, a line for each profile and number of slots."""
    try:
        import matplotlib
    except ImportError:
        raise Unavailable("matplotlib is not installed: uv pip install -c constraints.txt -e '.[plots]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.6), width_ratios=(3, 2), layout="constrained")
    colours = {"process": "#c2410c", "thread": "#1d4ed8", "embedded": "#15803d"}
    kinds = sorted({(row["profile"], row["slots"]) for row in rows})
    for profile, slots in kinds:
        line = [row for row in rows if (row["profile"], row["slots"]) == (profile, slots)]
        games, style = [row["games"] for row in line], {"color": colours[profile], "ls": "-" if slots == 1 else "--"}
        unit = "process" if profile == "embedded" else "slot"
        name = f"{profile}, {slots} {unit}{'' if slots == 1 else 'es' if unit == 'process' else 's'}"
        left.plot(games, [row["p99_us"] / 1000 for row in line], marker="o", ms=5, label=name, **style)
        disturbed = [row for row in line if row["cores_others"] > QUIET_CORES]
        at_games, at_ms = [row["games"] for row in disturbed], [row["p99_us"] / 1000 for row in disturbed]
        left.plot(at_games, at_ms, "o", ms=5, mfc="white", color=colours[profile], zorder=3)
        left.plot(games, [row["p50_us"] / 1000 for row in line], lw=0.8, alpha=0.6, **style)
        spent = [sum(v for k, v in row["cpu_s_per_game_s"].items() if k not in ("load", "reader")) for row in line]
        right.plot(games, [100 * value for value in spent], marker="o", ms=4, label=name, **style)
    counts = sorted({row["games"] for row in rows})
    for budget_ms in (50, 250):
        left.axhline(budget_ms, color="#6b7280", lw=0.8, ls=":")
        left.text(counts[-1], budget_ms * 1.06, f"budget {budget_ms} ms", fontsize=8, color="#6b7280", ha="right")
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="games at once", xticks=counts)
        axes.xaxis.set_major_formatter(plain)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(plain)
        axes.grid(True, which="major", color="#e5e7eb", lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    left.set(ylabel="arrival to subscriber, ms", title="Latency: p99 with marks, p50 thin")
    left.text(0.99, 0.02, f"hollow: others used more than {QUIET_CORES:g} core", transform=left.transAxes, ha="right", fontsize=8)
    right.set(ylabel="CPU, % of a core per game", title="CPU: runner, cluster and broker")
    left.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0.0, 0.98))
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
