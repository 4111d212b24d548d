"""A few Formula 1 cars on one shared clock at 10 Hz, as one JSON file: laps of a race around a known finish line.

Our own reader. ``cars`` have ``samples`` of ``t`` (s), ``x, y`` (1/10 m), ``speed`` (km/h), ``throttle, brake, gear, drs``;
``track.startFinish`` is a point of the finish line. A stretch of a race alone does not show the leader: the cars
are taken to be within half a lap of each other, and laps are counted from the first sample. A car's lap distance is its speed
added up since it was last nearest to the line, stretched to the usual length between two such passages; before the first and
after the last it is not stretched.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.units import factor
from simulators.providers import Imported
from simulators.providers._files import document, only, pick
from simulators.providers._limits import check_length
from simulators.providers._stream import NO_DATE_US
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

Floats = npt.NDArray[np.float64]
HZ: Final = 10
#: nearer to the line than this a car passes it, m; and two passages are at least so many seconds apart
NEAR_M: Final = 60.0
LEAST_LAP_S: Final = 40.0
#: passages on the track differ by no more in how near they come; those in the pit lane are off a whole number of laps by no more
ON_LINE_M: Final = 10.0
WHOLE: Final = 0.06
DELAY_US: Final = 40_000
_NEEDED: Final = ("t", "x", "y", "speed")
_COLUMNS: Final = (*_NEEDED, "throttle", "brake", "gear", "drs")


def read(files: list[Path]) -> Imported:
    """The one file."""
    path = pick(files, "f1_replay", "a .json file", lambda name: name.endswith(".json"))
    only(files, [path], "f1_replay", "one .json file")
    line, listed, title = _parts(document(path), path)
    cars = {name: _columns(car.get("samples"), name, path) for name, car in listed.items()}
    colours = {name: str(car.get("color") or "") for name, car in listed.items()}
    passages = {name: _passages(columns, line) for name, columns in cars.items()}
    lengths = [
        float(np.interp(b, c["t"], c["way"]) - np.interp(a, c["t"], c["way"]))
        for name, c in cars.items()
        for a, b in pairwise(passages[name])
    ]
    if not lengths:
        raise BadInput(f"{path} holds no whole lap of any car")
    lap_m = float(np.median(lengths))
    lap_s = float(np.median([b - a for found in passages.values() for a, b in pairwise(found)]))
    earliest = min(found[0] for found in passages.values() if found)
    first_lap = {n: 2 if found and found[0] - earliest > lap_s / 2 else 1 for n, found in passages.items()}
    everywhere = np.concatenate([np.column_stack([c["x"], c["y"]]) for c in cars.values()]) / 10.0
    middle, span = (everywhere.max(0) + everywhere.min(0)) / 2, np.ptp(everywhere, axis=0)
    end_s = max(float(c["t"][-1]) for c in cars.values())
    check_length(path, end_s)
    name = path.name.lower().removesuffix(".gz").removesuffix(".json").replace("_", "-")
    names = list(cars)
    record = GameRecord(
        game=f"f1-{name}",
        sport="f1",
        t0_us=NO_DATE_US,
        title=title,
        teams=tuple(Team(id=f"team-{n.lower()}", name=n, colour=colours[n]) for n in names),
        entities=[Entity(id=n, name=n, team=f"team-{n.lower()}", role="car", position=n) for n in names],
        tags=[Tag(tag=k, entity=n) for k, n in enumerate(names, 1)],
        feeds=[
            Feed(name="cars", kind="telemetry", rate_hz=HZ, lateness_ms=100, aligned=True),
            Feed(name="timing", kind="events", lateness_ms=2000),
        ],
        periods=[Period(number=1, start_us=NO_DATE_US, end_us=NO_DATE_US + round(end_s * 1e6) + 100_000, home_attacks=0)],
        length_m=float(np.ceil(span[0])) + 100.0,
        width_m=float(np.ceil(span[1])) + 100.0,
        provenance={
            "provider": "f1_replay",
            "files": path.name,
            "source": "one JSON of cars on one clock, by FastF1",
            "terms": "the underlying timing data belong to Formula One: internal use only",
            "clock": "t of the file from 2000-01-01T00:00:00Z",
            "arrival": f"synthetic: {DELAY_US // 1000} ms after the sample",
            "laps": "counted from the first sample, cars within half a lap of each other",
            "lap_m": f"{lap_m:.0f}",
        },
    )
    events = [
        Event(
            id=f"loop-{lap:02d}-{n}",
            game=record.game,
            type="loop",
            t_us=NO_DATE_US + round(at * 1e6),
            period=1,
            team=f"team-{n.lower()}",
            player=n,
            attrs={"lap": float(lap), "loop": 1.0, "sector": 3.0},
            arrival_us=NO_DATE_US + round(at * 1e6) + 200_000,
        )
        for n in names
        for lap, at in enumerate(passages[n], first_lap[n])
    ]
    packets = _packets(record.game, cars, passages, first_lap, lap_m, middle, end_s)

    def stream() -> Iterator[Telemetry | Event]:
        merged = [(int(p.arrival_us), k, p) for k, p in enumerate(packets)]
        both: list[tuple[int, int, Telemetry | Event]] = [*merged, *((e.arrival_us, -1 - k, e) for k, e in enumerate(events))]
        yield from (item for _, _, item in sorted(both, key=lambda row: row[:2]))

    return Imported(record, stream, sum(len(p) for p in packets), channel_references={"f1.car.speed/last": ("speed_mps.last", 1.0)})


def _parts(file: dict[str, Any], path: Path) -> tuple[Floats, dict[str, dict[str, Any]], str]:
    """The point of the finish line (m), the cars by their drivers, and a title."""
    track, listed, meta = file.get("track"), file.get("cars"), file.get("meta")
    start = track.get("startFinish") if isinstance(track, dict) else None
    point = [start.get(axis) for axis in "xy"] if isinstance(start, dict) else []
    if len(point) != 2 or not all(isinstance(v, (int, float)) for v in point):
        raise BadInput(f"{path} is no f1_replay file: it has no track.startFinish with x and y")
    listed = listed if isinstance(listed, list) else []
    cars = {str(car["driver"]): car for car in listed if isinstance(car, dict) and car.get("driver")}
    if not cars:
        raise BadInput(f"{path} is no f1_replay file: it holds no cars that name a driver")
    if len(cars) < len(listed):
        raise BadInput(f"{path} has two cars of one driver, or one without")
    words = [meta.get("year"), meta.get("track") or path.name] if isinstance(meta, dict) else [path.name]
    return np.array(point, np.float64) / 10.0, cars, " ".join(str(word) for word in words if word)


def _columns(samples: Any, name: str, path: Path) -> dict[str, Floats]:
    """A car's samples as columns; one without a time, place or speed is left out, and what else is missing is NaN."""
    rows = (
        [[_value(sample.get(column)) for column in _COLUMNS] for sample in samples if isinstance(sample, dict)]
        if isinstance(samples, list)
        else []
    )
    table = np.array(rows, np.float64).reshape(-1, len(_COLUMNS))
    table = table[np.isfinite(table[:, : len(_NEEDED)]).all(axis=1)]
    if len(table) < 3:
        raise BadInput(f"{path} has no samples of {name} with {', '.join(_NEEDED)}")
    columns = dict(zip(_COLUMNS, table.T.copy(), strict=True))
    if (np.diff(columns["t"]) <= 0).any():
        raise BadInput(f"{path} has samples of {name} that are not in the order of time")
    speed = columns["speed"] / factor("km/h")
    columns["way"] = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(columns["t"]))])
    return columns


