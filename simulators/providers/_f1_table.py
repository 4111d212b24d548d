"""The tables of a race as they are published: laps, stops, results, teams and corners. Only a lap's driver and number are required:
whatever else is not there is NaN or empty."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from simulators.providers._files import document, rows
from simulators.providers._place import like
from streaming.errors import BadInput

NAN: Final = float("nan")
#: no session has more laps
MOST_LAPS: Final = 999
#: what stands in a cell where there is nothing
NOTHING: Final = frozenset({"", "nan", "nat", "none", "null", "na", "n/a", "<na>", "\\n", "-"})
#: our name of a column -> the names that it has in the files
_NAMES: Final = {
    "driver": ("driver", "Driver", "Abbreviation"), "lap": ("lap", "LapNumber", "lap_number"),
    "time": ("time", "LapTime", "lap_time"), "compound": ("compound", "Compound"), "stint": ("stint", "Stint"),
    "s1": ("s1", "Sector1Time"), "s2": ("s2", "Sector2Time"), "s3": ("s3", "Sector3Time"), "life": ("life", "TyreLife"),
    "pos": ("pos", "Position", "position"), "status": ("status", "TrackStatus"),
    "laps": ("laps", "Laps", "NumberOfLaps"), "position": ("position", "Position"),
    "text": ("positionText", "ClassifiedPosition"), "status_id": ("statusId",), "status_word": ("status", "Status"),
    "duration": ("duration", "Duration"), "start": ("lST", "LapStartTime", "lap_start"),
}  # fmt: skip
_COMPOUNDS: Final = {"SOFT": "soft", "MEDIUM": "medium", "HARD": "hard", "INTERMEDIATE": "intermediate", "WET": "wet"}
_DAYS: Final = re.compile(r"(?:(\d+) days? )?(.*)")
#: disqualification in results: letters of the place, and the number of the status
_DISQUALIFIED: Final = frozenset({"D", "DSQ", "DQ", "E", "EX"})
_DISQUALIFIED_ID: Final = 2.0


@dataclass(frozen=True)
class LapRow:
    """A lap as the file has it; times s, NaN where there are none; ``status`` holds the codes of the track's status."""

    number: int
    time_s: float
    sectors_s: tuple[float, float, float]
    compound: str
    stint: float
    life: float
    place: float
    status: str
    #: when it began on the session's clock
    start_s: float = NAN


@dataclass(frozen=True)
class Laps:
    """``by_driver``: driver -> lap number -> row; ``columns`` are those that the file has, by our names."""

    by_driver: dict[str, dict[int, LapRow]]
    columns: frozenset[str]


@dataclass(frozen=True)
class Result:
    """The official classification of a driver: laps done and place, NaN where missing."""

    laps: float
    place: float
    disqualified: bool


def word(cell: str | None) -> str:
    """A cell without placeholders for an empty one."""
    text = (cell or "").strip()
    return "" if text.lower() in NOTHING else text


def number(cell: str | None, path: Path, column: str) -> float:
    """A cell as a number, NaN when there is nothing in it."""
    text = word(cell)
    try:
        value = float(text) if text else NAN
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise BadInput(f"{path} has {cell!r} in the column {column} where a number belongs")
    return value


def seconds(cell: str | None, path: Path, column: str) -> float:
    """A duration in s: ``77.145``, ``1:17.145``, ``0 days 00:01:17.145000``; NaN when there is nothing."""
    text = word(cell)
    found = _DAYS.fullmatch(text)
    if not text or found is None:
        return NAN
    try:
        total = 0.0
        for part in found[2].split(":"):
            total = total * 60.0 + float(part)
    except ValueError:
        total = math.inf
    total += 86400.0 * int(found[1] or 0)
    if math.isinf(total) or total < 0:
        raise BadInput(f"{path} has {cell!r} in the column {column} where a time belongs")
    return total


