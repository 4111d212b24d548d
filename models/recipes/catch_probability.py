"""Real balls in the air for the catch probability: Statcast's, by command on the user's machine (their terms do not allow more).

They know how far and how long balls flew; the way to them is counted from the nearest outfielder's usual place.
"""

from __future__ import annotations

from typing import Final

from models.data.statcast_batted_balls import flies
from models.recipes.shared import real_table

MODEL: Final = "catch-probability"
FITS: Final = real_table.FITS
#: what dates of this source are called by the rule of ``models.holdout``
HELD_OUT_AS: Final = "statcast"

train, predict_held_out, report, evaluate = real_table.recipe_functions(MODEL, flies, HELD_OUT_AS)
