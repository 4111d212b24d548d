"""One frame of the match, and many: the loop that everything else hangs on."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.core.compiled import kernel, long_kernel
from simulators.soccer import state as st
from simulators.soccer.actions import note, settle
from simulators.soccer.ball import fly
from simulators.soccer.contests import duel, follow_shot, leave, out_of_play, touch
from simulators.soccer.decisions import decide
from simulators.soccer.motion import move
from simulators.soccer.pursuit import watch_shot
from simulators.soccer.random_numbers import uniform
from simulators.soccer.restarts import carry_dead_ball, change_players, leave_now, line_up, may_resume, resume, stop
from simulators.soccer.state import Floats, Ints, State, attack_of, keeper_of, team_of
from simulators.soccer.tactics import plan

REPORT_S: Final = 4.5  #: in flight, after which a pass is reported whatever happens


@kernel
def start_period(s: State, number: int, attack_home: int, kick_off: int, end_s: float) -> None:
    """Both teams in their own halves, the ball on the centre spot; play begins 1.5 s later."""
    s.i[st.FRAME], s.i[st.PERIOD], s.i[st.ATTACK_HOME], s.i[st.PHASE] = 0, number, attack_home, st.DEAD
    s.i[st.RESTART], s.i[st.RESTART_TEAM], s.i[st.POSS], s.i[st.OWNER] = st.KICK_OFF, kick_off, kick_off, -1
    leave_now(s)
    s.i[st.SUBBING], s.i[st.LEAVER], s.i[st.PENDING] = 0, -1, 0
    s.i[st.PLAN], s.i[st.ONLY], s.i[st.PLANNED] = st.PLAN_NONE, st.ANY_TEAM, -1
    s.f[st.SPOT_X], s.f[st.SPOT_Y], s.f[st.SINCE_S], s.f[st.WAIT_S], s.f[st.END_S] = 0.0, 0.0, 3.0, 4.5, end_s
    for c in range(6):
        s.ball[c] = 0.0
    s.f[st.DEAD_X], s.f[st.DEAD_Y], s.f[st.DEAD_Z] = 0.0, 0.0, 0.0
    s.f[st.END_S] = end_s
    s.f[st.CALM_X], s.f[st.CALM_Y] = 0.0, 0.0
    for k in range(st.SLOTS):
        s.run[k] = s.stun[k] = 0.0
        for c in range(2):
            s.vel[k, c] = s.acc[k, c] = 0.0
    best, taker = -1.0, 0
    for k in range(st.SLOTS):
        team = team_of(k)
        a = attack_of(s, team)
        if k == keeper_of(team):
            s.pos[k, 0], s.pos[k, 1] = -(st.HALF_LENGTH_M - 4.0) * a, 0.0
            continue
        s.pos[k, 0] = (-38.0 + 36.0 * s.shape[k, 0]) * a
        s.pos[k, 1] = s.shape[k, 1] * 24.0
        if team != kick_off and np.hypot(s.pos[k, 0], s.pos[k, 1]) < 9.6:
            s.pos[k, 0] = -a * np.sqrt(max(9.6 * 9.6 - s.pos[k, 1] ** 2, 0.0))
        if team == kick_off and s.who[k] >= 0 and s.shape[k, 0] > best:
            best, taker = s.shape[k, 0], k
    s.i[st.TAKER] = taker
    s.pos[taker, 0], s.pos[taker, 1] = -0.7 * attack_of(s, kick_off), 0.0
    for k in range(st.SLOTS):
        s.aim[k, 0], s.aim[k, 1] = s.pos[k, 0], s.pos[k, 1]
    note(s, st.PERIOD_START, -1, st.O_NONE)


@kernel
def end_period(s: State) -> None:
    """The whistle: what is on its way counts as it was going to end."""
    if s.i[st.PENDING] == 1:
        if s.pending[st.E_OUTCOME] == st.O_GOAL:
            s.i[st.SCORE_HOME + team_of(int(s.pending[2]))] += 1
        settle(s, int(s.pending[st.E_OUTCOME]))
    note(s, st.PERIOD_END, -1, st.O_NONE)


@kernel
def _dribble(s: State) -> None:
    """The ball at the feet: half a step ahead, further at speed, eased so that it never jumps; or in the keeper's hands."""
    k = s.i[st.OWNER]
    b = s.ball
    speed = np.hypot(s.vel[k, 0], s.vel[k, 1])
    hx, hy = s.vel[k, 0], s.vel[k, 1]
    if speed < 0.6:
        a = attack_of(s, team_of(k))
        hx, hy = st.HALF_LENGTH_M * a - s.pos[k, 0], -s.pos[k, 1]
        far = max(np.hypot(hx, hy), 0.1)
        hx, hy = hx / far, hy / far
    else:
        hx, hy = hx / speed, hy / speed
    ahead = 0.40 + 0.05 * speed + 0.035 * speed * np.sin(s.f[st.MOVE_S] * 9.0)
    z = 0.0
    if s.i[st.KEEPER_HOLD] == 1:
        ahead, z = 0.3, 1.1
    elif s.i[st.SET_PIECE] != st.OPEN_PLAY:
        return
    tx, ty = s.pos[k, 0] + hx * ahead, s.pos[k, 1] + hy * ahead
    tx = min(max(tx, -st.HALF_LENGTH_M + 0.05), st.HALF_LENGTH_M - 0.05)
    ty = min(max(ty, -st.HALF_WIDTH_M + 0.05), st.HALF_WIDTH_M - 0.05)
    ease = st.DT / 0.13
    mx, my, mz = (tx - b[0]) * ease, (ty - b[1]) * ease, (z - b[2]) * ease
    size = np.hypot(mx, my)
    if size > 0.4:
        mx, my = mx * 0.4 / size, my * 0.4 / size
    # feed forward the runner's own motion, or the ball would trail behind
    mx += s.vel[k, 0] * st.DT * (1.0 - ease)
    my += s.vel[k, 1] * st.DT * (1.0 - ease)
    b[0] += mx
    b[1] += my
    b[2] = max(b[2] + mz, 0.0)
    b[3], b[4], b[5] = mx / st.DT, my / st.DT, mz / st.DT


