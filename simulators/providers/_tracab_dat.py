"""TRACAB's own files: a .dat of positions, a line a frame, and its metadata.

    frame:team,target,shirt,x,y,speed;...;:ball x,y,z,speed,owner,state;:

Centimetres from the centre spot in the stadium's orientation, speeds of players in m/s; team 1 is home, 0 away, others are
officials and unused slots. Our own reader: kloppy requires a date that is not used, and holds a game as objects. Before version 2
the metadata names no players: they are called by team and shirt.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from simulators.providers import Imported
from simulators.providers._direction import attack_by_positions, direction_sources, directions
from simulators.providers._files import lines, unique
from simulators.providers._stream import NO_DATE_US, TRACKING_DELAY_US, tracking
from simulators.providers._tracab_meta import Meta, read_meta
from streaming.errors import BadInput
from streaming.wire.records import Entity, Feed, GameRecord, Period, Tag, Team

#: silence between two periods, so that nothing of one is taken for the continuation of the other
_BREAK_US = 900_000_000
_SIDES = {"1": 0, "0": 1}
_STATES = {"alive": 1.0, "dead": 0.0}
#: a player this far from a goal line, or less, half of the time is its keeper: a .dat names no keepers
_KEEPS_M = 20.0
_VENDOR = "vendor_speed_mps"

Person = tuple[int, int]  # side, shirt


def read_dat(raw: Path, meta: Path) -> Imported:
    """A game from TRACAB's pair of files. Home's direction in each period is that of the metadata, else it
    follows from where keepers and teams stood."""
    about = read_meta(meta)
    frame, period, ball, in_play, places = _frames(raw, about)
    t_us = np.zeros(len(frame), np.int64)
    starts: dict[int, int] = {}
    for number in about.frames:
        rows = period == number
        if rows.any():
            starts[number] = int(t_us.max()) + _BREAK_US if starts else NO_DATE_US
            t_us[rows] = starts[number] + np.round((frame[rows] - about.frames[number][0]) * (1e6 / about.rate_hz)).astype(np.int64)
    players = list(dict.fromkeys([*((side, one.shirt) for side in (0, 1) for one in about.players[side]), *sorted(places)]))
    xyz = np.full((len(frame), len(players) + 1, 3), np.nan)
    speed = np.full((len(frame), len(players) + 1), np.nan)
    xyz[:, 0] = ball / 100
    for tag, who in enumerate(players, 1):
        if who in places:
            rows, x, y, v = np.frombuffer(places[who]).reshape(-1, 4).T
            at = rows.astype(np.int64)
            xyz[at, tag, 0], xyz[at, tag, 1], xyz[at, tag, 2], speed[at, tag] = x / 100, y / 100, 0.0, v

    entities = [Entity(id="ball", name="Ball", role="ball"), *_entities(about, players, xyz)]
    unique((entity.id for entity in entities), meta, "a player")
    team = np.array([-1, *(side for side, _ in players)])
    keeper = np.array([entity.role == "keeper" for entity in entities])
    stand = {number: attack_by_positions(xyz[period == number], team, keeper) for number in starts}
    attacks = directions(f"{raw} with {meta}", starts, about.stated, stand, {})
    last = max(starts)
    periods = []
    for number, start in starts.items():
        end_frame, seen = about.frames[number][1], int(frame[period == number][-1])
        over = number != last or 0 < end_frame <= seen
        end_us = int(t_us[period == number][-1]) if over else None
        periods.append(Period(number=number, start_us=start, end_us=end_us, home_attacks=attacks[number]))
    names = [name or fallback for name, fallback in zip(about.teams, ("home", "away"), strict=True)]
    game = f"tracab-{about.game or raw.name.split('.')[0]}"
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=int(t_us[0]),
        title=" - ".join(names),
        teams=(Team(id="home", name=names[0]), Team(id="away", name=names[1])),
        entities=entities,
        tags=[Tag(tag=tag, entity=entity.id) for tag, entity in enumerate(entities)],
        feeds=[Feed(name="tracking", kind="telemetry", rate_hz=about.rate_hz, aligned=True)],
        periods=periods,
        grid_hz=about.rate_hz,
        length_m=about.length_m,
        width_m=about.width_m,
        provenance={
            "provider": "tracab",
            "files": f"{raw.name}, {meta.name}",
            "source": "TRACAB optical tracking",
            "terms": "those of your source of the files",
            "clock": "the period's own clock from 2000-01-01T00:00:00Z, 15 minutes between periods",
            "arrival": f"synthetic: {TRACKING_DELAY_US // 1000} ms after each frame",
            "direction": direction_sources(starts, about.stated, stand, {}),
            "pitch": about.pitch,
        },
    )
    vendor = {_VENDOR: speed} if np.isfinite(speed).any() else {}
    packets = tracking(game, "tracking", t_us, list(range(len(entities))), xyz, in_play, vendor)
    channels = {"soccer.player.speed": (_VENDOR, 1.0)} if vendor else {}
    return Imported(record, packets, int(np.isfinite(xyz[:, :, :2]).all(axis=2).sum()), channel_references=channels)


Floats = npt.NDArray[np.float64]
#: row, x, y (cm) and speed of one person, one after the other: some 4 million numbers a match
Rows: TypeAlias = "array[float]"


def _frames(raw: Path, about: Meta) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats, Floats, dict[Person, Rows]]:
    """(T,) frame and period of all frames of play, (T, 3) ball in cm, (T,) in play, and the rows of each person."""
    frames: list[int] = []
    periods: list[int] = []
    ball: list[tuple[float, float, float]] = []
    in_play: list[float] = []
    places: dict[Person, Rows] = {}
    nan = float("nan")
    for line, words in lines(raw):
        parts = words.split(":")
        try:
            frame = int(parts[0])
            number = _period_of(frame, about)
            if not number:
                continue
            if frames and frame <= frames[-1]:
                raise BadInput(f"{raw} has frame {frame} at line {line} after frame {frames[-1]}: frames stand once and in order")
            row = len(frames)
            for slot in parts[1].split(";"):
                if not slot:
                    continue
                cells = slot.split(",")
                if cells[0] not in _SIDES or int(cells[2]) < 0:  # officials, unused slots
                    continue
                there = places.setdefault((_SIDES[cells[0]], int(cells[2])), array("d"))
                x, y, v = float(cells[3]), float(cells[4]), float(cells[5]) if len(cells) > 5 and cells[5] else nan
                if there and there[-4] == row:
                    if (there[-3], there[-2]) != (x, y):
                        side = "home" if cells[0] == "1" else "away"
                        raise BadInput(f"{raw} has two players of the {side} team with the shirt {cells[2]} at line {line}")
                    continue
                there.extend((row, x, y, v))
            cells = parts[2].rstrip(";").split(",") if len(parts) > 2 and parts[2].strip(";") else []
            ball.append((float(cells[0]), float(cells[1]), float(cells[2])) if cells else (nan, nan, nan))
            in_play.append(_STATES.get(cells[5].lower(), nan) if len(cells) > 5 else nan)
            frames.append(frame)
            periods.append(number)
        except (ValueError, IndexError):
            raise BadInput(f"{raw} is cut short or damaged: line {line} is no frame of TRACAB's") from None
    if not frames:
        raise BadInput(f"{raw} holds no frames of a period")
    return np.array(frames), np.array(periods), np.array(ball), np.array(in_play), places


def _period_of(frame: int, about: Meta) -> int:
    """The period of a frame, 0 outside; one whose last frame is not known yet is open until the next begins."""
    for number in reversed(about.frames):
        first, last = about.frames[number]
        if frame >= first:
            return number if not 0 < last < frame else 0
    return 0


def _entities(about: Meta, players: list[Person], xyz: Floats) -> Iterator[Entity]:
    known = {(side, one.shirt): one for side in (0, 1) for one in about.players[side]}
    for tag, (side, shirt) in enumerate(players, 1):
        one, fallback = known.get((side, shirt)), f"{('home', 'away')[side]}_{shirt}"
        x = xyz[:, tag, 0]
        seen = x[np.isfinite(x)]
        near = bool(len(seen)) and bool(np.median(np.abs(seen)) > about.length_m / 2 - _KEEPS_M)
        named = one is not None and bool(one.position)
        keeps = one.position == "Goalkeeper" if one is not None and named else near
        yield Entity(
            id=(one.ident if one else "") or fallback,
            name=(one.name if one else "") or fallback,
            team=("home", "away")[side],
            shirt=shirt,
            role="keeper" if keeps else "player",
            position=one.position if one else "",
        )
