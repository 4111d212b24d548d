"""DFL / Sportec Solutions: ``…matchinformation.xml`` with ``…events.xml`` and, if there is one, ``…positions….xml``.

Match information and events are read by kloppy, the provider's own words by way of its ``raw_event``. Positions are
read by us: kloppy drops the wall clock of the frames, which is what ties them to the events, and holds a match as
objects.

Everything is in the stadium's orientation already: events in metres from a corner, positions from the centre spot.
Which way home attacked is told by the side that each team kicked off from, and checked against the ends where the shots
were taken. A shot's place is the tracked one where DFL gives it (``X-PositionFromTracking``), which is what its own
distance and angle were computed from, else the one that was clicked. Withdrawn events (``Delete``) are left out.
"""

from __future__ import annotations

import io
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from simulators.providers import Imported
from simulators.providers._files import content, maybe, metres, only, pick
from simulators.providers._sportec_positions import Positions, read_positions
from simulators.providers._stream import (
    EVENT_DELAY_US,
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

_TAKES = "…matchinformation.xml, …events.xml and …positions….xml"

#: DFL's column -> our attr: never features, the reference of an agreement
_REFERENCE = {
    "xG": "provider_xg", "DistanceToGoal": "provider_distance_m", "AngleToGoal": "provider_angle_deg",
    "GoalDistanceGoalkeeper": "provider_goal_distance_goalkeeper_m", "Pressure": "provider_pressure",
    "AmountOfDefenders": "provider_defenders", "PlayerSpeed": "provider_speed_kmh",
}  # fmt: skip
_BODY = {"leftLeg": "left_foot", "rightLeg": "right_foot", "head": "head"}
_ASSIST = {
    "cornerKick": "cross", "crossFromOpenPlay": "cross", "freeKick": "cross", "header": "pass", "throwIn": "pass",
    "longPassFromOpenPlay": "pass", "oneTwo": "pass", "otherPassFromOpenPlay": "pass", "teammateAction": "pass",
}  # fmt: skip
_BUILD_UP = {
    "cornerKick": "corner", "freeKick": "free_kick", "throwIn": "throw_in", "penalty": "penalty",
    "goalKick": "goal_kick",
}  # fmt: skip
_SHOTS = {
    "GOAL": "goal", "SAVED": "saved", "BLOCKED": "blocked", "POST": "post", "OFF_TARGET": "off_target",
    "OWN_GOAL": "own_goal",
}  # fmt: skip
_SET_PIECES = {
    "CORNER_KICK": "corner", "FREE_KICK": "free_kick", "PENALTY": "penalty", "THROW_IN": "throw_in",
    "GOAL_KICK": "goal_kick", "KICK_OFF": "kick_off",
}  # fmt: skip


def read(files: list[Path]) -> Imported:
    """One match; positions are optional."""
    about = pick(files, "sportec", "…matchinformation.xml", lambda name: "matchinformation" in name)
    coded = pick(files, "sportec", "…events.xml", lambda name: "event" in name)
    where = maybe(files, "sportec", "the positions", lambda name: "position" in name)
    only(files, [about, coded, where], "sportec", _TAKES)
    found = _load(coded, about)
    meta = found.metadata
    home, away = meta.teams
    game = f"sportec-{meta.game_id}" if meta.game_id else f"sportec-{coded.name.split('_')[0]}"
    pitch = meta.pitch_dimensions
    length_m, width_m = float(pitch.pitch_length or 105.0), float(pitch.pitch_width or 68.0)
    first: Side = 1 if meta.orientation.name == "HOME_AWAY" else -1
    other: Side = -1 if first == 1 else 1
    periods = [
        Period(
            number=p.id, start_us=_us(p.start_timestamp), end_us=_us(p.end_timestamp),
            home_attacks=first if p.id % 2 else other,
        )
        for p in meta.periods
    ]  # fmt: skip
    events = _events(found, game, periods, length_m, width_m)
    shots = [event for event in events if event.type == "shot"]
    ids = home.team_id, away.team_id
    told = attacks((e.period, ids.index(e.team), np.nan if e.x_m is None else e.x_m) for e in shots if e.team in ids)
    check_attacks(str(coded), periods, told)

    players = [player for team in meta.teams for player in team.players]
    tag_of = {player.player_id: tag for tag, player in enumerate(players, 1)}
    positions = read_positions(where, tag_of) if where else Positions.none()
    feeds = [Feed(name="events", kind="events", lateness_ms=5000, sync_ms=3000)]
    if where:
        feeds.insert(0, Feed(name="tracking", kind="telemetry", rate_hz=25.0, aligned=True))
    record = GameRecord(
        game=game, sport="soccer", t0_us=min([periods[0].start_us, *positions.t_us[:1].tolist()]),
        title=f"{home.name} - {away.name}",
        teams=(Team(id=home.team_id, name=home.name), Team(id=away.team_id, name=away.name)),
        entities=[
            Entity(
                id=player.player_id, name=player.full_name or player.player_id, team=player.team.team_id,
                shirt=player.jersey_no, position=_position(player),
                role="keeper" if _position(player) == "Goalkeeper" else "player",
            )
            for player in players
        ] + [Entity(id="ball", name="Ball", role="ball")],
        tags=[Tag(tag=0, entity="ball"), *(Tag(tag=tag, entity=name) for name, tag in tag_of.items())] if where else [],
        feeds=feeds, periods=periods, length_m=length_m, width_m=width_m,
        provenance={
            "provider": "sportec", "files": ", ".join(path.name for path in files),
            "result": f"{meta.score.home}:{meta.score.away}" if meta.score else "",
            "source": "Deutsche Fußball Liga (DFL) by Sportec Solutions; match information and events by kloppy",
            "terms": "those of whoever gave you the files; the open set (Bassek et al. 2025) is CC-BY 4.0, naming DFL",
            "clock": "UTC; positions by the frames' stamps, events by EventTime (coded by people, not synchronised)",
            "arrival": f"synthetic: tracking {TRACKING_DELAY_US // 1000} ms, events {EVENT_DELAY_US // 1000} ms later",
        },
    )  # fmt: skip
    packets = tracking(game, "tracking", positions.t_us, positions.tags, positions.xyz_m, positions.in_play)
    samples = int(np.isfinite(positions.xyz_m[:, :, :2]).all(axis=2).sum())
    references = {
        "soccer.shot.distance": ("provider_distance_m", 1.0),
        "soccer.shot.angle": ("provider_angle_deg", math.pi / 180),
    }
    return Imported(record, lambda: in_arrival_order(packets(), events), samples, event_references=references)


def _load(coded: Path, about: Path) -> Any:
    from kloppy import sportec
    from kloppy.exceptions import KloppyError
    from lxml.etree import LxmlError

    try:
        found = sportec.load_event(
            event_data=io.BytesIO(content(coded)), meta_data=io.BytesIO(content(about)), coordinates="kloppy"
        )
    except (KloppyError, LxmlError, AttributeError, KeyError, ValueError, IndexError, TypeError) as error:
        raise BadInput(f"{coded} and {about} are no pair of sportec files: {str(error).splitlines()[0]}") from error
    if not found.events or not found.metadata.periods:
        raise BadInput(f"{coded} holds no events of a match")
    return found


def _us(at: Any) -> int:
    return round(float(at.timestamp()) * 1e6)


def _position(player: Any) -> str:
    """The nominal role, in kloppy's words."""
    position = player.starting_position
    return "" if position is None or position.name == "Unknown" else str(position.value[0])


def _events(found: Any, game: str, periods: list[Period], length_m: float, width_m: float) -> list[Event]:
    events = edges(game, periods)
    for event in found.events:
        raw = event.raw_event
        told = _kind(event, raw)
        if told is None:
            continue
        kind, outcome, team, player, attrs = told
        x, y = _place(raw, "X-PositionFromTracking", "X-Position"), _place(raw, "Y-PositionFromTracking", "Y-Position")
        end = getattr(event, "receiver_coordinates", None) if kind == "pass" else None
        t_us = _us(datetime.fromisoformat(raw["EventTime"]))
        events.append(
            Event(
                id=event.event_id, game=game, type=kind, t_us=t_us, period=_period_at(periods, t_us), team=team, player=player,
                x_m=metres(x - length_m / 2), y_m=metres(y - width_m / 2),
                end_x_m=None if end is None else metres((end.x - 0.5) * length_m),
                end_y_m=None if end is None else metres((0.5 - end.y) * width_m),
                outcome=outcome, attrs=attrs, arrival_us=t_us + EVENT_DELAY_US,
            )
        )  # fmt: skip
    return in_time_order(events)


def _period_at(periods: list[Period], t_us: int) -> int:
    """The period that was on, or that had just been: the reader's own label is sometimes the next one's."""
    return max((p.number for p in periods if p.start_us <= t_us), default=periods[0].number)


def _place(raw: dict[str, str], *names: str) -> float:
    for name in names:
        if name in raw:
            return float(raw[name])
    return float("nan")


_CARDS = {"yellow": "yellow", "yellowRed": "second_yellow", "red": "red"}
Told = tuple[str, str, str | None, str | None, dict[str, str | float | bool]]


def _kind(event: Any, raw: dict[str, str]) -> Told | None:
    """Our type, outcome, team, player and attrs; None for what the vocabulary has no word for."""
    kind, team, player = event.event_type.name, raw.get("Team"), raw.get("Player")
    if kind == "SHOT":
        outcome = _SHOTS.get(event.result.name if event.result else "", "off_target")
        if outcome == "own_goal":
            return "own_goal", "", team, player, {}
        return "shot", outcome, team, player, _shot(event, raw)
    if kind == "PASS":
        good = event.result is not None and event.result.name == "COMPLETE"
        return "pass", "complete" if good else "incomplete", team, player, _pass(event, raw, good)
    if kind == "FOUL_COMMITTED":
        return "foul", "", raw.get("TeamFouler"), raw.get("Fouler"), {}
    if kind == "CARD":
        return "card", "", team, player, {"card": _CARDS.get(raw.get("CardColor", ""), "yellow")}
    if kind == "SUBSTITUTION":
        return "substitution", "", team, raw.get("PlayerOut"), {"player_on": raw.get("PlayerIn", "")}
    if "Winner" in raw:
        name = "duel"
        if raw.get("WinnerResult") == "dribbledAround":
            return "dribble", "complete", raw.get("WinnerTeam"), raw["Winner"], {}
        if raw.get("Type") == "ground" and raw.get("WinnerRole") == "withoutBallControl":
            name = "tackle"
        return name, "won", raw.get("WinnerTeam"), raw["Winner"], {}
    if kind == "RECOVERY":
        return ("interception" if raw.get("Type") == "InterceptedBall" else "recovery"), "", team, player, {}
    if raw.get("DefensiveClearance") == "true":
        return "clearance", "", team, player, {}
    if getattr(event, "event_name", "") == "Offside":
        return "offside", "", team, player, {}
    return None


def _shot(event: Any, raw: dict[str, str]) -> dict[str, str | float | bool]:
    attrs: dict[str, str | float | bool] = {}
    attrs |= {name: float(raw[column]) for column, name in _REFERENCE.items() if column in raw}
    attrs["body_part"] = _BODY.get(raw.get("TypeOfShot", ""), "other")
    attrs["phase"] = _BUILD_UP.get(raw.get("BuildUp", ""), "open_play")
    rebound = "rebound" in raw.get("TakerSetup", "")
    attrs["assist"] = "rebound" if rebound else _ASSIST.get(raw.get("AssistAction", ""), "none")
    attrs["first_time"] = raw.get("TakerBallControl") in ("direct", "volley")
    if "olley" in raw.get("ExtendedTypeOfShot", "") or raw.get("TakerBallControl") == "volley":
        attrs["technique"] = "volley"
    if "GoalKeeper" in raw:
        attrs["keeper"] = raw["GoalKeeper"]
    return attrs | _set_piece(event)


def _pass(event: Any, raw: dict[str, str], good: bool) -> dict[str, str | float | bool]:
    attrs: dict[str, str | float | bool] = {"height": "high" if raw.get("Height") == "high" else "ground"}
    if good and raw.get("Recipient"):
        attrs["receiver"] = raw["Recipient"]
    if "FreeKickLayup" not in raw:  # DFL's element Pass has it, Cross has not
        attrs["cross"] = True
    if raw.get("Direction") == "throughBall":
        attrs["through_ball"] = True
    return attrs | _set_piece(event)


def _set_piece(event: Any) -> dict[str, str | float | bool]:
    for qualifier in event.qualifiers or ():
        name = getattr(qualifier.value, "name", "")
        if name in _SET_PIECES:
            return {"set_piece": _SET_PIECES[name]}
    return {}
