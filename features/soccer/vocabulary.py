"""The words of a soccer event, one spelling for simulators, providers and features.

Positions are metres from the centre spot in the stadium's fixed orientation (x along the length): nothing is flipped to
"attack left to right"; who attacks where is the moment's ``attack``.
"""

from __future__ import annotations

from typing import Final

EVENT_TYPES: Final = frozenset(
    {
        "period_start", "period_end", "pass", "shot", "dribble", "tackle", "interception", "recovery", "clearance",
        "block", "save", "foul", "offside", "card", "substitution", "own_goal", "out", "duel",
        "carry", "touch",
    }
)  # fmt: skip

#: outcome of a shot; a goal is a shot whose outcome is "goal", or an "own_goal" of the team and player who put it in
SHOT_OUTCOMES: Final = frozenset({"goal", "saved", "off_target", "blocked", "post"})
#: shots that would have gone in without the keeper
ON_TARGET: Final = frozenset({"goal", "saved"})
#: ``end_x_m``, ``end_y_m`` of a pass are where the ball ended, as reported: attrs["end_is"] says "arrival" or "loss", and where a
#: failed pass was lost is not where it was meant to go
PASS_OUTCOMES: Final = frozenset({"complete", "incomplete", "out", "offside"})

#: attrs of a shot or pass (all optional): how the move began
SET_PIECES: Final = frozenset({"open_play", "free_kick", "corner", "penalty", "throw_in", "goal_kick", "kick_off"})
#: attrs["set_piece"]  one of SET_PIECES: the ball was struck directly from it
#: attrs["phase"]      one of SET_PIECES: the possession grew out of it ("corner" for a header from a corner)
#: attrs["body_part"]  "right_foot" | "left_foot" | "foot" (which one is not reported) | "head" | "other"
#: attrs["height"]     "ground" | "low" | "high" (passes)
#: attrs["assist"]     "pass" | "cross" | "through_ball" | "rebound" | "none" (shots)
#: attrs["receiver"]   entity id (passes)
#: attrs["target_x_m"], attrs["target_y_m"] (numbers) where a pass was aimed, whatever became of it
#: attrs["player_on"]  entity id (substitutions)
#: attrs["duel"]       "air" | "ground" | "loose_ball" (duels; their outcome is "won", "lost" or "neutral", once for each side)
#: attrs["keeper"]     entity id (shots)
#: attrs["card"]       "yellow" | "second_yellow" | "red"
#: attrs["length_s"]   (period_start, number) how long a half of this match is meant to be; 2700 when it is not reported
#: attrs["technique"]  "normal" | "volley" | "half_volley" | "lob" | "overhead" | "backheel" | "diving_header"
#: attrs flags (bool)  "first_time", "under_pressure", "one_on_one", "open_goal", "aerial_won", "cross", "through_ball", "counter"
#: attrs[...] never features: "provider_xg" (a provider's own figure), "true_probability" (a simulator's truth)
NEVER_FEATURES: Final = frozenset({"provider_xg", "true_probability", "deflected"})

ROLES: Final = ("player", "keeper", "ball")
