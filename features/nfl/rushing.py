"""Runs: what was expected at the hand-off, and what became of it."""

from __future__ import annotations

from math import isfinite
from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.facts import attr, number
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.nfl.carrier import BEHIND_S, CARRY_BOX, CLOSE_U, CROWD, FORWARD, NEAR, PATH, START_U, TO_GOAL, TOP
from features.nfl.columns import CARRY_T, LOS, WAY, YD
from features.nfl.ledger import Ledger, of_this_play, reported
from features.nfl.passing import row_where
from features.nfl.vocabulary import ENDS
from features.nfl.yardage import distribution_names, expected_m, over_expected_m, rush_rows


def begin_run(event: EventContext) -> None:
    """Facts ``rush.asked`` and ``rush.runner``, the inputs of the model of rushing yards: ``RUSH_FEATURES`` but for the yards,
    and ``HANDOFF_FEATURES``, from the first frame with the ball in the runner's hands."""
    row = row_where(event, CARRY_T)
    event.facts["rush.asked"] = event.facts["rush.runner"] = None
    if row >= 0 and event.frames is not None:
        carry = event.frames["carry"][row]
        inputs = [float(carry[c]) for c in (NEAR, CROWD, FORWARD, CARRY_BOX)]
        if all(isfinite(v) for v in inputs):
            event.facts["rush.asked"] = inputs
            event.facts["rush.runner"] = [float(v) for v in event.frames["handoff"][row]]


def end_run(event: EventContext) -> None:
    """Facts of a play that is over: yards gained, as reported or from where it ended, and how the runner got there. No runner gains
    more than the way to the goal line, however far the run goes on behind it."""
    facts, frames, row = event.facts, event.frames, event.row
    gained = attr(event, "gained_yd")
    if frames is not None and row >= 0:
        play, carry = frames["play"][row], frames["carry"][row]
        spot = play[WAY] * (event.x_m - play[LOS]) / YD
        to_goal = carry[TO_GOAL] / YD
        if isfinite(to_goal):
            spot = to_goal if event.type == "touchdown" else min(spot, to_goal)
        if not isfinite(gained) and isfinite(spot):
            gained = float(spot)
        for name, column in (
            ("carrier.path_m", PATH),
            ("carrier.behind_s", BEHIND_S),
            ("carrier.close_m", CLOSE_U),
            ("carrier.start_m", START_U),
            ("carrier.top_mps", TOP),
        ):
            facts[name] = float(carry[column])
    facts["play.gained_yd"] = gained


def run_features(event: EventContext, ledger: Ledger) -> Floats | None:
    """(K, F): one row per number of yards, the last two those to a first down and to the goal line."""
    inputs = event.facts.get("rush.asked")
    if not isinstance(inputs, list):
        return None
    return rush_rows(np.array(inputs), reported(event, ledger, "to_go_yd"), reported(event, ledger, "to_goal_yd"))


def run_asked(event: EventContext, ledger: Ledger) -> Floats | None:
    """(K, F): the same, with ``HANDOFF_FEATURES`` behind them in every row."""
    rows, runner = run_features(event, ledger), event.facts.get("rush.runner")
    if rows is None or not isinstance(runner, list):
        return None
    return np.column_stack((rows, np.tile([number(v) for v in runner], (len(rows), 1))))


def expected_yards(event: EventContext, ledger: Ledger) -> float | None:
    """m: the mean of the distribution."""
    return expected_m(event, "rush", "nfl.rusher.yards_distribution")


def first_down(event: EventContext, ledger: Ledger) -> float | None:
    return _chance(event, -2, reported(event, ledger, "to_go_yd"))


def touchdown(event: EventContext, ledger: Ledger) -> float | None:
    return _chance(event, -1, reported(event, ledger, "to_goal_yd"))


def _chance(event: EventContext, at: int, yards: float) -> float | None:
    chances = event.facts.get("nfl.rusher.yards_distribution")
    return float(chances[at]) if isinstance(chances, list) and isfinite(yards) else None


def over_expected(event: EventContext, ledger: Ledger) -> float | None:
    """m: RYOE of this run."""
    return over_expected_m(event, ledger) if _ran(event, ledger) else None


