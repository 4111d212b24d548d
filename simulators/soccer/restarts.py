"""When the ball is dead: who restarts where, how the others line up, substitutions and sendings-off, and the whistle to go on.

The ball never jumps: it rolls out, comes to rest, and is then brought to the spot along a smooth path while the players line up.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel
from simulators.soccer import state as st
from simulators.soccer.actions import note
from simulators.soccer.ball import fly
from simulators.soccer.random_numbers import between
from simulators.soccer.state import State, attack_of, keeper_of, team_of
from simulators.soccer.tactics import hold_shape, keep_goal

ROLL_OUT_S: Final = 1.4  #: how long a dead ball runs by itself before a player fetches it
BENCH_Y: Final = -35.2


@kernel
def stop(s: State, kind: int, team: int, x: float, y: float) -> None:
    """The ball is dead; ``team`` restarts with ``kind`` at (x, y)."""
    s.i[st.PHASE], s.i[st.RESTART], s.i[st.RESTART_TEAM], s.i[st.POSS] = st.DEAD, kind, team, team
    s.i[st.OWNER], s.i[st.PLAN], s.i[st.KEEPER_HOLD], s.i[st.PENDING], s.i[st.AERIAL] = -1, st.PLAN_NONE, 0, 0, 0
    s.f[st.SPOT_X], s.f[st.SPOT_Y], s.f[st.SINCE_S] = x, y, 0.0
    if kind == st.THROW_IN:
        s.f[st.WAIT_S] = between(s.rng, 12.0, 21.0)
    elif kind == st.GOAL_KICK:
        s.f[st.WAIT_S] = between(s.rng, 22.0, 38.0)
    elif kind == st.CORNER:
        s.f[st.WAIT_S] = between(s.rng, 26.0, 42.0)
    elif kind == st.PENALTY:
        s.f[st.WAIT_S] = between(s.rng, 45.0, 70.0)
    elif kind == st.KICK_OFF:
        s.f[st.WAIT_S] = between(s.rng, 38.0, 60.0)
    else:
        near = np.hypot(st.HALF_LENGTH_M * attack_of(s, team) - x, y) < 35.0
        s.f[st.WAIT_S] = between(s.rng, 28.0, 50.0) if near else between(s.rng, 16.0, 32.0)
    for k in range(st.SLOTS):
        s.run[k] = s.stun[k] = 0.0
    if s.i[st.SUBBING] == 0 and kind != st.PENALTY:
        _next_substitution(s)
    s.i[st.TAKER] = _pick_taker(s, kind, team, x, y)


@kernel
def _next_substitution(s: State) -> None:
    for n in range(len(s.subs)):
        slot = int(s.subs[n, 1])
        if s.subs[n, 3] == 0.0 and s.subs[n, 0] <= s.f[st.CLOCK_S]:
            s.subs[n, 3] = 1.0
            if s.who[slot] >= 0:
                s.i[st.LEAVER], s.i[st.SUBBING] = slot, int(s.subs[n, 2]) + 1
                return


@kernel
def _pick_taker(s: State, kind: int, team: int, x: float, y: float) -> int:
    """Goal kicks are the keeper's, penalties and kick-offs the foremost player's, corners a midfielder's; else the nearest."""
    lo = keeper_of(team)
    if kind == st.GOAL_KICK and s.who[lo] >= 0:
        return lo
    best, who = 1e9, lo
    for k in range(lo + 1, lo + 11):
        if s.who[k] < 0 or k == s.i[st.LEAVER]:
            continue
        d = np.hypot(s.pos[k, 0] - x, s.pos[k, 1] - y)
        if kind == st.PENALTY:
            d = -s.shape[k, 0]
        elif kind == st.CORNER:
            d = abs(s.shape[k, 0] - 0.6) * 40.0 + abs(s.shape[k, 1] - np.sign(y)) * 6.0
        elif kind == st.KICK_OFF:
            d = -s.shape[k, 0]
        if d < best:
            best, who = d, k
    return who


