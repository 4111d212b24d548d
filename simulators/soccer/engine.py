"""One frame of the match, and many: the loop that everything else hangs on."""

from __future__ import annotations

import numpy as np

from features.compiled import kernel
from simulators.soccer.actions import note, release, settle
from simulators.soccer.ball import fly
from simulators.soccer.chance import uniform
from simulators.soccer.contests import duel, follow_shot, gain, leave, out_of_play, touch
from simulators.soccer.decisions import decide
from simulators.soccer.motion import move
from simulators.soccer.restarts import carry_dead_ball, change_players, line_up, may_resume, resume
from simulators.soccer.state import (
    A_NONE, AERIAL, ANYONE, ASSIST, ASSIST_S, ATTACK_HOME, CALM_X, CALM_Y, CARRIED, CLOCK_S, CORNER, DEAD,
    DT, DUEL_S, E_OUTCOME, END_S, EVENTS, FIRST_TIME, FLIGHT_S, FRAME, FREE, HALF_LENGTH_M, HALF_WIDTH_M, KEEPER_HOLD,
    KICK_OFF, LEAVER, MODE, MOVE_S, O_GOAL, O_NONE, ONLY, OPEN_PLAY, ORIGIN, ORIGIN_S, OWNER, PENDING, PERIOD,
    PERIOD_END, PERIOD_START, PHASE, PLAN, PLAN_NONE, PLAN_OUT, PLAN_PASS, PLANNED, PLAY, POSS, RESTART, RESTART_TEAM,
    SCORE_HOME, SET_PIECE, SINCE_S, SLOTS, SPOT_X, SPOT_Y, SUBBING, TAKER, THINK, THINK_S, WAIT_S, Floats, Ints, State,
    attack_of, keeper_of, team_of,
)  # fmt: skip
from simulators.soccer.tactics import plan, watch_shot


@kernel
def start_period(s: State, number: int, attack_home: int, kick_off: int, end_s: float) -> None:
    """Both teams in their own halves, the ball on the centre spot; play begins 1.5 s later."""
    s.i[FRAME], s.i[PERIOD], s.i[ATTACK_HOME], s.i[PHASE] = 0, number, attack_home, DEAD
    s.i[RESTART], s.i[RESTART_TEAM], s.i[POSS], s.i[OWNER] = KICK_OFF, kick_off, kick_off, -1
    s.i[SUBBING], s.i[LEAVER], s.i[PENDING], s.i[PLAN], s.i[ONLY], s.i[PLANNED] = 0, -1, 0, PLAN_NONE, ANYONE, -1
    s.f[SPOT_X], s.f[SPOT_Y], s.f[SINCE_S], s.f[WAIT_S], s.f[END_S] = 0.0, 0.0, 3.0, 4.5, end_s
    s.ball[:] = 0.0
    s.f[END_S] = end_s
    s.f[CALM_X], s.f[CALM_Y] = 0.0, 0.0
    s.vel[:] = 0.0
    s.acc[:] = 0.0
    s.run[:] = 0.0
    s.stun[:] = 0.0
    best, taker = -1.0, 0
    for k in range(SLOTS):
        team = team_of(k)
        a = attack_of(s, team)
        if k == keeper_of(team):
            s.pos[k, 0], s.pos[k, 1] = -(HALF_LENGTH_M - 4.0) * a, 0.0
            continue
        s.pos[k, 0] = (-38.0 + 36.0 * s.shape[k, 0]) * a
        s.pos[k, 1] = s.shape[k, 1] * 24.0
        if team != kick_off and np.hypot(s.pos[k, 0], s.pos[k, 1]) < 9.6:
            s.pos[k, 0] = -a * np.sqrt(max(9.6 * 9.6 - s.pos[k, 1] ** 2, 0.0))
        if team == kick_off and s.who[k] >= 0 and s.shape[k, 0] > best:
            best, taker = s.shape[k, 0], k
    s.i[TAKER] = taker
    s.pos[taker, 0], s.pos[taker, 1] = -0.7 * attack_of(s, kick_off), 0.0
    s.aim[:] = s.pos
    note(s, PERIOD_START, -1, O_NONE)


@kernel
def end_period(s: State) -> None:
    """The whistle: what is on its way counts as it was going to end."""
    if s.i[PENDING] == 1:
        if s.pending[E_OUTCOME] == O_GOAL:
            s.i[SCORE_HOME + team_of(int(s.pending[2]))] += 1
        settle(s, int(s.pending[E_OUTCOME]))
    note(s, PERIOD_END, -1, O_NONE)


