"""Formula 1's live-timing messages as they were recorded: a snapshot of the state and the stream of partial updates.

Our own reader. Files: recordings (one or several, in any of the forms that ``_f1_messages`` knows: FastF1's own, raw SignalR
frames, or one JSON object ``{"Type", "Json", "DateTime"}`` a line), a snapshot (a JSON object of all states), or both. Updates are
partial: an object is merged into the state, and a list is patched by an object of indices. ``CarData.z`` and ``Position.z`` are
base64 of raw deflate. What changes in the state becomes an event: a segment or a sector that is done, a lap, a place or gap, tyres,
the pit lane, the track's status.

A message says when it was sent, not when a car passed the loop. Sector and lap times are official and taken as they are, and the
ends of sectors are chained by them (``_f1_live_laps``); segments have the message's time alone (less the second that messages are
taken to need), so mini-sector times carry its jitter. The feed has no lap distance: place and gaps are timing's own. The kind
of session is an event: in a practice or a qualifying there is no order on the track, and places are by best laps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import structs

from simulators.providers import Imported
from simulators.providers._f1_finish import finishes
from simulators.providers._f1_live_laps import SECTORS, TOGETHER_US, End
from simulators.providers._f1_merge import merge
from simulators.providers._f1_messages import Message, epoch_us_or_none, messages, streams_and_snapshots
from simulators.providers._f1_positions import packets
from simulators.providers._f1_state import Race
from simulators.providers._files import document
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

#: messages of a whole lap, maybe later than its last sector's
_OF_A_LAP: Final = frozenset({"lap_time_s", "provider_lap_time_s", "personal_best", "overall_best"})
#: a message is this late at most after its event, ms
LATE_MS: Final = 8000
#: the circuit's map may reach this far from its origin, m; the origin is the feed's own
REACH_M: Final = 10_000.0


def read(files: list[Path]) -> Imported:
    """Recordings, a snapshot, or both."""
    streams, snapshots = streams_and_snapshots(files)
    if not files:
        raise BadInput("f1_livetiming needs a stream (.jsonl, .txt) or a snapshot (.json)")
    if len(snapshots) > 1:
        raise BadInput(f"f1_livetiming takes one snapshot, and got {', '.join(path.name for path in snapshots)}")
    source, ignored = (snapshots + streams)[0], Counter[str]()
    state: dict[str, Any] = document(snapshots[0]) if snapshots else {}
    found = messages(streams, ignored)
    beat = state.get("Heartbeat")
    began = epoch_us_or_none(beat.get("Utc")) if isinstance(beat, dict) else None
    if began is None:
        if not found:
            raise BadInput(f"{source} has no date")
        began = found[0][0]
    old = [message for message in found if message[0] < began]
    if snapshots and old:
        # the state at subscription holds what was sent before
        ignored["message from before the snapshot"] = len(old)
        found = found[len(old) :]
    ended = max([began, *(at for at, _, _ in found)])
    numbers, drivers = _numbers(state, found)
    if not numbers:
        raise BadInput(f"{source} names no driver")
    stem = source.name.lower().removesuffix(".gz").rsplit(".", 1)[0]
    name = stem.removesuffix("_live").removesuffix("_snapshot").replace("_", "-")
    teams, entities, tags = _entities(numbers, drivers)
    game = f"f1-{name}"
    race = Race(game, {entity.id: entity.team for entity in entities}, state)
    packed = [(began, kind, state[kind]) for kind in ("CarData.z", "Position.z") if isinstance(state.get(kind), str)]
    packed += [message for message in found if message[1] in ("CarData.z", "Position.z") and isinstance(message[2], str)]
    info = _info(state, found)
    events = list(race.opening(began))
    for at, kind, patch in found:
        events += race.update(at, kind, patch)
    events += _laps(race, numbers)
    made = packets(game, packed, numbers, race, ignored)
    t0_us = min([began, *(event.t_us for event in events), *(int(p.t_us[0]) for p in made)]) // 1_000_000 * 1_000_000 - 1_000_000
    for reason, count in sorted((race.strange + ignored).items()):
        info[f"ignored: {reason}"] = str(count)
    record = GameRecord(
        game=game,
        sport="f1",
        t0_us=t0_us,
        title=info.pop("title") or name,
        teams=teams,
        entities=entities,
        tags=tags,
        feeds=[
            *([Feed(name="cars", kind="telemetry", rate_hz=2.0, lateness_ms=2000)] if made else []),
            Feed(name="timing", kind="events", lateness_ms=LATE_MS),
        ],
        periods=[Period(number=1, start_us=t0_us, end_us=ended + 1_000_000, home_attacks=0)],
        length_m=REACH_M,
        width_m=REACH_M,
        provenance={
            "provider": "f1_livetiming",
            "files": ", ".join(path.name for path in files),
            "source": "Formula 1 live timing, recorded messages",
            "terms": "the feed belongs to Formula One: internal use only",
            "clock": "UTC of the messages; ends of sectors chained by official sector and lap times",
            "arrival": "when the last message was sent that an event rests on",
            "session": race.kind or "unknown",
            **info,
        },
    )

    def stream() -> Iterator[Telemetry | Event]:
        merged: list[tuple[int, int, Telemetry | Event]] = [(e.arrival_us, i, e) for i, e in enumerate(events)]
        merged += [(int(np.max(p.arrival_us)), -1 - i, p) for i, p in enumerate(reversed(made))]
        yield from (item for _, _, item in sorted(merged, key=lambda row: row[:2]))

    return Imported(
        record,
        stream,
        sum(len(p) for p in made),
        event_references={
            "f1.car.lap_time": ("provider_lap_time_s", 1.0),
            "f1.car.sector_time": ("provider_sector_s", 1.0),
            "f1.car.position_at_line": ("provider_place", 1.0),
            "f1.car.gap_at_line": ("provider_gap_s", 1.0),
        },
    )


def _numbers(state: dict[str, Any], found: list[Message]) -> tuple[list[str], dict[str, Any]]:
    """The cars' numbers, and the messages about their drivers."""
    listed = state.get("DriverList")
    drivers: dict[str, Any] = merge({}, listed) if isinstance(listed, dict) else {}
    lines: set[str] = set()
    for _, kind, patch in [(0, "TimingData", state.get("TimingData")), *found]:
        if kind == "DriverList" and isinstance(patch, dict):
            merge(drivers, patch)
        elif kind == "TimingData" and isinstance(patch, dict) and isinstance(patch.get("Lines"), dict):
            lines |= patch["Lines"].keys()
    known = {key: driver for key, driver in drivers.items() if isinstance(driver, dict) and key.isdigit()}
    return sorted({key for key in (*known, *lines) if key.isdigit() and len(key) < 5}, key=int), known


