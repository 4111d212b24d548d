"""Positions of a DFL match: a FrameSet per person and half, read as a stream, put back in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulators.providers._files import opened
from streaming.errors import BadInput

_FRAME_US = 40_000


@dataclass(frozen=True)
class Positions:
    """``t_us`` (T,), ``tags`` (N,), ``xyz_m`` (T, N, 3) NaN where not seen, ``in_play`` (T,) by the ball's status."""

    t_us: npt.NDArray[np.int64]
    tags: list[int]
    xyz_m: npt.NDArray[np.float64]
    in_play: npt.NDArray[np.float64]

    @classmethod
    def none(cls) -> Positions:
        return cls(np.zeros(0, np.int64), [], np.zeros((0, 0, 3)), np.zeros(0))


def read_positions(path: Path, tag_of: dict[str, int]) -> Positions:
    """All frames of the people in ``tag_of`` and of the ball (tag 0); officials are left out.

    A frame's time is its own stamp: read for the first and last frame of a set, and counted in between at 25 Hz.
    """
    from lxml import etree

    sets: list[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.float64]]] = []
    try:
        with opened(path) as file:
            for _, element in etree.iterparse(file, tag="FrameSet", events=("end",)):
                tag = 0 if element.get("TeamId", "").upper() == "BALL" else tag_of.get(element.get("PersonId", ""), -1)
                if tag >= 0 and len(element):
                    sets.append((tag, *_frames(element, path)))
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.LxmlError as error:
        raise BadInput(f"{path} is cut short or no XML: {error.msg if hasattr(error, 'msg') else error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} is no file of sportec positions: a frame has {error}") from error
    if not sets:
        raise BadInput(f"{path} holds no positions of the players of this match")
    t_us = np.unique(np.concatenate([times for _, times, _ in sets]))
    tags = sorted({tag for tag, _, _ in sets})
    xyz, in_play = np.full((len(t_us), len(tags), 3), np.nan), np.full(len(t_us), np.nan)
    for tag, times, values in sets:
        at = np.searchsorted(t_us, times)
        xyz[at, tags.index(tag)] = values[:, :3]
        if tag == 0:
            in_play[at] = values[:, 3]
    return Positions(t_us, tags, xyz, in_play)


def _frames(element: Any, path: Path) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """(n,) times in us and (n, 4) x, y, z, ball status of one FrameSet; z is 0 and status NaN for people."""
    rows = [
        (frame.attrib["N"], frame.attrib["X"], frame.attrib["Y"], frame.get("Z", "0"), frame.get("BallStatus", "nan"))
        for frame in element
    ]
    cells = np.array(rows).astype(np.float64)
    first, last = (round(datetime.fromisoformat(element[i].attrib["T"]).timestamp() * 1e6) for i in (0, -1))
    times = first + ((cells[:, 0] - cells[0, 0]) * _FRAME_US).astype(np.int64)
    if abs(int(times[-1]) - last) > _FRAME_US // 2:
        raise BadInput(f"{path} is not at 25 Hz: its frame numbers and its clock drift apart")
    return times, cells[:, 1:]
