"""A game of TRACAB tracking and Opta events as databallpy saves it: ``tracking.parquet`` (or ``.csv``) with ``metadata.json`` and
``players.csv``, and ``events.csv`` and ``shots.csv`` if there are any.

databallpy turns both teams' coordinates so that home always attacks towards +x and lists the periods that it turned: they are
turned back here. Events were never synchronised with the tracking: ``sync_ms`` says so to the event matcher.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.providers import Imported
from simulators.providers._direction import attack_by_positions, direction_sources, directions, shot_votes
from simulators.providers._files import document, maybe, number, only, pick, rows, shirt, table, unique, whole
from simulators.providers._opta import Coded, read_opta
from simulators.providers._stream import (
    EVENT_DELAY_US,
    NO_DATE_US,
    TRACKING_DELAY_US,
    Side,
    in_arrival_order,
    in_time_order,
    tracking,
)
from simulators.providers._unknown_players import without_unknown_players
from streaming.errors import BadInput
from streaming.wire.records import Entity, Feed, GameRecord, Period, Tag, Team

TAKES = "tracking.parquet (or .csv), metadata.json, players.csv, events.csv and shots.csv, or a .dat with its .xml"
LENGTH_M, WIDTH_M = 105.0, 68.0
RATE_HZ = 25.0
_TURNED = "_periods_changed_playing_direction"


def read_saved(files: list[Path]) -> Imported:
    positions = pick(files, "tracab", "tracking.parquet (or .csv)", lambda name: name.startswith("tracking."))
    about = pick(files, "tracab", "metadata.json", lambda name: name == "metadata.json")
    who = pick(files, "tracab", "players.csv", lambda name: name == "players.csv")
    coded = maybe(files, "tracab", "the events", lambda name: name == "events.csv")
    shots = maybe(files, "tracab", "the shots", lambda name: name == "shots.csv")
    only(files, [positions, about, who, coded, shots], "tracab", TAKES)

    meta = document(about)
    ids = _text(meta, "home_team_id", about), _text(meta, "away_team_id", about)
    rate = number(meta.get("tracking_data_frame_rate"), about, "tracking_data_frame_rate")
    rate = rate if rate > 0 else RATE_HZ
    length_m, width_m, pitch = _pitch(meta.get("pitch_dimensions"), about)
    turned = {whole(one, about, _TURNED) for one in meta.get(_TURNED) or []}
    game = f"tracab-{ids[0].removeprefix('T-')}-{ids[1].removeprefix('T-')}"

    squad = rows(who, "tracab", ("id", "shirt_num", "team"))
    unique((row["id"] for row in squad), who, "a player")
    seen = table(positions, "tracab", ("frame", "period", "ball_x", "ball_y"))
    columns = [(f"{row['team']}_{row['shirt_num'].removesuffix('.0')}", tag) for tag, row in enumerate(squad, 1)] + [("ball", 0)]
    unique((name for name, _ in columns), who, "a shirt of a team")
    columns = [(name, tag) for name, tag in columns if f"{name}_x" in seen and f"{name}_y" in seen]
    frame, period = (_whole(seen[name], positions, name) for name in ("frame", "period"))
    if not len(frame):
        raise BadInput(f"{positions} holds no frames")
    order = np.argsort(frame, kind="stable")
    frame, period = frame[order], period[order]
    if (np.diff(frame) == 0).any():
        raise BadInput(f"{positions} has the frame {frame[:-1][np.diff(frame) == 0][0]} twice")
    t_us = NO_DATE_US + np.round((frame - frame[0]) * (1e6 / rate)).astype(np.int64)
    turn = np.where(np.isin(period, list(turned)), -1.0, 1.0)
    xyz = np.full((len(frame), len(columns), 3), np.nan)
    for i, (name, _) in enumerate(columns):
        for axis in range(2):
            xyz[:, i, axis] = _floats(seen[f"{name}_{'xy'[axis]}"], positions, name)[order] * turn
        if name != "ball":
            xyz[:, i, 2] = 0.0
        elif "ball_z" in seen:
            xyz[:, i, 2] = _floats(seen["ball_z"], positions, "ball_z")[order]
    status = seen["ball_status"][order] if "ball_status" in seen else np.full(len(frame), None)
    in_play = np.where(status == "alive", 1.0, np.where(status == "dead", 0.0, np.nan))

    zero_s = float(_floats(seen["time_s"], positions, "time_s")[order][0]) if "time_s" in seen else 0.0
    team_of = {row["id"]: ids[0 if row["team"] == "home" else 1] for row in squad}
    clock = lambda seconds: NO_DATE_US + round((seconds - zero_s) * 1e6)  # noqa: E731
    found = read_opta(coded, shots, game, clock, turned, team_of) if coded else Coded()
    entities = [_entity(row, ids, found.names, who) for row in squad]
    entities.append(Entity(id="ball", name="Ball", role="ball"))
    teams = tuple(
        Team(id=ident, name=str(meta.get(f"{side}_team_name") or ident), short=short)
        for ident, side, short in zip(ids, ("home", "away"), ("HOM", "AWY"), strict=True)
    )
    events, unknown = without_unknown_players(found.events, teams, entities, str(coded))

    spans = _spans(t_us, period, found)
    # databallpy has home attack +x in every period and lists the periods that it turned for that
    stated: dict[int, Side] = {number_: -1 if number_ in turned else 1 for number_ in spans}
    team = np.array([-1 if not tag else int(team_of[squad[tag - 1]["id"]] == ids[1]) for _, tag in columns])
    keeper = np.array([bool(tag) and entities[tag - 1].role == "keeper" for _, tag in columns])
    places = {number_: attack_by_positions(xyz[period == number_], team, keeper) for number_ in spans if (period == number_).any()}
    votes = shot_votes(events, (ids[0], ids[1]), length_m)
    attacks = directions(str(coded or positions), spans, stated, places, votes)
    periods = [
        Period(number=number_, start_us=start, end_us=end, home_attacks=attacks[number_]) for number_, (start, end) in spans.items()
    ]
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=int(t_us[0]),
        title=" - ".join(one.name for one in teams),
        teams=teams,
        entities=entities,
        tags=[Tag(tag=tag, entity="ball" if tag == 0 else squad[tag - 1]["id"]) for _, tag in columns],
        feeds=[
            Feed(name="tracking", kind="telemetry", rate_hz=rate, aligned=True),
            Feed(name="events", kind="events", lateness_ms=5000, sync_ms=5000),
        ],
        periods=periods,
        grid_hz=rate,
        length_m=length_m,
        width_m=width_m,
        provenance={
            "provider": "tracab",
            "files": ", ".join(path.name for path in files),
            "source": "TRACAB optical tracking and Opta events in the form in which databallpy saves a game",
            "terms": "those of your source of the files (databallpy's sample game: MIT)",
            "clock": "frame / rate from 2000-01-01T00:00:00Z, since the date is not in the files",
            "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
            "direction": direction_sources(spans, stated, places, votes),
            "pitch": pitch,
            **({"timeless": f"{found.timeless} events without a time are left out"} if found.timeless else {}),
        }
        | unknown,
    )
    packets = tracking(game, "tracking", t_us, [tag for _, tag in columns], xyz, in_play)
    samples = int(np.isfinite(xyz[:, :, :2]).all(axis=2).sum())
    timed = in_time_order(events)
    references = {"soccer.shot.xgoals": ("provider_xg", 1.0)} if any("provider_xg" in one.attrs for one in timed) else {}
    return Imported(record, lambda: in_arrival_order(packets(), timed), samples, references)


def _spans(t_us: npt.NDArray[np.int64], period: npt.NDArray[np.int64], coded: Coded) -> dict[int, tuple[int, int | None]]:
    """When each period begins and ends, by its frames, or its events where it has no frames. The last one is open unless its end
    was reported; one that another follows ends with its last frame."""
    numbers = sorted({int(number_) for number_ in np.unique(period) if number_ > 0} | coded.first_us.keys())
    if not numbers:
        raise BadInput("the tracking has no frame of a period, and no event does")
    spans: dict[int, tuple[int, int | None]] = {}
    for number_ in numbers:
        inside = t_us[period == number_]
        start = int(inside[0]) if len(inside) else coded.start_us.get(number_, coded.first_us.get(number_, 0))
        ends = [*inside[-1:].tolist(), *([coded.end_us[number_]] if number_ in coded.end_us else [])]
        over = number_ != numbers[-1] or number_ in coded.end_us
        spans[number_] = start, max(ends) if ends and over else None
    return spans


def _entity(row: dict[str, str], ids: tuple[str, str], names: Mapping[str, str], path: Path) -> Entity:
    if row["team"] not in ("home", "away"):
        raise BadInput(f"{path} has {row['team']!r} in team, where home or away belongs")
    position = row.get("position", "")
    return Entity(
        id=row["id"],
        name=row.get("full_name") or names.get(row["id"]) or row["id"],
        team=ids[0 if row["team"] == "home" else 1],
        role="keeper" if position.lower() == "goalkeeper" else "player",
        shirt=shirt(row["shirt_num"]),
        position=position,
    )


def _text(meta: Mapping[str, Any], name: str, path: Path) -> str:
    value = meta.get(name)
    if value is None or str(value).strip() == "":
        raise BadInput(f"{path} is no metadata of a tracab game: it has no {name}")
    return str(value)


def _pitch(stated: Any, path: Path) -> tuple[float, float, str]:
    """Length and width, and where they are from. Positions are from the centre spot, so that a game can be read without them."""
    sides = [number(one, path, "pitch_dimensions") for one in stated[:2]] if isinstance(stated, list) else []
    if len(sides) == 2 and all(side > 0 for side in sides):
        return sides[0], sides[1], "as the file says"
    return LENGTH_M, WIDTH_M, f"{LENGTH_M:g} x {WIDTH_M:g} m, for it is not in the file"


def _floats(column: npt.NDArray[Any], path: Path, name: str) -> npt.NDArray[np.float64]:
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        return np.array([number(cell, path, name) for cell in column])


def _whole(column: npt.NDArray[Any], path: Path, name: str) -> npt.NDArray[np.int64]:
    values = _floats(column, path, name)
    if not np.isfinite(values).all():
        raise BadInput(f"{path} has nothing in {name} of row {int(np.flatnonzero(~np.isfinite(values))[0]) + 1}")
    return values.astype(np.int64)
