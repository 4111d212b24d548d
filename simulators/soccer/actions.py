"""What a player does to the ball: pass, clear, shoot. The outcome is drawn first, from its true probability; then the ball is struck so
that physics brings it about."""

from __future__ import annotations

import numpy as np

from features.compiled import kernel
from simulators.soccer.ball import strike_air, strike_at, strike_ground
from simulators.soccer.chance import between, uniform
from simulators.soccer.state import (
    AIM_X, AIM_Y, AIM_Z, ANYONE, ASSIST, BAR_M, CARRIED, CLEARANCE, E_ASSIST, E_BODY, E_CARD, E_DELAY_S, E_EMITTED,
    E_END_X, E_END_Y, E_FLAGS, E_FRAME, E_HEIGHT, E_OTHER, E_OUTCOME, E_PERIOD, E_PHASE, E_SET_PIECE, E_SLOT,
    E_TARGET_X, E_TARGET_Y, E_TRUTH, E_TYPE, E_WHO, E_X, E_Y, EVENTS, F_ALONE, F_CROSS, F_FIRST, F_OPEN, F_PRESSED,
    F_THROUGH, FIRST_TIME, FLIGHT_S, FRAME, FREE, GROUND, HALF_LENGTH_M, HALF_WIDTH_M, HEAD, HIGH, KEEPER_HOLD, KICKER,
    LAST_TOUCH, LEFT, LOW, MAX_EVENTS, MODE, NOBODY, O_BLOCKED, O_COMPLETE, O_GOAL, O_INCOMPLETE, O_NONE, O_OFF,
    O_OFFSIDE, O_OUT, O_POST, O_SAVED, ONLY, OPEN_PLAY, ORIGIN, OWNER, PASS, PENALTY, PENDING, PERIOD, PLAN,
    PLAN_BLOCKED, PLAN_GOAL, PLAN_NONE, PLAN_OFF, PLAN_OUT, PLAN_PASS, PLAN_POST, PLAN_SAVED, PLANNED, RECEIVER, RIGHT,
    SET_PIECE, SHOT, T_LEFT, THROW_IN, GOAL_KICK, CORNER, POST_M, Floats, State, attack_of, keeper_of, team_of,
)  # fmt: skip
from simulators.soccer.tactics import last_line
from simulators.soccer.truth import nearest_opponent, pass_probability, pass_terms, shot_probability, shot_terms


@kernel
def fill(s: State, row: Floats, kind: int, slot: int, outcome: int) -> None:
    """A fresh event row at the ball, now; everything else empty."""
    row[:] = np.nan
    row[E_TYPE], row[E_FRAME], row[E_SLOT] = kind, s.i[FRAME], slot
    row[E_WHO] = s.who[slot] if slot >= 0 else -1
    row[E_X], row[E_Y], row[E_OUTCOME] = s.ball[0], s.ball[1], outcome
    row[E_DELAY_S] = 0.3 + 1.7 * uniform(s.rng, 1)
    row[E_FLAGS] = 0.0
    row[E_PERIOD] = s.i[PERIOD]


@kernel
def append(s: State, row: Floats) -> None:
    n = s.i[EVENTS]
    if n < MAX_EVENTS:
        s.events[n] = row
        s.events[n, E_EMITTED] = s.i[FRAME]
        s.i[EVENTS] = n + 1


@kernel
def note(s: State, kind: int, slot: int, outcome: int) -> int:
    """Report an event that is complete at once; its row, for further columns."""
    n = min(s.i[EVENTS], MAX_EVENTS - 1)
    fill(s, s.events[n], kind, slot, outcome)
    s.events[n, E_EMITTED] = s.i[FRAME]
    s.i[EVENTS] = n + 1
    return n


@kernel
def settle(s: State, outcome: int) -> None:
    """The pass or shot that was on its way has ended here, like this."""
    if s.i[PENDING] == 0:
        return
    s.pending[E_OUTCOME] = outcome
    s.pending[E_END_X], s.pending[E_END_Y] = s.ball[0], s.ball[1]
    append(s, s.pending)
    s.i[PENDING] = 0


@kernel
def release(s: State, k: int) -> None:
    """The ball leaves ``k``."""
    s.i[MODE], s.i[OWNER], s.i[KICKER], s.i[LAST_TOUCH] = FREE, -1, k, k
    s.i[KEEPER_HOLD] = 0
    s.f[FLIGHT_S] = 0.0
    s.i[ONLY], s.i[PLAN], s.i[PLANNED] = ANYONE, PLAN_NONE, -1


