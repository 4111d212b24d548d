"""How the defence and the offence lined up, and what the coverage turned out to be."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import numpy as np

from features.common.rates import rate
from features.core.event_context import EventContext
from features.core.facts import number
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.nfl.alignment import BACKS, BOX, DEEP, PRESSED, QB_DEPTH, SHOTGUN_M, formation
from features.nfl.columns import SNAP_T
from features.nfl.ledger import Ledger, late, reported
from features.nfl.pass_rush import SENT_S
from features.nfl.passing import row_where
from features.nfl.secondary import SAFETIES, SECOND_BACK, STRONG, WEAK
from features.nfl.separation import C_COS, C_GAP, C_LOST, C_MAN, C_PASSER, C_ROWS, C_STICK

COVERAGE_FEATURES: Final = (
    ("gap_m", "m", "mean distance of a defender to the man he stood over"),
    ("likeness", "ratio", "how alike they move"),
    ("eyes_passer_rad", "rad", "angle between facing and the passer"),
    ("eyes_man_rad", "rad", "angle between facing and his man"),
    ("stick", "0..1", "share who are still nearest to their men"),
    ("lost_m", "m", "widest gap to one's man"),
    ("watched_rows", "count", "how long it was watched"),
    ("deep", "count", "deep defenders at the snap"),
    ("pressed", "count", "receivers pressed at the snap"),
)
#: what is known of a play without watching anybody move: the situation, who lined up where, how many rushed, and on first and
#: second down the safeties at the snap (no real data have both them and the call of later downs)
LOOK_FEATURES: Final = (
    ("down", "count", "down"),
    ("to_go_yd", "yd", "yards to go"),
    ("to_goal_yd", "yd", "yards to the goal line"),
    ("clock_s", "s", "time left"),
    ("lead", "points", "lead of the team with the ball"),
    ("shotgun", "0..1", "passer in the shotgun"),
    ("empty", "0..1", "nobody beside him"),
    ("strong", "count", "receivers on the fuller side"),
    ("weak", "count", "receivers on the other side"),
    ("rushers", "count", "rushers"),
    ("safeties", "count", "safeties"),
    ("deepest_m", "m", "depth of the deepest safety"),
    ("second_m", "m", "depth of the other safety"),
    ("middle_m", "m", "safety nearest to the middle of the field"),
    ("between_m", "m", "how far the safeties are apart"),
    ("deepest_back_mps", "m/s", "deepest safety backs off"),
    ("second_back_mps", "m/s", "other safety backs off"),
)
#: downs on which the safeties are looked at
EARLY_DOWNS: Final = (1.0, 2.0)
MAN_OR_ZONE: Final = ("man", "zone")


def line_up(event: EventContext) -> None:
    """Fact ``lineup``: the formation's columns in the frame of the snap."""
    row = row_where(event, SNAP_T)
    event.facts["lineup"] = None
    if row >= 0 and event.frames is not None:
        event.facts["lineup"] = [float(v) for v in event.frames["lineup"][row]]


def men_in_box(event: EventContext, ledger: Ledger) -> float | None:
    lineup = event.facts.get("lineup")
    return lineup[BOX] if isinstance(lineup, list) and isfinite(lineup[BOX]) else None


def box_8plus(event: EventContext, ledger: Ledger) -> float | None:
    """Share of this defence's plays with eight or more in the box, this one included; None before ``rates.LEAST`` of them."""
    men = number(event.facts.get("nfl.defense.men_in_box"))
    if late(event, ledger) or event.team not in (0, 1) or not isfinite(men):
        return None
    side = 1 - event.team
    share = rate(ledger.boxes[side] + int(men >= 8), ledger.plays[side] + 1)
    return share if isfinite(share) else None


def offense_formation(event: EventContext, ledger: Ledger) -> str | None:
    lineup = event.facts.get("lineup")
    return formation(np.array(lineup)) if isinstance(lineup, list) else None


def coverage_features(event: EventContext, ledger: Any = None) -> Floats | None:
    """(F,): :data:`COVERAGE_FEATURES` as they stood at the release."""
    frames, row = event.frames, event.row
    if frames is None or row < 0:
        return None
    seen, lineup = frames["coverage"][row], frames["lineup"][row]
    found = np.array([*(seen[c] for c in (C_GAP, C_COS, C_PASSER, C_MAN, C_STICK, C_LOST, C_ROWS)), lineup[DEEP], lineup[PRESSED]])
    return found if isfinite(found[0]) else None


def coverage_asked(event: EventContext, ledger: Ledger | None = None) -> Floats | None:
    """(F,): the same, and :data:`LOOK_FEATURES`."""
    found = coverage_features(event, ledger)
    return None if found is None else np.concatenate((found, look(event, ledger)))


def look(event: EventContext, ledger: Ledger | None) -> Floats:
    """(F,): :data:`LOOK_FEATURES` in the row of the event, NaN where not known; without a ledger the situation is not."""
    frames, row, out = event.frames, event.row, np.full(len(LOOK_FEATURES), np.nan)
    if frames is None or row < 0:
        return out
    lineup, deep = frames["lineup"][row], frames["secondary"][row]
    if ledger is not None:
        out[:4] = [reported(event, ledger, name) for name in ("down", "to_go_yd", "to_goal_yd", "clock_s")]
        if event.team in (0, 1):
            out[4] = ledger.score[event.team] - ledger.score[1 - event.team]
    out[5] = float(lineup[QB_DEPTH] >= SHOTGUN_M) if isfinite(lineup[QB_DEPTH]) else np.nan
    out[6] = float(lineup[BACKS] == 0.0) if isfinite(lineup[BACKS]) else np.nan
    out[7:9] = deep[STRONG], deep[WEAK]
    out[9] = float((frames["get_off"][row] <= SENT_S).sum())
    if out[0] in EARLY_DOWNS:
        out[10:] = deep[SAFETIES : SECOND_BACK + 1]
    return out


def coverage_label(event: EventContext, ledger: Ledger) -> str | None:
    """The likelier of the two."""
    zone = number(event.facts.get("nfl.defense.coverage_probability"))
    return MAN_OR_ZONE[int(zone > 0.5)] if isfinite(zone) else None


EVENT_STEPS: Final = (EventStep("defense.line_up", line_up, ("ball_snap",), "extract"),)
_SNAP: Final = ("ball_snap",)
STATS: Final = (
    Stat(
        "nfl.defense.men_in_box", "count", "defenders within eight yards of the line and six of the ball at the snap", "match",
        men_in_box, on=_SNAP, on_screen_name="Men in the Box",
    ),
    Stat(
        "nfl.defense.box_8plus", "%", "share of this defence's plays with eight or more in the box, from five on", "match",
        box_8plus, on=_SNAP,
        depends_on_ledger=True, on_screen_name="8+ Defenders in the Box", source="NFL Next Gen Stats glossary: 8+D%",
    ),
    Stat(
        "nfl.offense.formation", "label", "where the passer stands, receivers left x right, men in the backfield", "team",
        offense_formation, on=_SNAP, on_screen_name="Formation",
    ),
    Stat(
        "nfl.defense.coverage_probability", "0..1", "chance that the coverage is zone, not man, judged at the release", "match",
        coverage_asked, on=("pass_forward",), model="nfl-coverage", on_screen_name="Coverage Classification",
    ),
    Stat(
        "nfl.defense.coverage", "label", "man or zone, whichever is likelier at the release", "match", coverage_label,
        on=("pass_forward",), built_on=("nfl-coverage",), on_screen_name="Coverage Classification",
    ),
)  # fmt: skip
