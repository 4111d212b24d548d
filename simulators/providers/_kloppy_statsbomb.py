"""What kloppy drops of a StatsBomb file: the flags of a shot, the height of a pass, and a match that is still on.

Freeze frames are not handed to kloppy: nothing is made of them, and it stumbles over a player in one who is not in the line-up.

The words of a shot are those of the table that xGoals is trained on (``models.data.statsbomb_shots``).
"""

from __future__ import annotations

import json
from typing import Any, Final

_TECHNIQUE: Final = {
    "Normal": "normal", "Volley": "volley", "Half Volley": "half_volley", "Lob": "lob", "Overhead Kick": "overhead",
    "Backheel": "backheel", "Diving Header": "diving_header",
}  # fmt: skip
_PHASE: Final = {
    "From Corner": "corner", "From Free Kick": "free_kick", "From Throw In": "throw_in", "From Goal Kick": "goal_kick",
    "From Kick Off": "kick_off", "Regular Play": "open_play", "From Counter": "open_play", "From Keeper": "open_play",
}  # fmt: skip
_SET_PIECE: Final = {"Free Kick": "free_kick", "Corner": "corner", "Penalty": "penalty", "Kick Off": "kick_off"}
_HEIGHT: Final = {"Ground Pass": "ground", "Low Pass": "low", "High Pass": "high"}
_FLAGS: Final = ("first_time", "one_on_one", "open_goal", "aerial_won")
_HALF_START, _HALF_END = {"id": 18, "name": "Half Start"}, {"id": 34, "name": "Half End"}


def prepared(body: bytes) -> tuple[bytes, frozenset[int]]:
    """An events file without freeze frames, in which every period has its start and end, which kloppy insists on; and the periods
    that have no end in it: those are still on. What is no list of events is handed back as it is."""
    try:
        events = json.loads(body)
    except ValueError:
        return body, frozenset()
    if not isinstance(events, list):
        return body, frozenset()
    edges: set[tuple[int, Any]] = set()
    last: dict[int, dict[str, Any]] = {}
    for event in events:
        if isinstance(_deep(event, "shot"), dict):
            event["shot"].pop("freeze_frame", None)
        period, stamp = _deep(event, "period"), _deep(event, "timestamp")
        if isinstance(period, int) and isinstance(stamp, str):
            edges.add((period, _deep(event, "type", "id")))
            last[period] = event if period not in last else max(last[period], event, key=lambda e: str(e["timestamp"]))
    still_on = frozenset(period for period in last if (period, _HALF_END["id"]) not in edges)
    for period, event in last.items():
        base = {name: event.get(name) for name in ("team", "possession", "possession_team", "play_pattern", "minute", "second")}
        base |= {"period": period, "index": event.get("index"), "duration": 0.0}
        if (period, _HALF_START["id"]) not in edges:
            events.append(base | {"id": f"start-{period}", "timestamp": "00:00:00.000", "type": _HALF_START})
        if period in still_on:
            events.append(base | {"id": f"end-{period}", "timestamp": event["timestamp"], "type": _HALF_END})
    return (json.dumps(events).encode() if last else body), still_on


def of_a_pass(raw: Any) -> dict[str, str | float | bool]:
    height = _deep(raw, "pass", "height", "name")
    return {"height": _HEIGHT[height]} if height in _HEIGHT else {}


def of_a_shot(raw: Any) -> dict[str, str | float | bool]:
    """The flags that coders tagged on a shot; what is absent in StatsBomb's files is "no"."""
    attrs: dict[str, str | float | bool] = {flag: bool(_deep(raw, "shot", flag)) for flag in _FLAGS}
    attrs["under_pressure"] = bool(_deep(raw, "under_pressure"))
    technique, pattern = _deep(raw, "shot", "technique", "name"), _deep(raw, "play_pattern", "name")
    struck = _deep(raw, "shot", "type", "name")
    if technique in _TECHNIQUE:
        attrs["technique"] = _TECHNIQUE[technique]
    if pattern in _PHASE:
        attrs |= {"phase": _PHASE[pattern], "counter": pattern == "From Counter"}
    if struck in _SET_PIECE:
        attrs["set_piece"] = _SET_PIECE[struck]
    return attrs


def _deep(raw: Any, *keys: str) -> Any:
    """A value deep inside an event; None where any of the keys is not there."""
    for key in keys:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw
