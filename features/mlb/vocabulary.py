"""The words of a baseball event and the channels of its tracking, one spelling for simulators, providers and features.

Positions are metres as in :mod:`features.mlb.diamond`. The inning is the event's ``period``; ``half`` says which one.
"""

from __future__ import annotations

from typing import Final

#: set            (player: the runner who may steal, else the pitcher) the pitcher comes set; the lead curve is worked out on it
#: first_move     (the same) the pitcher's first move to the plate: the lead is read
#: release        (the same) the ball leaves the pitcher's hand: the secondary lead is read
#: pitch          (pitcher) the ball reaches the plate; outcome one of PITCH_OUTCOMES
#: pickoff        (pitcher) a throw to a base instead; outcome safe, out
#: batted_ball    (batter) contact, fair or foul
#: fielded        (fielder) a batted ball in the air is caught or comes down; outcome caught, fell; x, y where
#: at_first       (batter) touches first base after a batted ball
#: throw          (catcher) the ball leaves the catcher's hand for a base
#: throw_in       (catcher) it arrives there; attrs["base"]
#: steal          (runner) the race is over; outcome safe, out; attrs["base"]
#: play           (batter, or the runner of a steal) the state has changed: attrs of STATE hold what is the case now;
#:                outcome one of PLAY_OUTCOMES
#: half_start, half_end, game_end  the state in attrs of STATE
EVENT_TYPES: Final = frozenset({
    "set", "first_move", "release", "pitch", "pickoff", "batted_ball", "fielded", "at_first", "throw", "throw_in", "steal",
    "play", "half_start", "half_end", "game_end",
})  # fmt: skip
PITCH_OUTCOMES: Final = frozenset({"ball", "called_strike", "swinging_strike", "foul", "in_play"})
HITS: Final = frozenset({"single", "double", "triple", "home_run"})
PLAY_OUTCOMES: Final = HITS | {"walk", "strikeout", "out", "double_play", "stolen_base", "caught_stealing", "picked_off"}

#: attrs of set, first_move, release, steal, pickoff: "pitcher", "catcher", "batter", "runner" (entity ids), "balls", "strikes"
#:        (numbers, before the pitch)
#: attrs of pitch: "speed_mps" at release, "spin_radps", "extension_m", "break_x_m" (to the catcher's right), "break_z_m", "kind"
#: attrs of batted_ball: "exit_speed_mps", "launch_rad", "spray_rad", "batter_sprint_mps"
#: STATE: "half" ("top", "bottom"), "outs", "first", "second", "third" (bool), "home_runs", "away_runs" (numbers)
#: never features: "true_probability" (a simulator's truth), "true_probability_at_release"
NEVER_FEATURES: Final = frozenset({"true_probability", "true_probability_at_release"})

ROLES: Final = ("pitcher", "catcher", "fielder", "hitter", "ball")

#: telemetry channels. On the ball: ``phase``, one of the codes below; ``balls``, ``strikes``, ``outs``. On a runner: ``base``,
#: which one the runner holds (1, 2, 3) or comes from (0 for the batter). On each player, from the league's season tables:
#: ``sprint_mps``; of a pitcher ``delivery_s`` (first move to plate); of a catcher ``pop_s`` (to second base). ``steal_prior`` of a
#: runner, pitcher or catcher is the one that a model was trained with, where a feed carries it.
CHANNELS: Final = ("phase", "balls", "strikes", "outs", "base", "sprint_mps", "delivery_s", "pop_s", "steal_prior")
DEAD, SET, DELIVERY, PITCH, CATCHER, BATTED, THROW, HELD = range(8)
PHASES: Final = ("dead", "set", "delivery", "pitch", "catcher", "batted", "throw", "held")
