"""NFL Next Gen Stats plays: a table of plays and one of tracking, 10 Hz frames of 22 players and the ball, in yards.

Our own reader (kloppy has none), for the league's highlight plays (``plays.parquet``, ``tracking.parquet``) and the Big Data Bowl's
public files of any year (``plays.csv``, ``tracking*.csv`` or ``week*.csv``, and where there are ``games.csv`` and ``players.csv``),
whatever they call their columns. A file holds single plays of many games. ``--pick GAME`` makes a recording of the plays of one
game, ``--pick GAME/PLAY`` of one play, with the players' own names; without it the command makes one of every game. :func:`read`
without a pick puts all plays one after the other into one recording, five seconds apart, with the players identified by team and
role alone ("home-receiver-2"): a roster has two teams.

The frames' labels become events, and their running state the channels ``phase`` and ``offense`` of the ball; nothing later than
a frame goes into them. The passer, receiver or runner is not in the file: it is the player of the right kind nearest to the ball.
The provider's own figures travel as channels ``vendor_...``: never features, but the references of an agreement. Samples are handed
on as they are, twice where the file has them twice; what lies far outside the field is set aside by the operator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from simulators.providers import Imported
from simulators.providers._files import only
from simulators.providers._ngs_players import tracked_players
from simulators.providers._ngs_plays import TENTH_US, Ints, Play, Tables, build, usable
from simulators.providers._ngs_record import Cast, recorded
from simulators.providers._ngs_sides import Home
from simulators.providers._ngs_tables import GAMES, NO_TIME, PLAYERS, PLAYS, TRACKING, Table, joined, kind_of, load
from streaming.errors import BadInput

BETWEEN_US: Final = 5_000_000
_TAKES: Final = "plays, tracking, and where there are games and players"
#: what a file is by its name, before its columns are read
_NAMED: Final = (
    ("tracking", r"tracking|^week[_ -]?\d|^input_"), ("players", r"^players"), ("games", r"^games"),
    ("plays", r"plays|supplementary"),
)  # fmt: skip


@dataclass(frozen=True)
class _Files:
    plays: Path
    tracking: list[Path]
    games: Path | None
    players: Path | None


def read(files: list[Path], pick: str = "") -> Imported:
    """The files; ``pick`` is GAME or GAME/PLAY, empty for all plays in one recording."""
    sorted_ = _sorted(files)
    game, play = _picked(pick, sorted_.plays)
    plays = _plays(sorted_, game, play, pick)
    return _imported(sorted_, plays, _tracking(sorted_, game, play), pick)


def recordings(files: list[Path]) -> Iterator[tuple[str, Callable[[], Imported]]]:
    """Every game of the files with what imports it, in the order of the plays; the files are read once for all."""
    sorted_ = _sorted(files)
    plays, seen = _plays(sorted_, None, None, ""), _tracking(sorted_, None, None)
    order = np.argsort(seen["game"], kind="stable")
    games = seen["game"][order]
    for game in dict.fromkeys(plays["game"].tolist()):
        rows = order[np.searchsorted(games, game) : np.searchsorted(games, game, "right")]
        if len(rows):
            mine = _rows(plays, np.flatnonzero(plays["game"] == game)), _rows(seen, np.sort(rows))
            yield str(game), (lambda mine=mine, game=game: _imported(sorted_, mine[0], mine[1], str(game)))  # type: ignore[misc]


def _sorted(files: list[Path]) -> _Files:
    """Which file is what, by its name and else by its columns."""
    kinds: dict[Path, str] = {}
    for path in files:
        name = path.name.lower().removesuffix(".gz")
        kinds[path] = next((kind for kind, pattern in _NAMED if re.search(pattern, name)), "") or kind_of(path)
    plays, games, players = (_one(files, kinds, kind) for kind in ("plays", "games", "players"))
    tracking = [path for path in files if kinds[path] == "tracking"]
    for what, found in (("the plays (plays.parquet)", plays), ("the tracking (tracking.parquet)", tracking)):
        if not found:
            raise BadInput(f"ngs needs {what}, and got {', '.join(path.name for path in files)}")
    only(files, [plays, *tracking, games, players], "ngs", _TAKES)
    assert plays is not None
    return _Files(plays, tracking, games, players)


def _one(files: list[Path], kinds: dict[Path, str], kind: str) -> Path | None:
    found = [path for path in files if kinds[path] == kind]
    if len(found) > 1:
        raise BadInput(f"ngs takes one file of {kind}, and got {', '.join(path.name for path in found)}")
    return found[0] if found else None


def _picked(pick: str, path: Path) -> tuple[int | None, int | None]:
    if not pick:
        return None, None
    game, _, play = pick.partition("/")
    if not game.isdecimal() or (play and not play.isdecimal()) or len(pick) > 40:
        raise BadInput(f"--pick is GAME or GAME/PLAY in the numbers of {path.name}, not {pick!r}")
    return int(game), int(play) if play else None


def _plays(files: _Files, game: int | None, play: int | None, pick: str) -> Table:
    plays = load(files.plays, PLAYS, ("game", "play"), game, play)
    if not len(plays):
        raise BadInput(f"{files.plays} has no play {pick}" if pick else f"{files.plays} holds no plays")
    keys: dict[tuple[int, int], int] = {}
    for k in range(len(plays)):
        key = int(plays["game"][k]), int(plays["play"][k])
        if key in keys:
            raise BadInput(f"{files.plays} lists the play {key[0]}/{key[1]} twice, in rows {keys[key]} and {plays.row[k]}")
        keys[key] = int(plays.row[k])
    return plays


def _tracking(files: _Files, game: int | None, play: int | None) -> Table:
    seen = joined([load(path, TRACKING, ("game", "play", "x", "y"), game, play) for path in files.tracking])
    if "time" not in seen and "frame" not in seen:
        raise BadInput(f"{seen.path} is no ngs file: it has no column time, and no frameId")
    timed = "time" in seen and bool((seen["time"] != NO_TIME).any())
    framed = "frame" in seen and bool(np.isfinite(seen["frame"]).any())
    if len(seen) and not (timed or framed):
        raise BadInput(f"{seen.path} has no value in the column {seen.names.get('time', seen.names.get('frame'))}, in no row")
    return seen


def _rows(table: Table, rows: Ints) -> Table:
    return Table(table.path, {word: values[rows] for word, values in table.columns.items()}, table.row[rows], table.names)


def _imported(files: _Files, plays: Table, seen: Table, pick: str) -> Imported:
    player_table = load(files.players, PLAYERS, ("id",)) if files.players else None
    games = load(files.games, GAMES, ("game", "home", "away")) if files.games else None
    tracked, home = tracked_players(seen, player_table), Home.of(plays, games)
    order = np.lexsort((seen["play"], seen["game"]))
    keys = np.rec.fromarrays((seen["game"][order], seen["play"][order]))
    cast, tables = Cast(tracked, real=bool(pick)), Tables(plays, seen, tracked, home)
    done: list[Play] = []
    unused: Counter[str] = Counter()
    at_us = 0
    for p in range(len(plays)):
        key = np.rec.fromrecords([(int(plays["game"][p]), int(plays["play"][p]))], dtype=keys.dtype)[0]
        rows = order[np.searchsorted(keys, key) : np.searchsorted(keys, key, "right")]
        rows, t_us, bad = usable(seen, np.sort(rows), tracked)
        if not len(rows):
            unused["plays without frames"] += 1
            continue
        # the first play keeps its own time; those after it are moved together, on the grid of the first
        at_us = int(t_us[0]) if not done else -(-(at_us + BETWEEN_US) // TENTH_US) * TENTH_US
        cast.begin()
        one = build(tables, p, rows, t_us, at_us, cast, bad)
        if one is None:
            unused["plays without frames"] += 1
            continue
        at_us = int(one.t_us[-1])
        unused.update({f"rows {why}": n for why, n in one.unused.items()})
        done.append(one)
    if not done:
        raise BadInput(f"{seen.path} has no frames of the play {plays['game'][0]}/{plays['play'][0]} that {plays.path} lists")
    game = f"ngs-{pick.replace('/', '-')}" if pick else "ngs-plays"
    for one in done:
        one.events = [msgspec.structs.replace(event, game=game) for event in one.events]
    names = home.names(int(plays["game"][0])) if pick else ("", "")
    paths = [files.plays, *files.tracking, *(path for path in (files.games, files.players) if path)]
    guessed = bool(pick) and int(plays["game"][0]) in home.guessed
    return recorded(game, done, seen, cast, names, [path.name for path in paths], unused, guessed)
