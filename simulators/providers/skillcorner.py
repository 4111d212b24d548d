"""SkillCorner open data as published: match.json, tracking_extrapolated.jsonl, dynamic_events.csv; or re-packed, the ball alone.

The first shape is read by ``_skillcorner_open``. The second (``…_ball.csv``, ``…_events.csv``, ``…_meta.json``) is a re-packing of
the same data with the ball alone: players are known by name from the events but have no positions. Our own reader: kloppy reads the
tracking, not the events that go with it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulators.providers import Imported
from simulators.providers._direction import direction_sources, directions, shot_votes
from simulators.providers._files import document, maybe, number, only, pick, rows
from simulators.providers._skillcorner_events import SIDES, Possessions, events_of, read_possessions, references_of
from simulators.providers._skillcorner_open import LENGTH_M, WIDTH_M, read_open
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

RATE_HZ = 10.0
_FRAME_US = 100_000
_TAKES = "…_match.json, …_tracking_extrapolated.jsonl and …_dynamic_events.csv, or …_ball.csv, …_events.csv and …_meta.json"


def read(files: list[Path]) -> Imported:
    """One match; the names of the files decide its shape."""
    positions = maybe(files, "skillcorner", "the tracking (.jsonl)", lambda name: name.endswith(".jsonl"))
    if positions is None and maybe(files, "skillcorner", "match.json", lambda name: name.endswith("match.json")) is None:
        return _read_packed(files)
    positions = pick(files, "skillcorner", "…_tracking_extrapolated.jsonl", lambda name: name.endswith(".jsonl"))
    about = pick(files, "skillcorner", "…_match.json", lambda name: name.endswith(("match.json", "match_data.json")))
    coded = maybe(files, "skillcorner", "the events", lambda name: name.endswith("events.csv"))
    # published beside the others, and about phases of play that the vocabulary has no word for
    phases = maybe(files, "skillcorner", "the phases of play", lambda name: name.endswith("phases_of_play.csv"))
    only(files, [positions, about, coded, phases], "skillcorner", _TAKES)
    return read_open(about, positions, coded, [phases] if phases else [])


def _read_packed(files: list[Path]) -> Imported:
    ball = pick(files, "skillcorner", "the ball (…_ball.csv)", lambda name: name.endswith("ball.csv"))
    coded = pick(files, "skillcorner", "the events (…_events.csv)", lambda name: name.endswith("events.csv"))
    about = pick(files, "skillcorner", "…_meta.json", lambda name: name.endswith("meta.json"))
    only(files, [ball, coded, about], "skillcorner", _TAKES)
    meta = document(about)
    sides = meta.get("home_team_side")
    if meta.get("match_id") is None or not isinstance(sides, list) or not sides or any(side not in SIDES for side in sides):
        raise BadInput(
            f"{about} is no skillcorner file: it needs match_id and home_team_side (left_to_right or right_to_left a half)"
        )
    game = f"skillcorner-{meta['match_id']}"
    size_m = [number(meta.get(name), about, name) for name in ("pitch_length", "pitch_width")]
    length_m, width_m = size_m if all(side > 0 for side in size_m) else (LENGTH_M, WIDTH_M)

    frame, period, xyz = _ball(ball)
    t_us = NO_DATE_US + (frame - frame[0]) * _FRAME_US
    found = read_possessions(coded)
    teams = found.teams
    home = _home(found, SIDES[sides[0]])
    away = next(team for team in teams if team != home)
    events = events_of(found, game, lambda at: NO_DATE_US + (at - int(frame[0])) * _FRAME_US, {home: away, away: home})
    sided = (Team(id=home, name=teams[home]), Team(id=away, name=teams[away]))
    entities = [*found.players().values(), Entity(id="ball", name="Ball", role="ball")]
    events, unknown = without_unknown_players(events, sided, entities, str(coded))

    numbers = [int(n) for n in np.unique(period) if n > 0]
    stated: dict[int, Side] = {n: SIDES[side] for n, side in enumerate(sides, 1)}
    by_rows = found.attacks(home)
    for n in stated.keys() & by_rows.keys():
        if stated[n] != by_rows[n]:
            raise BadInput(f"{about} and {coded} contradict each other: which way did home attack in period {n}?")
    stated = by_rows | stated
    votes = shot_votes(events, (home, away), length_m)
    attacks = directions(str(coded), numbers, stated, {}, votes)
    periods = []
    for n in numbers:
        inside = t_us[period == n]
        # the re-packed track has no whistle: a half is over when the other has begun, and the end of the last one is unknown
        over_us = int(inside[-1]) if n != numbers[-1] else None
        periods.append(Period(number=n, start_us=int(inside[0]), end_us=over_us, home_attacks=attacks[n]))
    timed = in_time_order([*events, *edges(game, periods)])
    record = GameRecord(
        game=game,
        sport="soccer",
        t0_us=int(t_us[0]),
        title=f"{teams[home]} - {teams[away]}",
        teams=sided,
        entities=entities,
        tags=[Tag(tag=0, entity="ball")],
        feeds=[
            Feed(name="ball", kind="telemetry", rate_hz=RATE_HZ, aligned=True),
            Feed(name="events", kind="events", lateness_ms=5000, sync_ms=100),
        ],
        periods=periods,
        grid_hz=RATE_HZ,
        length_m=length_m,
        width_m=width_m,
        provenance={
            "provider": "skillcorner",
            "files": ", ".join(path.name for path in files),
            "source": "SkillCorner open data re-packed: broadcast tracking of the ball and possession events",
            "terms": "SkillCorner opendata: MIT",
            "clock": "frame / 10 Hz from 2000-01-01T00:00:00Z, since the date in the files is meaningless",
            "arrival": f"synthetic: ball {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
            "direction": direction_sources(numbers, stated, {}, votes),
        }
        | unknown,
    )
    packets = tracking(game, "ball", t_us, [0], xyz[:, None, :])
    samples = int(np.isfinite(xyz[:, :2]).all(axis=1).sum())
    references = references_of(timed)
    references.pop("soccer.pass.opponents_bypassed", None)  # there are no opponents to pass
    return Imported(record, lambda: in_arrival_order(packets(), timed), samples, references)


def _ball(path: Path) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """(T,) frame and period, (T, 3) place."""
    names = ("frame", "period", "x", "y", "z")
    track = rows(path, "skillcorner", names)
    if not track:
        raise BadInput(f"{path} holds no frames")
    cells = np.array([[number(row[name], path, name, line) for name in names] for line, row in enumerate(track, 2)])
    if not np.isfinite(cells[:, :2]).all():
        line = int(np.flatnonzero(~np.isfinite(cells[:, :2]).all(axis=1))[0]) + 2
        raise BadInput(f"{path} is cut short: line {line} has no frame or no period")
    frame, period = cells[:, 0].astype(np.int64), cells[:, 1].astype(np.int64)
    if (np.diff(frame) <= 0).any():
        raise BadInput(f"{path} has frame {frame[1:][np.diff(frame) <= 0][0]} out of order: frames stand once and in order")
    return frame, period, cells[:, 2:5]


def _home(found: Possessions, first: Side) -> str:
    """The team that went the way that home went in the first half; ``BadInput`` when that is not one of two."""
    ways = {team: found.attacks(team).get(1) for team in found.teams}
    at_home = [team for team, way in ways.items() if way == first]
    if len(ways) != 2 or len(at_home) != 1:
        raise BadInput(f"{found.path} does not separate two teams and their sides")
    return at_home[0]
