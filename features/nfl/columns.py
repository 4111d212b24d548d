"""What is known of the running play, row by row: the columns of the signal ``play``, and what every kernel of this package uses.

A play begins with the snap and its facts are held until both teams line up again, so that an event that is reported after
the whistle still finds them. Columns are filled by the steps that are named after them (``playstate.py``).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.sport import Signal
from features.core.units import factor

#: metres in a yard
YD: Final = 1.0 / factor("yd")

#: of the phases in ``vocabulary``; the time and place of the snap, the throw and the moment the ball came into a runner's hands;
#: rows of axis N that pass, carry and are thrown to (-1 none); 1 while the play runs
PHASE, OFFENSE, WAY, SNAP_T, LOS, SNAP_Y, AGE, THROW_T, THROW_X, THROW_Y, CARRY_T, CARRY_X, CARRY_Y = range(13)
PASSER, CARRIER, TARGET, LIVE, SEEN, CONTACT_T, CONTACT_X, ARRIVE_X, ARRIVE_Y, ARRIVE_T, PASSED = range(13, 24)
#: since when both teams have been seen lined up
SET_T: Final = 24
COLUMNS: Final = 25

#: how long after a play an event of it may still be reported and find its row, s
EVENT_KEEP_S: Final = 12.0

PLAY = Signal(
    "play",
    "mixed",
    (COLUMNS,),
    keep_s=EVENT_KEEP_S,
    places=((OFFENSE, 2), (PASSER, "N"), (CARRIER, "N"), (TARGET, "N")),
)


@kernel
def apart(xyz: Any, i: int, a: int, b: int) -> float:
    """Distance in the plane between entities ``a`` and ``b`` in row ``i``, m; NaN when either is missing."""
    dx, dy = xyz[i, a, 0] - xyz[i, b, 0], xyz[i, a, 1] - xyz[i, b, 1]
    return float(np.sqrt(dx * dx + dy * dy))


@kernel
def hold(out: Any, i: int, first: int, last: int, fresh: bool) -> None:
    """Columns ``first..last`` of ``out`` (rows, C) as they were in the row before, or NaN where something new begins.

    A step does this for the columns that are its own, and for no others: rows come in batches, and what a later step writes into
    row i - 1 is not there yet when an earlier one looks.
    """
    for c in range(first, last + 1):
        out[i, c] = np.nan if fresh else out[i - 1, c]


@kernel
def hold_sums(out: Any, i: int, first: int, last: int, fresh: bool) -> None:
    """The same for sums of each entity, (rows, N, C), which begin at zero."""
    for n in range(out.shape[1]):
        for c in range(first, last + 1):
            out[i, n, c] = 0.0 if fresh else out[i - 1, n, c]


@kernel
def turned(angle: float) -> float:
    """The angle in [-pi, pi)."""
    return float(angle - 2.0 * np.pi * np.floor((angle + np.pi) / (2.0 * np.pi)))
