"""After the ball: the players who chase a free one and where they meet it, how it is carried, how a keeper goes for a shot."""

from __future__ import annotations

import numpy as np

from features.core.compiled import kernel
from simulators.soccer import state as st
from simulators.soccer.ball import predict
from simulators.soccer.motion import reach_s
from simulators.soccer.state import State, attack_of, keeper_of, team_of


@kernel
def chase(s: State) -> None:
    """A free ball: the two of each team who get there first go, and always the player for whom it is meant."""
    predict(s.ball, s.path)
    for team in range(2):
        lo = 0 if team == 0 else 11
        first, second = -1, -1
        t1, t2 = 1e9, 1e9
        p1, p2 = 0, 0
        for k in range(lo, lo + 11):
            if s.who[k] < 0:
                continue
            if k == lo and not _keeper_may_leave(s, team):
                continue
            at, when = intercept(s, k)
            if k == s.i[st.PLANNED]:
                when -= 2.5
            if when < t1:
                second, t2, p2 = first, t1, p1
                first, t1, p1 = k, when, at
            elif when < t2:
                second, t2, p2 = k, when, at
        allowed = s.i[st.ONLY] == -1 or s.i[st.ONLY] == team
        if first >= 0 and s.i[st.PLAN] <= st.PLAN_PASS:
            keen = allowed or t1 < 3.0
            if keen:
                s.aim[first, 0], s.aim[first, 1] = s.path[p1, 1], s.path[p1, 2]
                hurry = s.traits[s.who[first], st.T_SPEED]
                slack = s.path[p1, 0] + 0.1
                gap = np.hypot(s.aim[first, 0] - s.pos[first, 0], s.aim[first, 1] - s.pos[first, 1])
                need = gap / max(slack, 0.2) * 1.25 + 1.2
                s.cap[first] = hurry if first != s.i[st.PLANNED] and allowed else min(hurry, max(need, 2.0))
                if not allowed:
                    s.cap[first] = min(hurry, 5.5)
            if second >= 0 and s.i[st.ONLY] == -1 and t2 < t1 + 1.0:
                s.aim[second, 0], s.aim[second, 1] = s.path[p2, 1], s.path[p2, 2]
                s.cap[second] = s.traits[s.who[second], st.T_SPEED] * 0.9


@kernel
def _keeper_may_leave(s: State, team: int) -> bool:
    """Only for a ball that comes into the keeper's own area, or one that is meant for the keeper."""
    if s.i[st.PLANNED] == keeper_of(team):
        return True
    a = attack_of(s, team)
    comes = False
    for j in range(0, st.PATH, 6):
        comes = comes or (s.path[j, 1] * a < -38.0 and abs(s.path[j, 2]) < 18.0)
    return comes


@kernel
def intercept(s: State, k: int) -> tuple[int, float]:
    """The first place of ``path`` where ``k`` can be when the ball is, and the seconds to it (plus a penalty when late)."""
    best, late = st.PATH - 1, 1e9
    for j in range(st.PATH):
        if s.path[j, 3] > 1.9 or abs(s.path[j, 1]) > st.HALF_LENGTH_M or abs(s.path[j, 2]) > st.HALF_WIDTH_M:
            continue
        need = reach_s(s, k, s.path[j, 1], s.path[j, 2])
        if need <= s.path[j, 0] + 0.12:
            return j, s.path[j, 0]
        if need - s.path[j, 0] < late:
            late = need - s.path[j, 0]
            best = j
    return best, s.path[best, 0] + 2.0 * late + 1.0


@kernel
def carry(s: State) -> None:
    """The player with the ball goes to the chosen place, slower than without it."""
    k = s.i[st.OWNER]
    if k < 0:
        return
    s.aim[k, 0], s.aim[k, 1] = s.f[st.CARRY_X], s.f[st.CARRY_Y]
    gap = np.hypot(s.aim[k, 0] - s.pos[k, 0], s.aim[k, 1] - s.pos[k, 1])
    free = 0.84 if s.f[st.ROOM_M] > 7.0 else 0.66
    s.cap[k] = min(0.8 + 0.70 * gap, free * s.traits[s.who[k], st.T_SPEED])


@kernel
def watch_shot(s: State) -> None:
    """A ball on its way to goal: the keeper goes to where it will pass."""
    team = team_of(s.i[st.PLANNED])
    k = keeper_of(team)
    if s.who[k] < 0:
        return
    for j in range(st.PATH):
        if abs(s.path[j, 1] - s.pos[k, 0]) < 1.2:
            s.aim[k, 1] = min(max(s.path[j, 2], -4.0), 4.0)
            s.cap[k] = 7.0
            break
