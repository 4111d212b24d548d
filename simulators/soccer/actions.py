"""What a player does to the ball: pass, clear, shoot. The outcome is drawn first, from its true probability; then the ball
is struck so that physics brings it about."""

from __future__ import annotations

import numpy as np

from features.core.compiled import kernel
from simulators.soccer import state as st
from simulators.soccer.ball import strike_air, strike_at, strike_ground
from simulators.soccer.random_numbers import between, uniform
from simulators.soccer.state import Floats, State, attack_of, keeper_of, team_of
from simulators.soccer.tactics import last_line
from simulators.soccer.truth import finished, pass_probability, pass_terms, shot_probability, shot_terms


@kernel
def fill(s: State, row: Floats, kind: int, slot: int, outcome: int) -> None:
    """A fresh event row at the ball, now; everything else empty."""
    for c in range(st.N_EVENT):
        row[c] = np.nan
    row[st.E_TYPE], row[st.E_FRAME], row[st.E_SLOT] = kind, s.i[st.FRAME], slot
    row[st.E_WHO] = s.who[slot] if slot >= 0 else -1
    row[st.E_X], row[st.E_Y], row[st.E_OUTCOME] = s.ball[0], s.ball[1], outcome
    row[st.E_DELAY_S] = 0.3 + 1.7 * uniform(s.rng, 1)
    row[st.E_FLAGS] = 0.0
    row[st.E_PERIOD] = s.i[st.PERIOD]


@kernel
def append(s: State, row: Floats) -> None:
    n = s.i[st.EVENTS]
    if n < st.MAX_EVENTS:
        for c in range(st.N_EVENT):
            s.events[n, c] = row[c]
        s.events[n, st.E_EMITTED] = s.i[st.FRAME]
        s.i[st.EVENTS] = n + 1


@kernel
def note(s: State, kind: int, slot: int, outcome: int) -> int:
    """Report an event that is complete at once; its row, for further columns."""
    n = int(min(s.i[st.EVENTS], st.MAX_EVENTS - 1))
    fill(s, s.events[n], kind, slot, outcome)
    s.events[n, st.E_EMITTED] = s.i[st.FRAME]
    s.i[st.EVENTS] = n + 1
    return n


@kernel
def settle(s: State, outcome: int) -> None:
    """The pass or shot that was on its way has ended here, like this."""
    if s.i[st.PENDING] == 0:
        return
    s.pending[st.E_OUTCOME] = outcome
    s.pending[st.E_END_X], s.pending[st.E_END_Y] = s.ball[0], s.ball[1]
    append(s, s.pending)
    s.i[st.PENDING] = 0


@kernel
def release(s: State, k: int) -> None:
    """The ball leaves ``k``."""
    s.i[st.MODE], s.i[st.OWNER], s.i[st.KICKER], s.i[st.LAST_TOUCH] = st.FREE, -1, k, k
    s.i[st.KEEPER_HOLD] = 0
    s.f[st.FLIGHT_S] = 0.0
    s.i[st.ONLY], s.i[st.PLAN], s.i[st.PLANNED] = st.ANY_TEAM, st.PLAN_NONE, -1


@kernel
def foot(s: State, k: int) -> int:
    left = s.traits[s.who[k], st.T_LEFT] > 0.5
    if uniform(s.rng, 0) < 0.18:
        left = not left
    return st.LEFT if left else st.RIGHT


@kernel
def _loft(far: float, cross: bool) -> float:
    """Sine of the launch angle of a lofted ball."""
    if cross:
        return 0.42
    return 0.46 if far < 22.0 else 0.52 if far < 40.0 else 0.58


