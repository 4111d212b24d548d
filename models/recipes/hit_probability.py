"""Real balls in play for the hit probability: Statcast's, by command on the user's machine (their terms do not allow more).

They know exit speed, launch angle and, of some, direction; the batter's speed is in none of them, and rows that have it are outside
of its home.
"""

from __future__ import annotations

from typing import Final

from models.data.statcast_batted_balls import hits
from models.recipes.shared import real_table

MODEL: Final = "hit-probability"
FITS: Final = real_table.FITS
#: what dates of this source are called by the rule of ``models.holdout``
HELD_OUT_AS: Final = "statcast"

train, predict_held_out, report, evaluate = real_table.recipe_functions(MODEL, hits, HELD_OUT_AS)