@kernel
def foot(s: State, k: int) -> int:
    left = s.traits[s.who[k], T_LEFT] > 0.5
    if uniform(s.rng, 0) < 0.18:
        left = not left
    return LEFT if left else RIGHT


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
    kind = s.i[SET_PIECE]
    terms = np.empty(4)
    pass_terms(s.pos, s.who, team, s.ball[0], s.ball[1], receiver, terms)
    p = pass_probability(terms, high, through, cross, kind)
    free_of_offside = kind == THROW_IN or kind == GOAL_KICK or kind == CORNER
    offside = not free_of_offside and s.pos[receiver, 0] * a > last_line(s, team) + 0.25
    if offside:
        p = 0.0
    row = s.pending
    fill(s, row, PASS, k, O_NONE)
    s.i[PENDING] = 1
    row[E_SET_PIECE], row[E_PHASE] = kind, s.i[ORIGIN]
    row[E_OTHER], row[E_TRUTH] = s.who[receiver], p
    row[E_TARGET_X], row[E_TARGET_Y] = x, y
    row[E_BODY] = OTHER_HANDS if kind == THROW_IN or s.i[KEEPER_HOLD] == 1 else foot(s, k)
    row[E_HEIGHT] = HIGH if high else GROUND
    flags = F_CROSS * cross + F_THROUGH * through + F_PRESSED * (terms[3] < 1.6) + F_FIRST * (s.i[FIRST_TIME] == 1)
    row[E_FLAGS] = flags
    release(s, k)
    s.i[RECEIVER] = receiver
    far = np.hypot(x - s.ball[0], y - s.ball[1])
    rise = _loft(far, cross)
    if offside or uniform(s.rng, 0) < p:
        s.i[PLAN], s.i[PLANNED], s.i[ONLY] = PLAN_PASS, receiver, team
        row[E_OUTCOME] = O_OFFSIDE if offside else O_COMPLETE
        _send(s, x, y, high, 1.75 if cross else 0.25, rise, between(s.rng, 2.6, 4.6))
        return
    row[E_OUTCOME] = O_INCOMPLETE
    if _overhit(s, x, y, far, high, rise):
        return
    j = _thief(s, k, x, y, far, team)
    # the least change of aim that lets him get there: physics does the rest
    ux, uy = (x - s.ball[0]) / max(far, 0.1), (y - s.ball[1]) / max(far, 0.1)
    along = min(max((s.pos[j, 0] - s.ball[0]) * ux + (s.pos[j, 1] - s.ball[1]) * uy, 2.5), far + 4.0)
    qx, qy = s.ball[0] + ux * along, s.ball[1] + uy * along
    miss = np.hypot(s.pos[j, 0] - qx, s.pos[j, 1] - qy)
    bend = max(miss - _span(along), 0.0) / max(miss, 0.1)
    mx = min(max(qx + (s.pos[j, 0] - qx) * bend, -52.0), 52.0)
    my = min(max(qy + (s.pos[j, 1] - qy) * bend, -33.5), 33.5)
    s.i[PLAN], s.i[PLANNED], s.i[ONLY] = PLAN_PASS, j, 1 - team
    _send(s, mx, my, high, 1.7 if cross else 0.4, rise, between(s.rng, 4.0, 7.0))


OTHER_HANDS = 3


@kernel
def _send(s: State, x: float, y: float, high: bool, height_m: float, rise: float, arrive_mps: float) -> None:
    if high:
        strike_air(s.ball, x, y, height_m, rise)
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
        beyond = min(beyond, (HALF_WIDTH_M * np.sign(uy) - y) / uy)
    if abs(ux) > 1e-3:
        beyond = min(beyond, (HALF_LENGTH_M * np.sign(ux) - x) / ux)
    if beyond > 22.0 or uniform(s.rng, 0) > 0.85 - 0.022 * beyond:
        return False
    ox, oy = x + ux * (beyond + 1.0), y + uy * (beyond + 1.0)
    if abs(ox) > HALF_LENGTH_M and abs(oy) < POST_M + 2.0:
        return False
    s.i[PLAN], s.i[ONLY], s.i[PLANNED] = PLAN_OUT, NOBODY, -1
    s.pending[E_OUTCOME] = O_OUT
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
    """Away from goal, to the side where there is room; anybody's ball."""
    a = attack_of(s, team_of(k))
    n = note(s, CLEARANCE, k, O_NONE)
    s.events[n, E_BODY] = HEAD if headed else foot(s, k)
    side = 1.0 if s.ball[1] > 0.0 else -1.0
    if uniform(s.rng, 0) < 0.25:
        side = -side
    out = between(s.rng, 14.0, 24.0) if headed else between(s.rng, 28.0, 48.0)
    spread = between(s.rng, -0.15, 1.15)
    x = s.ball[0] + a * out * np.cos(spread)
    y = s.ball[1] + side * out * np.sin(spread)
    if headed and uniform(s.rng, 0) < 0.20:  # behind, for a corner
        x, y = a * -56.0, side * between(s.rng, 9.0, 16.0)
    release(s, k)
    strike_air(s.ball, min(max(x, -56.0), 52.0), min(max(y, -38.0), 38.0), 0.2, 0.45 if headed else 0.55)
    s.events[n, E_END_X], s.events[n, E_END_Y] = x, y


