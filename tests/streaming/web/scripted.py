"""A made-up match, so that the gateway and its pages can be tried without simulator and operator: the same blocks that
an operator hands to its sink, smooth enough to look at."""

from __future__ import annotations

import time

import numpy as np

from streaming.operator.metrics import OperatorMetrics
from streaming.wire.blocks import DeadLetter, FrameBlock, Output, StatBlock
from streaming.wire.records import Entity, Event, Feed, FrameUse, GameRecord, ModelUse, Period, Team

HOP_S, HZ = 0.2, 25
HOME = [
    "Ferreira", "Okafor", "Lindqvist", "Brandt", "Moreau", "Castellanos",
    "Ito", "Kovačević", "Adeyemi", "Salazar", "Vance",
]  # fmt: skip
AWAY = [
    "Petrov", "Nakamura", "Haugen", "Diallo", "Rossi", "Whitlock",
    "Mbeki", "Søndergaard", "Álvarez", "Keane", "Traoré",
]  # fmt: skip
SHAPE = [
    (-48, 0), (-32, -20), (-35, -7), (-35, 7), (-32, 20), (-18, -14), (-20, 0), (-18, 14), (-4, -18), (-2, 0), (-4, 18),
]  # fmt: skip
XGOALS = [0.31, 0.06, 0.47, 0.12, 0.09, 0.71, 0.18]
REASONS = [
    ("distance_m", 0.82, 11.4), ("angle_rad", 0.44, 0.6), ("defenders_in_cone", -0.51, 2.0), ("keeper_distance_m", 0.23, 9.0),
    ("header", -0.3, None),
]  # fmt: skip


def record(game: str = "demo-1", t0_us: int = 1_700_000_000_000_000) -> GameRecord:
    """Two teams of eleven and a ball."""
    entities = [
        Entity(id=f"{team}-{i + 1}", name=name, team=team, role="keeper" if i == 0 else "player", shirt=i + 1)
        for team, names in (("home", HOME), ("away", AWAY))
        for i, name in enumerate(names)
    ]
    return GameRecord(
        game=game,
        sport="soccer",
        t0_us=t0_us,
        title="Harbour City v Northgate",
        teams=(
            Team(id="home", name="Harbour City", short="HAR", colour="#e5483f"),
            Team(id="away", name="Northgate", short="NOR", colour="#3f8ee5"),
        ),
        entities=[*entities, Entity(id="ball", name="Ball", role="ball")],
        tags=[],
        feeds=[Feed(name="tracking", kind="telemetry", rate_hz=25.0), Feed(name="events", kind="events")],
        periods=[Period(number=1, start_us=t0_us)],
        length_m=105.0,
        width_m=68.0,
    )


