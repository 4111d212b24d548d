"""The one switch that turns a plain Python function into compiled machine code.

Kernels are compiled once and cached beside their source, release the interpreter lock, divide by zero as numpy does
(inf or NaN, no exception), and never reorder a sum: without ``fastmath`` the compiler must keep our order, which is what
makes a replay equal to the live game to the byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile ``function`` on first call; later processes load it from the cache."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
