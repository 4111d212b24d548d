"""Matches of Wyscout's open events as the moments that the live path would have: in order, in metres, in our own words.

The words are those of the importer of such files (a test holds both against each other), cut down to what passes and results are
about: passes, goals, cards, dead balls and the edges of periods. Facts that only the rest of the row implies, or that were written
with the outcome in mind, are not in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.event_context import EventContext
from features.soccer.ledger import LENGTH_M, WIDTH_M
from models.data.wyscout import (
    ACCURATE,
    GOAL,
    HEAD,
    HIGH,
    KIND,
    LEFT_FOOT,
    LOW,
    NOT_ACCURATE,
    OWN_GOAL,
    RED,
    RIGHT_FOOT,
    SECOND_YELLOW,
    SHOOTOUT,
    THROUGH,
    Events,
    Matches,
    flags,
    is_here,
)

Attrs = dict[str, str | float | bool]

_OPEN: Final[Attrs] = {"set_piece": "open_play", "cross": False}
#: attributes that follow from the kind of a pass
PASSES: Final[dict[tuple[str, str], Attrs]] = {
    ("Pass", "Simple pass"): _OPEN | {"height": "ground"},
    ("Pass", "High pass"): _OPEN | {"height": "high"},
    ("Pass", "Launch"): _OPEN | {"height": "high"},
    ("Pass", "Head pass"): _OPEN | {"body_part": "head"},
    ("Pass", "Hand pass"): _OPEN | {"body_part": "other"},
    ("Pass", "Smart pass"): _OPEN,
    ("Pass", "Cross"): {"set_piece": "open_play", "cross": True},
    ("Free Kick", "Throw in"): {"set_piece": "throw_in", "cross": False, "body_part": "other"},
    ("Free Kick", "Free Kick"): {"set_piece": "free_kick", "cross": False},
    ("Free Kick", "Free kick cross"): {"set_piece": "free_kick", "cross": True},
    ("Free Kick", "Goal kick"): {"set_piece": "goal_kick", "cross": False},
    ("Free Kick", "Corner"): {"set_piece": "corner"},
}
SHOTS: Final = (("Shot", "Shot"), ("Free Kick", "Free kick shot"), ("Free Kick", "Penalty"))
SAVES: Final = (("Save attempt", "Save attempt"), ("Save attempt", "Reflexes"))
_DEAD: Final[dict[tuple[str, str], str]] = {
    ("Interruption", "Ball out of the field"): "out",
    ("Offside", ""): "offside",
    **{("Foul", word): "foul" for word in ("Foul", "Hand foul", "Simulation", "Violent Foul", "Out of game foul")},
}
#: pauses before periods 2 to 5, which the data do not give (s); no feature depends on them
_PAUSE_S: Final = {2: 900.0, 3: 300.0, 4: 60.0, 5: 300.0}
#: a keeper's goal belongs to a shot so near to it
_NEAR_S: Final = 15.0
_NOWHERE: Final = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Played:
    """A match as moments, in order; ``players`` is how many there are, ``at`` which event each moment is (-1: an edge)."""

    match: int
    players: int
    moments: list[EventContext]
    at: list[int]


def folder_of(folder: Path) -> Path:
    """Where the two tables are: ``folder``, or ``wyscout_events`` in it. ``ValueError`` when they are in neither."""
    found = next((at for at in (folder, folder / "wyscout_events") if is_here(at)), None)
    if found is None:
        raise ValueError(f"there is no file events.parquet in {folder}, or in its wyscout_events")
    return found


def matches(events: Events, of: Matches) -> Iterator[Played]:
    """Every match that has teams, one after the other; shoot-outs are left out, who was sent off twice over is one card."""
    teams = dict(zip(of.match.tolist(), zip(of.home.tolist(), of.away.tolist())))
    first = np.flatnonzero(np.r_[True, events.match[1:] != events.match[:-1]]) if len(events) else np.zeros(0, np.int64)
    for lo, hi in zip(first.tolist(), [*first[1:].tolist(), len(events)]):
        match = int(events.match[lo])
        if match in teams:
            yield _match(match, teams[match], events, lo, hi)


def _match(match: int, teams: tuple[int, int], events: Events, lo: int, hi: int) -> Played:
    part = events.take(np.arange(lo, hi))
    columns = [getattr(part, name).tolist() for name in ("id", "period", "second", "team", "player", "kind")]
    start_at, end_at = _places(part.x, part.y, part.of(("Free Kick", "Corner"))), _places(part.end_x, part.end_y)
    tags = part.tags.tolist()
    names: dict[int, int] = {}
    for team, player in zip(columns[3], columns[4]):
        if player and team in teams:
            names.setdefault(player, len(names))
    start = _starts(part)
    goals = _keepers_goals(part)
    out: list[EventContext] = []
    at: list[int] = []
    period, out_s = 0, 0.0
    for i, (ident, number, second, team, player, kind) in enumerate(zip(*columns)):
        if number >= SHOOTOUT:
            break
        if number != period:
            if period:
                out.append(_edge("period_end", period, out_s))
                at.append(-1)
            period = number
            out.append(_edge("period_start", period, start[period]))
            at.append(-1)
        out_s = start[period] + round(second * 1000) / 1000
        side = teams.index(team) if team in teams else -1
        for word, outcome, attrs in _words(kind, tags[i], i in goals):
            at_x, at_y = start_at[i]
            end_x, end_y = end_at[i] if word == "pass" else _NOWHERE
            if word == "save":
                word, side, player, at_x, at_y = "shot", 1 - side if side >= 0 else -1, 0, *_NOWHERE
            way = (1 if period % 2 else -1) * (1 if side == 0 else -1) if side >= 0 else 0
            known = side >= 0 and word != "out"
            out.append(
                EventContext(
                    id=str(ident) if word != "card" else f"{ident}-card",
                    type=word,
                    t_s=out_s,
                    period=period,
                    team=side if known else -1,
                    player=names.get(player, -1) if known else -1,
                    x_m=way * at_x,
                    y_m=way * at_y,
                    end_x_m=way * end_x,
                    end_y_m=way * end_y,
                    outcome=outcome,
                    attack=way if known else 0,
                    attrs=attrs,
                )
            )
            at.append(lo + i)
    if period:
        out.append(_edge("period_end", period, out_s))
        at.append(-1)
    return Played(match, len(names), out, at)


_G, _OG, _A, _NA, _TH = (int(flags(tag)) for tag in (GOAL, OWN_GOAL, ACCURATE, NOT_ACCURATE, THROUGH))
_TAGS: Final = {
    int(flags(tag)): what
    for tag, what in (
        (HIGH, ("height", "high")),
        (LOW, ("height", "low")),
        (LEFT_FOOT, ("body_part", "left_foot")),
        (RIGHT_FOOT, ("body_part", "right_foot")),
        (HEAD, ("body_part", "head")),
    )
}
_TAGGED: Final = int(flags(HIGH, LOW, LEFT_FOOT, RIGHT_FOOT, HEAD))
_OFF: Final = int(flags(RED, SECOND_YELLOW))
_SECOND: Final = int(flags(SECOND_YELLOW))
_PASS_OF: Final = {KIND[kind]: attrs for kind, attrs in PASSES.items()}
_DEAD_OF: Final = {KIND[kind]: word for kind, word in _DEAD.items()}
_SHOT_OF: Final = frozenset(KIND[kind] for kind in SHOTS)


def _words(kind: int, tags: int, keepers_goal: bool) -> Iterator[tuple[str, str, Attrs]]:
    """What an event is: (type, outcome, attrs), none, one, or with a red card two."""
    if tags & _OG:
        yield "own_goal", "", {}
    elif kind in _PASS_OF:
        if tags & _G:
            yield "shot", "goal", {}
        else:
            outcome = "complete" if tags & _A else "incomplete" if tags & _NA else ""
            attrs = {**_PASS_OF[kind], "through_ball": bool(tags & _TH)}
            if tags & _TAGGED:
                attrs |= {name: word for bit, (name, word) in _TAGS.items() if tags & bit}
            yield "pass", outcome, attrs
    elif kind in _SHOT_OF:
        yield "shot", "goal" if tags & _G else "", {}
    elif keepers_goal:
        yield "save", "goal", {}
    elif kind in _DEAD_OF:
        yield _DEAD_OF[kind], "", {}
    if tags & _OFF:
        yield "card", "", {"card": "second_yellow" if tags & _SECOND else "red"}


def _starts(part: Events) -> dict[int, float]:
    """When each period begins, s: its second 0."""
    out: dict[int, float] = {}
    end = 0.0
    for period in np.unique(part.period).tolist():
        out[period] = end + _PAUSE_S[period] if out else 0.0
        end = out[period] + round(float(part.second[part.period == period].max()) * 1000) / 1000
    return out


def _keepers_goals(part: Events) -> set[int]:
    """Goals that only the keeper's row reports: no shot of the other team and no own goal near it."""
    found = set()
    for i in np.flatnonzero(part.of(*SAVES) & part.has(GOAL)).tolist():
        near = slice(max(i - 8, 0), i + 3)
        close = (part.period[near] == part.period[i]) & (np.abs(part.second[near] - part.second[i]) <= _NEAR_S)
        near_goal = (part.tags[near] & flags(GOAL) != 0) & (part.team[near] != part.team[i])
        is_save = np.isin(part.kind[near], [KIND[kind] for kind in SAVES])
        if not (close & ~is_save & (near_goal | (part.tags[near] & flags(OWN_GOAL) != 0))).any():
            found.add(i)
    return found


def _places(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], corner: Any = False) -> list[list[float]]:
    """(N, 2) metres from the centre as the team attacks, left positive; a corner of the field stands for "no place"."""
    u, v = x.astype(np.float64), y.astype(np.float64)
    out = np.round(np.stack([(u / 100 - 0.5) * LENGTH_M, (0.5 - v / 100) * WIDTH_M], axis=1), 4)
    out[np.isin(u, (0.0, 100.0)) & np.isin(v, (0.0, 100.0)) & ~np.asarray(corner)] = np.nan
    return list(out.tolist())


def _edge(word: str, period: int, t_s: float) -> EventContext:
    nan: Any = np.nan
    return EventContext(
        id=f"{word}-{period}",
        type=word,
        t_s=t_s,
        period=period,
        team=-1,
        player=-1,
        x_m=nan,
        y_m=nan,
        end_x_m=nan,
        end_y_m=nan,
        outcome="",
        attack=0,
        attrs={},
    )
