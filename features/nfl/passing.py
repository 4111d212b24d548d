"""Passes when they are over, and what was expected of them: time to throw, air yards, tight windows, completion over expected."""

from __future__ import annotations

from math import hypot, isfinite
from typing import Final

import numpy as np

from features.common.rates import rate
from features.core.event_context import EventContext
from features.core.frames import Floats
from features.core.sport import EventStep, Stat
from features.nfl.carrier import CROWD, FORWARD, NEAR
from features.nfl.columns import ARRIVE_T, ARRIVE_X, ARRIVE_Y, CARRY_T, LOS, SNAP_T, THROW_T, THROW_X, THROW_Y, WAY, YD
from features.nfl.flight import AIR, COMPLETION_FEATURES
from features.nfl.ledger import Ledger, late, of_this_play, reported
from features.nfl.separation import NEAREST
from features.nfl.vocabulary import COMPLETE, ENDS, OUTCOMES
from features.nfl.yardage import distribution_names, expected_m, over_expected_m, yac_rows

TIGHT_M: Final = 1.0 * YD
#: an event may be this many rows ahead of the row in which the tracking shows it
LAG_ROWS: Final = 4


def row_where(event: EventContext, column: int) -> int:
    """The row of the event, or one of the next few, in which ``column`` of the play is known; -1 when there is none."""
    frames = event.frames
    if frames is None or event.row < 0:
        return -1
    for row in range(event.row, min(event.row + LAG_ROWS, frames.hi)):
        if np.isfinite(frames["play"][row, column]):
            return row
    return -1


def time_to_throw(event: EventContext, ledger: Ledger) -> float | None:
    """s from the snap to the release, both on the tracking's clock."""
    row = row_where(event, THROW_T)
    if row < 0 or event.frames is None:
        return None
    took = float(event.frames["play"][row, THROW_T] - event.frames["play"][row, SNAP_T])
    return took if isfinite(took) else None


def _flown(event: EventContext) -> tuple[Floats, int] | None:
    """The play's columns in the row in which the pass was down, and that row."""
    row = row_where(event, ARRIVE_T)
    if row < 0 or event.frames is None:
        return None
    return event.frames["play"][row], row


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def air_yards(event: EventContext, ledger: Ledger) -> float | None:
    """m from the line of scrimmage to where the pass came down, in the offence's direction."""
    found = _flown(event)
    return _known(found[0][WAY] * (found[0][ARRIVE_X] - found[0][LOS])) if found else None


def air_distance(event: EventContext, ledger: Ledger) -> float | None:
    """m over the ground from the release to where the pass came down."""
    found = _flown(event)
    if not found:
        return None
    play = found[0]
    return _known(hypot(play[ARRIVE_X] - play[THROW_X], play[ARRIVE_Y] - play[THROW_Y]))


def air_yards_to_sticks(event: EventContext, ledger: Ledger) -> float | None:
    """m by which the pass came down beyond the line to gain."""
    air, to_go = air_yards(event, ledger), reported(event, ledger, "to_go_yd")
    return _known(air - to_go * YD) if air is not None else None


def separation_at_throw(event: EventContext, ledger: Ledger) -> float | None:
    """m from the receiver to the nearest defender when the ball was released."""
    frames = event.frames
    if frames is None or event.row < 0 or event.player < 0:
        return None
    thrown = frames["play"][event.row, THROW_T]
    row = frames.row_at(float(thrown)) if isfinite(thrown) else -1
    return _known(frames["gap"][row, event.player, NEAREST]) if row >= 0 else None


def separation_at_arrival(event: EventContext, ledger: Ledger) -> float | None:
    """m from the receiver to the nearest defender when the ball arrived."""
    frames = event.frames
    if frames is None or event.row < 0 or event.player < 0 or not isfinite(frames["play"][event.row, SNAP_T]):
        return None
    return _known(frames["gap"][event.row, event.player, NEAREST])


def tight_window(event: EventContext, ledger: Ledger) -> float | None:
    gap = separation_at_arrival(event, ledger)
    return None if gap is None else float(gap < TIGHT_M)


def arrival_features(event: EventContext, ledger: Ledger | None = None) -> Floats | None:
    """(F,): ``COMPLETION_FEATURES`` in the frame in which the ball is down."""
    found = _flown(event)
    if not found or event.frames is None:
        return None
    row: Floats = event.frames["flight"][found[1], : len(COMPLETION_FEATURES)]
    return row.copy() if isfinite(row[AIR]) else None


def arrival_asked(event: EventContext, ledger: Ledger | None = None) -> Floats | None:
    """(F,): the same, and ``thrown.THROW_FEATURES``."""
    found, flight = _flown(event), arrival_features(event)
    if not found or flight is None or event.frames is None:
        return None
    thrown: Floats = event.frames["thrown"][found[1]]
    return np.concatenate((flight, thrown))


