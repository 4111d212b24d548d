"""A game in progress: whose turn it is, who stands where, who has the ball, and what follows a play."""

from __future__ import annotations

import numpy as np

from simulators.mlb.scene import DUGOUT, Place, Scene, defence
from simulators.mlb.state import State
from simulators.mlb.teams import Clubs


class Progress:
    """What a pitch finds and leaves behind. With ``fresh`` the fielders take new places before the next one."""

    def __init__(self, clubs: Clubs, rng: np.random.Generator) -> None:
        self.clubs, self.rng = clubs, rng
        self.state = State()
        self.places: dict[int, Place] = {}
        self.set_of_places = 0
        self.fresh = True
        self.ball_at: int | None = None

    # -- who is who ------------------------------------------------------------------------------------------------

    @property
    def field_team(self) -> int:
        return 1 - self.state.batting

    @property
    def fielders(self) -> dict[str, int]:
        return defence(self.field_team, self.state.inning > 6)

    @property
    def batter(self) -> int:
        return int(self.clubs.order[self.state.batting, self.state.turn[self.state.batting]])

    def names(self, row: int) -> str:
        return self.clubs.entities[row].id

    # -- what follows a play -----------------------------------------------------------------------------------------

    def leave(self, scene: Scene, row: int, t: float) -> None:
        """The runner is out, or home: off to the dugout and out of sight."""
        scene.path(row).go(t, DUGOUT, 4.2)
        scene.leaves[row] = t + 3.0
        scene.length_s = max(scene.length_s, t + 3.1)

    def played(self, scene: Scene, t: float, who: int, outcome: str) -> None:
        attrs = self.state.attrs()
        scene.report(t, "play", who, outcome, attrs=attrs, delay_s=1.0)
        scene.length_s = max(scene.length_s, t + 1.0)

    def next_up(self, scene: Scene, ball_at: int | None) -> None:
        """The next batter; the places of the fielders are drawn anew."""
        self.state.next_batter()
        self.fresh = True
        if ball_at is not None:
            self.ball_at = ball_at
