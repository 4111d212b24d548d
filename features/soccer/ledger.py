"""The running account of a match: plain values folded from events and their facts, in event order, and nothing else.

Because it never sees a frame, a corrected event (a goal withdrawn by the video referee) only means folding the sequence
again. Every sum is taken in event order, so the same events give the same bits. Modules of this package own the fields
named after them and change no other; the clock below goes first, since the rest reads it.
"""

from __future__ import annotations

from math import isfinite
from typing import Final

import msgspec
from msgspec import field

from features.common.airtime import Airtime, Budget
from features.core.event_context import EventContext
from features.core.facts import number
from features.core.sport import EventStep
from features.soccer.trail import Trail
from features.soccer.vocabulary import EVENT_TYPES

#: the standard pitch, when no field is known
LENGTH_M: Final = 105.0
WIDTH_M: Final = 68.0
SHOOTOUT: Final = 5
LONGEST_S: Final = 7200.0
#: a half of extra time as a share of a half
EXTRA_HALF: Final = 1 / 3


#: what is counted (counts.py)
COUNTS: Final = (
    "shots", "shots_on_target", "goals", "passes", "passes_ended", "passes_complete", "crosses", "corners", "fouls", "offsides",
    "yellow_cards", "red_cards", "duels_won", "take_ons", "tackles", "interceptions", "clearances", "saves",
)  # fmt: skip

#: how many highlights and sentences go on air: of each a match of 90 minutes gets between 10 and 40 of each. What is usual was read
#: off real matches (`touchline check highlights wyscout`)
HIGHLIGHTS: Final = Budget(
    every_s=255.0,
    purse=3.0,
    spacing_s=75.0,
    patience_s=480.0,
    repeat_s=0.0,
    again=1.0,
    usual=(0.03, 0.08, 0.1, 0.1, 0.12, 0.17, 0.24, 0.3, 0.34, 0.45),
)
SENTENCES: Final = Budget(
    every_s=255.0,
    purse=3.0,
    spacing_s=90.0,
    patience_s=480.0,
    repeat_s=600.0,
    again=0.6,
    usual=(0.17, 0.21, 0.24, 0.26, 0.3, 0.34, 0.35, 0.4, 0.44, 0.56),
)


class Ledger(msgspec.Struct, array_like=True):
    """``Ledger(players=N)`` is a match before kick-off. Lists of two are (home, away), lists of N follow the roster.

    Forked by encoding and decoding it as msgpack: about 4 kB and 20 us for a full match.
    """

    players: int = 0

    # clock: seconds on the game's time axis, and seconds played in the periods that are over
    period: int = 0
    period_start_s: float = 0.0
    running: bool = False
    played_s: float = 0.0
    last_s: float = 0.0
    half_s: float = 2700.0

    # match.py
    goals: list[int] = field(default_factory=lambda: [0, 0])
    reds: list[int] = field(default_factory=lambda: [0, 0])

    # finishing.py: shots that got an xGoals value, their goals, their sums
    shots: list[int] = field(default_factory=lambda: [0, 0])
    team_xgoals: list[float] = field(default_factory=lambda: [0.0, 0.0])
    team_scored: list[int] = field(default_factory=lambda: [0, 0])
    player_xgoals: list[float] = []
    player_scored: list[int] = []
    player_shots: list[int] = []
    #: shots without an xGoals value: what is unknown is not 0
    unvalued: list[int] = field(default_factory=lambda: [0, 0])
    #: set pieces one of whose shots has none
    unvalued_set_pieces: list[int] = field(default_factory=lambda: [0, 0])

    # keepers.py: xGoals on target faced, goals among them, and who was last seen in goal
    keeper_faced: list[float] = []
    keeper_conceded: list[int] = []
    keeper: list[int] = field(default_factory=lambda: [-1, -1])

    # pressing.py: played seconds of each team's own build-up passes and of its defensive actions up the pitch
    build_up_s: list[list[float]] = field(default_factory=lambda: [[], []])
    defended_s: list[list[float]] = field(default_factory=lambda: [[], []])

    # setpieces.py: xGoals of each team's latest set pieces, newest last; kind and played seconds of the newest
    set_pieces: list[list[float]] = field(default_factory=lambda: [[], []])
    set_piece_kind: list[str] = field(default_factory=lambda: ["", ""])
    set_piece_s: list[float] = field(default_factory=lambda: [0.0, 0.0])

    # shots.py: what the next shot grows out of
    trail: Trail = field(default_factory=Trail)

    # match.py: kicks of a penalty shoot-out that were scored, and taken
    shootout: list[int] = field(default_factory=lambda: [0, 0])
    kicks: list[int] = field(default_factory=lambda: [0, 0])

    # moves.py: the period that what follows is of; the latest pass [t_s, team, depth, across, end depth, end across (m), arrived];
    # the run of passes [team, t_s and depth of the first, passes]; t_s and depth of each team's latest passes; when the ball was
    # last dead; passes whose outcome is known and those that arrived; passes whose height was reported. None where
    # unknown
    move_period: int = 0
    last_pass: list[float | None] = []
    run: list[float | None] = []
    own_passes: list[list[float | None]] = field(default_factory=lambda: [[], []])
    dead_s: float | None = None
    team_passes: list[int] = field(default_factory=lambda: [0, 0])
    team_arrived: list[int] = field(default_factory=lambda: [0, 0])
    player_passes: list[int] = []
    player_arrived: list[int] = []
    heights: int = 0

    # highlights.py: the best speed that was seen
    fastest_mps: float = 0.0

    # counts.py: by name of COUNTS, of teams and of players; whether the kick-off was seen, so that they are the whole match's; when
    # each team was last offside and last shot (played s); passes by minute; passes completed in a row and shots in a row, and whose
    team_counts: list[list[int]] = []
    player_counts: list[list[int]] = []
    begun: bool = False
    whole: bool = False
    offside_s: list[float] = field(default_factory=lambda: [float("-inf")] * 2)
    shot_s: list[float] = field(default_factory=lambda: [0.0, 0.0])
    minutes: list[list[int]] = []
    move_team: int = -1
    move_passes: int = 0
    run_team: int = -1
    run_shots: int = 0

    # on_air.py: highlights and sentences that went on air
    shown: Airtime = field(default_factory=HIGHLIGHTS.new)
    said: Airtime = field(default_factory=SENTENCES.new)
    #: period and team of the last sentence on who plays most of the passes
    mostly: list[int] = field(default_factory=lambda: [0, -1])

    def __post_init__(self) -> None:
        if not self.team_counts:
            self.team_counts = [[0, 0] for _ in COUNTS]
            self.player_counts = [[0] * self.players for _ in COUNTS]
        if not self.player_shots:
            self.player_xgoals = [0.0] * self.players
            self.player_scored = [0] * self.players
            self.player_shots = [0] * self.players
            self.player_passes = [0] * self.players
            self.player_arrived = [0] * self.players
            self.keeper_faced = [0.0] * self.players
            self.keeper_conceded = [0] * self.players

    @property
    def joined_s(self) -> float:
        """NaN for a match that was seen from its kick-off; else, and before anything of it has been reported, 0: what was before
        that is not known at any time of it."""
        return float("nan") if self.whole else 0.0

    def clock_s(self, t_s: float) -> float:
        """Seconds played at ``t_s``: breaks between periods do not count."""
        return self.played_s + max(t_s - self.period_start_s, 0.0) if self.running else self.played_s

    def in_period_s(self, t_s: float) -> float:
        """Seconds since the present period began; 0 between periods."""
        return max(t_s - self.period_start_s, 0.0) if self.running else 0.0


