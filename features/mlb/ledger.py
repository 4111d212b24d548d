"""The running account of a ball game: plain values folded from events and their facts, in event order, and nothing else.

The state (inning, half, outs, bases, score) is what the events say it is after each play, so that a corrected play only means
folding the sequence again.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import field

from features.common.airtime import Airtime, Budget
from features.core.event_context import EventContext
from features.core.facts import attr
from features.core.sport import EventStep
from features.mlb.odds import AUTOMATIC_RUNNER, INNINGS
from features.mlb.vocabulary import EVENT_TYPES

NAN: Final = float("nan")
ANY: Final = tuple(sorted(EVENT_TYPES))
#: a game of which the first event is no later than this was seen from its beginning, s
EARLY_S: Final = 5.0
#: how many plain counts there are of a pitcher, and of a batter or a team
PITCHER_COUNTS, BATTER_COUNTS = 7, 5
#: how many highlights and sentences go on air: a whole game gets between 10 and 40 of each
HIGHLIGHTS: Final = Budget(
    every_s=270.0,
    purse=3.0,
    spacing_s=90.0,
    patience_s=600.0,
    repeat_s=0.0,
    again=1.0,
    usual=(0.05, 0.08, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6),
)
SENTENCES: Final = Budget(
    every_s=270.0,
    purse=3.0,
    spacing_s=90.0,
    patience_s=480.0,
    repeat_s=300.0,
    again=0.7,
    usual=(0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7),
)
#: what an out counts for, s
OUT_S: Final = 100.0
STATEFUL: Final = ("play", "half_start", "half_end", "game_end")


class Ledger(msgspec.Struct, array_like=True):
    """``Ledger(players=N)`` is a game before its first pitch. ``half`` 0 top, 1 bottom; ``bases`` bits 1, 2, 4; ``runs`` of home
    and away."""

    players: int = 0
    inning: int = 1
    half: int = 0
    outs: int = 0
    bases: int = 0
    runs: list[int] = field(default_factory=lambda: [0, 0])
    over: bool = False

    # times of the present pitch, s; NaN before there was one
    first_move_s: float = NAN
    release_s: float = NAN
    plate_s: float = NAN
    last_plate_s: float = NAN
    last_pitcher: int = -1
    contact_s: float = NAN
    throw_s: float = NAN

    # steals of each team: tried, succeeded
    tried: list[int] = field(default_factory=lambda: [0, 0])
    stolen: list[int] = field(default_factory=lambda: [0, 0])

    # highlights and story: the hardest ball so far, how far the latest one went, what chance the latest runner had
    hardest_mps: float = 0.0
    projected_m: float = NAN
    steal_chance: float = NAN
    # on_air.py: highlights and sentences that went on air
    shown: Airtime = field(default_factory=HIGHLIGHTS.new)
    said: Airtime = field(default_factory=SENTENCES.new)

    # whether an event was seen at all, whether the game was on already then, and whether one has reported the state since
    begun: bool = False
    joined_late: bool = False
    stated: bool = False

    # the plain counts of :mod:`features.mlb.counts`: of each player as a pitcher and as a batter, of each team at bat
    pitched: list[list[int]] = []
    batted: list[list[int]] = []
    sides: list[list[int]] = []

    #: bases that a half of an extra inning begins with: by the rule, until the game shows otherwise (play-offs)
    placed: int = AUTOMATIC_RUNNER

    def __post_init__(self) -> None:
        if not self.sides:
            self.pitched = [[0] * PITCHER_COUNTS for _ in range(self.players)]
            self.batted = [[0] * BATTER_COUNTS for _ in range(self.players)]
            self.sides = [[0] * BATTER_COUNTS for _ in range(2)]

    @property
    def lead(self) -> int:
        """Runs that the home team is ahead."""
        return self.runs[0] - self.runs[1]

    @property
    def batting(self) -> int:
        return 1 if self.half == 0 else 0


def played_s(ledger: Ledger) -> float:
    """By which highlights and sentences are rationed: outs made, a nine-inning game being as long as 90 minutes. Baseball has no
    clock."""
    return OUT_S * (6 * (max(ledger.inning, 1) - 1) + 3 * ledger.half + min(ledger.outs, 3))


def word(event: EventContext, name: str) -> str:
    value = event.attrs.get(name)
    return value if isinstance(value, str) else ""


class State(msgspec.Struct):
    """What the game stands at after an event."""

    inning: int
    half: int
    outs: int
    bases: int
    runs: list[int]

    @property
    def lead(self) -> int:
        return self.runs[0] - self.runs[1]


def state_after(event: EventContext, ledger: Ledger) -> State:
    """What the event says, and the account where it says nothing; figures that cannot be are not believed."""
    attrs = event.attrs
    half = {"top": 0, "bottom": 1}.get(word(event, "half"), ledger.half)
    outs, home, away = attr(event, "outs"), attr(event, "home_runs"), attr(event, "away_runs")
    bases = ledger.bases
    if all(isinstance(attrs.get(base), bool) for base in ("first", "second", "third")):
        bases = sum(bit for bit, base in ((1, "first"), (2, "second"), (4, "third")) if attrs[base] is True)
    return State(
        event.period if event.period > 0 else ledger.inning,
        half,
        int(outs) if 0.0 <= outs <= 3.0 else ledger.outs,
        bases,
        [int(home) if 0.0 <= home < 100.0 else ledger.runs[0], int(away) if 0.0 <= away < 100.0 else ledger.runs[1]],
    )


def placed_after(event: EventContext, ledger: Ledger, state: State) -> int:
    """Bases that halves of extra innings begin with: what the latest one began with, where the event says so."""
    says = event.type == "half_start" and all(isinstance(event.attrs.get(base), bool) for base in ("first", "second", "third"))
    return state.bases if says and state.inning > INNINGS and state.outs == 0 else ledger.placed


def is_complete(event: EventContext) -> bool:
    """Whether the event reports the whole state by itself."""
    words = (*(("half", str),), *((base, bool) for base in ("first", "second", "third")))
    numbers = (attr(event, name) for name in ("outs", "home_runs", "away_runs"))
    return event.period > 0 and all(isinstance(event.attrs.get(w), kind) for w, kind in words) and all(n == n for n in numbers)


def late(event: EventContext, ledger: Ledger) -> bool:
    """Whether the game was on before anything of it was seen: nothing is "so far in the game" then."""
    if ledger.begun:
        return ledger.joined_late
    opening = event.type == "half_start" and event.period == 1 and word(event, "half") == "top"
    return not (opening or event.t_s <= EARLY_S)


def known(event: EventContext, ledger: Ledger) -> bool:
    """Whether the account's inning, outs, bases and score are those of the game: not after a late start, until an event says
    them."""
    return ledger.stated or not late(event, ledger)


def update_beginning(event: EventContext, ledger: Ledger) -> None:
    """The first event says whether the game was joined late."""
    if not ledger.begun:
        ledger.joined_late = late(event, ledger)
        ledger.begun = True


def update_state(event: EventContext, ledger: Ledger) -> None:
    ledger.stated = ledger.stated or is_complete(event)
    state = state_after(event, ledger)
    ledger.placed = placed_after(event, ledger, state)
    ledger.inning, ledger.half, ledger.outs, ledger.bases = state.inning, state.half, state.outs, state.bases
    ledger.runs = state.runs
    ledger.over = ledger.over or event.type == "game_end"
    if event.type in ("half_start", "half_end"):
        ledger.last_plate_s, ledger.last_pitcher = NAN, -1


def update_times(event: EventContext, ledger: Ledger) -> None:
    """When the parts of the present pitch were; a later pitch forgets them."""
    t = event.t_s
    if event.type == "set":
        ledger.first_move_s = ledger.release_s = ledger.plate_s = ledger.contact_s = ledger.throw_s = NAN
    elif event.type == "first_move":
        ledger.first_move_s = t
        ledger.release_s = ledger.throw_s = NAN
    elif event.type == "release":
        ledger.release_s = t
    elif event.type == "pitch":
        ledger.last_plate_s = ledger.plate_s = t
        ledger.last_pitcher = event.player
        ledger.throw_s = ledger.contact_s = NAN
    elif event.type == "pickoff":
        ledger.last_plate_s = NAN
    elif event.type == "batted_ball":
        ledger.contact_s = t
    elif event.type == "throw":
        ledger.throw_s = t


def update_steals(event: EventContext, ledger: Ledger) -> None:
    if event.team in (0, 1):
        ledger.tried[event.team] += 1
        ledger.stolen[event.team] += event.outcome == "safe"


EVENT_STEPS: Final = (
    EventStep("ledger.beginning", update_beginning, on=ANY, phase="apply"),
    EventStep("ledger.state", update_state, on=STATEFUL, phase="apply"),
    EventStep(
        "ledger.times", update_times, phase="apply",
        on=("set", "first_move", "release", "pitch", "pickoff", "batted_ball", "throw"),
    ),
    EventStep("ledger.steals", update_steals, on=("steal",), phase="apply"),
)  # fmt: skip
