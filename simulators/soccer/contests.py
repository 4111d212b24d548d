"""Who gets the ball: first touches, duels, shots that arrive, balls that leave the pitch."""

from __future__ import annotations

import numpy as np

from features.core.compiled import kernel
from simulators.soccer import state as st
from simulators.soccer.actions import clear, note, release, settle
from simulators.soccer.ball import strike_at
from simulators.soccer.random_numbers import between, normal, uniform
from simulators.soccer.restarts import stop
from simulators.soccer.state import State, attack_of, keeper_of, team_of
from simulators.soccer.truth import nearest_opponent

OWN_GOAL_P = 0.012  #: of a headed cross in the six-yard region


@kernel
def in_box(s: State, team: int, x: float, y: float) -> bool:
    """Inside the penalty area that ``team`` defends."""
    return x * attack_of(s, team) < -st.HALF_LENGTH_M + st.BOX_DEPTH_M and abs(y) < st.BOX_HALF_M


@kernel
def gain(s: State, k: int) -> None:
    """First touch by ``k``."""
    team = team_of(k)
    x, y, z = s.ball[0], s.ball[1], s.ball[2]
    passer = s.i[st.KICKER]
    turned = s.i[st.POSS] != team
    assist = st.A_NONE
    cross = False
    if s.i[st.PENDING] == 1:
        cross = int(s.pending[st.E_FLAGS]) & st.F_CROSS != 0
        if s.pending[st.E_OUTCOME] == st.O_OFFSIDE:
            settle(s, st.O_OFFSIDE)
            note(s, st.OFFSIDE, k, st.O_NONE)
            stop(s, st.FREE_KICK, 1 - team, x, y)
            return
        if team_of(passer) == team:
            if int(s.pending[st.E_FLAGS]) & st.F_THROUGH:
                assist = st.A_THROUGH
            elif cross:
                assist = st.A_CROSS
            else:
                assist = st.A_PASS
            if z > 1.3:
                s.pending[st.E_FLAGS] = int(s.pending[st.E_FLAGS]) | st.F_AERIAL
            settle(s, st.O_COMPLETE)
        else:
            settle(s, st.O_INCOMPLETE)
            note(s, st.INTERCEPTION, k, st.O_WON)
    elif s.i[st.PHASE] == 0 and (turned or s.i[st.LOSER] == 1):
        note(s, st.RECOVERY, k, st.O_NONE)
        if s.i[st.LOSER] == 1 and not turned:
            assist = st.A_REBOUND
    s.i[st.LAST_TOUCH] = k
    s.i[st.POSS], s.i[st.SET_PIECE], s.i[st.LOSER] = team, st.OPEN_PLAY, 0
    s.i[st.ASSIST], s.f[st.ASSIST_S] = assist, 0.0
    if turned:
        s.i[st.ORIGIN] = st.OPEN_PLAY
    if z > 1.3 and in_box(s, team, x, y) and turned and k != keeper_of(team):
        if abs(x) > 40.0 and uniform(s.rng, 0) < OWN_GOAL_P:
            release(s, k)
            s.i[st.PLAN], s.i[st.ONLY] = st.PLAN_OWN_GOAL, st.NO_TEAM
            strike_at(s.ball, -st.HALF_LENGTH_M * attack_of(s, team), between(s.rng, -3.0, 3.0), 0.4, 15.0)
        else:
            clear(s, k, True)
        return
    s.i[st.MODE], s.i[st.OWNER] = st.CARRIED, k
    s.i[st.PLAN], s.i[st.PLANNED], s.i[st.ONLY] = st.PLAN_NONE, -1, st.ANY_TEAM
    s.i[st.FIRST_TIME], s.i[st.AERIAL] = 1, 1 if z > 1.3 else 0
    s.f[st.CARRY_X], s.f[st.CARRY_Y] = s.pos[k, 0] + s.vel[k, 0], s.pos[k, 1] + s.vel[k, 1]
    s.f[st.DUEL_S], s.f[st.ROOM_M] = 0.5, 0.0
    press = nearest_opponent(s.pos, s.who, team, x, y, True)
    think = between(s.rng, 0.9, 3.2)
    if press < 2.5:
        think *= 0.55
    fx = x * attack_of(s, team)
    if fx > 30.0 and abs(y) < 18.0:
        think = between(s.rng, 0.0, 0.5)
    if s.i[st.AERIAL] == 1 and fx > 36.0:
        think = 0.0
    s.i[st.KEEPER_HOLD] = 0
    if k == keeper_of(team) and in_box(s, team, x, y) and (turned or assist == st.A_NONE):
        s.i[st.KEEPER_HOLD] = 1
        think = between(s.rng, 3.5, 8.0)
    s.f[st.THINK_S] = think


