"""Metrica's table of events: a row an action, with types of its own, as ours. Some events are in two rows and are taken once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.soccer.ledger import SHOOTOUT
from simulators.providers._files import metres, number, present, rows, whole
from simulators.providers._limits import check_length
from simulators.providers._stream import EVENT_DELAY_US, NO_DATE_US, Side
from streaming.errors import BadInput
from streaming.wire.records import Event

LENGTH_M, WIDTH_M = 105.0, 68.0
COLUMNS = ("Team", "Type", "Subtype", "Period", "Start Time [s]", "From", "To", "Start X", "Start Y", "End X", "End Y")
_SET_PIECES = {
    "KICK OFF": "kick_off", "FREE KICK": "free_kick", "CORNER KICK": "corner", "THROW IN": "throw_in",
    "PENALTY": "penalty", "GOAL KICK": "goal_kick",
}  # fmt: skip
Attrs = dict[str, str | float | bool]
Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    return rows(path, "metrica", COLUMNS)


def us(seconds: float) -> int:
    return NO_DATE_US + round(seconds * 1e6)


def times(path: Path, table: Sequence[Row]) -> dict[int, tuple[int, int, bool]]:
    """{period: (first time, last time, whether its end was reported)} of the rows, us."""
    found: dict[int, tuple[int, int, bool]] = {}
    for line, row in enumerate(table, 2):
        seconds = present(row["Start Time [s]"], path, "Start Time [s]", line)
        check_length(path, seconds)
        at = us(seconds)
        period = whole(row["Period"], path, "Period", line)
        if not 1 <= period <= SHOOTOUT:
            raise BadInput(f"{path} has the Period {period}, line {line}: a match has two, extra time two and a shoot-out one")
        first, last, over = found.get(period, (at, at, False))
        found[period] = min(first, at), max(last, at), over or "END HALF" in row["Subtype"].split("-")
    return found


def goal_kicks(path: Path, table: Sequence[Row]) -> dict[int, dict[str, Side]]:
    """Home's direction by goal kicks, in periods where all agree: {period: {"keepers": +1 or -1}}."""
    votes: dict[int, set[Side]] = {}
    for line, row in enumerate(table, 2):
        x = number(row["Start X"], path, "Start X", line)
        if "GOAL KICK" in row["Subtype"].split("-") and x == x and row["Team"].lower() in ("home", "away"):
            way: Side = 1 if (x < 0.5) == (row["Team"].lower() == "home") else -1
            votes.setdefault(whole(row["Period"], path, "Period", line), set()).add(way)
    return {period: {"keepers": next(iter(ways))} for period, ways in votes.items() if len(ways) == 1}


def events_of(path: Path, table: Sequence[Row], game: str) -> list[Event]:
    events: list[Event] = []
    piece: tuple[str, str] | None = None  # who is about to take which set piece
    for line, row in enumerate(table, 2):
        if row["Type"] == "SET PIECE":
            piece = (row["From"], _SET_PIECES[row["Subtype"]]) if row["Subtype"] in _SET_PIECES else None
            continue
        words = set(row["Subtype"].split("-"))
        found = _kind(row["Type"], words)
        if found is None:
            continue
        kind, outcome = found
        period = whole(row["Period"], path, "Period", line)
        attrs: Attrs = {}
        if kind in ("pass", "shot"):
            if piece is not None and piece[0] == row["From"]:
                attrs["set_piece"] = piece[1]
            elif "GOAL KICK" in words:
                attrs["set_piece"] = "goal_kick"
            piece = None
            if "HEAD" in words:
                attrs["body_part"] = "head"
            if "CROSS" in words:
                attrs["cross"] = True
            if "THROUGH BALL" in words:
                attrs["through_ball"] = True
            if outcome == "complete" and row["To"]:
                attrs["receiver"] = row["To"]
            if period == SHOOTOUT and kind == "shot":
                attrs["set_piece"] = "penalty"
        if kind == "card":
            attrs["card"] = row["Subtype"].lower().replace(" ", "_")
        start = [number(row[f"Start {axis}"], path, f"Start {axis}", line) for axis in "XY"]
        end = [number(row[f"End {axis}"], path, f"End {axis}", line) for axis in "XY"]
        if kind == "pass" and end[0] == end[0]:
            attrs["end_is"] = "arrival" if outcome == "complete" else "loss"
        t_us = us(present(row["Start Time [s]"], path, "Start Time [s]", line))
        events.append(
            Event(
                id=f"{line - 1}",
                game=game,
                type=kind,
                t_us=t_us,
                period=period,
                team=row["Team"].lower() or None,
                player=row["From"] or None,
                outcome=outcome,
                attrs=attrs,
                arrival_us=t_us + EVENT_DELAY_US,
                x_m=metres((start[0] - 0.5) * LENGTH_M),
                y_m=metres((0.5 - start[1]) * WIDTH_M),
                end_x_m=metres((end[0] - 0.5) * LENGTH_M),
                end_y_m=metres((0.5 - end[1]) * WIDTH_M),
            )
        )
    return events


def _kind(kind: str, words: set[str]) -> tuple[str, str] | None:
    """Metrica's type and the words of its subtype as our type and outcome; None for what repeats another row."""
    if kind == "PASS":
        return "pass", "complete"
    if kind == "SHOT":
        for word, outcome in (("GOAL", "goal"), ("SAVED", "saved"), ("BLOCKED", "blocked"), ("WOODWORK", "post")):
            if word in words:
                return "shot", outcome
        return "shot", "off_target"
    if kind in ("BALL LOST", "BALL OUT"):
        if "GOAL" in words:
            return "own_goal", ""
        if "CLEARANCE" in words:
            return "clearance", ""
        if "OFFSIDE" in words:
            return "pass", "offside"
        if words & {"THEFT", "REFEREE HIT", "END HALF"}:
            return ("duel", "lost") if "THEFT" in words else None
        return "pass", "out" if kind == "BALL OUT" else "incomplete"
    if kind == "RECOVERY":
        if "THEFT" in words:
            return "tackle", "won"
        for word, name in (("INTERCEPTION", "interception"), ("SAVED", "save"), ("BLOCKED", "block")):
            if word in words:
                return name, ""
        return "recovery", ""
    if kind == "CHALLENGE":
        if "FAULT" in words:
            return ("foul", "") if "LOST" in words else None
        outcome = "won" if "WON" in words else "lost" if "LOST" in words else ""
        if "DRIBBLE" in words:
            return "dribble", "complete" if outcome == "won" else "incomplete"
        return ("tackle" if "TACKLE" in words else "duel"), outcome
    return ("card", "") if kind == "CARD" else None
