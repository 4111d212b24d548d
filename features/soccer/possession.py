"""Who has the ball: the player in control, the team in possession, and what follows from them over time.

Control is a rule of distance and ball speed with hysteresis, after Link and Hoernig ("Individual ball possession in
soccer", PLoS ONE 2017): the player nearest to a free ball, within 1.5 m of it and not passed by it at more than 10 m/s,
gains it and keeps it until it is 2 m away or an opponent or mate has met those terms for 0.2 s. The team in possession
is that of the last controlled touch, while the ball is in play: a pass on its way still belongs to the passer's team.
The four figures were chosen on six minutes of a real match (95 % of the time the same team as the provider's own).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import WHOLE_GAME, Signal, Stat, Step
from features.soccer.ledger import SHOOTOUT
from features.soccer.motion import EVENT_KEEP_S

GAIN_M: Final = 1.5
KEEP_M: Final = 2.0
#: the ball may move this fast relative to the player who gains it
GAIN_MPS: Final = 10.0
#: how long a challenger must have been next to another's ball
TAKE_S: Final = 0.2
#: above this the ball is in the air and in no player's control
REACH_M: Final = 2.2
#: without a word from the feed the ball is in play while it is this close to the field
MARGIN_M: Final = 0.3
#: and until it has not been seen for this long
UNSEEN_S: Final = 2.0
#: rows further apart than this have a stop of the feed between them, which counts for neither team
STOP_S: Final = 1.0

IN_PLAY = Signal("ball_in_play", "0..1", (), "i1", fill=0, keep_s=EVENT_KEEP_S)
CONTENDER = Signal("contender", "label", (), "i8", fill=-1, places=((None, "N"),))
CONTROLLER = Signal("controller", "label", (), "i8", fill=-1, keep_s=EVENT_KEEP_S, places=((None, "N"),))
LAST_TOUCH = Signal("last_touch", "label", (), "i8", fill=-1, keep_s=EVENT_KEEP_S, places=((None, "N"),))
TEAM = Signal("team_in_possession", "label", (), "i1", fill=-1, keep_s=EVENT_KEEP_S, places=((None, 2),))
TEAM_TIME = Signal("team_possession_s", "s", (2,))
PLAYER_TIME = Signal("player_possession_s", "s", ("N",))
RECOVERY = Signal("recovery_s", "s", (2, 3))


@kernel
def ball_in_play(
    xyz: Any,
    channel: Any,
    period: Any,
    ball: int,
    half_length: float,
    half_width: float,
    unseen_rows: int,
    lo: int,
    hi: int,
    out: Any,
) -> None:
    """1 in play, 0 dead or in a shoot-out, into ``out`` (rows,): the feed's ``channel`` (rows, N) where it speaks; else whether the
    ball is on the field, as it last was where the ball has not been seen for less than ``unseen_rows``."""
    for i in range(max(lo, 1), hi):
        if period[i] <= 0 or period[i] >= SHOOTOUT:
            out[i] = 0
        elif not np.isnan(channel[i, ball]):
            out[i] = 1 if channel[i, ball] > 0.5 else 0
        elif np.isnan(xyz[i, ball, 0]) or np.isnan(xyz[i, ball, 1]):
            out[i] = 0
            for k in range(1, min(unseen_rows, i + 1)):
                if not np.isnan(xyz[i - k, ball, 0]):
                    out[i] = out[i - 1]
                    break
        else:
            out[i] = 1 if abs(xyz[i, ball, 0]) <= half_length and abs(xyz[i, ball, 1]) <= half_width else 0


@kernel
def in_control(
    xyz: Any,
    velocity: Any,
    ball_velocity: Any,
    in_play: Any,
    players: Any,
    ball: int,
    take_rows: int,
    lo: int,
    hi: int,
    contender: Any,
    out: Any,
) -> None:
    """Entity in control of the ball, or -1, into ``out`` (rows,); ``contender`` (rows,) is who could gain it in that
    row."""
    for i in range(max(lo, 1), hi):
        contender[i], out[i] = -1, -1
        x, y, z = xyz[i, ball, 0], xyz[i, ball, 1], xyz[i, ball, 2]
        if in_play[i] == 0 or np.isnan(x) or np.isnan(y) or z > REACH_M:
            continue
        best, square = -1, np.inf
        for j in range(players.shape[0]):
            n = players[j]
            d = (xyz[i, n, 0] - x) ** 2 + (xyz[i, n, 1] - y) ** 2
            if d < square:
                best, square = n, d
        if best >= 0 and square <= GAIN_M * GAIN_M:
            vx = ball_velocity[i, 0, 0] - velocity[i, best, 0]
            vy = ball_velocity[i, 0, 1] - velocity[i, best, 1]
            if vx * vx + vy * vy <= GAIN_MPS * GAIN_MPS:
                contender[i] = best
        n = out[i - 1]
        if n >= 0 and (xyz[i, n, 0] - x) ** 2 + (xyz[i, n, 1] - y) ** 2 <= KEEP_M * KEEP_M:
            out[i] = n
        if contender[i] < 0 or contender[i] == out[i]:
            continue
        taken = True  # a free ball at once, another's ball after having been next to it for a while
        for k in range(1, take_rows):
            taken = taken and (out[i] < 0 or (i >= k and contender[i - k] == contender[i]))
        if taken:
            out[i] = contender[i]


@kernel
def teams(controller: Any, in_play: Any, period: Any, team: Any, lo: int, hi: int, last: Any, out: Any) -> None:
    """Who touched the ball last under control, ``last`` (rows,), and that player's team while the ball is in play, ``out``
    (rows,).

    A new period forgets the last touch."""
    for i in range(max(lo, 1), hi):
        last[i] = last[i - 1] if period[i] > 0 and period[i] == period[i - 1] else -1
        if controller[i] >= 0:
            last[i] = controller[i]
        out[i] = team[last[i]] if last[i] >= 0 and in_play[i] > 0 else -1


@kernel
def times(controller: Any, team: Any, xyz: Any, t: Any, ball: int, lo: int, hi: int, by_team: Any, by_player: Any) -> None:
    """Seconds in possession so far: ``by_team`` (rows, 2) and ``by_player`` (rows, N), NaN until a player has been seen together
    with the ball: without either it is unknown."""
    for i in range(max(lo, 1), hi):
        dt = t[i] - t[i - 1]
        if not 0.0 < dt < STOP_S:
            dt = 0.0
        for side in range(2):
            seconds = by_team[i - 1, side]
            if team[i] >= 0 and np.isnan(seconds):
                seconds = 0.0
            by_team[i, side] = seconds + dt if team[i] == side and team[i - 1] == side else seconds
        for n in range(by_player.shape[1]):
            seconds = by_player[i - 1, n]
            known = ball >= 0 and not np.isnan(xyz[i, ball, 0]) and not np.isnan(xyz[i, n, 0])
            by_player[i, n] = 0.0 if np.isnan(seconds) and known else seconds
        n = controller[i]
        if n >= 0 and controller[i - 1] == n:
            by_player[i, n] += dt


@kernel
def recoveries(team: Any, last: Any, sides: Any, t: Any, period: Any, lo: int, hi: int, out: Any) -> None:
    """Ball recoveries of each team into ``out`` (rows, 2, 3): seconds summed, how many, and the running clock (NaN: not
    waiting). The clock starts with the other team's first controlled touch and counts time in play; a period's end
    stops it.
    """
    for i in range(max(lo, 1), hi):
        dt = t[i] - t[i - 1]
        if not 0.0 < dt < STOP_S:
            dt = 0.0
        before = sides[last[i - 1]] if last[i - 1] >= 0 else -1
        now = sides[last[i]] if last[i] >= 0 else -1
        for side in range(2):
            total, count, clock = out[i - 1, side, 0], out[i - 1, side, 1], out[i - 1, side, 2]
            if period[i] != period[i - 1] or now < 0:
                clock = np.nan
            elif now == side:
                if not np.isnan(clock):
                    total = clock + dt if np.isnan(total) else total + clock + dt
                    count = 1.0 if np.isnan(count) else count + 1.0
                clock = np.nan
            elif before == side:
                clock = 0.0
            elif not np.isnan(clock) and team[i] >= 0 and team[i - 1] >= 0:
                clock += dt
            out[i, side, 0], out[i, side, 1], out[i, side, 2] = total, count, clock


def play(frames: Frames) -> None:
    if frames.roster.ball < 0:
        return
    ball_in_play(
        frames.xyz,
        frames["in_play"],
        frames.period,
        frames.roster.ball,
        frames.field.length_m / 2 + MARGIN_M,
        frames.field.width_m / 2 + MARGIN_M,
        round(UNSEEN_S / frames.dt_s),
        frames.lo,
        frames.hi,
        frames["ball_in_play"],
    )


def control(frames: Frames) -> None:
    if frames.roster.ball < 0:
        return
    in_control(
        frames.xyz,
        frames["velocity"],
        frames["ball_velocity"],
        frames["ball_in_play"],
        frames.roster.players,
        frames.roster.ball,
        max(round(TAKE_S / frames.dt_s), 1),
        frames.lo,
        frames.hi,
        frames["contender"],
        frames["controller"],
    )


def team(frames: Frames) -> None:
    teams(
        frames["controller"],
        frames["ball_in_play"],
        frames.period,
        frames.roster.team,
        frames.lo,
        frames.hi,
        frames["last_touch"],
        frames["team_in_possession"],
    )


def time_in_possession(frames: Frames) -> None:
    times(
        frames["controller"],
        frames["team_in_possession"],
        frames.xyz,
        frames.t,
        frames.roster.ball,
        frames.lo,
        frames.hi,
        frames["team_possession_s"],
        frames["player_possession_s"],
    )


def recovery(frames: Frames) -> None:
    recoveries(
        frames["team_in_possession"],
        frames["last_touch"],
        frames.roster.team,
        frames.t,
        frames.period,
        frames.lo,
        frames.hi,
        frames["recovery_s"],
    )


@kernel
def _shares(seconds: Any, ends: Any, out: Any) -> None:
    for k in range(ends.shape[0]):
        home, away = seconds[ends[k], 0], seconds[ends[k], 1]
        whole = home + away
        out[k, 0] = home / whole if whole > 0.0 else np.nan
        out[k, 1] = away / whole if whole > 0.0 else np.nan


@kernel
def _means(sums: Any, ends: Any, out: Any) -> None:
    """Sum over count, the first two columns of ``sums`` (rows, S, >= 2), into ``out`` (K, S)."""
    for k in range(ends.shape[0]):
        for n in range(out.shape[1]):
            out[k, n] = sums[ends[k], n, 0] / sums[ends[k], n, 1]


def means(sums: Floats, ends: Ints) -> Floats:
    """(K, S): what has been summed over how much of it, ``sums`` (rows, S, >= 2); NaN where there was none."""
    out = np.empty((len(ends), sums.shape[1]))
    _means(sums, ends, out)
    return out


def possession_share(frames: Frames, ends: Ints) -> Floats:
    """(K, 2) of 0..1; NaN before the first controlled touch."""
    out = np.empty((len(ends), 2))
    _shares(frames["team_possession_s"], ends, out)
    return out


def possession_time(frames: Frames, ends: Ints) -> Floats:
    value: Floats = frames["player_possession_s"][ends]
    return value


def ball_recovery_time(frames: Frames, ends: Ints) -> Floats:
    """(K, 2) s, mean over the recoveries so far; NaN before the first."""
    return means(frames["recovery_s"], ends)


SIGNALS: Final = (IN_PLAY, CONTENDER, CONTROLLER, LAST_TOUCH, TEAM, TEAM_TIME, PLAYER_TIME, RECOVERY)
STEPS: Final = (
    Step("possession.in_play", play, (IN_PLAY,)),
    Step("possession.controller", control, (CONTENDER, CONTROLLER)),
    Step("possession.team", team, (LAST_TOUCH, TEAM)),
    Step("possession.time", time_in_possession, (TEAM_TIME, PLAYER_TIME)),
    Step("possession.recovery", recovery, (RECOVERY,)),
)
STATS: Final = (
    Stat(
        "soccer.team.possession", "%", "share of the time that the ball was in play, by the team of the last "
        "controlled touch", "team", possession_share, every_s=1.0, on_screen_name="Possession", looks_back_s=WHOLE_GAME,
        source="control after Link and Hoernig, PLoS ONE 2017",
    ),
    Stat(
        "soccer.player.possession_time", "s", "time in control of the ball so far: nearest to it, within 1.5 m and not "
        "passed by it at more than 10 m/s, until it is 2 m away", "player", possession_time, every_s=1.0,
        looks_back_s=WHOLE_GAME,
    ),
    Stat(
        "soccer.team.ball_recovery_time", "s", "mean time in play from the opponents' first controlled touch to the "
        "own next one", "team", ball_recovery_time, every_s=1.0, on_screen_name="Ball Recovery Time", looks_back_s=WHOLE_GAME,
    ),
)  # fmt: skip
