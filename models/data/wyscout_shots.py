"""Wyscout's open events to feature rows of shots: without positions, but with all events before them.

The rows of a match go through the very functions that follow a live game (``features.soccer.trail``), with the words that the
importer of such files gives them, so that a shot has one row, live and here. Never read: tag 201 ("opportunity"), key pass and
assist (given when the outcome is known), where a shot ended, and whatever comes after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from features.soccer.shots import SHOT_FEATURES, shot_features, with_trail
from features.soccer.trail import Trail, follow
from models.base import Floats
from models.data import wyscout as ws
from models.evaluation_set import Words

#: pitches are not in the data: all are taken as of this size
LENGTH_M: Final = 105.0
WIDTH_M: Final = 68.0
_Attrs = dict[str, str | float | bool]

#: (event, sub-event) -> our type and attributes; kinds that are absent are no touch of the ball
WORDS: Final[dict[tuple[str, str], tuple[str, _Attrs]]] = {
    ("Pass", "Simple pass"): ("pass", {"height": "ground"}),
    ("Pass", "High pass"): ("pass", {"height": "high"}),
    ("Pass", "Head pass"): ("pass", {"body_part": "head"}),
    ("Pass", "Hand pass"): ("pass", {"body_part": "other"}),
    ("Pass", "Launch"): ("pass", {"height": "high"}),
    ("Pass", "Smart pass"): ("pass", {}),
    ("Pass", "Cross"): ("pass", {"cross": True}),
    ("Free Kick", "Throw in"): ("pass", {"set_piece": "throw_in", "body_part": "other"}),
    ("Free Kick", "Free Kick"): ("pass", {"set_piece": "free_kick"}),
    ("Free Kick", "Free kick cross"): ("pass", {"set_piece": "free_kick", "cross": True}),
    ("Free Kick", "Goal kick"): ("pass", {"set_piece": "goal_kick"}),
    ("Free Kick", "Corner"): ("pass", {"set_piece": "corner"}),
    ("Free Kick", "Free kick shot"): ("shot", {"set_piece": "free_kick"}),
    ("Free Kick", "Penalty"): ("shot", {"set_piece": "penalty"}),
    ("Shot", "Shot"): ("shot", {"set_piece": "open_play"}),
    ("Save attempt", "Save attempt"): ("save", {}),
    ("Save attempt", "Reflexes"): ("save", {}),
    ("Duel", "Air duel"): ("duel", {}),
    ("Duel", "Ground attacking duel"): ("duel", {}),
    ("Duel", "Ground defending duel"): ("duel", {}),
    ("Duel", "Ground loose ball duel"): ("duel", {}),
    ("Others on the ball", "Clearance"): ("clearance", {}),
    ("Others on the ball", "Touch"): ("touch", {}),
    ("Others on the ball", "Acceleration"): ("carry", {}),
}
SHOTS: Final = (("Shot", "Shot"), ("Free Kick", "Free kick shot"), ("Free Kick", "Penalty"))
#: an attacker's duel with one of these tags is a take-on
TAKE_ON: Final = (503, 504)
#: so much before a shot is walked through (s): what lies farther back leads to nothing any more
_BACK_S: Final = 32.0
_NOBODY: Final = np.empty((0, 2)), np.empty(0, np.bool_), np.empty(0, np.bool_)


@dataclass(frozen=True)
class EventShots:
    """Feature rows (B, F) of shots without positions; shoot-outs left out. ``id`` is the event's."""

    id: npt.NDArray[np.int64]
    match: npt.NDArray[np.int64]
    rows: Floats
    goal: Floats
    penalty: npt.NDArray[np.bool_]
    groups: dict[str, Words] = field(default_factory=dict)


def load(folder: Path) -> EventShots:
    """The shots of the events in ``folder``; ``ValueError`` as of ``models.data.wyscout.read_events``."""
    events = ws.read_events(folder)
    shots = shots_of(events)
    if (folder / "matches.parquet").is_file():
        matches = ws.read_matches(folder)
        named = dict(zip(matches.match.tolist(), matches.competition.tolist(), strict=True))
        shots.groups["competition"] = np.array([named.get(m, "").replace("_", " ") for m in shots.match.tolist()], np.str_)
    return shots


