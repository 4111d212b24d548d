"""Partial updates of live timing: how they change a state, and how its cells are read."""

from __future__ import annotations

from typing import Any


def merge(state: Any, patch: Any) -> Any:
    """A partial update put into ``state`` (changed in place where it can be): objects by key, lists by the indices of an object.
    Null is no news."""
    if patch is None:
        return state
    if isinstance(state, dict) and isinstance(patch, dict):
        for key, value in patch.items():
            state[key] = merge(state[key], value) if key in state else value
        return state
    if isinstance(state, list) and isinstance(patch, dict) and all(key.isdigit() for key in patch):
        for key, value in patch.items():
            index = int(key)
            if index > 1000:
                continue
            while len(state) <= index:
                state.append({})
            state[index] = merge(state[index], value)
        return state
    return patch


def seconds(text: Any) -> float | None:
    """``1:30.617``, ``24.694``, ``+0.214`` as s; None when it is none of them."""
    if not isinstance(text, str) or not text:
        return None
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        return None
    total = 0.0
    for part in parts:
        total = total * 60.0 + part
    return total if abs(total) < 1e6 else None


def items(listed: Any) -> list[tuple[int, Any]]:
    """A list, or an object of indices, as (index, value)."""
    if isinstance(listed, list):
        return list(enumerate(listed))
    if isinstance(listed, dict):
        return sorted((int(key), value) for key, value in listed.items() if key.isdigit())
    return []