@kernel
def _away_from_spot(s: State, k: int, metres: float) -> None:
    dx, dy = s.aim[k, 0] - s.f[st.SPOT_X], s.aim[k, 1] - s.f[st.SPOT_Y]
    far = np.hypot(dx, dy)
    if far < metres:
        if far < 0.1:
            dx, far = 1.0, 1.0
        s.aim[k, 0] = s.f[st.SPOT_X] + dx / far * metres
        s.aim[k, 1] = s.f[st.SPOT_Y] + dy / far * metres


@kernel
def line_up(s: State) -> None:
    """Aims while the ball is dead."""
    kind, team = s.i[st.RESTART], s.i[st.RESTART_TEAM]
    a = attack_of(s, team)
    x, y = s.f[st.SPOT_X], s.f[st.SPOT_Y]
    s.f[st.CALM_X], s.f[st.CALM_Y] = s.f[st.CALM_X] + 0.12 * (x - s.f[st.CALM_X]), s.f[st.CALM_Y] + 0.12 * (y - s.f[st.CALM_Y])
    hold_shape(s, team, 0.7)
    keep_goal(s)
    near_goal = x * a > 16.0 and kind == st.FREE_KICK
    if kind == st.KICK_OFF:
        for k in range(st.SLOTS):
            side = attack_of(s, team_of(k))
            if k != keeper_of(team_of(k)):
                fx = -38.0 + 36.0 * s.shape[k, 0]
                s.aim[k, 0], s.aim[k, 1] = fx * side, s.shape[k, 1] * 24.0
    elif kind == st.CORNER or near_goal:
        _crowd_the_box(s, team, a, kind == st.CORNER)
    elif kind == st.PENALTY:
        n = 0
        for k in range(st.SLOTS):
            if k == 0 or k == 11 or k == s.i[st.TAKER]:
                continue
            if s.shape[k, 0] > 0.3 or team_of(k) != team:
                s.aim[k, 0] = (st.HALF_LENGTH_M - st.BOX_DEPTH_M - 1.0 - 0.6 * (n % 3)) * a
                s.aim[k, 1] = -17.0 + 34.0 * ((n * 7) % 17) / 16.0
                n += 1
            if abs(s.aim[k, 1]) < 7.5:
                s.aim[k, 0] -= 3.0 * a
        other = keeper_of(1 - team)
        s.aim[other, 0], s.aim[other, 1] = st.HALF_LENGTH_M * a - 0.3 * a, 0.0
    for k in range(st.SLOTS):
        if s.who[k] < 0:
            continue
        if team_of(k) != team:
            _away_from_spot(s, k, 2.5 if kind == st.THROW_IN else st.CIRCLE_M + 0.4)
        elif k != s.i[st.TAKER] and kind != st.THROW_IN:
            _away_from_spot(s, k, 3.0)
        gap = np.hypot(s.aim[k, 0] - s.pos[k, 0], s.aim[k, 1] - s.pos[k, 1])
        s.cap[k] = min(max(s.cap[k], 0.10 * gap + 0.6), 5.0)
        if kind == st.CORNER or kind == st.PENALTY or near_goal:
            s.cap[k] = min(max(0.22 * gap + 0.6, 1.0), 4.4)
    if near_goal:
        _wall(s, team, a)
    k = s.i[st.TAKER]
    back = 0.0 if kind == st.THROW_IN else 0.75
    dx, dy = st.HALF_LENGTH_M * a - x, -y
    far = max(np.hypot(dx, dy), 0.1)
    s.aim[k, 0], s.aim[k, 1] = x - dx / far * back, y - dy / far * back
    if kind == st.THROW_IN:
        s.aim[k, 1] = np.sign(y) * (st.HALF_WIDTH_M + 0.35)
    gap = np.hypot(s.aim[k, 0] - s.pos[k, 0], s.aim[k, 1] - s.pos[k, 1])
    s.cap[k] = min(max(gap / max(s.f[st.WAIT_S] - s.f[st.SINCE_S] - 3.0, 2.0), 1.2), 6.0)
    if s.i[st.SUBBING] != 0:
        k = s.i[st.LEAVER]
        s.aim[k, 0] = -3.0 if team_of(k) == 0 else 3.0
        s.aim[k, 1] = BENCH_Y
        s.cap[k] = 4.6