@kernel
def touch(s: State) -> None:
    """A free ball, and the players who may win it."""
    b = s.ball
    best, who = 1e9, -1
    for k in range(st.SLOTS):
        if s.who[k] < 0 or s.stun[k] > 0.6:
            continue
        if s.i[st.ONLY] != st.ANY_TEAM and team_of(k) != s.i[st.ONLY]:
            continue
        meant = k == s.i[st.PLANNED]
        if k == s.i[st.KICKER] and s.f[st.FLIGHT_S] < 0.8:
            continue
        if s.i[st.PLAN] == st.PLAN_PASS and not meant and s.f[st.FLIGHT_S] < 2.2:
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
        if who != s.i[st.PLANNED] and fast > 13.0:
            return
        gain(s, who)


@kernel
def loose(s: State, k: int, speed: float, angle: float, lift: float) -> None:
    """The ball comes off ``k`` with this speed and heading, and is free."""
    release(s, k)
    s.ball[3], s.ball[4], s.ball[5] = speed * np.cos(angle), speed * np.sin(angle), lift
    s.i[st.LOSER] = 1


@kernel
def duel(s: State) -> None:
    """A defender close to the player on the ball may go for it: wins it, is beaten, or fouls."""
    owner = s.i[st.OWNER]
    team = team_of(owner)
    lo = 12 if team == 0 else 1
    near, k = 1.8, -1
    for j in range(lo, lo + 10):
        if s.who[j] >= 0 and s.stun[j] <= 0.0:
            d = np.hypot(s.pos[j, 0] - s.ball[0], s.pos[j, 1] - s.ball[1])
            if d < near:
                near, k = d, j
    if k < 0 or uniform(s.rng, 0) > 0.023:
        return
    s.f[st.DUEL_S] = 1.2
    u = uniform(s.rng, 0)
    skill = 0.10 * (s.traits[s.who[k], st.T_TACKLE] - 0.5)
    deep = in_box(s, 1 - team, s.ball[0], s.ball[1])
    foul_p = 0.25 if deep else 0.28
    if u < foul_p:
        _foul(s, k, owner, deep)
    elif u < foul_p + 0.42 + skill:
        n = note(s, st.DRIBBLE, owner, st.O_INCOMPLETE)
        s.events[n, st.E_OTHER] = s.who[k]
        n = note(s, st.TACKLE, k, st.O_WON)
        s.events[n, st.E_OTHER] = s.who[owner]
        s.stun[owner] = 0.7
        if uniform(s.rng, 0) < 0.58:
            release(s, owner)
            s.i[st.LOSER] = 0
            s.i[st.PLANNED] = k
            s.i[st.ONLY] = 1 - team
            angle = np.arctan2(s.pos[k, 1] - s.ball[1], s.pos[k, 0] - s.ball[0])
            s.ball[3], s.ball[4], s.ball[5] = 2.5 * np.cos(angle), 2.5 * np.sin(angle), 0.0
        else:
            loose(s, k, between(s.rng, 4.0, 10.0), between(s.rng, -np.pi, np.pi), 0.0)
            s.i[st.LOSER] = 0
    else:
        n = note(s, st.DRIBBLE, owner, st.O_COMPLETE)
        s.events[n, st.E_OTHER] = s.who[k]
        s.stun[k] = between(s.rng, 0.6, 1.1)
        s.f[st.THINK_S] = max(s.f[st.THINK_S], 0.5)


@kernel
def _foul(s: State, k: int, victim: int, deep: bool) -> None:
    n = note(s, st.FOUL, k, st.O_NONE)
    s.events[n, st.E_OTHER] = s.who[victim]
    u = uniform(s.rng, 0)
    who = s.who[k]
    card = -1
    if u < 0.003:
        card = 2
    elif u < 0.19 and not (s.yellow[who] == 1 and uniform(s.rng, 0) < 0.75):
        s.yellow[who] += 1
        card = 0 if s.yellow[who] == 1 else 1
    if card >= 0:
        n = note(s, st.CARD, k, st.O_NONE)
        s.events[n, st.E_CARD] = card
    x, y = s.ball[0], s.ball[1]
    team = team_of(victim)
    if card > 0:
        s.i[st.LEAVER], s.i[st.SUBBING] = k, -1
    if deep:
        stop(s, st.PENALTY, team, (st.HALF_LENGTH_M - st.SPOT_M) * attack_of(s, team), 0.0)
    else:
        stop(s, st.FREE_KICK, team, x, y)


