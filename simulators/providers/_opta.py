"""Opta events in the form in which databallpy saves them: ``events.csv``, with what is known of the shots in ``shots.csv``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.soccer.ledger import SHOOTOUT
from simulators.providers._files import metres, number, rows, whole
from simulators.providers._stream import EVENT_DELAY_US
from streaming.errors import BadInput
from streaming.wire.records import Event

Attrs = dict[str, str | float | bool]

#: Opta's event types (F24 appendix) -> (type, outcome when successful, outcome when not); None: not reported
_TYPES: dict[int, tuple[str, str | None, str | None]] = {
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
    "goal": "goal", "goal_on_target": "goal",
}  # fmt: skip
OWN_GOAL = "own_goal"
_PHASES = {
    "open_play": "open_play", "counter_attack": "open_play", "corner_kick": "corner", "free_kick": "free_kick",
    "throw_in": "throw_in", "penalty": "penalty",
}  # fmt: skip
_BODY = {"head": "head", "left_foot": "left_foot", "right_foot": "right_foot", "other": "other"}
_COLUMNS = ("event_id", "event_type_id", "period_id", "player_id", "team_id", "is_successful", "start_x", "start_y", "time_s")
_TRUE = frozenset({"True", "true", "1", "1.0"})


@dataclass
class Coded:
    """The events in the file's order, when each period begins and ends by its own rows, the first event of each, names that the
    rows give, and how many events of play had no time."""

    events: list[Event] = field(default_factory=list)
    start_us: dict[int, int] = field(default_factory=dict)
    end_us: dict[int, int] = field(default_factory=dict)
    first_us: dict[int, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    timeless: int = 0


def read_opta(
    coded: Path, shots: Path | None, game: str, clock: Callable[[float], int], turned: set[int], team_of: dict[str, str]
) -> Coded:
    """``clock`` takes the file's seconds to event time, ``turned`` are periods whose coordinates are turned back, ``team_of`` is
    the team of each player of the line-up: an own goal is that team's, whichever team its row names."""
    extra = {row["event_id"]: row for row in rows(shots, "tracab", ("event_id", "outcome_str"))} if shots else {}
    found = Coded()
    before: dict[int, tuple[int, int]] = {}
    for line, row in enumerate(rows(coded, "tracab", _COLUMNS), 2):
        kind = whole(row["event_type_id"], coded, "event_type_id", line)
        period = whole(row["period_id"], coded, "period_id", line)
        if row.get("player_name") and row["player_id"]:
            found.names.setdefault(row["player_id"], row["player_name"])
        if not 1 <= period <= SHOOTOUT or (kind not in _OF_BOTH and kind not in _TYPES):
            continue
        seconds = number(row["time_s"], coded, "time_s", line)
        if seconds != seconds:
            found.timeless += 1
            continue
        t_us = clock(seconds)
        found.first_us[period] = min(found.first_us.get(period, t_us), t_us)
        if kind == 32:
            found.start_us[period] = min(found.start_us.get(period, t_us), t_us)
        elif kind == 30:
            found.end_us[period] = max(found.end_us.get(period, t_us), t_us)
        flip = -1.0 if period in turned else 1.0
        x, y = (number(row[name], coded, name, line) * flip for name in ("start_x", "start_y"))
        common: dict[str, Any] = {"game": game, "t_us": t_us, "period": period, "arrival_us": t_us + EVENT_DELAY_US}
        if kind in _OF_BOTH:  # each team has its own row, and nothing here shows whose it was
            last = before.get(kind)
            if last is None or last[0] != period or t_us - last[1] > _SAME_US:
                if kind in (4, 5):
                    common |= {"x_m": metres(x), "y_m": metres(y)}
                found.events.append(Event(id=row["event_id"], type=_OF_BOTH[kind], **common))
            before[kind] = period, t_us
            continue
        name, good, bad = _TYPES[kind]
        outcome = good if row["is_successful"] in _TRUE else bad
        if outcome is None:  # the other side of something that its own team reports too
            continue
        team, player, attrs = row["team_id"] or None, row["player_id"] or None, Attrs()
        if name == "shot":
            qualifiers = extra.get(row["event_id"], {})
            if OWN_GOAL in (qualifiers.get("outcome_str"), row.get("databallpy_event")):
                name, outcome, team = OWN_GOAL, "", team_of.get(player or "", team)
            else:
                outcome, attrs = _shot(qualifiers, outcome, shots or coded)
                if period == SHOOTOUT:
                    attrs["set_piece"] = "penalty"
        found.events.append(
            Event(
                id=row["event_id"],
                type=name,
                team=team,
                player=player,
                x_m=metres(x),
                y_m=metres(y),
                outcome=outcome,
                attrs=attrs,
                **common,
            )
        )
    twice = [ident for ident, count in Counter(event.id for event in found.events).items() if count > 1]
    if twice:
        raise BadInput(f"{coded} has two events with the event_id {twice[0]!r}")
    return found


def _shot(row: dict[str, str], outcome: str, path: Path) -> tuple[str, Attrs]:
    attrs: Attrs = {}
    if row.get("body_part") in _BODY:
        attrs["body_part"] = _BODY[row["body_part"]]
    if row.get("possession_type") in _PHASES:
        attrs["phase"] = _PHASES[row["possession_type"]]
    if row.get("set_piece") in _PHASES:
        attrs["set_piece"] = _PHASES[row["set_piece"]]
    if row.get("first_touch") in ("True", "False"):
        attrs["first_time"] = row["first_touch"] == "True"
    xg = number(row.get("xg"), path, "xg")
    if xg == xg:
        attrs["provider_xg"] = xg
    return _SHOT_OUTCOMES.get(row.get("outcome_str", ""), outcome), attrs
