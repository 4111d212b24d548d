"""Live-timing messages from a recording of any program: one (time, topic, update) after the other.

A line may be ``{"Type", "Json", "DateTime"}``, a list ``[topic, update, time]`` as FastF1 writes it (JSON, or as Python prints it),
or a frame of SignalR as it arrives over the wire: ``{"C", "M": [{"H", "M": "feed", "A": [topic, update, time]}]}`` with updates,
``{"R": {topic: state}}`` with the answer to the subscription, or their newer form (``"arguments"``, ``"result"``). A recording may
stop in the middle of a line, be two recordings that overlap, and be out of order: what cannot be read is counted, what is there
twice counts once, and messages are put in the order in which they were sent.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from simulators.providers._files import text
from streaming.errors import BadInput

#: (time sent in us, topic, update)
Message = tuple[int, str, Any]
#: topics of which a state is known by their presence
TOPICS: Final = frozenset({"TimingData", "TimingAppData", "DriverList", "SessionInfo", "Heartbeat", "CarData.z", "Position.z"})
#: what a message may begin with, where two recordings were joined in the middle of a line
_STARTS: Final = ('{"Type"', '["', "['", '{"C"', '{"R"', '{"M"', '{"type"')
#: a file is a recording when at least this share of its lines can be read
LEAST_SHARE: Final = 0.85
#: of what bears no time
NEVER: Final = -1
#: characters of a line as Python prints it: reading one takes hundreds of times its size
_PRINTED: Final = 1 << 20
#: ends a frame of the newer SignalR
_RECORD_END: Final = "\x1e"


def epoch_us(utc: str) -> int:
    """A time of the feed in us; ``ValueError`` when it is none."""
    at = datetime.fromisoformat(utc.replace("Z", "+00:00"))
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)


def epoch_us_or_none(utc: Any) -> int | None:
    """The same, None when it is none."""
    try:
        return epoch_us(utc) if isinstance(utc, str) else None
    except ValueError:
        return None


def streams_and_snapshots(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """The recordings and the snapshots among ``files``, by what is in them: a snapshot is one JSON object of states by topic."""
    streams, snapshots = list[Path](), list[Path]()
    for path in files:
        found = _whole(path)
        (snapshots if isinstance(found, dict) and TOPICS & found.keys() else streams).append(path)
    return streams, snapshots


def _whole(path: Path) -> Any:
    body = text(path).strip()
    if not body:
        raise BadInput(f"{path} is empty")
    if body[0] not in "{[" or _RECORD_END in body or ("\n" in body and _parsed(body.split("\n", 1)[0]) is not None):
        return None  # lines
    found = _parsed(body)
    if found is None and path.name.lower().removesuffix(".gz").endswith(".json") and "\n" not in body:
        raise BadInput(f"{path} is not JSON: it is cut short or damaged")
    return found


def messages(paths: list[Path], ignored: Counter[str]) -> list[Message]:
    """All of them in the order of the time they were sent, each once."""
    found: list[Message] = []
    for path in paths:
        found += _messages(path, ignored)
    found.sort(key=lambda message: message[0])
    once, seen = [], set[tuple[int, str, str]]()
    for message in found:
        key = message[0], message[1], json.dumps(message[2], sort_keys=True)
        if key in seen:
            ignored["message that is there twice"] += 1
        else:
            seen.add(key)
            once.append(message)
    return once


def _messages(path: Path, ignored: Counter[str]) -> list[Message]:
    lines = [line.strip() for part in text(path).split(_RECORD_END) for line in part.splitlines() if line.strip()]
    if len(lines) == 1 and isinstance(listed := _parsed(lines[0]), list) and listed and isinstance(listed[0], (list, dict)):
        lines = [json.dumps(entry) for entry in listed]  # one JSON list of all
    unread, found = 0, list[Message]()
    for line in lines:
        entry = _parsed(line)
        if entry is None:
            unread += 1
            ignored["line that is cut short or damaged"] += 1
            starts = sorted({line.rfind(start) for start in _STARTS} - {-1, 0}, reverse=True)
            entry = next((entry for start in starts if (entry := _parsed(line[start:])) is not None), None)
            if entry is None:
                continue
        made = list(_split(entry))
        if not made and not _idle(entry):
            unread += 1
            ignored["line that is no message"] += 1
        found += made
    if unread > (1.0 - LEAST_SHARE) * len(lines):
        raise BadInput(f"{path} is no recording of live timing: {unread} of its {len(lines)} lines cannot be read")
    # an answer to the subscription that bears no time is as old as the update after it
    known = NEVER
    for k in range(len(found) - 1, -1, -1):
        if found[k][0] == NEVER:
            found[k] = (known, *found[k][1:])
        known = found[k][0]
    return [message for message in found if message[0] != NEVER]


def _parsed(line: str) -> Any:
    """A line as JSON, or as Python prints it; None when it is neither."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        pass
    if not line.startswith(("[", "{")) or len(line) > _PRINTED:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python would write otherwise
            return ast.literal_eval(line)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _idle(entry: Any) -> bool:
    """Whether a frame only keeps the connection alive."""
    return isinstance(entry, dict) and not {"Type", "A", "Json"} & entry.keys()


def _split(entry: Any) -> Iterator[Message]:
    if isinstance(entry, list):
        yield from _message_of(entry)
    elif isinstance(entry, dict) and "Type" in entry:
        yield from _message_of([entry["Type"], entry.get("Json"), entry.get("DateTime")])
    elif isinstance(entry, dict):
        states = entry.get("R") or entry.get("result")
        if isinstance(states, dict):
            at = _epoch_us_of(states)
            yield from ((NEVER if at is None else at, str(topic), state) for topic, state in states.items())
        calls = entry.get("M")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("A"), list):
                yield from _message_of(call["A"])
        if entry.get("target") == "feed" and isinstance(entry.get("arguments"), list):
            yield from _message_of(entry["arguments"])


def _message_of(parts: list[Any]) -> Iterator[Message]:
    if len(parts) != 3 or not isinstance(parts[0], str):
        return
    at, update = epoch_us_or_none(parts[2]), parts[1]
    if isinstance(update, str) and update[:1] == "{":
        update = _parsed(update)
    if at is not None:
        yield at, parts[0], update


def _epoch_us_of(states: dict[str, Any]) -> int | None:
    """The time of a set of states: the latest time in it."""
    beat, clock = states.get("Heartbeat"), states.get("ExtrapolatedClock")
    times = [epoch_us_or_none(state.get("Utc")) for state in (beat, clock) if isinstance(state, dict)]
    return max((at for at in times if at is not None), default=None)