@kernel
def play_pass(s: State, k: int, receiver: int, x: float, y: float, high: bool, through: bool, cross: bool) -> None:
    """``k`` passes to ``receiver`` at (x, y)."""
    team = team_of(k)
    a = attack_of(s, team)
    kind = s.i[st.SET_PIECE]
    terms = np.empty(4)
    pass_terms(s.pos, s.who, team, s.ball[0], s.ball[1], receiver, terms)
    p = pass_probability(terms, high, through, cross, kind)
    free_of_offside = kind == st.THROW_IN or kind == st.GOAL_KICK or kind == st.CORNER
    offside = not free_of_offside and s.pos[receiver, 0] * a > last_line(s, team) + 0.25
    if offside:
        p = 0.0
    row = s.pending
    fill(s, row, st.PASS, k, st.O_NONE)
    s.i[st.PENDING] = 1
    row[st.E_SET_PIECE], row[st.E_PHASE] = kind, s.i[st.ORIGIN]
    row[st.E_OTHER], row[st.E_TRUTH] = s.who[receiver], p
    row[st.E_TARGET_X], row[st.E_TARGET_Y] = x, y
    row[st.E_BODY] = st.OTHER if kind == st.THROW_IN or s.i[st.KEEPER_HOLD] == 1 else foot(s, k)
    row[st.E_HEIGHT] = st.HIGH if high else st.GROUND
    flags = st.F_CROSS * cross + st.F_THROUGH * through + st.F_PRESSED * (terms[3] < 1.6) + st.F_FIRST * (s.i[st.FIRST_TIME] == 1)
    row[st.E_FLAGS] = flags
    release(s, k)
    s.i[st.RECEIVER] = receiver
    far = np.hypot(x - s.ball[0], y - s.ball[1])
    rise = _loft(far, cross)
    if offside or uniform(s.rng, 0) < p:
        s.i[st.PLAN], s.i[st.PLANNED], s.i[st.ONLY] = st.PLAN_PASS, receiver, team
        row[st.E_OUTCOME] = st.O_OFFSIDE if offside else st.O_COMPLETE
        _send(s, x, y, high, 1.75 if cross else 0.25, rise, between(s.rng, 2.6, 4.6))
        return
    row[st.E_OUTCOME] = st.O_INCOMPLETE
    if _overhit(s, x, y, far, high, rise):
        return
    j = _thief(s, k, x, y, far, team)
    # the least change of aim that lets the player get there: physics does the rest
    ux, uy = (x - s.ball[0]) / max(far, 0.1), (y - s.ball[1]) / max(far, 0.1)
    along = min(max((s.pos[j, 0] - s.ball[0]) * ux + (s.pos[j, 1] - s.ball[1]) * uy, 2.5), far + 4.0)
    qx, qy = s.ball[0] + ux * along, s.ball[1] + uy * along
    miss = np.hypot(s.pos[j, 0] - qx, s.pos[j, 1] - qy)
    bend = max(miss - _span(along), 0.0) / max(miss, 0.1)
    mx = min(max(qx + (s.pos[j, 0] - qx) * bend, -52.0), 52.0)
    my = min(max(qy + (s.pos[j, 1] - qy) * bend, -33.5), 33.5)
    s.i[st.PLAN], s.i[st.PLANNED], s.i[st.ONLY] = st.PLAN_PASS, j, 1 - team
    _send(s, mx, my, high, 1.7 if cross else 0.4, rise, between(s.rng, 4.0, 7.0))


@kernel
def _send(s: State, x: float, y: float, high: bool, height_m: float, rise: float, arrive_mps: float) -> None:
    if high:
        strike_air(s.ball, x, y, height_m, rise)
    elif s.ball[2] > 0.4:  # headed or volleyed on
        strike_at(s.ball, x, y, 0.15, 8.0 + 0.4 * np.hypot(x - s.ball[0], y - s.ball[1]))
    else:
        strike_ground(s.ball, x, y, arrive_mps)


@kernel
def _span(along: float) -> float:
    """m that an opponent covers while the ball comes ``along`` m."""
    return max(5.0 * (along / 13.0 - 0.35), 0.0)


@kernel
def _overhit(s: State, x: float, y: float, far: float, high: bool, rise: float) -> bool:
    """Some bad passes run out of play: those aimed near a line, beyond their receiver. Whether this one does."""
    ux, uy = (x - s.ball[0]) / max(far, 0.1), (y - s.ball[1]) / max(far, 0.1)
    beyond = 1e9
    if abs(uy) > 1e-3:
        beyond = min(beyond, (st.HALF_WIDTH_M * np.sign(uy) - y) / uy)
    if abs(ux) > 1e-3:
        beyond = min(beyond, (st.HALF_LENGTH_M * np.sign(ux) - x) / ux)
    if beyond > 22.0 or uniform(s.rng, 0) > 0.95 - 0.020 * beyond:
        return False
    ox, oy = x + ux * (beyond + 1.0), y + uy * (beyond + 1.0)
    if abs(ox) > st.HALF_LENGTH_M and abs(oy) < st.POST_M + 2.0:
        return False
    s.i[st.PLAN], s.i[st.ONLY], s.i[st.PLANNED] = st.PLAN_OUT, st.NO_TEAM, -1
    s.pending[st.E_OUTCOME] = st.O_OUT
    _send(s, ox, oy, high, 0.1, rise, between(s.rng, 3.0, 6.0))
    return True


