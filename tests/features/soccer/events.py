"""Scripted soccer events for tests: rosters, frames and moments with few words."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Field, Frames, Roster
from features.soccer import SPORT
from features.soccer.ledger import Ledger

NAN = float("nan")

#: home 0..10 (0 the keeper), away 11..21 (11 the keeper), ball 22
ROSTER = Roster.of(
    [(f"h{n}", 0, "keeper" if n == 0 else "player") for n in range(11)]
    + [(f"a{n}", 1, "keeper" if n == 0 else "player") for n in range(11)]
    + [("ball", -1, "ball")],
    ("HOM", "AWY"),
    names=tuple([f"Home {n}" for n in range(11)] + [f"Away {n}" for n in range(11)] + [""]),
    team_names=("Northside", "Southgate"),
)
PLAYERS = len(ROSTER)


def frames_of(xyz: Any, *, dt_s: float = 0.04, t0_s: float = 0.0, signals: dict[str, Any] | None = None) -> Frames:
    """Frames over ``xyz`` (rows, N, 2 or 3), all of them new."""
    xyz = np.asarray(xyz, np.float64)
    if xyz.shape[2] == 2:
        xyz = np.concatenate([xyz, np.zeros((*xyz.shape[:2], 1))], axis=2)
    rows = len(xyz)
    return Frames(
        ROSTER,
        Field(105.0, 68.0),
        dt_s=dt_s,
        hop=5,
        span=10,
        t=t0_s + np.arange(rows) * dt_s,
        xyz=xyz,
        period=np.ones(rows, np.int8),
        attack=np.ones(rows, np.int8),
        signals=signals or {},
        state={},
        lo=0,
        hi=rows,
    )


def standing(positions: dict[int, tuple[float, float]], rows: int = 11) -> Frames:
    """Frames in which the given entities stand still and everybody else is out of sight."""
    xyz = np.full((rows, PLAYERS, 3), np.nan)
    for n, (x, y) in positions.items():
        xyz[:, n] = (x, y, 0.0)
    return frames_of(xyz)


def event(
    kind: str,
    t_s: float,
    team: int = -1,
    player: int = -1,
    *,
    at: tuple[float, float] = (NAN, NAN),
    end: tuple[float, float] = (NAN, NAN),
    outcome: str = "",
    period: int = 1,
    attack: int | None = None,
    frames: Frames | None = None,
    row: int = -1,
    facts: dict[str, Any] | None = None,
    ident: str = "",
    **attrs: Any,
) -> EventContext:
    """A moment; the home team attacks towards +x unless ``attack`` says otherwise."""
    if attack is None:
        attack = {0: 1, 1: -1}.get(team, 0)
    return EventContext(
        id=ident or f"{kind}@{t_s}",
        type=kind,
        t_s=t_s,
        period=period,
        team=team,
        player=player,
        x_m=at[0],
        y_m=at[1],
        end_x_m=end[0],
        end_y_m=end[1],
        outcome=outcome,
        attack=attack,
        attrs=attrs,
        row=row,
        offset_s=0.0 if row >= 0 else NAN,
        frames=frames,
        facts=dict(facts or {}),
        roster=ROSTER,
    )


def shot(t_s: float, team: int, player: int, xgoals: float, outcome: str, **more: Any) -> EventContext:
    return event("shot", t_s, team, player, outcome=outcome, facts={"soccer.shot.xgoals": xgoals}, **more)


def fold(moments: list[EventContext], ledger: Ledger | None = None) -> Ledger:
    """Run the sport's own event steps, without models: what the engine does between the stats."""
    ledger = SPORT.ledger(players=PLAYERS) if ledger is None else ledger
    for moment in moments:
        for phase in ("extract", "apply"):
            for step in SPORT.event_steps:
                if moment.type in step.on and step.phase == phase:
                    if phase == "extract":
                        step.compute(moment)
                    else:
                        step.compute(moment, ledger)
    return ledger


def tick(stat_id: str, ledger: Ledger, t_s: float = 0.0) -> Any:
    return SPORT.stat(stat_id).compute(ledger, t_s)
