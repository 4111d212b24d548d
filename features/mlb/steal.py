"""The lead curve: before each pitch the chance of a steal at leads of 0, 1, ... 20 ft, and the same curve read at the measured
lead in every window until the ball is released.

Who may steal is read from the tracking: the runner on first when second base is empty, or the runner on second when that one is
alone ahead and third base is empty. The row of features is written in every row of the grid, so that the curve on the event ``set``
and the window's reading come from one and the same row.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.event_context import EventContext
from features.core.frames import Floats, Frames, Ints
from features.core.sport import Signal, Stat, Step
from features.mlb.diamond import BAGS
from features.mlb.running import EVENT_KEEP_S
from features.mlb.steal_features import COLUMN, STEAL_FEATURES, USUAL_POP_S, WIDTH, derive
from features.mlb.vocabulary import DELIVERY, PITCH, SET

#: farther from the base than this a runner is on the way, not leading off
LONGEST_LEAD_M: Final = 25.0
MODEL: Final = "lead-probability"

LEAD = Signal("lead", "m", ("N",), keep_s=EVENT_KEEP_S)
#: row of axis N of the runner who may steal, -1 for none
STEALER = Signal("stealer", "count", (), "i8", fill=-1, keep_s=EVENT_KEEP_S, places=((None, "N"),))
#: lead of the one who may steal at the pitcher's latest first move
MOVE_LEAD = Signal("lead_at_first_move", "m", (), keep_s=EVENT_KEEP_S)
STEAL_ROW = Signal("steal_row", "m", (WIDTH,), keep_s=EVENT_KEEP_S)


@kernel
def _leads(xyz: Any, base: Any, bags: Any, lo: int, hi: int, lead: Any, stealer: Any) -> None:
    held = np.empty(4, np.int64)
    for i in range(lo, hi):
        held[:] = -1
        for n in range(lead.shape[1]):
            lead[i, n] = np.nan
            b = base[i, n]
            if b >= 1.0 and b <= 3.0:
                k = int(b)
                lead[i, n] = np.sqrt((xyz[i, n, 0] - bags[k, 0]) ** 2 + (xyz[i, n, 1] - bags[k, 1]) ** 2)
                held[k] = n
        who = -1
        if held[1] >= 0 and held[2] < 0:
            who = held[1]
        elif held[2] >= 0 and held[3] < 0 and held[1] < 0:
            who = held[2]
        stealer[i] = who


def leads(frames: Frames) -> None:
    """m from the base that each runner holds or left, NaN for everybody else; and who may steal."""
    _leads(frames.xyz, frames["base"], BAGS, frames.lo, frames.hi, frames["lead"], frames["stealer"])


_FIXED: Final = np.array(
    [
        COLUMN[n]
        for n in (
            "lead_m",
            "third",
            "balls",
            "strikes",
            "sprint_mps",
            "pop_second_s",
            "delivery_s",
            "rules_2023",
            "runner_prior",
            "pitcher_prior",
            "catcher_prior",
        )
    ]
)


@kernel
def _rows(
    phase: Any,
    ball: int,
    team: Any,
    balls: Any,
    strikes: Any,
    sprint: Any,
    delivery: Any,
    pop: Any,
    prior: Any,
    lead: Any,
    stealer: Any,
    columns: Any,
    lo: int,
    hi: int,
    move: Any,
    out: Any,
) -> None:
    for i in range(lo, hi):
        out[i] = np.nan
        who = stealer[i]
        now = phase[i, ball]
        move[i] = np.nan if now == SET else move[i - 1]
        if who < 0:
            move[i] = np.nan
            continue
        # a delivery that was on already when the feed was joined began from an unknown lead
        if now == DELIVERY and phase[i - 1, ball] != DELIVERY and not np.isnan(phase[i - 1, ball]):
            move[i] = lead[i, who]
        if now not in (SET, DELIVERY, PITCH) or not lead[i, who] <= LONGEST_LEAD_M:
            continue
        out[i, columns[0]] = lead[i, who]
        out[i, columns[1]] = 0.0
        out[i, columns[2]], out[i, columns[3]] = balls[i, ball], strikes[i, ball]
        out[i, columns[4]] = sprint[i, who]
        out[i, columns[7]] = 1.0
        out[i, columns[8]] = prior[i, who]
        for n in range(lead.shape[1]):
            # pitchers and catchers bat and run as well: those of the other side are meant
            if team[n] == team[who] or team[n] < 0:
                continue
            if not np.isnan(delivery[i, n]):
                out[i, columns[6]], out[i, columns[9]] = delivery[i, n], prior[i, n]
            if not np.isnan(pop[i, n]):
                out[i, columns[5]], out[i, columns[10]] = pop[i, n], prior[i, n]


@kernel
def _to_third(
    base: Any, stealer: Any, lo: int, hi: int, third: int, second_s: int, third_s: int, nearer_s: float, out: Any
) -> None:
    """A steal of third is no race to second: the throw is shorter, by the usual difference of the two pop times."""
    for i in range(lo, hi):
        if stealer[i] >= 0 and base[i, stealer[i]] == 2.0 and out[i, third] == 0.0:
            out[i, third], out[i, third_s], out[i, second_s] = 1.0, out[i, second_s] - nearer_s, np.nan


def rows(frames: Frames) -> None:
    """The features of the one who may steal while the pitcher is set, delivers or has just let go; NaN otherwise."""
    lo, hi, out = frames.lo, frames.hi, frames["steal_row"]
    if frames.roster.ball < 0:
        return
    _rows(
        frames["phase"],
        frames.roster.ball,
        frames.roster.team,
        frames["balls"],
        frames["strikes"],
        frames["sprint_mps"],
        frames["delivery_s"],
        frames["pop_s"],
        frames["steal_prior"],
        frames["lead"],
        frames["stealer"],
        _FIXED,
        lo,
        hi,
        frames["lead_at_first_move"],
        out,
    )
    _to_third(
        frames["base"],
        frames["stealer"],
        lo,
        hi,
        COLUMN["third"],
        COLUMN["pop_second_s"],
        COLUMN["pop_third_s"],
        USUAL_POP_S[0] - USUAL_POP_S[1],
        out,
    )
    derive(out[lo:hi])


def now(frames: Frames, ends: Ints) -> Floats:
    """(K, N, F): the row of the runner who may steal until the ball is released, NaN for all others."""
    out = np.full((len(ends), len(frames.roster), WIDTH), np.nan)
    who, phase = frames["stealer"], frames["phase"]
    for k, end in enumerate(ends.tolist()):
        if who[end] >= 0 and phase[end, frames.roster.ball] in (SET, DELIVERY):
            out[k, who[end]] = frames["steal_row"][end]
    return out


def _row_of(event: EventContext) -> Floats | None:
    """The row at the event's frame, or the one after it: the nearest frame may still show what was before the event. None when the
    event's player is not the one who may steal there."""
    frames = event.frames
    if frames is None or event.row < 0 or event.player < 0:
        return None
    for at in range(event.row, min(event.row + 2, frames.hi)):
        if frames["stealer"][at] == event.player and np.isfinite(frames["steal_row"][at, COLUMN["lead_m"]]):
            row: Floats = frames["steal_row"][at].copy()
            return row
    return None