def _value(cell: Any) -> float:
    return float(cell) if isinstance(cell, (int, float)) else float("nan")


def _passages(columns: dict[str, Floats], line: Floats) -> list[float]:
    """Times at which a car is nearest to the line, s; between samples by the parabola through the squared distances.

    Of several approaches within the least time of a lap the nearest is the passage, not the first; and what goes the other way is
    another part of the track. What comes clearly less near than the nearest of all is the pit lane when it is whole laps away from
    those, else another part of the track as well.
    """
    t, x, y = columns["t"], columns["x"] / 10.0 - line[0], columns["y"] / 10.0 - line[1]
    square = x**2 + y**2
    # the stretch may begin with a car on the line
    near: list[tuple[float, float, int]] = [(float(t[0]), float(np.sqrt(square[0])), 0)] if square[0] <= ON_LINE_M**2 else []
    for i in range(1, len(square) - 1):
        if square[i] > NEAR_M**2 or square[i] > square[i - 1] or square[i] >= square[i + 1]:
            continue
        bend = square[i - 1] - 2 * square[i] + square[i + 1]
        shift = 0.5 * (square[i - 1] - square[i + 1]) / bend if bend > 0 else 0.0
        least = square[i] - 0.25 * (square[i - 1] - square[i + 1]) * shift
        near.append((float(t[i] + shift * (t[i + 1] - t[i])), float(np.sqrt(max(least, 0.0))), i))
    if not near:
        return []
    _, best_m, k = min(near, key=lambda one: one[1])
    way = np.stack([np.gradient(x), np.gradient(y)], axis=1)
    near = [one for one in near if float(way[one[2]] @ way[k]) >= 0]
    sure = _nearest([one for one in near if one[1] <= best_m + ON_LINE_M])
    rolled = columns["way"][[i for _, _, i in sure]]
    if len(sure) > 1:
        lap_m = float(np.diff(rolled).min())
        off = [np.abs((columns["way"][i] - rolled) / lap_m) for _, _, i in near]
        near = [one for one, laps in zip(near, off, strict=True) if (np.abs(laps - np.round(laps)) <= WHOLE).all()]
    return [at for at, _, _ in _nearest(near)]


