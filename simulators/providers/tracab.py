"""TRACAB optical tracking, 25 Hz, with Opta events: re-packed Parquet and CSV, or TRACAB's own .dat and metadata.

Two shapes are read. The first is the one in which databallpy saves a game (``tracking.parquet`` or ``.csv``, with
``metadata.json`` and ``players.csv``, and ``events.csv`` and ``shots.csv`` if there are any), by our own reader, since
kloppy knows only the original files. The second is the original pair, ``.dat`` and ``.xml``, by kloppy.

databallpy turns both teams' coordinates so that home always attacks towards +x and lists the periods that it turned:
they are turned back here. Events were never synchronised with the tracking: ``sync_ms`` says so to the event matcher.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from simulators.providers import Imported
from simulators.providers._files import document, maybe, metres, number, only, pick, present, rows, table
from simulators.providers._stream import (
    EVENT_DELAY_US,
    NO_DATE_US,
    TRACKING_DELAY_US,
    Side,
    attacks,
    check_attacks,
    in_arrival_order,
    in_time_order,
    tracking,
)
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Tag, Team

_TAKES = "tracking.parquet (or .csv), metadata.json, players.csv, events.csv and shots.csv, or a .dat with its .xml"

#: Opta's event types (F24 appendix) -> (type, outcome when successful, outcome when not); None: not reported
_OPTA: dict[int, tuple[str, str | None, str | None]] = {
    1: ("pass", "complete", "incomplete"), 2: ("pass", "offside", "offside"), 3: ("dribble", "complete", "incomplete"),
    7: ("tackle", "won", "lost"), 8: ("interception", "", ""), 10: ("save", "", ""), 11: ("recovery", "", None),
    12: ("clearance", "", ""),
    13: ("shot", "off_target", "off_target"), 14: ("shot", "post", "post"), 15: ("shot", "saved", "saved"),
    16: ("shot", "goal", "goal"), 17: ("card", "", ""),
    44: ("duel", "won", "lost"), 45: ("duel", "lost", "lost"), 49: ("recovery", "", ""), 50: ("duel", "lost", "lost"),
    74: ("block", "", ""),
}  # fmt: skip
#: what both teams report, within a second of each other
_OF_BOTH = {4: "foul", 5: "out", 30: "period_end", 32: "period_start"}
_SAME_US = 1_000_000
_SHOT_OUTCOMES = {
    "miss_off_target": "off_target", "miss_hit_post": "post", "on_target_saved": "saved", "blocked": "blocked",
    "goal": "goal", "goal_on_target": "goal", "own_goal": "goal",
}  # fmt: skip
_PHASES = {
    "open_play": "open_play", "counter_attack": "open_play", "corner_kick": "corner", "free_kick": "free_kick",
    "throw_in": "throw_in", "penalty": "penalty",
}  # fmt: skip
_BODY = {"head": "head", "left_foot": "left_foot", "right_foot": "right_foot", "other": "other"}


def read(files: list[Path]) -> Imported:
    """One game; see the module's docstring for the files."""
    raw = maybe(files, "tracab", "the positions", lambda name: name.endswith(".dat"))
    if raw is not None:
        from simulators.providers._tracab_dat import read_dat

        meta = pick(files, "tracab", "the metadata (.xml)", lambda name: name.endswith((".xml", ".json")))
        only(files, [raw, meta], "tracab", _TAKES)
        return read_dat(raw, meta)
    return _read_saved(files)


