"""Bodies in motion: how a player runs, keeps off the others, and turns the head. Positions and velocities are (22, 2), in
the play's frame."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel

HZ: Final = 50
DT: Final = 1.0 / HZ
SLOTS: Final = 22
RUN, PASS = 0, 1
MAN, ZONE = 0, 1
#: of the ball's phases, the last in which the passer has it
_SNAPPED: Final = 2


@kernel
def steer(pos: Any, vel: Any, n: int, tu: float, tv: float, cap: float, accel: float, arrive: bool) -> None:
    """One frame towards a target at no more than ``cap``; with ``arrive`` the player slows down to stop there."""
    du, dv = tu - pos[n, 0], tv - pos[n, 1]
    far = np.sqrt(du * du + dv * dv)
    want = cap
    if arrive:
        want = min(cap, np.sqrt(2.0 * 0.7 * accel * far))
    wu, wv = 0.0, 0.0
    if far > 0.03:
        wu, wv = du / far * want, dv / far * want
    au, av = wu - vel[n, 0], wv - vel[n, 1]
    size = np.sqrt(au * au + av * av)
    most = accel * DT
    if size > most:
        au, av = au * most / size, av * most / size
    vel[n, 0] += au
    vel[n, 1] += av


@kernel
def off_m(pos: Any, a: int, b: int) -> float:
    return float(np.sqrt((pos[a, 0] - pos[b, 0]) ** 2 + (pos[a, 1] - pos[b, 1]) ** 2))


@kernel
def write(rows: Any, count: Any, which: int, a: float, b: float, c: float, d: float, e: float, f: float) -> None:
    k = count[which]
    if k < rows.shape[0]:
        rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3], rows[k, 4] = a, b, c, d, e
        if rows.shape[1] > 5:
            rows[k, 5] = f
        count[which] = k + 1


@kernel
def crowd_of(pos: Any, n: int) -> tuple[float, float]:
    """(distance of the nearest defender, crowd) of slot ``n``."""
    near, crowd = 99.0, 0.0
    for m in range(11, 22):
        off = off_m(pos, n, m)
        near = min(near, off)
        crowd += np.exp(-off / 3.0)
    return near, crowd


@kernel
def advance(pos: Any, vel: Any, edge: float) -> None:
    """One frame on; the sideline stops a player who reaches it, and players who touch are pushed apart."""
    for n in range(SLOTS):
        pos[n, 0] += vel[n, 0] * DT
        pos[n, 1] += vel[n, 1] * DT
        if abs(pos[n, 1]) > edge:
            pos[n, 1], vel[n, 1] = edge if pos[n, 1] > 0.0 else -edge, 0.0
    for n in range(SLOTS):
        for m in range(n + 1, SLOTS):
            du, dv = pos[m, 0] - pos[n, 0], pos[m, 1] - pos[n, 1]
            far = np.sqrt(du * du + dv * dv)
            if 1e-6 < far < 0.55:
                push = (0.55 - far) * 0.25
                for c in range(2):
                    d = (du if c == 0 else dv) / far * push
                    pos[n, c] -= d
                    pos[m, c] += d


@kernel
def turn(plan: Any, pos: Any, vel: Any, look: Any, now: int, f: int, snap: int) -> None:
    """Where all players look, ``look`` (22,) rad: coverage at its receiver or at the passer, others where they run."""
    for n in range(SLOTS):
        want = look[n]
        watches = n >= 11 and plan.rush[n] == 0 and now <= _SNAPPED and f > snap
        if watches and plan.coverage == MAN and plan.assign[n] >= 0:
            r = plan.assign[n]
            want = np.arctan2(pos[r, 1] - pos[n, 1], pos[r, 0] - pos[n, 0])
        elif watches or (n >= 11 and f <= snap):
            want = np.arctan2(pos[0, 1] - pos[n, 1], pos[0, 0] - pos[n, 0])
        elif n == 0 and plan.kind == PASS:
            want = 0.3 * np.sin((f - snap) * DT * 2.0)
        elif np.sqrt(vel[n, 0] ** 2 + vel[n, 1] ** 2) > 0.8:
            want = np.arctan2(vel[n, 1], vel[n, 0])
        by = want - look[n]
        by -= 2.0 * np.pi * np.floor((by + np.pi) / (2.0 * np.pi))
        look[n] += min(max(by, -7.0 * DT), 7.0 * DT)
