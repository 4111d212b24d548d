"""SkillCorner's possession events: each ends in a pass, a shot, a clearance or a loss, and that is the event, at ``frame_end``.

The provider turns coordinates so that the team on the ball attacks towards +x; ``attacking_side`` says which way it really went in
that period, and they are turned back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from features.soccer.ledger import SHOOTOUT
from simulators.providers._files import metres, number, rows, unique, whole
from simulators.providers._stream import EVENT_DELAY_US, Side
from streaming.errors import BadInput
from streaming.wire.records import Entity, Event

COLUMNS = (
    "event_id", "event_type", "frame_end", "period", "attacking_side", "player_id", "team_id", "x_end", "y_end", "end_type",
    "pass_outcome", "game_interruption_after",
)  # fmt: skip
#: its figures of a pass -> our attr: never features, the reference of an agreement
REFERENCES = {
    "player_targeted_xpass_completion": "provider_xpass",
    "n_opponents_bypassed": "provider_opponents_bypassed",
}
STATS = {
    "soccer.pass.completion_probability": ("provider_xpass", 1.0),
    "soccer.pass.opponents_bypassed": ("provider_opponents_bypassed", 1.0),
}
SIDES: dict[str, Side] = {"left_to_right": 1, "right_to_left": -1}
#: what gives a team the ball, as the set piece that its possession grew out of
_SET_PIECES = {
    "corner_for": "corner",
    "free_kick_for": "free_kick",
    "throw_in_for": "throw_in",
    "goal_kick_for": "goal_kick",
    "penalty_for": "penalty",
}
_PASS = {"successful": "complete", "unsuccessful": "incomplete", "offside": "offside"}
#: so many rows of a period may have the other side by mistake
FEW = 0.05
Attrs = dict[str, str | float | bool]


@dataclass(frozen=True)
class Possessions:
    """The rows of possessions with the path that they are from; line numbers start at 2."""

    path: Path
    rows: list[tuple[int, dict[str, str]]]

    @property
    def teams(self) -> dict[str, str]:
        """{id: name}, from whichever row has the name."""
        names: dict[str, str] = {}
        for _, row in self.rows:
            ident = ident_of(row["team_id"])
            if ident and not names.get(ident):
                names[ident] = row.get("team_shortname", "")
        return {ident: name or ident for ident, name in names.items()}

    def players(self) -> dict[str, Entity]:
        """The players of the rows, each from the first row with data."""
        found: dict[str, Entity] = {}
        for _, row in self.rows:
            ident = ident_of(row["player_id"])
            if not ident:
                continue
            one = found.get(ident)
            position = row.get("player_position") or (one.position if one else "")
            found[ident] = Entity(
                id=ident,
                name=(one.name if one and one.name != ident else "") or row.get("player_name") or ident,
                team=ident_of(row["team_id"]) or None,
                position=position if one is None or not one.position else one.position,
                role="keeper" if "GK" in (position, one.position if one else "") else "player",
            )
        return found

    def attacks(self, home: str) -> dict[int, Side]:
        """Home's direction in each period by the rows; ``BadInput`` when more than a few contradict the others."""
        votes: dict[int, Counter[Side]] = {}
        for line, row in self.rows:
            if not row["team_id"] or not row["attacking_side"]:
                continue
            side = _side(row, self.path, line)
            way: Side = side if ident_of(row["team_id"]) == home else -1 if side == 1 else 1
            votes.setdefault(whole(row["period"], self.path, "period", line), Counter())[way] += 1
        for period, count in votes.items():
            if min(count.values()) > FEW * count.total() and len(count) > 1:
                raise BadInput(f"{self.path} contradicts itself: by attacking_side both teams attack one way in period {period}")
        return {period: count.most_common(1)[0][0] for period, count in votes.items()}


def read_possessions(path: Path) -> Possessions:
    table = enumerate(rows(path, "skillcorner", COLUMNS), 2)
    found = [(line, row) for line, row in table if row["event_type"] == "player_possession"]
    unique((row["event_id"] for _, row in found), path, "an event")
    return Possessions(path, found)


def ident_of(cell: str) -> str:
    """An id as a word: tables write 5.0 where a column has empty cells."""
    return cell.strip().removesuffix(".0")


