"""SkillCorner open data: the ball at 10 Hz (``_ball.csv``), possession events (``_events.csv``) and ``_meta.json``.

Our own reader: kloppy reads SkillCorner's structured tracking, not this re-packed ball track. Event coordinates are
turned by the provider so that the team on the ball attacks towards +x; ``attacking_side`` says which way it really
went, and they are turned back. Players are known by name from the events but have no positions here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulators.providers import Imported
from simulators.providers._files import document, metres, number, only, pick, present, rows
from simulators.providers._stream import (
    EVENT_DELAY_US,
    NO_DATE_US,
    TRACKING_DELAY_US,
    Side,
    attacks,
    check_attacks,
    edges,
    in_arrival_order,
    in_time_order,
    tracking,
)
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team

RATE_HZ = 10.0
_FRAME_US = 100_000
_COLUMNS = (
    "event_id", "event_type", "frame_end", "period", "attacking_side", "player_id", "player_name", "player_position",
    "team_id", "team_shortname", "x_end", "y_end", "end_type", "pass_outcome", "game_interruption_after",
)  # fmt: skip
_SIDES: dict[str, Side] = {"left_to_right": 1, "right_to_left": -1}
_SET_PIECES = {
    "corner_for": "corner", "free_kick_for": "free_kick", "throw_in_for": "throw_in", "goal_kick_for": "goal_kick",
}  # fmt: skip
_PASS = {"successful": "complete", "unsuccessful": "incomplete", "offside": "offside"}


def read(files: list[Path]) -> Imported:
    """The three files of one match."""
    ball = pick(files, "skillcorner", "the ball (…_ball.csv)", lambda name: name.endswith("ball.csv"))
    coded = pick(files, "skillcorner", "the events (…_events.csv)", lambda name: name.endswith("events.csv"))
    about = pick(files, "skillcorner", "…_meta.json", lambda name: name.endswith("meta.json"))
    only(files, [ball, coded, about], "skillcorner", "…_ball.csv, …_events.csv and …_meta.json")
    meta = document(about)
    try:
        game = f"skillcorner-{meta['match_id']}"
        length_m, width_m = float(meta["pitch_length"]), float(meta["pitch_width"])
        sides = [_SIDES[side] for side in meta["home_team_side"]]
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{about} is no skillcorner file: {error!r}") from error

    track = rows(ball, "skillcorner", ("frame", "period", "x", "y", "z"))
    if not track:
        raise BadInput(f"{ball} holds no frames")
    cells = np.array([[number(row[name], ball, name) for name in ("frame", "period", "x", "y", "z")] for row in track])
    if not np.isfinite(cells[:, :2]).all():
        raise BadInput(f"{ball} is cut short: a row has no frame or no period")
    frame, period = cells[:, 0].astype(np.int64), cells[:, 1].astype(np.int64)
    t_us = NO_DATE_US + (frame - frame[0]) * _FRAME_US

    coded_rows = [row for row in rows(coded, "skillcorner", _COLUMNS) if row["event_type"] == "player_possession"]
    teams = {row["team_id"]: row["team_shortname"] for row in coded_rows}
    opening = [row for row in coded_rows if row["period"] == "1"]
    at_home = {row["team_id"] for row in opening if _SIDES.get(row["attacking_side"]) == sides[0]}
    if len(teams) != 2 or len(at_home) != 1:
        raise BadInput(f"{coded} does not tell two teams and their sides apart")
    home = at_home.pop()
    away = next(team for team in teams if team != home)
    players = {row["player_id"]: row for row in coded_rows if row["player_id"]}
    periods = []
    for n in np.unique(period).tolist():
        inside = t_us[period == n]
        attack = sides[n - 1 if n <= len(sides) else (n - 1) % 2]
        periods.append(Period(number=n, start_us=int(inside[0]), end_us=int(inside[-1]), home_attacks=attack))
    events = _events(coded, coded_rows, game, int(frame[0]))
    shots = [event for event in events if event.type == "shot"]
    told = attacks((e.period, 0 if e.team == home else 1, np.nan if e.x_m is None else e.x_m) for e in shots)
    check_attacks(str(coded), periods, told)
    events = in_time_order([*events, *edges(game, periods)])
    record = GameRecord(
        game=game, sport="soccer", t0_us=int(t_us[0]), title=f"{teams[home]} - {teams[away]}",
        teams=(Team(id=home, name=teams[home]), Team(id=away, name=teams[away])),
        entities=[
            Entity(
                id=ident, name=row["player_name"], team=row["team_id"], position=row["player_position"],
                role="keeper" if row["player_position"] == "GK" else "player",
            )
            for ident, row in players.items()
        ] + [Entity(id="ball", name="Ball", role="ball")],
        tags=[Tag(tag=0, entity="ball")],
        feeds=[
            Feed(name="ball", kind="telemetry", rate_hz=RATE_HZ, aligned=True),
            Feed(name="events", kind="events", lateness_ms=5000, sync_ms=100),
        ],
        periods=periods, grid_hz=RATE_HZ, length_m=length_m, width_m=width_m,
        provenance={
            "provider": "skillcorner", "files": ", ".join(path.name for path in files),
            "source": "SkillCorner open data, broadcast tracking of the ball and possession events",
            "terms": "SkillCorner opendata: MIT",
            "clock": "frame / 10 Hz from 2000-01-01T00:00:00Z, since the date in the files is meaningless",
            "arrival": f"synthetic: ball {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
        },
    )  # fmt: skip
    packets = tracking(game, "ball", t_us, [0], cells[:, None, 2:5])
    return Imported(record, lambda: in_arrival_order(packets(), events), len(t_us))


def _events(path: Path, possessions: list[dict[str, str]], game: str, first_frame: int) -> list[Event]:
    """A possession ends in a pass, a shot, a clearance or a loss: that is the event, at ``frame_end``."""
    events = []
    for row in possessions:
        side = _SIDES.get(row["attacking_side"])
        if side is None:
            raise BadInput(f"{path} has {row['attacking_side']!r} in the column attacking_side")
        t_us = NO_DATE_US + (int(present(row["frame_end"], path, "frame_end")) - first_frame) * _FRAME_US
        attrs: dict[str, str | float | bool] = {}
        end = np.nan, np.nan
        if row["end_type"] == "pass":
            kind, outcome = "pass", _PASS.get(row["pass_outcome"], "")
            if outcome == "complete" and row.get("player_targeted_id"):
                attrs["receiver"] = row["player_targeted_id"].removesuffix(".0")
                end = tuple(
                    number(row.get(f"player_targeted_{axis}_reception"), path, axis) * side for axis in ("x", "y")
                )  # type: ignore[assignment]
        elif row["end_type"] == "shot":
            kind, outcome = "shot", _shot_outcome(row)
            attrs["body_part"] = "head" if row.get("is_header") == "True" else "other"
        elif row["end_type"] == "clearance":
            kind, outcome = "clearance", ""
        elif row["end_type"] == "possession_loss":
            kind, outcome = "duel", "lost"
        else:
            continue
        before = _SET_PIECES.get(row.get("game_interruption_before", ""))
        if before and kind == "shot":
            attrs["phase"] = before
        if row.get("one_touch") == "True":
            attrs["first_time"] = True
        events.append(
            Event(
                id=row["event_id"], game=game, type=kind, t_us=t_us, period=int(present(row["period"], path, "period")),
                team=row["team_id"], player=row["player_id"], x_m=metres(number(row["x_end"], path, "x_end") * side),
                y_m=metres(number(row["y_end"], path, "y_end") * side), end_x_m=metres(end[0]), end_y_m=metres(end[1]),
                outcome=outcome, attrs=attrs, arrival_us=t_us + EVENT_DELAY_US,
            )
        )  # fmt: skip
    return events


def _shot_outcome(row: dict[str, str]) -> str:
    """What the file tells: a goal, a goal kick, or nothing. Saved and blocked shots are not told apart: no outcome."""
    return {"goal_for": "goal", "goal_kick_against": "off_target"}.get(row["game_interruption_after"], "")
