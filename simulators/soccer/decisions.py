"""Decisions of the player on the ball: shoot, pass and its receiver, carry, clear. Each choice has a value; the best one after
a little Gumbel noise wins, which is a softmax choice: sensible on the whole, human in detail."""

from __future__ import annotations

import numpy as np

from features.core.compiled import kernel
from simulators.soccer import state as st
from simulators.soccer.actions import clear, foot, play_pass, shoot
from simulators.soccer.random_numbers import between, uniform
from simulators.soccer.state import Floats, State, attack_of, keeper_of, team_of
from simulators.soccer.tactics import last_line
from simulators.soccer.truth import nearest_opponent, pass_probability, pass_terms, shot_probability, shot_terms

NOISE = 0.0075  #: scale of the Gumbel noise, in goals


@kernel
def worth(fx: float, y: float) -> float:
    """Goals to be expected from having the ball at forward (fx, y): grows gently upfield, steeply near goal."""
    far = np.hypot(st.HALF_LENGTH_M - fx, y)
    return float(0.001 + 0.085 * (fx + st.HALF_LENGTH_M) / (2.0 * st.HALF_LENGTH_M) + 0.20 * np.exp(-far / 10.0))


@kernel
def gumbel(s: State) -> float:
    return float(-np.log(-np.log(uniform(s.rng, 0) * 0.999998 + 1e-6)))


@kernel
def choose_pass(s: State, k: int, out: Floats) -> float:
    """The best pass of ``k``: its value, and in ``out`` receiver, x, y, high, through, cross; receiver -1 if there is none."""
    team = team_of(k)
    a = attack_of(s, team)
    kind = s.i[st.SET_PIECE]
    bx, by = s.ball[0], s.ball[1]
    line = last_line(s, team)
    lo = 0 if team == 0 else 11
    terms = np.empty(4)
    best = -1e9
    out[0] = -1
    wide = abs(by) > 13.0 and bx * a > 21.0
    reach = 24.0 if kind == st.THROW_IN else 58.0
    for r in range(lo, lo + 11):
        if s.who[r] < 0 or r == k:
            continue
        rx, ry = s.pos[r, 0], s.pos[r, 1]
        far = np.hypot(rx - bx, ry - by)
        if far < 4.0 or far > reach:
            continue
        running = s.run[r] > 0.3
        tx, ty = rx + s.vel[r, 0] * 0.45, ry + s.vel[r, 1] * 0.45
        through = False
        if running and rx * a > line - 6.0 and kind != st.THROW_IN:
            lead = min(5.0 + 0.22 * far, 12.0)
            tx, ty = rx + a * lead, ry * 0.90
            through = tx * a > line
        tx = min(max(tx, -50.5), 50.5)
        if tx * a > 49.0:
            tx = 49.0 * a
        ty = min(max(ty, -32.0), 32.0)
        offside = rx * a > line + 0.25 and kind != st.THROW_IN and kind != st.GOAL_KICK and kind != st.CORNER
        if offside and (rx * a > line + 1.1 or uniform(s.rng, 0) < 0.30):
            continue
        pass_terms(s.pos, s.who, team, bx, by, r, terms)
        gain = worth(tx * a, ty)
        loss = 0.6 * worth(-(0.5 * (bx + tx)) * a, 0.5 * (by + ty))
        for high in range(2):
            if (high == 1 and far < 13.0 and kind != st.THROW_IN) or (high == 0 and (far > 34.0 or kind == st.THROW_IN)):
                continue
            if r == lo and high == 1:
                continue
            cross = high == 1 and wide and tx * a > 34.0 and abs(ty) < 15.0
            p = pass_probability(terms, high == 1, through, cross, kind)
            gain_here = gain
            if cross:
                gain_here = gain * 1.1 + 0.70
            value = p * (gain_here + 0.018) - (1.0 - p) * (loss + 0.018)
            if r == lo:
                value -= 0.008
            if (tx - bx) * a < -3.0:
                value -= 0.006
            value += NOISE * gumbel(s)
            if value > best:
                best = value
                out[0], out[1], out[2], out[3], out[4], out[5] = r, tx, ty, high, through, cross
    return best