@kernel
def _crowd_the_box(s: State, team: int, a: int, corner: bool) -> None:
    """Six attackers and one defender each; two or three attackers stay back, and so does one defender up front."""
    lo, other = (1, 12) if team == 0 else (12, 1)
    n = 0
    for k in range(lo, lo + 10):
        if s.who[k] < 0 or k == s.i[st.TAKER]:
            continue
        tall = s.traits[s.who[k], 5] > 0.45
        if (s.shape[k, 0] > 0.5 or (tall and s.shape[k, 0] < 0.1)) and n < 6:
            s.aim[k, 0] = (41.0 + (n % 3) * 2.6) * a + s.roam[k, 0] * 0.4
            s.aim[k, 1] = -6.5 + 2.6 * n + s.roam[k, 1] * 0.4
            n += 1
        elif n >= 6 or s.shape[k, 0] > 0.3:
            s.aim[k, 0], s.aim[k, 1] = 30.0 * a, s.shape[k, 1] * 14.0
        else:
            s.aim[k, 0], s.aim[k, 1] = 2.0 * a, s.shape[k, 1] * 22.0
    m = 0
    for k in range(other, other + 10):
        if s.who[k] < 0:
            continue
        if s.shape[k, 0] > 0.97:
            s.aim[k, 0], s.aim[k, 1] = 12.0 * a, 4.0
            continue
        s.aim[k, 0] = (42.2 + (m % 4) * 2.2) * a + s.roam[k, 0] * 0.3
        s.aim[k, 1] = -7.0 + 1.7 * m + s.roam[k, 1] * 0.3
        m += 1
    if corner:
        g = keeper_of(1 - team)
        s.aim[g, 0], s.aim[g, 1] = (st.HALF_LENGTH_M - 1.2) * a, 0.4 * np.sign(s.f[st.SPOT_Y])


@kernel
def _wall(s: State, team: int, a: int) -> None:
    """Three or four stand 9.15 m from the ball on the line to goal."""
    dx, dy = st.HALF_LENGTH_M * a - s.f[st.SPOT_X], -s.f[st.SPOT_Y]
    far = max(np.hypot(dx, dy), 0.1)
    if far > 32.0:
        return
    ux, uy = dx / far, dy / far
    other = 12 if team == 0 else 1
    n = 0
    count = 4 if far < 25.0 else 2
    for k in range(other, other + 10):
        if s.who[k] >= 0 and 0.3 < s.shape[k, 0] < 0.97 and n < count:
            off = (n - 0.5 * (count - 1)) * 0.85
            s.aim[k, 0] = s.f[st.SPOT_X] + ux * 9.4 - uy * off
            s.aim[k, 1] = s.f[st.SPOT_Y] + uy * 9.4 + ux * off
            n += 1


