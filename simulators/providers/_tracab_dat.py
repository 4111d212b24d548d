"""TRACAB's own files, read by kloppy: a .dat of positions and its metadata."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from simulators.providers import Imported
from simulators.providers._files import content
from simulators.providers._stream import NO_DATE_US, TRACKING_DELAY_US, tracking
from streaming.errors import BadInput
from streaming.parts import reason
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

#: silence between two periods, so that nothing of one is taken for the continuation of the other
_BREAK_US = 900_000_000


def read_dat(raw: Path, meta: Path) -> Imported:
    """A game from TRACAB's pair of files.

    kloppy's coordinate system "tracab" is centimetres from the centre in the stadium's orientation. The metadata names
    no players before version 2, so they are called by team and shirt. Where home attacked is told by where the two
    teams stood on average.
    """
    from kloppy import tracab
    from kloppy.domain import BallState
    from kloppy.exceptions import KloppyError

    try:
        found: Any = tracab.load(
            meta_data=io.BytesIO(content(meta)), raw_data=io.BytesIO(content(raw)), coordinates="tracab",
            only_alive=False,
        )  # fmt: skip
    except (KloppyError, ValueError, KeyError, IndexError, AttributeError, TypeError, SyntaxError) as error:
        raise BadInput(f"{raw} and {meta} are no pair of TRACAB files: {reason(error)}") from error
    if not found.frames:
        raise BadInput(f"{raw} holds no frames")

    home, away = found.metadata.teams
    players = [(player, index) for index, team in enumerate((home, away)) for player in team.players]
    pitch = found.metadata.pitch_dimensions
    tag_of = {player.player_id: tag for tag, (player, _) in enumerate(players, 1)}
    xyz = np.full((len(found.frames), len(players) + 1, 3), np.nan)
    t_us, period, in_play = (np.zeros(len(found.frames), np.int64) for _ in range(3))
    starts: dict[int, int] = {}
    for i, frame in enumerate(found.frames):
        number, elapsed = frame.period.id, round(frame.timestamp.total_seconds() * 1e6)
        if number not in starts:
            starts[number] = NO_DATE_US if not starts else int(t_us[i - 1]) + _BREAK_US
        t_us[i], period[i] = starts[number] + elapsed, number
        in_play[i] = frame.ball_state == BallState.ALIVE
        if frame.ball_coordinates is not None:
            ball = frame.ball_coordinates
            xyz[i, 0] = ball.x / 100, ball.y / 100, np.nan if getattr(ball, "z", None) is None else ball.z / 100
        for player, place in frame.players_coordinates.items():
            xyz[i, tag_of[player.player_id]] = place.x / 100, place.y / 100, 0.0

    side = np.array([index for _, index in players])
    periods = []
    for number, start in starts.items():
        here = xyz[period == number][:, 1:, 0]
        ahead = np.nanmean(here[:, side == 1]) - np.nanmean(here[:, side == 0])
        end_us = int(t_us[period == number][-1])
        periods.append(Period(number=number, start_us=start, end_us=end_us, home_attacks=1 if ahead > 0 else -1))
    names = [str(team.name or team.team_id) for team in (home, away)]
    game = f"tracab-{found.metadata.game_id or raw.name.split('.')[0]}"
    entities = [Entity(id="ball", name="Ball", role="ball")]
    entities += [
        Entity(
            id=str(player.player_id), name=player.full_name or str(player.player_id), team=("home", "away")[index],
            shirt=player.jersey_no, role="keeper" if _keeps(xyz[:, tag_of[player.player_id], 0], pitch) else "player",
        )
        for player, index in players
    ]  # fmt: skip
    record = GameRecord(
        game=game, sport="soccer", t0_us=int(t_us[0]), title=" - ".join(names),
        teams=(Team(id="home", name=names[0]), Team(id="away", name=names[1])), entities=entities,
        tags=[Tag(tag=0, entity="ball"), *(Tag(tag=tag, entity=str(name)) for name, tag in tag_of.items())],
        feeds=[Feed(name="tracking", kind="telemetry", rate_hz=found.metadata.frame_rate, aligned=True)],
        periods=periods, grid_hz=found.metadata.frame_rate, length_m=pitch.pitch_length, width_m=pitch.pitch_width,
        provenance={
            "provider": "tracab", "files": f"{raw.name}, {meta.name}",
            "source": "TRACAB optical tracking, read by kloppy",
            "terms": "those of whoever gave you the files",
            "clock": "the period's own clock from 2000-01-01T00:00:00Z, 15 minutes between periods",
            "arrival": f"synthetic: {TRACKING_DELAY_US // 1000} ms after each frame",
        },
    )  # fmt: skip
    packets = tracking(game, "tracking", t_us, [0, *tag_of.values()], xyz, in_play.astype(np.float64))

    def stream() -> Iterator[Telemetry | Event]:
        yield from packets()

    return Imported(record, stream, int(np.isfinite(xyz[:, :, :2]).all(axis=2).sum()))


def _keeps(x_m: Any, pitch: Any) -> bool:
    """Whether somebody spends the median of a game within 20 m of a goal line: TRACAB's .dat does not say who keeps."""
    seen = x_m[np.isfinite(x_m)]
    return bool(len(seen)) and bool(np.median(np.abs(seen)) > pitch.pitch_length / 2 - 20)
