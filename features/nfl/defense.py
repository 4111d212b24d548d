"""How the defence and the offence lined up, and what the coverage turned out to be."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import numpy as np

from features.facts import number
from features.frames import Floats
from features.moments import Moment
from features.nfl.alignment import BOX, DEEP, PRESSED, formation
from features.nfl.columns import SNAP_T
from features.nfl.ledger import Ledger, late
from features.nfl.passing import row_where
from features.nfl.separation import C_COS, C_GAP, C_LOST, C_MAN, C_PASSER, C_ROWS, C_STICK
from features.rates import rate
from features.sport import EventStep, Stat

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
MAN_OR_ZONE: Final = ("man", "zone")


def line_up(moment: Moment) -> None:
    """Fact ``lineup``: the formation's columns in the frame of the snap."""
    row = row_where(moment, SNAP_T)
    moment.facts["lineup"] = None
    if row >= 0 and moment.frames is not None:
        moment.facts["lineup"] = [float(v) for v in moment.frames["lineup"][row]]


def men_in_box(moment: Moment, ledger: Ledger) -> float | None:
    lineup = moment.facts.get("lineup")
    return lineup[BOX] if isinstance(lineup, list) and isfinite(lineup[BOX]) else None


def box_8plus(moment: Moment, ledger: Ledger) -> float | None:
    """Share of this defence's plays with eight or more in the box, this one included; None before ``rates.LEAST`` of them."""
    men = number(moment.facts.get("nfl.defense.men_in_box"))
    if late(moment, ledger) or moment.team not in (0, 1) or not isfinite(men):
        return None
    side = 1 - moment.team
    share = rate(ledger.boxes[side] + int(men >= 8), ledger.plays[side] + 1)
    return share if isfinite(share) else None


def offense_formation(moment: Moment, ledger: Ledger) -> str | None:
    lineup = moment.facts.get("lineup")
    return formation(np.array(lineup)) if isinstance(lineup, list) else None


def coverage_features(moment: Moment, ledger: Any = None) -> Floats | None:
    """(F,): :data:`COVERAGE_FEATURES` as they stood at the release."""
    frames, row = moment.frames, moment.row
    if frames is None or row < 0:
        return None
    seen, lineup = frames["coverage"][row], frames["lineup"][row]
    found = np.array(
        [*(seen[c] for c in (C_GAP, C_COS, C_PASSER, C_MAN, C_STICK, C_LOST, C_ROWS)), lineup[DEEP], lineup[PRESSED]]
    )
    return found if isfinite(found[0]) else None


def coverage_label(moment: Moment, ledger: Ledger) -> str | None:
    """The likelier of the two."""
    zone = number(moment.facts.get("nfl.defense.coverage_probability"))
    return MAN_OR_ZONE[int(zone > 0.5)] if isfinite(zone) else None


EVENT_STEPS: Final = (EventStep("defense.line_up", line_up, ("ball_snap",), "extract"),)
_SNAP: Final = ("ball_snap",)
STATS: Final = (
    Stat(
        "nfl.defense.men_in_box", "count", "defenders within eight yards of the line and six of the ball at the snap", "match",
        men_in_box, on=_SNAP, air="Men in the Box",
    ),
    Stat(
        "nfl.defense.box_8plus", "%", "share of this defence's plays with eight or more in the box, from five on", "match",
        box_8plus, on=_SNAP,
        of_account=True, air="8+ Defenders in the Box", source="NFL Next Gen Stats glossary: 8+D%",
    ),
    Stat(
        "nfl.offense.formation", "label", "where the passer stands, receivers left x right, men in the backfield", "team",
        offense_formation, on=_SNAP, air="Formation",
    ),
    Stat(
        "nfl.defense.coverage_probability", "0..1", "chance that the coverage is zone, not man, judged at the release", "match",
        coverage_features, on=("pass_forward",), model="nfl-coverage", air="Coverage Classification",
    ),
    Stat(
        "nfl.defense.coverage", "label", "man or zone, whichever is likelier at the release", "match", coverage_label,
        on=("pass_forward",), built_on=("nfl-coverage",), air="Coverage Classification",
    ),
)  # fmt: skip
