"""Wyscout's types (v2: event, sub-event, tags) as ours, in one table, and the rows of a match as events.

What is written twice is taken once: a goal is a shot and the keeper's "Save attempt"; the shot counts. A goal that only the
keeper's row reports was often disallowed: it counts for the other team when a kick-off follows or the result needs it, as a shot
whose player and place are not known. The corners (0, 0) and (100, 100) stand for "no place" and are left out; the end of a shot is
a zone of the goal, not a place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from simulators.providers._files import metres
from simulators.providers._stream import EVENT_DELAY_US
from streaming.wire.records import Event

LENGTH_M, WIDTH_M = 105.0, 68.0

GOAL, OWN_GOAL, INTERCEPTION, CLEARANCE, SLIDING, BLOCKED = 101, 102, 1401, 1501, 1601, 2101
ACCURATE, NOT_ACCURATE, THROUGH, COUNTER = 1801, 1802, 901, 1901
_TAKE_ON: Final = frozenset({503, 504})
_ON_FRAME, _OFF, _WOOD = range(1201, 1210), range(1210, 1217), range(1217, 1224)
_BODY: Final = {401: "left_foot", 402: "right_foot", 403: "head"}
_HEIGHT: Final = {801: "high", 802: "low"}
_CARD: Final = {1701: "red", 1703: "second_yellow", 1702: "yellow"}
_DUEL: Final = {703: "won", 702: "neutral", 701: "lost"}

Attrs = dict[str, str | float | bool]


class Row(NamedTuple):
    """One row of the file: ``team`` and ``player`` 0 where none is named, x and y 0..100 as the team attacks, or None."""

    id: int
    period: int
    second: float
    team: int
    player: int
    event: str
    sub: str
    x: float | None
    y: float | None
    end_x: float | None
    end_y: float | None
    tags: frozenset[int]


class EventType(NamedTuple):
    """Our type of a row, and the attrs of its sub-event alone."""

    type: str
    attrs: Attrs = {}


_OPEN: Final[Attrs] = {"set_piece": "open_play", "cross": False}
_DEAD: Final[Attrs] = {"cross": False}

#: (event, sub-event) -> ours; an empty type is what the vocabulary has no word for, "card" what only matters with one
EVENT_TYPES: Final[dict[tuple[str, str], EventType]] = {
    ("Pass", "Simple pass"): EventType("pass", _OPEN | {"height": "ground"}),
    ("Pass", "High pass"): EventType("pass", _OPEN | {"height": "high"}),
    ("Pass", "Head pass"): EventType("pass", _OPEN | {"body_part": "head"}),
    ("Pass", "Hand pass"): EventType("pass", _OPEN | {"body_part": "other"}),
    ("Pass", "Launch"): EventType("pass", _OPEN | {"height": "high"}),
    ("Pass", "Smart pass"): EventType("pass", _OPEN),
    ("Pass", "Cross"): EventType("pass", _OPEN | {"cross": True}),
    ("Free Kick", "Throw in"): EventType("pass", _DEAD | {"set_piece": "throw_in", "body_part": "other"}),
    ("Free Kick", "Free Kick"): EventType("pass", _DEAD | {"set_piece": "free_kick"}),
    ("Free Kick", "Free kick cross"): EventType("pass", {"set_piece": "free_kick", "cross": True}),
    ("Free Kick", "Goal kick"): EventType("pass", _DEAD | {"set_piece": "goal_kick"}),
    ("Free Kick", "Corner"): EventType("pass", {"set_piece": "corner"}),
    ("Free Kick", "Free kick shot"): EventType("shot", {"set_piece": "free_kick"}),
    ("Free Kick", "Penalty"): EventType("shot", {"set_piece": "penalty"}),
    ("Shot", "Shot"): EventType("shot", {"set_piece": "open_play"}),
    ("Save attempt", "Save attempt"): EventType("save"),
    ("Save attempt", "Reflexes"): EventType("save"),
    ("Duel", "Air duel"): EventType("duel", {"duel": "air"}),
    ("Duel", "Ground attacking duel"): EventType("duel", {"duel": "ground"}),
    ("Duel", "Ground defending duel"): EventType("duel", {"duel": "ground"}),
    ("Duel", "Ground loose ball duel"): EventType("duel", {"duel": "loose_ball"}),
    ("Others on the ball", "Clearance"): EventType("clearance"),
    ("Others on the ball", "Touch"): EventType("touch"),
    ("Others on the ball", "Acceleration"): EventType("carry"),
    ("Foul", "Foul"): EventType("foul"),
    ("Foul", "Hand foul"): EventType("foul"),
    ("Foul", "Simulation"): EventType("foul"),
    ("Foul", "Violent Foul"): EventType("foul"),
    ("Foul", "Out of game foul"): EventType("foul"),
    ("Foul", "Protest"): EventType("card"),
    ("Foul", "Time lost foul"): EventType("card"),
    ("Foul", "Late card foul"): EventType("card"),
    ("Offside", ""): EventType("offside"),
    ("Interruption", "Ball out of the field"): EventType("out"),
    ("Interruption", "Whistle"): EventType(""),
    ("Goalkeeper leaving line", "Goalkeeper leaving line"): EventType(""),
}
#: what an event is when its sub-event is missing or new
_ELSE: Final = {"Pass": "Smart pass", "Shot": "Shot", "Save attempt": "Save attempt", "Foul": "Foul", "Offside": ""}
KEEPING: Final = frozenset({"Save attempt", "Goalkeeper leaving line"})
_NO_PLACE: Final = ((0, 0), (100, 100))
#: a keeper's row is about a shot of so long before, and a kick-off is taken within so much of the middle (0..100)
_FOLLOWS_S: Final = 15.0
_MIDDLE: Final = 3.0


class Converted(NamedTuple):
    """The events of a match, and notes on its rows: {sentence: how often}."""

    events: list[Event]
    notes: Counter[str]


def events_of(
    rows: Sequence[Row], game: str, teams: tuple[int, int], start_us: dict[int, int], *, keepers_goals: bool = False
) -> Converted:
    """``rows`` in order; ``teams`` are (home, away); ``start_us`` when each period began. Home attacks +x in odd periods.

    ``keepers_goals`` counts every goal that only a keeper's row reports, not only those that a kick-off follows."""
    out: list[Event] = []
    notes: Counter[str] = Counter()
    kick_off = 0  # the period whose kick-off has been taken; 0 again after a goal
    for i, row in enumerate(rows):
        word = _event_type(row)
        if word is None:
            notes[f"unknown word {row.event} / {row.sub}"] += 1
            continue
        if row.team and row.team not in teams:
            notes[f"team {row.team} does not play in this match: its events have neither team nor place"] += 1
        kind, outcome, attrs = word.type, "", dict(word.attrs)
        goal = GOAL in row.tags
        if OWN_GOAL in row.tags:
            kind, attrs = "own_goal", {}
        elif kind == "pass" and goal:  # a corner or a pass that went in
            kind, outcome, attrs = "shot", "goal", {"set_piece": word.attrs.get("set_piece", "open_play")}
        elif kind == "save" and goal:  # the other side of a goal
            kind = ""
            if not _goal_near(rows, i) and (keepers_goals or _kick_off_after(rows, i)):
                notes["a goal is reported by the keeper's row alone: its scorer and place are not known"] += 1
                other = teams[1] if row.team == teams[0] else teams[0]
                row, kind, outcome = row._replace(team=other, player=0, x=None, y=None), "shot", "goal"
                attrs = {} if rows[i].player == 0 else {"keeper": str(rows[i].player)}
        if kind == "pass":
            outcome = _pass(rows, i, attrs)
            if kick_off != row.period and _in_the_middle(row):
                attrs["set_piece"] = "kick_off"
            kick_off = row.period
        elif kind == "shot":
            outcome = outcome or _shot_outcome(row.tags)
            _shot(rows, i, attrs)
        elif kind == "duel":
            kind, outcome = _duel(row)
        elif kind == "touch" and row.tags & {INTERCEPTION, CLEARANCE}:
            kind = "interception" if INTERCEPTION in row.tags else "clearance"
        if kind == "own_goal" or outcome == "goal":
            kick_off = 0
        make = _Maker(row, game, teams, start_us)
        if kind not in ("", "card"):
            out.append(make(kind, "", outcome, attrs))
        if INTERCEPTION in row.tags and kind not in ("", "interception", "own_goal"):
            out.append(make("interception", "-interception", "", {}))
        card = next((name for tag, name in _CARD.items() if tag in row.tags), None)
        if card:
            out.append(make("card", "-card", "", {"card": card}))
    return Converted(out, notes)


