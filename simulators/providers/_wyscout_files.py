"""Wyscout's files: the matches in a pair of re-packed tables (Parquet), or in the JSON that Wyscout published (v2).

A file holds many matches. It is opened once and kept, each match a slice of it, so that a loop over all of them costs as much as
reading them once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulators.providers._files import content, listed, maybe, only
from simulators.providers._files import pick as pick_file
from simulators.providers._parquet import parquet
from simulators.providers._place import noting
from simulators.providers._wyscout_events import Row
from streaming.errors import BadInput

TAKES: Final = "events….parquet with matches….parquet, or events….json with matches….json, players.json and teams.json"
PERIODS: Final = {"1H": 1, "2H": 2, "E1": 3, "E2": 4, "P": 5}
_EVENTS: Final = (
    "match_id", "event_id", "period", "second", "team_id", "player_id", "event", "sub_event", "x", "y", "end_x", "end_y", "tags",
)  # fmt: skip
_MATCHES: Final = ("match_id", "duration", "home_id", "away_id", "home_score", "away_score", "label")
#: no period lasts longer, s
_LONGEST_S: Final = 4 * 3600.0
_LABEL: Final = re.compile(r"^(.+?) - (.+), \d+ - \d+")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Player:
    """One player of players.json: ``role`` is Wyscout's code (GK, DF, MD, FW), empty when unknown."""

    name: str = ""
    role: str = ""


@dataclass(frozen=True)
class Match:
    """A row of the matches: teams, and the result as (home, away), None where there is none (yet).

    ``squads`` are players' ids by team, ``changes`` (minute of the match, team, off, on); both empty in the tables.
    """

    id: str
    teams: tuple[int, int]
    names: tuple[str, str]
    result: tuple[int, int] | None
    shootout: tuple[int, int] | None = None
    over: bool = True
    competition: str = ""
    date: str = ""
    kick_off_utc: str = ""
    squads: Mapping[int, Sequence[int]] = field(default_factory=dict)
    changes: Sequence[tuple[float, int, int, int]] = ()


class Source:
    """A set of files: which matches it holds, and the rows of each."""

    def __init__(self, matches: dict[str, Match], events: _Table | dict[str, list[Row]], players: dict[int, Player]) -> None:
        self.matches, self.players, self._events = matches, players, events

    def with_events(self) -> list[str]:
        """Ids of the matches that have events, in the order of the file."""
        return list(self._events.slices if isinstance(self._events, _Table) else self._events)

    def rows(self, match: str) -> list[Row]:
        """The rows of a match in the order in which they happened; one that is repeated counts once."""
        found: dict[int, Row] = {}
        for row in self._events.rows(match) if isinstance(self._events, _Table) else self._events.get(match, []):
            if found.setdefault(row.id, row) != row:
                raise BadInput(f"match {match} has two different events of the id {row.id}")
        return sorted(found.values(), key=lambda row: (row.period, row.second, row.id))


def source(files: Sequence[Path]) -> Source:
    """``BadInput`` when files are missing, strange or damaged."""
    events = pick_file(files, "wyscout", "the events (events….parquet or .json)", lambda name: name.startswith("event"))
    matches = pick_file(files, "wyscout", "the matches (matches….parquet or .json)", lambda name: name.startswith("match"))
    players = maybe(files, "wyscout", "the players", lambda name: name.startswith("player"))
    teams = maybe(files, "wyscout", "the teams", lambda name: name.startswith("team"))
    only(files, [events, matches, players, teams], "wyscout", TAKES)
    opener = _opened.__wrapped__ if noting() else _opened
    found: Source = opener(*(_key(path) if path else None for path in (events, matches, players, teams)))
    return found


def _key(path: Path) -> tuple[Path, int, int]:
    stat = path.stat()
    return path, stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=1)
