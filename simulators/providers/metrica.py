"""Metrica Sports sample data: the events of a match as CSV (``…RawEventsData.csv``).

Our own reader: kloppy reads Metrica's tracking CSV and its EPTS and JSON formats, not this table. Coordinates are 0..1
with (0, 0) at the top left of the broadcast picture, in the stadium's orientation; the pitch is 105 x 68 m.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulators.providers import Imported
from simulators.providers._files import metres, number, only, pick, present, rows
from simulators.providers._stream import EVENT_DELAY_US, NO_DATE_US, Side, attacks, edges, in_time_order
from streaming.errors import BadInput
from streaming.records import Entity, Event, Feed, GameRecord, Period, Team

LENGTH_M, WIDTH_M = 105.0, 68.0
_COLUMNS = (
    "Team", "Type", "Subtype", "Period", "Start Time [s]", "End Time [s]", "From", "To",
    "Start X", "Start Y", "End X", "End Y",
)  # fmt: skip
_SET_PIECES = {
    "KICK OFF": "kick_off", "FREE KICK": "free_kick", "CORNER KICK": "corner", "THROW IN": "throw_in",
    "PENALTY": "penalty", "GOAL KICK": "goal_kick",
}  # fmt: skip


def read(files: list[Path]) -> Imported:
    """The one file."""
    path = pick(files, "metrica", "…RawEventsData.csv", lambda name: name.endswith(".csv"))
    only(files, [path], "metrica", "one …RawEventsData.csv")
    table = rows(path, "metrica", _COLUMNS)
    if not table:
        raise BadInput(f"{path} holds no events")
    name = path.name.lower().removesuffix(".gz").removesuffix(".csv").removesuffix("_raweventsdata")
    game = f"metrica-{name.replace('_', '-')}"
    events = _events(path, table, game)

    spans: dict[int, list[float]] = {}
    for row in table:
        at = present(row["Start Time [s]"], path, "Start Time [s]")
        spans.setdefault(_period(row, path), []).append(at)
    shots = [event for event in events if event.type == "shot"]
    told = attacks((e.period, 0 if e.team == "home" else 1, np.nan if e.x_m is None else e.x_m) for e in shots)
    periods = [
        Period(number=n, start_us=_us(min(at)), end_us=_us(max(at)), home_attacks=_attack(n, told))
        for n, at in spans.items()
    ]
    events = in_time_order([*events, *edges(game, periods)])

    keepers = {row["From"] for row in table if "GOAL KICK" in row["Subtype"]}
    players = dict.fromkeys((name, row["Team"].lower()) for row in table for name in (row["From"], row["To"]) if name)
    record = GameRecord(
        game=game, sport="soccer", t0_us=_us(0.0), title="Metrica sample game",
        teams=(Team(id="home", name="Home"), Team(id="away", name="Away")),
        entities=[
            Entity(
                id=name, name=name, team=team, role="keeper" if name in keepers else "player",
                shirt=int(name.removeprefix("Player")) if name.removeprefix("Player").isdigit() else None,
            )
            for name, team in players
        ] + [Entity(id="ball", name="Ball", role="ball")],
        tags=[], feeds=[Feed(name="events", kind="events", lateness_ms=5000, sync_ms=40)],
        periods=periods, length_m=LENGTH_M, width_m=WIDTH_M,
        provenance={
            "provider": "metrica", "files": path.name, "source": "Metrica Sports sample data, events",
            "terms": "be responsible with the use of this data; anything public acknowledges Metrica Sports",
            "clock": "the match clock in the file from 2000-01-01T00:00:00Z",
            "arrival": f"synthetic: {EVENT_DELAY_US // 1000} ms after it happened",
            "direction": "told by where the shots were taken",
        },
    )  # fmt: skip
    return Imported(record, lambda: iter(events), 0)


def _us(seconds: float) -> int:
    return NO_DATE_US + round(seconds * 1e6)


def _period(row: dict[str, str], path: Path) -> int:
    try:
        return int(row["Period"])
    except ValueError:
        raise BadInput(f"{path} has {row['Period']!r} in the column Period") from None


def _attack(period: int, told: dict[int, Side]) -> Side:
    """What the shots tell, else the opposite of the period before."""
    if period in told:
        return told[period]
    return -1 if told.get(period - 1) == 1 else 1


def _events(path: Path, table: list[dict[str, str]], game: str) -> list[Event]:
    events: list[Event] = []
    piece: tuple[str, str] | None = None  # who is about to take which set piece
    for index, row in enumerate(table):
        if row["Type"] == "SET PIECE":
            piece = (row["From"], _SET_PIECES[row["Subtype"]]) if row["Subtype"] in _SET_PIECES else None
            continue
        words = set(row["Subtype"].split("-"))
        found = _kind(row["Type"], words)
        if found is None:
            continue
        kind, outcome = found
        attrs: dict[str, str | float | bool] = {}
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
        if kind == "card":
            attrs["card"] = row["Subtype"].lower().replace(" ", "_")
        start = [number(row[f"Start {axis}"].replace("NaN", ""), path, f"Start {axis}") for axis in "XY"]
        end = [number(row[f"End {axis}"].replace("NaN", ""), path, f"End {axis}") for axis in "XY"]
        t_us = _us(present(row["Start Time [s]"], path, "Start Time [s]"))
        events.append(
            Event(
                id=f"{index + 1}", game=game, type=kind, t_us=t_us, period=_period(row, path), team=row["Team"].lower(),
                player=row["From"] or None, outcome=outcome, attrs=attrs, arrival_us=t_us + EVENT_DELAY_US,
                x_m=metres((start[0] - 0.5) * LENGTH_M), y_m=metres((0.5 - start[1]) * WIDTH_M),
                end_x_m=metres((end[0] - 0.5) * LENGTH_M), end_y_m=metres((0.5 - end[1]) * WIDTH_M),
            )
        )  # fmt: skip
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
        if kind == "BALL OUT" and "GOAL" in words:
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