def shots_of(events: ws.Events) -> EventShots:
    """The shots among ``events``."""
    indices = np.flatnonzero(events.of(*SHOTS) & (events.period < ws.SHOOTOUT))
    rows = np.empty((len(indices), len(SHOT_FEATURES)))
    reading = _Reading(events)
    for i, at in enumerate(indices.tolist()):
        rows[i] = reading.row(at)
    penalty = events.of(SHOTS[2])[indices]
    head, left, right = (events.has(tag)[indices] for tag in (ws.HEAD, ws.LEFT_FOOT, ws.RIGHT_FOOT))
    groups = {
        "body part": np.where(head, "head", np.where(right, "right foot", np.where(left, "left foot", ""))).astype(np.str_),
        "set piece": np.where(penalty, "penalty", np.where(events.of(SHOTS[1])[indices], "direct free kick", "")).astype(np.str_),
    }
    return EventShots(
        events.id[indices], events.match[indices], rows, events.has(ws.GOAL)[indices].astype(np.float64), penalty, groups
    )


class _Reading:
    """The events as plain values, place in metres as the acting team sees it."""

    def __init__(self, events: ws.Events) -> None:
        corner = np.isin(events.x, (0.0, 100.0)) & np.isin(events.y, (0.0, 100.0)) & ~events.of(("Free Kick", "Corner"))
        self._x = np.where(corner, np.nan, (events.x / 100.0 - 0.5) * LENGTH_M).astype(np.float64)
        self._y = np.where(corner, np.nan, (0.5 - events.y / 100.0) * WIDTH_M).astype(np.float64)
        self._words = [WORDS.get(kind, ("", {})) for kind in ws.KINDS] + [("", {})]  # the last: a kind unknown
        self._match, self._period, self._second = events.match, events.period, events.second
        self._kind, self._team, self._player = events.kind, events.team, events.player
        self._through, self._high = events.has(ws.THROUGH), events.has(ws.HIGH)
        self._take_on = events.has(*TAKE_ON) & events.of(("Duel", "Ground attacking duel"))
        self._part = np.full(len(events), -1, np.int8)
        for i, tag in enumerate((ws.LEFT_FOOT, ws.RIGHT_FOOT, ws.HEAD)):
            self._part[events.has(tag)] = i
        self._own_goal, self._counter = events.has(ws.OWN_GOAL), events.has(ws.COUNTER)

    def row(self, at: int) -> Floats:
        """(F,) of the shot ``at``."""
        match, period, now_s, team = self._match[at], int(self._period[at]), float(self._second[at]), self._team[at]
        first = at
        while (
            first > 0
            and self._match[first - 1] == match
            and self._period[first - 1] == period
            and now_s - self._second[first - 1] <= _BACK_S
        ):
            first -= 1
        trail = Trail(period=period, passes=True)
        for k in range(first, at):
            kind, words = self._event_words(k)
            if kind:
                follow(
                    trail,
                    kind,
                    float(self._second[k]),
                    period,
                    int(self._team[k] != team),
                    self._player_index(k),
                    (float(self._x[k]), float(self._y[k])),
                    words,
                )
        _, attrs = self._event_words(at)
        attrs["counter"] = bool(self._counter[at])
        bare = shot_features(float(self._x[at]), float(self._y[at]), *_NOBODY, attrs)
        return with_trail(bare, attrs, trail, now_s, period, 0, self._player_index(at))

    def _player_index(self, at: int) -> int:
        return int(self._player[at]) or -1

    def _event_words(self, at: int) -> tuple[str, _Attrs]:
        kind, kind_attrs = self._words[self._kind[at]]
        if kind in ("", "save", "clearance", "carry") or self._own_goal[at]:
            return "" if self._own_goal[at] else kind, {}
        if kind == "duel":
            return ("dribble" if self._take_on[at] else "duel"), {}
        words = dict(kind_attrs)
        if self._part[at] >= 0:
            words["body_part"] = ("left_foot", "right_foot", "head")[self._part[at]]
        if kind == "pass":
            words["through_ball"] = bool(self._through[at])
            if self._high[at]:
                words["height"] = "high"
        return kind, words
