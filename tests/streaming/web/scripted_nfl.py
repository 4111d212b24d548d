"""A made-up game of American football: see ``scripted_sports``."""

from __future__ import annotations

import math

import numpy as np

from streaming.wire.records import Entity, ModelUse, Team
from tests.streaming.web.scripted_base import HOP_S, T0_US, YD, Scripted, record_of

NFL_NAMES = (
    "Marcus Oyelaran-Whitfield", "Trey Vandersloot", "Jalen Ashworth", "Cole Brightwater", "DeShawn Kincannon", "Ty Rask",
    "Ben Holloway", "Sam Oakes", "Ike Dunmore", "Rob Castellan", "Gus Petrov", "Amari Blackwood", "Kenny Ostrander",
    "Josiah Fairbanks-Montgomery", "Nate Corrigan", "Drew Salazar", "Isaiah Vance", "Trent Moreau", "Malik Adeyemi",
    "Chris Lindqvist", "Owen Brandt", "Zeke Halloran",
)  # fmt: skip
REASONS = [("separation_m", 0.62, 2.4), ("air_distance_m", -0.41, 24.0), ("pressure_m", 0.22, 3.1), ("sideline_m", -0.18, 4.2)]
ROUTES = {1: (1.0, 0.35), 2: (0.75, -0.5), 3: (1.1, 0.1), 4: (0.45, 0.8)}