@kernel
def frame(s: State) -> None:
    """Advance by 1/25 s."""
    look = s.i[st.FRAME] % st.THINK == 0
    if s.i[st.PHASE] == st.DEAD:
        s.f[st.SINCE_S] += st.DT
        if look:
            line_up(s)
        move(s)
        carry_dead_ball(s)
        change_players(s)
        if may_resume(s):
            resume(s)
    else:
        s.f[st.CALM_X] += (s.ball[0] - s.f[st.CALM_X]) * st.DT / 0.9
        s.f[st.CALM_Y] += (s.ball[1] - s.f[st.CALM_Y]) * st.DT / 0.9
        s.f[st.ORIGIN_S] += st.DT
        s.f[st.ASSIST_S] += st.DT
        s.f[st.MOVE_S] += st.DT
        if s.f[st.ORIGIN_S] > 14.0:
            s.i[st.ORIGIN] = st.OPEN_PLAY
        if s.f[st.ASSIST_S] > 6.0:
            s.i[st.ASSIST] = st.A_NONE
        if look:
            plan(s)
            if s.i[st.MODE] == st.FREE and s.i[st.PLAN] > st.PLAN_PASS and s.i[st.PLAN] != st.PLAN_OUT:
                watch_shot(s)
        move(s)
        if s.i[st.MODE] == st.CARRIED:
            _owned(s, look)
        else:
            _free(s)
    s.f[st.CLOCK_S] += st.DT


@kernel
def _owned(s: State, look: bool) -> None:
    _dribble(s)
    s.f[st.THINK_S] -= st.DT
    s.f[st.DUEL_S] -= st.DT
    if s.i[st.SET_PIECE] == st.OPEN_PLAY and s.i[st.KEEPER_HOLD] == 0 and look and s.f[st.DUEL_S] <= 0.0:
        duel(s)
        if s.i[st.PHASE] == st.DEAD or s.i[st.MODE] != st.CARRIED:
            return
    if s.f[st.THINK_S] <= 0.0:
        decide(s)
        s.i[st.FIRST_TIME] = 0
        s.i[st.AERIAL] = 0


@kernel
def _report_now(s: State) -> None:
    """A pass that still rolls is reported as it is going to end: no event may come later than its feed allows."""
    outcome = int(s.pending[st.E_OUTCOME])
    settle(s, st.O_INCOMPLETE if outcome == st.O_OUT else outcome)
    if outcome == st.O_OFFSIDE:
        k = s.i[st.PLANNED]
        note(s, st.OFFSIDE, k, st.O_NONE)
        stop(s, st.FREE_KICK, 1 - team_of(k), s.ball[0], s.ball[1])


@kernel
def _free(s: State) -> None:
    s.f[st.FLIGHT_S] += st.DT
    fly(s.ball, st.DT)
    p = s.i[st.PLAN]
    if p > st.PLAN_PASS and p != st.PLAN_OUT:
        follow_shot(s)
        return
    if out_of_play(s):
        leave(s)
        return
    if s.i[st.PENDING] == 1 and s.f[st.FLIGHT_S] > REPORT_S:
        _report_now(s)
        if s.i[st.PHASE] == st.DEAD:
            return
    if p == st.PLAN_OUT and s.f[st.FLIGHT_S] > 5.0:  # it stopped short after all: the ball is free
        s.i[st.PLAN], s.i[st.ONLY] = st.PLAN_NONE, st.ANY_TEAM
    touch(s)


@long_kernel
def run(
    s: State, frames: int, places: Floats, ball: Floats, who: Ints, in_play: Floats, delay_us: Ints, first: bool, last: bool
) -> None:
    """``frames`` frames into the output columns: places (n, 22, 2), ball (n, 3), who (n, 22), in_play and delay_us (n,).

    Row 0 of a period is its kick-off picture (``first``); with ``last`` the period ends with the final row.
    """
    for n in range(frames):
        if not (first and n == 0):
            s.i[st.FRAME] += 1
            frame(s)
        if last and n == frames - 1:
            end_period(s)
        for k in range(st.SLOTS):
            places[n, k, 0], places[n, k, 1] = s.pos[k, 0], s.pos[k, 1]
            who[n, k] = s.who[k]
        ball[n, 0], ball[n, 1], ball[n, 2] = s.ball[0], s.ball[1], s.ball[2]
        in_play[n] = 1.0 if s.i[st.PHASE] == st.PLAY else 0.0
        delay_us[n] = 4000 + int(11000.0 * uniform(s.rng, 1))
