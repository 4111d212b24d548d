"""The inner loops of the reducer, compiled. A sum has eight lanes, by the sample's own number, added up at the end in their
order: so it does not depend on how blocks are cut, and eight additions need not wait for each other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import long_kernel

F4 = npt.NDArray[np.float32]
F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
LANES: Final = 8


@long_kernel
def _eights(x: F4, first: int, stop: int, sums: F8, low: F4, high: F4) -> None:
    """Whole rounds of eight samples, the first in lane 0."""
    s0, a0, b0 = sums[0], low[0], high[0]
    s1, a1, b1 = sums[1], low[1], high[1]
    s2, a2, b2 = sums[2], low[2], high[2]
    s3, a3, b3 = sums[3], low[3], high[3]
    s4, a4, b4 = sums[4], low[4], high[4]
    s5, a5, b5 = sums[5], low[5], high[5]
    s6, a6, b6 = sums[6], low[6], high[6]
    s7, a7, b7 = sums[7], low[7], high[7]
    for j in range(first, stop, 8):
        v0 = x[j + 0]
        v1 = x[j + 1]
        v2 = x[j + 2]
        v3 = x[j + 3]
        v4 = x[j + 4]
        v5 = x[j + 5]
        v6 = x[j + 6]
        v7 = x[j + 7]
        s0 += np.float64(v0)
        s1 += np.float64(v1)
        s2 += np.float64(v2)
        s3 += np.float64(v3)
        s4 += np.float64(v4)
        s5 += np.float64(v5)
        s6 += np.float64(v6)
        s7 += np.float64(v7)
        a0 = v0 if v0 < a0 else a0
        a1 = v1 if v1 < a1 else a1
        a2 = v2 if v2 < a2 else a2
        a3 = v3 if v3 < a3 else a3
        a4 = v4 if v4 < a4 else a4
        a5 = v5 if v5 < a5 else a5
        a6 = v6 if v6 < a6 else a6
        a7 = v7 if v7 < a7 else a7
        b0 = v0 if v0 > b0 else b0
        b1 = v1 if v1 > b1 else b1
        b2 = v2 if v2 > b2 else b2
        b3 = v3 if v3 > b3 else b3
        b4 = v4 if v4 > b4 else b4
        b5 = v5 if v5 > b5 else b5
        b6 = v6 if v6 > b6 else b6
        b7 = v7 if v7 > b7 else b7
    sums[0], low[0], high[0] = s0, a0, b0
    sums[1], low[1], high[1] = s1, a1, b1
    sums[2], low[2], high[2] = s2, a2, b2
    sums[3], low[3], high[3] = s3, a3, b3
    sums[4], low[4], high[4] = s4, a4, b4
    sums[5], low[5], high[5] = s5, a5, b5
    sums[6], low[6], high[6] = s6, a6, b6
    sums[7], low[7], high[7] = s7, a7, b7


@long_kernel
def gather(
    x: F4, edges: I8, counts: I8, until: I8, total: F8, least: F4, most: F4, last: F4, n: I8, at: I8, sums: F8, low: F4, high: F4
) -> int:
    """Fold samples of every channel up to the number ``until`` (C,) of each into its window.

    ``x`` holds channel after channel; ``edges`` (C,) the number of the sample before the first of each, ``counts`` (C,) how many
    there are, ``at`` (C,) how many of them have been folded already (moved on). ``total`` (C, LANES), ``least``, ``most``,
    ``last`` and ``n`` (C,) are the open window; ``sums``, ``low``, ``high`` (LANES,) are scratch. Samples that are no finite
    number are left out; returns how many.
    """
    bad, base = 0, 0
    for c in range(counts.shape[0]):
        first = base + at[c]
        stop = base + min(counts[c], max(until[c] - edges[c], 0))
        base += counts[c]
        if stop <= first:
            continue
        at[c] = stop - base + counts[c]
        number = edges[c] + 1 + first - base + counts[c]
        for k in range(LANES):
            sums[k], low[k], high[k] = total[c, k], least[c], most[c]
        j = first
        while j < stop and (number + j - first) % LANES != 0:
            k = (number + j - first) % LANES
            sums[k] += np.float64(x[j])
            low[k], high[k] = min(low[k], x[j]), max(high[k], x[j])
            j += 1
        whole = j + (stop - j) // LANES * LANES
        if whole > j:
            _eights(x, j, whole, sums, low, high)
        for j in range(whole, stop):
            k = (number + j - first) % LANES
            sums[k] += np.float64(x[j])
            low[k], high[k] = min(low[k], x[j]), max(high[k], x[j])
        check = 0.0
        for k in range(LANES):
            check += sums[k]
        if np.isfinite(check):
            for k in range(LANES):
                total[c, k] = sums[k]
                least[c], most[c] = min(least[c], low[k]), max(most[c], high[k])
            last[c] = x[stop - 1]
            n[c] += stop - first
            continue
        for j in range(first, stop):  # rare: once more, without what is no number
            v = x[j]
            if not np.isfinite(v):
                bad += 1
                continue
            total[c, (number + j - first) % LANES] += np.float64(v)
            least[c], most[c], last[c] = min(least[c], v), max(most[c], v), v
            n[c] += 1
    return bad


@long_kernel
def touch(x: Any) -> Any:
    """A plain pass over memory: every word once. The floor of the benchmark."""
    total = np.uint64(0)
    for i in range(x.shape[0]):
        total ^= x[i]
    return total
