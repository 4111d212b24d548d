"""The side of each player of an NGS play, the side with the ball, and its direction: by the files, in their several spellings.

Where they are silent, the places at the snap decide: a team with the ball stands behind it, the other before. The file is
never overruled; where the places clearly contradict it, the play is refused, since one of the two must be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.providers._ngs_players import TrackedPlayers
from simulators.providers._ngs_tables import Table
from streaming.errors import BadInput

Ints = npt.NDArray[np.int64]
#: both teams' mean places have to be so far apart before they contradict a file, yd
CLEAR_YD: Final = 2.0


@dataclass
class Home:
    """The home team of each game. ``known`` is {game: (home, away)} by the files; ``found`` grows where they do not name it: the
    team that has the ball first stands as home, and ``guessed`` names those games."""

    known: dict[int, tuple[str, str]]
    found: dict[int, list[str]] = field(default_factory=dict)
    guessed: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, plays: Table, games: Table | None) -> Home:
        known: dict[int, tuple[str, str]] = {}
        for table in (games, plays):
            if table is None or "home" not in table:
                continue
            for k in range(len(table)):
                teams = table.text("home", k), table.text("away", k)
                if not all(teams):
                    continue
                if known.setdefault(int(table["game"][k]), teams) != teams:
                    raise BadInput(
                        f"{table.path} contradicts itself: row {table.row[k]} names other teams for game {table['game'][k]}"
                    )
        return cls(known)

    def side(self, game: int, team: str) -> int:
        """0 home, 1 away, -1 when unknown."""
        if team.lower() in ("home", "away"):
            return int(team.lower() == "away")
        if game in self.known:
            return self.known[game].index(team) if team in self.known[game] else -1
        return self.found[game].index(team) if team in self.found.get(game, ()) else -1

    def stand(self, game: int, teams: list[str]) -> None:
        """Put the teams of a game in order where the files do not: ``teams`` as they should stand, home first."""
        if game not in self.known and game not in self.found and len(teams) == 2:
            self.found[game] = teams
            self.guessed.add(game)

    def names(self, game: int) -> tuple[str, str]:
        """The names of the teams; empty where the files have none."""
        teams = self.known.get(game) or tuple(self.found.get(game, ("", "")))
        return teams[0], teams[1]


@dataclass(frozen=True)
class Sides:
    """Of one play: ``side`` (rows,) 0 home, 1 away, -1 unknown or the ball; ``offense`` likewise; ``right`` where the offence goes,
    None when unknown."""

    side: Ints
    offense: int
    right: bool | None


def sides_of(plays: Table, p: int, seen: Table, rows: Ints, players: TrackedPlayers, home: Home, start: Ints) -> Sides:
    """``rows`` are the play's rows of the tracking, ``start`` those of them in the frame in which it begins."""
    game = int(plays["game"][p])
    player_of = players.player_of[rows]
    team = _teams(seen, rows)
    holder = plays.text("offense", p)
    by_role = _by_role(seen, rows)
    if "home" not in seen and game not in home.known and game not in home.found:
        _stand(plays, p, seen, rows, players, home, start)
    side = np.full(len(rows), -1, np.int64)
    flag = seen["home"][rows] if "home" in seen else np.full(len(rows), np.nan)
    for k in np.flatnonzero(player_of >= 0).tolist():
        side[k] = (0 if flag[k] == 1.0 else 1) if np.isfinite(flag[k]) else home.side(game, team[k] or "")
    held = home.side(game, holder) if holder else -1
    if holder and held < 0:
        held = _side_by_team(side, team, holder)
    if by_role is not None and held >= 0:
        # offence and defence alone are named: the plays name their teams
        side = np.where((side < 0) & (by_role >= 0) & (player_of >= 0), np.where(by_role == 0, held, 1 - held), side)
    flags = seen["attacks"][rows] if "attacks" in seen else np.full(len(rows), np.nan)
    with_ball = side[(flags == 1.0) & (side >= 0)]
    offense = int(np.bincount(with_ball, minlength=2).argmax()) if len(with_ball) else held
    if offense < 0 and by_role is not None:
        own = side[(by_role == 0) & (side >= 0)]
        offense = int(np.bincount(own, minlength=2).argmax()) if len(own) else -1
    right = _direction(plays, p, seen, rows)
    x = seen["x"][rows]
    means = [_mean(x[start][side[start] == s].tolist()) for s in (0, 1)]
    if offense < 0 and right is not None and np.isfinite(means).all() and means[0] != means[1]:
        offense = int(means[0] > means[1]) if right else int(means[0] < means[1])
    ahead = means[1 - offense] - means[offense] if offense >= 0 else float("nan")
    if right is None and np.isfinite(ahead) and ahead != 0.0:
        right = ahead > 0.0
    elif right is not None and offense >= 0 and abs(ahead) > CLEAR_YD and (ahead > 0.0) != right:
        raise BadInput(
            f"{plays.path} contradicts {seen.path}: in play {game}/{plays['play'][p]} the team with the ball goes "
            f"{'right' if right else 'left'}, and lines up on the other side of the ball"
        )
    return Sides(side, offense, right)