def before_pitch(event: EventContext, ledger: Any) -> Floats | None:
    return _row_of(event)


def at_release(event: EventContext, ledger: Any) -> Floats | None:
    """(F,) with what the release tells: the lead then, and what was gained since the first move."""
    row = _row_of(event)
    if row is None or event.frames is None:
        return None
    moved = float(event.frames["lead_at_first_move"][event.row])
    released = lead_of(event, ledger)
    if released is None or not np.isfinite(moved):
        return None
    row[COLUMN["lead_m"]], row[COLUMN["release_lead_m"]], row[COLUMN["gain_m"]] = moved, released, released - moved
    derive(row.reshape(1, -1))
    return row


def lead_of(event: EventContext, ledger: Any) -> float | None:
    """m from the bag at the moment of the event, between the two frames around it; None for a player who holds no base."""
    frames = event.frames
    if frames is None or event.row < 0 or event.player < 0:
        return None
    row, lead = event.row, frames["lead"][:, event.player]
    now, off = float(lead[row]), event.offset_s
    other = row - 1 if off > 0.0 else row + 1
    if off != 0.0 and 0 <= other < frames.hi and np.isfinite(lead[other]):
        apart = abs(float(frames.t[other] - frames.t[row]))
        if 0.0 < apart <= 1.5 * frames.dt_s:
            now += (float(lead[other]) - now) * min(abs(off) / apart, 1.0)
    return now if np.isfinite(now) else None


SIGNALS: Final = (LEAD, STEALER, MOVE_LEAD, STEAL_ROW)
STEPS: Final = (
    Step("steal.leads", leads, (LEAD, STEALER)),
    Step("steal.rows", rows, (MOVE_LEAD, STEAL_ROW)),
)
STATS: Final = (
    Stat(
        "mlb.runner.lead", "ft", "distance of the runner from the bag at the pitcher's first move", "player", lead_of,
        on=("first_move",), on_screen_name="Lead", source="Statcast, primary lead",
    ),
    Stat(
        "mlb.runner.secondary_lead", "ft", "distance of the runner from the bag when the ball is released", "player", lead_of,
        on=("release",), on_screen_name="Lead", source="Statcast, secondary lead",
    ),
    Stat(
        "mlb.runner.steal_probability", "0..1",
        "chance that a steal succeeds for leads of 0, 1, ... 20 ft at the pitcher's first move; it never falls as the lead grows",
        "player", before_pitch, on=("set",), model=f"{MODEL}/curve", components=tuple(f"lead_{ft:02d}_ft" for ft in range(21)),
        on_screen_name="Lead Probability",
    ),
    Stat(
        "mlb.runner.steal_probability_now", "0..1",
        "the lead curve read at the measured lead, until the ball is released", "player", now, model=MODEL,
        on_screen_name="Lead Probability",
    ),
    Stat(
        "mlb.runner.steal_probability_at_release", "0..1",
        "chance of the steal once the lead at release and the gain are known", "player", at_release, on=("release",), model=MODEL,
        on_screen_name="Lead Probability",
    ),
)  # fmt: skip

__all__ = ["SIGNALS", "STATS", "STEAL_FEATURES", "STEPS"]
