"""The inner loops of the reducer, compiled. Sums run in the order of the samples, so that a mean does not depend on the blocks' cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from features.compiled import long_kernel

F4 = npt.NDArray[np.float32]
F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@long_kernel
def gather(x: F4, edges: I8, counts: I8, rates: I8, until: I8, total: F8, least: F8, most: F8, last: F8, n: I8, at: I8) -> int:
    """Fold samples of every channel up to the number ``until`` (C,) of each into its window.

    ``x`` holds channel after channel; ``edges`` (C,) the number of the sample before the first of each, ``counts`` (C,) how many there
    are, ``at`` (C,) how many of them have been folded already (moved on). ``total``, ``least``, ``most``, ``last`` (C,) and ``n`` (C,)
    are the open window. Samples that are no finite number are left out; returns how many.
    """
    bad, base = 0, 0
    for c in range(counts.shape[0]):
        first = base + at[c]
        stop = base + min(counts[c], max(until[c] - edges[c], 0))
        base += counts[c]
        if stop <= first:
            continue
        s, low, high = total[c], least[c], most[c]
        for j in range(first, stop):
            v = np.float64(x[j])
            s += v
            low = v if v < low else low
            high = v if v > high else high
        if np.isfinite(s):
            total[c], least[c], most[c], last[c] = s, low, high, x[stop - 1]
            n[c] += stop - first
        else:  # rare: once more, without what is no number
            s, low, high = total[c], least[c], most[c]
            for j in range(first, stop):
                v = np.float64(x[j])
                if not np.isfinite(v):
                    bad += 1
                    continue
                s += v
                low = min(low, v)
                high = max(high, v)
                last[c] = v
                n[c] += 1
            total[c], least[c], most[c] = s, low, high
        at[c] = stop - base + counts[c]
    return bad


@long_kernel
def touch(x: Any) -> Any:
    """A plain pass over memory: every word once. The floor of the benchmark."""
    total = np.uint64(0)
    for i in range(x.shape[0]):
        total ^= x[i]
    return total