def _nearest(near: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """Of what lies closer together than a lap takes, the nearest each time."""
    found: list[tuple[float, float, int]] = []
    for one in near:
        if not found or one[0] - found[-1][0] >= LEAST_LAP_S:
            found.append(one)
        elif one[1] < found[-1][1]:
            found[-1] = one
    return found


def _packets(
    game: str,
    cars: dict[str, dict[str, Floats]],
    passages: dict[str, list[float]],
    first_lap: dict[str, int],
    lap_m: float,
    middle: Floats,
    end_s: float,
) -> list[Telemetry]:
    made = []
    placed = {name: _race_m(columns, passages[name], first_lap[name], lap_m) for name, columns in cars.items()}
    for k in range(1, int(end_s * HZ) + 1):
        at, rows = k / HZ, []
        for tag, (name, c) in enumerate(cars.items(), 1):
            if not c["t"][0] <= at <= c["t"][-1]:
                continue
            i = min(int(np.searchsorted(c["t"], at)), len(c["t"]) - 1)
            lap, metres = divmod(float(np.interp(at, c["t"], placed[name])), lap_m)
            speed, before = (float(np.interp(w, c["t"], c["speed"])) / factor("km/h") for w in (at, at - 1 / HZ))
            throttle = c["throttle"][i] / 100.0 if c["throttle"][i] <= 100 else np.nan
            x, y = (float(np.interp(at, c["t"], c[axis])) / 10.0 - middle[j] for j, axis in enumerate("xy"))
            rows.append(
                (
                    tag,
                    x,
                    y,
                    lap + 1.0,
                    metres,
                    0.5 * (speed + before),
                    min(speed, before),
                    max(speed, before),
                    speed,
                    throttle,
                    float(c["brake"][i] > 0) if c["brake"][i] == c["brake"][i] else np.nan,
                    c["gear"][i],
                )
            )
        if not rows:
            continue
        table = np.array(rows, np.float64).T.astype(np.float32)
        channels = {
            "lap.last": table[3],
            "lap_distance_m.last": table[4],
            "speed_mps": table[5],
            "speed_mps.min": table[6],
            "speed_mps.max": table[7],
            "speed_mps.last": table[8],
        }
        for row, name in ((9, "throttle_share"), (10, "brake_share"), (11, "gear")):
            channels |= {name: table[row], f"{name}.min": table[row], f"{name}.max": table[row], f"{name}.last": table[row]}
        t_us = NO_DATE_US + k * 1_000_000 // HZ
        made.append(
            Telemetry(
                game,
                "cars",
                np.full(len(rows), t_us, np.int64),
                table[0].astype(np.uint32),
                table[1].copy(),
                table[2].copy(),
                np.zeros(len(rows), np.float32),
                t_us + DELAY_US,
                channels={n: v.copy() for n, v in channels.items()},
            )
        )
    return made


def _race_m(columns: dict[str, Floats], passages: list[float], first_lap: int, lap_m: float) -> Floats:
    """Metres raced at every sample: whole laps at the passages of the line, the odometer stretched between them."""
    way = columns["way"]
    knots = np.interp(passages, columns["t"], way)
    if not len(knots):
        return np.asarray(way, np.float64)
    laps = lap_m * (first_lap + np.arange(len(knots)))
    inside = np.interp(way, knots, laps)
    before, after = way < knots[0], way > knots[-1]
    inside[before] = laps[0] + way[before] - knots[0]
    inside[after] = laps[-1] + way[after] - knots[-1]
    return np.asarray(inside, np.float64)