def _info(state: dict[str, Any], found: list[Message]) -> dict[str, str]:
    """What the session is called."""
    info: dict[str, Any] = {}
    for _, kind, patch in [(0, "SessionInfo", state.get("SessionInfo")), *found]:
        if kind == "SessionInfo" and isinstance(patch, dict):
            merge(info, patch)
    meeting = info.get("Meeting")
    titles = (meeting.get("Name") if isinstance(meeting, dict) else None, info.get("Name"))
    return {"title": ", ".join(str(word) for word in titles if word)}


def _entities(numbers: list[str], drivers: dict[str, Any]) -> tuple[tuple[Team, ...], list[Entity], list[Tag]]:
    names = {key: str(drivers.get(key, {}).get("TeamName") or "unknown") for key in numbers}
    colour = {names[key]: str(drivers.get(key, {}).get("TeamColour") or "") for key in numbers}
    ids = {team: "-".join(team.lower().split()) for team in dict.fromkeys(names.values())}
    teams = tuple(Team(id=ids[team], name=team, colour=f"#{colour[team]}" if colour[team] else "") for team in ids)
    short = {key: str(drivers.get(key, {}).get("Tla") or key) for key in numbers}
    twice = [word for word, count in Counter(short.values()).items() if count > 1]
    entities = [
        Entity(
            # two cars of one name go by their numbers
            id=key if short[key] in twice else short[key],
            name=str(drivers.get(key, {}).get("FullName") or key),
            team=ids[names[key]],
            role="car",
            shirt=int(key),
            position=str(drivers.get(key, {}).get("Tla") or ""),
        )
        for key in numbers
    ]
    return teams, entities, [Tag(tag=int(key), entity=entity.id) for key, entity in zip(numbers, entities, strict=True)]


def _laps(race: Race, numbers: list[str]) -> Iterator[Event]:
    """Loops, laps and finishes, which rest on several messages each."""
    found = {key: race.laps(key) for key in numbers}
    over = finishes(race, {key: ends for key, (ends, _, _) in found.items()})
    for key, (ends, loops, lengths) in found.items():
        race.strange["repeated sector or lap"] += race.lines[key].log.ignored
        last_us = over[key].at_us if key in over else None
        for at_us, sent_us, lap, loop in loops:
            if last_us is None or at_us <= last_us:
                yield race.event("loop", at_us, sent_us, key, lap=float(lap), loop=float(loop))
        for end in ends:
            if last_us is None or end.at_us <= last_us:
                attrs = _attrs(race, key, end, lengths)
                first = {name: value for name, value in attrs.items() if not end.later_us or name not in _OF_A_LAP}
                event = race.event("loop", end.at_us, max(end.arrival_us, end.at_us), key, **first)
                yield event
                if end.later_us:
                    yield structs.replace(event, attrs=attrs, revision=1, arrival_us=end.later_us)
    for place, key in enumerate(sorted(over, key=lambda key: (-over[key].lap, over[key].at_us)), 1):
        end = over[key]
        yield race.event("finish", end.at_us, end.arrival_us, key, position=float(place), laps=float(end.lap))
    race.strange += Counter()  # nothing that was counted 0 times


def _attrs(race: Race, key: str, end: End, lengths: list[int]) -> dict[str, Any]:
    loop = sum(lengths[: end.sector + 1]) if all(lengths) else end.sector + 1
    attrs: dict[str, Any] = {"lap": float(end.lap), "loop": float(loop), "sector": float(end.sector + 1)}
    if end.took_s is not None:
        attrs |= {"sector_time_s": end.took_s, "provider_sector_s": end.took_s}
    if end.sector != SECTORS - 1:
        return attrs
    if end.lap_s is not None:
        attrs |= {"lap_time_s": end.lap_s, "provider_lap_time_s": end.lap_s}
        flags = {"personal_best": end.personal, "overall_best": end.overall}
        attrs |= {name: flag for name, flag in flags.items() if flag is not None}
    if race.kind != "practice" and race.kind != "qualifying":
        near = [s for s in race.lines[key].standings if 0 <= s.sent_us - end.sent_us <= TOGETHER_US]
        if near:
            values = {"place": near[-1].place, "gap_s": near[-1].gap_s}
            attrs |= {name: float(value) for name, value in values.items() if value is not None}
            attrs |= {f"provider_{name}": attrs[name] for name in values if name in attrs}
    return attrs
