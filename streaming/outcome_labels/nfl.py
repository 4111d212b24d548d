"""Outcomes of passes, runs and tackles, of calls, and of games.

A prediction of a window belongs to the play that goes on then: to the throw or the carry that began last, and to its end.
"""

from __future__ import annotations

from math import floor, isfinite, nan
from typing import Final

from features.core.facts import number
from features.nfl.carrier import T_CAUGHT, T_GAINED
from features.nfl.columns import YD
from features.nfl.defense import MAN_OR_ZONE
from features.nfl.game import CHOICES
from features.nfl.vocabulary import COMPLETE, ENDS, OUTCOMES, ROUTES
from streaming.monitoring.labels import EventHistory, Label, LoggedPrediction, Outcome, of_event
from streaming.wire.records import Event

#: no play is longer, s
_PLAY_S: Final = 60.0
_NEW: Final = ("down", "ball_snap")
_CARRY: Final = ("handoff", "pass_outcome_caught")
#: after these the carry that went on is over, and so is possession
_STOPS: Final = (*ENDS, "fumble", *_NEW)
_SCORES: Final = (*ENDS, "pass_outcome_touchdown", "field_goal", "other")


def completion(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the outcome of the pass that is in the air, or has arrived."""
    thrown = history.before(prediction.t_us, "pass_forward", *_NEW)
    if prediction.event is None and (thrown is None or thrown.type != "pass_forward"):
        return None
    result = history.after(prediction.t_us, *OUTCOMES, *_NEW)
    if result is None or result.type in _NEW:
        return None
    early = thrown is not None and history.after(thrown.t_us, *OUTCOMES) is not result
    return None if early else Outcome(float(result.type in COMPLETE), result)


def rushing(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the yards from the line of scrimmage to where the run ended; of yards beyond the goal line nothing does."""
    run = history.event(prediction.event)
    end = None if run is None else _end(history, run.t_us)
    return None if end is None else _reached(history, prediction, end, 0.0)


def after_catch(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the yards from where it was caught to where the receiver was stopped."""
    catch = history.event(prediction.event)
    end = None if catch is None else _end(history, catch.t_us)
    return None if catch is None or end is None else _reached(history, prediction, end, _air_yd(history, catch))


def tackle(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """1 where this defender brought the runner down before another whole yard was gained. Beyond the spot of the tackle a
    runner may be carried on for a while: that is not predicted."""
    carry = history.before(prediction.t_us, *_CARRY, *_STOPS)
    end = None if carry is None or carry.type not in _CARRY else _end(history, prediction.t_us)
    if carry is None or end is None:
        return None
    if end.type != "tackle":
        return Outcome(0.0, end, prediction.t_us)
    tackler = end.attrs.get("tackler")
    gained = _gained_yd(history, end) - (_air_yd(history, carry) if prediction.features[T_CAUGHT] == 1.0 else 0.0)
    # a yard is reached at its line, which a place in millimetres may miss
    reached = _whole(prediction.features[T_GAINED] + 1e-3)
    if not isinstance(tackler, str) or not reached <= gained:
        return None
    return Outcome(float(tackler == prediction.subject and gained == reached), end, prediction.t_us)


def win(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """By the points when the last period has ended, for the team that had the ball; a tie has no winner."""
    before = history.event(prediction.event)
    last = max(period.number for period in history.game.periods)
    end = next((e for e in history.of("period_end") if e.period == last), None)
    if before is None or end is None:
        return None
    lead = _final_lead(history)
    if not (lead > 0 or lead < 0):
        return None
    return Outcome(float((lead > 0) == (before.team == history.game.teams[0].id)), end)


def fourth_down(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    """The same, of the choice that was made: the others have no outcome."""
    before = history.event(prediction.event)
    if before is None or before.attrs.get("decision") not in CHOICES:
        return None
    return win(prediction, history) if prediction.features[CHOICES.index(str(before.attrs["decision"]))] == 1.0 else None


def _coverage(event: Event) -> float | None:
    """What was called, where a recording says so: simulated ones do."""
    called = event.attrs.get("true_coverage")
    return float(MAN_OR_ZONE.index(called)) if called in MAN_OR_ZONE else None


def _route(event: Event) -> float | None:
    called = event.attrs.get("true_route")
    return float(ROUTES.index(called)) if called in ROUTES else None


def _end(history: EventHistory, t_us: int) -> Event | None:
    """What ended the carry that goes on at ``t_us``."""
    end = history.after(t_us, *_STOPS)
    return end if end is not None and end.type in ENDS else None


def _reached(history: EventHistory, prediction: LoggedPrediction, end: Event, from_yd: float) -> Outcome | None:
    """Whether so many yards were gained from ``from_yd`` ahead of the line of scrimmage on."""
    level, gained = float(prediction.features[0]), _gained_yd(history, end) - from_yd
    if not isfinite(level) or not isfinite(gained) or level > 50.0 - _line_yd(history, end) - from_yd:
        return None
    return Outcome(float(gained >= level), end)


def _gained_yd(history: EventHistory, end: Event) -> float:
    """From the line of scrimmage to where a play ended, as it was spotted: whole yards, but for a touchdown."""
    spotted = number(end.attrs.get("gained_yd"))
    return spotted if isfinite(spotted) else _whole(_ahead_yd(history, end) - _line_yd(history, end))


def _air_yd(history: EventHistory, catch: Event) -> float:
    """Whole yards from the line of scrimmage to the catch."""
    return _whole(_ahead_yd(history, catch) - _line_yd(history, catch))


def _whole(yards: float) -> float:
    return float(floor(yards)) if isfinite(yards) else nan


def _ahead_yd(history: EventHistory, event: Event) -> float:
    """Yards from midfield in the direction of the event's team; NaN where either is unknown."""
    way = next((p.home_attacks for p in history.game.periods if p.number == event.period), 0)
    if event.x_m is None or not way:
        return nan
    return event.x_m / YD * (way if event.team == history.game.teams[0].id else -way)


def _line_yd(history: EventHistory, event: Event) -> float:
    """The same of the line of scrimmage of the event's play."""
    down = history.before(event.t_us, *_NEW)
    return nan if down is None else 50.0 - number(down.attrs.get("to_goal_yd"))


def _final_lead(history: EventHistory) -> float:
    """Points of the home team less those of the visitors: as the last play found them, and what was scored since."""
    home = history.game.teams[0].id
    downs = history.of(*_NEW)
    if not downs:
        return nan
    lead = number(downs[-1].attrs.get("home_points")) - number(downs[-1].attrs.get("away_points"))
    for event in history.of(*_SCORES):
        points = number(event.attrs.get("points"))
        if event.t_us >= downs[-1].t_us and points > 0.0:
            lead += points if event.team == home else -points
    return lead


_OF_PLAY: Final = (*ENDS, *OUTCOMES, *_NEW, "handoff", "pass_forward", "fumble")
_OF_GAME: Final = ("period_end", *_NEW, *_SCORES)
LABELS: Final = {
    "nfl-completion": Label(_OF_PLAY, completion, _PLAY_S),
    "nfl-rushing": Label(_OF_PLAY, rushing, _PLAY_S),
    "nfl-yac": Label(_OF_PLAY, after_catch, _PLAY_S),
    "nfl-tackle": Label(_OF_PLAY, tackle, _PLAY_S),
    "nfl-coverage": Label(("pass_forward",), of_event(_coverage)),
    "nfl-route": Label(("pass_arrived",), of_event(_route)),
    "nfl-win-probability": Label(_OF_GAME, win),
    "nfl-fourth-down": Label(_OF_GAME, fourth_down),
}
UNLABELLED: Final = {
    "nfl-pressure": "no feed charts when a rusher beats a block; a sack names the rusher who made it, and no other",
}
