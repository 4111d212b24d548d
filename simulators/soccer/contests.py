"""Who gets the ball: first touches, duels, shots that arrive, balls that leave the pitch."""

from __future__ import annotations

import numpy as np

from features.compiled import kernel
from simulators.soccer.actions import clear, note, release, settle
from simulators.soccer.ball import strike_at
from simulators.soccer.chance import between, normal, uniform
from simulators.soccer.restarts import stop
from simulators.soccer.state import (
    A_CROSS, A_NONE, A_PASS, A_REBOUND, A_THROUGH, AERIAL, AIM_X, AIM_Y, ANYONE, ASSIST, ASSIST_S, BLOCK, BOX_DEPTH_M,
    BOX_HALF_M, CARD, CARRIED, CARRY_X, CARRY_Y, CORNER, DRIBBLE, DUEL, DUEL_S, E_BODY, E_CARD, E_FLAGS, E_OTHER,
    E_OUTCOME, F_AERIAL, F_CROSS, F_THROUGH, FIRST_TIME, FLIGHT_S, FOUL, FREE, FREE_KICK, GOAL_KICK, HALF_LENGTH_M,
    HALF_WIDTH_M, HEAD, INTERCEPTION, KEEPER_HOLD, KICK_OFF, KICKER, LAST_TOUCH, LEAVER, LOSER, MODE, NOBODY, O_BLOCKED,
    O_COMPLETE, O_GOAL, O_INCOMPLETE, O_LOST, O_NONE, O_OFF, O_OFFSIDE, O_OUT, O_POST, O_SAVED, O_WON, OFFSIDE, ONLY,
    OPEN_PLAY, ORIGIN, ORIGIN_S, OTHER, OUT, OWN_GOAL, OWNER, PENALTY, PENDING, PERIOD, PHASE, PLAN, PLAN_BLOCKED,
    PLAN_GOAL, PLAN_NONE, PLAN_OFF, PLAN_OUT, PLAN_OWN_GOAL, PLAN_PASS, PLAN_POST, PLAN_SAVED, PLANNED, POSS, POST_M,
    RECOVERY, ROOM_M, SAVE, SCORE_HOME, SET_PIECE, SLOTS, SPOT_M, SUBBING, T_TACKLE, TACKLE, THINK_S, THROW_IN, State,
    attack_of, keeper_of, team_of,
)  # fmt: skip
from simulators.soccer.truth import nearest_opponent


OWN_GOAL_P = 0.012  #: of a headed cross in the six-yard region


@kernel
def in_box(s: State, team: int, x: float, y: float) -> bool:
    """Inside the penalty area that ``team`` defends."""
    return x * attack_of(s, team) < -HALF_LENGTH_M + BOX_DEPTH_M and abs(y) < BOX_HALF_M


