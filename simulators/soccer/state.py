"""The whole state of a match as a few arrays, so that compiled kernels can share it, and the names of its cells.

Slots 0..10 are the home team, 11..21 the away team; slots 0 and 11 are the keepers. A slot is a place in the team: who
fills it (``who``, a row of the squad or -1 after a sending-off) changes with a substitution. Positions are metres in the
stadium's fixed orientation, origin at the centre spot.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HZ: Final = 25
DT: Final = 1.0 / HZ
HALF_LENGTH_M: Final = 52.5
HALF_WIDTH_M: Final = 34.0
POST_M: Final = 3.66
BAR_M: Final = 2.44
BOX_DEPTH_M: Final = 16.5
BOX_HALF_M: Final = 20.16
SPOT_M: Final = 11.0
CIRCLE_M: Final = 9.15

SLOTS: Final = 22
SQUAD: Final = 18  #: players of one team, substitutes included
THINK: Final = 5  #: frames between two looks at the pitch: 0.2 s

# -- i: integers of the game ---------------------------------------------------------------------------------------------
FRAME, PERIOD, ATTACK_HOME, PHASE, MODE, OWNER, POSS, ONLY, PLAN, PLANNED = range(10)
RESTART, RESTART_TEAM, TAKER, KICKER, LAST_TOUCH, EVENTS, PENDING, SET_PIECE, ORIGIN, ASSIST = range(10, 20)
SCORE_HOME, SCORE_AWAY, KICKOFF_TEAM, HELD, MARKER, COVER, FIRST_TIME, KEEPER_HOLD, SUBBING, LOSER = range(20, 30)
PLAN_SIDE, AERIAL, RECEIVER, LEAVER = range(30, 34)
N_INTS: Final = 34

# -- f: floats of the game -----------------------------------------------------------------------------------------------
CLOCK_S, SINCE_S, THINK_S, WAIT_S, SPOT_X, SPOT_Y, FROM_X, FROM_Y, AIM_X, AIM_Y = range(10)
AIM_Z, CALM_X, CALM_Y, FLIGHT_S, ORIGIN_S, CARRY_X, CARRY_Y, ASSIST_S, DUEL_S, MOVE_S = range(10, 20)
END_S, DEAD_X, DEAD_Y, DEAD_Z, ROOM_M, FINISHING = range(20, 26)
N_FLOATS: Final = 26

# -- phases, modes of the ball, plans ------------------------------------------------------------------------------------
PLAY, DEAD = 0, 1
CARRIED, FREE = 0, 1
ANY_TEAM, NO_TEAM = -1, -2

PLAN_NONE, PLAN_PASS, PLAN_GOAL, PLAN_SAVED, PLAN_BLOCKED, PLAN_OFF, PLAN_POST, PLAN_OWN_GOAL, PLAN_OUT = range(9)

# -- restarts; their numbers are also the values of the attributes set_piece and phase ----------------------------------
OPEN_PLAY, FREE_KICK, CORNER, PENALTY, THROW_IN, GOAL_KICK, KICK_OFF = range(7)
SET_PIECE_NAMES: Final = ("open_play", "free_kick", "corner", "penalty", "throw_in", "goal_kick", "kick_off")

# -- one event of the engine: a row of floats ----------------------------------------------------------------------------
E_TYPE, E_FRAME, E_SLOT, E_WHO, E_X, E_Y, E_END_X, E_END_Y, E_OUTCOME, E_DELAY_S = range(10)
E_BODY, E_SET_PIECE, E_PHASE, E_ASSIST, E_OTHER, E_HEIGHT, E_FLAGS, E_TRUTH, E_CARD, E_EMITTED = range(10, 20)
E_TARGET_X, E_TARGET_Y, E_PERIOD = range(20, 23)
N_EVENT: Final = 23

EVENT_NAMES: Final = (
    "period_start", "period_end", "pass", "shot", "dribble", "tackle", "interception", "recovery", "clearance",
    "block", "save", "foul", "offside", "card", "substitution", "own_goal", "out", "duel",
)  # fmt: skip
(
    PERIOD_START,
    PERIOD_END,
    PASS,
    SHOT,
    DRIBBLE,
    TACKLE,
    INTERCEPTION,
    RECOVERY,
    CLEARANCE,
    BLOCK,
    SAVE,
    FOUL,
    OFFSIDE,
    CARD,
    SUBSTITUTION,
    OWN_GOAL,
    OUT,
    DUEL,
) = range(18)

OUTCOME_NAMES: Final = (
    "", "complete", "incomplete", "out", "offside", "goal", "saved", "off_target", "blocked", "post", "won", "lost",
)  # fmt: skip
(
    O_NONE,
    O_COMPLETE,
    O_INCOMPLETE,
    O_OUT,
    O_OFFSIDE,
    O_GOAL,
    O_SAVED,
    O_OFF,
    O_BLOCKED,
    O_POST,
    O_WON,
    O_LOST,
) = range(12)

BODY_NAMES: Final = ("right_foot", "left_foot", "head", "other")
RIGHT, LEFT, HEAD, OTHER = range(4)
ASSIST_NAMES: Final = ("none", "pass", "cross", "through_ball", "rebound")
A_NONE, A_PASS, A_CROSS, A_THROUGH, A_REBOUND = range(5)
HEIGHT_NAMES: Final = ("ground", "low", "high")
GROUND, LOW, HIGH = range(3)
CARD_NAMES: Final = ("yellow", "second_yellow", "red")
FLAG_NAMES: Final = (
    "first_time", "under_pressure", "one_on_one", "open_goal", "aerial_won", "cross", "through_ball",
)  # fmt: skip
F_FIRST, F_PRESSED, F_ALONE, F_OPEN, F_AERIAL, F_CROSS, F_THROUGH = 1, 2, 4, 8, 16, 32, 64

# -- traits of a player ----------------------------------------------------------------------------------------------------
T_SPEED, T_ACCEL, T_WORK, T_LEFT, T_TACKLE, T_HEIGHT = range(6)
N_TRAITS: Final = 6

MAX_EVENTS: Final = 512  #: of one chunk
MAX_SUBS: Final = 10
PATH: Final = 50  #: predicted places of the ball, 0.08 s apart


#: Every cell of the match, in one block of memory: a kernel takes one pointer, which keeps compiling and calling cheap.
STATE: Final = np.dtype(
    [
        ("pos", "f8", (SLOTS, 2)),  # m
        ("vel", "f8", (SLOTS, 2)),  # m/s
        ("acc", "f8", (SLOTS, 2)),  # m/s2
        ("aim", "f8", (SLOTS, 2)),  # m, where the player wants to be
        ("cap", "f8", (SLOTS,)),  # m/s, highest speed on the way there
        ("roam", "f8", (SLOTS, 2)),  # m, slow personal deviation from the shape
        ("run", "f8", (SLOTS,)),  # s left of a run in behind
        ("stun", "f8", (SLOTS,)),  # s left in which a beaten player recovers
        ("mark", "i8", (SLOTS,)),  # slot of the marked opponent, -1
        ("who", "i8", (SLOTS,)),  # row of the squads: team * 18 + n, or -1
        ("shape", "f8", (SLOTS, 2)),  # place in the formation: depth 0..1, side -1..1
        ("traits", "f8", (2 * SQUAD, N_TRAITS)),
        ("yellow", "i8", (2 * SQUAD,)),  # cards
        ("subs", "f8", (MAX_SUBS, 4)),  # clock s (inf: none), slot, incoming row of the squads, done
        ("ball", "f8", (6,)),  # x y z vx vy vz
        ("path", "f8", (PATH, 4)),  # s ahead, x, y, z
        ("f", "f8", (N_FLOATS,)),
        ("i", "i8", (N_INTS,)),
        ("rng", "u8", (2,)),  # of the engine, of the measuring side
        ("events", "f8", (MAX_EVENTS, N_EVENT)),
        ("pending", "f8", (N_EVENT,)),  # pass or shot whose outcome is still to be seen
    ]
)
State = Any  #: one record of STATE


@kernel
def team_of(slot: int) -> int:
    return 0 if slot < 11 else 1


@kernel
def attack_of(s: State, team: int) -> int:
    """+1 when ``team`` attacks towards +x."""
    return int(s.i[ATTACK_HOME] if team == 0 else -s.i[ATTACK_HOME])


@kernel
def keeper_of(team: int) -> int:
    return 0 if team == 0 else 11
