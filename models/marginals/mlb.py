"""Marginals of baseball: runs, what a plate appearance comes to, balls in play, and steals by lead.

Facts: ``runs`` (G,) of both teams in a game; ``outcome`` (A,) of plate appearances, one of ``OUTCOMES``; ``pitches`` (A,) of each;
``exit_mps``, ``launch_deg``, ``hit``, ``home_run`` (B,) of balls in play; ``steals`` (2,) attempts at second base and the games
they fell in; ``lead_m``, ``stolen`` (S,) of attempts at second base: the lead at the pitcher's first move, whether it succeeded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from features.mlb.diamond import FT_M
from models.data import statcast_batted_balls, steals
from models.marginals import Facts, Figures, by_band, mean, shares
from models.training.tables import column, read_any, read_table, words_of

OUTCOMES: Final = ("strikeout", "walk", "home_run", "single", "double", "triple", "out")
#: Statcast's words; all others are outs in play
_EVENTS: Final = {
    "strikeout": 0, "strikeout_double_play": 0, "walk": 1, "intent_walk": 1, "hit_by_pitch": 1, "home_run": 2, "single": 3,
    "double": 4, "triple": 5,
}  # fmt: skip
_INF: Final = float("inf")
_LAUNCH_DEG: Final = (-_INF, 10.0, 25.0, 50.0, _INF)
_LEADS_FT: Final = (0.0, 10.0, 11.0, 12.0, 13.0, _INF)
_MPH: Final = 0.44704
#: games of 2023 and of 2024 up to the last day of the steals (31 July): 2,430 and 1,639 by the schedule
_STEAL_GAMES: Final = 2430 + 1639
_POSSIBLE_MPH: Final = 125.0


def figures(facts: Facts) -> Figures:
    """Of whole games, both teams together."""
    outcome, hit, launch = facts["outcome"], facts["hit"], facts["launch_deg"]
    games = len(facts["runs"])
    attempts, over = facts["steals"]
    found: Figures = {
        "runs a game": mean(facts["runs"]),
        "plate appearances a game": len(outcome) / games,
        "pitches a plate appearance": mean(facts["pitches"]),
    }
    for k, word in enumerate(OUTCOMES):
        found[f"plate appearances: {word.replace('_', ' ')}"] = mean(outcome == k)
    found |= {
        "balls in play that are hits": mean(hit),
        "balls in play that are home runs": mean(facts["home_run"]),
        "exit speed, mean, m/s": mean(facts["exit_mps"]),
        "exit speed, spread, m/s": float(np.std(facts["exit_mps"])),
        "launch angle, mean, deg": mean(launch),
        "launch angle, spread, deg": float(np.std(launch)),
    }
    found |= dict(shares("balls in play", launch, _LAUNCH_DEG, "deg"))
    found |= dict(by_band("hits", launch, hit, _LAUNCH_DEG, "deg"))
    lead = facts["lead_m"] / FT_M
    found["tries to steal second a game"] = float(attempts / over)
    found["steals of second that succeed"] = mean(facts["stolen"])
    found["lead of those who go, mean, ft"] = mean(lead)
    found["lead of those who go, spread, ft"] = float(np.std(lead)) if len(lead) else float("nan")
    found |= dict(by_band("steals that succeed, lead", lead, facts["stolen"], _LEADS_FT, "ft"))
    return found


def read(folder: Path) -> Facts:
    """The facts of real games: ``mlb_plate_appearances_2024_2025``, ``mlb_statcast_batted_balls`` and ``mlb_stolen_bases``."""
    table = read_table(
        folder / "mlb_plate_appearances_2024_2025" / "plate_appearances.parquet",
        ("game_pk", "events", "pitches", "home_final", "away_final"),
    )
    event = words_of(table, "events")
    done = ~np.isin(event, ("", "truncated_pa"))
    _, first = np.unique(column(table, "game_pk"), return_index=True)
    return {
        "runs": (column(table, "home_final") + column(table, "away_final"))[first],
        "outcome": np.array([_EVENTS.get(w, 6) for w in event[done].tolist()]),
        "pitches": column(table, "pitches")[done],
        **_balls(folder / statcast_batted_balls.FOLDER / statcast_batted_balls.BALLS),
        **_steals(folder / "mlb_stolen_bases"),
    }


def _balls(path: Path) -> Facts:
    table = read_table(path, ("launch_speed", "launch_angle", "is_hit", "is_hr"))
    speed, angle = column(table, "launch_speed"), column(table, "launch_angle")
    valid = (np.abs(angle) <= 90.0) & (speed <= _POSSIBLE_MPH)
    return {
        "exit_mps": speed[valid] * _MPH,
        "launch_deg": angle[valid],
        "hit": column(table, "is_hit")[valid] == 1.0,
        "home_run": column(table, "is_hr")[valid] == 1.0,
    }


def _steals(folder: Path) -> Facts:
    leads = read_any(folder / steals.FILE, ("target_base", "lead_at_first_move_ft", "result"))
    result, lead = leads.words("result"), leads.numbers("lead_at_first_move_ft")
    counts = (leads.words("target_base") == "2B") & np.isin(result, ("SB", "CS")) & np.isfinite(lead)
    tries = read_any(folder / "steal_attempts.csv.gz", ("target_base",))
    return {
        "lead_m": lead[counts] * FT_M,
        "stolen": result[counts] == "SB",
        "steals": np.array([np.sum(tries.words("target_base") == "2"), _STEAL_GAMES], np.float64),
    }