@kernel
def gain(s: State, k: int, planned: bool) -> None:
    """First touch by ``k``."""
    team = team_of(k)
    x, y, z = s.ball[0], s.ball[1], s.ball[2]
    passer = s.i[KICKER]
    turned = s.i[POSS] != team
    assist = A_NONE
    cross = False
    if s.i[PENDING] == 1:
        cross = int(s.pending[E_FLAGS]) & F_CROSS != 0
        if s.pending[E_OUTCOME] == O_OFFSIDE:
            settle(s, O_OFFSIDE)
            note(s, OFFSIDE, k, O_NONE)
            stop(s, FREE_KICK, 1 - team, x, y)
            return
        if team_of(passer) == team:
            if int(s.pending[E_FLAGS]) & F_THROUGH:
                assist = A_THROUGH
            elif cross:
                assist = A_CROSS
            else:
                assist = A_PASS
            if z > 1.3:
                s.pending[E_FLAGS] = int(s.pending[E_FLAGS]) | F_AERIAL
            settle(s, O_COMPLETE)
        else:
            settle(s, O_INCOMPLETE)
            note(s, INTERCEPTION, k, O_WON)
    elif s.i[PHASE] == 0 and (turned or s.i[LOSER] == 1):
        note(s, RECOVERY, k, O_NONE)
        if s.i[LOSER] == 1 and not turned:
            assist = A_REBOUND
    s.i[LAST_TOUCH] = k
    s.i[POSS], s.i[SET_PIECE], s.i[LOSER] = team, OPEN_PLAY, 0
    s.i[ASSIST], s.f[ASSIST_S] = assist, 0.0
    if turned:
        s.i[ORIGIN] = OPEN_PLAY
    if z > 1.3 and in_box(s, team, x, y) and turned and k != keeper_of(team):
        if abs(x) > 40.0 and uniform(s.rng, 0) < OWN_GOAL_P:
            release(s, k)
            s.i[PLAN], s.i[ONLY] = PLAN_OWN_GOAL, NOBODY
            strike_at(s.ball, -HALF_LENGTH_M * attack_of(s, team), between(s.rng, -3.0, 3.0), 0.4, 15.0)
        else:
            clear(s, k, True)
        return
    s.i[MODE], s.i[OWNER] = CARRIED, k
    s.i[PLAN], s.i[PLANNED], s.i[ONLY] = PLAN_NONE, -1, ANYONE
    s.i[FIRST_TIME], s.i[AERIAL] = 1, 1 if z > 1.3 else 0
    s.f[CARRY_X], s.f[CARRY_Y] = s.pos[k, 0] + s.vel[k, 0], s.pos[k, 1] + s.vel[k, 1]
    s.f[DUEL_S], s.f[ROOM_M] = 0.5, 0.0
    press = nearest_opponent(s.pos, s.who, team, x, y, True)
    think = between(s.rng, 0.7, 2.6)
    if press < 2.5:
        think *= 0.55
    fx = x * attack_of(s, team)
    if fx > 30.0 and abs(y) < 18.0:
        think = between(s.rng, 0.0, 0.5)
    if s.i[AERIAL] == 1 and fx > 36.0:
        think = 0.0
    s.i[KEEPER_HOLD] = 0
    if k == keeper_of(team) and in_box(s, team, x, y) and (turned or assist == A_NONE):
        s.i[KEEPER_HOLD] = 1
        think = between(s.rng, 3.5, 8.0)
    s.f[THINK_S] = think


@kernel
def touch(s: State) -> None:
    """A free ball and whoever may have it."""
    b = s.ball
    best, who = 1e9, -1
    for k in range(SLOTS):
        if s.who[k] < 0 or s.stun[k] > 0.6:
            continue
        if s.i[ONLY] != ANYONE and team_of(k) != s.i[ONLY]:
            continue
        meant = k == s.i[PLANNED]
        if k == s.i[KICKER] and s.f[FLIGHT_S] < 0.8:
            continue
        if s.i[PLAN] == PLAN_PASS and not meant and s.f[FLIGHT_S] < 2.2:
            continue
        reach, high = (1.15, 2.35) if meant else (0.85, 1.2)
        if k == 0 or k == 11:
            reach, high = 1.5, 2.5
        if b[2] > high:
            continue
        d = np.hypot(s.pos[k, 0] - b[0], s.pos[k, 1] - b[1])
        if d < reach and d < best:
            best, who = d, k
    if who >= 0:
        fast = np.hypot(b[3] - s.vel[who, 0], b[4] - s.vel[who, 1])
        if who != s.i[PLANNED] and fast > 13.0:
            return
        gain(s, who, who == s.i[PLANNED])


@kernel
def loose(s: State, k: int, speed: float, angle: float, lift: float) -> None:
    """The ball comes off ``k`` with this speed and heading; anybody's."""
    release(s, k)
    s.ball[3], s.ball[4], s.ball[5] = speed * np.cos(angle), speed * np.sin(angle), lift
    s.i[LOSER] = 1


