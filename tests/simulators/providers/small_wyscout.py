"""Two small matches in Wyscout's words, as the re-packed tables and as the JSON that Wyscout published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: period, second, team, player, event, sub-event, start, end, tags; home is 1 with keeper 11, away is 2 with keeper 22
MATCH: list[tuple[Any, ...]] = [
    ("1H", 1.2, 1, 12, "Pass", "Simple pass", (50, 50), (40, 60), [1801]),
    ("1H", 3.0, 1, 13, "Pass", "Simple pass", (40, 60), (70, 10), [1802, 901]),
    ("1H", 5.0, 2, 23, "Others on the ball", "Touch", (30, 90), (20, 100), [1401]),
    ("1H", 6.0, 1, 0, "Interruption", "Ball out of the field", (80, 0), (0, 0), []),
    ("1H", 20.0, 1, 13, "Free Kick", "Throw in", (80, 0), (90, 40), [1801]),
    ("1H", 22.0, 1, 12, "Pass", "Cross", (95, 10), (100, 100), [401, 801, 1802, 2101]),
    ("1H", 30.0, 1, 13, "Free Kick", "Corner", (100, 0), (94, 50), [801, 1801, 302]),
    ("1H", 31.0, 1, 12, "Shot", "Shot", (94, 50), (0, 0), [101, 403, 201, 1203, 1801]),
    ("1H", 32.0, 2, 22, "Save attempt", "Reflexes", (100, 100), (6, 50), [101, 1203, 1802]),
    ("1H", 60.0, 2, 23, "Pass", "Simple pass", (50, 49), (55, 50), [1801]),
    ("1H", 61.0, 2, 24, "Duel", "Ground attacking duel", (55, 50), (60, 55), [504, 703, 1801]),
    ("1H", 61.1, 1, 13, "Duel", "Ground defending duel", (45, 50), (40, 45), [503, 1601, 701, 1802]),
    ("1H", 63.0, 1, 13, "Foul", "Foul", (40, 45), (0, 0), [1702]),
    ("1H", 64.0, 1, 13, "Foul", "Protest", (40, 45), (0, 0), []),
    ("1H", 80.0, 2, 24, "Free Kick", "Free kick shot", (78, 40), (0, 0), [402, 1101, 1205, 1801]),
    ("1H", 81.0, 1, 11, "Save attempt", "Save attempt", (0, 0), (20, 60), [1205, 1801]),
    ("1H", 90.0, 2, 23, "Pass", "High pass", (40, 50), (90, 50), [1802]),
    ("1H", 90.5, 2, 24, "Offside", "", (90, 50), (0, 0), []),
    ("1H", 2700.5, 1, 12, "Others on the ball", "Clearance", (10, 50), (40, 50), [1802, 1401]),
    ("2H", 2.0, 2, 23, "Pass", "Simple pass", (50, 50), (60, 50), [1801]),
    ("2H", 9.0, 2, 24, "Pass", "Head pass", (4, 50), (1, 50), [102]),
    ("2H", 12.0, 1, 12, "Shot", "Shot", (80, 50), (0, 0), [402, 2101, 1802]),
    ("2H", 20.0, 1, 12, "Shot", "Shot", (80, 50), (0, 0), [401, 1219, 1802]),
    ("2H", 30.0, 1, 12, "Shot", "Shot", (80, 50), (0, 0), [401, 1215, 1802]),
    ("2H", 40.0, 1, 11, "Free Kick", "Goal kick", (0, 0), (60, 50), []),
    ("2H", 45.0, 1, 12, "Others on the ball", "Acceleration", (60, 50), (75, 50), [1801, 1901]),
    ("2H", 50.0, 1, 12, "Duel", "Air duel", (75, 50), (75, 50), [702, 1801]),
    ("2H", 60.0, 2, 24, "Free Kick", "Penalty", (90, 50), (0, 0), [101, 401, 1201, 1801]),
    ("2H", 61.0, 1, 11, "Save attempt", "Reflexes", (0, 0), (10, 50), [101, 1201, 1802]),
    ("E1", 0.9, 1, 12, "Pass", "Launch", (30, 30), (70, 50), [1801]),
    ("E2", 300.0, 2, 23, "Foul", "Hand foul", (30, 30), (0, 0), [1703]),
    ("P", 10.0, 1, 12, "Free Kick", "Penalty", (90, 50), (0, 0), [101, 401, 1201, 1801]),
    ("P", 11.0, 2, 22, "Save attempt", "Reflexes", (100, 100), (0, 0), [101, 1201, 1802]),
]  # fmt: skip
FIRST = 100


def rows(match: int, events: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [
        {
            "match_id": match,
            "event_id": FIRST + i,
            "period": period,
            "second": second,
            "team_id": team,
            "player_id": player,
            "event": event,
            "sub_event": sub,
            "x": start[0],
            "y": start[1],
            "end_x": end[0],
            "end_y": end[1],
            "tags": tags,
        }
        for i, (period, second, team, player, event, sub, start, end, tags) in enumerate(events)
    ]


def about(
    match: int, duration: str = "Regular", score: tuple[int, int] = (0, 0), extra: tuple[int, int] = (0, 0)
) -> dict[str, Any]:
    return {
        "match_id": match,
        "competition": "World_Cup",
        "date": "2018-07-01",
        "gameweek": 0,
        "duration": duration,
        "home_id": 1,
        "away_id": 2,
        "home_score": score[0],
        "away_score": score[1],
        "home_score_extra": extra[0],
        "away_score_extra": extra[1],
        "home_pens": 1,
        "away_pens": 0,
        "label": f"Hosts - Guests, {extra[0]} - {extra[1]} (P)",
        "winner": 1,
    }


def tables(folder: Path, matches: dict[int, list[tuple[Any, ...]]], about_them: list[dict[str, Any]]) -> list[Path]:
    """The events in one file, the last match first and its rows backwards: order is the reader's business."""
    events = [row for match, some in matches.items() for row in rows(match, some)]
    pq.write_table(pa.Table.from_pylist(events[::-1]), folder / "events.parquet", row_group_size=16)
    pq.write_table(pa.Table.from_pylist(about_them), folder / "matches.parquet")
    return [folder / "events.parquet", folder / "matches.parquet"]


