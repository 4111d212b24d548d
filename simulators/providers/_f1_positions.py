"""``CarData.z`` and ``Position.z`` of live timing as telemetry: a packet for every set of positions, with the last
channels of the cars and the last values of timing."""

from __future__ import annotations

import base64
import json
import zlib
from bisect import bisect_right
from collections import Counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.units import factor
from features.f1.channels import STATISTICS, TIMED, column
from simulators.providers._f1_messages import Message, epoch_us_or_none
from simulators.providers._f1_state import Race
from simulators.providers._f1_windows import believable
from streaming.wire.records import Telemetry

#: channels of CarData: rpm, speed, gear, throttle, brake
_RPM, _SPEED, _GEAR, _THROTTLE, _BRAKE = "0", "2", "3", "4", "5"
_COLUMNS: Final = ("speed_mps", "throttle_share", "brake_share", "engine_radps", "gear")
#: older channels of a car do not count, us; nor does a place between positions farther apart, us
OLD_US: Final = 5_000_000
#: what a message unpacks to at most; the feed's are some 20 kB
UNPACKED_BYTES: Final = 1 << 22
#: circuits lie high: heights are given from here, m
HIGH_M: Final = 100.0
GROUND_M: Final = 200.0


def unpacked(packed: str) -> dict[str, Any]:
    """``CarData.z`` or ``Position.z``; ``ValueError`` when it is neither."""
    try:
        stream = zlib.decompressobj(-15)
        body = stream.decompress(base64.b64decode(packed, validate=True), UNPACKED_BYTES)
        if not stream.eof:
            raise ValueError("it is cut short, or unpacks to more than any message of a feed")
        found = json.loads(body)
    except (zlib.error, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, dict):
        raise ValueError("it holds no object")
    return found


def packets(game: str, packed: list[Message], numbers: list[str], race: Race, ignored: Counter[str]) -> list[Telemetry]:
    cars, places = _entries(packed, ignored)
    where = _positions(places, numbers)
    heard = {key: [(at, _channels(channels)) for at, entry in cars if (channels := _of(entry, key))] for key in numbers}
    times = {key: [at for at, _ in listed] for key, listed in heard.items()}
    made = []
    for k, (t_us, arrival_us, _) in enumerate(places):
        here = [key for key in numbers if np.isfinite(where[key][k, :2]).all()]
        if not here:
            continue
        values = []
        for key in here:
            j = bisect_right(times[key], t_us) - 1
            fresh = j >= 0 and t_us - times[key][j] <= OLD_US
            values.append([*(heard[key][j][1] if fresh else [np.nan] * len(_COLUMNS)), *_timed(race, key, max(arrival_us, t_us))])
        table = np.array(values, np.float32).T
        xyz = np.array([where[key][k] for key in here], np.float32).T
        z = xyz[2] - np.float32(GROUND_M) if abs(float(np.nanmean(xyz[2]))) > HIGH_M else xyz[2]
        channels = {column(name, s): table[i] for i, name in enumerate(_COLUMNS) for s in STATISTICS}
        channels |= {name: table[len(_COLUMNS) + i] for i, name in enumerate(TIMED)}
        made.append(
            Telemetry(
                game,
                "cars",
                np.full(len(here), t_us, np.int64),
                np.array([int(key) for key in here], np.uint32),
                xyz[0].copy(),
                xyz[1].copy(),
                z.copy(),
                max(arrival_us, t_us),
                channels=channels,
            )
        )
    return made


def _entries(
    packed: list[Message], ignored: Counter[str]
) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, int, dict[str, Any]]]]:
    """The channels of the cars (time, by car) and their places (time, sent, by car), each in the order of time and once."""
    cars: dict[int, dict[str, Any]] = {}
    places: dict[int, tuple[int, dict[str, Any]]] = {}
    for sent_us, kind, body in packed:
        try:
            listed = unpacked(body).get("Entries" if kind == "CarData.z" else "Position")
        except ValueError:
            listed = None
        if not isinstance(listed, list):
            ignored[f"{kind} that cannot be unpacked"] += 1
            continue
        for entry in listed:
            at = epoch_us_or_none(entry.get("Utc" if kind == "CarData.z" else "Timestamp")) if isinstance(entry, dict) else None
            inside = entry.get("Cars" if kind == "CarData.z" else "Entries") if at is not None else None
            if at is None or not isinstance(inside, dict):
                ignored[f"entry of {kind} without a time or cars"] += 1
            elif kind == "CarData.z":
                cars.setdefault(at, inside)
            else:
                places.setdefault(at, (sent_us, inside))
    return sorted(cars.items(), key=lambda e: e[0]), [(at, *places[at]) for at in sorted(places)]


def _positions(places: list[tuple[int, int, dict[str, Any]]], numbers: list[str]) -> dict[str, npt.NDArray[np.float64]]:
    """(T, 3) m of every car. All three 0 is no position, and so is one that no car can have come to: there a car is put straight
    between its neighbours, so that its other values at that time keep their place."""
    t_s = np.array([at for at, _, _ in places], np.float64) / 1e6
    found = {}
    for key in numbers:
        xyz = np.array([_place(entries.get(key)) for _, _, entries in places], np.float64).reshape(-1, 3) / 10.0
        known = np.flatnonzero(np.isfinite(xyz[:, :2]).all(axis=1))
        good = known[believable(t_s[known], xyz[known, :2])]
        between = np.full((len(places), 3), np.nan)
        if len(good):
            after = np.clip(np.searchsorted(good, np.arange(len(places))), 0, len(good) - 1)
            before = np.clip(np.searchsorted(good, np.arange(len(places)), side="right") - 1, 0, len(good) - 1)
            near = (t_s[good[after]] - t_s[good[before]] <= OLD_US / 1e6) & (np.arange(len(places)) >= good[0])
            near &= np.arange(len(places)) <= good[-1]
            for axis in range(3):
                between[near, axis] = np.interp(t_s[near], t_s[good], xyz[good, axis])
        found[key] = between
    return found


def _place(entry: Any) -> list[float]:
    values = [entry.get(axis) for axis in "XYZ"] if isinstance(entry, dict) else []
    numbers = [float(v) if isinstance(v, (int, float)) and abs(v) < 1e6 else np.nan for v in values]
    return numbers if numbers and any(v != 0.0 for v in numbers) else [np.nan] * 3


def _of(entry: dict[str, Any], key: str) -> dict[str, Any]:
    car = entry.get(key)
    channels = car.get("Channels") if isinstance(car, dict) else None
    return channels if isinstance(channels, dict) else {}


def _channels(car: dict[str, Any]) -> list[float]:
    def value(name: str) -> float:
        found = car.get(name)
        return float(found) if isinstance(found, (int, float)) else float("nan")

    throttle, brake = value(_THROTTLE), value(_BRAKE)
    return [
        value(_SPEED) / factor("km/h"),
        throttle / 100.0 if throttle <= 100 else np.nan,
        float(brake > 0) if brake == brake else np.nan,
        value(_RPM) / factor("rpm"),
        value(_GEAR),
    ]


def _timed(race: Race, key: str, now_us: int) -> list[float]:
    """Place, gap and interval by the last message of timing; gaps only in a race, where they are gaps on the track."""
    listed = race.lines[key].standings if key in race.lines else []
    k = bisect_right(listed, now_us, key=lambda s: s.sent_us) - 1
    if k < 0:
        return [np.nan] * 3
    last, on_track = listed[k], race.kind == "race"
    values = (last.place, last.gap_s if on_track else None, last.interval_s if on_track else None)
    return [np.nan if v is None else float(v) for v in values]
