"""Made-up games of the other sports, so that their pages and graphics can be looked at without simulators: values in the shapes that
the sports publish, realistic enough to judge a picture by. ``python -m tests.web.scripted_sports PORT`` serves all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from streaming.blocks import FrameBlock, Output, StatBlock
from streaming.meters import Meters
from streaming.records import Entity, Event, Feed, GameRecord, ModelUse, Period, Team

HOP_S, HZ = 0.2, 10
YD, FT = 0.9144, 0.3048
T0_US = 1_700_000_000_000_000


class Scripted:
    """A game in steps of 200 ms: ``step()`` gives outputs and events. Subclasses say where everybody is, and what is said."""

    sport = ""
    steps = tuple(["framing", "motion", "windows", "emit"])

    def __init__(self, record: GameRecord) -> None:
        self.record, self.k, self.n = record, 0, 0
        self.ids = tuple(e.id for e in record.entities)
        self.meters = Meters(self.steps)
        self.out: list[Output] = []
        self.events: list[Event] = []

    @property
    def t(self) -> float:
        return self.k * HOP_S

    @property
    def now_us(self) -> int:
        return self.record.t0_us + round(self.t * 1e6)

    def say(self, stat: str, unit: str, subjects: Any, values: Any, event: str | None = None, **more: Any) -> None:
        """One window's values, or one event's."""
        subjects = (subjects,) if isinstance(subjects, str) else tuple(subjects)
        values = [values] if len(subjects) == 1 else values
        self.out.append(StatBlock(
            stat=stat, game=self.record.game, sport=self.sport, unit=unit, subjects=subjects, end_us=np.array([self.now_us]),
            span_us=400_000, values=[values] if any(isinstance(v, str) for v in values) else np.array([values], float),
            quality=more.pop("quality", "final"), ingress_us=np.array([self.now_us]), event=event, **more,
        ))  # fmt: skip

    def tell(self, kind: str, **more: Any) -> str:
        """An event as it was reported; returns its id."""
        self.n += 1
        ident = f"{kind}-{self.n}"
        self.events.append(Event(id=ident, game=self.record.game, type=kind, t_us=self.now_us, **more))
        return ident

    def where(self, t: float) -> np.ndarray:
        """(N, 3) m at ``t`` seconds."""
        raise NotImplementedError

    def happen(self) -> None:
        """What is published at this step."""
        raise NotImplementedError

    def step(self) -> tuple[list[Output], list[Event]]:
        self.k += 1
        self.out, self.events = [], []
        times = self.t - HOP_S + np.arange(1, HZ // 5 + 1) / HZ
        xyz = np.stack([self.where(x) for x in times]).astype(np.float32)
        t_us = (self.record.t0_us + np.round(times * 1e6)).astype(np.int64)
        self.happen()
        self.meters.windows += 1
        ns = 1000 * (1 + np.random.default_rng(self.k).random(len(self.steps)) * 3)
        self.meters.step_last_ns[:] = ns
        self.meters.step_ns += self.meters.step_last_ns
        self.meters.step_max_ns[:] = np.maximum(self.meters.step_max_ns, self.meters.step_last_ns)
        self.meters.step_calls += 1
        self.meters.window_latency.add(float(ns.sum()) / 1000)
        return [FrameBlock(self.record.game, self.sport, self.ids, t_us, xyz, 1), *self.out], self.events


def _record(game: str, sport: str, title: str, teams: list[Team], people: list[Entity], t0_us: int) -> GameRecord:
    return GameRecord(
        game=game, sport=sport, t0_us=t0_us, title=title, teams=tuple(teams), entities=people, tags=[],  # type: ignore[arg-type]
        feeds=[Feed(name="tracking", kind="telemetry", rate_hz=float(HZ)), Feed(name="events", kind="events")],
        periods=[Period(number=1, start_us=t0_us)],
    )  # fmt: skip


NFL_NAMES = (
    "Marcus Oyelaran-Whitfield", "Trey Vandersloot", "Jalen Ashworth", "Cole Brightwater", "DeShawn Kincannon", "Ty Rask", "Ben Holloway",
    "Sam Oakes", "Ike Dunmore", "Rob Castellan", "Gus Petrov", "Amari Blackwood", "Kenny Ostrander", "Josiah Fairbanks-Montgomery",
    "Nate Corrigan", "Drew Salazar", "Isaiah Vance", "Trent Moreau", "Malik Adeyemi", "Chris Lindqvist", "Owen Brandt", "Zeke Halloran",
)  # fmt: skip
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
        super().__init__(_record(game, "nfl", "Admirals v Timberwolves", teams, [*people, Entity(id="ball", role="ball")], t0_us))

    def phase(self, t: float) -> tuple[int, float]:
        return int(t // self.PLAY_S), t % self.PLAY_S

    def los(self, play: int) -> float:
        return -22.0 + (play % 5) * 8.0

    def where(self, t: float) -> np.ndarray:
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
            a, b = self.where(play * self.PLAY_S + self.THROW - 1e-3)[0], self.where(play * self.PLAY_S + self.CATCH + 1e-3)[1]
            ball = [*(a[:2] + (b[:2] - a[:2]) * flight), 1.9 + 14 * flight * (1 - flight)]
        else:
            ball = [out[1, 0], out[1, 1], 1.1]
        out[22] = ball
        return out

    def happen(self) -> None:
        play, s = self.phase(self.t)
        at = lambda when: abs(s - when) < HOP_S / 2  # noqa: E731
        xyz = self.where(self.t)
        situation = {"down": 3.0 if play % 3 else 4.0, "to_go_yd": 7.0, "to_goal_yd": round((50 * YD - self.los(play)) / YD, 1),
                     "clock_s": 3600.0 - 900 + 400 - play * 30, "home_points": 17.0, "away_points": 14.0}  # fmt: skip
        if at(0.6):
            down = self.tell("down", team="home", period=1, x_m=self.los(play), y_m=0.0, attrs=situation)
            if situation["down"] == 4:
                self.say("nfl.decision.fourth_down", "0..1", "home", [0.634, 0.581, 0.522], event=down)
            self.say("nfl.game.win_probability", "0..1", "match", 0.55 + 0.2 * math.sin(play), event=down)
        if at(self.SNAP):
            self.tell("ball_snap", team="home", period=1, x_m=self.los(play), y_m=0.0, attrs=situation)
            self.say("nfl.defense.men_in_box", "count", "away", 6.0, event=f"snap-{play}")
            self.say("nfl.offense.formation", "label", "home", "2x2 shotgun", event=f"snap-{play}")
        self.say(
            "nfl.player.top_speed", "mph", self.ids[:22], 12 + 9.3 * np.abs(np.sin(np.arange(22) * 1.7)) + min(self.t, 60) / 60
        )
        if self.SNAP < s < self.END:
            gap = [float(np.hypot(*(xyz[11:22, :2] - xyz[i, :2]).T).min()) / YD for i in range(1, 5)]
            self.say("nfl.receiver.separation", "yd", self.ids[1:5], gap)
        if self.SNAP < s < self.THROW:
            grow = (s - self.SNAP) / (self.THROW - self.SNAP)
            self.say("nfl.defender.pressure_probability", "0..1", self.ids[11:15], [0.58 * grow, 0.31 * grow, 0.12 * grow, 0.05])
        model = ModelUse(name="completion-probability", version="1", attributions=[("separation_m", 0.62, 2.4), ("air_distance_m", -0.41, 24.0), ("pressure_distance_m", 0.22, 3.1), ("sideline_m", -0.18, 4.2)])  # fmt: skip
        if at(self.THROW):
            self.tell("pass_forward", team="home", player="h0", period=1, attrs={"target": "h1"})
            for stat, value in (
                ("nfl.pass.air_yards", 18.4),
                ("nfl.pass.air_distance", 27.6),
                ("nfl.pass.air_yards_to_sticks", 11.4),
            ):
                self.say(stat, "yd", "h0", value, event=f"throw-{play}")
            self.say("nfl.passer.time_to_throw", "s", "h0", 2.61, event=f"throw-{play}")
        if self.THROW < s < self.CATCH:
            self.say("nfl.pass.completion_probability", "0..1", "h1", 0.44 + 0.09 * (s - self.THROW), model=model)
        if at(self.CATCH):
            self.tell("pass_outcome_caught", team="home", player="h1", period=1)
            self.say("nfl.pass.completion_probability", "0..1", "h1", 0.613, event=f"arrive-{play}", model=model)
            self.say("nfl.receiver.expected_yac", "yd", "h1", 4.7, event=f"arrive-{play}")
            self.say("nfl.receiver.separation_at_arrival", "yd", "h1", 2.3, event=f"arrive-{play}")
        self.say("game.momentum", "-1..1", "match", 0.7 * math.sin(self.t * 0.1))


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
        super().__init__(_record(game, "mlb", "Mariners v Pilots", teams, [*people, Entity(id="ball", role="ball")], t0_us))

    def lead_ft(self, s: float, number: int) -> float:
        return float(np.clip(2 + 1.8 * s, 2, 10.5 + number % 4) + 0.25 * math.sin(3 * s))

    def where(self, t: float) -> np.ndarray:
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

    def happen(self) -> None:
        number, s = int(self.t // self.PITCH_S), self.t % self.PITCH_S
        at = lambda when: abs(s - when) < HOP_S / 2  # noqa: E731
        count = {"balls": float(number % 3), "strikes": float(number % 2), "pitcher": "a0", "runner": "h1", "batter": "h0"}
        if at(0.4):
            self.tell(
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
            self.say("mlb.game.win_probability", "0..1", "match", 0.42 + 0.1 * math.sin(number), event=f"p{number}")
            self.say("mlb.game.leverage", "index", "match", 1.84, event=f"p{number}")
        if at(3.0):
            ident = self.tell("set", period=6, player="h1", attrs=count)
            self.say("mlb.runner.steal_probability", "0..1", "h1", self.curve(number), event=ident)
        if 3.0 <= s < 9.0:
            at_ft = self.lead_ft(s, number)
            curve = self.curve(number)
            low = int(at_ft)
            self.say(
                "mlb.runner.steal_probability_now",
                "0..1",
                self.ids,
                [float("nan")] * 10 + [curve[low] + (curve[low + 1] - curve[low]) * (at_ft - low), float("nan")],
            )
        if at(8.6):
            self.say(
                "mlb.runner.lead",
                "ft",
                "h1",
                self.lead_ft(s, number),
                event=self.tell("first_move", period=6, player="h1", attrs=count),
            )
        if at(9.4):
            ident = self.tell("pitch", period=6, player="a0", outcome="in_play", attrs={"speed_mps": 43.0})
            for stat, unit, value in (
                ("velocity", "mph", 96.3),
                ("perceived_velocity", "mph", 97.1),
                ("spin", "rpm", 2412),
                ("extension", "ft", 6.6),
                ("break", "in", [-8.2, 15.4]),
            ):
                self.say(f"mlb.pitch.{stat}", unit, "a0", value, event=ident)
            self.say("mlb.pitcher.delivery_time", "s", "a0", 1.38, event=ident)
        if at(9.8):
            ident = self.tell("batted_ball", period=6, player="h0")
            for stat, unit, value in (
                ("exit_velocity", "mph", 104.7),
                ("launch_angle", "deg", 24.0),
                ("spray", "deg", -7.0),
                ("projected_distance", "ft", 398.0),
            ):
                self.say(f"mlb.batted_ball.{stat}", unit, "h0", value, event=ident)
            self.say(
                "mlb.batted_ball.hit_probability",
                "0..1",
                "h0",
                0.71,
                event=ident,
                model=ModelUse(
                    name="hit-probability", version="1", attributions=[("exit_speed_mps", 0.9, 46.8), ("launch_rad", 0.4, 0.42)]
                ),
            )
        self.say("mlb.runner.sprint_speed", "ft/s", self.ids[:11], 24 + np.arange(11) * 0.5)
        self.say("game.momentum", "-1..1", "match", 0.5 * math.sin(self.t * 0.07))


CONSTRUCTORS = [("Aurora", "#3671c6"), ("Vermilion", "#e8002d"), ("Silverline", "#27f4d2"), ("Papaya", "#ff8000"), ("Emerald", "#229971"),
                ("Azure", "#64c4ff"), ("Ivory", "#b6babd"), ("Lime", "#52e252"), ("Rose", "#ff87bc"), ("Navy", "#6692ff")]  # fmt: skip
DRIVERS = ["Vale", "Okonkwo", "Lindholm", "Sato", "Moreau", "Brandt", "Ferrante", "Haugen", "Castellanos", "Whitlock", "Petrov", "Nakamura", "Diallo",
           "Keane", "Álvarez", "Søndergaard", "Rossi", "Traoré", "Ito", "van der Berg"]  # fmt: skip


class Racing(Scripted):
    """Twenty cars round a made-up circuit, with a fight for the second place."""

    sport = "f1"
    LAP_S = 60.0

    def __init__(self, game: str = "f1-demo", t0_us: int = T0_US) -> None:
        people = [
            Entity(id=f"car-{i + 1}", name=f"{'ABCDEFGHIJKLMNOPQRST'[i]}. {name}", team=f"t{i // 2}", role="car", shirt=i + 1)
            for i, name in enumerate(DRIVERS)
        ]
        teams = [Team(id=f"t{i}", name=n, colour=c) for i, (n, c) in enumerate(CONSTRUCTORS)]
        super().__init__(_record(game, "f1", "Grand Prix of the Dunes", teams, people, t0_us))
        self.gaps = np.array(
            [0, 3.1, 3.72, 6.9, 8.2, 8.9, 12.4, 15.0, 15.8, 19.2, 22.8, 24.0, 27.7, 31.1, 33.9, 38.0, 41.5, 44.4, 49.0, 58.2]
        )

    @staticmethod
    def track(share: np.ndarray) -> np.ndarray:
        """(N, 2) m at shares of a lap."""
        a = 2 * math.pi * share
        r = 520 + 150 * np.cos(3 * a + 0.6) + 90 * np.sin(2 * a) + 45 * np.cos(7 * a)
        return np.stack([1.5 * r * np.cos(a), 0.9 * r * np.sin(a)], axis=1)

    def where(self, t: float) -> np.ndarray:
        out = np.zeros((20, 3))
        out[:, :2] = self.track((t - self.gaps + 70) / self.LAP_S)
        return out

    def happen(self) -> None:
        t = self.t
        self.gaps[2] = 3.72 + 0.4 * math.sin(t * 0.11)
        self.gaps[5] = 8.9 + 0.2 * math.sin(t * 0.2)
        cars = self.ids
        if self.k == 1:
            self.tell("lights_out", attrs={"laps": 57.0})
            for i, car in enumerate(cars):
                self.tell("tyres", player=car, attrs={"compound": ("medium", "hard", "soft")[i % 3], "age_laps": float(4 + i % 7)})
        if self.k % 50 == 2:
            self.tell("loop", player=cars[0], attrs={"lap": 23.0 + self.k // 300, "loop": 1.0})
        if self.k == 300:
            self.tell("track_status", attrs={"status": "virtual_safety_car"})
        if self.k == 400:
            self.tell("track_status", attrs={"status": "clear"})
        interval = np.diff(self.gaps, prepend=0.0)
        self.say("f1.car.position", "place", cars, np.arange(20) + 1.0)
        self.say("f1.car.gap", "s", cars, self.gaps)
        self.say("f1.car.interval", "s", cars, np.where(np.arange(20) == 0, np.nan, interval))
        wave = (np.sin(t * 0.9 - np.arange(20)) + 1) / 2
        stats = {
            "speed": ("km/h", 90 + 225 * wave),
            "throttle": ("%", 100 * (wave > 0.4)),
            "brake": ("%", 100 * (wave < 0.18)),
            "gear": ("-", np.ceil(2 + 6 * wave)),
            "rpm": ("rpm", 8200 + 3600 * wave),
        }
        for name, (unit, v) in stats.items():
            self.say(f"f1.car.{name}", unit, cars, np.stack([v, v * 0.98, v * 1.01, v], axis=1))
        chance = np.where(
            (interval > 0) & (interval < 3), np.clip(0.62 - 0.35 * interval + 0.1 * np.sin(t * 0.15), 0.01, 0.95), np.nan
        )
        self.say("f1.battle.overtake_probability", "0..1", cars, chance)
        if self.k % 5 == 0:
            self.say("f1.battle.laps_to_catch", "laps", cars, np.where(interval < 3, interval / 0.21, np.nan))
            self.say("f1.car.tyre_degradation", "s/lap", cars, 0.03 + 0.006 * np.arange(20))
        if self.k % 30 == 10:
            for i in (0, 2):
                ident = self.tell("corner", player=cars[i], attrs={"corner": 7.0, "apex_m": 2210.0})
                for name, unit, v in (
                    ("corner_entry_speed", "km/h", 291 - i),
                    ("corner_apex_speed", "km/h", 104 - i),
                    ("corner_exit_speed", "km/h", 171 + i),
                    ("braking_point", "m", 96 + 2 * i),
                    ("braking_g", "g", 4.6),
                ):
                    self.say(f"f1.car.{name}", unit, cars[i], float(v), event=ident)


GAMES: dict[str, type[Any]] = {"nfl": Football, "mlb": Baseball, "f1": Racing}


def stream(game: Scripted, steps: int) -> Iterator[tuple[list[Output], list[Event]]]:
    for _ in range(steps):
        yield game.step()


def play(hub: Any, games: list[Any], seconds: float = 3600.0) -> None:
    """Feed ``hub`` with all of them in real time."""
    for game in games:
        hub.attach(game.record, game.meters)
    start = time.monotonic()
    while games[0].k * HOP_S < seconds:
        for game in games:
            outputs, events = game.step()
            if events:
                hub.report(events)
            hub.write(outputs, time.time_ns() // 1000)
        time.sleep(max(0.0, start + games[0].k * HOP_S - time.monotonic()))


if __name__ == "__main__":
    import sys
    import threading

    from streaming.web.gateway import serve
    from streaming.web.hub import Hub
    from tests.web.scripted import ScriptedMatch

    hub, now_us = Hub(), time.time_ns() // 1000
    everything = [kind(t0_us=now_us) for kind in GAMES.values()] + [ScriptedMatch(t0_us=now_us)]
    threading.Thread(target=play, args=(hub, everything), daemon=True).start()
    serve(hub, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
