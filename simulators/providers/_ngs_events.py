"""The labels of NGS frames as events and as the running state of the ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from features.nfl.vocabulary import ARRIVED, CARRIED, DEAD, EVENT_TYPES, IN_AIR, KICKED, SET, SNAPPED
from simulators.providers._files import metres
from simulators.providers._stream import EVENT_DELAY_US
from streaming.records import Event

Side = Literal[-1, 1]
#: labels of ours by another name; what is not in the vocabulary is "other", and keeps its label as outcome
_SAME: Final = {
    "snap_direct": "ball_snap", "pass_shovel": "pass_forward", "qb_strip_sack": "qb_sack", "fumble_offense_recovered": "fumble",
    "fumble_defense_recovered": "fumble", "penalty_flag": "penalty", "penalty_declined": "penalty",
}  # fmt: skip
#: what a label makes of the ball
_PHASE: Final = {
    "ball_snap": SNAPPED, "handoff": CARRIED, "run": CARRIED, "pass_forward": IN_AIR, "pass_arrived": ARRIVED,
    "pass_outcome_caught": CARRIED, "pass_outcome_touchdown": CARRIED, "pass_outcome_incomplete": DEAD,
    "pass_outcome_interception": DEAD, "tackle": DEAD, "touchdown": DEAD, "out_of_bounds": DEAD, "qb_sack": DEAD,
    "fumble": DEAD, "kickoff": KICKED, "punt": KICKED, "kick_received": DEAD, "punt_received": DEAD,
}  # fmt: skip
#: by whom: the passer; a runner or receiver near the ball, so many frames later
_PASSER: Final = frozenset({"ball_snap", "pass_forward", "play_action", "qb_sack"})
_RUNNER_LATER: Final = 4


@dataclass(frozen=True)
class Frame:
    """A play's frames: stamps (T,) us, xy (T, tags, 2) m with the ball as tag 0, labels (T,), the offence's roles by tag, ids by
    tag."""

    t_us: npt.NDArray[np.int64]
    xy: npt.NDArray[np.float64]
    labels: list[list[str]]
    offense: dict[int, str]
    ids: dict[int, str]


class Labels:
    """``events`` of the play and ``phase`` (T,) of the ball, each frame's from labels up to that frame."""

    def __init__(
        self, frame: Frame, *, game: str, team: str, period: int, play: str, state: dict[str, float], eligible: frozenset[str]
    ) -> None:  # fmt: skip
        self._frame, self._eligible = frame, eligible
        self.events: list[Event] = []
        self.phase = np.empty(len(frame.t_us))
        self._common: dict[str, Any] = {"game": game, "period": period, "team": team}
        self._play, self._count = play, 0
        now = float(SET)
        if state.get("down", 0.0) >= 1.0:
            self._event("down", 0, {**state})
        for k, labels in enumerate(frame.labels):
            for label in labels:
                kind = _SAME.get(label, label)
                # after a turnover or the whistle nothing of the offence goes on
                if kind in _PHASE and not (now == DEAD and kind not in ("kickoff", "punt")):
                    now = float(_PHASE[kind])
                attrs: dict[str, float] = {**state} if kind == "ball_snap" else {}
                self._event(kind if kind in EVENT_TYPES else "other", k, attrs, label)
            self.phase[k] = now

    def _event(self, kind: str, k: int, attrs: dict[str, Any], label: str = "") -> None:
        frame = self._frame
        t_us = int(frame.t_us[k])
        player = self._who(kind, k)
        said: dict[str, Any] = {"play": self._play, **attrs}
        if kind in ("pass_arrived", "pass_outcome_caught", "pass_outcome_touchdown") and player is not None:
            said["target"] = player
        x, y = frame.xy[k, 0]
        self._count += 1
        self.events.append(
            Event(
                id=f"{self._play}-{self._count:03d}", type=kind, t_us=t_us, player=player, x_m=metres(float(x)),
                y_m=metres(float(y)), outcome=label if kind == "other" else "", attrs=said, arrival_us=t_us + EVENT_DELAY_US,
                **self._common,
            )
        )  # fmt: skip

    def _who(self, kind: str, k: int) -> str | None:
        if kind in _PASSER:
            return self._nearest(k, lambda role: role == "passer")
        if kind == "handoff":
            return self._nearest(min(k + _RUNNER_LATER, len(self._frame.t_us) - 1), lambda role: role not in ("passer", "line"))
        if kind.startswith("pass_outcome") or kind == "pass_arrived":
            return self._nearest(k, lambda role: role in self._eligible)
        if kind in ("tackle", "touchdown", "out_of_bounds", "first_contact", "fumble"):
            return self._nearest(k, lambda role: role != "line")
        return None

    def _nearest(self, k: int, fits: Any) -> str | None:
        """The offence's man of the right kind nearest to the ball in frame ``k``; None when either is not seen."""
        frame = self._frame
        best, found = np.inf, None
        for tag, role in frame.offense.items():
            if fits(role):
                off = float(np.hypot(*(frame.xy[k, tag] - frame.xy[k, 0])))
                if off < best:
                    best, found = off, frame.ids[tag]
        return found