class Football(Scripted):
    """Third and seven, again and again: a drop-back, a pass of some twenty yards, a tackle."""

    sport = "nfl"
    PLAY_S = 14.0
    SNAP, THROW, CATCH, END = 3.0, 5.6, 7.4, 9.0
    steps = tuple(f"{part}.{i}" for part in ("play", "motion", "alignment", "separation", "pressure") for i in range(22))

    def __init__(self, game: str = "nfl-demo", t0_us: int = T0_US) -> None:
        roles = ["passer", "receiver", "receiver", "receiver", "end", "back", *["line"] * 5]
        people = [
            Entity(id=f"h{i}", name=NFL_NAMES[i], team="home", role=roles[i], shirt=(12, 81, 17, 88, 85, 28, 72, 65, 61, 68, 74)[i])
            for i in range(11)
        ]
        people += [
            Entity(
                id=f"a{i}",
                name=NFL_NAMES[11 + i],
                team="away",
                role="rusher" if i < 4 else "cover",
                shirt=(97, 91, 95, 54, 24, 21, 31, 33, 52, 50, 29)[i],
            )
            for i in range(11)
        ]
        teams = [
            Team(id="home", name="Harbour City Admirals", short="HAR", colour="#1f6fd6"),
            Team(id="away", name="Northgate Timberwolves", short="NOR", colour="#c8102e"),
        ]
        super().__init__(record_of(game, "nfl", "Admirals v Timberwolves", teams, [*people, Entity(id="ball", role="ball")], t0_us))

    def phase(self, t: float) -> tuple[int, float]:
        return int(t // self.PLAY_S), t % self.PLAY_S

    def los(self, play: int) -> float:
        return -22.0 + (play % 5) * 8.0

    def positions(self, t: float) -> np.ndarray:
        play, s = self.phase(t)
        los, run = self.los(play), min(max(0.0, s - self.SNAP), self.END - self.SNAP)
        out = np.zeros((23, 3))
        out[0, :2] = los - 4.5 - min(run, 1.6) * 1.7, 0.4 * math.sin(run)
        for i, (deep, wide) in ROUTES.items():
            start = (-19.0, 17.0, -11.0, 7.0)[i - 1]
            out[i, :2] = los - 0.8 + deep * run * 5.6, start + (wide * max(0.0, run - 1.4) * 3.0 if abs(start) > 6 else wide * run)
        out[5, :2] = los - 5.5 + run * 0.9, 2.2 + run * 1.2
        for i in range(6, 11):
            out[i, :2] = los - 0.9 - min(run, 2.6) * 0.9, (i - 8) * 1.7
        for i in range(4):
            close = min(run, 2.8)
            out[11 + i, :2] = los + 1.0 - close * (1.9 - 0.25 * i), (i - 1.5) * 2.6 * (1 - 0.12 * close)
        for i, who in enumerate((1, 2, 3, 4)):
            lag = 0.55 + 0.2 * i
            out[15 + i, :2] = out[who, 0] + (4.5 if run < 0.8 else lag + 0.4), out[who, 1] + (1.6 if run < 0.8 else lag)
        out[19, :2], out[20, :2], out[21, :2] = (los + 4.6, 1.5 + run), (los + 5.0, -3.0), (los + 15 + run * 4.0, 3.0)
        flight = (s - self.THROW) / (self.CATCH - self.THROW)
        if s < self.SNAP:
            ball = [los, 0.0, 0.2]
        elif flight < 0:
            ball = [out[0, 0] + 0.3, out[0, 1], 1.5]
        elif flight < 1:
            a, b = (
                self.positions(play * self.PLAY_S + self.THROW - 1e-3)[0],
                self.positions(play * self.PLAY_S + self.CATCH + 1e-3)[1],
            )
            ball = [*(a[:2] + (b[:2] - a[:2]) * flight), 1.9 + 14 * flight * (1 - flight)]
        else:
            ball = [out[1, 0], out[1, 1], 1.1]
        out[22] = ball
        return out

    def publish_step(self) -> None:
        play, s = self.phase(self.t)
        at = lambda when: abs(s - when) < HOP_S / 2  # noqa: E731
        xyz = self.positions(self.t)
        situation = {
            "down": 3.0 if play % 3 else 4.0,
            "to_go_yd": 7.0,
            "to_goal_yd": round((50 * YD - self.los(play)) / YD, 1),
            "clock_s": 3600.0 - 900 + 400 - play * 30,
            "home_points": 17.0,
            "away_points": 14.0,
        }
        if at(0.6):
            down = self.report("down", team="home", period=1, x_m=self.los(play), y_m=0.0, attrs=situation)
            if situation["down"] == 4:
                self.publish("nfl.decision.fourth_down_values", "0..1", "home", [0.634, 0.581, 0.522], event=down)
                self.publish("nfl.decision.fourth_down", "label", "home", "go", event=down)
            self.publish("nfl.game.win_probability", "0..1", "match", 0.55 + 0.2 * math.sin(play), event=down)
        if at(self.SNAP):
            self.report("ball_snap", team="home", period=1, x_m=self.los(play), y_m=0.0, attrs=situation)
            self.publish("nfl.defense.men_in_box", "count", "away", 6.0, event=f"snap-{play}")
            self.publish("nfl.offense.formation", "label", "home", "2x2 shotgun", event=f"snap-{play}")
        self.publish(
            "nfl.player.top_speed", "mph", self.ids[:22], 12 + 9.3 * np.abs(np.sin(np.arange(22) * 1.7)) + min(self.t, 60) / 60
        )
        if self.SNAP < s < self.END:
            gap = [float(np.hypot(*(xyz[11:22, :2] - xyz[i, :2]).T).min()) / YD for i in range(1, 5)]
            self.publish("nfl.receiver.separation", "yd", self.ids[1:5], gap)
        if self.SNAP < s < self.THROW:
            grow = (s - self.SNAP) / (self.THROW - self.SNAP)
            self.publish(
                "nfl.defender.pressure_probability", "0..1", self.ids[11:15], [0.58 * grow, 0.31 * grow, 0.12 * grow, 0.05]
            )
        model = ModelUse(name="nfl-completion", version="1", attributions=REASONS)
        if at(self.THROW):
            throw = self.report("pass_forward", team="home", player="h0", period=1, attrs={"target": "h1"})
            self.publish("nfl.passer.time_to_throw", "s", "h0", 2.61, event=throw)
            self.publish("nfl.defense.coverage", "label", "match", "zone", event=throw)
        if self.THROW < s < self.CATCH:
            self.publish("nfl.pass.completion_probability", "0..1", "match", 0.44 + 0.09 * (s - self.THROW), model=model)
        if at(self.CATCH):
            arrived = self.report("pass_arrived", team="home", player="h1", period=1, attrs={"target": "h1"})
            self.publish("nfl.pass.completion_probability_at_arrival", "0..1", "match", 0.613, event=arrived, model=model)
            self.publish("nfl.receiver.separation_at_arrival", "yd", "h1", 2.3, event=arrived)
            self.publish("nfl.receiver.route", "label", "h1", "post", event=arrived)
            for stat, value in (("air_yards", 18.4), ("air_distance", 27.6), ("air_yards_to_sticks", 11.4)):
                self.publish(f"nfl.pass.{stat}", "yd", "match", value, event=arrived)
        if at(self.CATCH + HOP_S):
            caught = self.report("pass_outcome_caught", team="home", player="h1", period=1, attrs={"target": "h1"})
            self.publish("nfl.receiver.expected_yac", "yd", "h1", 4.7, event=caught)
        if at(self.END):
            down_by = self.report("tackle", team="home", player="h1", period=1)
            self.publish("nfl.carrier.top_speed", "mph", "h1", 19.4 - play % 3, event=down_by)
        self.publish("game.momentum", "-1..1", "match", 0.7 * math.sin(self.t * 0.1))
