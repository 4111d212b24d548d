"""The entity of each row of NGS tracking: a player, the ball, or unknown.

The ball is called "ball" or "football", by its name or by its team, or has neither name nor id. A player is identified by the id;
without one, by team and name or shirt, unless the same player has an id in another row. An id that two players share is refused,
because their rows could not be separated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.providers._ngs_tables import Table, numbered
from streaming.errors import BadInput

_BALL: Final = frozenset({"ball", "football"})
#: in place of a player's index
BALL, UNKNOWN = -1, -2

_ROLE: Final = {
    **dict.fromkeys(("QB",), "passer"), **dict.fromkeys(("RB", "FB", "HB"), "back"), "WR": "receiver", "TE": "end",
    **dict.fromkeys(("T", "G", "C", "OT", "OG", "OL", "LT", "LG", "RG", "RT"), "line"),
    **dict.fromkeys(("DE", "DT", "NT", "DL", "EDGE"), "rusher"), **dict.fromkeys(("OLB", "ILB", "MLB", "LB"), "backer"),
    **dict.fromkeys(("CB", "FS", "SS", "S", "DB", "SAF"), "cover"), **dict.fromkeys(("K", "P", "LS", "PK"), "kicker"),
}  # fmt: skip


@dataclass(frozen=True)
class Player:
    """A player by the files; ``team`` as the tracking spells it, empty where it does not."""

    ident: str
    name: str
    team: str
    position: str
    shirt: int | None

    @property
    def role(self) -> str:
        return _ROLE.get(self.position.upper(), "player")


@dataclass(frozen=True)
class TrackedPlayers:
    """``player_of`` (rows,) indices into ``players``, ``BALL`` or ``UNKNOWN``."""

    player_of: npt.NDArray[np.int64]
    players: list[Player]


def tracked_players(seen: Table, player_table: Table | None) -> TrackedPlayers:
    """Every player of the tracking, completed by the table of players."""
    ids, id_values = _numbered(seen, "id")
    names, name_values = _numbered(seen, "name")
    teams, team_values = _numbered(seen, "team")
    shirts, shirt_values = _numbered(seen, "shirt")
    mixed = ((ids * len(name_values) + names) * len(team_values) + teams) * len(shirt_values) + shirts
    _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
    kinds = [
        (id_values[ids[k]], name_values[names[k]], team_values[teams[k]], _shirt(shirt_values[shirts[k]])) for k in first.tolist()
    ]
    _refuse_shared_ids(seen, ids, id_values, which, kinds)
    ids_of: dict[tuple[Any, Any], set[str]] = {}
    for ident, name, team, _ in kinds:
        if ident is not None and name is not None:
            ids_of.setdefault((name, team), set()).add(ident)
    positions = _positions(seen, which, len(kinds))
    listed = _listed(player_table)
    players: dict[str, Player] = {}
    order: dict[str, int] = {}
    numbers: list[int] = []
    for k, (ident, name, team, shirt) in enumerate(kinds):
        if _is_ball(ident, name, team):
            numbers.append(BALL)
            continue
        same = ids_of.get((name, team), set())
        if ident is None and name is not None and len(same) == 1:
            ident = next(iter(same))
        if ident is None:
            name_or_shirt = name if name is not None else None if shirt is None else str(shirt)
            if name_or_shirt is None or team is None:
                numbers.append(UNKNOWN)
                continue
            ident = f"{team}-{name_or_shirt}"[:200]
        if ident not in players:
            listed_name, position = listed.get(ident, ("", ""))
            order[ident] = len(players)
            players[ident] = Player(ident, name or listed_name or ident, team or "", positions[k] or position, shirt)
        numbers.append(order[ident])
    return TrackedPlayers(np.array(numbers, np.int64)[which] if len(kinds) else np.zeros(0, np.int64), list(players.values()))


def _numbered(seen: Table, word: str) -> tuple[npt.NDArray[np.int64], list[Any]]:
    if word not in seen:
        return np.zeros(len(seen), np.int64), [None]
    values = seen[word]
    return numbered(np.where(np.isfinite(values), values, -1.0) if values.dtype == np.float64 else values)


def _shirt(value: Any) -> int | None:
    return int(value) if value is not None and 0 <= value < 1000 else None


def _is_ball(ident: str | None, name: str | None, team: str | None) -> bool:
    if (name or "").lower() in _BALL or (team or "").lower() in _BALL:
        return True
    return ident is None and name is None and team is None


def _refuse_shared_ids(
    seen: Table, ids: npt.NDArray[np.int64], words: list[Any], which: npt.NDArray[np.int64], kinds: list[Any]
) -> None:
    """``BadInput`` for an id with two names, or with one name in two teams of one play."""
    bearers: dict[str, set[int]] = {}
    for k, (ident, name, team, _) in enumerate(kinds):
        if ident is not None and not _is_ball(ident, name, team):
            bearers.setdefault(ident, set()).add(k)
    for ident, several in bearers.items():
        if len({kinds[k][1:3] for k in several}) < 2:
            continue
        plays: dict[tuple[int, int], list[int]] = {}
        for row in np.flatnonzero(ids == words.index(ident)).tolist():
            kind = int(which[row])
            seen_as = plays.setdefault((int(seen["game"][row]), int(seen["play"][row])), [])
            if kind in seen_as:
                continue
            # a cell that is empty in some rows does not make another player
            other = next((m for m in seen_as if _differ(kinds[m], kinds[kind])), None)
            if other is not None:
                raise BadInput(
                    f"{seen.path} gives the id {ident} to two players, {_full_name(kinds[other])} and {_full_name(kinds[kind])}, "
                    f"row {seen.row[row]}"
                )
            seen_as.append(kind)


def _differ(one: Any, two: Any) -> bool:
    """Whether name or team of two kinds of rows, where both have them, are not the same."""
    return any(a and b and a != b for a, b in zip(one[1:3], two[1:3], strict=True))


def _full_name(kind: Any) -> str:
    return " of ".join(word for word in kind[1:3] if word)


def _positions(seen: Table, which: npt.NDArray[np.int64], count: int) -> list[str]:
    """The position of each kind of row, by the first row that has it."""
    found = [""] * count
    if "position" not in seen:
        return found
    codes, words = numbered(seen["position"])
    pairs, _ = np.unique(which * (len(words) + 1) + codes, return_index=True)
    for pair in pairs.tolist():
        kind, code = divmod(pair, len(words) + 1)
        found[kind] = found[kind] or (words[code] or "")
    return found


def _listed(player_table: Table | None) -> dict[str, tuple[str, str]]:
    """{id: (name, position)} of the table of players."""
    found: dict[str, tuple[str, str]] = {}
    if player_table is not None:
        for k in range(len(player_table)):
            ident, entry = player_table.text("id", k), (player_table.text("name", k), player_table.text("position", k))
            if not ident:
                continue
            if found.setdefault(ident, entry)[0] != entry[0]:
                raise BadInput(
                    f"{player_table.path} gives the id {ident} to two players, {found[ident][0]} and {entry[0]}, "
                    f"row {player_table.row[k]}"
                )
    return found
