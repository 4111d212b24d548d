"""The tables of NGS plays in any year's spelling, as columns with our own names.

The league's files name one thing in several ways: ``gameId`` and ``game_id``, ``frameId`` and ``frame.id``, ``club``, ``team`` and
``teamAbbr``, ``preSnapHomeScore`` and ``homeScoreBeforePlay``. A column is known by its name without case and punctuation. Numbers
become float64 with NaN, text an array of str or None, whole ids int64; a cell that is not what it has to be is named with file,
column and row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.providers._place import at
from simulators.providers._tables import EMPTY_CELLS, arrow_table, header
from streaming.errors import BadInput
from streaming.recordings import arrow

#: our name: the names that the files have for it, the best first
TRACKING: Final[dict[str, tuple[str, ...]]] = {
    "game": ("gameid",), "play": ("playid",), "time": ("time", "timestamp"), "frame": ("frameid", "frame"), "event": ("event",),
    "id": ("nflid",), "name": ("displayname", "playername"), "shirt": ("jerseynumber",),
    "position": ("position", "playerposition", "officialposition"), "team": ("teamabbr", "club", "team"),
    "home": ("hometeamflag",), "attacks": ("possessionflag",), "side": ("playerside",), "direction": ("playdirection",),
    "x": ("x",), "y": ("y",), "s": ("s",), "a": ("a",), "dis": ("dis",), "o": ("o", "orientation"), "dir": ("dir",),
}  # fmt: skip
PLAYS: Final[dict[str, tuple[str, ...]]] = {
    "game": ("gameid",), "play": ("playid",), "direction": ("playdirection",), "quarter": ("quarter", "qtr"),
    "clock": ("gameclock",), "down": ("down",), "to_go": ("yardstogo", "distance", "ydstogo"),
    "line": ("absoluteyardlinenumber",), "line_side": ("yardlineside", "fieldposition"),
    "line_number": ("yardlinenumber", "yardline"), "offense": ("possessionteam",),
    "home_points": ("presnaphomescore", "homescorebeforeplay"), "away_points": ("presnapvisitorscore", "visitorscorebeforeplay"),
    "home": ("hometeamabbr",), "away": ("visitorteamabbr", "awayteamabbr"),
}  # fmt: skip
GAMES: Final[dict[str, tuple[str, ...]]] = {
    "game": ("gameid",), "home": ("hometeamabbr",), "away": ("visitorteamabbr", "awayteamabbr"),
}  # fmt: skip
PLAYERS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("nflid",), "name": ("displayname", "playername"), "position": ("officialposition", "position", "positionabbr"),
}  # fmt: skip
_WHOLE: Final = frozenset({"game", "play"})
_TEXT: Final = frozenset(
    {"event", "id", "name", "position", "team", "side", "direction", "clock", "line_side", "offense"}
)  # fmt: skip
_EMPTY: Final = frozenset(cell.lower() for cell in EMPTY_CELLS)


@dataclass(frozen=True)
class Table:
    """``columns`` (rows,) by our names; ``names`` those of the file; ``row`` (rows,) where each row stands in it, from 1 on."""

    path: Path
    columns: dict[str, npt.NDArray[Any]]
    row: npt.NDArray[np.int64]
    names: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.row)

    def __contains__(self, word: str) -> bool:
        return word in self.columns

    def __getitem__(self, word: str) -> npt.NDArray[Any]:
        return self.columns[word]

    def text(self, word: str, at: int) -> str:
        """A cell, empty when it or its column is missing."""
        value = self.columns[word][at] if word in self.columns else None
        return "" if value is None else str(value)

    def number(self, word: str, at: int) -> float:
        """A cell, NaN when it or its column is missing."""
        return float(self.columns[word][at]) if word in self.columns else float("nan")


def spelled(name: str) -> str:
    """A column's name without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def kind_of(path: Path) -> str:
    """``tracking``, ``plays``, ``players`` or ``games`` by the file's columns; empty for any other file."""
    names = {spelled(name) for name in header(path)}
    if {"x", "y"} <= names and names & {"time", "frameid", "frame", "timestamp"}:
        return "tracking"
    if {"gameid", "playid"} <= names and names & {"down", "quarter"}:
        return "plays"
    if "gameid" in names and "hometeamabbr" in names and "playid" not in names:
        return "games"
    return "players" if "nflid" in names and names & {"position", "officialposition"} and "playid" not in names else ""


def load(
    path: Path, spelling: dict[str, tuple[str, ...]], need: Sequence[str], game: int | None = None, play: int | None = None
) -> Table:
    """The columns of ``spelling`` that the file has, of one game or play only where that is given; ``need`` those that it
    must."""
    known = {name for names in spelling.values() for name in names}
    found = arrow_table(path, lambda name: spelled(name) in known)
    by_spelling = {spelled(name): name for name in found.column_names}
    names = {
        word: next(by_spelling[s] for s in spellings if s in by_spelling)
        for word, spellings in spelling.items()
        if any(s in by_spelling for s in spellings)
    }
    for word in need:
        if word not in names:
            raise BadInput(f"{path} is no ngs file: it has no column {_usual(word)}")
    row = np.arange(1, found.num_rows + 1)
    done: dict[str, npt.NDArray[Any]] = {}
    # first which rows are wanted, then all else of those alone
    for word, wanted in (("game", game), ("play", play)):
        if word in names:
            at(path, f"the column {names[word]}")
            done[word] = _whole(found.column(names[word]), path, names[word], row)
            if wanted is not None:
                keep = done[word] == wanted
                row, found = row[keep], found.filter(arrow.fixed(keep))
                done = {w: values[keep] for w, values in done.items()}
    for word, name in names.items():
        if word not in _WHOLE:
            at(path, f"the column {name}")
            done[word] = _column(
                found.column(name),
                path,
                name,
                row,
                word,
                text=word in _TEXT or (spelling is not TRACKING and word in ("home", "away")),
            )
    return Table(path, done, row, names)