@kernel
def duel(s: State) -> None:
    """A defender close to the man on the ball may go for it: wins it, is beaten, or fouls."""
    owner = s.i[OWNER]
    team = team_of(owner)
    lo = 12 if team == 0 else 1
    near, k = 1.8, -1
    for j in range(lo, lo + 10):
        if s.who[j] >= 0 and s.stun[j] <= 0.0:
            d = np.hypot(s.pos[j, 0] - s.ball[0], s.pos[j, 1] - s.ball[1])
            if d < near:
                near, k = d, j
    if k < 0 or uniform(s.rng, 0) > 0.068:
        return
    s.f[DUEL_S] = 1.2
    u = uniform(s.rng, 0)
    skill = 0.10 * (s.traits[s.who[k], T_TACKLE] - 0.5)
    deep = in_box(s, 1 - team, s.ball[0], s.ball[1])
    foul_p = 0.035 if deep else 0.23
    if u < foul_p:
        _foul(s, k, owner, deep)
    elif u < foul_p + 0.42 + skill:
        n = note(s, DRIBBLE, owner, O_INCOMPLETE)
        s.events[n, E_OTHER] = s.who[k]
        n = note(s, TACKLE, k, O_WON)
        s.events[n, E_OTHER] = s.who[owner]
        s.stun[owner] = 0.7
        if uniform(s.rng, 0) < 0.58:
            release(s, owner)
            s.i[LOSER] = 0
            s.i[PLANNED] = k
            s.i[ONLY] = 1 - team
            angle = np.arctan2(s.pos[k, 1] - s.ball[1], s.pos[k, 0] - s.ball[0])
            s.ball[3], s.ball[4], s.ball[5] = 2.5 * np.cos(angle), 2.5 * np.sin(angle), 0.0
        else:
            loose(s, k, between(s.rng, 4.0, 10.0), between(s.rng, -np.pi, np.pi), 0.0)
            s.i[LOSER] = 0
    else:
        n = note(s, DRIBBLE, owner, O_COMPLETE)
        s.events[n, E_OTHER] = s.who[k]
        s.stun[k] = between(s.rng, 0.6, 1.1)
        s.f[THINK_S] = max(s.f[THINK_S], 0.5)


@kernel
def _foul(s: State, k: int, victim: int, deep: bool) -> None:
    n = note(s, FOUL, k, O_NONE)
    s.events[n, E_OTHER] = s.who[victim]
    u = uniform(s.rng, 0)
    who = s.who[k]
    card = -1
    if u < 0.005:
        card = 2
    elif u < 0.19 and not (s.yellow[who] == 1 and uniform(s.rng, 0) < 0.75):
        s.yellow[who] += 1
        card = 0 if s.yellow[who] == 1 else 1
    if card >= 0:
        n = note(s, CARD, k, O_NONE)
        s.events[n, E_CARD] = card
    x, y = s.ball[0], s.ball[1]
    team = team_of(victim)
    if card > 0:
        s.i[LEAVER], s.i[SUBBING] = k, -1
    if deep:
        stop(s, PENALTY, team, (HALF_LENGTH_M - SPOT_M) * attack_of(s, team), 0.0)
    else:
        stop(s, FREE_KICK, team, x, y)


