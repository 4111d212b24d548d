"""The aims of all players: the block that shifts with the ball, support, runs in behind, pressing, marking, keepers.

Called every 0.2 s; writes ``aim`` and ``cap`` of all slots, in the stadium's orientation. Inside, "forward" coordinates are
used: x grows towards the opponents' goal, so that one set of numbers serves both teams and both halves.
"""

from __future__ import annotations

import numpy as np

from features.core.compiled import kernel
from simulators.soccer import state as st
from simulators.soccer.pursuit import carry, chase
from simulators.soccer.random_numbers import between, normal, uniform
from simulators.soccer.state import State, attack_of, keeper_of


@kernel
def last_line(s: State, team: int) -> float:
    """The offside line for ``team``'s attackers, forward x: the second-last opponent, the ball, or the halfway line."""
    a = attack_of(s, team)
    lo = 11 if team == 0 else 0
    first, second = -1e9, -1e9
    for k in range(lo, lo + 11):
        if s.who[k] >= 0:
            x = s.pos[k, 0] * a
            if x > first:
                first, second = x, first
            elif x > second:
                second = x
    return float(max(second, max(s.ball[0] * a, 0.0)))


@kernel
def _pace(s: State, k: int, urgency: float) -> None:
    """Speed of a player with time: walks near the place, runs far from it; ``urgency`` 1 in play, less when it is dead."""
    gap = np.hypot(s.aim[k, 0] - s.pos[k, 0], s.aim[k, 1] - s.pos[k, 1])
    work = s.traits[s.who[k], st.T_WORK]
    cap = min(max(0.55 + 0.40 * gap * urgency, 0.6), 5.6)
    if gap > 15.0 and urgency >= 1.0:
        cap = min(0.37 * gap, 8.6)
    s.cap[k] = cap * work


@kernel
def hold_shape(s: State, poss: int, urgency: float) -> None:
    """The block of both teams around the ball; ``poss`` is the team that has it."""
    for team in range(2):
        a = attack_of(s, team)
        bx, by = s.f[st.CALM_X] * a, s.f[st.CALM_Y] * a
        if team == poss:
            line = min(max(0.62 * bx - 15.0, -37.0), 6.0)
            length = 40.0 if bx < 20.0 else 40.0 - 0.25 * (bx - 20.0)
            half, slide = 27.0, 0.18
        else:
            line = min(max(0.60 * bx - 21.0, -43.5), 2.0)
            length, half, slide = 27.0, 18.5, 0.42
            if bx < -18.0:  # in front of the own box all players come inside
                half, slide = 18.5 + 0.24 * (bx + 18.0), 0.36
        lo = 1 if team == 0 else 12
        for k in range(lo, lo + 10):
            if s.who[k] < 0:
                continue
            for c in range(2):
                s.roam[k, c] += -s.roam[k, c] * (st.THINK * st.DT / 9.0) + 0.52 * normal(s.rng)
            fx = line + s.shape[k, 0] * length + s.roam[k, 0]
            fy = slide * by + s.shape[k, 1] * half + s.roam[k, 1]
            s.aim[k, 0] = min(max(fx, -50.0), 50.5) * a
            s.aim[k, 1] = min(max(fy, -32.5), 32.5) * a
            _pace(s, k, urgency)


@kernel
def keep_goal(s: State) -> None:
    """Keepers stand on the line from the ball to the goal, further out the further the ball is."""
    for team in range(2):
        k = keeper_of(team)
        if s.who[k] < 0:
            continue
        a = attack_of(s, team)
        bx, by = s.f[st.CALM_X] * a, s.f[st.CALM_Y] * a
        gx, gy = bx + st.HALF_LENGTH_M, by
        far = max(np.hypot(gx, gy), 0.1)
        out = min(max(0.16 * far - 0.6, 1.0), 16.0)
        if far < 20.0:
            out = min(max(0.20 * far, 0.8), 3.5)
        s.aim[k, 0] = (-st.HALF_LENGTH_M + out * gx / far) * a
        s.aim[k, 1] = min(max(out * gy / far, -6.0), 6.0) * a
        gap = np.hypot(s.aim[k, 0] - s.pos[k, 0], s.aim[k, 1] - s.pos[k, 1])
        s.cap[k] = min(0.5 + 0.8 * gap, 6.0) if far < 40.0 else min(0.4 + 0.25 * gap, 3.5)


