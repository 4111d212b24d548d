"""SkillCorner's published files of a match: ``…_match.json``, ``…_tracking_extrapolated.jsonl`` and, if there is one,
``…_dynamic_events.csv``.

A line of the tracking is a frame: ball and players in metres from the centre spot in the stadium's orientation, some of them
extrapolated where the picture did not show them. ``home_team_side`` says which way home attacks in each half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.providers import Imported
from simulators.providers._direction import attack_by_positions, direction_sources, directions, shot_votes
from simulators.providers._files import document, lines, number, parsed, shirt, unique
from simulators.providers._skillcorner_events import SIDES, Possessions, events_of, read_possessions, references_of
from simulators.providers._stream import (
    EVENT_DELAY_US,
    NO_DATE_US,
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

LENGTH_M, WIDTH_M = 105.0, 68.0
#: frames a second unless their stamps differ
RATE_HZ = 10.0
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """(T,) frame and period (0 outside), (T, 1 + N, 3) ball and players, how many places were extrapolated and how many belong to
    no player of the match, and frames a second."""

    frame: Ints
    period: Ints
    xyz_m: Floats
    extrapolated: int
    strangers: int
    rate_hz: float


def read_open(about: Path, positions: Path, coded: Path | None, unused: list[Path]) -> Imported:
    meta = document(about)
    teams = _team(meta, "home_team", about), _team(meta, "away_team", about)
    game = f"skillcorner-{meta['id']}" if meta.get("id") is not None else f"skillcorner-{about.name.split('_')[0]}"
    found = read_possessions(coded) if coded else Possessions(about, [])
    entities = _entities(meta, about)
    named = found.players()
    squad = [one if one.name else _with_name(one, named) for one in entities]
    # whom only the events know has a name and a team there
    known = {one.id for one in squad}
    squad += [one for one in named.values() if one.id not in known and one.team in (teams[0].id, teams[1].id)]
    track = _track(positions, meta, squad)
    t_us = NO_DATE_US + np.round((track.frame - track.frame[0]) * (1e6 / track.rate_hz)).astype(np.int64)
    sides = (number((meta.get(name)), about, name) for name in ("pitch_length", "pitch_width"))
    length_m, width_m = sides
    has_size = length_m > 0 and width_m > 0
    length_m, width_m = (length_m, width_m) if has_size else (LENGTH_M, WIDTH_M)

    def clock(frame: int) -> int:
        return NO_DATE_US + round((frame - int(track.frame[0])) * 1e6 / track.rate_hz)

    spans = _spans(meta, track, t_us, clock)
    stated = _stated(meta, found, teams[0].id, about)
    events = events_of(found, game, clock, {teams[0].id: teams[1].id, teams[1].id: teams[0].id})
    entities = [*squad, Entity(id="ball", name="Ball", role="ball")]
    events, unknown = without_unknown_players(events, teams, entities, str(coded))
    team = np.array([-1, *(int(one.team == teams[1].id) for one in squad)])
    keeper = np.array([False, *(one.role == "keeper" for one in squad)])
    places = {number_: attack_by_positions(track.xyz_m[track.period == number_], team, keeper) for number_ in spans}
    votes = shot_votes(events, (teams[0].id, teams[1].id), length_m)
    attacks = directions(str(about), spans, stated, places, votes)
    periods = [Period(number=n, start_us=start, end_us=end, home_attacks=attacks[n]) for n, (start, end) in spans.items()]
    timed = in_time_order([*events, *edges(game, periods)])
    scores = [meta.get(f"{side}_team_score") for side in ("home", "away")]
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=int(t_us[0]),
        title=f"{teams[0].name} - {teams[1].name}",
        teams=teams,
        entities=entities,
        tags=[Tag(tag=0, entity="ball"), *(Tag(tag=tag, entity=one.id) for tag, one in enumerate(squad, 1))],
        feeds=[
            Feed(name="tracking", kind="telemetry", rate_hz=track.rate_hz, aligned=True),
            Feed(name="events", kind="events", lateness_ms=5000, sync_ms=100),
        ],
        periods=periods,
        grid_hz=track.rate_hz,
        length_m=length_m,
        width_m=width_m,
        provenance={
            "provider": "skillcorner",
            "files": ", ".join(path.name for path in (about, positions, coded) if path),
            "source": "SkillCorner open data, broadcast tracking and dynamic events",
            "terms": "SkillCorner opendata: MIT",
            "result": f"{scores[0]}:{scores[1]}" if None not in scores else "",
            "clock": f"frame / {track.rate_hz:g} Hz from 2000-01-01T00:00:00Z",
            "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
            "direction": direction_sources(spans, stated, places, votes),
            "pitch": "as the file says" if has_size else f"{LENGTH_M:g} x {WIDTH_M:g} m, for it is not in the file",
            "extrapolated": f"{track.extrapolated:,} of {int(np.isfinite(track.xyz_m[:, :, 0]).sum()):,} places",
            **({"unused": ", ".join(path.name for path in unused)} if unused else {}),
        }
        | unknown
        | _strangers(track),
    )
    packets = tracking(game, "tracking", t_us, list(range(len(squad) + 1)), track.xyz_m)
    samples = int(np.isfinite(track.xyz_m[:, :, :2]).all(axis=2).sum())
    return Imported(record, lambda: in_arrival_order(packets(), timed), samples, references_of(timed))


def _strangers(track: Track) -> dict[str, str]:
    if not track.strangers:
        return {}
    return {"strangers": f"{track.strangers:,} places of players who are not in the match are left out"}


def _team(meta: Mapping[str, Any], name: str, path: Path) -> Team:
    team = meta.get(name)
    if not isinstance(team, dict) or team.get("id") is None:
        raise BadInput(f"{path} is no match of skillcorner: it has no {name} with an id")
    ident = str(team["id"])
    return Team(id=ident, name=str(team.get("name") or team.get("short_name") or ident), short=str(team.get("acronym") or ""))


def _entities(meta: Mapping[str, Any], path: Path) -> list[Entity]:
    entities = []
    for row in meta.get("players") or []:
        if not isinstance(row, dict) or row.get("id") is None:
            raise BadInput(f"{path} has a player without an id")
        listed_role = row.get("player_role")
        role, team = listed_role if isinstance(listed_role, dict) else {}, row.get("team_id")
        whole = " ".join(str(row[part]) for part in ("first_name", "last_name") if row.get(part))
        entities.append(
            Entity(
                id=str(row["id"]),
                name=str(row.get("short_name") or whole),
                team=None if team is None else str(team),
                shirt=shirt(row.get("number")),
                position=str(role.get("name") or ""),
                role="keeper" if role.get("acronym") == "GK" or role.get("name") == "Goalkeeper" else "player",
            )
        )
    unique((one.id for one in entities), path, "a player")
    return entities


def _with_name(one: Entity, named: Mapping[str, Entity]) -> Entity:
    known = named.get(one.id)
    return Entity(
        id=one.id, name=known.name if known else one.id, team=one.team, role=one.role, shirt=one.shirt, position=one.position
    )


def _track(path: Path, meta: Mapping[str, Any], squad: list[Entity]) -> Track:
    row_of = {one.id: n for n, one in enumerate(squad, 1)}
    for row in meta.get("players") or []:  # tracking of some seasons goes by the number of the tracked object
        if row.get("trackable_object") is not None:
            row_of.setdefault(str(row["trackable_object"]), row_of[str(row["id"])])
    frames: list[int] = []
    periods: list[int] = []
    at: list[tuple[int, int, float, float, float]] = []
    stamps: dict[int, list[tuple[int, float]]] = {}
    extrapolated = strangers = 0
    for line, words in lines(path):
        source = f"{path}, line {line}"
        frame = parsed(words, path, line)
        if not isinstance(frame, dict) or frame.get("frame") is None:
            raise BadInput(f"{source} has no frame")
        number_ = int(number(frame["frame"], path, "frame", line))
        if frames and number_ <= frames[-1]:
            raise BadInput(f"{source} has frame {number_} after frame {frames[-1]}: frames stand once and in order")
        period = number(frame.get("period"), path, "period", line)
        frames.append(number_)
        periods.append(int(period) if period == period else 0)
        if (seconds := _seconds(frame.get("timestamp"))) is not None and periods[-1]:
            ends = stamps.setdefault(periods[-1], [])
            ends[1:] = [(number_, seconds)] if ends else []
            if not ends:
                ends.append((number_, seconds))
        seen = [(0, frame.get("ball_data"))]
        for one in frame.get("player_data") or []:
            who = row_of.get(str(one.get("player_id", one.get("trackable_object"))))
            strangers += who is None
            if who is not None:
                seen.append((who, one))
        twice = [who for who, count in Counter(who for who, _ in seen).items() if count > 1]
        if twice:
            raise BadInput(f"{source} has two places of {squad[twice[0] - 1].id}")
        for who, one in seen:
            if not one or one.get("x") is None or one.get("y") is None:
                continue
            z = 0.0 if who else number(one.get("z"), path, "z", line)
            at.append((len(frames) - 1, who, number(one["x"], path, "x", line), number(one["y"], path, "y", line), z))
            extrapolated += one.get("is_detected") is False
    if not frames or not any(periods):
        raise BadInput(f"{path} holds no frames of a period")
    xyz = np.full((len(frames), len(squad) + 1, 3), np.nan)
    if at:
        cells = np.array(at)
        xyz[cells[:, 0].astype(np.int64), cells[:, 1].astype(np.int64)] = cells[:, 2:]
    return Track(np.array(frames, np.int64), np.array(periods, np.int64), xyz, extrapolated, strangers, _rate(stamps))


def _seconds(stamp: Any) -> float | None:
    """00:12:34.50, the time in a match, in seconds."""
    try:
        hours, minutes, seconds = str(stamp).split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None


def _rate(stamps: Mapping[int, list[tuple[int, float]]]) -> float:
    """Frames a second by the first and last stamp of the longest period."""
    whole = [ends for ends in stamps.values() if len(ends) == 2 and ends[1][1] > ends[0][1]]
    spans = [(last[0] - first[0], last[1] - first[1]) for first, last in whole]
    if not spans:
        return RATE_HZ
    frames, seconds = max(spans)
    return float(max(round(frames / seconds), 1))


def _spans(meta: Mapping[str, Any], track: Track, t_us: Ints, clock: Any) -> dict[int, tuple[int, int | None]]:
    """When each period begins and ends: as ``match_periods`` has it, else by its frames. The last one is open until its end is
    seen."""
    stated = {int(row["period"]): row for row in meta.get("match_periods") or [] if isinstance(row, dict) and row.get("period")}
    numbers = sorted(int(n) for n in np.unique(track.period) if n > 0)
    spans: dict[int, tuple[int, int | None]] = {}
    for n in numbers:
        inside = t_us[track.period == n]
        row = stated.get(n, {})
        start = clock(int(row["start_frame"])) if row.get("start_frame") is not None else int(inside[0])
        end_frame = row.get("end_frame")
        if end_frame is not None and (int(end_frame) <= int(track.frame[-1]) or n != numbers[-1]):
            end: int | None = clock(int(end_frame))
        else:
            end = int(inside[-1]) if n != numbers[-1] else None
        spans[n] = min(start, int(inside[0])), end
    return spans


def _stated(meta: Mapping[str, Any], found: Possessions, home: str, path: Path) -> dict[int, Side]:
    """Home's direction by ``home_team_side``, and in the periods that it does not reach by the events' own ``attacking_side``."""
    words = meta.get("home_team_side")
    listed: dict[int, Side] = {}
    for n, word in enumerate(words if isinstance(words, list) else [], 1):
        if word not in SIDES:
            raise BadInput(f"{path} has {word!r} in home_team_side, where left_to_right or right_to_left belongs")
        listed[n] = SIDES[word]
    rows = found.attacks(home)
    for n in listed.keys() & rows.keys():
        if listed[n] != rows[n]:
            raise BadInput(f"{path} and {found.path} contradict each other: which way did home attack in period {n}?")
    return rows | listed