def wyscout(folder: Path) -> list[Path]:
    return tables(folder, {7: MATCH}, [about(7, "Penalties", (2, 1), (2, 1))])


def published(folder: Path) -> list[Path]:
    """The same match as Wyscout's own JSON, with names, squads and a substitution."""
    events = [
        {
            "id": row["event_id"],
            "matchId": 7,
            "matchPeriod": row["period"],
            "eventSec": row["second"] + 1e-9,
            "teamId": row["team_id"],
            "playerId": row["player_id"],
            "eventName": row["event"],
            "subEventName": row["sub_event"],
            "eventId": 8,
            "subEventId": "" if not row["sub_event"] else 85,
            "tags": [{"id": tag} for tag in row["tags"]],
            "positions": [{"x": row["x"], "y": row["y"]}, {"x": row["end_x"], "y": row["end_y"]}],
        }
        for row in rows(7, MATCH)
    ]
    side: dict[str, Any] = {"coachId": 0, "hasFormation": 1, "score": 2, "scoreHT": 1, "scoreET": 2, "scoreP": 1}
    home = side | {
        "teamId": 1,
        "side": "home",
        "formation": {
            "lineup": [{"playerId": p} for p in (11, 12, 13)],
            "bench": [{"playerId": 14}],
            "substitutions": [{"playerIn": 14, "playerOut": 13, "minute": 46}],
        },
    }
    away = side | {
        "teamId": 2,
        "side": "away",
        "score": 1,
        "scoreET": 1,
        "scoreP": 0,
        "formation": {
            "lineup": [{"playerId": p} for p in (22, 23, 24)],
            "bench": [],
            "substitutions": "null",
        },
    }
    match = {
        "wyId": 7,
        "status": "Played",
        "duration": "Penalties",
        "dateutc": "2018-07-01 14:00:00",
        "label": "Hosts - Guests, 2 - 1 (P)",
        "teamsData": {"2": away, "1": home},
        "winner": 1,
        "competitionId": 28,
    }
    players = [
        {"wyId": p, "shortName": f"N. {p}" if p != 12 else "\\u00c1. Doce", "role": {"code2": "GK" if p in (11, 22) else "MD"}}
        for p in (11, 12, 13, 14, 22, 23, 24)
    ]
    teams = [{"wyId": 1, "name": "H\\u00f4tes"}, {"wyId": 2, "name": "Guests"}]
    for name, found in (("events_X", events), ("matches_X", [match]), ("players", players), ("teams", teams)):
        (folder / f"{name}.json").write_text(json.dumps(found))
    return sorted(folder.iterdir())