@kernel
def shoot(s: State, k: int, body: int) -> None:
    """``k`` shoots: the outcome is drawn from the true probability, then the ball is aimed to match."""
    team = team_of(k)
    a = attack_of(s, team)
    kind = s.i[SET_PIECE]
    keeper = keeper_of(1 - team)
    terms = np.empty(5)
    shot_terms(s.pos, s.who, team, a, s.ball[0], s.ball[1], terms)
    p = shot_probability(terms, body, kind)
    row = s.pending
    fill(s, row, SHOT, k, O_NONE)
    s.i[PENDING] = 1
    row[E_SET_PIECE], row[E_PHASE], row[E_ASSIST] = kind, s.i[ORIGIN], s.i[ASSIST] if kind == OPEN_PLAY else 0
    row[E_BODY], row[E_TRUTH], row[E_OTHER] = body, p, s.who[keeper]
    alone = terms[2] == 0 and kind == OPEN_PLAY and terms[0] < 22.0
    empty = abs(terms[4]) >= 3.5 and terms[2] == 0
    row[E_FLAGS] = (
        F_FIRST * (s.i[FIRST_TIME] == 1) + F_PRESSED * (terms[3] < 1.6) + F_ALONE * alone + F_OPEN * empty
    )  # fmt: skip
    gx = HALF_LENGTH_M * a
    speed = between(s.rng, 12.0, 16.5) if body == HEAD else between(s.rng, 19.0, 29.5)
    if body != HEAD and terms[0] < 9.0:
        speed *= 0.82
    plan, outcome, y, z, x = PLAN_GOAL, O_GOAL, 0.0, 0.0, gx
    blocker = _blocker(s, team, a)
    if uniform(s.rng, 0) < p:
        side = -1.0 if s.pos[keeper, 1] > 0.0 else 1.0
        if uniform(s.rng, 0) < 0.3:
            side = -side
        y = side * between(s.rng, 1.7, 3.4)
        z = 0.1 if uniform(s.rng, 0) < 0.5 else between(s.rng, 0.3, 2.2)
    else:
        block, save, post = min(0.45 * terms[2], 0.75), 0.36, 0.025
        if kind == PENALTY:
            block, save, post = 0.0, 0.72, 0.06
        if abs(terms[4]) > 2.4:
            save *= 0.15  # he is nowhere near: such a miss is nearly always his aim
        u = uniform(s.rng, 0) * (max(block + save + post, 0.0) + (0.22 if kind == PENALTY else 0.40))
        if u < block and blocker >= 0:
            plan, outcome = PLAN_BLOCKED, O_BLOCKED
            x, y, z = s.pos[blocker, 0], s.pos[blocker, 1], between(s.rng, 0.2, 1.0)
        elif u < block + save:
            plan, outcome = PLAN_SAVED, O_SAVED
            depth = max((s.pos[keeper, 0] - s.ball[0]) * a, 1.5)
            at = s.pos[keeper, 1] + between(s.rng, -1.5, 1.5)
            ratio = min((gx - s.ball[0]) * a / depth, 3.0)
            y = min(max(s.ball[1] + (at - s.ball[1]) * ratio, -3.3), 3.3)
            z = between(s.rng, 0.1, 1.9)
        elif u < block + save + post:
            plan, outcome = PLAN_POST, O_POST
            y, z = POST_M * (1.0 if uniform(s.rng, 0) < 0.5 else -1.0), between(s.rng, 0.2, 2.0)
        else:
            plan, outcome = PLAN_OFF, O_OFF
            if uniform(s.rng, 0) < 0.62:
                side = 1.0 if uniform(s.rng, 0) < 0.5 else -1.0
                y, z = side * (POST_M + 0.5 - 1.9 * np.log(1.0 - uniform(s.rng, 0))), between(s.rng, 0.1, 2.4)
            else:
                y, z = between(s.rng, -3.5, 3.5), BAR_M + 0.4 - 1.1 * np.log(1.0 - uniform(s.rng, 0))
            y = min(max(y, -20.0), 20.0)
            z = min(z, 9.0)
    row[E_OUTCOME] = outcome
    release(s, k)
    s.i[PLAN], s.i[ONLY] = plan, NOBODY
    s.i[PLANNED] = blocker if plan == PLAN_BLOCKED else keeper
    s.f[AIM_X], s.f[AIM_Y], s.f[AIM_Z] = x, y, z
    strike_at(s.ball, x, y, z, speed)


@kernel
def _blocker(s: State, team: int, a: int) -> int:
    """The outfield opponent inside the triangle of ball and posts who stands closest to the ball; -1 if none."""
    lo = 11 if team == 0 else 0
    deep = max((HALF_LENGTH_M * a - s.ball[0]) * a, 0.1)
    best, who = 1e9, -1
    for j in range(lo + 1, lo + 11):
        if s.who[j] < 0:
            continue
        ahead = (s.pos[j, 0] - s.ball[0]) * a
        if ahead <= 0.0 or ahead >= deep:
            continue
        share = ahead / deep
        low = s.ball[1] + (-POST_M - s.ball[1]) * share
        high = s.ball[1] + (POST_M - s.ball[1]) * share
        if low <= s.pos[j, 1] <= high and ahead < best:
            best, who = ahead, j
    return who