@kernel
def support(s: State, poss: int) -> None:
    """With the ball: two come short, wide players stay wide, a runner goes behind the last line now and then."""
    a = attack_of(s, poss)
    line = last_line(s, poss)
    owner = s.i[st.OWNER]
    bx, by = s.ball[0], s.ball[1]
    lo = 1 if poss == 0 else 12
    first, second = -1, -1
    d1, d2 = 1e9, 1e9
    for k in range(lo, lo + 10):
        if s.who[k] < 0 or k == owner:
            continue
        d = np.hypot(s.pos[k, 0] - bx, s.pos[k, 1] - by)
        if d < d1:
            second, d2 = first, d1
            first, d1 = k, d
        elif d < d2:
            second, d2 = k, d
    for k in range(lo, lo + 10):
        if s.who[k] < 0 or k == owner:
            continue
        fx = s.pos[k, 0] * a
        if s.run[k] > 0.0:
            s.run[k] -= st.THINK * st.DT
            if fx > line + 1.2 and s.i[st.MODE] == st.CARRIED:
                s.run[k] = 0.0
            tx = min(line + 22.0, 50.0)
            s.aim[k, 0] = tx * a
            s.aim[k, 1] = s.pos[k, 1] * 0.80
            s.cap[k] = s.traits[s.who[k], st.T_SPEED] * 0.96
            continue
        if k in (first, second):
            # an open angle 9 to 13 m from the ball, on the player's own side of it
            dx, dy = s.aim[k, 0] - bx, s.aim[k, 1] - by
            far = max(np.hypot(dx, dy), 0.1)
            want = 9.5 if k == first else 13.0
            if far > want:
                s.aim[k, 0] = bx + dx / far * want
                s.aim[k, 1] = by + dy / far * want
                s.cap[k] = max(s.cap[k], 3.6)
        # away from the nearest opponent, towards free grass
        near, nx, ny = 6.0, 0.0, 0.0
        other = 11 if poss == 0 else 0
        for j in range(other, other + 11):
            if s.who[j] >= 0:
                ox, oy = s.pos[k, 0] - s.pos[j, 0], s.pos[k, 1] - s.pos[j, 1]
                d = np.hypot(ox, oy)
                if 1e-6 < d < near:
                    near, nx, ny = d, ox / d, oy / d
        s.aim[k, 0] += nx * (6.0 - near) * 0.7
        s.aim[k, 1] += ny * (6.0 - near) * 0.7
        if s.aim[k, 0] * a > line - 0.6:
            s.aim[k, 0] = (line - 0.6) * a
            if fx > line:
                s.cap[k] = max(s.cap[k], 3.5)
        free = s.i[st.MODE] == st.CARRIED and s.shape[k, 0] > 0.45 and fx > -12.0 and line - fx < 14.0 and bx * a > -22.0
        if free and uniform(s.rng, 0) < 0.032 * (0.4 + s.shape[k, 0]):
            s.run[k] = between(s.rng, 1.6, 3.2)