@kernel
def _dribble(s: State) -> None:
    """The ball at the feet: half a step ahead, further at speed, eased so that it never jumps; in the keeper's hands when he holds it."""
    k = s.i[OWNER]
    b = s.ball
    speed = np.hypot(s.vel[k, 0], s.vel[k, 1])
    hx, hy = s.vel[k, 0], s.vel[k, 1]
    if speed < 0.6:
        a = attack_of(s, team_of(k))
        hx, hy, speed_dir = HALF_LENGTH_M * a - s.pos[k, 0], -s.pos[k, 1], 1.0
        speed_dir = max(np.hypot(hx, hy), 0.1)
        hx, hy = hx / speed_dir, hy / speed_dir
    else:
        hx, hy = hx / speed, hy / speed
    ahead = 0.40 + 0.05 * speed + 0.035 * speed * np.sin(s.f[MOVE_S] * 9.0)
    z = 0.0
    if s.i[KEEPER_HOLD] == 1:
        ahead, z = 0.3, 1.1
    elif s.i[SET_PIECE] != OPEN_PLAY:
        return
    tx, ty = s.pos[k, 0] + hx * ahead, s.pos[k, 1] + hy * ahead
    tx = min(max(tx, -HALF_LENGTH_M + 0.05), HALF_LENGTH_M - 0.05)
    ty = min(max(ty, -HALF_WIDTH_M + 0.05), HALF_WIDTH_M - 0.05)
    ease = DT / 0.13
    mx, my, mz = (tx - b[0]) * ease, (ty - b[1]) * ease, (z - b[2]) * ease
    size = np.hypot(mx, my)
    if size > 0.4:
        mx, my = mx * 0.4 / size, my * 0.4 / size
    # feed forward the runner's own motion, or the ball would trail behind him
    mx += s.vel[k, 0] * DT * (1.0 - ease)
    my += s.vel[k, 1] * DT * (1.0 - ease)
    b[0] += mx
    b[1] += my
    b[2] = max(b[2] + mz, 0.0)
    b[3], b[4], b[5] = mx / DT, my / DT, mz / DT


@kernel
def frame(s: State) -> None:
    """Advance by 1/25 s."""
    look = s.i[FRAME] % THINK == 0
    if s.i[PHASE] == DEAD:
        s.f[SINCE_S] += DT
        if look:
            line_up(s)
        move(s)
        carry_dead_ball(s)
        change_players(s)
        if may_resume(s):
            resume(s)
    else:
        s.f[CALM_X] += (s.ball[0] - s.f[CALM_X]) * DT / 0.9
        s.f[CALM_Y] += (s.ball[1] - s.f[CALM_Y]) * DT / 0.9
        s.f[ORIGIN_S] += DT
        s.f[ASSIST_S] += DT
        s.f[MOVE_S] += DT
        if s.f[ORIGIN_S] > 14.0:
            s.i[ORIGIN] = OPEN_PLAY
        if s.f[ASSIST_S] > 6.0:
            s.i[ASSIST] = A_NONE
        if look:
            plan(s)
            if s.i[MODE] == FREE and s.i[PLAN] > PLAN_PASS and s.i[PLAN] != PLAN_OUT:
                watch_shot(s)
        move(s)
        if s.i[MODE] == CARRIED:
            _owned(s, look)
        else:
            _free(s)
    s.f[CLOCK_S] += DT


@kernel
def _owned(s: State, look: bool) -> None:
    _dribble(s)
    s.f[THINK_S] -= DT
    s.f[DUEL_S] -= DT
    if s.i[SET_PIECE] == OPEN_PLAY and s.i[KEEPER_HOLD] == 0 and look and s.f[DUEL_S] <= 0.0:
        duel(s)
        if s.i[PHASE] == DEAD or s.i[MODE] != CARRIED:
            return
    if s.f[THINK_S] <= 0.0:
        decide(s)
        s.i[FIRST_TIME] = 0
        s.i[AERIAL] = 0


@kernel
def _free(s: State) -> None:
    s.f[FLIGHT_S] += DT
    fly(s.ball, DT)
    p = s.i[PLAN]
    if p > PLAN_PASS and p != PLAN_OUT:
        follow_shot(s)
        return
    if out_of_play(s):
        leave(s)
        return
    if p == PLAN_OUT and s.f[FLIGHT_S] > 5.0:  # it stopped short after all: anybody's
        s.i[PLAN], s.i[ONLY] = PLAN_NONE, ANYONE
    touch(s)


@kernel
def run(
    s: State, frames: int, places: Floats, ball: Floats, who: Ints, in_play: Floats, delay_us: Ints, first: bool, last: bool
) -> None:
    """``frames`` frames into the output columns: places (n, 22, 2), ball (n, 3), who (n, 22), in_play (n,), delay_us (n,).

    Row 0 of a period is its kick-off picture (``first``); ``last`` says that the period ends with the final row.
    """
    for n in range(frames):
        if not (first and n == 0):
            s.i[FRAME] += 1
            frame(s)
        if last and n == frames - 1:
            end_period(s)
        for k in range(SLOTS):
            places[n, k, 0], places[n, k, 1] = s.pos[k, 0], s.pos[k, 1]
            who[n, k] = s.who[k]
        ball[n, 0], ball[n, 1], ball[n, 2] = s.ball[0], s.ball[1], s.ball[2]
        in_play[n] = 1.0 if s.i[PHASE] == PLAY else 0.0
        delay_us[n] = 4000 + int(11000.0 * uniform(s.rng, 1))