@kernel
def follow_shot(s: State) -> None:
    """A shot on its way: has it reached the end of its plan?"""
    plan = s.i[st.PLAN]
    b = s.ball
    shooter = s.i[st.KICKER]
    team = team_of(shooter)
    a = attack_of(s, team)
    fx = b[0] * a
    other = keeper_of(1 - team)
    late = s.f[st.FLIGHT_S] > 4.0
    if plan == st.PLAN_OWN_GOAL:
        if fx < -st.HALF_LENGTH_M or late:
            note(s, st.OWN_GOAL, shooter, st.O_NONE)
            s.i[st.SCORE_HOME + 1 - team] += 1
            stop(s, st.KICK_OFF, team, 0.0, 0.0)
    elif plan == st.PLAN_GOAL:
        if fx > st.HALF_LENGTH_M or late:
            settle(s, st.O_GOAL)
            s.i[st.SCORE_HOME + team] += 1
            stop(s, st.KICK_OFF, 1 - team, 0.0, 0.0)
    elif plan == st.PLAN_OFF:
        if fx > st.HALF_LENGTH_M or abs(b[1]) > st.HALF_WIDTH_M or late:
            settle(s, st.O_OFF)
            leave(s)
    elif plan == st.PLAN_POST:
        if fx > st.HALF_LENGTH_M - 0.15 or late:
            settle(s, st.O_POST)
            speed = np.hypot(b[3], b[4])
            loose(s, shooter, 0.45 * speed, np.arctan2(between(s.rng, -1.0, 1.0), -a * 1.0), between(s.rng, 0.0, 1.5))
    elif plan == st.PLAN_SAVED:
        if (b[0] - s.pos[other, 0]) * a > -0.3 or fx > st.HALF_LENGTH_M - 0.3 or late:
            _save(s, other, a)
    elif plan == st.PLAN_BLOCKED:
        k = s.i[st.PLANNED]
        gap = (b[0] - s.pos[k, 0]) * a
        if gap > -0.35 or fx > st.HALF_LENGTH_M - 1.0 or late:
            settle(s, st.O_BLOCKED)
            note(s, st.BLOCK, k, st.O_NONE)
            if uniform(s.rng, 0) < 0.46:  # behind
                y = (1.0 if b[1] > 0 else -1.0) * between(s.rng, 6.0, 14.0)
                angle = np.arctan2(y - b[1], (st.HALF_LENGTH_M + 1.0) * a - b[0])
                loose(s, k, between(s.rng, 11.0, 15.0), angle, between(s.rng, 0.0, 4.0))
                s.i[st.ONLY], s.i[st.PLAN] = st.NO_TEAM, st.PLAN_OUT
            else:
                loose(s, k, between(s.rng, 4.0, 9.0), between(s.rng, -np.pi, np.pi), between(s.rng, 0.0, 3.0))


@kernel
def _save(s: State, keeper: int, a: int) -> None:
    """Held, pushed behind, or parried back into play."""
    settle(s, st.O_SAVED)
    note(s, st.SAVE, keeper, st.O_NONE)
    b = s.ball
    u = uniform(s.rng, 0)
    if u < 0.48:
        s.i[st.LOSER] = 0
        s.i[st.POSS] = team_of(keeper)
        gain(s, keeper)
        s.i[st.KEEPER_HOLD] = 1
        s.i[st.ORIGIN] = st.OPEN_PLAY
        s.f[st.THINK_S] = between(s.rng, 4.0, 8.0)
    elif u < 0.88:
        side = 1.0 if b[1] > s.pos[keeper, 1] else -1.0
        y = side * between(s.rng, st.POST_M + 1.5, 11.0)
        angle = np.arctan2(y - b[1], (st.HALF_LENGTH_M + 1.0) * a - b[0])
        loose(s, keeper, between(s.rng, 8.0, 13.0), angle, between(s.rng, 1.0, 4.0))
        s.i[st.ONLY], s.i[st.PLAN] = st.NO_TEAM, st.PLAN_OUT
    else:
        out = np.pi if a > 0 else 0.0
        loose(s, keeper, between(s.rng, 5.0, 9.0), out + 0.9 * normal(s.rng), between(s.rng, 0.0, 2.0))


@kernel
def leave(s: State) -> None:
    """The ball is out of play: report it, settle what was on its way, and choose the team that restarts."""
    b = s.ball
    last = s.i[st.LAST_TOUCH]
    team = team_of(last)
    settle(s, st.O_OUT)
    note(s, st.OUT, last, st.O_NONE)
    if abs(b[0]) >= st.HALF_LENGTH_M:
        end = 1.0 if b[0] > 0.0 else -1.0
        side = 1.0 if b[1] > 0.0 else -1.0
        if end * attack_of(s, team) > 0.0:
            stop(s, st.GOAL_KICK, 1 - team, end * (st.HALF_LENGTH_M - 5.5), side * between(s.rng, 1.0, 6.0))
        else:
            stop(s, st.CORNER, 1 - team, end * (st.HALF_LENGTH_M - 0.2), side * (st.HALF_WIDTH_M - 0.2))
    else:
        side = 1.0 if b[1] > 0.0 else -1.0
        stop(s, st.THROW_IN, 1 - team, min(max(b[0], -51.0), 51.0), side * st.HALF_WIDTH_M)


@kernel
def out_of_play(s: State) -> bool:
    return bool(abs(s.ball[0]) > st.HALF_LENGTH_M + 0.11 or abs(s.ball[1]) > st.HALF_WIDTH_M + 0.11)
