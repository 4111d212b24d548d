"""Metrica Sports sample data: …RawEventsData.csv, the wide …RawTrackingData_Home_Team.csv and …Away_Team.csv, or all three.

Our own readers: kloppy reads neither table of events nor the two on one clock. Coordinates are 0..1 with (0, 0) at the top left of
the broadcast picture, in the stadium's orientation; the pitch is 105 x 68 m. Home's direction is not in the files: it follows
from where keepers and teams stand, without tracking from goal kicks, and without those from shots.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulators.providers import Imported
from simulators.providers._direction import attack_by_positions, direction_sources, directions, shot_votes
from simulators.providers._files import maybe, only, shirt
from simulators.providers._metrica_events import LENGTH_M, WIDTH_M, Row, events_of, goal_kicks, read_rows, times, us
from simulators.providers._metrica_tracking import Track, read_tracks, side_of
from simulators.providers._stream import (
    EVENT_DELAY_US,
    TRACKING_DELAY_US,
    Side,
    edges,
    in_arrival_order,
    in_time_order,
    tracking,
)
from simulators.providers._unknown_players import without_unknown_players
from streaming.errors import BadInput
from streaming.wire.records import Entity, Feed, GameRecord, Period, Tag, Team

_TAKES = "…RawEventsData.csv, …RawTrackingData_Home_Team.csv and …RawTrackingData_Away_Team.csv, or some of them"
#: a player this near a goal line half of the time is its keeper: no table names keepers
_KEEPS_M = 20.0
_TEAMS = (Team(id="home", name="Home"), Team(id="away", name="Away"))


def read(files: list[Path]) -> Imported:
    """One match: its events, its tracking, or both."""
    tables = [path for path in files if path.name.lower().removesuffix(".gz").endswith(".csv")]
    by_side = {path: side_of(path) for path in tables}
    tracks = [next(iter(path for path in tables if by_side[path] == side), None) for side in (0, 1)]
    tracking_files = [path for path in tracks if path is not None]
    coded = maybe([path for path in tables if by_side[path] < 0], "metrica", "the events", lambda name: True)
    only(files, [*tracking_files, coded], "metrica", _TAKES)
    if coded is None and not tracking_files:
        got = ", ".join(path.name for path in files) or "no file"
        raise BadInput(f"metrica needs {_TAKES}, and got {got}")
    if len(tracking_files) == 1:
        raise BadInput(f"metrica needs the tracking of both teams, and got {tracking_files[0].name} alone")
    table = read_rows(coded) if coded else []
    if coded and not table:
        raise BadInput(f"{coded} holds no events")
    track = read_tracks(tracking_files) if tracking_files else None
    main = coded or tracking_files[0]
    game = f"metrica-{_name(main)}"
    events = events_of(coded, table, game) if coded else []
    entities, tags, xyz = _entities(table, track)
    events, unknown = without_unknown_players(events, _TEAMS, entities, str(main))

    t_us = np.round(track.seconds * 1e6).astype(np.int64) + us(0.0) if track else np.zeros(0, np.int64)
    spans = _spans(times(coded, table) if coded else {}, track, t_us)
    if track is not None:
        team = np.array([-1, *(person.side for person in track.players)])
        keeper = np.array([entity.role == "keeper" for entity in (entities[i] for i in _rows_of(entities, track))])
        places: Mapping[int, Mapping[str, Side]] = {n: attack_by_positions(xyz[track.period == n], team, keeper) for n in spans}
    else:
        places = goal_kicks(main, table)
    votes = shot_votes(events, ("home", "away"), LENGTH_M)
    attacks = directions(str(main), spans, {}, places, votes)
    periods = [Period(number=n, start_us=start, end_us=end, home_attacks=attacks[n]) for n, (start, end) in spans.items()]
    timed = in_time_order([*events, *edges(game, periods)])
    rate_hz = track.rate_hz if track else 25.0
    feeds = [Feed(name="events", kind="events", lateness_ms=5000, sync_ms=40)]
    if track:
        feeds.insert(0, Feed(name="tracking", kind="telemetry", rate_hz=rate_hz, aligned=True))
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=min([us(0.0), *t_us[:1].tolist()]),
        title="Metrica sample game",
        teams=_TEAMS,
        entities=entities,
        tags=tags,
        feeds=feeds,
        periods=periods,
        grid_hz=rate_hz if track else None,
        length_m=LENGTH_M,
        width_m=WIDTH_M,
        provenance={
            "provider": "metrica",
            "files": ", ".join(path.name for path in files),
            "source": "Metrica Sports sample data",
            "terms": "be responsible with the use of this data; anything public acknowledges Metrica Sports",
            "clock": "the match clock in the files from 2000-01-01T00:00:00Z",
            "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
            "direction": direction_sources(spans, {}, places, votes),
        }
        | unknown,
    )
    if track is None:
        return Imported(record, lambda: iter(timed), 0)
    packets = tracking(game, "tracking", t_us, [0, *(tag.tag for tag in tags if tag.tag)], xyz)
    return Imported(record, lambda: in_arrival_order(packets(), timed), int(np.isfinite(xyz[:, :, :2]).all(axis=2).sum()))


def _name(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz").removesuffix(".csv")
    for ending in ("_raweventsdata", "_rawtrackingdata_home_team", "_rawtrackingdata_away_team"):
        name = name.removesuffix(ending)
    return name.replace("_", "-")


def _entities(table: list[Row], track: Track | None) -> tuple[list[Entity], list[Tag], npt.NDArray[np.float64]]:
    """The entities of both, the tags of those that are tracked, and (T, 1 + N, 3) places of the ball and of them."""
    kick = {row["From"] for row in table if "GOAL KICK" in row["Subtype"].split("-")}
    named = dict.fromkeys((name, row["Team"].lower()) for row in table for name in (row["From"], row["To"]) if name)
    xyz = np.zeros((0, 1, 3))
    keepers = set(kick)
    shirts: dict[str, int | None] = {}
    if track is not None:
        xyz = np.full((*track.xy.shape[:2], 3), np.nan)
        xyz[:, :, 0], xyz[:, :, 1] = (track.xy[:, :, 0] - 0.5) * LENGTH_M, (0.5 - track.xy[:, :, 1]) * WIDTH_M
        xyz[:, 1:, 2] = 0.0
        for n, person in enumerate(track.players, 1):
            shirts[person.name] = person.shirt
            named.setdefault((person.name, ("home", "away")[person.side]))
            seen = xyz[np.isfinite(xyz[:, n, 0]), n, 0]
            if len(seen) and np.median(np.abs(seen)) > LENGTH_M / 2 - _KEEPS_M:
                keepers.add(person.name)
    entities = [
        Entity(
            id=name,
            name=name,
            team=team if team in ("home", "away") else None,
            role="keeper" if name in keepers else "player",
            shirt=shirts.get(name, shirt(name.removeprefix("Player"))),
        )
        for name, team in named
    ]
    entities.append(Entity(id="ball", name="Ball", role="ball"))
    if track is None:
        return entities, [], xyz
    tags = [Tag(tag=0, entity="ball"), *(Tag(tag=n, entity=person.name) for n, person in enumerate(track.players, 1))]
    return entities, tags, xyz


def _rows_of(entities: list[Entity], track: Track) -> list[int]:
    """Rows of the ball and the tracked players among the entities."""
    at = {entity.id: i for i, entity in enumerate(entities)}
    return [at["ball"], *(at[person.name] for person in track.players)]


def _spans(
    coded: Mapping[int, tuple[int, int, bool]], track: Track | None, t_us: npt.NDArray[np.int64]
) -> dict[int, tuple[int, int | None]]:
    """When each period begins and ends, by events and frames. One that another follows ends with what it has last; the last one is
    open unless its end was reported."""
    framed = {} if track is None else {int(n): t_us[track.period == n] for n in np.unique(track.period) if n > 0}
    numbers = sorted(coded.keys() | framed.keys())
    if not numbers:
        raise BadInput("the tracking of metrica holds no frame of a period")
    spans: dict[int, tuple[int, int | None]] = {}
    for n in numbers:
        firsts, lasts = [], []
        if n in coded:
            firsts.append(coded[n][0])
            lasts.append(coded[n][1])
        if n in framed:
            firsts.append(int(framed[n][0]))
            lasts.append(int(framed[n][-1]))
        over = n != numbers[-1] or (n in coded and coded[n][2])
        spans[n] = min(firsts), max(lasts) if over else None
    return spans
