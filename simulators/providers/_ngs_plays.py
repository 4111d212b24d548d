"""One NGS play on a recording's time axis: its samples, its players, the state before it, and the events of its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from features.nfl.columns import YD
from features.nfl.vocabulary import ELIGIBLE, SNAPPED
from simulators.providers._ngs_events import SAME, Frame, Labels
from simulators.providers._ngs_players import BALL, UNKNOWN, TrackedPlayers
from simulators.providers._ngs_sides import Home, Sides, sides_of
from simulators.providers._ngs_tables import NO_TIME, Table
from simulators.providers._stream import NO_DATE_US
from streaming.wire.records import Event, Period

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LENGTH_YD, WIDTH_YD = 120.0, 160.0 / 3.0
TENTH_US: Final = 100_000
#: a play with so many frames to a stamp has stamps too coarse to order its frames by
COARSE: Final = 1.5
_QUARTER_S, _QUARTERS = 900.0, 4.0


@dataclass
class Play:
    """``rows`` of the tracking with their stamps, tags (0 the ball) and sides; ``phase`` and ``offense`` of the ball in each, NaN
    in the others; ``played_yd`` the provider's distance of each player since the snap."""

    rows: Ints
    t_us: Ints
    tag: npt.NDArray[np.uint32]
    phase: npt.NDArray[np.float32]
    offense: npt.NDArray[np.float32]
    played_yd: npt.NDArray[np.float64]
    period: Period
    events: list[Event]
    unused: dict[str, int]


def usable(seen: Table, rows: Ints, players: TrackedPlayers) -> tuple[Ints, Ints, dict[str, int]]:
    """The rows of a play that have a time, a place and a player, in the order of time, their stamps in us, and how many others."""
    unused = {}
    where = np.isfinite(seen["x"][rows]) & np.isfinite(seen["y"][rows])
    player_of = players.player_of[rows] != UNKNOWN
    for why, good in (("without x or y", where), ("of unknown players", player_of)):
        if not good.all():
            unused[why] = int((~good).sum())
    rows = rows[where & player_of]
    t_us = _stamps(seen, rows)
    if (t_us == NO_TIME).any():
        unused["without a time"] = int((t_us == NO_TIME).sum())
        rows, t_us = rows[t_us != NO_TIME], t_us[t_us != NO_TIME]
    order = np.argsort(t_us, kind="stable")
    return rows[order], t_us[order], unused


def _stamps(seen: Table, rows: Ints) -> Ints:
    """us of each row: its time, or that of its frame where the times are missing or coarser than the frames."""
    t_us = seen["time"][rows] if "time" in seen else np.full(len(rows), NO_TIME, np.int64)
    if "frame" not in seen:
        return t_us
    frame, known = seen["frame"][rows], t_us != NO_TIME
    framed = np.isfinite(frame)
    if not framed.any():
        return t_us
    coarse = len(np.unique(frame[framed])) > COARSE * max(1, len(np.unique(t_us[known])))
    if known.all() and not coarse:
        return t_us
    use = known & framed
    # the stamp of frame 0, by the first frame that has one; counted from the epoch of games without a date where none has
    first = int(np.flatnonzero(use)[np.argmin(frame[use])]) if use.any() else -1
    zero_us = int(t_us[first]) - round(float(frame[first]) * TENTH_US) if first >= 0 else NO_DATE_US
    made = np.full(len(rows), NO_TIME, np.int64)
    made[framed] = zero_us + np.round(frame[framed] * TENTH_US).astype(np.int64)
    return made if coarse else np.where(known, t_us, made)


def labels_of(seen: Table, rows: Ints, t_us: Ints, players: TrackedPlayers) -> list[list[str]]:
    """The labels of each distinct stamp, from every row, those of the ball's first."""
    stamps = np.unique(t_us)
    found: list[list[str]] = [[] for _ in stamps]
    if "event" not in seen:
        return found
    events = seen["event"][rows]
    marked = np.flatnonzero(np.array([event is not None for event in events.tolist()], np.bool_))
    at = np.searchsorted(stamps, t_us)
    for k in sorted(marked.tolist(), key=lambda k: (at[k], players.player_of[rows[k]] != BALL, k)):
        if events[k] not in found[at[k]]:
            found[at[k]].append(events[k])
    return found


def start_rows(t_us: Ints, labels: list[list[str]]) -> Ints:
    """The rows of the frame in which the play begins; those of the first frame without such a label."""
    begins = (k for k, of_frame in enumerate(labels) if any(SAME.get(w, w) in ("ball_snap", "kickoff") for w in of_frame))
    at: Ints = np.flatnonzero(t_us == np.unique(t_us)[next(begins, 0)])
    return at


class Tables(NamedTuple):
    """The tables of a recording and what follows from all of them: the players, and the home team."""

    plays: Table
    seen: Table
    players: TrackedPlayers
    home: Home


class Tags(Protocol):
    """Tags: the number of a player of a side, and the id and role of a number."""

    def tag(self, person: int, side: int) -> int: ...

    def player_of(self, tag: int) -> tuple[str, str]: ...


