"""Positions of a DFL match: a FrameSet per person and half, read as a stream, put back in the order of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulators.providers._xml import Element, elements, instant_us, need
from streaming.errors import BadInput

#: what frames are apart unless their own stamps differ: 25 Hz
FRAME_US = 40_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Positions:
    """``t_us`` (T,), ``tags`` (N,), ``xyz_m`` (T, N, 3) NaN where not seen, ``in_play`` (T,) by the ball's status, ``speed_kmh``
    (T, N) the provider's own; ``frame_us`` is how far frames are apart."""

    t_us: npt.NDArray[np.int64]
    tags: list[int]
    xyz_m: Floats
    in_play: Floats
    speed_kmh: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    frame_us: int = FRAME_US

    @classmethod
    def none(cls) -> Positions:
        return cls(np.zeros(0, np.int64), [], np.zeros((0, 0, 3)), np.zeros(0))


def read_positions(path: Path, tag_of: Mapping[str, int]) -> Positions:
    """All frames of the players in ``tag_of`` and of the ball (tag 0); officials, and players who are in no line-up, are left out.

    A frame's time is its own stamp: read for the first and last frame of a set and counted in between, where that comes out even.
    """
    sets: list[tuple[int, npt.NDArray[np.int64], Floats]] = []
    for element in elements(path, "FrameSet"):
        named = {element.get(name, "").lower() for name in ("TeamId", "PersonId")}
        tag = 0 if named & {"ball", "football"} else tag_of.get(element.get("PersonId", ""), -1)
        if tag >= 0 and len(element):
            sets.append((tag, *_frames(element, path)))
    if not sets:
        raise BadInput(f"{path} holds no positions of the players of this match")
    t_us = np.unique(np.concatenate([times for _, times, _ in sets]))
    tags = sorted({tag for tag, _, _ in sets})
    column = {tag: i for i, tag in enumerate(tags)}
    xyz, in_play = np.full((len(t_us), len(tags), 3), np.nan), np.full(len(t_us), np.nan)
    speed = np.full((len(t_us), len(tags)), np.nan)
    for tag, times, values in sets:
        at = np.searchsorted(t_us, times)
        if np.isfinite(xyz[at, column[tag], 0]).any() or len(np.unique(times)) < len(times):
            who = "the ball" if not tag else next(name for name, number in tag_of.items() if number == tag)
            raise BadInput(f"{path} has two places of {who} at one time")
        xyz[at, column[tag]] = values[:, :3]
        speed[at, column[tag]] = values[:, 4]
        if tag == 0:
            in_play[at] = values[:, 3]
    apart = np.diff(t_us)
    return Positions(t_us, tags, xyz, in_play, speed, int(np.median(apart)) if len(apart) else FRAME_US)


def _frames(element: Element, path: Path) -> tuple[npt.NDArray[np.int64], Floats]:
    """(n,) times in us and (n, 5) x, y, z, ball status, speed of one FrameSet; of players z is 0 and the status NaN."""
    frames = list(element)
    z = "nan" if any(frame.get("Z") for frame in frames) else "0"
    try:
        known = [frame.attrib for frame in frames]
        cells = np.empty((len(known), 6))
        for column, name in enumerate(("N", "X", "Y")):
            cells[:, column] = [float(one[name]) for one in known]
        for column, name, without in ((3, "Z", z), (4, "BallStatus", "nan"), (5, "S", "nan")):
            cells[:, column] = [float(one.get(name, without)) for one in known]
    except KeyError as error:
        raise BadInput(f"{path} has a Frame without {error.args[0]}") from None
    except ValueError:
        raise BadInput(f"{path} has a Frame in which a number cannot be read") from None
    first, last = (instant_us(need(frames[i], "T", path), path, "T") for i in (0, -1))
    times = first + np.rint((cells[:, 0] - cells[0, 0]) * FRAME_US).astype(np.int64)
    if abs(int(times[-1]) - last) > FRAME_US // 2:  # another rate, or numbers with holes in them: then each stamp counts
        times = np.array([instant_us(need(frame, "T", path), path, "T") for frame in frames], np.int64)
    return times, cells[:, 1:]