@kernel
def _thief(s: State, k: int, x: float, y: float, far: float, team: int) -> int:
    """The opponent for whom the ball must be bent least."""
    ux, uy = (x - s.ball[0]) / max(far, 0.1), (y - s.ball[1]) / max(far, 0.1)
    lo = 11 if team == 0 else 0
    best, who = 1e9, lo
    keeper_out = abs(x) > 40.0 and abs(y) < 12.0
    for j in range(lo if keeper_out else lo + 1, lo + 11):
        if s.who[j] < 0 or s.stun[j] > 0.0:
            continue
        along = min(max((s.pos[j, 0] - s.ball[0]) * ux + (s.pos[j, 1] - s.ball[1]) * uy, 2.5), far + 4.0)
        miss = np.hypot(s.pos[j, 0] - s.ball[0] - ux * along, s.pos[j, 1] - s.ball[1] - uy * along)
        cost = max(miss - _span(along), 0.0) / along + 0.01 * miss + 0.05 * uniform(s.rng, 0)
        if cost < best:
            best, who = cost, j
    return who


@kernel
def clear(s: State, k: int, headed: bool) -> None:
    """Away from goal, to the side where there is room; a free ball."""
    a = attack_of(s, team_of(k))
    n = note(s, st.CLEARANCE, k, st.O_NONE)
    s.events[n, st.E_BODY] = st.HEAD if headed else foot(s, k)
    side = 1.0 if s.ball[1] > 0.0 else -1.0
    if uniform(s.rng, 0) < 0.25:
        side = -side
    out = between(s.rng, 14.0, 24.0) if headed else between(s.rng, 28.0, 48.0)
    spread = between(s.rng, -0.15, 1.15)
    x = s.ball[0] + a * out * np.cos(spread)
    y = s.ball[1] + side * out * np.sin(spread)
    if headed and uniform(s.rng, 0) < 0.40:  # behind, for a corner
        x, y = a * -56.0, side * between(s.rng, 9.0, 16.0)
    release(s, k)
    strike_air(s.ball, min(max(x, -56.0), 52.0), min(max(y, -38.0), 38.0), 0.2, 0.45 if headed else 0.55)
    s.events[n, st.E_END_X], s.events[n, st.E_END_Y] = x, y


