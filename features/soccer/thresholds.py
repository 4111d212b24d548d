"""From which figure on something is worth showing or saying.

Written by `python -m models.data.thresholds FOLDER`, not by hand.

Source: Wyscout events, Pappalardo et al. 2019 (CC BY 4.0, naming the paper); 1,237 matches.
"""

from __future__ import annotations

from typing import Final

#: xGoals: one shot in twenty has more
BIG_CHANCE: Final = 0.34
#: xGoals: the middle one of shots, and what one in a hundred has
XGOALS: Final = (0.06, 0.59)
#: xGoals: a quarter of the goals had less
UNLIKELY_GOAL: Final = 0.09
#: xGoals: a twentieth of the goals had less
UNLIKELIEST_GOAL: Final = 0.03
#: m from the goal: a tenth of the shots are from farther off, a tenth from nearer
FAR_M: Final = 30.2
CLOSE_M: Final = 8.8
#: passes in a row before a shot: one in ten, one in two hundred have more
MOVE: Final = (10, 25)
#: goals of threat that a pass adds which arrives: one in a hundred, one in a thousand add more
THREAT: Final = (0.090, 0.250)
#: shots of one team in a row: one shot in ten belongs to as many
SHOTS_IN_A_ROW: Final = 4
#: s from a shot of a team to its next: one in ten is longer, one in a hundred
DROUGHT_S: Final = (858, 1663)
#: share of the passes of ten minutes: in one of five, in one of a hundred a team has more
MOSTLY: Final = (0.71, 0.86)
#: a match: what half of the teams, or of the keepers, reach
CORNERS: Final = 5
OFFSIDES: Final = 2
CROSSES: Final = 15
SAVES: Final = 3
#: a match: what one in ten of the players reaches who have any
SHOTS_OF_ONE: Final = 3
FOULS_OF_ONE: Final = 3
TAKE_ONS: Final = 3
INTERCEPTIONS: Final = 8
PASSES_OF_ONE: Final = 56
