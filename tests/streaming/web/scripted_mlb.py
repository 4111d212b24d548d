"""A made-up ball game: see ``scripted_sports``."""

from __future__ import annotations

import math

import numpy as np

from streaming.wire.records import Entity, ModelUse, Team
from tests.streaming.web.scripted_base import FT, HOP_S, T0_US, Scripted, record_of

MLB_PLACES = [(18.4, 0.0), (-1.2, 0.0), (24, -18), (40, -10), (24, 19), (40, 10), (80, 42), (97, 0), (80, -42)]
HALF = 90 * FT / math.sqrt(2)


class Baseball(Scripted):
    """A runner on first who leads further with every pitch; pitches, batted balls."""

    sport = "mlb"
    PITCH_S = 16.0

    def __init__(self, game: str = "mlb-demo", t0_us: int = T0_US) -> None:
        names = [
            "Hector Villanueva",
            "Bo Tanaka",
            "Rico Dumont",
            "Andre Whitlock",
            "Mats Søndergaard",
            "Leo Okafor",
            "Jae-won Park",
            "Cal Ripley",
            "Dario Lombardi",
        ]
        people = [
            Entity(id=f"a{i}", name=n, team="away", role=("pitcher", "catcher", *["fielder"] * 7)[i], shirt=11 + 3 * i)
            for i, n in enumerate(names)
        ]
        people += [
            Entity(id="h0", name="Xavier Montgomery-Castellanos", team="home", role="hitter", shirt=7),
            Entity(id="h1", name="Dex Quintero", team="home", role="hitter", shirt=23),
        ]
        teams = [
            Team(id="home", name="Port Linden Mariners", short="PLM", colour="#0c6b58"),
            Team(id="away", name="Eastmoor Pilots", short="EAS", colour="#e07b1a"),
        ]
        super().__init__(record_of(game, "mlb", "Mariners v Pilots", teams, [*people, Entity(id="ball", role="ball")], t0_us))

    def lead_ft(self, s: float, number: int) -> float:
        return float(np.clip(2 + 1.8 * s, 2, 10.5 + number % 4) + 0.25 * math.sin(3 * s))

    def positions(self, t: float) -> np.ndarray:
        number, s = int(t // self.PITCH_S), t % self.PITCH_S
        out = np.zeros((12, 3))
        out[:9, :2] = MLB_PLACES + 0.4 * np.sin(t * 0.7 + np.arange(18).reshape(9, 2))
        out[9, :2] = 0.2, 1.0
        lead = self.lead_ft(s, number) * FT
        out[10, :2] = HALF + lead / math.sqrt(2), -HALF + lead / math.sqrt(2)
        flight = (s - 9.0) / 0.42
        out[11] = (
            [18.4, 0, 1.2]
            if flight < 0
            else [18.4 - 17.0 * flight, 0, 1.8 - flight]
            if flight < 1
            else [min(1.4 + (s - 9.42) * 28, 92), 12 * min(s - 9.42, 3.2), max(0.1, 4 + 22 * (s - 9.42) * (1 - (s - 9.42) / 3.4))]
        )
        return out

    def curve(self, number: int) -> list[float]:
        return [1 / (1 + math.exp(-(ft - 11.2 + 0.4 * (number % 3)) * 0.33)) * 0.86 + 0.03 for ft in range(21)]

    def publish_step(self) -> None:
        number, s = int(self.t // self.PITCH_S), self.t % self.PITCH_S
        at = lambda when: abs(s - when) < HOP_S / 2  # noqa: E731
        count = {"balls": float(number % 3), "strikes": float(number % 2), "pitcher": "a0", "runner": "h1", "batter": "h0"}
        if at(0.4):
            self.report(
                "play",
                period=6,
                player="h0",
                outcome="single",
                attrs={
                    "half": "bottom",
                    "outs": float(number % 3),
                    "first": True,
                    "second": False,
                    "third": False,
                    "home_runs": 3.0,
                    "away_runs": 4.0,
                },
            )
            self.publish("mlb.game.win_probability", "0..1", "match", 0.42 + 0.1 * math.sin(number), event=f"p{number}")
            self.publish("mlb.game.leverage", "index", "match", 1.84, event=f"p{number}")
        if at(3.0):
            ident = self.report("set", period=6, player="h1", attrs=count)
            self.publish("mlb.runner.steal_probability", "0..1", "h1", self.curve(number), event=ident)
        if 3.0 <= s < 9.0:
            at_ft = self.lead_ft(s, number)
            curve = self.curve(number)
            low = int(at_ft)
            self.publish(
                "mlb.runner.steal_probability_now",
                "0..1",
                self.ids,
                [float("nan")] * 10 + [curve[low] + (curve[low + 1] - curve[low]) * (at_ft - low), float("nan")],
            )
        if at(8.6):
            self.publish(
                "mlb.runner.lead",
                "ft",
                "h1",
                self.lead_ft(s, number),
                event=self.report("first_move", period=6, player="h1", attrs=count),
            )
        if at(9.4):
            ident = self.report("pitch", period=6, player="a0", outcome="in_play", attrs={"speed_mps": 43.0})
            for stat, unit, value in (
                ("velocity", "mph", 96.3),
                ("perceived_velocity", "mph", 97.1),
                ("spin", "rpm", 2412),
                ("extension", "ft", 6.6),
                ("break", "in", [-8.2, 15.4]),
            ):
                self.publish(f"mlb.pitch.{stat}", unit, "a0", value, event=ident)
            self.publish("mlb.pitcher.delivery_time", "s", "a0", 1.38, event=ident)
        if at(9.8):
            ident = self.report("batted_ball", period=6, player="h0")
            for stat, unit, value in (
                ("exit_velocity", "mph", 104.7),
                ("launch_angle", "deg", 24.0),
                ("spray", "deg", -7.0),
                ("projected_distance", "ft", 398.0),
            ):
                self.publish(f"mlb.batted_ball.{stat}", unit, "h0", value, event=ident)
            self.publish("mlb.batted_ball.hard_hit", "0..1", "h0", 1.0, event=ident)
            self.publish(
                "mlb.batted_ball.hit_probability",
                "0..1",
                "h0",
                0.71,
                event=ident,
                model=ModelUse(
                    name="hit-probability", version="1", attributions=[("exit_speed_mps", 0.9, 46.8), ("launch_rad", 0.4, 0.42)]
                ),
            )
        self.publish("mlb.runner.sprint_speed", "ft/s", self.ids[:11], 24 + np.arange(11) * 0.5)
        self.publish("game.momentum", "-1..1", "match", 0.5 * math.sin(self.t * 0.07))
