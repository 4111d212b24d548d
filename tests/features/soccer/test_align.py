"""Finding the frame that an event happened in."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.frames import Frames
from features.soccer.align import align
from tests.features.soccer.events import NAN, PLAYERS, event, frames_of

DT_S = 0.04
#: when the ball is struck, by whom, and which way it leaves (m/s)
STRIKES = ((2.0, 5, (14.0, 3.0)), (3.4, 6, (9.0, -8.0)), (5.2, 7, (16.0, 0.0)), (7.0, 8, (-10.0, 6.0)))


def played(noise_m: float = 0.0, seed: int = 0) -> Frames:
    """10 s in which the ball goes from foot to foot: the next one runs to where it stops a while and strikes it on."""
    rng = np.random.default_rng(seed)
    rows = 250
    t = np.arange(rows) * DT_S
    xyz = np.full((rows, PLAYERS, 3), np.nan)
    ball = np.zeros((rows, 2))
    at, since, v = np.array([-20.0, 0.0]), 0.0, np.zeros(2)
    feet = []
    for when, player, velocity in STRIKES:
        flying = np.minimum(t[(t >= since) & (t < when)] - since, 0.8)
        ball[(t >= since) & (t < when)] = at + flying[:, None] * v
        at = at + min(when - since, 0.8) * v
        feet.append((when, player, at.copy()))
        since, v = when, np.array(velocity)
    ball[t >= since] = at + np.minimum(t[t >= since] - since, 0.8)[:, None] * v
    for when, player, foot in feet:
        run = np.array([3.0, 2.0])
        xyz[:, player, :2] = foot + np.maximum(when - 0.6 - t, 0.0)[:, None] * -run
        xyz[:, player, 2] = 0.0
    for n in range(12, 20):
        xyz[:, n, :2] = rng.uniform(-30, 30, 2)
    xyz[:, 22, :2], xyz[:, 22, 2] = ball, 0.0
    return frames_of(xyz + rng.normal(0.0, noise_m, xyz.shape) if noise_m else xyz, dt_s=DT_S)


def struck(frames: Frames, k: int) -> tuple[int, tuple[float, float]]:
    row = round(STRIKES[k][0] / DT_S)
    return row, (float(frames.xyz[row, 22, 0]), float(frames.xyz[row, 22, 1]))


@pytest.mark.parametrize("offset_s", [-1.2, -0.4, 0.0, 0.6, 1.2])
@pytest.mark.parametrize("noise_m", [0.0, 0.05])
def test_a_clock_offset_is_recovered_to_within_two_frames(offset_s: float, noise_m: float) -> None:
    frames = played(noise_m)
    for k, (when, player, _) in enumerate(STRIKES):
        row, at = struck(frames, k)
        reported = (at[0] + 0.7, at[1] - 0.5)
        moment = event("pass", when + offset_s, 0, player, at=reported)
        lo, hi = frames.row_at(when + offset_s - 2.0), frames.row_at(when + offset_s + 2.0) + 1
        assert abs(align(frames, moment, lo, hi) - row) <= 2


def test_the_place_alone_or_the_player_alone_will_do() -> None:
    frames = played()
    row, at = struck(frames, 2)
    assert abs(align(frames, event("pass", 6.0, 0, -1, at=at), 0, 250) - row) <= 2
    assert abs(align(frames, event("pass", 5.6, 0, 7), 0, 250) - row) <= 2


def test_without_the_ball_the_nearest_frame_in_time_is_taken() -> None:
    frames = played()
    frames.xyz[:, 22] = np.nan
    assert align(frames, event("pass", 5.0, 0, 7, at=(0.0, 0.0)), 100, 150) == 125
    assert align(frames, event("pass", 1.0, 0, 7, at=(0.0, 0.0)), 100, 150) == 100


def test_frames_without_the_ball_are_passed_over() -> None:
    frames = played()
    row, at = struck(frames, 1)
    frames.xyz[row - 1 : row + 2, 22] = np.nan
    found = align(frames, event("pass", 3.4, 0, 6, at=at), 40, 130)
    assert 1 < abs(found - row) <= 4


def test_events_without_a_touch_are_aligned_by_time() -> None:
    frames = played()
    _, at = struck(frames, 2)
    assert align(frames, event("card", 6.0, 0, 7, at=at), 0, 250) == 150
    assert align(frames, event("pass", 6.0, 0, -1, at=(NAN, NAN)), 0, 250) == 150


def test_an_empty_window_has_no_row_and_the_future_is_not_searched() -> None:
    frames = played()
    row, at = struck(frames, 2)
    moment = event("pass", 5.2, 0, 7, at=at)
    assert align(frames, moment, 120, 120) == -1
    assert align(frames, event("card", 5.2, 0, 7), 120, 120) == -1
    frames.hi = row - 10
    assert align(frames, moment, 60, 250) < row - 10


def test_the_same_window_gives_the_same_row_wherever_it_lies_in_the_buffer() -> None:
    frames = played(0.05)
    moment = event("shot", 5.5, 0, 7, at=struck(frames, 2)[1])
    found = align(frames, moment, 60, 200)
    shifted = frames_of(np.concatenate([np.full((37, PLAYERS, 3), np.nan), frames.xyz]), dt_s=DT_S, t0_s=-37 * DT_S)
    assert align(shifted, moment, 97, 237) == found + 37
