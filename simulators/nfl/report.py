"""What the engine wrote down, as events: words for numbers, ids for slots, and the truth beside them."""

from __future__ import annotations

from typing import Any, Final

from features.nfl.columns import YD
from simulators.nfl import engine
from simulators.nfl.block import Block
from simulators.nfl.drives import FIELD_GOAL, KICK_EXTRA_YD, TOUCHDOWN, Drive
from simulators.nfl.plays import Played
from streaming.wire.records import Event, GameRecord

_NAMES: Final = {
    engine.SNAP: "ball_snap", engine.HANDOFF: "handoff", engine.THROW: "pass_forward", engine.ARRIVED: "pass_arrived",
    engine.CAUGHT: "pass_outcome_caught", engine.INCOMPLETE: "pass_outcome_incomplete",
    engine.INTERCEPTED: "pass_outcome_interception", engine.CONTACT: "first_contact", engine.TACKLE: "tackle",
    engine.TOUCHDOWN: "touchdown", engine.SACK: "qb_sack",
}  # fmt: skip
#: who reports it needs this long, ms; and a little more for every other event
_DELAY_MS: Final = 700
Attrs = dict[str, str | float | bool]


class Reporter:
    """Numbers the events of one game."""

    def __init__(self, record: GameRecord) -> None:
        self.record, self.serial = record, 0

    def _event(
        self, kind: str, t_us: int, period: int, team: int, slot: int, attrs: Attrs, xy: Any = None, outcome: str = ""
    ) -> Event:
        self.serial += 1
        return Event(
            id=f"e{self.serial:05d}",
            game=self.record.game,
            type=kind,
            t_us=t_us,
            period=period,
            team=None if team < 0 else self.record.teams[team].id,
            player=None if slot < 0 else self.record.entities[slot].id,
            x_m=None if xy is None else round(float(xy[0]), 3),
            y_m=None if xy is None else round(float(xy[1]), 3),
            outcome=outcome,
            attrs=attrs,
            arrival_us=t_us + (_DELAY_MS + self.serial * 37 % 400) * 1000,
        )

    def edge(self, kind: str, period: int, t_us: int) -> Event:
        return self._event(kind, t_us, period, -1, -1, {})

    def play(
        self,
        block: Block,
        start_us: int,
        drive: Drive,
        clock_s: float,
        period: int,
        name: str,
        choice: str,
        played: Played,
    ) -> None:
        """The "down" before a play, and everything that happened in it."""
        ids = [self.record.entities[int(e)].id for e in block.entity]
        state: Attrs = {
            "play": name,
            "down": float(drive.down),
            "to_go_yd": float(drive.to_go_yd),
            "to_goal_yd": float(drive.to_goal_yd),
            "clock_s": round(clock_s, 1),
            "home_points": drive.points[0],
            "away_points": drive.points[1],
        }
        self._period, self._name = period, name
        down: Attrs = {**state, "decision": choice} if drive.down == 4 else state
        block.events.append(self._event("down", block.start_us, period, drive.offense, -1, down))
        block.events.append(self._event("line_set", start_us, period, drive.offense, -1, {"play": name}))
        first = (start_us - block.start_us) // 20_000
        for row in played.event_rows:
            kind, frame, slot, other = (int(v) for v in row[:4])
            t_us = start_us + frame * 20_000
            attrs: Attrs = {"play": name}
            team, outcome = drive.offense, ""
            if kind == engine.SNAP:
                attrs = dict(state)
            elif kind == engine.THROW:
                attrs |= {"target": ids[other], "true_coverage": played.intent.coverage}
            elif kind in (engine.ARRIVED, engine.CAUGHT, engine.INCOMPLETE, engine.INTERCEPTED):
                attrs |= {"target": ids[slot], "true_probability": float(row[4])}
                if kind == engine.ARRIVED:
                    attrs["true_route"] = played.intent.routes.get(slot, "")
                if kind == engine.INTERCEPTED:
                    attrs["intercepted_by"] = ids[other]
            elif kind == engine.HANDOFF:
                attrs["true_eta"] = float(played.notes[0, 3]) if len(played.notes) else 0.0
            elif kind in (engine.TACKLE, engine.SACK):
                attrs |= {"tackler": ids[other], "gained_yd": float(int(row[4] // 1))}
            elif kind == engine.TOUCHDOWN:
                attrs |= {"gained_yd": float(drive.to_goal_yd), "points": TOUCHDOWN}
            elif kind == engine.CONTACT:
                attrs["by"] = ids[other]
            at = block.places[first + min(frame, len(played.phase) - 1), slot]
            block.events.append(self._event(_NAMES[kind], t_us, period, team, int(block.entity[slot]), attrs, at, outcome))

    def kick(self, block: Block, drive: Drive, t_us: int, good: bool, chance: float) -> None:
        attrs: Attrs = {
            "play": self._name,
            "length_yd": drive.to_goal_yd + KICK_EXTRA_YD,
            "true_probability": chance,
            **({"points": FIELD_GOAL} if good else {}),
        }
        outcome = "good" if good else "missed"
        block.events.append(self._event("field_goal", t_us, self._period, drive.offense, -1, attrs, outcome=outcome))

    def punt(self, block: Block, drive: Drive, t_us: int, net_yd: float) -> None:
        attrs: Attrs = {"play": self._name, "net_yd": round(net_yd, 1)}
        block.events.append(self._event("punt", t_us, self._period, drive.offense, -1, attrs))


_ = YD