def cpoe(event: EventContext, ledger: Ledger) -> float | None:
    """Completions minus expected ones per attempt of this passer, this pass included; a share. None before ``rates.LEAST`` attempts
    that have a value."""
    n, chance = ledger.passer, ledger.pass_chance
    if late(event, ledger) or not 0 <= n < len(ledger.attempts) or not isfinite(chance):
        return None
    done = ledger.completions[n] + int(event.type in COMPLETE)
    over = rate(done - ledger.chances[n] - chance, ledger.attempts[n] + 1)
    return over if isfinite(over) else None


def begin_after_catch(event: EventContext) -> None:
    """Facts ``yac.asked``, the inputs of the model, and ``yac.caught_yd``, where the catch was from the line of scrimmage."""
    row = row_where(event, CARRY_T)
    event.facts["yac.asked"] = None
    frames = event.frames
    if row < 0 or frames is None:
        return
    carry, play = frames["carry"][row], frames["play"][row]
    inputs = [float(carry[c]) for c in (NEAR, CROWD, FORWARD)]
    caught = float(play[WAY] * (play[ARRIVE_X] - play[LOS])) / YD
    event.facts["yac.caught_yd"] = caught
    if all(isfinite(v) for v in (*inputs, caught)):
        event.facts["yac.asked"] = inputs


def yac_features(event: EventContext, ledger: Ledger) -> Floats | None:
    """(K, F): one row per number of yards."""
    inputs = event.facts.get("yac.asked")
    return yac_rows(np.array(inputs)) if isinstance(inputs, list) else None


def expected_yac(event: EventContext, ledger: Ledger) -> float | None:
    """m: the mean of the distribution."""
    return expected_m(event, "yac", "nfl.receiver.yac_distribution")


def yac_over_expected(event: EventContext, ledger: Ledger) -> float | None:
    """m: yards after this catch minus expected ones."""
    caught = ledger.after_catch and event.type != "qb_sack" and of_this_play(event, ledger)
    return over_expected_m(event, ledger) if caught else None


EVENT_STEPS: Final = (EventStep("passing.after_catch", begin_after_catch, ("pass_outcome_caught",), "extract"),)
_ARRIVED: Final = ("pass_arrived",)
STATS: Final = (
    Stat(
        "nfl.passer.time_to_throw", "s", "from the snap to the release", "player", time_to_throw, on=("pass_forward",),
        on_screen_name="Time to Throw", source="NFL Next Gen Stats glossary: TT",
    ),
    Stat(
        "nfl.pass.air_yards", "yd", "from the line of scrimmage to where the pass came down", "match", air_yards, on=_ARRIVED,
        on_screen_name="Air Yards", source="NFL Next Gen Stats glossary: IAY",
    ),
    Stat(
        "nfl.pass.air_distance", "yd", "over the ground from the release to where the pass came down", "match", air_distance,
        on=_ARRIVED, on_screen_name="Air Distance",
    ),
    Stat(
        "nfl.pass.air_yards_to_sticks", "yd", "by how much the pass came down beyond the line to gain", "match",
        air_yards_to_sticks, on=_ARRIVED, source="NFL Next Gen Stats glossary: AYTS",
    ),
    Stat(
        "nfl.receiver.separation_at_throw", "yd", "receiver to the nearest defender when the ball is released", "player",
        separation_at_throw, on=_ARRIVED, on_screen_name="Separation",
    ),
    Stat(
        "nfl.receiver.separation_at_arrival", "yd", "receiver to the nearest defender when the ball arrives", "player",
        separation_at_arrival, on=_ARRIVED, on_screen_name="Separation", source="NFL Next Gen Stats glossary: SEP",
    ),
    Stat(
        "nfl.pass.tight_window", "bool", "1 when a defender is within a yard of the receiver as the ball arrives", "match",
        tight_window, on=_ARRIVED, on_screen_name="Aggressiveness", source="NFL Next Gen Stats glossary: AGG",
    ),
    Stat(
        "nfl.pass.completion_probability_at_arrival", "0..1", "chance of a catch, judged in the frame in which the ball arrives",
        "match", arrival_asked, on=_ARRIVED, model="nfl-completion", on_screen_name="Completion Probability",
    ),
    Stat(
        "nfl.passer.cpoe", "%", "completions over expected ones per attempt, so far in the game; from five attempts on", "match",
        cpoe, on=OUTCOMES,
        depends_on_ledger=True, built_on=("nfl-completion",), on_screen_name="CPOE", source="NFL Next Gen Stats glossary: +/-",
    ),
    Stat(
        "nfl.receiver.yac_distribution", "0..1", "chances to run at least so many yards after this catch", "player", yac_features,
        on=("pass_outcome_caught",), model="nfl-yac", components=distribution_names("yac"),
    ),
    Stat(
        "nfl.receiver.expected_yac", "yd", "mean of the distribution of yards after this catch", "player", expected_yac,
        on=("pass_outcome_caught",), built_on=("nfl-yac",), on_screen_name="Expected YAC",
    ),
    Stat(
        "nfl.receiver.yac_over_expected", "yd", "yards after this catch minus the expected ones", "player", yac_over_expected,
        on=ENDS, depends_on_ledger=True, built_on=("nfl-yac",), on_screen_name="YAC over expected",
    ),
)  # fmt: skip