def events_of(found: Possessions, game: str, clock: Callable[[int], int], opponents: dict[str, str]) -> list[Event]:
    """``clock`` takes a frame to event time, ``opponents`` a team to the other one."""
    events: list[Event] = []
    for line, row in found.rows:
        path, side = found.path, _side(row, found.path, line)
        t_us = clock(whole(row["frame_end"], path, "frame_end", line))
        period = whole(row["period"], path, "period", line)
        team, player = ident_of(row["team_id"]) or None, ident_of(row["player_id"]) or None
        x, y = (number(row[name], path, name, line) * side for name in ("x_end", "y_end"))
        goal = row["game_interruption_after"]
        event = _event(row, path, line, side, period)
        if goal == "goal_against":
            event = "own_goal", "", {}, (float("nan"),) * 2
        if event is not None:
            kind, outcome, attrs, end = event
            events.append(
                Event(
                    id=row["event_id"],
                    game=game,
                    type=kind,
                    t_us=t_us,
                    period=period,
                    team=team,
                    player=player,
                    x_m=metres(x),
                    y_m=metres(y),
                    end_x_m=metres(end[0]),
                    end_y_m=metres(end[1]),
                    outcome=outcome,
                    attrs=attrs,
                    arrival_us=t_us + EVENT_DELAY_US,
                )
            )
        if row["end_type"] == "foul_suffered":
            # the other team's foul, of an unnamed player
            events.append(
                Event(
                    id=row["event_id"],
                    game=game,
                    type="foul",
                    t_us=t_us,
                    period=period,
                    team=opponents.get(team or ""),
                    x_m=metres(x),
                    y_m=metres(y),
                    arrival_us=t_us + EVENT_DELAY_US,
                )
            )
        if goal == "goal_for" and row["end_type"] != "shot":
            # it went in without a shot: an opponent's own goal, of an unnamed player
            events.append(
                Event(
                    id=f"{row['event_id']}-goal",
                    game=game,
                    type="own_goal",
                    t_us=t_us,
                    period=period,
                    team=opponents.get(team or ""),
                    arrival_us=t_us + EVENT_DELAY_US,
                )
            )
    return events


def references_of(events: list[Event]) -> dict[str, tuple[str, float]]:
    """Which of our stats have a figure of the provider's beside them."""
    return {stat: pair for stat, pair in STATS.items() if any(pair[0] in event.attrs for event in events)}


def _side(row: dict[str, str], path: Path, line: int) -> Side:
    side = SIDES.get(row["attacking_side"])
    if side is None:
        word = row["attacking_side"]
        raise BadInput(f"{path} has {word!r} in attacking_side, line {line}, where left_to_right or right_to_left belongs")
    return side


def _event(
    row: dict[str, str], path: Path, line: int, side: Side, period: int
) -> tuple[str, str, Attrs, tuple[float, float]] | None:
    """Type, outcome, attrs and where the ball went; None for what the vocabulary has no word for."""
    attrs: Attrs = {}
    end = float("nan"), float("nan")
    ends = row["end_type"]
    if ends == "pass":
        kind, outcome = "pass", _PASS.get(row["pass_outcome"], "")
        if outcome == "complete" and row.get("player_targeted_id"):
            attrs["receiver"] = ident_of(row["player_targeted_id"])
            names = "player_targeted_x_reception", "player_targeted_y_reception"
            at = [number(row.get(name), path, name, line) * side for name in names]
            end = at[0], at[1]
            if end[0] == end[0]:
                attrs["end_is"] = "arrival"
        for name, attr in REFERENCES.items():
            value = number(row.get(name), path, name, line)
            if value == value:
                attrs[attr] = value
    elif ends == "shot":
        # saved and blocked shots look the same: no outcome
        kind, outcome = "shot", {"goal_for": "goal", "goal_kick_against": "off_target"}.get(row["game_interruption_after"], "")
        if row.get("is_header") in ("True", "False"):
            attrs["body_part"] = "head" if row["is_header"] == "True" else "foot"
    elif ends in ("clearance", "possession_loss"):
        kind, outcome = ("clearance", "") if ends == "clearance" else ("duel", "lost")
    else:
        return None
    before = _SET_PIECES.get(row.get("game_interruption_before", ""))
    if before and kind == "pass":
        attrs["set_piece"] = before  # the first touch after the stop is the set piece itself
    if before and kind == "shot":
        attrs["phase"] = before
        if before == "penalty":
            attrs["set_piece"] = before
    if period == SHOOTOUT and kind == "shot":
        attrs["set_piece"] = "penalty"
    if row.get("one_touch") == "True":
        attrs["first_time"] = True
    return kind, outcome, attrs, end