@kernel
def defend(s: State, poss: int) -> None:
    """Without the ball: the nearest presses, the next covers, others mark the opponent in their zone, closer near the goal."""
    team = 1 - poss
    a = attack_of(s, team)
    bx, by = s.ball[0], s.ball[1]
    gx = -st.HALF_LENGTH_M * a
    lo = 1 if team == 0 else 12
    other = 12 if team == 0 else 1
    for k in range(lo, lo + 10):
        s.mark[k] = -1
    # goal-side marking: attackers by their distance to the goal, each taken by the nearest free defender
    taken = np.zeros(st.SLOTS, np.bool_)
    done = np.zeros(st.SLOTS, np.bool_)
    for _ in range(10):
        best, who = 1e9, -1
        for j in range(other, other + 10):
            if s.who[j] >= 0 and not done[j] and j != s.i[st.OWNER]:
                d = np.hypot(s.pos[j, 0] - gx, s.pos[j, 1])
                if d < best:
                    best, who = d, j
        if who < 0:
            break
        done[who] = True
        near, marker = 11.0, -1
        for k in range(lo, lo + 10):
            if s.who[k] >= 0 and not taken[k]:
                d = np.hypot(s.aim[k, 0] - s.pos[who, 0], s.aim[k, 1] - s.pos[who, 1])
                if d < near:
                    near, marker = d, k
        if marker < 0:
            continue
        taken[marker] = True
        s.mark[marker] = who
        danger = min(max(1.15 - best / 62.0, 0.12), 0.74)
        dx, dy = gx - s.pos[who, 0], -s.pos[who, 1]
        far = max(np.hypot(dx, dy), 0.1)
        gap = 1.4 + 0.05 * best
        mx = s.pos[who, 0] + s.vel[who, 0] * 0.4 + dx / far * gap
        my = s.pos[who, 1] + s.vel[who, 1] * 0.4 + dy / far * gap
        s.aim[marker, 0] += danger * (mx - s.aim[marker, 0])
        s.aim[marker, 1] += danger * (my - s.aim[marker, 1])
        _pace(s, marker, 1.0)
        if best < 45.0:
            chase = np.hypot(s.vel[who, 0], s.vel[who, 1])
            s.cap[marker] = max(s.cap[marker], min(chase * 1.08 + 0.4, 9.5))
    # the centre-backs keep themselves between ball and goal
    deep = -bx * a
    if deep > 16.0:
        for k in range(lo, lo + 10):
            if s.who[k] >= 0 and s.shape[k, 0] < 0.05 and abs(s.shape[k, 1]) < 0.6:
                want_x = gx + 0.45 * (bx - gx)
                want_y = 0.45 * by + 2.6 * s.shape[k, 1] * a
                s.aim[k, 0] += 0.60 * (want_x - s.aim[k, 0])
                s.aim[k, 1] += 0.60 * (want_y - s.aim[k, 1])
    # press and cover
    first, second = -1, -1
    d1, d2 = 1e9, 1e9
    for k in range(lo, lo + 10):
        if s.who[k] < 0:
            continue
        d = np.hypot(s.pos[k, 0] - bx, s.pos[k, 1] - by) + 4.0 * s.stun[k]
        if (s.pos[k, 0] - bx) * a > 0.0:
            d += 1.5  # on the wrong side of the ball
        if k == s.i[st.MARKER]:
            d -= 1.2
        if d < d1:
            second, d2 = first, d1
            first, d1 = k, d
        elif d < d2:
            second, d2 = k, d
    s.i[st.MARKER], s.i[st.COVER] = first, second
    owner = s.i[st.OWNER]
    if first >= 0 and s.i[st.MODE] == st.CARRIED and s.i[st.KEEPER_HOLD] == 0:
        dx, dy = gx - bx, -by
        far = max(np.hypot(dx, dy), 0.1)
        depth = -bx * a  # how deep the ball is in the defenders' own half
        if d1 < 9.0 + 0.5 * max(depth + 25.0, 0.0) or depth > 0.0:
            lead = 0.45
            s.aim[first, 0] = bx + s.vel[owner, 0] * lead + dx / far * 0.9
            s.aim[first, 1] = by + s.vel[owner, 1] * lead + dy / far * 0.9
            s.cap[first] = min(4.2 + 0.55 * d1, s.traits[s.who[first], st.T_SPEED] * 0.97)
        if second >= 0 and depth > -10.0:
            gap = 5.0 if depth < 22.0 else 3.0
            s.aim[second, 0] = bx + dx / far * gap
            s.aim[second, 1] = by + dy / far * gap
            s.cap[second] = max(s.cap[second], 4.2 + 0.3 * d2)


@kernel
def plan(s: State) -> None:
    """In play: everything above in order, later words win."""
    poss = s.i[st.POSS]
    hold_shape(s, poss, 1.0)
    keep_goal(s)
    support(s, poss)
    defend(s, poss)
    if s.i[st.MODE] == st.FREE:
        chase(s)
    else:
        carry(s)
