"""A ball in play: off the bat, to a fielder or past the fielder, and the runners on their way."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.mlb.diamond import fence_m
from features.mlb.flight import carried
from features.mlb.vocabulary import BATTED, DEAD, HELD, THROW
from simulators.mlb.draws import batted
from simulators.mlb.progress import Progress
from simulators.mlb.scene import Scene, bag
from simulators.mlb.state import DOUBLE_PLAY, advance
from simulators.mlb.truth import (
    BATTER_K_S,
    FIELDER_K_S,
    FIELDER_MPS,
    FIELDERS,
    GROUND_RAD,
    PLACED,
    SEE_BACK_S,
    SEE_S,
    first_s,
    fly_out,
    grounder,
    hit_probability,
    needed_s,
    over_fence,
    run_s,
)

#: how far a ball must have carried for more than a single, and for three bases
DOUBLE_M, TRIPLE_M = 76.0, 104.0
DOUBLES, TRIPLES = 0.75, 0.18
SWING_S: Final = 0.30


def in_play(game: Progress, scene: Scene, contact: float) -> None:
    """Draw the ball, decide it by the true chances, and write the rest of the scene."""
    rng, state, clubs, batter = game.rng, game.state, game.clubs, game.batter
    speed, launch, spray = (float(v) for v in batted(rng, 1)[0])
    sprint = float(clubs.sprint_mps[batter])
    truth = hit_probability(speed, launch, spray, sprint, PLACED)
    scene.report(
        contact,
        "batted_ball",
        batter,
        delay_s=0.4,
        attrs={
            "exit_speed_mps": round(speed, 3),
            "launch_rad": round(launch, 5),
            "spray_rad": round(spray, 5),
            "batter_sprint_mps": round(sprint, 3),
            "true_probability": truth,
        },
    )
    if launch >= GROUND_RAD and over_fence(speed, launch, spray):
        outcome, ends = _home_run(scene, contact, speed, launch, spray)
    elif launch >= GROUND_RAD:
        outcome, ends = _in_the_air(game, scene, contact, speed, launch, spray)
    else:
        outcome, ends = _on_the_ground(game, scene, contact, speed, launch, spray, sprint)
    deep = carried(speed, launch)[0] > 70.0
    if outcome == "ground_out" and state.bases[1] >= 0 and state.outs < 2 and rng.random() < DOUBLE_PLAY:
        outcome = "double_play"
    moved = advance(state, outcome, batter, rng, deep)
    _run(game, scene, contact, moved, batter, sprint, outcome, ends)
    game.played(scene, ends + 0.5, batter, "out" if outcome in ("fly_out", "ground_out") else outcome)
    scene.length_s = max(scene.length_s, ends + 2.0)
    game.next_up(scene, None)


def _home_run(scene: Scene, t: float, speed: float, launch: float, spray: float) -> tuple[str, float]:
    scene.ball.batted(t, BATTED, speed, launch, spray, 200.0)
    scene.ball.then(t + 4.5, DEAD, None)
    return "home_run", t + 6.0


def _places(game: Progress) -> Any:
    return PLACED[game.set_of_places]


def _in_the_air(game: Progress, scene: Scene, t: float, speed: float, launch: float, spray: float) -> tuple[str, float]:
    rng = game.rng
    distance, hang, _ = carried(speed, launch)
    distance = min(float(distance), fence_m(spray) - 0.5)
    x, y = distance * float(np.cos(spray)), -distance * float(np.sin(spray))
    four = np.zeros(4)
    who = fly_out(x, y, hang, _places(game), four)
    fielder = game.fielders[FIELDERS[who]]
    here = _places(game)[who]
    caught = bool(rng.random() < four[0])
    needed = needed_s(here[0], here[1], x, y)
    back = np.hypot(x, y) > np.hypot(*here) + 2.0
    away = float(np.hypot(x - here[0], y - here[1]))
    sees = SEE_BACK_S if back else SEE_S
    pace = FIELDER_MPS
    if caught and away > 0.1:
        # a fielder who catches a ball that was hard to reach ran faster or reached farther than usual
        pace *= max(run_s(away, FIELDER_MPS, FIELDER_K_S) / max(float(hang) - sees, 0.3), 0.5)
    bend = float(rng.normal(0.0, 0.05)) * away
    scene.path(fielder).go(t + sees, (x, y), min(pace, 10.5), FIELDER_K_S, bend)
    scene.report(
        t + float(hang),
        "fielded",
        fielder,
        "caught" if caught else "fell",
        place=(x, y),
        delay_s=0.5,
        attrs={"true_probability": float(four[0]), "hang_s": round(float(hang), 4)},
    )
    ends = t + float(hang)
    if caught:
        scene.ball.batted(t, BATTED, speed, launch, spray, distance)
        _back_in(game, scene, fielder, ends, "2B")
        return "fly_out", ends
    stop = min(distance + 9.0, fence_m(spray) - 0.3)
    scene.ball.batted(t, BATTED, speed, launch, spray, stop)
    picked = max(ends + 1.2, t + needed + 1.0)
    scene.path(fielder).go(ends + 0.2, (stop * float(np.cos(spray)), -stop * float(np.sin(spray))), 7.0, 0.3)
    _back_in(game, scene, fielder, picked, "2B")
    if distance > TRIPLE_M and rng.random() < TRIPLES:
        return "triple", picked + 3.0
    if distance > DOUBLE_M and rng.random() < DOUBLES:
        return "double", picked + 2.0
    return "single", picked + 1.0


def _on_the_ground(
    game: Progress, scene: Scene, t: float, speed: float, launch: float, spray: float, sprint: float
) -> tuple[str, float]:
    rng = game.rng
    four = np.zeros(4)
    who = grounder(speed, launch, spray, sprint, _places(game), four)
    stop, beat, there, depth = four.tolist()
    stopped = who >= 0 and bool(rng.random() < stop)
    if stopped:
        fielder = game.fielders[FIELDERS[who]]
        out = bool(rng.random() < beat)
        place = (depth * float(np.cos(spray)), -depth * float(np.sin(spray)))
        scene.ball.batted(t, BATTED, speed, launch, spray, depth)
        scene.path(fielder).go(t + 0.22, place, 8.0, 0.3)
        scene.ball.held(t + there, HELD, scene.path(fielder), 0.5)
        first = game.fielders["1B"]
        if fielder != first:
            scene.path(first).go(t + 0.4, bag(1), 6.0)
            away = t + there + 0.75
            arrives = away + float(np.hypot(place[0] - bag(1)[0], place[1] - bag(1)[1])) / 34.0
            scene.ball.thrown(away, max(arrives, away + 0.1), THROW, (*place, 1.5), (*bag(1), 0.8))
            scene.ball.held(max(arrives, away + 0.1), HELD, scene.path(first), 0.8)
            game.ball_at = first
            ends = max(arrives, t + first_s(sprint)) if not out else arrives
        else:
            scene.path(first).go(t + there + 0.2, bag(1), 7.0)
            game.ball_at = first
            ends = t + first_s(sprint) + (-0.15 if out else 0.1)
        return ("ground_out" if out else "single"), ends
    # through the infield: the outfielder nearest to the line picks it up
    angles = [np.arctan2(-y, x) for x, y in _places(game)[4:]]
    k = int(np.argmin(np.abs(np.array(angles) - spray))) + 4
    fielder = game.fielders[FIELDERS[k]]
    far = 66.0
    scene.ball.batted(t, BATTED, max(speed, 26.0), max(launch, -0.15), spray, far)
    place = (far * float(np.cos(spray)), -far * float(np.sin(spray)))
    comes = scene.path(fielder).go(t + 0.5, place, 7.0)
    picked = max(comes, t + 3.4)
    _back_in(game, scene, fielder, picked, "2B")
    return "single", picked + 0.8


def _back_in(game: Progress, scene: Scene, fielder: int, t: float, to: str) -> None:
    """The fielder has the ball and throws it to the cut-off man."""
    scene.ball.held(t, HELD, scene.path(fielder), 1.2)
    cutoff = game.fielders[to]
    start, end = scene.where(fielder, t + 0.9), scene.where(cutoff, t + 0.9)
    far = float(np.hypot(start[0] - end[0], start[1] - end[1]))
    if fielder == cutoff or far < 3.0:
        game.ball_at = fielder
        return
    scene.ball.thrown(t + 0.9, t + 0.9 + far / 31.0, THROW, (*start, 1.7), (*end, 1.5))
    scene.ball.held(t + 0.9 + far / 31.0, HELD, scene.path(cutoff), 1.3)
    game.ball_at = cutoff
    scene.length_s = max(scene.length_s, t + 1.6 + far / 31.0)


def _run(
    game: Progress, scene: Scene, t: float, moved: list[tuple[int, int, int]], batter: int, sprint: float, outcome: str, ends: float
) -> None:
    """The runners along the bases; those who are out or home leave. The batter runs whatever the result is."""
    safe = {row: end for row, start, end in moved if end > 0}
    reached = t + SWING_S + run_s(float(np.hypot(*bag(1))), sprint, BATTER_K_S)
    if outcome == "home_run":
        home = scene.round_bases(batter, t + SWING_S, 0, 4, 6.3, 0.9)
        scene.length_s = max(scene.length_s, home)
        game.leave(scene, batter, home + 0.2)
    elif batter in safe:
        scene.path(batter).go(t + SWING_S, bag(1), sprint, BATTER_K_S)
        scene.report(reached, "at_first", batter, delay_s=0.3)
        there = reached
        if safe[batter] > 1:
            there = scene.round_bases(batter, reached, 1, safe[batter], sprint, 0.05)
        scene.holds(batter, safe[batter], there)
        scene.length_s = max(scene.length_s, there + 1.0)
    elif outcome in ("ground_out", "double_play"):
        scene.path(batter).go(t + SWING_S, bag(1), sprint, BATTER_K_S)
        if ends >= reached:
            scene.report(reached, "at_first", batter, delay_s=0.3)
        game.leave(scene, batter, max(reached, ends) + 0.4)
    else:
        scene.path(batter).go(t + SWING_S, bag(1), 0.8 * sprint, BATTER_K_S)
        game.leave(scene, batter, ends + 0.6)
    tags = outcome == "fly_out"
    for row, start, end in moved:
        if row == batter:
            continue
        speed = float(game.clubs.sprint_mps[row])
        if end == 0:
            scene.path(row).go(t + 0.3, bag(start + 1), speed, 0.4)
            game.leave(scene, row, ends + 0.3)
            continue
        begins = ends + 0.1 if tags else t + 0.3
        if tags:
            scene.path(row).go(t + 0.6, bag(start), 4.0)
        there = scene.round_bases(row, begins, start, end, speed if outcome != "home_run" else 6.3, 0.4)
        scene.length_s = max(scene.length_s, there + 0.6)
        if end == 4:
            game.leave(scene, row, there + 0.3)
        else:
            scene.holds(row, end, there)