def build(tables: Tables, p: int, rows: Ints, t_us: Ints, at_us: int, tags: Tags, unused: dict[str, int]) -> Play | None:
    """The play in row ``p``, None when no row of it can be used: its first stamp falls on ``at_us``."""
    plays, seen, players, home = tables
    labels = labels_of(seen, rows, t_us, players)
    sides = sides_of(plays, p, seen, rows, players, home, start_rows(t_us, labels))
    player_of = players.player_of[rows]
    strange = (player_of >= 0) & (sides.side < 0)
    if strange.any():
        unused = {**unused, "of neither team": int(strange.sum())}
        keep = ~strange
        rows, t_us, player_of, sides = rows[keep], t_us[keep], player_of[keep], Sides(sides.side[keep], sides.offense, sides.right)
        labels = labels_of(seen, rows, t_us, players)
    if not len(rows):
        return None
    t_us = t_us - t_us[0] + at_us
    tag = np.zeros(len(rows), np.uint32)
    player_sides: dict[int, tuple[int, str]] = {}
    names: dict[int, str] = {}
    for person in dict.fromkeys(player_of[player_of >= 0].tolist()):
        mine = np.flatnonzero(player_of == person)
        side = int(np.bincount(sides.side[mine]).argmax())
        mine_tag = tags.tag(person, side)
        tag[mine] = mine_tag
        names[mine_tag], role = tags.player_of(mine_tag)
        player_sides[mine_tag] = (side, role)
    towards: Literal[-1, 0, 1] = 0
    if sides.right is not None and sides.offense >= 0:
        towards = 1 if sides.right == (sides.offense == 0) else -1
    number = {1: 1, -1: 2, 0: 3}[towards]
    period = Period(number=number, start_us=int(t_us[0]), end_us=int(t_us[-1]), home_attacks=towards)
    stamps = np.unique(t_us)
    frame = np.searchsorted(stamps, t_us)
    xy = np.full((len(stamps), int(tag.max(initial=0)) + 1, 2), np.nan)
    xy[frame, tag, 0] = (seen["x"][rows] - LENGTH_YD / 2) * YD
    xy[frame, tag, 1] = (seen["y"][rows] - WIDTH_YD / 2) * YD
    labelled = Labels(
        Frame(stamps, xy, labels, player_sides, names, sides.offense),
        game="ngs",
        period=period.number,
        play=f"{int(plays['game'][p])}/{int(plays['play'][p])}",
        state=_state(plays, p, seen, rows, sides, home),
        eligible=frozenset(ELIGIBLE),
    )
    on_ball = player_of == BALL
    whose = float(sides.offense) if sides.offense >= 0 else np.nan
    return Play(
        rows,
        t_us,
        tag,
        np.where(on_ball, labelled.phase[frame], np.nan).astype(np.float32),
        np.where(on_ball, whose, np.nan).astype(np.float32),
        _run(seen, rows, frame, tag, labelled.phase),
        period,
        labelled.events,
        unused,
    )


def _run(seen: Table, rows: Ints, frame: Ints, tag: npt.NDArray[np.uint32], phase: npt.NDArray[Any]) -> Floats:
    """(rows,) the provider's distance of each player since the snap, yd, and no further once the play is over; NaN before it and
    where it has no such column."""
    out = np.full(len(rows), np.nan)
    snapped = np.flatnonzero(phase >= SNAPPED)
    if "dis" not in seen or not len(snapped):
        return out
    for number in np.unique(tag[tag > 0]).tolist():
        mine = np.flatnonzero((tag == number) & (frame >= snapped[0]))
        steps = seen["dis"][rows[mine]]
        steps[(frame[mine] == snapped[0]) | (phase[frame[mine]] < SNAPPED)] = 0.0
        out[mine] = np.cumsum(steps)
    return out


def _state(plays: Table, p: int, seen: Table, rows: Ints, sides: Sides, home: Home) -> dict[str, float]:
    """What is known before the play: down, distance, clock, score; what is not is not there."""
    quarter = plays.number("quarter", p)
    state = {
        "down": plays.number("down", p),
        "to_go_yd": plays.number("to_go", p),
        "to_goal_yd": _to_goal(plays, p, seen, rows, sides),
        "clock_s": _clock_s(plays.text("clock", p)) + _QUARTER_S * max(_QUARTERS - quarter, 0.0),
        "quarter": quarter,
    }
    if int(plays["game"][p]) not in home.guessed:
        state |= {"home_points": plays.number("home_points", p), "away_points": plays.number("away_points", p)}
    return {name: float(value) for name, value in state.items() if np.isfinite(value)}


def _clock_s(clock: str) -> float:
    """Seconds left in the quarter: 05:30, and 05:30:00 as spreadsheets write it; NaN for anything else."""
    parts = clock.split(":")
    try:
        minutes, seconds = float(parts[0]), float(parts[1])
    except (IndexError, ValueError):
        return float("nan")
    return 60.0 * minutes + seconds if len(parts) <= 3 and 0.0 <= minutes <= 15.0 and 0.0 <= seconds < 60.0 else float("nan")


def _to_goal(plays: Table, p: int, seen: Table, rows: Ints, sides: Sides) -> float:
    """Yards to the opponents' goal line: by whose half the ball lies in, else by its place on the field."""
    number, half = plays.number("line_number", p), plays.text("line_side", p)
    if number == 50.0:
        return 50.0
    holder = plays.text("offense", p)
    if not holder and "team" in seen and sides.offense >= 0:
        own = np.flatnonzero(sides.side == sides.offense)
        holder = seen.text("team", int(rows[own[0]])) if len(own) else ""
    if half and holder and holder.lower() not in ("home", "away") and 0.0 < number < 50.0:
        return 100.0 - number if half == holder else number
    line = plays.number("line", p)
    if sides.right is None:
        return float("nan")
    return 110.0 - line if sides.right else line - 10.0