def _usual(word: str) -> str:
    """What a missing column is called in most files."""
    return {
        "game": "gameId",
        "play": "playId",
        "id": "nflId",
        "name": "displayName",
        "frame": "frameId",
        "home": "homeTeamAbbr",
        "away": "visitorTeamAbbr",
    }.get(word, word)


def _column(column: Any, path: Path, name: str, row: npt.NDArray[np.int64], word: str, *, text: bool) -> npt.NDArray[Any]:
    if word == "time":
        return _times(column, path, name, row)
    return _texts(column) if text else _numbers(column, path, name, row)


def _array(column: Any) -> Any:
    import pyarrow as pa

    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _dictionary(column: Any) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """(n,) numbers of the distinct cells, -1 where there is none, and the cells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = _array(column)
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    array = _array(array)
    codes = arrow.view(array.indices.cast(pa.int64()).fill_null(-1), np.int64)
    return codes, array.dictionary.to_pylist()


def _texts(column: Any) -> npt.NDArray[Any]:
    """(n,) str or None; a whole number that was written as 7.0 is "7"."""
    codes, found = _dictionary(column)
    cells = np.array([*(_cell(cell) for cell in found), None], object)
    out: npt.NDArray[Any] = cells[codes]
    return out


def _cell(cell: Any) -> str | None:
    if cell is None or (isinstance(cell, float) and not np.isfinite(cell)):
        return None
    cleaned = str(int(cell)) if isinstance(cell, float) and cell == int(cell) else str(cell).strip()
    if re.fullmatch(r"\d+\.0+", cleaned):
        cleaned = cleaned.split(".")[0]
    return None if cleaned.lower() in _EMPTY else cleaned


def _numbers(column: Any, path: Path, name: str, row: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(n,) NaN where there is none."""
    import pyarrow as pa

    array = _array(column)
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_boolean(array.type):
        return np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    codes, found = _dictionary(array)
    values = np.full(len(found) + 1, np.nan)
    for k, cell in enumerate(found):
        if cell is None or str(cell).strip().lower() in _EMPTY:
            continue
        try:
            values[k] = float(cell)
        except (TypeError, ValueError):
            first = int(np.flatnonzero(codes == k)[0])
            raise BadInput(f"{path} has {cell!r} in the column {name}, row {row[first]}, where a number belongs") from None
    return values[codes]


def _whole(column: Any, path: Path, name: str, row: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,) ids, which every row has."""
    values = _numbers(column, path, name, row)
    bad = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)) | (np.abs(values) > 2**53))
    if len(bad):
        shown = "no value" if not np.isfinite(values[bad[0]]) else f"{values[bad[0]]:g}"
        raise BadInput(f"{path} has {shown} in the column {name}, row {row[bad[0]]}, where an id belongs")
    return values.astype(np.int64)


def _times(column: Any, path: Path, name: str, row: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,) us since the epoch, UTC; the least int64 where there is none."""
    import pyarrow as pa

    array = _array(column)
    if pa.types.is_timestamp(array.type):
        whole = array.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).fill_null(NO_TIME)
        return np.asarray(whole.to_numpy(zero_copy_only=False), np.int64)
    codes, found = _dictionary(array)
    values = np.full(len(found) + 1, NO_TIME, np.int64)
    for k, cell in enumerate(found):
        if cell is None or str(cell).strip().lower() in _EMPTY:
            continue
        try:
            stamp = datetime.fromisoformat(str(cell).strip())
            stamp = stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
            values[k] = (stamp - _EPOCH) // timedelta(microseconds=1)
        except (TypeError, ValueError):
            at = int(np.flatnonzero(codes == k)[0])
            raise BadInput(f"{path} has {str(cell)!r} in the column {name}, row {row[at]}, where a time belongs") from None
    return values[codes]


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: what stands in a column of times where there is none
NO_TIME: Final = int(np.iinfo(np.int64).min)


def joined(tables: Sequence[Table]) -> Table:
    """Tables of one kind one under the other; what one of them lacks is missing in its rows."""
    if len(tables) == 1:
        return tables[0]
    columns = [name for name in tables[0].columns if all(name in table for table in tables)]
    columns += [name for table in tables for name in table.columns if name not in columns]
    done: dict[str, npt.NDArray[Any]] = {}
    for word in dict.fromkeys(columns):
        kind = next(table[word].dtype for table in tables if word in table)
        empty: Any = None if kind.kind == "O" else NO_TIME if kind == np.int64 else np.nan
        done[word] = np.concatenate([t[word] if word in t else np.full(len(t), empty, kind) for t in tables])
    names = {word: name for table in reversed(tables) for word, name in table.names.items()}
    return Table(tables[0].path, done, np.concatenate([table.row for table in tables]), names)


def numbered(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """(n,) numbers of the distinct values in the order in which they turn up, and the values."""
    known: dict[Any, int] = {}
    codes = np.fromiter((known.setdefault(value, len(known)) for value in values.tolist()), np.int64, len(values))
    return codes, list(known)