@kernel
def shoot(s: State, k: int, body: int) -> None:
    """``k`` shoots: the outcome is drawn from the true probability, then the ball is aimed to match."""
    team = team_of(k)
    a = attack_of(s, team)
    kind = s.i[st.SET_PIECE]
    keeper = keeper_of(1 - team)
    terms = np.empty(5)
    shot_terms(s.pos, s.who, team, a, s.ball[0], s.ball[1], terms)
    p = shot_probability(terms, body, kind)
    if kind != st.PENALTY:
        p = finished(p, s.f[st.FINISHING])
    row = s.pending
    fill(s, row, st.SHOT, k, st.O_NONE)
    s.i[st.PENDING] = 1
    row[st.E_SET_PIECE], row[st.E_PHASE], row[st.E_ASSIST] = kind, s.i[st.ORIGIN], s.i[st.ASSIST] if kind == st.OPEN_PLAY else 0
    row[st.E_BODY], row[st.E_TRUTH], row[st.E_OTHER] = body, p, s.who[keeper]
    alone = terms[2] == 0 and kind == st.OPEN_PLAY and terms[0] < 22.0
    empty = abs(terms[4]) >= 3.5 and terms[2] == 0
    row[st.E_FLAGS] = (
        st.F_FIRST * (s.i[st.FIRST_TIME] == 1) + st.F_PRESSED * (terms[3] < 1.6) + st.F_ALONE * alone + st.F_OPEN * empty
    )
    gx = st.HALF_LENGTH_M * a
    speed = between(s.rng, 12.0, 16.5) if body == st.HEAD else between(s.rng, 19.0, 29.5)
    if body != st.HEAD and terms[0] < 9.0:
        speed *= 0.82
    plan, outcome, y, z, x = st.PLAN_GOAL, st.O_GOAL, 0.0, 0.0, gx
    blocker = _blocker(s, team, a)
    if uniform(s.rng, 0) < p:
        side = -1.0 if s.pos[keeper, 1] > 0.0 else 1.0
        if uniform(s.rng, 0) < 0.3:
            side = -side
        y = side * between(s.rng, 1.7, 3.4)
        z = 0.1 if uniform(s.rng, 0) < 0.5 else between(s.rng, 0.3, 2.2)
    else:
        block, save, post = 0.58 if blocker >= 0 else 0.0, 0.36, 0.025
        if kind == st.PENALTY:
            block, save, post = 0.0, 0.72, 0.06
            blocker = -1
        if abs(terms[4]) > 2.4:
            save *= 0.15  # the keeper is nowhere near: such a miss is nearly always a missed aim
        u = uniform(s.rng, 0) * (max(block + save + post, 0.0) + (0.22 if kind == st.PENALTY else 0.40))
        if u < block and blocker >= 0:
            plan, outcome = st.PLAN_BLOCKED, st.O_BLOCKED
            x, y, z = s.pos[blocker, 0], s.pos[blocker, 1], between(s.rng, 0.2, 1.0)
        elif u < block + save:
            plan, outcome = st.PLAN_SAVED, st.O_SAVED
            depth = max((s.pos[keeper, 0] - s.ball[0]) * a, 1.5)
            at = s.pos[keeper, 1] + between(s.rng, -1.5, 1.5)
            ratio = min((gx - s.ball[0]) * a / depth, 3.0)
            y = min(max(s.ball[1] + (at - s.ball[1]) * ratio, -3.3), 3.3)
            z = between(s.rng, 0.1, 1.9)
        elif u < block + save + post:
            plan, outcome = st.PLAN_POST, st.O_POST
            y, z = st.POST_M * (1.0 if uniform(s.rng, 0) < 0.5 else -1.0), between(s.rng, 0.2, 2.0)
        else:
            plan, outcome = st.PLAN_OFF, st.O_OFF
            if uniform(s.rng, 0) < 0.62:
                side = 1.0 if uniform(s.rng, 0) < 0.5 else -1.0
                y, z = side * (st.POST_M + 0.5 - 1.9 * np.log(1.0 - uniform(s.rng, 0))), between(s.rng, 0.1, 2.4)
            else:
                y, z = between(s.rng, -3.5, 3.5), st.BAR_M + 0.4 - 1.1 * np.log(1.0 - uniform(s.rng, 0))
            y = min(max(y, -20.0), 20.0)
            z = min(z, 9.0)
    row[st.E_OUTCOME] = outcome
    release(s, k)
    s.i[st.PLAN], s.i[st.ONLY] = plan, st.NO_TEAM
    s.i[st.PLANNED] = blocker if plan == st.PLAN_BLOCKED else keeper
    s.f[st.AIM_X], s.f[st.AIM_Y], s.f[st.AIM_Z] = x, y, z
    strike_at(s.ball, x, y, z, speed)


@kernel
def _blocker(s: State, team: int, a: int) -> int:
    """The outfield opponent in or just beside the triangle of ball and posts who is closest to the ball, within 10 m; else -1."""
    lo = 11 if team == 0 else 0
    deep = max((st.HALF_LENGTH_M * a - s.ball[0]) * a, 0.1)
    best, who = 1e9, -1
    for j in range(lo + 1, lo + 11):
        if s.who[j] < 0:
            continue
        ahead = (s.pos[j, 0] - s.ball[0]) * a
        if ahead <= 0.0 or ahead >= deep:
            continue
        share = ahead / deep
        low = s.ball[1] + (-st.POST_M - s.ball[1]) * share
        high = s.ball[1] + (st.POST_M - s.ball[1]) * share
        if low - 0.9 <= s.pos[j, 1] <= high + 0.9 and ahead < min(best, 10.0):
            best, who = ahead, j
    return who