def _opened(*keys: tuple[Path, int, int] | None) -> Source:
    events, matches, players, teams = (key[0] if key else None for key in keys)
    assert events is not None
    assert matches is not None
    if content(matches)[:4] == b"PAR1":
        return Source(_table_matches(matches), _Table(events), {})
    names = {int(t["wyId"]): _plain(t["name"]) for t in listed(teams, "wyscout", ("wyId", "name"))} if teams else {}
    known_players = {int(p["wyId"]): _player(p) for p in listed(players, "wyscout", ("wyId",))} if players else {}
    rows: dict[str, list[Row]] = {}
    for event in listed(events, "wyscout", ("id", "matchId", "matchPeriod", "eventSec", "eventName")):
        rows.setdefault(str(event["matchId"]), []).append(_json_row(event, events))
    return Source({m.id: m for m in _json_matches(matches, names)}, rows, known_players)


# -- the re-packed tables -----------------------------------------------------------------------------------------------


class _Table:
    """The events of many matches as one Arrow table sorted by match; words are kept once."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.path = path
        try:
            file = parquet(path, content(path), ["period", "event", "sub_event"])
            missing = [name for name in _EVENTS if name not in file.schema_arrow.names]
            if missing:
                raise BadInput(f"{path} is no wyscout file: it has no column {missing[0]}")
            table = file.read(columns=list(_EVENTS)).combine_chunks()
        except (pa.ArrowException, OSError) as error:
            raise BadInput(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
        if any(table[name].null_count for name in _EVENTS[:5]):
            raise BadInput(f"{path} has an event without match, id, period, second or team")
        ids = np.asarray(table["match_id"].to_numpy())
        if np.any(ids[1:] < ids[:-1]):
            order = np.argsort(ids, kind="stable")
            table, ids = table.take(order), ids[order]
        first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0, np.int64)
        last = np.r_[first[1:], len(ids)]
        self.table: Any = table
        self.slices = {str(ids[lo]): (int(lo), int(hi)) for lo, hi in zip(first, last, strict=True)}

    def rows(self, match: str) -> Iterator[Row]:
        try:
            yield from self._rows(*self.slices.get(match, (0, 0)))
        except (TypeError, ValueError) as error:
            raise BadInput(f"{self.path} is no wyscout file: a row of match {match} cannot be read") from error

    def _rows(self, lo: int, hi: int) -> Iterator[Row]:
        part = self.table.slice(lo, hi - lo).select(list(_EVENTS[1:]))
        for ident, period, second, team, player, event, sub, x, y, end_x, end_y, tags in zip(
            *(column.to_pylist() for column in part.columns), strict=True
        ):
            yield Row(
                int(ident),
                _period(period, self.path),
                _second(second),
                int(team),
                int(player or 0),
                event or "",
                sub or "",
                _share(x),
                _share(y),
                _share(end_x),
                _share(end_y),
                frozenset(tags or ()),
            )


def _second(cell: Any) -> float:
    """Seconds of a period; ``ValueError`` for what no period has."""
    value = float(cell)
    if not 0.0 <= value <= _LONGEST_S:
        raise ValueError(f"{value} s")
    return value


def _share(cell: Any) -> float | None:
    """A place on the pitch, 0..100; None where there is none."""
    return None if cell is None else float(cell)


def _period(word: str, path: Path) -> int:
    if word not in PERIODS:
        raise BadInput(f"{path} has {word!r} as a period, and a period is one of {', '.join(PERIODS)}")
    return PERIODS[word]


def _table_matches(path: Path) -> dict[str, Match]:
    import pyarrow as pa

    try:
        table = parquet(path, content(path)).read()
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    missing = [name for name in _MATCHES if name not in table.column_names]
    if missing:
        raise BadInput(f"{path} is no wyscout file: it has no column {missing[0]}")
    try:
        return {match.id: match for match in map(_table_match, table.to_pylist())}
    except (TypeError, ValueError) as error:
        raise BadInput(f"{path} is no wyscout file: a match without teams, or with a score that is no number") from error


def _table_match(row: dict[str, Any]) -> Match:
    return Match(
        id=str(row["match_id"]),
        teams=(int(row["home_id"]), int(row["away_id"])),
        names=_names(row["label"], (row["home_id"], row["away_id"])),
        result=_result(row["duration"], *((row.get(f"home_{of}"), row.get(f"away_{of}")) for of in ("score", "score_extra"))),
        shootout=_pair(row.get("home_pens"), row.get("away_pens")) if row["duration"] == "Penalties" else None,
        competition=str(row.get("competition") or "").replace("_", " "),
        date=str(row.get("date") or ""),
    )


def _names(label: Any, ids: tuple[Any, Any]) -> tuple[str, str]:
    found = _LABEL.match(_plain(label or ""))
    return (found[1], found[2]) if found else (str(ids[0]), str(ids[1]))


def _pair(home: Any, away: Any) -> tuple[int, int] | None:
    return None if home is None or away is None else (int(home), int(away))


def _result(duration: Any, score: tuple[Any, Any], extra: tuple[Any, Any]) -> tuple[int, int] | None:
    """The score after extra time where there was some: the file gives the whole score there, not the part's."""
    return _pair(*extra) if duration in ("ExtraTime", "Penalties") else _pair(*score)


