"""The state behind Formula 1's live timing, and the events that its changes are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from streaming.records import Event

#: how far a chain of official sector times may part from the messages before it is set anew, us
CHAIN_US: Final = 3_000_000
#: a message is taken to be sent this long after what it tells of
SENT_US: Final = 1_000_000
#: segments that a car has done have one of these (yellow, green, purple, pit lane)
_DONE: Final = frozenset({2048, 2049, 2051, 2052, 2064})
_TRACK: Final = {"1": "clear", "2": "yellow", "4": "safety_car", "5": "red", "6": "virtual_safety_car", "7": "clear"}
SECTORS: Final = 3


def merge(state: Any, patch: Any) -> Any:
    """A partial update put into ``state`` (changed in place where it can be): objects by key, lists by the indices of an object."""
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
    """``1:30.617``, ``24.694`` as s; None when it is neither."""
    if not isinstance(text, str) or not text:
        return None
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        return None
    total = 0.0
    for part in parts:
        total = total * 60.0 + part
    return total


class _Line:
    """What is known of a car while the stream goes on: when it last ended a sector, which one and in which lap."""

    def __init__(self) -> None:
        self.lap = 1
        self.sector = -1
        self.sector_us = 0
        self.in_pit = False
        self.compound = ""
        self.entry_us = 0


class Race:
    """Feed it the snapshot and then update after update; it gives the events of each. ``strange`` counts what it had no use for."""

    def __init__(self, game: str, team_of: dict[str, str | None], state: dict[str, Any]) -> None:
        self._game, self._team_of, self._state = game, team_of, state
        self._lines: dict[str, _Line] = {}
        self._serial = 0
        self.strange: Counter[str] = Counter()
        self._started = False

    def opening(self, now_us: int) -> Iterator[Event]:
        """What the snapshot says by itself: laps done, tyres on, the track's status."""
        for key, line in self._timing().items():
            known = self._line(key)
            known.lap = int(line.get("NumberOfLaps") or 0) + 1
            known.in_pit = bool(line.get("InPit"))
        for key, line in ((self._state.get("TimingAppData") or {}).get("Lines") or {}).items():
            yield from self._tyres(now_us, key, line.get("Stints"))
        yield from self._track(now_us, self._state.get("TrackStatus") or {})

    def update(self, now_us: int, kind: str, patch: Any) -> Iterator[Event]:
        """One message."""
        if not isinstance(patch, dict):
            if kind not in ("CarData.z", "Position.z"):
                self.strange["message that is no object"] += 1
            return
        if kind == "TimingData":
            lines = patch.get("Lines")
            for key, line in (lines.items() if isinstance(lines, dict) else ()):
                if isinstance(line, dict) and self._who(key):
                    yield from self._timed(now_us, key, line)
                else:
                    self.strange["line of nobody who is known"] += 1
        before = self._state.get(kind)
        self._state[kind] = merge(before, patch) if before is not None else patch
        if kind == "TimingAppData":
            for key, line in (patch.get("Lines") or {}).items():
                if isinstance(line, dict) and "Stints" in line and self._who(key):
                    whole = self._state[kind]["Lines"][key]["Stints"]
                    yield from self._tyres(now_us, key, whole)
        elif kind == "TrackStatus":
            yield from self._track(now_us, patch)
        elif kind == "SessionData":
            yield from self._session(now_us, patch)

    # -- timing ----------------------------------------------------------------------------------------------------

    def _timed(self, now_us: int, key: str, line: dict[str, Any]) -> Iterator[Event]:
        known, state = self._line(key), self._timing().get(key, {})
        sectors = line.get("Sectors")
        if isinstance(sectors, list):
            sectors = {str(i): sector for i, sector in enumerate(sectors)}
        done_lap = line.get("NumberOfLaps")
        lap_s = seconds((line.get("LastLapTime") or {}).get("Value")) if isinstance(line.get("LastLapTime"), dict) else None
        for index, sector in sorted((sectors or {}).items()):
            if not isinstance(sector, dict) or not index.isdigit() or int(index) >= SECTORS:
                self.strange["sector of no such number"] += 1
                continue
            s, lengths = int(index), self._segments(state)
            for part, segment in _items(sector.get("Segments")):
                last = part + 1 == lengths[s]
                if isinstance(segment, dict) and segment.get("Status") in _DONE and not last and lengths[s]:
                    loop = sum(lengths[:s]) + part + 1
                    yield self._event("loop", now_us - SENT_US, now_us, key, lap=float(known.lap), loop=float(loop))
            took = seconds(sector.get("Value"))
            if took is not None:
                yield from self._sector(now_us, key, known, s, took, lengths, lap_s)
        if isinstance(done_lap, int):
            known.lap = done_lap + 1
        if "InPit" in line and bool(line["InPit"]) != known.in_pit:
            known.in_pit = bool(line["InPit"])
            if known.in_pit:
                known.entry_us = now_us
                yield self._event("pit_entry", now_us, now_us, key)
            else:
                lane = {"lane_s": (now_us - known.entry_us) / 1e6} if known.entry_us else {}
                yield self._event("pit_exit", now_us, now_us, key, **lane)
        if line.get("Retired") is True:
            yield self._event("retirement", now_us, now_us, key)

    def _sector(
        self, now_us: int, key: str, known: _Line, s: int, took: float, lengths: list[int], lap_s: float | None
    ) -> Iterator[Event]:  # fmt: skip
        follows = known.sector == (s - 1) % SECTORS
        at = known.sector_us + round(took * 1e6) if follows else now_us - SENT_US
        if abs(at + SENT_US - now_us) > CHAIN_US:
            at = now_us - SENT_US
        known.sector, known.sector_us = s, at
        loop = sum(lengths[: s + 1]) or s + 1
        attrs: dict[str, Any] = {"provider_sector_s": took}
        if s == SECTORS - 1 and lap_s is not None:
            attrs["provider_lap_time_s"] = lap_s
        yield self._event("loop", at, now_us, key, lap=float(known.lap), loop=float(loop), sector=float(s + 1), **attrs)

    def _segments(self, line: dict[str, Any]) -> list[int]:
        sectors = line.get("Sectors")
        return [len(sector.get("Segments") or ()) if isinstance(sector, dict) else 0 for _,
            sector in _items(sectors)] or [0] * SECTORS

    # -- the rest --------------------------------------------------------------------------------------------------

    def _tyres(self, now_us: int, key: str, stints: Any) -> Iterator[Event]:
        listed = [stint for _, stint in _items(stints)]
        if not listed or not isinstance(listed[-1], dict) or not self._who(key):
            return
        word, known = str(listed[-1].get("Compound", "")).lower(), self._line(key)
        new = f"{len(listed)}:{word}"
        if word and word != "unknown" and new != known.compound:
            known.compound = new
            age = listed[-1].get("TotalLaps", 0)
            yield self._event("tyres", now_us, now_us, key, compound=word, age_laps=float(age) if isinstance(age, int) else 0.0)

    def _track(self, now_us: int, told: dict[str, Any]) -> Iterator[Event]:
        word = _TRACK.get(str(told.get("Status", "")))
        if word:
            yield self._event("track_status", now_us, now_us, None, status=word)

    def _session(self, now_us: int, told: dict[str, Any]) -> Iterator[Event]:
        race = (self._state.get("SessionInfo") or {}).get("Type") == "Race"
        for _, entry in _items(told.get("StatusSeries")):
            if race and isinstance(entry, dict) and entry.get("SessionStatus") == "Started" and not self._started:
                self._started = True
                laps = (self._state.get("LapCount") or {}).get("TotalLaps") or 0
                yield self._event("lights_out", now_us, now_us, None, laps=float(laps))

    def _timing(self) -> dict[str, Any]:
        return (self._state.get("TimingData") or {}).get("Lines") or {}

    def _line(self, key: str) -> _Line:
        return self._lines.setdefault(key, _Line())

    def _who(self, key: str) -> str | None:
        tla = ((self._state.get("DriverList") or {}).get(key) or {}).get("Tla") or key
        return tla if tla in self._team_of else None

    def _event(self, kind: str, t_us: int, arrival_us: int, key: str | None, **attrs: Any) -> Event:
        self._serial += 1
        who = self._who(key) if key is not None else None
        return Event(
            id=f"{self._serial:06d}-{kind}", game=self._game, type=kind, t_us=t_us, period=1,
            team=self._team_of.get(who) if who else None, player=who, attrs=attrs, arrival_us=arrival_us,
        )  # fmt: skip


def _items(listed: Any) -> list[tuple[int, Any]]:
    """A list, or an object of indices, as (index, value)."""
    if isinstance(listed, list):
        return list(enumerate(listed))
    if isinstance(listed, dict):
        return sorted((int(key), value) for key, value in listed.items() if key.isdigit())
    return []
