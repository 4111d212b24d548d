"""Marginals of American football: what is called, how far it goes, fourth downs, coverage, routes, and how fast players run.

Facts: ``points`` (G,) of both teams in a game; plays from scrimmage by column: ``kind`` (P,) one of ``KINDS``, ``down``,
``to_go_yd``, ``to_goal_yd``, ``gained_yd`` (of runs, passes and sacks); ``depth_yd``, ``caught``, ``picked`` (T,) of each throw:
yards from the line to where it was caught or aimed; ``yac_yd`` (C,) after catches; ``rush_yd`` (R,) of runs; ``man`` (D,) whether a
pass was covered man to man (zone otherwise); ``rushers`` (D,) who went after the passer; ``route`` (X,) one of ``ROUTES``;
``fastest_mph`` (P,) of a play.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from models.marginals import Facts, Figures, by_band, mean, shares
from models.training.tables import column, read_table, words_of

KINDS: Final = ("run", "pass", "sack", "punt", "field goal")
RUN, PASS, SACK, PUNT, KICK = range(5)
ROUTES: Final = ("flat or screen", "slant", "curl or comeback", "out", "in or cross", "corner", "post", "go")
_INF: Final = float("inf")
_DEPTHS_YD: Final = (-_INF, 0.0, 10.0, 20.0, _INF)
#: the words of the charted plays; angle and wheel routes have no like here and are left out
_CHARTED: Final = {
    "FLAT": 0, "SCREEN": 0, "SLANT": 1, "HITCH": 2, "OUT": 3, "IN": 4, "CROSS": 4, "CORNER": 5, "POST": 6, "GO": 7,
}  # fmt: skip
MPH: Final = 0.44704  #: m/s
_YD: Final = 0.9144
#: faster than any player has run, yards/s: a tag that jumps
_JUMP_YDPS: Final = 12.5


def figures(facts: Facts) -> Figures:
    """Of whole games; fourth-down choices are runs, passes and sacks against kicks."""
    games = len(facts["points"])
    kind, down, to_goal, gained = facts["kind"], facts["down"], facts["to_goal_yd"], facts["gained_yd"]
    depth, caught = facts["depth_yd"], facts["caught"]
    ball = kind <= SACK
    found: Figures = {
        "plays a game": float(ball.sum()) / games,
        "points a game": mean(facts["points"]),
        "runs, of all plays": mean(kind[ball] == RUN),
        "sacks, of dropbacks": mean(kind[(kind == PASS) | (kind == SACK)] == SACK),
        "yards a play": mean(gained[ball]),
        "yards a run": mean(facts["rush_yd"]),
        "runs of 10 yd and more": mean(facts["rush_yd"] >= 10),
        "yards a pass": mean(gained[kind == PASS]),
        "yards after a catch": mean(facts["yac_yd"]),
        "passes that are caught": mean(caught),
        "passes that are intercepted": mean(facts["picked"]),
        "depth of a throw, mean, yd": mean(depth),
    }
    found |= dict(shares("throws", depth, _DEPTHS_YD, "yd"))
    found |= dict(by_band("caught", depth, caught, _DEPTHS_YD, "yd"))
    found["man coverage"] = mean(facts["man"])
    found["rushers, mean"] = mean(facts["rushers"])
    for k, word in enumerate(ROUTES):
        found[f"routes: {word}"] = mean(facts["route"] == k)
    fourth = (down == 4) & ((ball) | (kind >= PUNT))
    choice = np.where(ball, 0, kind)
    for word, what in (("go", 0), ("punt", PUNT), ("field goal", KICK)):
        found[f"fourth downs: {word}"] = mean(choice[fourth] == what)
    punts = to_goal[kind == PUNT]
    found["to the goal line at a punt, mean, yd"] = mean(punts)
    found["punts from 45 yd and nearer"] = mean(punts <= 45)
    found["punts from 35 yd and nearer"] = mean(punts <= 35)
    found["fastest of a play, mean, mph"] = mean(facts["fastest_mph"])
    found["fastest of all, mph"] = float(np.max(facts["fastest_mph"]))
    return found


def read(folder: Path) -> Facts:
    """The facts of real games: ``nfl_pbp_2009_2019`` (calls and gains), ``nfl_charting_2022`` (throws, coverage, routes),
    ``nfl_tracking_features`` (yards after catches) and ``nfl_ngs_highlights`` (speeds, of long gains mostly)."""
    return (
        _calls(folder / "nfl_pbp_2009_2019" / "plays.parquet")
        | _charted(folder / "nfl_charting_2022")
        | {
            "yac_yd": column(read_table(folder / "nfl_tracking_features" / "yac_2018.parquet", ("yac",)), "yac"),
            "fastest_mph": _fastest(folder / "nfl_ngs_highlights" / "tracking.parquet"),
        }
    )


def _calls(path: Path) -> Facts:
    table = read_table(
        path,
        (
            "game_id",
            "qtr",
            "play_type",
            "down",
            "ydstogo",
            "yardline_100",
            "rush_yards",
            "pass_yards",
            "sack_yards",
            "no_play",
            "home_final",
            "away_final",
        ),
    )
    words = {"run": RUN, "pass": PASS, "sack": SACK, "punt": PUNT, "field_goal": KICK}
    kind = np.array([words.get(w, -1) for w in words_of(table, "play_type").tolist()])
    down = column(table, "down")
    valid = (kind >= 0) & (column(table, "no_play") != 1.0) & np.isin(down, (1, 2, 3, 4)) & (column(table, "qtr") <= 4)
    run, passed, sack = (column(table, name)[valid] for name in ("rush_yards", "pass_yards", "sack_yards"))
    kind = kind[valid]
    gained = np.where(kind == RUN, run, np.where(kind == SACK, sack, passed))
    _, first = np.unique(words_of(table, "game_id"), return_index=True)
    return {
        "points": (column(table, "home_final") + column(table, "away_final"))[first],
        "kind": kind,
        "down": down[valid],
        "to_go_yd": column(table, "ydstogo")[valid],
        "to_goal_yd": column(table, "yardline_100")[valid],
        "gained_yd": np.nan_to_num(gained),
        "rush_yd": run[(kind == RUN) & np.isfinite(run)],
    }


def _charted(folder: Path) -> Facts:
    table = read_table(folder / "plays.parquet", ("passResult", "passLength", "pff_manZone", "n_rushers", "isDropback"))
    result, depth = words_of(table, "passResult"), column(table, "passLength")
    thrown = np.isin(result, ("C", "I", "IN")) & np.isfinite(depth)
    call = words_of(table, "pff_manZone")
    dropped = np.isin(call, ("Man", "Zone")) & (column(table, "isDropback") == 1.0)
    rushers = column(table, "n_rushers")[dropped]
    ran = words_of(read_table(folder / "player_play.parquet", ("routeRan",)), "routeRan")
    route = np.array([_CHARTED.get(w, -1) for w in ran.tolist()])
    return {
        "depth_yd": depth[thrown],
        "caught": result[thrown] == "C",
        "picked": result[thrown] == "IN",
        "man": call[dropped] == "Man",
        "rushers": rushers[np.isfinite(rushers) & (rushers > 0)],
        "route": route[route >= 0],
    }


def _fastest(path: Path) -> Any:
    """The fastest man of each play while it runs, mph, the tags' own speed."""
    table = read_table(path, ("gameId", "playId", "frame", "displayName", "event", "s"))
    play = np.unique(np.char.add(np.char.add(words_of(table, "gameId"), "-"), words_of(table, "playId")), return_inverse=True)[1]
    speed = column(table, "s").copy()
    speed[(words_of(table, "displayName") == "ball") | (speed > _JUMP_YDPS)] = np.nan
    fastest = np.full(play.max() + 1, -np.inf)
    np.fmax.at(fastest, play, speed)
    return fastest * _YD / MPH