@kernel
def carry_dead_ball(s: State) -> None:
    """Roll out, then glide to the spot (fifth-order smooth), then lie still."""
    t = s.f[st.SINCE_S]
    if t < ROLL_OUT_S:
        fly(s.ball, st.DT)
        if abs(s.ball[0]) > 54.4 or abs(s.ball[1]) > 37.5:  # the net, the boards
            s.ball[3] *= 0.5
            s.ball[4] *= 0.5
        s.f[st.DEAD_X], s.f[st.DEAD_Y], s.f[st.DEAD_Z] = s.ball[0], s.ball[1], s.ball[2]
        return
    far = np.hypot(s.f[st.SPOT_X] - s.f[st.DEAD_X], s.f[st.SPOT_Y] - s.f[st.DEAD_Y])
    span = max(min(s.f[st.WAIT_S] - ROLL_OUT_S - 3.0, 3.0 + far / 5.0), 1.9 * far / 14.0, 0.6)
    u = min((t - ROLL_OUT_S) / span, 1.0)
    w = u * u * u * (10.0 + u * (-15.0 + 6.0 * u))
    lift = 4.0 * w * (1.0 - w) * min(0.04 * far, 1.6)
    rest = 1.3 if s.i[st.RESTART] == st.THROW_IN else 0.0
    x, y, z = s.ball[0], s.ball[1], s.ball[2]
    s.ball[0] = s.f[st.DEAD_X] + w * (s.f[st.SPOT_X] - s.f[st.DEAD_X])
    s.ball[1] = s.f[st.DEAD_Y] + w * (s.f[st.SPOT_Y] - s.f[st.DEAD_Y])
    s.ball[2] = s.f[st.DEAD_Z] * (1.0 - w) + rest * w + lift
    s.ball[3], s.ball[4], s.ball[5] = (s.ball[0] - x) / st.DT, (s.ball[1] - y) / st.DT, (s.ball[2] - z) / st.DT


@kernel
def change_players(s: State) -> None:
    """The leaver reaches the bench: the substitute is the next sample of that slot; after a red card the slot stays empty."""
    k = s.i[st.LEAVER]
    if s.i[st.SUBBING] == 0 or abs(s.pos[k, 1] - BENCH_Y) > 0.7:
        return
    leave_now(s)
    if s.i[st.RESTART] != st.CORNER and s.i[st.RESTART] != st.PENALTY:
        _next_substitution(s)


@kernel
def leave_now(s: State) -> None:
    """Players on their way off are off."""
    k = s.i[st.LEAVER]
    if s.i[st.SUBBING] > 0:
        n = note(s, st.SUBSTITUTION, k, st.O_NONE)
        s.events[n, st.E_OTHER] = s.i[st.SUBBING] - 1
        s.who[k] = s.i[st.SUBBING] - 1
    elif s.i[st.SUBBING] < 0:
        s.who[k] = -1
    s.i[st.SUBBING], s.i[st.LEAVER] = 0, -1


@kernel
def may_resume(s: State) -> bool:
    """Long enough, ball and taker on the spot, no player on the way off; at a kick-off all in their own half."""
    if s.f[st.SINCE_S] < s.f[st.WAIT_S] or s.i[st.SUBBING] != 0:
        return False
    k = s.i[st.TAKER]
    if np.hypot(s.ball[0] - s.f[st.SPOT_X], s.ball[1] - s.f[st.SPOT_Y]) > 0.1:
        return False
    if np.hypot(s.pos[k, 0] - s.f[st.SPOT_X], s.pos[k, 1] - s.f[st.SPOT_Y]) > 1.1:
        return False
    if s.i[st.RESTART] == st.KICK_OFF and s.f[st.SINCE_S] < s.f[st.WAIT_S] + 40.0:
        for j in range(st.SLOTS):
            if s.who[j] >= 0 and j != k and s.pos[j, 0] * attack_of(s, team_of(j)) > 0.5:
                return False
    return True


@kernel
def resume(s: State) -> None:
    """The taker has the ball; and acts at the next thought."""
    kind = s.i[st.RESTART]
    s.i[st.PHASE], s.i[st.MODE], s.i[st.OWNER] = st.PLAY, st.CARRIED, s.i[st.TAKER]
    s.i[st.SET_PIECE], s.i[st.ORIGIN], s.i[st.POSS] = kind, kind, s.i[st.RESTART_TEAM]
    s.i[st.LAST_TOUCH], s.i[st.ASSIST], s.i[st.FIRST_TIME], s.i[st.AERIAL] = s.i[st.TAKER], 0, 0, 0
    s.f[st.ORIGIN_S], s.f[st.THINK_S] = 0.0, 0.0
