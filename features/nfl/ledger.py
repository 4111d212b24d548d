"""The running account of a game: plain values folded from events and their facts, in event order, and nothing else."""

from __future__ import annotations

from math import isfinite
from typing import Final

import msgspec
from msgspec import field

from features.common.airtime import Airtime, Budget
from features.core.event_context import MISSED, EventContext
from features.core.facts import attr, number
from features.core.sport import EventStep
from features.nfl.vocabulary import COMPLETE, ENDS, EVENT_TYPES, OUTCOMES

REGULATION_S: Final = 3600.0
#: a game of which the first event is no later than this was seen from its beginning, s; one that begins with its first period or
#: with so much on its clock was, too
EARLY_S, FRESH_S = 5.0, 3595.0
#: how many plain counts there are of passes, runs and receptions of a player, and of a team
PASS_COUNTS, RUN_COUNTS, CATCH_COUNTS, TEAM_COUNTS = 5, 3, 4, 9
_NAN: Final = float("nan")
#: how many highlights and sentences go on air: a whole game gets between 10 and 40 of each
HIGHLIGHTS: Final = Budget(
    every_s=180.0,
    purse=3.0,
    spacing_s=30.0,
    patience_s=400.0,
    repeat_s=0.0,
    again=1.0,
    usual=(0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7),
)
SENTENCES: Final = Budget(
    every_s=180.0,
    purse=3.0,
    spacing_s=30.0,
    patience_s=360.0,
    repeat_s=240.0,
    again=0.7,
    usual=(0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7),
)


class Ledger(msgspec.Struct, array_like=True):
    """``Ledger(players=N)`` is a game before kick-off. Lists of two are (home, away), lists of N follow the roster."""

    players: int = 0
    period: int = 0
    #: NaN where the game was on already and nothing says it
    score: list[float] = field(default_factory=lambda: [0.0, 0.0])
    #: the play at hand, as the "down" or the snap reported it; team -1 unknown
    play: str = ""
    offense: int = -1
    down: float = _NAN
    to_go_yd: float = _NAN
    to_goal_yd: float = _NAN
    clock_s: float = REGULATION_S
    down_s: float = 0.0
    snap_s: float = _NAN
    snapped: bool = False
    #: chance of the home team at the last "down", and the one before
    win: float = _NAN
    win_before: float = _NAN
    #: plays and plays against eight or more in the box, by the defending team
    plays: list[int] = field(default_factory=lambda: [0, 0])
    boxes: list[int] = field(default_factory=lambda: [0, 0])
    #: of the pass in the air; of the run or catch that goes on: expected yards, where it began, whose, a catch or a run
    pass_chance: float = _NAN
    passer: int = -1
    expected_yd: float = _NAN
    runner: int = -1
    after_catch: bool = False
    caught_yd: float = _NAN
    #: sums by player: attempts, completions, chances; carries, yards, expected; catches, yards after, expected
    attempts: list[int] = []
    completions: list[int] = []
    chances: list[float] = []
    tight: list[int] = []
    carries: list[int] = []
    run_yd: list[float] = []
    run_expected_yd: list[float] = []
    catches: list[int] = []
    yac_yd: list[float] = []
    yac_expected_yd: list[float] = []
    #: plays that never had a snap
    no_snap: int = 0
    fastest_mps: float = 0.0
    #: whether an event was seen at all, and whether the game was on already then: nothing is "so far in the game" after that
    begun: bool = False
    joined_late: bool = False
    score_known: bool = False
    #: the plain counts: by player those of :mod:`features.nfl.counts`, by team likewise; and what of the play at hand they need:
    #: who
    #: threw, caught and ran, and whether the play is over for them
    passes: list[list[float]] = []
    runs: list[list[float]] = []
    receptions: list[list[float]] = []
    teams: list[list[float]] = []
    thrower: int = -1
    catcher: int = -1
    bearer: int = -1
    counted: bool = False
    #: on_air.py: highlights and sentences that went on air, and the play whose touchdown did
    shown: Airtime = field(default_factory=HIGHLIGHTS.new)
    said: Airtime = field(default_factory=SENTENCES.new)
    scored_play: str = ""

    def __post_init__(self) -> None:
        if not self.attempts:
            for name in ("attempts", "completions", "tight", "carries", "catches"):
                setattr(self, name, [0] * self.players)
            for name in ("chances", "run_yd", "run_expected_yd", "yac_yd", "yac_expected_yd"):
                setattr(self, name, [0.0] * self.players)
        if not self.teams:
            self.passes = [[0.0] * PASS_COUNTS for _ in range(self.players)]
            self.runs = [[0.0] * RUN_COUNTS for _ in range(self.players)]
            self.receptions = [[0.0] * CATCH_COUNTS for _ in range(self.players)]
            self.teams = [[0.0] * TEAM_COUNTS for _ in range(2)]