@kernel
def decide(s: State) -> None:
    """The owner acts, or carries on and thinks again shortly."""
    k = s.i[st.OWNER]
    team = team_of(k)
    a = attack_of(s, team)
    fx, y = s.ball[0] * a, s.ball[1]
    kind = s.i[st.SET_PIECE]
    late = s.f[st.END_S] - s.f[st.CLOCK_S] < 3.0  # the whistle is about to go: no player shoots into it
    out = np.empty(6)
    if kind == st.PENALTY:
        shoot(s, k, foot(s, k))
        return
    press = nearest_opponent(s.pos, s.who, team, s.ball[0], s.ball[1], True)
    far = np.hypot(st.HALF_LENGTH_M - fx, y)
    if kind == st.FREE_KICK and far < 29.0 and abs(y) < 15.0 and not late and uniform(s.rng, 0) < 0.62:
        shoot(s, k, foot(s, k))
        return
    if kind == st.OPEN_PLAY and not late and k != keeper_of(team) and far < 33.0:
        terms = np.empty(5)
        shot_terms(s.pos, s.who, team, a, s.ball[0], s.ball[1], terms)
        body = st.HEAD if s.i[st.AERIAL] == 1 else 0
        p = shot_probability(terms, body, kind)
        eager = min(max((p - 0.014) * 9.0, 0.0), 0.92)
        if s.i[st.AERIAL] == 1:
            eager = 0.85 if far < 12.0 else 0.0  # no header at goal from further out
        if uniform(s.rng, 0) < eager:
            shoot(s, k, st.HEAD if s.i[st.AERIAL] == 1 else foot(s, k))
            return
    s.i[st.AERIAL] = 0
    value = choose_pass(s, k, out)
    if kind == st.OPEN_PLAY and s.i[st.KEEPER_HOLD] == 0:
        deep = fx < -24.0
        if deep and press < 2.4 and (value < -0.004 or uniform(s.rng, 0) < 0.10):
            clear(s, k, False)
            return
        # carrying: worth the grass ahead, less what a close opponent takes away
        room = nearest_opponent(s.pos, s.who, team, s.ball[0] + 5.0 * a, s.ball[1] * 0.96, True)
        keep = 1.0 - 0.34 * np.exp(-press / 1.6) - 0.20 * np.exp(-room / 3.0)
        stay = keep * (worth(min(fx + 3.5, 47.0), y * 0.96) + 0.018) - (1.0 - keep) * 0.030 + NOISE * gumbel(s) - 0.002
        if k == keeper_of(team):
            stay -= 0.03
        if stay > value or out[0] < 0:
            _carry_on(s, k, a, press)
            return
    if out[0] < 0:
        clear(s, k, False)
        return
    play_pass(s, k, int(out[0]), out[1], out[2], out[3] > 0.5, out[4] > 0.5, out[5] > 0.5)


@kernel
def _carry_on(s: State, k: int, a: int, press: float) -> None:
    """Pick a direction with room: eight headings, forward ones preferred, lines and opponents avoided."""
    team = team_of(k)
    bx, by = s.pos[k, 0], s.pos[k, 1]
    best, best_x, best_y = -1e9, bx, by
    step = 6.0
    for n in range(12):
        angle = n * np.pi / 6.0
        tx, ty = bx + step * np.cos(angle) * a, by + step * np.sin(angle)
        if abs(tx) > 50.5 or abs(ty) > 32.0:
            continue
        room = min(nearest_opponent(s.pos, s.who, team, tx, ty, True), 6.0)
        half = min(nearest_opponent(s.pos, s.who, team, bx + 0.4 * (tx - bx), by + 0.4 * (ty - by), True), 4.0)
        speed = s.vel[k, 0] * np.cos(angle) * a + s.vel[k, 1] * np.sin(angle)
        score = 0.32 * room + 0.35 * half + 1.1 * np.cos(angle) + 0.12 * speed + 14.0 * worth(tx * a, ty)
        score += 0.25 * uniform(s.rng, 0)
        if score > best:
            best, best_x, best_y = score, tx, ty
    stretch = 1.0 if press > 4.0 else 1.35
    s.f[st.CARRY_X] = min(max(bx + (best_x - bx) * stretch, -51.0), 51.0)
    s.f[st.CARRY_Y] = min(max(by + (best_y - by) * stretch, -32.8), 32.8)
    s.f[st.THINK_S] = between(s.rng, 0.7, 1.6) if bx * a < 26.0 else between(s.rng, 0.35, 0.8)
    s.f[st.ROOM_M] = press