class ScriptedMatch:
    """``step()`` gives what one hop of 200 ms publishes."""

    def __init__(self, game: str = "demo-1", t0_us: int = 1_700_000_000_000_000, *, shot_every: int = 75) -> None:
        self.record = record(game, t0_us)
        self.t0_us, self.k, self.shot_every, self.shots = t0_us, 0, shot_every, 0
        self.ids = tuple(e.id for e in self.record.entities)
        self.players = self.ids[:-1]
        self.score, self.team_xgoals, self.top = [0, 0], [0.0, 0.0], np.zeros(22)
        steps = "framing speed top_speed distance team_shape possession pressure pitch_control windows xgoals emit"
        self.metrics = OperatorMetrics(tuple(steps.split()))
        self.before: np.ndarray | None = None

    def xyz(self, t: float) -> np.ndarray:
        """(23, 3) m at ``t`` seconds: two blocks that follow a wandering ball."""
        bx = 34 * np.sin(t * 0.21) + 12 * np.sin(t * 0.77)
        by = 22 * np.sin(t * 0.33 + 1) + 7 * np.cos(t * 0.91)
        home = np.array(SHAPE, float)
        both = np.concatenate([home, -home])
        i = np.arange(22)
        keeper = (i % 11) == 0
        follow = np.where(keeper, 0.03, 0.42)
        x = both[:, 0] * 0.9 + follow * bx + np.where(keeper, 0.6, 3.0) * np.sin(t * (0.5 + 0.03 * i) + i)
        y = both[:, 1] * 0.9 + follow * by * 0.6 + np.where(keeper, 0.8, 3.0) * np.cos(t * (0.4 + 0.04 * i) + 2 * i)
        ball = [bx, by, max(0.0, 3.2 * np.sin(t * 1.3) - 1.0) + 0.11]
        out = np.zeros((23, 3))
        out[:22, 0], out[:22, 1] = np.clip(x, -52, 52), np.clip(y, -33.5, 33.5)
        out[22] = ball
        return out

    def block(self, stat: str, unit: str, subjects: tuple[str, ...], values: object, end_us: int, **more: object) -> StatBlock:
        """One window's or one event's values."""
        return StatBlock(
            stat=stat,
            game=self.record.game,
            sport="soccer",
            unit=unit,
            subjects=subjects,
            end_us=np.array([end_us]),
            span_us=400_000,
            values=np.asarray([values]),
            quality=more.pop("quality", "final"),
            ingress_us=np.array([end_us + 80_000]),
            **more,  # type: ignore[arg-type]
        )

    def step(self) -> tuple[list[Output], list[Event]]:
        """Positions, windowed values, and now and then a shot with its event."""
        self.k += 1
        t = self.k * HOP_S
        end_us = self.t0_us + round(t * 1e6)
        times = t - HOP_S + np.arange(1, 6) / HZ
        xyz = np.stack([self.xyz(x) for x in times]).astype(np.float32)
        speed = np.hypot(*(xyz[-1, :22, :2] - xyz[0, :22, :2]).T) / (4 / HZ) * 3.6
        ball_speed = float(np.hypot(*(xyz[-1, 22, :2] - xyz[0, 22, :2])) / (4 / HZ) * 3.6)
        self.top = np.maximum(self.top, np.minimum(speed * 1.6, 35.0))
        nearest = int(np.hypot(*(xyz[-1, :22, :2] - xyz[-1, 22, :2]).T).argmin())
        control = 50 + 22 * np.sin(t * 0.13)
        lean = np.tanh((self.score[0] - self.score[1]) * 0.9 + (self.team_xgoals[0] - self.team_xgoals[1]) * 0.4)
        draw = 0.28 * (1 - abs(lean))
        win = [(1 - draw) * (1 + lean) / 2, draw, (1 - draw) * (1 - lean) / 2]
        pressure = np.clip(1 - np.abs(np.arange(22) - nearest) / 6, 0, 1) * 0.7
        teams = ("home", "away")
        times_us = (self.t0_us + np.round(times * 1e6)).astype(np.int64)
        possession, control = 54 + 6 * np.sin(t / 30), [[control, control * 0.8], [100 - control, 100 - control]]
        distance_km = t * 0.0019 * (1 + np.arange(22) / 60)
        out: list[Output] = [
            FrameBlock(self.record.game, "soccer", self.ids, times_us, xyz, 1),
            self.block("soccer.player.speed", "km/h", self.players, speed, end_us),
            self.block("soccer.player.top_speed", "km/h", self.players, self.top.copy(), end_us),
            self.block("soccer.player.distance", "km", self.players, distance_km, end_us),
            self.block("soccer.player.pressure", "0..1", self.players, pressure, end_us),
            self.block("soccer.team.possession", "%", teams, [possession, 100 - possession], end_us),
            self.block("soccer.team.pitch_control", "%", teams, control, end_us),
            self.block("soccer.team.xgoals", "goals", teams, list(self.team_xgoals), end_us),
            self.block("soccer.team.pressing", "passes", teams, [9.4, 12.8], end_us),
            self.block("soccer.ball.speed", "km/h", ("ball",), [ball_speed], end_us),
            self.block("soccer.match.score", "goals", ("match",), [[float(s) for s in self.score]], end_us),
            self.block("soccer.match.win_probability", "0..1", ("match",), [win], end_us),
            self.block("game.momentum", "-1..1", ("match",), [float(np.sin(t * 0.09))], end_us),
        ]
        events: list[Event] = []
        if self.k % self.shot_every == self.shot_every // 3:
            shot, event = self.shot(end_us, xyz[-1], nearest)
            out += shot
            events.append(event)
        self._measure(end_us)
        return out, events

    def shot(self, end_us: int, xyz: np.ndarray, shooter: int, quality: str = "final") -> tuple[list[Output], Event]:
        """A shot by ``shooter`` and all its stats."""
        xg = XGOALS[self.shots % len(XGOALS)]
        self.shots += 1
        ident, team = f"shot-{self.shots}", 0 if shooter < 11 else 1
        goal = xg > 0.3
        self.score[team] += goal
        self.team_xgoals[team] += xg
        who = (self.players[shooter],)
        more = {"event": ident, "frame": FrameUse(t_us=end_us - 40_000, offset_us=-40_000), "quality": quality}
        model = ModelUse(name="xgoals", version="1", attributions=REASONS)
        x, y = float(xyz[22, 0]), float(xyz[22, 1])
        blocks: list[Output] = [
            self.block("soccer.shot.xgoals", "0..1", who, [xg], end_us, model=model, **more),
            self.block("soccer.shot.distance", "m", who, [8.0 + 30 * (1 - xg) ** 2], end_us, **more),
            self.block("soccer.shot.angle", "rad", who, [0.2 + xg / 2], end_us, **more),
            self.block("soccer.shot.defenders_in_cone", "count", who, [float(4 - round(xg * 4))], end_us, **more),
            self.block("soccer.shot.keeper_distance", "m", who, [4.0 + 10 * (1 - xg)], end_us, **more),
            self.block("soccer.shot.speed", "km/h", who, [96.4], end_us, **more),
        ]
        event = Event(
            id=ident,
            game=self.record.game,
            type="shot",
            t_us=end_us,
            period=1,
            team=("home", "away")[team],
            player=who[0],
            x_m=x,
            y_m=y,
            outcome="goal" if goal else "saved",
        )
        return blocks, event

    def _measure(self, end_us: int) -> None:
        metrics = self.metrics
        noise = 900 + 200 * np.random.default_rng(self.k).random(11)
        ns = np.array([21, 14, 6, 9, 18, 12, 24, 61, 17, 11, 33]) * noise
        metrics.step_last_ns[:] = ns
        metrics.step_ns += metrics.step_last_ns
        metrics.step_max_ns[:] = np.maximum(metrics.step_max_ns, metrics.step_last_ns)
        metrics.step_calls += 1
        metrics.windows += 1
        metrics.window_latency.add(float(ns.sum()) / 1000)
        metrics.counts["accepted", ""] += 115
        if self.k % 40 == 0:
            metrics.counts["late", "after the watermark"] += 3
            metrics.counts["duplicate", "same tag and time"] += 1
        if self.k % 90 == 0:
            metrics.counts["quarantined", "teleport"] += 1
        metrics.watermark_us, metrics.arrival_us = end_us, end_us + 104_000

    def dead(self) -> DeadLetter:
        """A broken record."""
        detail = "3 bytes are less than a prefix"
        return DeadLetter("telemetry.soccer", self.record.game, "truncated", self.t0_us, b"TL\x01", detail)


def play(hub: object, game: str = "demo-1", seconds: float = 3600.0) -> None:
    """Feed ``hub`` in real time."""
    match = ScriptedMatch(game, time.time_ns() // 1000)
    hub.attach(match.record, match.metrics)  # type: ignore[attr-defined]
    start = time.monotonic()
    while match.k * HOP_S < seconds:
        outputs, events = match.step()
        hub.write(outputs, time.time_ns() // 1000)  # type: ignore[attr-defined]
        if events:
            hub.report(events)  # type: ignore[attr-defined]
        if match.k % 90 == 5:
            hub.write([match.dead()], time.time_ns() // 1000)  # type: ignore[attr-defined]
        time.sleep(max(0.0, start + match.k * HOP_S - time.monotonic()))


if __name__ == "__main__":
    import sys
    import threading

    from streaming.web.gateway import serve
    from streaming.web.hub import Hub

    hub = Hub()
    threading.Thread(target=play, args=(hub,), daemon=True).start()
    serve(hub, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