def reported(event: EventContext, ledger: Ledger, name: str) -> float:
    """What the event reports of the play, or else what the play's "down" reported; NaN for neither."""
    value = attr(event, name)
    return value if value == value else float(getattr(ledger, name))


def opens(event: EventContext) -> bool:
    """Whether the event is the beginning of a game."""
    return (event.type == "period_start" and event.period == 1) or attr(event, "clock_s") >= FRESH_S


def late(event: EventContext, ledger: Ledger) -> bool:
    """Whether the game was on before anything of it was seen: nothing is "so far in the game" then."""
    return ledger.joined_late if ledger.begun else not (opens(event) or event.t_s <= EARLY_S)


def update_beginning(event: EventContext, ledger: Ledger) -> None:
    """The first event says whether the game was joined late."""
    if not ledger.begun:
        ledger.joined_late, ledger.score_known = late(event, ledger), opens(event)
        ledger.begun = True
        if ledger.joined_late:
            ledger.score = [_NAN, _NAN]


def of_this_play(event: EventContext, ledger: Ledger) -> bool:
    """Whether the event belongs to a play whose beginning the account knows; one that names no play does."""
    play = event.attrs.get("play")
    return play is None or str(play) == ledger.play


def played_s(event: EventContext, ledger: Ledger) -> float:
    """Seconds of play so far, by which highlights and sentences are rationed: of the game clock at the latest play, so that a
    game with its breaks and one without get as many; of the feed's time where the clock does not move."""
    return REGULATION_S - ledger.clock_s if ledger.clock_s < REGULATION_S else event.t_s


def update_play(event: EventContext, ledger: Ledger) -> None:
    """A play begins with its "down", or with its snap where the feed has none. One that is followed by another without a snap
    is counted: nothing was played, and nothing of it may colour the next."""
    if event.type == "ball_snap" and event.facts.get(MISSED):
        # of a play that was joined after its snap nothing is known
        ledger.play, ledger.snapped = "", False
        return
    same = event.type == "ball_snap" and ledger.play == str(event.attrs.get("play", "")) and not ledger.snapped
    if same:
        ledger.snap_s, ledger.snapped = event.t_s, True
    elif event.type in ("down", "ball_snap"):
        if ledger.play and not ledger.snapped and ledger.down >= 1.0:
            ledger.no_snap += 1
        ledger.snapped = event.type == "ball_snap"
        ledger.snap_s = event.t_s if ledger.snapped else _NAN
        ledger.down_s = event.t_s
        ledger.pass_chance = ledger.expected_yd = ledger.caught_yd = _NAN
        ledger.passer = ledger.runner = -1
        ledger.after_catch = ledger.counted = False
        ledger.thrower = ledger.catcher = ledger.bearer = -1
    else:
        return
    ledger.play = str(event.attrs.get("play", event.id))
    ledger.offense, ledger.period = event.team, max(event.period, ledger.period)
    for name in ("down", "to_go_yd", "to_goal_yd", "clock_s"):
        value = attr(event, name)
        # what its "down" has reported of a play its snap need not report again
        setattr(ledger, name, value if isfinite(value) else getattr(ledger, name) if same or name == "clock_s" else _NAN)
    home, away = attr(event, "home_points"), attr(event, "away_points")
    if isfinite(home) and isfinite(away):
        ledger.score, ledger.score_known = [home, away], True
    elif not ledger.score_known:
        ledger.score = [_NAN, _NAN]
    chance = number(event.facts.get("nfl.game.win_probability"))
    if isfinite(chance):
        ledger.win_before, ledger.win = ledger.win, chance


def update_score(event: EventContext, ledger: Ledger) -> None:
    points = attr(event, "points")
    if event.team in (0, 1) and 0.0 < points <= 8.0:
        ledger.score[event.team] += points


