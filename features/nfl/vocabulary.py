"""The words of an NFL event, one spelling for simulators, providers and features: those of the leagues' own tracking feed.

Positions are metres from the centre of the field in the stadium's fixed orientation (x along the 120 yards, end zones
included). Who attacks where is the moment's ``attack``.
"""

from __future__ import annotations

from typing import Final

EVENT_TYPES: Final = frozenset(
    {
        "period_start", "period_end", "down", "line_set", "man_in_motion", "shift", "ball_snap", "play_action",
        "handoff", "run", "pass_forward", "pass_arrived", "pass_outcome_caught", "pass_outcome_incomplete",
        "pass_outcome_interception", "pass_outcome_touchdown", "first_contact", "tackle", "out_of_bounds", "touchdown",
        "qb_sack", "fumble", "punt", "punt_received", "kickoff", "kick_received", "field_goal", "penalty", "other",
    }
)  # fmt: skip

#: "run" is that of a player who keeps the ball after the snap; "penalty" is a flag, whatever comes of it; "field_goal" has
#: an outcome, "good", "missed" or "blocked"; "other" keeps the provider's own word as its outcome

#: what ends a play with the ball in a player's hands: the spot is the event's
ENDS: Final = ("tackle", "out_of_bounds", "touchdown", "qb_sack")
#: what a forward pass came to
OUTCOMES: Final = (
    "pass_outcome_caught",
    "pass_outcome_incomplete",
    "pass_outcome_interception",
    "pass_outcome_touchdown",
)
#: outcomes that count as completions
COMPLETE: Final = frozenset({"pass_outcome_caught", "pass_outcome_touchdown"})

#: attrs of "down" and "ball_snap" (numbers): what the referee and the scoreboard know before the play
#: attrs["play"]           the play's own id (string)
#: attrs["down"]           1..4; 0 for kick-offs and tries
#: attrs["to_go_yd"]       yards to a first down
#: attrs["to_goal_yd"]     yards to the opponents' goal line
#: attrs["clock_s"]        seconds of game clock left in regulation, 3600 at kick-off (quarters scaled to 15 minutes)
#: attrs["home_points"], attrs["away_points"]
#: attrs["target"]         entity id (pass_forward, pass_arrived and outcomes)
#: attrs["gained_yd"]      yards from the line of scrimmage to where the play ended (ends of plays)
#: attrs["points"]         points that the event brings its team (touchdown with its try, field_goal)
#: attrs["decision"]       "go", "kick" or "punt" (fourth downs, what was done)
#: attrs["true_..."]       a simulator's truth, never a feature
NEVER_FEATURES: Final = frozenset({"true_probability", "true_coverage", "true_route", "true_values", "decision"})

#: roles: what a player may do under the rules, and the highest speed
ROLES: Final = ("passer", "back", "receiver", "end", "line", "rusher", "backer", "cover", "kicker", "player", "ball")
#: offence that may catch a forward pass
ELIGIBLE: Final = ("back", "receiver", "end")

#: channel "phase" on the ball: what it is doing. The league's frames carry their event labels; this is their running state
#: (ARRIVED: the pass is at the receiver, and its outcome is not reported yet)
DEAD, SET, SNAPPED, IN_AIR, CARRIED, KICKED, ARRIVED = 0, 1, 2, 3, 4, 5, 6

#: routes of the nine-branch tree, by the passer's number, and what is none of them
ROUTES: Final = ("flat", "slant", "comeback", "curl", "out", "dig", "corner", "post", "go")
