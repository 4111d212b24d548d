"""Formula 1's live-timing messages as they were recorded: a snapshot of the state and the stream of partial updates.

Our own reader. Files: a stream, one JSON object ``{"Type", "Json", "DateTime"}`` a line in order of arrival, a snapshot (a JSON
object of all states), or both. Updates are partial: an object is merged into the state, and a list is patched by an object of
indices. ``CarData.z`` and ``Position.z`` are base64 of raw deflate. What changes in the state becomes an event: a segment or a
sector that is done, a lap, tyres, the pit lane, the track's status.

A message says when it was sent, not when a car passed the loop. Sector times are official, so the ends of sectors are chained by
them from the first one seen, and set anew by the message where there is none or where the two part by more than 3 s; segments have
the message's time alone (less the second that messages are taken to need), so mini-sector times carry its jitter. The feed has no
lap distance: gaps on the road are not given.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from features.units import factor
from simulators.providers import Imported
from simulators.providers._f1_state import Race, merge
from simulators.providers._files import document, maybe, only, text
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

#: channels of CarData: rpm, speed, gear, throttle, brake, drs
_RPM, _SPEED, _GEAR, _THROTTLE, _BRAKE, _DRS = "0", "2", "3", "4", "5", "45"
#: the circuit's map may reach this far from its origin, m; the origin is the feed's own
REACH_M: Final = 10_000.0
_COLUMNS: Final = ("speed_mps", "throttle_share", "brake_share", "engine_radps", "gear")


def read(files: list[Path]) -> Imported:
    """A snapshot, a stream, or both."""
    stream_file = maybe(files, "f1_live", "the stream", lambda name: name.endswith(".jsonl"))
    state_file = maybe(files, "f1_live", "the snapshot", lambda name: name.endswith(".json"))
    only(files, [stream_file, state_file], "f1_live", "one stream (.jsonl) and one snapshot (.json)")
    if stream_file is None and state_file is None:
        raise BadInput("f1_live needs a stream (.jsonl) or a snapshot (.json)")
    state: dict[str, Any] = document(state_file) if state_file is not None else {}
    messages = list(_messages(stream_file)) if stream_file is not None else []
    source = state_file or stream_file
    assert source is not None
    drivers = dict(state.get("DriverList") or {})
    for _, kind, patch in messages:
        if kind == "DriverList" and isinstance(patch, dict):
            merge(drivers, patch)
    people = {key: who for key, who in drivers.items() if isinstance(who, dict) and key.isdigit()}
    lines = set((state.get("TimingData") or {}).get("Lines") or {})
    lines |= {key for _, kind, patch in messages if kind == "TimingData" and isinstance(patch,
    dict) for key in patch.get("Lines") or {}}
    numbers = sorted((key for key in {*people, *lines} if key.isdigit()), key=int)
    if not numbers:
        raise BadInput(f"{source} names no driver")
    try:
        began = _when(state["Heartbeat"]["Utc"]) if "Heartbeat" in state else messages[0][0]
    except (KeyError, TypeError, IndexError):
        raise BadInput(f"{source} says nowhere when it is from") from None
    ended = max([began, *(when for when, _, _ in messages)])
    name = source.name.lower().removesuffix(".gz").rsplit(".", 1)[0].removesuffix("_live").removesuffix("_snapshot").replace("_",
    "-")
    teams, entities, tags = _people(numbers, people)
    packets = list(_packets(f"f1-{name}", state, messages, numbers, began))
    t0_us = min([began, *(int(p.t_us[0]) for p in packets)]) // 1_000_000 * 1_000_000 - 1_000_000
    meeting = (state.get("SessionInfo") or {}).get("Meeting") or {}
    record = GameRecord(
        game=f"f1-{name}", sport="f1", t0_us=t0_us, title=str(meeting.get("Name") or name), teams=teams, entities=entities,
        tags=tags,
        feeds=[
            *([Feed(name="cars", kind="telemetry", rate_hz=2.0, lateness_ms=2000)] if packets else []),
            Feed(name="timing", kind="events", lateness_ms=5000),
        ],
        periods=[Period(number=1, start_us=t0_us, end_us=ended + 1_000_000, home_attacks=0)], length_m=REACH_M, width_m=REACH_M,
        provenance={
            "provider": "f1_live", "files": ", ".join(path.name for path in files),
            "source": "Formula 1 live timing, recorded messages",
            "terms": "the feed belongs to Formula One: internal use only",
            "clock": "UTC of the messages; ends of sectors chained by official sector times",
            "arrival": "when the message was sent",
        },
    )  # fmt: skip
    race = Race(record.game, {entity.id: entity.team for entity in entities}, state)
    events = list(race.opening(began))
    for when, kind, patch in messages:
        events += race.update(when, kind, patch)
    for reason, count in sorted(race.strange.items()):
        record.provenance[f"ignored: {reason}"] = str(count)

    def stream() -> Iterator[Telemetry | Event]:
        merged: list[tuple[int, int, Telemetry | Event]] = [(e.arrival_us, i, e) for i, e in enumerate(events)]
        merged += [(int(np.max(p.arrival_us)), -1 - i, p) for i, p in enumerate(reversed(packets))]
        yield from (item for _, _, item in sorted(merged, key=lambda row: row[:2]))

    return Imported(
        record, stream, sum(len(p) for p in packets),
        event_references={
            "f1.car.lap_time": ("provider_lap_time_s", 1.0), "f1.car.sector_time": ("provider_sector_s", 1.0),
        },
    )  # fmt: skip


def _messages(path: Path) -> Iterator[tuple[int, str, Any]]:
    """(time, type, update) of every line; ``BadInput`` with its number where one is none."""
    for number, line in enumerate(text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            patch = told["Json"]
            yield _when(told["DateTime"]), str(told["Type"]), json.loads(patch) if isinstance(patch,
            str) and patch[:1] == "{" else patch
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path} has no message in line {number}: {error}") from error


def _when(utc: str) -> int:
    at = datetime.fromisoformat(utc.replace("Z", "+00:00"))
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)


def _people(numbers: list[str], people: dict[str, Any]) -> tuple[tuple[Team, ...], list[Entity], list[Tag]]:
    names = {key: str(people.get(key, {}).get("TeamName") or "unknown") for key in numbers}
    colour = {names[key]: str(people.get(key, {}).get("TeamColour") or "") for key in numbers}
    ids = {team: "-".join(team.lower().split()) for team in dict.fromkeys(names.values())}
    teams = tuple(Team(id=ids[team], name=team, colour=f"#{colour[team]}" if colour[team] else "") for team in ids)
    entities = [
        Entity(
            id=str(people.get(key, {}).get("Tla") or key), name=str(people.get(key, {}).get("FullName") or key),
            team=ids[names[key]],
            role="car", shirt=int(key), position=str(people.get(key, {}).get("Tla") or ""),
        )
        for key in numbers
    ]  # fmt: skip
    return teams, entities, [Tag(tag=int(key), entity=entity.id) for key, entity in zip(numbers, entities, strict=True)]


def unpacked(packed: str) -> dict[str, Any]:
    """``CarData.z`` or ``Position.z``; ``ValueError`` when it is neither."""
    try:
        found = json.loads(zlib.decompress(base64.b64decode(packed, validate=True), -15))
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, dict):
        raise ValueError("it holds no object")
    return found


def _packets(
    game: str, state: dict[str, Any], messages: list[tuple[int, str, Any]], numbers: list[str], began: int
) -> Iterator[Telemetry]:  # fmt: skip
    """A packet for every set of positions, with what the cars last said of themselves."""
    latest: dict[str, dict[str, float]] = {}
    cars: list[tuple[int, dict[str, Any]]] = []
    places: list[tuple[int, int, dict[str, Any]]] = []
    packed = [(began, kind, state[kind]) for kind in ("CarData.z", "Position.z") if isinstance(state.get(kind), str)]
    packed += [(when, kind, patch) for when, kind, patch in messages if kind in ("CarData.z", "Position.z") and isinstance(patch,
    str)]
    for when, kind, patch in packed:
        try:
            told = unpacked(patch)
            if kind == "CarData.z":
                cars += [(_when(entry["Utc"]), entry["Cars"]) for entry in told["Entries"]]
            else:
                places += [(_when(entry["Timestamp"]), when, entry["Entries"]) for entry in told["Position"]]
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"a {kind} of the stream cannot be unpacked: {error}") from error
    cars.sort(key=lambda entry: entry[0])
    at = 0
    for t_us, arrival, entries in sorted(places, key=lambda entry: entry[0]):
        while at < len(cars) and cars[at][0] <= t_us:
            for key, car in cars[at][1].items():
                latest[key] = car.get("Channels") or {}
            at += 1
        here = [key for key in numbers if key in entries and any(entries[key].get(axis) for axis in "XYZ")]
        if not here:
            continue
        xyz = np.array([[entries[key][axis] for axis in "XYZ"] for key in here], np.float32).T / np.float32(10.0)
        values = np.array([_channels(latest.get(key, {})) for key in here], np.float32).T
        z = xyz[2] - np.float32(200.0) if abs(float(xyz[2].mean())) > 100.0 else xyz[2]
        yield Telemetry(
            game, "cars", np.full(len(here), t_us, np.int64), np.array([int(key) for key in here], np.uint32), xyz[0].copy(),
            xyz[1].copy(), z.copy(), max(arrival, t_us), {
                column if s == "mean" else f"{column}.{s}": values[i] for i, column in enumerate(_COLUMNS)
                for s in ("mean", "min", "max", "last")
            },
        )  # fmt: skip


def _channels(told: dict[str, float]) -> list[float]:
    throttle = told.get(_THROTTLE, np.nan)
    return [
        told.get(_SPEED, np.nan) / factor("km/h"), throttle / 100.0 if throttle <= 100 else np.nan, float(told.get(_BRAKE,
        np.nan) > 0),
        told.get(_RPM, np.nan) / factor("rpm"), told.get(_GEAR, np.nan),
    ]  # fmt: skip