def xgoals_of(event: EventContext) -> float:
    """The xGoals model's answer for this shot; NaN without one."""
    return number(event.facts.get("soccer.shot.xgoals"))


def in_shootout(event: EventContext) -> bool:
    """Whether an event belongs to a penalty shoot-out, of which nothing counts in the match."""
    return event.period >= SHOOTOUT


def counts(event: EventContext) -> bool:
    """Whether an event belongs to the match proper: a known team, and no penalty shoot-out."""
    return event.team in (0, 1) and not in_shootout(event)


def update_clock(event: EventContext, ledger: Ledger) -> None:
    """A period begins with ``period_start`` and ends with ``period_end``.

    Where a feed says neither, an event of a later period begins that one, but not before the present one has had its
    time: single events with a wrong period are common. ``period_start`` may say how long a half is meant to be
    (``length_s``; youth games and demonstrations are shorter).
    """
    if event.type == "period_start":
        length_s = number(event.attrs.get("length_s"))
        if 0.0 < length_s <= LONGEST_S and event.period <= 2:
            ledger.half_s = length_s
    time_s = ledger.half_s if ledger.period <= 2 else ledger.half_s * EXTRA_HALF
    due = event.type == "period_start" or not ledger.running or ledger.in_period_s(event.t_s) > time_s
    if due and ledger.period < event.period <= SHOOTOUT:
        if ledger.running:
            ledger.played_s += max(ledger.last_s - ledger.period_start_s, 0.0)
        ledger.period, ledger.period_start_s, ledger.running = event.period, event.t_s, True
    ledger.last_s = max(ledger.last_s, event.t_s)
    if event.type == "period_end" and event.period == ledger.period and ledger.running:
        ledger.played_s += max(event.t_s - ledger.period_start_s, 0.0)
        ledger.running = False


def locate(event: EventContext) -> None:
    """Fact ``place``: where the event began and ended as shares of the pitch, seen by the team that acts.

    ``[depth, across, end depth, end across]``: depth 0 on its own goal line and 1 on the opponents', across 0 on its
    right touchline and 1 on its left; NaN where unknown. What was reported comes first; where nothing was, the ball and
    then the player in the matched frame say where it began.
    """
    x, y, frames = event.x_m, event.y_m, event.frames
    length, width = (frames.field.length_m, frames.field.width_m) if frames is not None else (LENGTH_M, WIDTH_M)
    if not (isfinite(x) and isfinite(y)) and frames is not None and event.row >= 0:
        for entity in (frames.roster.ball, event.player):
            if entity >= 0:
                x, y = float(frames.xyz[event.row, entity, 0]), float(frames.xyz[event.row, entity, 1])
                if isfinite(x) and isfinite(y):
                    break
    way = float(event.attack) if event.attack else float("nan")
    event.facts["place"] = [
        _share(way * x / length),
        _share(way * y / width),
        _share(way * event.end_x_m / length),
        _share(way * event.end_y_m / width),
    ]


def _share(centred: float) -> float:
    return min(max(centred + 0.5, 0.0), 1.0) if isfinite(centred) else float("nan")


def place(event: EventContext) -> list[float]:
    """The fact written by :func:`locate`; all NaN when that step has not run."""
    found = event.facts.get("place")
    return found if isinstance(found, list) else [float("nan")] * 4


EVENT_STEPS = (
    EventStep("event.place", locate, on=tuple(sorted(EVENT_TYPES)), phase="extract"),
    EventStep("ledger.clock", update_clock, on=tuple(sorted(EVENT_TYPES)), phase="apply"),
)