# -- the JSON that Wyscout published ------------------------------------------------------------------------------------


def _json_row(event: dict[str, Any], path: Path) -> Row:
    places = [*(event.get("positions") or ()), {}, {}][:2]
    try:
        return Row(
            int(event["id"]),
            _period(event["matchPeriod"], path),
            _second(event["eventSec"]),
            int(event.get("teamId") or 0),
            int(event.get("playerId") or 0),
            str(event["eventName"]),
            str(event.get("subEventName") or ""),
            _share(places[0].get("x")),
            _share(places[0].get("y")),
            _share(places[1].get("x")),
            _share(places[1].get("y")),
            frozenset(int(tag["id"]) for tag in event.get("tags") or ()),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} is no wyscout file: event {event['id']} cannot be read") from error


def _json_matches(path: Path, names: dict[int, str]) -> Iterator[Match]:
    for one in listed(path, "wyscout", ("wyId", "teamsData")):
        try:
            sides = {team["side"]: team for team in one["teamsData"].values()}
            home, away = sides["home"], sides["away"]
            teams = int(home["teamId"]), int(away["teamId"])
            labels = _names(one.get("label"), teams)
            duration = one.get("duration")
            scores = [(home.get(of), away.get(of)) for of in ("score", "scoreET", "scoreP")]
            yield Match(
                id=str(one["wyId"]),
                teams=teams,
                names=(names.get(teams[0], labels[0]), names.get(teams[1], labels[1])),
                result=_result(duration, scores[0], scores[1]),
                shootout=_pair(*scores[2]) if duration == "Penalties" else None,
                over=one.get("status") in (None, "Played"),
                date=str(one.get("dateutc") or one.get("date") or "")[:10],
                kick_off_utc=str(one.get("dateutc") or ""),
                squads={t: _squad(s) for t, s in zip(teams, (home, away), strict=True)},
                changes=[change for t, side in zip(teams, (home, away), strict=True) for change in _changes(t, side)],
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{path} is no wyscout file: match {one['wyId']} cannot be read") from error


def _formation(side: dict[str, Any]) -> dict[str, Any]:
    found = side.get("formation")
    return found if isinstance(found, dict) else {}


def _squad(side: dict[str, Any]) -> list[int]:
    formation = _formation(side)
    return [int(p["playerId"]) for part in ("lineup", "bench") for p in _several(formation.get(part)) if p.get("playerId")]


def _changes(team: int, side: dict[str, Any]) -> list[tuple[float, int, int, int]]:
    found = _several(_formation(side).get("substitutions"))
    return [(float(s["minute"]), team, int(s.get("playerOut") or 0), int(s.get("playerIn") or 0)) for s in found]


def _several(found: Any) -> list[dict[str, Any]]:
    """A list of objects; Wyscout writes the word "null" where there are none."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _player(one: dict[str, Any]) -> Player:
    role = one.get("role")
    return Player(_plain(one.get("shortName") or ""), str(role.get("code2") or "") if isinstance(role, dict) else "")


def _plain(name: Any) -> str:
    r"""A name whose letters were escaped twice ("Atl\u00e9tico")."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(name))