def _columns(path: Path, needed: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[list[dict[str, str]], frozenset[str]]:
    """The rows of a CSV file under our names of their columns, and which of those it has."""
    listed = rows(path, "tracinginsights", ())
    if listed and None in listed[-1].values():
        raise BadInput(f"{path} is cut short: its last row has fewer cells than its first")
    there = list(listed[0]) if listed else []
    spelt: dict[str, str] = {}
    for ours in (*needed, *wanted):
        name = next((name for name in _NAMES[ours] if name in there), None)
        if name is not None:
            spelt[ours] = name
        elif ours in needed:
            raise BadInput(f"{path} is no f1 file: it has no " + (f"column {_NAMES[ours][0]}" if listed else "rows"))
    return [like(row, {ours: row[name] or "" for ours, name in spelt.items()}) for row in listed], frozenset(spelt)


def read_laps(path: Path) -> Laps:
    """``laps.csv``; a lap that stands in it twice must have the same values both times, or have them once."""
    wanted = ("compound", "stint", "s1", "s2", "s3", "life", "pos", "status", "start")
    listed, columns = _columns(path, ("driver", "time", "lap"), wanted)
    found: dict[str, dict[int, LapRow]] = {}
    for row in listed:
        driver, at = word(row["driver"]), number(row["lap"], path, "lap")
        if not driver:
            raise BadInput(f"{path} has a lap without a driver")
        if not at >= 1 or at != int(at) or at > MOST_LAPS:
            raise BadInput(f"{path} has {row['lap']!r} in the column lap of {driver} where the number of a lap belongs")
        status = word(row.get("status"))
        lap = LapRow(
            int(at),
            seconds(row["time"], path, "time") or NAN,
            (_sector(row, "s1", path), _sector(row, "s2", path), _sector(row, "s3", path)),
            _COMPOUNDS.get(word(row.get("compound")).upper(), ""),
            number(row.get("stint"), path, "stint"),
            number(row.get("life"), path, "life"),
            number(row.get("pos"), path, "pos"),
            status.removesuffix(".0"),
            seconds(row.get("start"), path, "start"),
        )
        mine = found.setdefault(driver, {})
        mine[lap.number] = _once(mine[lap.number], lap, driver, path) if lap.number in mine else lap
    return Laps(found, columns)


def _sector(row: dict[str, str], name: str, path: Path) -> float:
    return seconds(row.get(name), path, name) or NAN


def _once(first: LapRow, second: LapRow, driver: str, path: Path) -> LapRow:
    if first.time_s == first.time_s and second.time_s == second.time_s and first.time_s != second.time_s:
        raise BadInput(f"{path} has lap {first.number} of {driver} twice, with different times")
    return first if first.time_s == first.time_s else second


def read_results(path: Path | None) -> dict[str, Result]:
    if path is None:
        return {}
    listed, _ = _columns(path, ("driver",), ("laps", "position", "text", "status_id", "status_word"))
    return {
        word(row["driver"]): Result(
            number(row.get("laps"), path, "laps"),
            number(row.get("position"), path, "position"),
            word(row.get("text")).upper() in _DISQUALIFIED
            or word(row.get("status_id")) in ("2", "2.0")
            or word(row.get("status_word")).lower().startswith("disq"),
        )
        for row in listed
    }


def read_stops(path: Path | None) -> dict[str, dict[int, float]]:
    """By driver and the lap at whose end it was: official s in the pit lane, NaN where missing."""
    found: dict[str, dict[int, float]] = {}
    if path is not None:
        for row in _columns(path, ("driver", "lap"), ("duration",))[0]:
            lap = number(row["lap"], path, "lap")
            if lap == lap:
                found.setdefault(word(row["driver"]), {})[int(lap)] = seconds(row.get("duration"), path, "duration")
    return found


def read_teams(path: Path | None) -> dict[str, str]:
    """Driver -> team."""
    if path is None:
        return {}
    listed = document(path).get("drivers")
    if not isinstance(listed, list) or not all(isinstance(row, dict) and row.get("driver") for row in listed):
        raise BadInput(f"{path} is no drivers.json of f1: it has no list drivers whose entries name a driver")
    return {str(row["driver"]): str(row.get("team") or "") for row in listed}


@dataclass(frozen=True)
class Corner:
    """Lap distances, m: the apex, where the corner is left, and the stretch between the neighbours that is its own."""

    number: int
    apex_m: float
    exit_m: float
    from_m: float
    to_m: float


#: exits of corners lie this far past the apex, or half-way to the next, m
EXIT_M: Final = 80.0


def read_corners(path: Path | None, lap_m: float) -> list[Corner]:
    if path is None:
        return []
    file: dict[str, Any] = document(path)
    places, numbers = file.get("Distance"), file.get("CornerNumber")
    if not isinstance(places, list) or not isinstance(numbers, list) or len(places) != len(numbers):
        raise BadInput(f"{path} is no corners.json of f1: it has no two lists Distance and CornerNumber of one length")
    pairs = [(m, n) for m, n in zip(places, numbers, strict=True) if m is not None and n is not None]
    if not all(isinstance(v, (int, float)) and math.isfinite(v) for pair in pairs for v in pair):
        raise BadInput(f"{path} is no corners.json of f1: its lists Distance and CornerNumber hold what is no number")
    pairs.sort()
    apexes = [float(m) for m, _ in pairs]
    found = []
    for i, (apex_m, (_, n)) in enumerate(zip(apexes, pairs, strict=True)):
        before = (apexes[i - 1] + apex_m) / 2 if i else apex_m / 2
        after = (apex_m + apexes[i + 1]) / 2 if i + 1 < len(apexes) else (apex_m + lap_m) / 2
        found.append(Corner(int(n), apex_m, min(apex_m + EXIT_M, after), before, after))
    return [replace(corner, to_m=max(corner.to_m, corner.exit_m)) for corner in found]