@kernel
def follow_shot(s: State) -> None:
    """A shot on its way: has it got where its plan says?"""
    plan = s.i[PLAN]
    b = s.ball
    shooter = s.i[KICKER]
    team = team_of(shooter)
    a = attack_of(s, team)
    fx = b[0] * a
    other = keeper_of(1 - team)
    late = s.f[FLIGHT_S] > 4.0
    if plan == PLAN_OWN_GOAL:
        if fx < -HALF_LENGTH_M or late:
            note(s, OWN_GOAL, shooter, O_NONE)
            s.i[SCORE_HOME + 1 - team] += 1
            stop(s, KICK_OFF, team, 0.0, 0.0)
    elif plan == PLAN_GOAL:
        if fx > HALF_LENGTH_M or late:
            settle(s, O_GOAL)
            s.i[SCORE_HOME + team] += 1
            stop(s, KICK_OFF, 1 - team, 0.0, 0.0)
    elif plan == PLAN_OFF:
        if fx > HALF_LENGTH_M or abs(b[1]) > HALF_WIDTH_M or late:
            settle(s, O_OFF)
            leave(s)
    elif plan == PLAN_POST:
        if fx > HALF_LENGTH_M - 0.15 or late:
            settle(s, O_POST)
            speed = np.hypot(b[3], b[4])
            loose(s, shooter, 0.45 * speed, np.arctan2(between(s.rng, -1.0, 1.0), -a * 1.0), between(s.rng, 0.0, 1.5))
    elif plan == PLAN_SAVED:
        if (b[0] - s.pos[other, 0]) * a > -0.3 or fx > HALF_LENGTH_M - 0.3 or late:
            _save(s, other, a)
    elif plan == PLAN_BLOCKED:
        k = s.i[PLANNED]
        gap = (b[0] - s.pos[k, 0]) * a
        if gap > -0.35 or fx > HALF_LENGTH_M - 1.0 or late:
            settle(s, O_BLOCKED)
            note(s, BLOCK, k, O_NONE)
            if uniform(s.rng, 0) < 0.36:  # behind
                y = (1.0 if b[1] > 0 else -1.0) * between(s.rng, 6.0, 14.0)
                angle = np.arctan2(y - b[1], (HALF_LENGTH_M + 1.0) * a - b[0])
                loose(s, k, between(s.rng, 11.0, 15.0), angle, between(s.rng, 0.0, 4.0))
                s.i[ONLY], s.i[PLAN] = NOBODY, PLAN_OUT
            else:
                loose(s, k, between(s.rng, 4.0, 9.0), between(s.rng, -np.pi, np.pi), between(s.rng, 0.0, 3.0))


@kernel
def _save(s: State, keeper: int, a: int) -> None:
    """Held, pushed behind, or parried back into play."""
    settle(s, O_SAVED)
    note(s, SAVE, keeper, O_NONE)
    b = s.ball
    u = uniform(s.rng, 0)
    if u < 0.48:
        s.i[LOSER] = 0
        s.i[POSS] = team_of(keeper)
        gain(s, keeper, True)
        s.i[KEEPER_HOLD] = 1
        s.i[ORIGIN] = OPEN_PLAY
        s.f[THINK_S] = between(s.rng, 4.0, 8.0)
    elif u < 0.80:
        side = 1.0 if b[1] > s.pos[keeper, 1] else -1.0
        y = side * between(s.rng, POST_M + 1.5, 11.0)
        angle = np.arctan2(y - b[1], (HALF_LENGTH_M + 1.0) * a - b[0])
        loose(s, keeper, between(s.rng, 8.0, 13.0), angle, between(s.rng, 1.0, 4.0))
        s.i[ONLY], s.i[PLAN] = NOBODY, PLAN_OUT
    else:
        out = np.pi if a > 0 else 0.0
        loose(s, keeper, between(s.rng, 5.0, 9.0), out + 0.9 * normal(s.rng), between(s.rng, 0.0, 2.0))


@kernel
def leave(s: State) -> None:
    """The ball is out of play: report it, settle what was on its way, and say who restarts."""
    b = s.ball
    last = s.i[LAST_TOUCH]
    team = team_of(last)
    settle(s, O_OUT)
    note(s, OUT, last, O_NONE)
    if abs(b[0]) >= HALF_LENGTH_M:
        end = 1.0 if b[0] > 0.0 else -1.0
        side = 1.0 if b[1] > 0.0 else -1.0
        if end * attack_of(s, team) > 0.0:
            stop(s, GOAL_KICK, 1 - team, end * (HALF_LENGTH_M - 5.5), side * between(s.rng, 1.0, 6.0))
        else:
            stop(s, CORNER, 1 - team, end * (HALF_LENGTH_M - 0.2), side * (HALF_WIDTH_M - 0.2))
    else:
        side = 1.0 if b[1] > 0.0 else -1.0
        stop(s, THROW_IN, 1 - team, min(max(b[0], -51.0), 51.0), side * HALF_WIDTH_M)


@kernel
def out_of_play(s: State) -> bool:
    return abs(s.ball[0]) > HALF_LENGTH_M + 0.11 or abs(s.ball[1]) > HALF_WIDTH_M + 0.11
