"""What happens from one pitch to the next: the walk back, the lead, the set, perhaps a pick-off, the delivery, and what comes of
it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.mlb.diamond import BASE_M
from features.mlb.vocabulary import BATTED, CATCHER, DEAD, DELIVERY, HELD, PITCH, SET, THROW
from simulators.mlb import batting
from simulators.mlb.draws import LEAD_M, LEAD_SD
from simulators.mlb.motion import covered
from simulators.mlb.progress import Progress
from simulators.mlb.scene import BOX, MOUND, ON_DECK, Place, Scene, bag, off_base
from simulators.mlb.state import NO_RUNNER, advance
from simulators.mlb.truth import (
    DELIVERY_SD_S,
    FIELDERS,
    FLIGHT_S,
    FLIGHT_SD_S,
    PLACED,
    POP_SD_S,
    REACTION_S,
    REACTION_SD_S,
    RUNNER_K_S,
    SLIDE_M,
    TAG_S,
    run_s,
    steal_probability,
    steal_probability_at_release,
)

#: outcomes of a pitch
OUTCOMES: Final = ("ball", "called_strike", "swinging_strike", "foul", "in_play")
SHARES: Final = np.array([0.355, 0.165, 0.110, 0.175, 0.195])
PICK_OFF, PICKED_OFF = 0.05, 0.02
#: share of good chances to steal that a runner takes
GOES: Final = 0.05
_KINDS: Final = (("four-seam", 1.0, 240.0), ("slider", 0.91, 255.0), ("changeup", 0.90, 180.0), ("curve", 0.84, 275.0))


class Pitching(Progress):
    """One game in progress: ``scene()`` plays the next pitch."""

    def home_places(self) -> dict[str, Place]:
        spots: dict[str, Place] = {"P": MOUND, "C": (-1.4, 0.0)}
        for k, name in enumerate(FIELDERS):
            x, y = PLACED[self.set_of_places, k]
            spots[name] = (float(x), float(y))
        return spots

    def end_half(self) -> None:
        """The other side bats, or the game is over; all players walk off."""
        over = self.state.walked_off()
        self.state.next_half()
        self.state.over = self.state.over or over
        self.places, self.ball_at, self.fresh = {}, None, True

    # -- a pitch ---------------------------------------------------------------------------------------------------

    def scene(self) -> Scene:
        rng, state, fielders, batter = self.rng, self.state, self.fielders, self.batter
        if self.fresh:
            self.set_of_places = int(rng.integers(0, len(PLACED)))
        spots = self.home_places()
        scene = Scene(self.places)
        if not self.places:
            for name, row in fielders.items():
                scene.enter(row, spots[name])
        scene.enter(batter, ON_DECK)
        for name, row in fielders.items():
            scene.path(row).go(0.2, spots[name])
        scene.path(batter).go(0.3, BOX, 2.2)
        scene.holds(batter, 0)
        self._ball_to_mound(scene, fielders)
        ready = float(rng.uniform(5.5, 8.5))
        leads = {}
        for base in (1, 2, 3):
            row = state.bases[base]
            if row < 0:
                continue
            scene.holds(row, base)
            scene.path(row).go(0.2, bag(base))
            usual = LEAD_M + (1.1 if base > 1 else 0.0)
            leads[base] = float(np.clip(rng.normal(usual, LEAD_SD), 0.6, 6.3))
            scene.path(row).go(ready - 3.2, off_base(base, leads[base]), 2.6)
        # the pitcher comes set when all players are in place
        scene.ball.held(ready, SET, scene.path(fielders["P"]))
        moves = ready + float(rng.uniform(1.3, 3.2))
        steals = state.stealer
        scene.report(ready, "set", state.bases[steals] if steals else fielders["P"], attrs=self._situation(steals))
        if steals == 1 and rng.random() < PICK_OFF:
            self._pick_off(scene, ready, moves)
        else:
            self._deliver(scene, moves, steals, leads.get(steals, 0.0))
        scene.reports.sort(key=lambda report: report.t_s)
        self.places = scene.places_at_end()
        return scene

    def _ball_to_mound(self, scene: Scene, fielders: dict[str, int]) -> None:
        pitcher = scene.path(fielders["P"])
        if self.ball_at is not None and self.ball_at in scene.paths:
            holder = scene.path(self.ball_at)
            scene.ball.held(0.0, DEAD, holder)
            start = (*scene.where(self.ball_at, 2.0), 1.5)
            far = float(np.hypot(start[0] - MOUND[0], start[1]))
            scene.ball.thrown(2.0, 2.0 + max(far / 24.0, 0.4), DEAD, start, (*MOUND, 1.4))
            scene.ball.held(2.0 + max(far / 24.0, 0.4), DEAD, pitcher)
        else:
            scene.ball.then(0.0, DEAD, None)
            scene.ball.held(3.0, DEAD, pitcher)
        self.ball_at = None

    def _situation(self, base: int) -> dict[str, Any]:
        f = self.fielders
        runner = {"runner": self.names(self.state.bases[base])} if base else {}
        return {
            "pitcher": self.names(f["P"]),
            "catcher": self.names(f["C"]),
            "batter": self.names(self.batter),
            **runner,
            "balls": float(self.state.balls),
            "strikes": float(self.state.strikes),
        }

    def _pick_off(self, scene: Scene, ready: float, t: float) -> None:
        rng, state = self.rng, self.state
        first, pitcher = self.fielders["1B"], self.fielders["P"]
        runner = state.bases[1]
        scene.path(first).go(ready - 2.0, bag(1), 4.0)
        out = bool(rng.random() < PICKED_OFF)
        scene.ball.thrown(t, t + 0.85, THROW, (*MOUND, 1.7), (*bag(1), 0.5))
        scene.path(runner).go(t + (0.45 if out else 0.15), bag(1), 6.5, 0.3)
        scene.ball.held(t + 0.85, HELD, scene.path(first))
        scene.report(t, "pickoff", pitcher, "out" if out else "safe", attrs=self._situation(1))
        self.ball_at, self.fresh = first, False
        scene.length_s = t + 3.0
        if out:
            state.bases[1] = NO_RUNNER
            state.outs += 1
            self.leave(scene, runner, t + 1.6)
            self.played(scene, t + 1.5, runner, "picked_off")

    def _deliver(self, scene: Scene, t: float, steals: int, lead_m: float) -> None:
        rng, state, clubs, fielders = self.rng, self.state, self.clubs, self.fielders
        pitcher, catcher = fielders["P"], fielders["C"]
        flight = FLIGHT_S + rng.normal(0.0, FLIGHT_SD_S)
        held = float(clubs.delivery_s[pitcher] + rng.normal(0.0, DELIVERY_SD_S))
        release, plate = t + held - flight, t + held
        runner = state.bases[steals] if steals else NO_RUNNER
        going = False
        if steals == 1:
            chance = steal_probability(lead_m, clubs.sprint_mps[runner], clubs.delivery_s[pitcher], clubs.pop_s[catcher])
            going = bool(rng.random() < GOES / (1.0 + np.exp(-(chance - 0.55) / 0.08)))
        outcome = str(rng.choice(OUTCOMES, p=SHARES / SHARES.sum()))
        if going:
            outcome = "called_strike" if rng.random() < 0.5 else "ball"
            # a walk, or a third strike for the third out, would leave no race
            if outcome == "ball" and state.balls == 3:
                outcome = "called_strike"
            if outcome == "called_strike" and state.strikes == 2:
                outcome = "ball" if state.balls < 3 else "foul"
                going = going and outcome == "ball"
        kind, pace, spin = _KINDS[int(rng.choice(4, p=(0.5, 0.22, 0.16, 0.12)))]
        speed = float(clubs.velocity_mps[pitcher] * pace + rng.normal(0.0, 0.35))
        extension = float(np.clip(rng.normal(1.92, 0.12), 1.5, 2.3))
        hand = (MOUND[0] - extension, -0.5, 1.75)
        at_plate = (0.2, float(rng.normal(0.0, 0.25)), float(np.clip(rng.normal(0.75, 0.25), 0.1, 1.5)))
        scene.ball.thrown(t, release, DELIVERY, (*MOUND, 1.3), hand)
        scene.ball.thrown(release, plate, PITCH, hand, at_plate)
        seen = runner if steals else pitcher
        scene.report(t, "first_move", seen, attrs=self._situation(steals))
        scene.report(release, "release", seen, attrs=self._situation(steals))
        scene.report(
            plate,
            "pitch",
            pitcher,
            outcome,
            delay_s=0.35,
            attrs={
                "speed_mps": round(speed, 3),
                "spin_radps": round(spin + float(rng.normal(0, 8)), 2),
                "extension_m": round(extension, 3),
                "break_x_m": round(float(rng.normal(-0.15 if kind == "four-seam" else 0.12, 0.08)), 3),
                "break_z_m": round(float(rng.normal(0.4 if kind == "four-seam" else -0.05, 0.08)), 3),
                "kind": kind,
                "batter": self.names(self.batter),
                "catcher": self.names(catcher),
                "balls": float(state.balls),
                "strikes": float(state.strikes),
                "move_s": round(held, 4),
            },
        )
        for base in (1, 2, 3):
            row = state.bases[base]
            if row >= 0 and not (going and base == steals):
                scene.path(row).go(release, off_base(base, 5.2), 2.4)
        scene.length_s = plate + 2.4
        self.ball_at, self.fresh = catcher, False
        if outcome == "in_play":
            scene.ball.then(plate, BATTED, None)
            batting.in_play(self, scene, plate)
            return
        if outcome == "foul":
            steep, aside = float(rng.uniform(0.5, 1.0)), float(rng.choice((-1.2, 1.2)))
            scene.ball.batted(plate, BATTED, float(rng.uniform(25, 40)), steep, aside, 60.0)
            scene.ball.then(plate + 1.0, DEAD, None)
            self.ball_at = None
            state.strikes = min(state.strikes + 1, 2)
        else:
            scene.ball.held(plate, CATCHER, scene.path(catcher), 0.8)
            self._count(scene, plate, outcome)
        if going:
            self._race(scene, t, release, plate, lead_m, runner)

    def _count(self, scene: Scene, plate: float, outcome: str) -> None:
        state, batter = self.state, self.batter
        if outcome == "ball":
            state.balls += 1
        else:
            state.strikes += 1
        if state.balls == 4:
            moved = advance(state, "walk", batter, self.rng)
            for row, start, end in moved:
                scene.round_bases(row, plate + 0.8, start, end, 4.0, 0.5)
                if end < 4:
                    scene.holds(row, end, plate + 0.9)
            scene.length_s = plate + 8.0
            self.played(scene, plate + 0.6, batter, "walk")
            self.next_up(scene, None)
        elif state.strikes == 3:
            state.outs += 1
            self.leave(scene, batter, plate + 0.8)
            self.played(scene, plate + 0.6, batter, "strikeout")
            self.next_up(scene, None)

    def _race(self, scene: Scene, t: float, release: float, plate: float, lead_m: float, runner: int) -> None:
        """The steal of second: runner against delivery, catcher and tag, decided by who is there first."""
        rng, state, clubs, fielders = self.rng, self.state, self.clubs, self.fielders
        catcher, cover = fielders["C"], fielders["SS"]
        sprint, pop_mean = float(clubs.sprint_mps[runner]), float(clubs.pop_s[catcher])
        reaction = max(float(rng.normal(REACTION_S, REACTION_SD_S)), 0.0)
        pop = pop_mean + float(rng.normal(0.0, POP_SD_S))
        arrives = t + reaction + run_s(BASE_M - SLIDE_M - lead_m, sprint, RUNNER_K_S)
        scene.path(runner).go(t + reaction, bag(2), sprint, RUNNER_K_S)
        scene.path(cover).go(t + 0.5, bag(2), 7.0)
        exchange = float(clubs.exchange_s[catcher] + rng.normal(0.0, 0.02))
        thrown, caught = plate + exchange, plate + pop
        scene.ball.thrown(thrown, caught, THROW, (*scene.where(catcher, thrown), 1.7), (*bag(2), 0.6))
        scene.ball.held(caught, HELD, scene.path(cover), 0.6)
        safe = arrives < caught + TAG_S
        decided = max(arrives, caught + TAG_S)
        gain = float(covered(np.array([release - t - reaction]), sprint, RUNNER_K_S)[0])
        truth = {
            "true_probability": steal_probability(lead_m, sprint, float(clubs.delivery_s[fielders["P"]]), pop_mean),
            "true_probability_at_release": steal_probability_at_release(lead_m, gain, sprint, pop_mean),
        }
        scene.report(thrown, "throw", catcher, attrs={"base": "second"})
        scene.report(caught, "throw_in", catcher, attrs={"base": "second"})
        scene.report(
            decided,
            "steal",
            runner,
            "safe" if safe else "out",
            delay_s=0.6,
            attrs={**self._situation(1), "base": "second", **truth},
        )
        self.ball_at = cover
        scene.length_s = decided + 2.5
        state.bases[1] = NO_RUNNER
        if safe:
            state.bases[2] = runner
            scene.holds(runner, 2, decided)
        else:
            state.outs += 1
            self.leave(scene, runner, decided + 0.8)
        self.played(scene, decided + 0.4, runner, "stolen_base" if safe else "caught_stealing")
