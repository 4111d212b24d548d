"""The state of a game between two pitches, and how plays change it: innings, outs, count, bases, score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

INNINGS: Final = 9
NO_RUNNER: Final = -1
TAKES_TWO: Final = 0.6  #: a runner on second scores on a single, one on first reaches third on a double otherwise
TAGS_UP: Final = 0.6  #: a runner on third scores on a deep fly ball, or on a ground ball that is an out elsewhere
DOUBLE_PLAY: Final = 0.35


@dataclass
class State:
    """``bases`` holds rows of players on first, second, third (index 1 to 3; 0 is not used); ``runs`` is (home, away)."""

    inning: int = 1
    top: bool = True
    outs: int = 0
    balls: int = 0
    strikes: int = 0
    bases: list[int] = field(default_factory=lambda: [NO_RUNNER] * 4)
    runs: list[int] = field(default_factory=lambda: [0, 0])
    turn: list[int] = field(default_factory=lambda: [0, 0])
    over: bool = False

    @property
    def batting(self) -> int:
        return 1 if self.top else 0

    @property
    def stealer(self) -> int:
        """The base of the runner who may steal, 0 for none: first with second open, or second with no other runner."""
        if self.bases[1] >= 0 and self.bases[2] < 0:
            return 1
        if self.bases[2] >= 0 and self.bases[3] < 0 and self.bases[1] < 0:
            return 2
        return 0

    def attrs(self) -> dict[str, str | float | bool]:
        return {
            "half": "top" if self.top else "bottom",
            "outs": float(self.outs),
            "first": self.bases[1] >= 0,
            "second": self.bases[2] >= 0,
            "third": self.bases[3] >= 0,
            "home_runs": float(self.runs[0]),
            "away_runs": float(self.runs[1]),
        }

    def next_batter(self) -> None:
        self.balls = self.strikes = 0
        self.turn[self.batting] = (self.turn[self.batting] + 1) % 9

    def next_half(self) -> None:
        """The other side bats, or the game is over."""
        self.outs = self.balls = self.strikes = 0
        self.bases = [NO_RUNNER] * 4
        if not self.top:
            self.inning += 1
        self.top = not self.top
        home_leads = self.runs[0] > self.runs[1]
        after_nine = self.inning > INNINGS and self.top and self.runs[0] != self.runs[1]
        if (self.inning >= INNINGS and not self.top and home_leads) or after_nine:
            self.over = True

    def walked_off(self) -> bool:
        return not self.top and self.inning >= INNINGS and self.runs[0] > self.runs[1]


Moved = list[tuple[int, int, int]]


def advance(state: State, outcome: str, batter: int, rng: np.random.Generator, deep: bool = False) -> Moved:
    """Change bases, outs and score as ``outcome`` does. Returns (row, from base, to base) of each runner who moves: 4 is home, 0 as
    a goal means put out."""
    before, moved = list(state.bases), Moved()
    after = [NO_RUNNER] * 4

    def to(row: int, start: int, base: int) -> None:
        moved.append((row, start, base))
        if base == 4:
            state.runs[state.batting] += 1
        elif base > 0:
            after[base] = row
        else:
            state.outs += 1

    one, two, three = before[1:]
    if outcome in ("walk", "single", "double", "triple", "home_run"):
        hit = {"walk": 1, "single": 1, "double": 2, "triple": 3, "home_run": 4}[outcome]
        forced = outcome == "walk"
        if three >= 0:
            to(three, 3, 4 if not forced or (one >= 0 and two >= 0) else 3)
        if two >= 0:
            pushed = 3 if one >= 0 or not forced else 2
            to(two, 2, pushed if forced else 4 if hit > 1 or rng.random() < TAKES_TWO else 3)
        if one >= 0:
            far = hit == 2 and rng.random() > TAKES_TWO
            to(one, 1, 2 if hit == 1 else 4 if hit > 2 or far else 3)
        to(batter, 0, hit)
    elif outcome == "double_play":
        to(one, 1, 0)
        to(batter, 0, 0)
        if two >= 0 and state.outs < 3:
            to(two, 2, 3)
        if three >= 0 and state.outs < 3:
            to(three, 3, 4)
    else:
        to(batter, 0, 0)
        alive = state.outs < 3
        ground = outcome == "ground_out"
        if three >= 0:
            to(three, 3, 4 if alive and (deep or ground) and rng.random() < TAGS_UP else 3)
        free = after[3] < 0
        if two >= 0:
            to(two, 2, 3 if alive and ground and free else 2)
        if one >= 0:
            to(one, 1, 2 if alive and ground and after[2] < 0 else 1)
    state.bases = after
    return [m for m in moved if m[1] != m[2]]