def update_box(event: EventContext, ledger: Ledger) -> None:
    men = number(event.facts.get("nfl.defense.men_in_box"))
    if event.team in (0, 1) and isfinite(men):
        ledger.plays[1 - event.team] += 1
        ledger.boxes[1 - event.team] += int(men >= 8)


def update_pass(event: EventContext, ledger: Ledger) -> None:
    """The passer is kept from the throw, the chance of the catch from the arrival, and both count with the outcome."""
    if not of_this_play(event, ledger):
        return
    if event.type == "pass_forward":
        ledger.passer, ledger.pass_chance = event.player, _NAN
    elif event.type == "pass_arrived":
        ledger.pass_chance = number(event.facts.get("nfl.pass.completion_probability_at_arrival"))
        if ledger.passer >= 0:
            ledger.tight[ledger.passer] += int(number(event.facts.get("nfl.pass.tight_window")) == 1.0)
    elif ledger.passer >= 0 and isfinite(ledger.pass_chance):
        ledger.attempts[ledger.passer] += 1
        ledger.completions[ledger.passer] += int(event.type in COMPLETE)
        ledger.chances[ledger.passer] += ledger.pass_chance
        ledger.pass_chance = _NAN


def update_run(event: EventContext, ledger: Ledger) -> None:
    """A hand-off or a catch begins a run with what was expected of it; the end of the play books it. A throw, a sack or a loose
    ball ends it without: a player who was handed the ball before has it no more."""
    if not of_this_play(event, ledger):
        return
    if event.type in ("handoff", "run"):
        ledger.runner, ledger.after_catch = event.player, False
        ledger.expected_yd = number(event.facts.get("rush.expected_yd"))
    elif event.type == "pass_outcome_caught":
        ledger.runner, ledger.after_catch = event.player, True
        ledger.expected_yd = number(event.facts.get("yac.expected_yd"))
        ledger.caught_yd = number(event.facts.get("yac.caught_yd"))
    elif event.type in NO_RUN:
        ledger.runner, ledger.expected_yd = -1, _NAN
    elif ledger.runner >= 0:
        gained = gained_yd(event, ledger)
        if isfinite(gained) and isfinite(ledger.expected_yd):
            sums = (
                (ledger.catches, ledger.yac_yd, ledger.yac_expected_yd)
                if ledger.after_catch
                else (ledger.carries, ledger.run_yd, ledger.run_expected_yd)
            )
            sums[0][ledger.runner] += 1
            sums[1][ledger.runner] += gained
            sums[2][ledger.runner] += ledger.expected_yd
        ledger.runner, ledger.expected_yd = -1, _NAN


def gained_yd(event: EventContext, ledger: Ledger) -> float:
    """Yards of the run that this event ends: from the line of scrimmage, or from the catch."""
    gained = number(event.facts.get("play.gained_yd"))
    return gained - ledger.caught_yd if ledger.after_catch else gained


def update_fastest(event: EventContext, ledger: Ledger) -> None:
    fastest = number(event.facts.get("carrier.top_mps"))
    if fastest > ledger.fastest_mps:
        ledger.fastest_mps = fastest


_SNAP: Final = ("ball_snap", "down")
_BY_HAND: Final = tuple(end for end in ENDS if end != "qb_sack")
#: after these a hand-off or a catch earlier in the play is no run that the end of the play could book
NO_RUN: Final = ("pass_forward", "pass_outcome_interception", "qb_sack", "fumble")
EVENT_STEPS: Final = (
    EventStep("ledger.beginning", update_beginning, on=tuple(sorted(EVENT_TYPES)), phase="apply"),
    EventStep("ledger.box", update_box, on=("ball_snap",), phase="apply"),
    EventStep("ledger.pass", update_pass, on=("pass_forward", "pass_arrived", *OUTCOMES), phase="apply"),
    EventStep("ledger.run", update_run, on=("handoff", "run", "pass_outcome_caught", *NO_RUN, *_BY_HAND), phase="apply"),
    EventStep("ledger.score", update_score, on=tuple(sorted(EVENT_TYPES)), phase="apply"),
    EventStep("ledger.fastest", update_fastest, on=ENDS, phase="apply"),
    EventStep("ledger.play", update_play, on=_SNAP, phase="apply"),
)
