"""Small matches in formats that kloppy reads, written by the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HOME, AWAY = {"id": 1, "name": "Hosts"}, {"id": 2, "name": "Guests"}
_TYPES = {
    "Starting XI": 35, "Half Start": 18, "Half End": 34, "Pass": 30, "Shot": 16, "Own Goal Against": 20, "Own Goal For": 25,
    "Foul Committed": 22,
}  # fmt: skip


def statsbomb(folder: Path, frames: bool = False) -> list[Path]:
    """Two halves and a shoot-out: a goal, a save, an own goal, a failed pass, a yellow card, a kick from the spot."""
    events: list[dict[str, Any]] = []

    def add(
        period: int, clock: str, team: dict[str, Any], player: int | None, kind: str, at: list[float] | None, **more: Any
    ) -> None:
        event: dict[str, Any] = {
            "id": f"e{len(events)}",
            "index": len(events) + 1,
            "period": period,
            "timestamp": f"00:{clock}",
            "minute": 0,
            "second": 0,
            "type": {"id": _TYPES[kind], "name": kind},
            "possession": 1,
            "possession_team": team,
            "team": team,
            "duration": 1.0,
            "play_pattern": {"id": 2, "name": "From Corner"},
        }
        if player:
            event["player"] = {"id": player, "name": f"N {player}"}
            event["position"] = {"id": 13, "name": "Right Center Midfield"}
        if at:
            event["location"] = at
        events.append(event | more)

    def shot(outcome: str, number: int, end: list[float], **more: Any) -> dict[str, Any]:
        made = {
            "statsbomb_xg": 0.25,
            "end_location": end,
            "outcome": {"id": number, "name": outcome},
            "type": {"id": 87, "name": "Open Play"},
            "body_part": {"id": 37, "name": "Head"},
            "technique": {"id": 93, "name": "Normal"},
        }
        return made | more

    for team, keeper in ((HOME, 11), (AWAY, 22)):
        lineup = [
            {"player": {"id": p, "name": f"N {p}"}, "jersey_number": p, "position": {"id": i, "name": name}}
            for p, i, name in ((keeper, 1, "Goalkeeper"), (keeper + 1, 13, "Right Center Midfield"))
        ]
        add(1, "00:00.000", team, None, "Starting XI", None, tactics={"formation": 442, "lineup": lineup})
    for period in (1, 2):
        for team in (HOME, AWAY):
            add(period, "00:00.000", team, None, "Half Start", None)
        if period == 1:
            right = {"id": 40, "name": "Right Foot"}
            add(
                1,
                "00:01.000",
                HOME,
                12,
                "Pass",
                [60.0, 40.0],
                **{
                    "pass": {
                        "recipient": {"id": 11, "name": "N 11"},
                        "length": 30.0,
                        "angle": 3.1,
                        "height": {"id": 1, "name": "Ground Pass"},
                        "end_location": [30.0, 40.0],
                        "body_part": {"id": 38, "name": "Left Foot"},
                        "type": {"id": 65, "name": "Kick Off"},
                    }
                },
            )
            add(
                1,
                "00:03.000",
                HOME,
                11,
                "Pass",
                [30.0, 40.0],
                **{
                    "pass": {
                        "length": 60.0,
                        "angle": 0.0,
                        "height": {"id": 3, "name": "High Pass"},
                        "end_location": [90.0, 20.0],
                        "outcome": {"id": 9, "name": "Incomplete"},
                        "body_part": right,
                        "cross": True,
                    }
                },
            )
            add(1, "00:08.000", AWAY, 23, "Shot", [108.0, 40.0], shot=shot("Saved", 100, [118.0, 40.0], first_time=True))
            goal = shot("Goal", 97, [120.0, 40.0, 1.0])
            if frames:
                place = {"id": 1, "name": "Goalkeeper"}
                goal["freeze_frame"] = [
                    {"location": [119.0, 40.0], "player": {"id": 11, "name": "N 11"}, "position": place, "teammate": False}
                ]
            add(1, "00:11.000", AWAY, 23, "Shot", [114.0, 44.0], shot=goal)
            card = {"card": {"id": 7, "name": "Yellow Card"}}
            add(1, "00:30.000", HOME, 12, "Foul Committed", [60.0, 40.0], foul_committed=card)
        else:
            add(2, "00:10.000", HOME, None, "Own Goal For", [118.0, 40.0])
            add(2, "00:10.000", AWAY, 23, "Own Goal Against", [2.0, 40.0])
        for team in (HOME, AWAY):
            add(period, "45:00.000", team, None, "Half End", None)
    for kind in ("Half Start", "Half End"):
        for team in (HOME, AWAY):
            add(5, "00:00.000" if kind == "Half Start" else "00:30.000", team, None, kind, None)
    spot = {"type": {"id": 88, "name": "Penalty"}}
    add(5, "00:05.000", HOME, 12, "Shot", [108.0, 40.0], shot=shot("Goal", 97, [120.0, 40.0, 1.0], **spot))
    players = [
        {
            "team_id": team["id"],
            "team_name": team["name"],
            "lineup": [
                {"player_id": p, "player_name": f"N {p}", "player_nickname": None, "jersey_number": p, "positions": []}
                for p in (keeper, keeper + 1)
            ],
        }
        for team, keeper in ((HOME, 11), (AWAY, 22))
    ]
    for name, found in (("events", events), ("lineups", players)):
        (folder / f"7_{name}.json").write_text(json.dumps(found))
    return [folder / "7_events.json", folder / "7_lineups.json"]


def metrica(folder: Path, seconds: float = 12.0, second_side: int = -1) -> list[Path]:
    """Tracking of six a side at 25 Hz, home on the left; in the second half on the right, unless ``second_side`` is 1."""
    n = round(seconds * 25)
    for team, own, shirts in (("Home", -1, range(1, 7)), ("Away", 1, range(11, 17))):
        lines = [",,," + ",".join(f"{team}," for _ in shirts) + ",,", ",,," + ",".join(f"{s}," for s in shirts) + ",,"]
        lines.append("Period,Frame,Time [s]," + ",".join(f"Player{s}," for s in shirts) + ",Ball,")
        for period, side in ((1, 1), (2, second_side)):
            for k in range(n):
                frame = k + 1 if period == 1 else 100_000 + k
                x = [0.5 + side * own * (0.1 + 0.05 * i) for i in range(len(shirts))]
                cells = ",".join(f"{v:.5f},0.25000" for v in x)
                lines.append(f"{period},{frame},{frame / 25:.2f},{cells},0.60000,0.40000")
        (folder / f"small_{team}_Tracking.csv").write_text("\n".join(lines) + "\n")
    return [folder / "small_Home_Tracking.csv", folder / "small_Away_Tracking.csv"]
