"""Who stands in a row of NGS tracking: a player, the ball, or nobody that the file knows.

The ball is called "ball" or "football", by its name or by its team, or has neither name nor id. A player is known by his id; one
who has none, by his team and name or shirt, unless the same man has an id in another row. An id that two men bear is refused: whose
figures were whose could not be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.providers._ngs_tables import Table, numbered
from streaming.errors import BadInput

_BALL: Final = frozenset({"ball", "football"})
#: in place of a person's number
BALL, NOBODY = -1, -2

_ROLE: Final = {
    **dict.fromkeys(("QB",), "passer"), **dict.fromkeys(("RB", "FB", "HB"), "back"), "WR": "receiver", "TE": "end",
    **dict.fromkeys(("T", "G", "C", "OT", "OG", "OL", "LT", "LG", "RG", "RT"), "line"),
    **dict.fromkeys(("DE", "DT", "NT", "DL", "EDGE"), "rusher"), **dict.fromkeys(("OLB", "ILB", "MLB", "LB"), "backer"),
    **dict.fromkeys(("CB", "FS", "SS", "S", "DB", "SAF"), "cover"), **dict.fromkeys(("K", "P", "LS", "PK"), "kicker"),
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A player as the files know him; ``team`` as the tracking spells it, empty where it does not."""

    ident: str
    name: str
    team: str
    position: str
    shirt: int | None

    @property
    def role(self) -> str:
        return _ROLE.get(self.position.upper(), "player")


@dataclass(frozen=True)
class People:
    """``who`` (rows,) numbers into ``persons``, ``BALL`` or ``NOBODY``."""

    who: npt.NDArray[np.int64]
    persons: list[Person]


def people(seen: Table, told: Table | None) -> People:
    """Everybody in the tracking, with what the table of players knows beside it."""
    ids, id_words = _numbered(seen, "id")
    names, name_words = _numbered(seen, "name")
    teams, team_words = _numbered(seen, "team")
    shirts, shirt_words = _numbered(seen, "shirt")
    mixed = ((ids * len(name_words) + names) * len(team_words) + teams) * len(shirt_words) + shirts
    _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
    kinds = [(id_words[ids[k]], name_words[names[k]], team_words[teams[k]], _shirt(shirt_words[shirts[k]])) for k in first.tolist()]
    _refuse_shared_ids(seen, ids, id_words, which, kinds)
    known: dict[tuple[Any, Any], set[str]] = {}
    for ident, name, team, _ in kinds:
        if ident is not None and name is not None:
            known.setdefault((name, team), set()).add(ident)
    positions = _positions(seen, which, len(kinds))
    listed = _listed(told)
    persons: dict[str, Person] = {}
    order: dict[str, int] = {}
    numbers: list[int] = []
    for k, (ident, name, team, shirt) in enumerate(kinds):
        if _is_ball(ident, name, team):
            numbers.append(BALL)
            continue
        same = known.get((name, team), set())
        if ident is None and name is not None and len(same) == 1:
            ident = next(iter(same))
        if ident is None:
            by = name if name is not None else None if shirt is None else str(shirt)
            if by is None or team is None:
                numbers.append(NOBODY)
                continue
            ident = f"{team}-{by}"[:200]
        if ident not in persons:
            called, position = listed.get(ident, ("", ""))
            order[ident] = len(persons)
            persons[ident] = Person(ident, name or called or ident, team or "", positions[k] or position, shirt)
        numbers.append(order[ident])
    return People(np.array(numbers, np.int64)[which] if len(kinds) else np.zeros(0, np.int64), list(persons.values()))


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
    """An id belongs to one man: two names, or one name in two teams of one play, are not one."""
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
            men = plays.setdefault((int(seen["game"][row]), int(seen["play"][row])), [])
            if kind in men:
                continue
            # a cell that is empty in some of his rows does not make another man of him
            other = next((m for m in men if _differ(kinds[m], kinds[kind])), None)
            if other is not None:
                raise BadInput(
                    f"{seen.path} gives the id {ident} to two players, {_called(kinds[other])} and {_called(kinds[kind])}, "
                    f"row {seen.row[row]}"
                )
            men.append(kind)


def _differ(one: Any, two: Any) -> bool:
    """Whether name or team of two kinds of rows, where both have them, are not the same."""
    return any(a and b and a != b for a, b in zip(one[1:3], two[1:3], strict=True))


def _called(kind: Any) -> str:
    return " of ".join(word for word in kind[1:3] if word)


def _positions(seen: Table, which: npt.NDArray[np.int64], count: int) -> list[str]:
    """The position of each kind of row, by whichever row has it first."""
    found = [""] * count
    if "position" not in seen:
        return found
    codes, words = numbered(seen["position"])
    pairs, _ = np.unique(which * (len(words) + 1) + codes, return_index=True)
    for pair in pairs.tolist():
        kind, code = divmod(pair, len(words) + 1)
        found[kind] = found[kind] or (words[code] or "")
    return found


def _listed(told: Table | None) -> dict[str, tuple[str, str]]:
    """{id: (name, position)} of the table of players."""
    found: dict[str, tuple[str, str]] = {}
    if told is not None:
        for k in range(len(told)):
            ident, man = told.text("id", k), (told.text("name", k), told.text("position", k))
            if not ident:
                continue
            if found.setdefault(ident, man)[0] != man[0]:
                raise BadInput(
                    f"{told.path} gives the id {ident} to two players, {found[ident][0]} and {man[0]}, row {told.row[k]}"
                )
    return found
