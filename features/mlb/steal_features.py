"""What is known of a steal attempt, as one row of features: the same columns live, from a simulator and from real plays.

Two moments are judged. *Before the pitch* the lead is that of the pitcher's first move and the columns that come with the
release are missing; *at release* the lead at release and what was gained since are known as well.

A prior is what a player has done before, as the mean of (success - expected success) over earlier attempts, shrunk towards 0; the
usual leads and gains are means over earlier attempts of (lead - league mean), shrunk likewise. Where nothing is known of a player,
all columns of that player are missing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.axis import Axis
from features.core.compiled import kernel
from features.core.frames import Floats
from features.mlb.diamond import BASE_M, FT_M

#: league means that leads, gains and pop times are compared with: steal of second, of third
USUAL_LEAD_M: Final = (11.6 * FT_M, 15.3 * FT_M)
USUAL_GAIN_M: Final = (11.5 * FT_M, 12.0 * FT_M)
USUAL_POP_S: Final = (1.98, 1.55)

#: (name, unit, label) in the model's order
STEAL_FEATURES: Final = (
    ("lead_m", "m", "lead at the pitcher's first move"),
    ("third", "0..1", "steal of third base"),
    ("balls", "count", "balls"),
    ("strikes", "count", "strikes"),
    ("full_count", "0..1", "full count"),
    ("sprint_mps", "m/s", "the runner's sprint speed"),
    ("pop_second_s", "s", "the catcher's pop time to second base"),
    ("pop_third_s", "s", "the catcher's pop time to third base"),
    ("delivery_s", "s", "the pitcher's time to the plate"),
    ("rules_2023", "0..1", "pitch timer, bigger bases, two pick-offs at most"),
    ("left_s", "s", "way left at sprint speed"),
    ("race_s", "s", "delivery and pop time less the way left"),
    ("pop_race_s", "s", "way left less the catcher's delay"),
    ("lead_beyond_usual_m", "m", "lead beyond the runner's usual one"),
    ("runner_prior", "0..1", "the runner's earlier attempts"),
    ("runner_lead_m", "m", "the runner's usual lead"),
    ("runner_gain_m", "m", "the runner's usual gain"),
    ("pitcher_prior", "0..1", "earlier attempts against the pitcher"),
    ("pitcher_lead_m", "m", "usual lead against the pitcher"),
    ("pitcher_gain_m", "m", "usual gain against the pitcher"),
    ("pitcher_pickoffs", "0..1", "share of attempts that the pitcher picked off"),
    ("catcher_prior", "0..1", "earlier attempts against the catcher"),
    ("catcher_gain_m", "m", "usual gain against the catcher"),
    ("release_lead_m", "m", "lead at release"),
    ("gain_m", "m", "gained between first move and release"),
    ("left_at_release_s", "s", "way left at release at sprint speed"),
    ("race_at_release_s", "s", "pop time less the way left at release"),
    ("gain_beyond_pitcher_m", "m", "gain beyond the usual one against the pitcher"),
    ("gain_beyond_runner_m", "m", "gain beyond the runner's usual one"),
    ("runner_prior_at_release", "0..1", "the runner's earlier attempts, given the leads"),
    ("pitcher_prior_at_release", "0..1", "earlier attempts against the pitcher, given the leads"),
    ("catcher_prior_at_release", "0..1", "earlier attempts against the catcher, given the leads"),
)  # fmt: skip
COLUMN: Final = {name: i for i, (name, _, _) in enumerate(STEAL_FEATURES)}
WIDTH: Final = len(STEAL_FEATURES)
_LEAD, _THIRD, _BALLS, _STRIKES, _FULL = (COLUMN[n] for n in ("lead_m", "third", "balls", "strikes", "full_count"))
_SPRINT, _POP2, _POP3, _DELIVERY = (COLUMN[n] for n in ("sprint_mps", "pop_second_s", "pop_third_s", "delivery_s"))
_LEFT, _RACE, _POP_RACE, _BEYOND = (COLUMN[n] for n in ("left_s", "race_s", "pop_race_s", "lead_beyond_usual_m"))
_RUNNER_LEAD, _RUNNER_GAIN, _PITCHER_GAIN = (COLUMN[n] for n in ("runner_lead_m", "runner_gain_m", "pitcher_gain_m"))
_RELEASE, _GAIN, _LEFT_R, _RACE_R, _GAIN_P, _GAIN_R = (
    COLUMN[n]
    for n in ("release_lead_m", "gain_m", "left_at_release_s", "race_at_release_s", "gain_beyond_pitcher_m", "gain_beyond_runner_m")
)
_LEAD_2, _LEAD_3 = USUAL_LEAD_M
_GAIN_2, _GAIN_3 = USUAL_GAIN_M
_POP_2, _POP_3 = USUAL_POP_S

#: columns in which a steal may only become likelier, and only less likely, as the lead or the gain grows
RISING: Final = ("lead_m", "race_s", "lead_beyond_usual_m", "release_lead_m", "gain_m", "race_at_release_s",
                 "gain_beyond_pitcher_m", "gain_beyond_runner_m")  # fmt: skip
FALLING: Final = ("left_s", "pop_race_s", "left_at_release_s")


@kernel
def _or_zero(value: float) -> float:
    return value if value == value else 0.0


@kernel
def _of_lead(row: Any, lead_m: float, out: Any) -> None:
    """The columns that follow the lead: lead, way left, the two races, lead beyond the usual one."""
    third = row[_THIRD] == 1.0
    pop = row[_POP3] if third else row[_POP2]
    left = (BASE_M - lead_m) / row[_SPRINT]
    out[0] = lead_m
    out[1] = left
    out[2] = row[_DELIVERY] + pop - left
    out[3] = left - _or_zero(pop - (_POP_3 if third else _POP_2))
    out[4] = lead_m - (_LEAD_3 if third else _LEAD_2) - _or_zero(row[_RUNNER_LEAD])


@kernel
def derive(rows: Any) -> None:
    """Fill the columns of ``rows`` (B, WIDTH) that follow from the others, in place."""
    five = np.empty(5)
    for b in range(rows.shape[0]):
        row = rows[b]
        third = row[_THIRD] == 1.0
        reported = row[_BALLS] == row[_BALLS] and row[_STRIKES] == row[_STRIKES]
        row[_FULL] = (1.0 if row[_BALLS] >= 3.0 and row[_STRIKES] >= 2.0 else 0.0) if reported else np.nan
        _of_lead(row, row[_LEAD], five)
        row[_LEFT], row[_RACE], row[_POP_RACE], row[_BEYOND] = five[1], five[2], five[3], five[4]
        pop = row[_POP3] if third else row[_POP2]
        left = (BASE_M - row[_RELEASE]) / row[_SPRINT]
        row[_LEFT_R] = left
        row[_RACE_R] = _or_zero(pop - (_POP_3 if third else _POP_2)) - left
        gain = row[_GAIN] - (_GAIN_3 if third else _GAIN_2)
        row[_GAIN_P] = gain - _or_zero(row[_PITCHER_GAIN])
        row[_GAIN_R] = gain - _or_zero(row[_RUNNER_GAIN])


@kernel
def _spread(row: Any, points: Any, out: Any) -> None:
    for p in range(points.shape[0]):
        _of_lead(row, points[p], out[p])


#: leads of 0, 1, ... 20 ft
LEADS_M: Final[Floats] = np.arange(21) * FT_M
CURVE: Final = Axis("lead", LEADS_M, ("lead_m", "left_s", "race_s", "pop_race_s", "lead_beyond_usual_m"), _spread)


def blank(rows: int) -> Floats:
    """(rows, WIDTH) of nothing known."""
    return np.full((rows, WIDTH), np.nan)
