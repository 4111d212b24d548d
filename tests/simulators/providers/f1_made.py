"""Small races in the files of f1: three cars on a circle of 3 km, and what is to be wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulators.providers import Imported
from streaming.factory import operator_for
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event

LAP_M = 3000.0
TIMES = {"AAA": [62.0, 60.0, 61.0, 60.0, 60.0, 60.0], "BBB": [63.5, 60.5, 59.5, 60.5, 60.5, 60.5],
         "CCC": [65.0, 61.0, 61.0, 61.0, 61.0, 61.0]}  # fmt: skip
COLUMNS = ("driver", "time", "lap", "compound", "stint", "s1", "s2", "s3", "life", "pos", "status")
Row = dict[str, Any]


def rows(times: dict[str, list[float]] = TIMES) -> list[Row]:
    """The laps as a good file has them: no lap time in lap 1."""
    ends = {driver: np.cumsum(t) for driver, t in times.items()}
    return [
        {
            "driver": driver,
            "time": "" if lap == 1 else f"{took:.3f}",
            "lap": lap,
            "compound": "SOFT",
            "stint": 1,
            "s1": "" if lap == 1 else f"{took - 40:.3f}",
            "s2": "20.000",
            "s3": "20.000",
            "life": lap,
            "status": 1,
            "pos": 1 + sum(len(e) >= lap and e[lap - 1] < ends[driver][lap - 1] for e in ends.values()),
        }
        for driver, t in times.items()
        for lap, took in enumerate(t, 1)
    ]


def telemetry(times: dict[str, list[float]] = TIMES, pits: tuple[tuple[str, int], ...] = ()) -> dict[str, list[Any]]:
    """Five rows a second at the lap's even speed; a car of ``pits`` (driver, lap) crawls for 10 s on either side of that lap's
    end."""
    found: dict[str, list[Any]] = {n: [] for n in ("driver", "lap", "time", "speed", "distance", "x", "y")}
    for driver, laps in times.items():
        for lap, took in enumerate(laps, 1):
            into = np.append(np.arange(0.0, took - 0.05, 0.2), took)
            entry, leave = (driver, lap) in pits, (driver, lap - 1) in pits
            slow = (entry & (into > took - 10.0)) | (leave & (into < 10.0))
            slow_s = 10.0 * (entry + leave)
            speed = np.where(slow, 20.0, (LAP_M - 20.0 * slow_s) / (took - slow_s))
            way = np.concatenate([[0.0], np.cumsum(speed[1:] * np.diff(into))])
            way *= LAP_M / way[-1]
            for i, (t, m) in enumerate(zip(into, way, strict=True)):
                angle = 2 * np.pi * m / LAP_M
                row = (driver, lap, t, 3.6 * speed[i], m, 4770 * np.cos(angle), 4770 * np.sin(angle))
                for name, value in zip(found, row, strict=True):
                    found[name].append(value)
    return found


def write(
    folder: Path, listed: list[Row], columns: tuple[str, ...] = COLUMNS, seen: dict[str, list[Any]] | None = None, **others: str
) -> list[Path]:
    """The files; ``others`` are texts of further ones: ``results_csv="..."``."""
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(telemetry() if seen is None else seen), folder / "telemetry.parquet")
    lines = [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in listed)]
    (folder / "laps.csv").write_text("\n".join(lines) + "\n")
    files = [folder / "telemetry.parquet", folder / "laps.csv"]
    for name, text in others.items():
        files.append(folder / ".".join(name.rsplit("_", 1)))
        files[-1].write_text(text)
    return files


def changed(listed: list[Row], what: Callable[[Row], bool], **to: Any) -> list[Row]:
    return [row | to if what(row) else row for row in listed]


def at(driver: str, *laps: int) -> Callable[[Row], bool]:
    return lambda row: row["driver"] == driver and row["lap"] in laps


def events(imported: Imported, *kinds: str) -> list[Event]:
    return [r for r in imported.stream() if isinstance(r, Event) and r.type in kinds]


def lines(imported: Imported) -> dict[str, dict[int, float]]:
    """By car and lap: when it crossed the line, s from the start."""
    found: dict[str, dict[int, float]] = {}
    for event in events(imported, "loop"):
        if event.attrs.get("sector") == 3.0:
            found.setdefault(str(event.player), {})[int(event.attrs["lap"])] = (event.t_us - imported.record.t0_us) / 1e6
    return found


def finals(imported: Imported) -> list[StatBlock]:
    """All its final values."""
    operator = operator_for(imported.record, draw=False, strict=True)
    out = [o for r in imported.stream() for o in operator.on_record(r)] + operator.finish()
    return [block for block in out if isinstance(block, StatBlock) and block.quality == "final"]


def of_events(blocks: list[StatBlock], stat: str) -> list[tuple[str, Any]]:
    """(car, value) in order of time; the last revision of each."""
    found = {(b.end_us[0], b.event): (b.subjects[0], b.values[0][0]) for b in blocks if b.stat == stat and b.event}
    return [found[key] for key in sorted(found)]


def series(blocks: list[StatBlock], stat: str, subject: str) -> np.ndarray[Any, Any]:
    """Values at every window or tick of the race, (T,) or (T, D): each holds until the next goes out."""
    chosen = [b for b in blocks if b.stat == stat and subject in b.subjects and b.event is None]
    if not chosen:
        return np.zeros(0)
    step = chosen[0].span_us
    ends = np.concatenate([b.end_us for b in blocks if b.event is None and b.span_us == step])
    began, last = min(int(b.end_us.min()) for b in blocks if b.event is None), int(ends.max())
    first = last - (last - began) // step * step
    out = np.full(((last - first) // step + 1, *np.asarray(chosen[0].values).shape[2:]), np.nan)
    for b in chosen:
        s = b.subjects.index(subject)
        for k, end in enumerate(b.end_us.tolist()):
            if b.live is None or b.live[k, s]:
                out[(end - first) // step :] = np.asarray(b.values, np.float64)[k, s]
    return out


def labels(blocks: list[StatBlock]) -> list[tuple[str, list[str]]]:
    """Labels of the highlights with their reasons, in order."""
    found = []
    for _, value in of_events(blocks, "game.highlight"):
        if value is None:
            continue  # withdrawn
        cut = json.loads(value) if isinstance(value, str) else value
        found.append((cut["label"], cut["reasons"]))
    return found


def sentences(blocks: list[StatBlock]) -> list[str]:
    found = [json.loads(v) if isinstance(v, str) else v for _, v in of_events(blocks, "game.story") if v is not None]
    return [one["en"] for one in found]