def _teams(seen: Table, rows: Ints) -> list[Any]:
    return seen["team"][rows].tolist() if "team" in seen else [None] * len(rows)


def _by_role(seen: Table, rows: Ints) -> Ints | None:
    """(rows,) 0 offence, 1 defence, -1 unknown; None where the file has no such column."""
    if "side" not in seen:
        return None
    sides = [str(word or "").lower()[:3] for word in seen["side"][rows].tolist()]
    return np.array([{"off": 0, "def": 1}.get(word, -1) for word in sides], np.int64)


def _stand(plays: Table, p: int, seen: Table, rows: Ints, players: TrackedPlayers, home: Home, start: Ints) -> None:
    """The files do not name the home team: the team with the ball first stands so, by the plays or by where the teams line up."""
    player_of, team, holder = players.player_of[rows], _teams(seen, rows), plays.text("offense", p)
    found = list(dict.fromkeys(team[k] for k in np.flatnonzero(player_of >= 0).tolist() if team[k]))
    game = int(plays["game"][p])
    if len(found) == 2 and not {word.lower() for word in found} <= {"home", "away"}:
        right = _direction(plays, p, seen, rows)
        if holder in found:
            found.sort(key=lambda word: word != holder)
        elif right is not None:
            x = seen["x"][rows]
            mean = {word: _mean([x[k] for k in start.tolist() if team[k] == word]) for word in found}
            found.sort(key=lambda word: mean[word] if right else -mean[word])
        home.stand(game, found)
    elif not found and holder:
        halves = (plays.text("line_side", k) for k in np.flatnonzero(plays["game"] == game).tolist())
        other = next((word for word in halves if word and word != holder), "")
        home.stand(game, [holder, other or "opponents"])


def _mean(values: list[float]) -> float:
    """NaN of none."""
    return sum(values) / len(values) if values else float("nan")


def _side_by_team(side: Ints, team: list[Any], holder: str) -> int:
    own = [int(side[k]) for k in range(len(team)) if team[k] == holder and side[k] >= 0]
    return max(set(own), key=own.count) if own else -1


def _direction(plays: Table, p: int, seen: Table, rows: Ints) -> bool | None:
    """Whether the offence goes right, by either file; ``BadInput`` where they disagree or name neither left nor right."""
    found: dict[str, str] = {}
    direction = plays.text("direction", p)
    if direction:
        found[direction.lower()] = f"{plays.path}, row {plays.row[p]}"
    if "direction" in seen:
        for k in rows[:: max(1, len(rows) // 50)].tolist():
            word = seen.text("direction", k).lower()
            if word:
                found.setdefault(word, f"{seen.path}, row {seen.row[k]}")
    for word, where in found.items():
        if word not in ("left", "right"):
            column = plays.names.get("direction", "playDirection")
            raise BadInput(f"{where}, has {word!r} in the column {column}: it is left or right")
    if len(found) > 1:
        play = f"{plays['game'][p]}/{plays['play'][p]}"
        raise BadInput(f"the play {play} goes left by {found['left']}, and right by {found['right']}")
    return "right" in found if found else None