def _read_saved(files: list[Path]) -> Imported:
    positions = pick(files, "tracab", "tracking.parquet (or .csv)", lambda name: name.startswith("tracking."))
    about = pick(files, "tracab", "metadata.json", lambda name: name == "metadata.json")
    who = pick(files, "tracab", "players.csv", lambda name: name == "players.csv")
    coded = maybe(files, "tracab", "the events", lambda name: name == "events.csv")
    shots = maybe(files, "tracab", "the shots", lambda name: name == "shots.csv")
    only(files, [positions, about, who, coded, shots], "tracab", _TAKES)

    meta = document(about)
    try:
        rate = float(meta["tracking_data_frame_rate"])
        length_m, width_m = (float(side) for side in meta["pitch_dimensions"])
        ids = str(meta["home_team_id"]), str(meta["away_team_id"])
        turned = {int(period) for period in meta.get("_periods_changed_playing_direction") or []}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{about} is no metadata of a tracab game: {error!r}") from error
    game = f"tracab-{ids[0].removeprefix('T-')}-{ids[1].removeprefix('T-')}"

    squad = rows(who, "tracab", ("id", "full_name", "shirt_num", "position", "team"))
    entities = [
        Entity(
            id=row["id"], name=row["full_name"], team=ids[0 if row["team"] == "home" else 1],
            role="keeper" if row["position"] == "goalkeeper" else "player", shirt=int(present(row["shirt_num"], who, "shirt_num")),
            position=row["position"],
        )
        for row in squad
    ]  # fmt: skip
    entities.append(Entity(id="ball", name="Ball", role="ball"))

    seen = table(positions, "tracab", ("frame", "period", "time_s", "ball_x", "ball_y", "ball_z", "ball_status"))
    columns = [(f"{row['team']}_{row['shirt_num']}", tag) for tag, row in enumerate(squad, 1)] + [("ball", 0)]
    columns = [(name, tag) for name, tag in columns if f"{name}_x" in seen]
    frame, period = seen["frame"].astype(np.int64), seen["period"].astype(np.int64)
    t_us = NO_DATE_US + np.round((frame - frame[0]) * (1e6 / rate)).astype(np.int64)
    turn = np.where(np.isin(period, list(turned)), -1.0, 1.0)
    xyz = np.full((len(frame), len(columns), 3), np.nan)
    for i, (name, _) in enumerate(columns):
        xyz[:, i, 0], xyz[:, i, 1] = seen[f"{name}_x"] * turn, seen[f"{name}_y"] * turn
        xyz[:, i, 2] = seen["ball_z"] if name == "ball" else 0.0
    status = seen["ball_status"]
    in_play = np.where(status == "alive", 1.0, np.where(status == "dead", 0.0, np.nan))

    start = {int(p): int(t_us[period == p][0]) for p in np.unique(period) if p > 0}
    periods = [Period(number=p, start_us=t, home_attacks=-1 if p in turned else 1) for p, t in start.items()]
    whole = [
        Period(number=p.number, start_us=p.start_us, end_us=after.start_us, home_attacks=p.home_attacks)
        for p, after in pairwise(periods)
    ]
    periods = whole + periods[-1:]
    events = _events(coded, shots, game, start, turned, float(seen["time_s"][0])) if coded else []
    check_attacks(str(coded), periods, _told(events, ids))
    record = GameRecord(
        game=game, sport="soccer", t0_us=int(t_us[0]),
        title=f"{meta.get('home_team_name') or ids[0]} - {meta.get('away_team_name') or ids[1]}",
        teams=(
            Team(id=ids[0], name=str(meta.get("home_team_name") or ids[0]), short="HOM"),
            Team(id=ids[1], name=str(meta.get("away_team_name") or ids[1]), short="AWY"),
        ),
        entities=entities,
        tags=[Tag(tag=tag, entity="ball" if tag == 0 else squad[tag - 1]["id"]) for _, tag in columns],
        feeds=[
            Feed(name="tracking", kind="telemetry", rate_hz=rate, aligned=True),
            Feed(name="events", kind="events", lateness_ms=5000, sync_ms=5000),
        ],
        periods=periods, grid_hz=rate, length_m=length_m, width_m=width_m,
        provenance={
            "provider": "tracab", "files": ", ".join(path.name for path in files),
            "source": "TRACAB optical tracking and Opta events in the form in which databallpy saves a game",
            "terms": "those of whoever gave you the files (databallpy's sample game: MIT)",
            "clock": "frame / rate from 2000-01-01T00:00:00Z, since the date is not in the files",
            "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
        },
    )  # fmt: skip
    packets = tracking(game, "tracking", t_us, [tag for _, tag in columns], xyz, in_play)
    samples = int(np.isfinite(xyz[:, :, :2]).all(axis=2).sum())
    return Imported(record, lambda: in_arrival_order(packets(), events), samples)