def _ran(event: EventContext, ledger: Ledger) -> bool:
    return ledger.runner >= 0 and not ledger.after_catch and event.type != "qb_sack" and of_this_play(event, ledger)


def time_behind_los(event: EventContext, ledger: Ledger) -> float | None:
    behind = number(event.facts.get("carrier.behind_s"))
    return behind if _ran(event, ledger) and isfinite(behind) else None


def efficiency(event: EventContext, ledger: Ledger) -> float | None:
    """Yards run per yard gained; None where nothing was gained."""
    path, gained = number(event.facts.get("carrier.path_m")), number(event.facts.get("play.gained_yd"))
    return path / YD / gained if _ran(event, ledger) and gained >= 1.0 and isfinite(path) else None


def yards_before_close(event: EventContext, ledger: Ledger) -> float | None:
    """m gained when the first defender came within a yard; all that was gained when none did."""
    if not _ran(event, ledger) or not isfinite(number(event.facts.get("carrier.path_m"))):
        return None
    close, gained = number(event.facts.get("carrier.close_m")), number(event.facts.get("play.gained_yd"))
    value = close if isfinite(close) else gained * YD
    return value if isfinite(value) else None


def top_speed(event: EventContext, ledger: Ledger) -> float | None:
    """m/s."""
    fastest = number(event.facts.get("carrier.top_mps"))
    return fastest if isfinite(fastest) else None


EVENT_STEPS: Final = (
    EventStep("rushing.begin", begin_run, ("handoff",), "extract"),
    EventStep("rushing.end", end_run, (*ENDS, "fumble"), "extract"),
)
_HANDOFF: Final = ("handoff",)
STATS: Final = (
    Stat(
        "nfl.rusher.yards_distribution", "0..1", "chances to gain at least so many yards with this run; of a first down and a "
        "touchdown", "player", run_asked, on=_HANDOFF, model="nfl-rushing", components=distribution_names("rush"),
        on_screen_name="Expected Rushing Yards",
    ),
    Stat(
        "nfl.rusher.expected_yards", "yd", "mean of the distribution of this run's yards", "player", expected_yards, on=_HANDOFF,
        built_on=("nfl-rushing",), on_screen_name="Expected Rushing Yards", source="NFL Next Gen Stats glossary: xRushYds",
    ),
    Stat(
        "nfl.rusher.first_down_probability", "0..1", "chance that this run makes the first down", "player", first_down,
        on=_HANDOFF, built_on=("nfl-rushing",), on_screen_name="First Down Probability",
    ),
    Stat(
        "nfl.rusher.touchdown_probability", "0..1", "chance that this run makes a touchdown", "player", touchdown, on=_HANDOFF,
        built_on=("nfl-rushing",), on_screen_name="Touchdown Probability",
    ),
    Stat(
        "nfl.rusher.yards_over_expected", "yd", "yards of this run minus the expected ones", "player", over_expected, on=ENDS,
        depends_on_ledger=True, built_on=("nfl-rushing",), on_screen_name="RYOE", source="NFL Next Gen Stats glossary: RYOE",
    ),
    Stat(
        "nfl.rusher.time_behind_los", "s", "from the hand-off, time the runner spent behind the line of scrimmage", "player",
        time_behind_los, on=ENDS, depends_on_ledger=True, source="NFL Next Gen Stats glossary: TLOS",
    ),
    Stat(
        "nfl.rusher.efficiency", "ratio", "yards that the runner covered per yard gained", "player", efficiency, on=ENDS,
        depends_on_ledger=True, source="NFL Next Gen Stats glossary: EFF",
    ),
    Stat(
        "nfl.rusher.yards_before_close", "yd", "yards gained when the first defender was within a yard", "player",
        yards_before_close, on=ENDS, depends_on_ledger=True,
    ),
    Stat(
        "nfl.carrier.top_speed", "mph", "highest speed of the ball carrier, in this play and with the ball", "player",
        top_speed, on=tuple(end for end in ENDS if end != "qb_sack"), on_screen_name="Fastest ball carriers",
        source="NFL Next Gen Stats: Fastest Ball Carriers",
    ),
)  # fmt: skip
