"""The labels of NGS frames as events and as the running state of the ball.

A label that a person set goes before one that a program set (``autoevent_ballsnap``), which counts only in a play without the
other. What is not in the vocabulary is "other" and keeps its label as outcome: it is never taken for something that it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.nfl.vocabulary import ARRIVED, CARRIED, DEAD, EVENT_TYPES, IN_AIR, KICKED, SET, SNAPPED
from simulators.providers._files import metres
from simulators.providers._stream import EVENT_DELAY_US
from streaming.wire.records import Event

#: labels of ours by another name
SAME: Final = {
    "snap_direct": "ball_snap", "autoevent_ballsnap": "ball_snap", "autoevent_passforward": "pass_forward",
    "pass_shovel": "pass_forward", "qb_strip_sack": "qb_sack", "penalty_flag": "penalty",
    "onside_kick": "kickoff", "free_kick": "kickoff", "drop_kick": "kickoff",
    "field_goal_missed": "field_goal", "field_goal_blocked": "field_goal",
}  # fmt: skip
#: the label of a program, and those of persons for the same
_PREFERRED: Final = {
    "autoevent_ballsnap": ("ball_snap", "snap_direct"),
    "autoevent_passforward": ("pass_forward", "pass_shovel"),
}
_OUTCOME: Final = {"field_goal": "good", "field_goal_missed": "missed", "field_goal_blocked": "blocked"}
#: what a label makes of the ball
_PHASE: Final = {
    "ball_snap": SNAPPED, "handoff": CARRIED, "run": CARRIED, "pass_forward": IN_AIR, "pass_arrived": ARRIVED,
    "pass_outcome_caught": CARRIED, "pass_outcome_touchdown": CARRIED, "pass_outcome_incomplete": DEAD,
    "pass_outcome_interception": DEAD, "tackle": DEAD, "touchdown": DEAD, "out_of_bounds": DEAD, "qb_sack": DEAD,
    "fumble": DEAD, "kickoff": KICKED, "punt": KICKED, "field_goal_attempt": KICKED, "extra_point_attempt": KICKED,
    "kick_received": DEAD, "punt_received": DEAD, "field_goal": DEAD, "qb_kneel": DEAD, "qb_spike": DEAD, "safety": DEAD,
    "touchback": DEAD, "fair_catch": DEAD, "punt_downed": DEAD,
}  # fmt: skip
#: with these a play begins
_STARTS: Final = frozenset({"ball_snap", "kickoff"})
#: after these the other team has the ball; after a fumble neither, until a label names the recovery
_OTHER_LABELS: Final = frozenset({"pass_outcome_interception", "fumble_defense_recovered", "kick_received", "punt_received"})
_LOOSE: Final = frozenset({"fumble", "qb_strip_sack", "punt_muffed", "kick_recovered", "punt_blocked", "kick_blocked"})
_TOUCHDOWN_POINTS, _FIELD_GOAL_POINTS = 6.0, 3.0
#: by whom: the passer; a runner or receiver near the ball; who is handed the ball shows so many frames later
_PASSER: Final = frozenset({"ball_snap", "play_action", "qb_sack"})
_BEARER: Final = frozenset({
    "tackle", "touchdown", "out_of_bounds", "first_contact", "fumble", "run", "punt_received", "kick_received",
})  # fmt: skip
_RUNNER_LATER: Final = 4
#: a throw is labelled when the ball has left: the passer had it so many frames before
_THROWN_BEFORE: Final = 2


@dataclass(frozen=True)
class Frame:
    """A play's frames: stamps (T,) us, xy (T, tags, 2) m with the ball as tag 0, labels (T,), {tag: (side, role)} and ids of the
    players, and which side has the ball at the snap (-1 unknown)."""

    t_us: npt.NDArray[np.int64]
    xy: npt.NDArray[np.float64]
    labels: list[list[str]]
    players: dict[int, tuple[int, str]]
    ids: dict[int, str]
    offense: int


class Labels:
    """``events`` of the play and ``phase`` (T,) of the ball, each frame's from labels up to that frame."""

    def __init__(
        self, frame: Frame, *, game: str, period: int, play: str, state: dict[str, float], eligible: frozenset[str]
    ) -> None:
        self._frame, self._eligible = frame, eligible
        self.events: list[Event] = []
        self.phase = np.full(len(frame.t_us), float(DEAD))
        self._common: dict[str, Any] = {"game": game, "period": period}
        self._play, self._count = play, 0
        #: whether the files name no positions at all
        self._unknown = all(role == "player" for _, role in frame.players.values())
        #: the side that has the ball now, -1 when unknown
        self._holder = frame.offense
        present = {label for labels in frame.labels for label in labels}
        kinds = {label: SAME.get(label, label) for label in present}
        #: a play whose beginning was not labelled has no state of the ball: the time of the snap is unknown
        begins = any(kind in _STARTS for kind in kinds.values())
        now = float(SET) if begins else float(DEAD)
        if state:
            self._event("down", 0, dict(state))
        scored = "touchdown" in present
        for k, labels in enumerate(frame.labels):
            snapped = False
            for label in labels:
                if any(other in present for other in _PREFERRED.get(label, ())):
                    continue
                kind = kinds[label]
                # after a turnover or the whistle nothing of the offence goes on
                if begins and kind in _PHASE and now != DEAD:
                    now = float(_PHASE[kind])
                    snapped = snapped or now == SNAPPED
                self._report(kind, label, k, state)
                if kind == "pass_outcome_touchdown" and not scored:
                    self._report("touchdown", "touchdown", k, state)
            # a frame in which more than the snap is labelled is the frame of the snap
            self.phase[k] = float(SNAPPED) if snapped else now

    def _report(self, kind: str, label: str, k: int, state: dict[str, float]) -> None:
        attrs: dict[str, Any] = dict(state) if kind == "ball_snap" else {}
        if kind == "touchdown":
            attrs["points"] = _TOUCHDOWN_POINTS
        elif kind == "field_goal" and label == "field_goal":
            attrs["points"] = _FIELD_GOAL_POINTS
        if label in ("kick_received", "punt_received"):
            self._turn()
        self._event(kind if kind in EVENT_TYPES else "other", k, attrs, label)
        if label in _OTHER_LABELS and label not in ("kick_received", "punt_received"):
            self._turn()
        elif label in _LOOSE:
            self._holder = -1
        elif label == "fumble_offense_recovered":
            self._holder = self._frame.offense

    def _turn(self) -> None:
        self._holder = 1 - self._frame.offense if self._frame.offense >= 0 else -1

    def _event(self, kind: str, k: int, attrs: dict[str, Any], label: str = "") -> None:
        frame = self._frame
        t_us = int(frame.t_us[k])
        player = self._player(kind, k)
        values: dict[str, Any] = {"play": self._play, **attrs}
        if kind in ("pass_arrived", "pass_outcome_caught", "pass_outcome_touchdown") and player is not None:
            values["target"] = player
        x, y = frame.xy[k, 0]
        self._count += 1
        self.events.append(
            Event(
                id=f"{self._play}-{self._count:03d}",
                type=kind,
                t_us=t_us,
                player=player,
                x_m=metres(float(x)),
                y_m=metres(float(y)),
                outcome=label if kind == "other" else _OUTCOME.get(label, ""),
                attrs=values,
                team=("home", "away")[self._holder] if self._holder >= 0 else None,
                arrival_us=t_us + EVENT_DELAY_US,
                **self._common,
            )
        )

    def _player(self, kind: str, k: int) -> str | None:
        if kind == "pass_forward":
            # the player with the ball before it left: not every pass is the quarterback's
            return self._nearest(max(k - _THROWN_BEFORE, 0), lambda role: role != "line")
        if kind in _PASSER:
            # only the position shows the player who takes the snap; the player who is sacked has the ball
            return self._nearest(k, lambda role: role == "passer" or (self._unknown and kind != "ball_snap"))
        if kind == "handoff":
            return self._nearest(min(k + _RUNNER_LATER, len(self._frame.t_us) - 1), lambda role: role not in ("passer", "line"))
        if kind.startswith("pass_outcome") or kind == "pass_arrived":
            return self._nearest(k, lambda role: role in self._eligible or self._unknown)
        if kind in _BEARER:
            turned = self._holder != self._frame.offense
            return self._nearest(k, lambda role: turned or role != "line")
        return None

    def _nearest(self, k: int, fits: Callable[[str], bool]) -> str | None:
        """The player of the right kind, of the side with the ball, nearest to it in frame ``k``. Where the ball is not seen: the
        only such player, or None."""
        frame = self._frame
        players = [tag for tag, (side, role) in frame.players.items() if side == self._holder and self._holder >= 0 and fits(role)]
        if np.isnan(frame.xy[k, 0]).any():
            return frame.ids[players[0]] if len(players) == 1 else None
        best, found = np.inf, None
        for tag in players:
            off = float(np.hypot(*(frame.xy[k, tag] - frame.xy[k, 0])))
            if off < best:
                best, found = off, frame.ids[tag]
        return found