def _events(
    coded: Path, shots: Path | None, game: str, start: dict[int, int], turned: set[int], zero_s: float
) -> list[Event]:  # fmt: skip
    columns = (
        "event_id", "event_type_id", "period_id", "player_id", "team_id", "is_successful", "start_x", "start_y",
        "time_s",
    )  # fmt: skip
    extra = {row["event_id"]: row for row in rows(shots, "tracab", ("event_id", "outcome_str"))} if shots else {}
    events: list[Event] = []
    told: dict[int, tuple[int, int]] = {}
    for row in rows(coded, "tracab", columns):
        kind = int(present(row["event_type_id"], coded, "event_type_id"))
        period = int(present(row["period_id"], coded, "period_id"))
        seconds = number(row["time_s"], coded, "time_s") - zero_s
        if period not in start or not np.isfinite(seconds):
            continue
        t_us = NO_DATE_US + round(seconds * 1e6)
        flip = -1.0 if period in turned else 1.0
        x, y = (number(row[name], coded, name) * flip for name in ("start_x", "start_y"))
        common: dict[str, Any] = {"game": game, "t_us": t_us, "period": period, "arrival_us": t_us + EVENT_DELAY_US}
        if kind in _OF_BOTH:  # each team has its own row, and nothing here says whose it was
            before = told.get(kind)
            if before is None or before[0] != period or t_us - before[1] > _SAME_US:
                if kind in (4, 5):
                    common |= {"x_m": metres(x), "y_m": metres(y)}
                events.append(Event(id=row["event_id"], type=_OF_BOTH[kind], **common))
            told[kind] = period, t_us
            continue
        if kind not in _OPTA:
            continue
        name, good, bad = _OPTA[kind]
        outcome = good if row["is_successful"] == "True" else bad
        if outcome is None:  # the other side of something that its own team reports too
            continue
        attrs: dict[str, str | float | bool] = {}
        if name == "shot" and row["event_id"] in extra:
            outcome, attrs = _shot(extra[row["event_id"]], outcome)
        events.append(
            Event(
                id=row["event_id"], type=name, team=row["team_id"], player=row["player_id"] or None,
                x_m=metres(x), y_m=metres(y), outcome=outcome, attrs=attrs, **common,
            )
        )  # fmt: skip
    return in_time_order(events)


def _shot(row: dict[str, str], outcome: str) -> tuple[str, dict[str, str | float | bool]]:
    attrs: dict[str, str | float | bool] = {}
    if row.get("body_part") in _BODY:
        attrs["body_part"] = _BODY[row["body_part"]]
    if row.get("possession_type") in _PHASES:
        attrs["phase"] = _PHASES[row["possession_type"]]
    if row.get("set_piece") in _PHASES:
        attrs["set_piece"] = _PHASES[row["set_piece"]]
    if row.get("first_touch") in ("True", "False"):
        attrs["first_time"] = row["first_touch"] == "True"
    if row.get("xg"):
        attrs["provider_xg"] = float(row["xg"])
    return _SHOT_OUTCOMES.get(row["outcome_str"], outcome), attrs


def _told(events: list[Event], ids: tuple[str, str]) -> dict[int, Side]:
    shots = [event for event in events if event.type == "shot" and event.team in ids]
    return attacks((e.period, ids.index(e.team or ""), np.nan if e.x_m is None else e.x_m) for e in shots)
