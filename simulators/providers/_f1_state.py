"""The state behind Formula 1's live timing, and the events that its changes are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.providers._f1_live_laps import SECTORS, CarLog, End, LastLap, Segment
from simulators.providers._f1_merge import items, merge, seconds
from simulators.providers._f1_messages import epoch_us_or_none
from simulators.providers._f1_standing import Standing, standing
from streaming.wire.records import Event

#: segments that a car has done have one of these (yellow, green, purple, pit lane)
_DONE: Final = frozenset({2048, 2049, 2051, 2052, 2064})
#: while a virtual safety car is ending (7) it is still there
_TRACK: Final = {
    "1": "clear", "2": "yellow", "4": "safety_car", "5": "red", "6": "virtual_safety_car", "7": "virtual_safety_car",
}  # fmt: skip
_KINDS: Final = {"race": "race", "practice": "practice", "qualifying": "qualifying"}
#: a withdrawal within this time removes the retirement, us
TAKEN_BACK_US: Final = 540_000_000
#: what happened longer ago is dated by its message; a start longer ago, or so much ahead, is no start now, us
SOON_US: Final = 5_000_000
_BARRED: Final = re.compile(r"\bCAR (\d+)\b.*\bDISQUALIFIED\b|\bBLACK FLAG\b.*\bCAR (\d+)\b")


@dataclass
class _Line:
    """What is known of a car while the stream goes on."""

    log: CarLog = field(default_factory=CarLog)
    standings: list[Standing] = field(default_factory=list)
    in_pit: bool | None = None
    entry_us: int = 0
    left_us: int = 0
    retired_us: int | None = None
    retired_id: str = ""
    fitted: str = ""
    fitted_us: int = 0
    barred: bool = False


class Race:
    """Feed it the snapshot and then update after update; it gives the events of each, and at the end those of the laps, which rest
    on several. ``strange`` counts what it had no use for."""

    def __init__(self, game: str, team_of: dict[str, str | None], state: dict[str, Any]) -> None:
        self._game, self._team_of, self._state = game, team_of, state
        self.lines: dict[str, _Line] = {}
        self._serial = 0
        self.strange: Counter[str] = Counter()
        self._started = False
        self._status = ""
        self._session_now: tuple[str, int] = ("", 0)
        self._began_us = 0
        self._flag_us: int | None = None

    def opening(self, now_us: int) -> Iterator[Event]:
        """Events of the snapshot itself: the session, laps done, tyres on, the track's status, who is out."""
        self._began_us = now_us
        yield from self._kind(now_us)
        for key, line in self._timing().items():
            if not isinstance(line, dict) or not self._driver(key):
                continue
            known, done = self._line(key), line.get("NumberOfLaps")
            known.log.done = done if isinstance(done, int) else None
            known.in_pit = bool(line["InPit"]) if "InPit" in line else None
            if line.get("Retired") is True:
                yield self._retire(now_us, key, known, "earlier")
            yield from self._stood(now_us, key, known, line, line)
        for key, line in self._part("TimingAppData", "Lines").items():
            if isinstance(line, dict):
                yield from self._tyres(now_us, key, line.get("Stints"), opening=True)
        yield from self._track(now_us, self._part("TrackStatus"))

    def update(self, now_us: int, kind: str, patch: Any) -> Iterator[Event]:
        """One message."""
        if not isinstance(patch, dict):
            if kind not in ("CarData.z", "Position.z"):
                self.strange["message that is no object"] += 1
            return
        lines = patch.get("Lines")
        if kind == "TimingData":
            for key, line in lines.items() if isinstance(lines, dict) else ():
                if isinstance(line, dict) and self._driver(key):
                    yield from self._timed(now_us, key, line)
                else:
                    self.strange["line of an unknown driver"] += 1
        before = self._state.get(kind)
        self._state[kind] = merge(before, patch) if before is not None else patch
        if kind == "TimingData":
            for key, line in lines.items() if isinstance(lines, dict) else ():
                whole = self._timing().get(key)
                if isinstance(line, dict) and isinstance(whole, dict) and self._driver(key):
                    yield from self._stood(now_us, key, self._line(key), line, whole)
        elif kind == "TimingAppData":
            for key, line in lines.items() if isinstance(lines, dict) else ():
                whole = self._part(kind, "Lines").get(key)
                if isinstance(line, dict) and "Stints" in line and isinstance(whole, dict) and self._driver(key):
                    yield from self._tyres(now_us, key, whole.get("Stints"))
        elif kind == "TrackStatus":
            yield from self._track(now_us, self._state[kind])
        elif kind in ("SessionInfo", "LapCount"):
            yield from self._kind(now_us)
        elif kind == "SessionData":
            for _, entry in items(patch.get("StatusSeries")):
                if isinstance(entry, dict):
                    yield from self._session(now_us, entry.get("SessionStatus"), epoch_us_or_none(entry.get("Utc")))
        elif kind == "SessionStatus":
            yield from self._session(now_us, patch.get("Status"), None)
        elif kind == "RaceControlMessages":
            for _, entry in items(patch.get("Messages")):
                if isinstance(entry, dict):
                    yield from self._control(now_us, entry)

    # -- timing ----------------------------------------------------------------------------------------------------

    def _timed(self, now_us: int, key: str, line: dict[str, Any]) -> Iterator[Event]:
        known, state = self._line(key), self._timing().get(key)
        state = state if isinstance(state, dict) else {}
        log, before = known.log, dict(items(state.get("Sectors")))
        sectors, values = items(line.get("Sectors")), list[tuple[int, float, bool]]()
        for s, sector in sectors:
            if s >= SECTORS or not isinstance(sector, dict):
                if sector is not None or s >= SECTORS:
                    self.strange["sector of no such number"] += 1
                continue
            for part, segment in items(sector.get("Segments")):
                if isinstance(segment, dict) and segment.get("Status") in _DONE:
                    log.segments.append(Segment(now_us, s, part))
            took_s = seconds(sector.get("Value"))
            if took_s is not None and took_s > 0:
                was = before.get(s)
                values.append((s, took_s, isinstance(was, dict) and was.get("Value") == sector.get("Value")))
        # a whole state that is repeated has news only where it differs
        log.sectors += [(now_us, s, took_s) for s, took_s, same in values if len(values) == 1 or not same]
        done = line.get("NumberOfLaps")
        if isinstance(done, int) and not isinstance(done, bool) and done != state.get("NumberOfLaps"):
            log.numbers.append((now_us, done))
        update = line.get("LastLapTime")
        last = state.get("LastLapTime")
        old: dict[str, Any] = dict(last) if isinstance(last, dict) else {}
        again = isinstance(update, dict) and update.get("Value") == old.get("Value") and not values and not log.at(now_us)
        if isinstance(update, dict) and (lap_s := seconds(update.get("Value"))) and not again:
            full = merge(old, update)
            flags = [full[name] if isinstance(full.get(name), bool) else None for name in ("PersonalFastest", "OverallFastest")]
            log.laps.append(LastLap(now_us, lap_s, flags[0], flags[1], log.at(now_us)))
        if isinstance(line.get("InPit"), bool) and line["InPit"] != known.in_pit:
            yield from self._pit(now_us, key, known, line)
        if line.get("Retired") is True and known.retired_us is None:
            yield self._retire(now_us, key, known)
        elif line.get("Retired") is False and known.retired_us is not None:
            yield self._back(now_us, key, known)

    def _pit(self, now_us: int, key: str, known: _Line, line: dict[str, Any]) -> Iterator[Event]:
        known.in_pit, first = line["InPit"], known.in_pit is None
        if known.in_pit:
            known.entry_us = now_us
            yield self.event("pit_entry", now_us, now_us, key)
        elif not first or line.get("PitOut") is True:
            known.left_us = now_us
            lane: dict[str, Any] = {"lane_s": (now_us - known.entry_us) / 1e6} if known.entry_us else {}
            yield self.event("pit_exit", now_us, now_us, key, **lane)
            whole = self._part("TimingAppData", "Lines").get(key)
            yield from self._tyres(now_us, key, whole.get("Stints") if isinstance(whole, dict) else None)

    def _retire(self, now_us: int, key: str, known: _Line, outcome: str = "") -> Event:
        made = self.event("retirement", now_us, now_us, key, outcome=outcome)
        known.retired_us, known.retired_id = now_us, made.id
        return made

    def _back(self, now_us: int, key: str, known: _Line) -> Event:
        """A retirement is withdrawn: removed where that is still possible, else reported."""
        at, known.retired_us = known.retired_us or 0, None
        if now_us - at > TAKEN_BACK_US:
            return self.event("retirement", now_us, now_us, key, outcome="withdrawn")
        driver = self._driver(key)
        return Event(
            id=known.retired_id,
            game=self._game,
            type="retirement",
            t_us=at,
            period=1,
            team=self._team_of.get(driver or ""),
            player=driver,
            revision=1,
            deleted=True,
            arrival_us=now_us,
        )

    def _stood(self, now_us: int, key: str, known: _Line, line: dict[str, Any], whole: dict[str, Any]) -> Iterator[Event]:
        """Place and gaps, where the line has new ones."""
        found = standing(now_us, whole, self.kind == "race")
        last = known.standings[-1] if known.standings else None
        same = last is not None and vars(last) | {"sent_us": 0} == vars(found) | {"sent_us": 0}
        if same or (found.place is None and found.best_s is None):
            return
        known.standings.append(found)
        yield self.event("standing", now_us, now_us, key, **found.attrs())

    def laps(self, key: str) -> tuple[list[End], list[tuple[int, int, int, int]], list[int]]:
        """The ends of sectors of a car, its other loops (at, sent, lap, loop), and how many segments each sector has."""
        log = self._line(key).log
        ends, lengths = log.ends(), self._segments()
        return ends, log.passed(ends, lengths), lengths

    def _segments(self) -> list[int]:
        """How many segments each sector has, by the messages of all cars; 0 without any."""
        most = [0] * SECTORS
        for line in self._timing().values():
            for s, sector in items(line.get("Sectors") if isinstance(line, dict) else None):
                if s < SECTORS and isinstance(sector, dict):
                    most[s] = max([most[s], *(part + 1 for part, _ in items(sector.get("Segments")))])
        return most

    # -- the rest --------------------------------------------------------------------------------------------------

    def _tyres(self, now_us: int, key: str, stints: Any, opening: bool = False) -> Iterator[Event]:
        """What a car runs on. A set that is named before the car has stopped for it is fitted when it leaves the pit lane, or when
        it has been driven on; a stint in which the tyres were not changed is none of its own."""
        listed = [stint for _, stint in items(stints) if isinstance(stint, dict)]
        if not listed or not self._driver(key):
            return
        known, latest = self._line(key), listed[-1]
        word, age = str(latest.get("Compound") or "").lower(), latest.get("TotalLaps")
        laps = age if isinstance(age, int) and not isinstance(age, bool) else None
        start = latest.get("StartLaps")
        began = start if isinstance(start, int) else 0
        new = f"{len(listed)}:{word}"
        if not word or word == "unknown" or new == known.fitted:
            return
        same_set = known.fitted.split(":")[0] == str(len(listed))
        driven = laps is not None and laps > began
        if not (opening or not known.fitted or same_set or driven or known.left_us > known.fitted_us):
            return  # announced
        if known.in_pit and not opening and known.fitted:
            return  # it will be, when it leaves
        at_us = known.left_us if known.left_us > known.fitted_us and not same_set else now_us
        at_us = at_us if now_us - at_us <= SOON_US else now_us
        known.fitted, known.fitted_us = new, now_us
        attrs: dict[str, Any] = {"compound": word}
        if laps is not None:
            attrs["age_laps"] = float(laps)
        if opening:
            attrs["stops"] = float(len(listed) - 1)
        yield self.event("tyres", at_us, now_us, key, **attrs)

    def _track(self, now_us: int, status: dict[str, Any]) -> Iterator[Event]:
        word = _TRACK.get(str(status.get("Status", "")))
        if word and word != self._status:
            self._status = word
            yield self.event("track_status", now_us, now_us, None, status=word)

    @property
    def kind(self) -> str:
        """race, practice, qualifying; empty where the feed does not name it."""
        word = str(self._part("SessionInfo").get("Type") or self._part("TimingStats").get("SessionType") or "").lower()
        return next((kind for name, kind in _KINDS.items() if word.startswith(name)), "race" if self._part("LapCount") else "")

    @property
    def race_laps(self) -> int:
        total = self._part("LapCount").get("TotalLaps")
        return total if isinstance(total, int) and self.kind == "race" else 0

    def _kind(self, now_us: int) -> Iterator[Event]:
        now = self.kind, self.race_laps
        if now != self._session_now and now[0]:
            self._session_now = now
            yield self.event("session", now_us, now_us, None, kind=now[0], laps=float(now[1]))

    def _session(self, now_us: int, word: Any, utc_us: int | None) -> Iterator[Event]:
        """The start of a race: now, or a moment ago; what is announced for later has not happened, and what is long past is not
        now."""
        at_us = now_us if utc_us is None else utc_us
        if self.kind != "race" or word != "Started" or self._started:
            return
        if abs(now_us - at_us) > SOON_US:
            return
        self._started = True
        at_us = min(at_us, now_us)
        yield self.event("lights_out", at_us, now_us, None, laps=float(self.race_laps))

    def _control(self, now_us: int, entry: dict[str, Any]) -> Iterator[Event]:
        if entry.get("Flag") == "CHEQUERED" and self._flag_us is None:
            self._flag_us = now_us
        found = _BARRED.search(str(entry.get("Message") or "").upper())
        key = (found[1] or found[2]) if found else ""
        if key and self._driver(key) and not self._line(key).barred:
            self._line(key).barred = True
            yield self.event("disqualification", now_us, now_us, key)

    @property
    def flag_us(self) -> int | None:
        """When the chequered flag was reported."""
        return self._flag_us

    def _part(self, *names: str) -> dict[str, Any]:
        found: Any = self._state
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _timing(self) -> dict[str, Any]:
        return self._part("TimingData", "Lines")

    def _line(self, key: str) -> _Line:
        return self.lines.setdefault(key, _Line())

    def _driver(self, key: str) -> str | None:
        driver = self._part("DriverList").get(key)
        tla = (driver.get("Tla") if isinstance(driver, dict) else None) or key
        return tla if tla in self._team_of else key if key in self._team_of else None

    def event(self, kind: str, t_us: int, arrival_us: int, key: str | None, /, outcome: str = "", **attrs: Any) -> Event:
        self._serial += 1
        driver = self._driver(key) if key is not None else None
        return Event(
            id=f"{self._serial:06d}-{kind}",
            game=self._game,
            type=kind,
            t_us=t_us,
            period=1,
            outcome=outcome,
            team=self._team_of.get(driver) if driver else None,
            player=driver,
            attrs=attrs,
            arrival_us=arrival_us,
        )