def _event_type(row: Row) -> EventType | None:
    return EVENT_TYPES.get((row.event, row.sub)) or EVENT_TYPES.get((row.event, _ELSE.get(row.event, "")))


class _Maker(NamedTuple):
    """Our events from one row."""

    row: Row
    game: str
    teams: tuple[int, int]
    start_us: dict[int, int]

    def __call__(self, kind: str, suffix: str, outcome: str, attrs: Attrs) -> Event:
        row = self.row
        t_us = self.start_us[row.period] + round(row.second * 1000) * 1000
        unnamed = kind == "out"  # the file names the team in whose view the place is, not the team that put it out
        x_m, y_m = self._place(row.x, row.y, attrs.get("set_piece") == "corner")
        end: tuple[float | None, float | None] = None, None
        if kind in ("pass", "clearance", "carry"):
            end = self._place(row.end_x, row.end_y)
        if kind == "pass" and end[0] is not None and outcome:
            attrs = attrs | {"end_is": "arrival" if outcome == "complete" else "loss"}
        known = row.team in self.teams and not unnamed
        return Event(
            id=f"{row.id}{suffix}",
            game=self.game,
            type=kind,
            t_us=t_us,
            period=row.period,
            team=str(row.team) if known else None,
            player=str(row.player) if row.player and known else None,
            x_m=x_m,
            y_m=y_m,
            end_x_m=end[0],
            end_y_m=end[1],
            outcome=outcome,
            attrs=attrs,
            arrival_us=t_us + EVENT_DELAY_US,
        )

    def _place(self, x: float | None, y: float | None, corner: bool = False) -> tuple[float | None, float | None]:
        """Metres in the stadium: a team's view is turned where it attacks towards -x; two corners are no place."""
        row = self.row
        if x is None or y is None or row.team not in self.teams or (not corner and (x, y) in _NO_PLACE):
            return None, None
        way = (1 if row.period % 2 else -1) * (1 if row.team == self.teams[0] else -1)
        return metres(way * (x / 100 - 0.5) * LENGTH_M), metres(way * (0.5 - y / 100) * WIDTH_M)


