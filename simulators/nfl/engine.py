"""One play, compiled: 22 players and a ball from the set formation to the whistle, 50 frames a second.

Everything is in the *play's frame*: metres, u downfield from the line of scrimmage, v to the offence's left, v = 0 at the middle of
the field. Slots 0..10 are the offence (0 passer, 1 back, 2..6 line, 7 end, 8..10 receivers), 11..21 the defence (11..14 line,
15..17 backers, 18..19 corners, 20..21 safeties). What is drawn, is drawn with a probability from ``truth``; nothing that moves
before a draw knows what it will be.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.nfl.columns import YD
from simulators.nfl import aims, truth
from simulators.nfl.bodies import DT, HZ, MAN, PASS, RUN, SLOTS, advance, crowd_of, off_m, steer, turn, write
from simulators.soccer.random_numbers import between, uniform

MOST_FRAMES: Final = 16 * HZ
#: for a moment, to the ball or to the runner, a player is faster than top speed
LUNGE: Final = 1.05
#: and faster still the tackler, who has to be at the place of the tackle with the runner
LAST_STEPS: Final = 1.12
#: a receiver who has turned across the field runs so much slower; a leg that goes upfield less than this is across
ACROSS, SHALLOW = 0.72, 0.7
#: frames of a row of the 10 Hz grid; draws and changes of phase happen on those that the grid and the ball's tag share
TENTH: Final = HZ // 10
DRAW: Final = HZ // 5

#: phases of the ball's channel, as in ``features.nfl.vocabulary``
DEAD, SET, SNAPPED, IN_AIR, CARRIED = 0, 1, 2, 3, 4

#: what is written down of a play: (kind, frame, slot, other slot, value, value)
(SNAP, HANDOFF, THROW, ARRIVED, CAUGHT, INCOMPLETE, INTERCEPTED, CONTACT, TACKLE, TOUCHDOWN, SACK) = range(11)
#: truths: (kind, frame, slot, probability, what happened)
N_COMPLETION, N_RUSH, N_YAC, N_PRESSURE, N_TACKLE = range(5)
MOST_NOTES: Final = 1200

PLAN: Final = np.dtype(
    [
        ("pos", "f8", (SLOTS, 2)), ("cap", "f8", (SLOTS,)), ("accel", "f8", (SLOTS,)), ("kind", "i8"), ("coverage", "i8"),
        ("assign", "i8", (SLOTS,)), ("rush", "i8", (SLOTS,)), ("zone", "f8", (SLOTS, 2)), ("offset", "f8", (SLOTS, 2)),
        ("lag", "i8", (SLOTS,)), ("stem", "f8", (SLOTS,)), ("leg", "f8", (SLOTS, 2)), ("settles", "i8", (SLOTS,)),
        ("throw_s", "f8"), ("lane", "f8"), ("drop", "f8"), ("snap", "i8"), ("to_goal", "f8"), ("spot", "f8"),
        ("box", "f8"), ("handoff_s", "f8"), ("motion", "i8"), ("delay_s", "f8", (SLOTS,)),
    ]
)  # fmt: skip


@kernel
def play_out(plan: Any, rng: Any, places: Any, facing: Any, ball: Any, phase: Any, event_rows: Any, notes: Any) -> Any:
    """Play ``plan`` out. Fills places (T, 22, 2), facing (T, 22) rad from +u towards +v, ball (T, 3), phase (T,); adds to
    ``event_rows`` (E, 6) and ``notes`` (M, 5). Returns (frames, rows of events, rows of notes)."""
    pos, vel = plan.pos.copy(), np.zeros((SLOTS, 2))
    look = np.zeros(SLOTS)
    free, stun, beaten = np.zeros(SLOTS), np.zeros(SLOTS), np.zeros(SLOTS)
    count = np.zeros(2, np.int64)
    now, carrier, target = SET, -1, -1
    b = np.array([0.0, plan.spot, 0.3])
    snap = plan.snap
    thrown, lands, caught = -1, -1, False
    land_u, land_v, from_u, from_v, from_z = 0.0, 0.0, 0.0, 0.0, 0.0
    pressure, air = 9.0, 0.0
    eta, yards, from_yd, next_yd, tackler, stop_u, over = 0.0, 0, 0.0, 0, -1, 0.0, -1
    contact, carry_frame = False, -1
    gap, shift, closes = np.full(SLOTS, 99.0), np.zeros((SLOTS, 2)), 1.0
    half_width = 26.6666 * YD
    for m in range(SLOTS):
        look[m] = 0.0 if m < 11 else np.pi
    last = MOST_FRAMES
    for f in range(MOST_FRAMES):
        age = (f - snap) * DT
        draws = f % DRAW == 0
        # -- what happens now ------------------------------------------------------------------------------------------
        if f == snap:
            now = SNAPPED
            write(event_rows, count, 0, SNAP, f, 0, 4, 0.0, 0.0)
        if now == SNAPPED and plan.kind == RUN and draws and age >= plan.handoff_s - 1e-9:
            now, carrier, carry_frame = CARRIED, 1, f
            near, crowd = crowd_of(pos, 1)
            eta = truth.rush_eta(near, crowd, vel[1, 0], plan.box)
            yards = truth.draw_yards(eta, uniform(rng, 0), False)
            from_yd, next_yd = 0.0, -3
            write(event_rows, count, 0, HANDOFF, f, 1, 0, 0.0, 0.0)
            write(notes, count, 1, N_RUSH, f, 1, eta, yards, 0.0)
        if now == SNAPPED and plan.kind == PASS and draws and age >= truth.PRESSURE_FIRST_S:
            ticks = round((age - truth.PRESSURE_FIRST_S) / truth.PRESSURE_EVERY_S * 4.0)
            if ticks % 4 == 0:
                for m in range(11, 22):
                    if plan.rush[m] == 1 and free[m] == 0.0:
                        near = 99.0
                        for k in range(1, 11):
                            near = min(near, off_m(pos, m, k))
                        p = truth.beats_block(off_m(pos, m, 0), near, age)
                        won = uniform(rng, 0) < p
                        free[m] = 1.0 if won else 0.0
                        write(notes, count, 1, N_PRESSURE, f, m, p, 1.0 if won else 0.0, 0.0)
            hurry, by = False, -1
            for m in range(11, 22):
                if plan.rush[m] == 1 and off_m(pos, m, 0) < 1.6 and pos[m, 0] < 0.5:
                    hurry, by = True, m
            if hurry and uniform(rng, 0) < truth.SACK_P:
                now, over = DEAD, f
                write(event_rows, count, 0, SACK, f, 0, by, pos[0, 0] / YD, 0.0)
            elif hurry or age >= plan.throw_s:
                target = aims.open_man(plan, pos, beaten, rng)
                pressure = 9.0
                for m in range(11, 22):
                    if plan.rush[m] == 1:
                        pressure = min(pressure, off_m(pos, m, 0))
                from_u, from_v, from_z = pos[0, 0] + 0.3, pos[0, 1], 2.0
                land_u, land_v, took = aims.landing(plan, pos, vel, target, from_u, from_v, half_width)
                air = np.sqrt((land_u - from_u) ** 2 + (land_v - from_v) ** 2)
                for m in range(11, 22):
                    gap[m] = off_m(pos, m, target) if plan.rush[m] == 0 else 99.0
                    shift[m, 0], shift[m, 1] = pos[m, 0] - pos[target, 0], pos[m, 1] - pos[target, 1]
                closes = max(1.0 - 0.25 * took, 0.5)
                now, thrown, lands = IN_AIR, f, f + round(took * HZ)
                write(event_rows, count, 0, THROW, f, 0, target, 0.0, 0.0)
        if now == IN_AIR and f == lands:
            near, crowd = crowd_of(pos, target)
            air = np.sqrt((pos[target, 0] - from_u) ** 2 + (pos[target, 1] - from_v) ** 2)
            p = truth.completion(near, air, pressure, half_width - abs(pos[target, 1]))
            u = uniform(rng, 0)
            write(event_rows, count, 0, ARRIVED, f, target, 0, p, 0.0)
            write(notes, count, 1, N_COMPLETION, f, target, p, 1.0 if u < p else 0.0, thrown)
            if u < p:
                caught = True
                write(event_rows, count, 0, CAUGHT, f, target, 0, p, 0.0)
                now, carrier, carry_frame = CARRIED, target, f
                eta = truth.yac_eta(near, crowd, vel[target, 0])
                yards = truth.draw_yards(eta, uniform(rng, 0), True)
                from_yd, next_yd = pos[target, 0] / YD, 0
                if pos[target, 0] >= plan.to_goal:
                    now, over = DEAD, f
                    write(event_rows, count, 0, TOUCHDOWN, f, target, 0, pos[target, 0] / YD, 0.0)
                else:
                    write(notes, count, 1, N_YAC, f, target, eta, yards, 0.0)
            else:
                picked = u > 1.0 - (1.0 - p) * truth.INTERCEPTION_SHARE
                by = 11
                for m in range(11, 22):
                    if off_m(pos, m, target) < off_m(pos, by, target):
                        by = m
                write(event_rows, count, 0, INTERCEPTED if picked else INCOMPLETE, f, target, by, p, 0.0)
                now, over = DEAD, f
        if now == CARRIED:
            u_yd = pos[carrier, 0] / YD - from_yd
            while tackler < 0 and next_yd <= yards and (u_yd >= next_yd or (next_yd == 0 and caught)):
                total = 0.0
                for m in range(11, 22):
                    total += np.exp(-off_m(pos, m, carrier) / truth.TACKLE_SHARE_M)
                pick, run = uniform(rng, 0) * total, 0.0
                chosen = 21
                for m in range(11, 22):
                    run += np.exp(-off_m(pos, m, carrier) / truth.TACKLE_SHARE_M)
                    if pick < run:
                        chosen = m
                        break
                h = truth.hazard(eta, next_yd, caught)
                for m in range(11, 22):
                    off = off_m(pos, m, carrier)
                    if off < 5.0 * YD and next_yd < 60:
                        hit = 1.0 if next_yd == yards and chosen == m else 0.0
                        p = h * np.exp(-off / truth.TACKLE_SHARE_M) / total
                        write(notes, count, 1, N_TACKLE, f, m, p, hit, 0.0)
                if next_yd == yards:
                    tackler = chosen
                    stop_u = (from_yd + yards + between(rng, 0.15, 0.85)) * YD
                next_yd += 1
            if pos[carrier, 0] >= plan.to_goal and (tackler < 0 or stop_u >= plan.to_goal):
                now, over = DEAD, f
                write(event_rows, count, 0, TOUCHDOWN, f, carrier, 0, pos[carrier, 0] / YD, 0.0)
            elif (
                # down once the tackler is there; a tackler who is far lunges, and the runner stumbles on the spot
                tackler >= 0 and pos[carrier, 0] >= stop_u and (off_m(pos, tackler, carrier) < 1.1 or f - carry_frame > 11 * HZ)
            ):
                now, over = DEAD, f
                write(event_rows, count, 0, TACKLE, f, carrier, tackler, from_yd + yards, 0.0)
        if now == DEAD and over >= 0 and f - over > HZ:
            last = f
            break
        if f == MOST_FRAMES - 1 and now != DEAD:
            # it has gone on for too long: the player with the ball is down on the spot
            held = carrier if carrier >= 0 else 0
            now, over = DEAD, f
            write(event_rows, count, 0, TACKLE, f, held, max(tackler, 11), pos[held, 0] / YD, 0.0)
        # -- the ball --------------------------------------------------------------------------------------------------
        if now == SET:
            b[0], b[1], b[2] = 0.0, plan.spot, 0.3
        elif now == SNAPPED:
            share = min(age / 0.4, 1.0)
            b[0], b[1], b[2] = pos[0, 0] * share, plan.spot + (pos[0, 1] - plan.spot) * share, 1.1
            if plan.kind == RUN:
                # held out to the runner, who has the ball once it counts as a handoff
                share = min(max((age - plan.handoff_s + 0.24) / 0.24, 0.0), 1.0)
                b[0], b[1] = b[0] + (pos[1, 0] - b[0]) * share, b[1] + (pos[1, 1] - b[1]) * share
        elif now == IN_AIR:
            share = (f - thrown) / (lands - thrown)
            b[0], b[1] = from_u + (land_u - from_u) * share, from_v + (land_v - from_v) * share
            took = (lands - thrown) * DT
            b[2] = from_z + (1.3 - from_z) * share + 4.9 * took * took * share * (1.0 - share)
        elif carrier >= 0 and (now == CARRIED or over >= 0):
            # from hand to hand it goes fast, but it goes
            du, dv = pos[carrier, 0] + 0.2 - b[0], pos[carrier, 1] - b[1]
            far = max(np.sqrt(du * du + dv * dv), 1e-9)
            share = min(0.4 / far, 1.0)
            b[0], b[1], b[2] = b[0] + du * share, b[1] + dv * share, 1.0
        for n in range(SLOTS):
            places[f, n, 0], places[f, n, 1] = pos[n, 0], pos[n, 1]
            facing[f, n] = look[n]
        ball[f, 0], ball[f, 1], ball[f, 2] = b[0], b[1], b[2]
        phase[f] = now
        # -- the aims of all players ----------------------------------------------------------------------------------
        for n in range(SLOTS):
            cap, accel = plan.cap[n], plan.accel[n]
            if stun[n] > 0.0:
                stun[n] -= DT
                cap *= 0.15
            tu, tv, arrive = plan.pos[n, 0], plan.pos[n, 1], True
            moving = age > plan.delay_s[n] and f >= snap
            if now == SET or not moving:
                if n == plan.motion and f < snap:
                    tv = plan.pos[n, 1] * (1.0 - 0.35 * min(max((f - snap + 75) / 75.0, 0.0), 1.0))
                    cap = 4.0
            elif now == DEAD:
                tu, tv, cap = pos[n, 0] + vel[n, 0], pos[n, 1] + vel[n, 1], cap * 0.2
            elif n == carrier:
                arrive = False
                tu, tv = aims.lane(plan, pos, stun, n, caught, half_width)
                cap *= 0.92
                if tackler >= 0 and pos[n, 0] >= stop_u - 0.2:
                    cap *= 0.12
            elif n == 0:
                if plan.kind == RUN:
                    tu, tv, cap = plan.pos[0, 0] - 0.4, plan.spot, cap * 0.35
                else:
                    tu, tv, cap = -plan.drop, plan.spot, cap * 0.75
            elif n < 11 and now == SNAPPED and plan.kind == RUN and n == 1:
                arrive = False
                tu, tv, cap = pos[0, 0] + 3.0, pos[0, 1] * 0.5 + plan.lane * 0.5, cap * 0.62
            elif n < 11 and plan.kind == PASS and (n == 1 or n >= 7) and plan.assign[n] < 0 and now <= IN_AIR and not caught:
                # a route: the stem, then the leg
                arrive = False
                if pos[n, 0] - plan.pos[n, 0] < plan.stem[n] and beaten[n] == 0.0:
                    tu, tv = pos[n, 0] + 5.0, plan.pos[n, 1]
                    cap *= 0.88
                else:
                    beaten[n] += DT
                    if plan.settles[n] == 0 and plan.leg[n, 0] < SHALLOW:
                        cap *= ACROSS
                    if plan.settles[n] == 1:
                        tu, tv = plan.pos[n, 0] + plan.stem[n] + plan.leg[n, 0], plan.pos[n, 1] + plan.leg[n, 1]
                        arrive = True
                    else:
                        tu, tv = pos[n, 0] + 5.0 * plan.leg[n, 0], pos[n, 1] + 5.0 * plan.leg[n, 1]
                tv = min(max(tv, 1.2 - half_width), half_width - 1.2)
                if now == IN_AIR and n == target:
                    arrive = False
                    tu, tv = land_u, land_v
                    left = max((lands - f) * DT, DT)
                    cap = min(plan.cap[n] * LUNGE, np.sqrt((land_u - pos[n, 0]) ** 2 + (land_v - pos[n, 1]) ** 2) / left)
                    accel = 14.0
            elif n < 11:
                # blockers: between their rusher and the ball
                tu, tv, slower = aims.block(plan, pos, free, n, now == CARRIED, carrier)
                cap *= slower
            elif now == CARRIED:
                # pursuit: ahead of the runner by the time it takes to get there
                off = off_m(pos, n, carrier)
                ahead = min(off / 8.5, 1.6)
                arrive = False
                tu, tv = pos[carrier, 0] + vel[carrier, 0] * ahead, pos[carrier, 1] + vel[carrier, 1] * ahead
                cap *= 0.93
                if plan.kind == RUN and off > 1.2:
                    for k in range(2, 11):
                        if off_m(pos, n, k) < 1.1 and free[n] == 0.0:
                            cap = min(cap, 1.7)
                    if draws and uniform(rng, 0) < 0.07:
                        free[n] = 1.0
                if n == tackler:
                    cap, accel = max(cap, plan.cap[n] * LAST_STEPS), 12.0
                    tu, tv = pos[carrier, 0], pos[carrier, 1]
                elif off < 0.95 and stun[n] <= 0.0:
                    stun[n] = 0.9
                if off < 1.0 and not contact:
                    contact = True
                    write(event_rows, count, 0, CONTACT, f, carrier, n, pos[carrier, 0] / YD, 0.0)
            elif plan.rush[n] == 1:
                arrive = False
                hub = 0 if plan.kind == PASS or now == SNAPPED else 1
                tu, tv = pos[hub, 0], pos[hub, 1]
                if now == IN_AIR:
                    cap *= 0.4
                elif free[n] == 0.0 and aims.held(pos, n, plan.kind == RUN):
                    cap = 0.75
            else:
                if now == IN_AIR and gap[n] < 40.0:
                    # breaks on the ball: closes up to the receiver, as far as the time of flight allows
                    left = max((lands - f) * DT, DT)
                    tu, tv = land_u + shift[n, 0] * closes, land_v + shift[n, 1] * closes
                    far = np.sqrt((tu - pos[n, 0]) ** 2 + (tv - pos[n, 1]) ** 2)
                    cap, accel, arrive = min(plan.cap[n] * LUNGE, far / left), 14.0, False
                elif plan.coverage == MAN and plan.assign[n] >= 0:
                    tu, tv = aims.shadow(plan, places, vel, n, f)
                else:
                    tu, tv = aims.zone(plan, pos, n)
                    cap *= 0.72
            steer(pos, vel, n, tu, tv, cap, accel, arrive)
        advance(pos, vel, half_width - 0.3)
        turn(plan, pos, vel, look, now, f, snap)
    return last, count[0], count[1]