def _in_the_middle(row: Row) -> bool:
    return row.x is not None and row.y is not None and abs(row.x - 50) <= _MIDDLE and abs(row.y - 50) <= _MIDDLE


def _pass(rows: Sequence[Row], i: int, attrs: Attrs) -> str:
    """The outcome of a pass, and its tags into ``attrs``. Goal kicks have no outcome in the file."""
    tags = rows[i].tags
    attrs["through_ball"] = THROUGH in tags
    _tagged(attrs, "height", _HEIGHT, tags)
    _tagged(attrs, "body_part", _BODY, tags)
    if ACCURATE in tags:
        return "complete"
    if NOT_ACCURATE not in tags:
        return ""
    after = rows[i + 1] if i + 1 < len(rows) and rows[i + 1].period == rows[i].period else None
    if after is not None and after.event == "Offside" and after.team == rows[i].team:
        return "offside"
    return "out" if after is not None and after.sub == "Ball out of the field" else "incomplete"


def _tagged(attrs: Attrs, name: str, words: Mapping[int, str], tags: frozenset[int]) -> None:
    for tag, word in words.items():
        if tag in tags:
            attrs[name] = word


def _shot_outcome(tags: frozenset[int]) -> str:
    if GOAL in tags:
        return "goal"
    if BLOCKED in tags:
        return "blocked"
    for zones, outcome in ((_WOOD, "post"), (_OFF, "off_target"), (_ON_FRAME, "saved")):
        if any(tag in zones for tag in tags):
            return outcome
    return "saved" if ACCURATE in tags else "off_target" if NOT_ACCURATE in tags else ""


def _shot(rows: Sequence[Row], i: int, attrs: Attrs) -> None:
    row = rows[i]
    _tagged(attrs, "body_part", _BODY, row.tags)
    attrs["counter"] = COUNTER in row.tags
    for after in rows[i + 1 : i + 4]:
        if after.event == "Save attempt" and after.period == row.period and after.second - row.second <= _FOLLOWS_S:
            if after.team != row.team and after.player:
                attrs["keeper"] = str(after.player)
            return


def _goal_near(rows: Sequence[Row], i: int) -> bool:
    """Whether the goal of a keeper's row has its shot, or own goal, near by; rows of one moment are not always in order."""
    row = rows[i]
    return any(
        OWN_GOAL in near.tags or (GOAL in near.tags and near.team != row.team)
        for near in rows[max(i - 8, 0) : i + 3]
        if near.period == row.period and abs(near.second - row.second) <= _FOLLOWS_S and near.event != "Save attempt"
    )


def _kick_off_after(rows: Sequence[Row], i: int) -> bool:
    """Whether the team of the keeper's row takes the next pass from the middle, in the same period."""
    for after in rows[i + 1 :]:
        if after.event in ("Pass", "Free Kick") or after.period != rows[i].period:
            return after.period == rows[i].period and after.team == rows[i].team and after.event == "Pass" and _in_the_middle(after)
    return False


def _duel(row: Row) -> tuple[str, str]:
    """An attacker's take-on is a dribble and a sliding defender's duel a tackle; every duel is there once for each side."""
    outcome = next((word for tag, word in _DUEL.items() if tag in row.tags), "")
    if row.sub == "Ground attacking duel" and row.tags & _TAKE_ON:
        return "dribble", {"won": "complete", "lost": "incomplete"}.get(outcome, "")
    return "tackle" if row.sub == "Ground defending duel" and SLIDING in row.tags else "duel", outcome
