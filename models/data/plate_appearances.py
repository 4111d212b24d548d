"""Plate appearances of recent seasons, to evaluate a win probability under today's rules: one row a plate appearance, no bases.

Who stood on which base is not in the table. It is worked out here from what the earlier plate appearances of the half inning made
and from how the score changed; steals, wild pitches and outs on the bases are not seen. So are the outs of the table. That is good
enough for evaluation, not for training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from features.mlb.odds import AUTOMATIC_RUNNER, INNINGS
from models.data.retrosheet import States, rows_of
from models.training.tables import column, read_table

FILE: Final = "plate_appearances.parquet"
SOURCE: Final = "MLB plate appearances 2024 and 2025"
HELD_OUT_AS: Final = "mlb"
_NUMBERS: Final = (
    "game_pk", "at_bat_number", "inning", "half", "outs_est", "pre_home_score", "pre_away_score", "post_home_score",
    "post_away_score", "home_win",
)  # fmt: skip
#: the base that the batter reaches; all other events are outs
REACHES: Final = {
    "single": 1, "double": 2, "triple": 3, "home_run": 4, "walk": 1, "intent_walk": 1, "hit_by_pitch": 1, "catcher_interf": 1,
    "field_error": 1, "fielders_choice": 1, "fielders_choice_out": 1, "force_out": 1,
}  # fmt: skip
_WALKS: Final = ("walk", "intent_walk", "hit_by_pitch", "catcher_interf")
_FORCED: Final = ("force_out", "fielders_choice_out", "grounded_into_double_play", "double_play")
_PRODUCTIVE: Final = ("sac_bunt",)


def read(path: Path) -> States:
    """The states of the file ``path``, with bases as they are worked out; ``ValueError`` with one sentence when it is none."""
    table = read_table(path, (*_NUMBERS, "events"))
    of = {name: column(table, name) for name in _NUMBERS}
    events = [str(word or "") for word in table.column("events").to_pylist()]
    keep = np.all([np.isfinite(values) for values in of.values()], axis=0) & np.isin(of["home_win"], (0.0, 1.0))
    order = np.lexsort((of["at_bat_number"], of["game_pk"]))
    order = order[keep[order]]
    whole = {name: values[order].astype(np.int64) for name, values in of.items()}
    outs = np.clip(whole["outs_est"], 0, 2)
    home = whole["half"] == 1
    runs = np.where(home, whole["post_home_score"] - whole["pre_home_score"], whole["post_away_score"] - whole["pre_away_score"])
    halves = np.stack([whole["game_pk"], whole["inning"], whole["half"]], axis=1)
    new = np.ones(len(order), np.bool_)
    new[1:] = (halves[1:] != halves[:-1]).any(1)
    bases = np.zeros(len(order), np.int64)
    now = 0
    for i, (first, at, inning, scored) in enumerate(zip(new.tolist(), order.tolist(), whole["inning"].tolist(), runs.tolist())):
        if first:
            now = AUTOMATIC_RUNNER if inning > INNINGS else 0
        bases[i] = now
        now = after(now, events[at], max(scored, 0))
    lead = whole["pre_home_score"] - whole["pre_away_score"]
    state = np.stack([whole["inning"], whole["half"], outs, bases, lead, np.full(len(order), AUTOMATIC_RUNNER)], axis=1)
    game = whole["game_pk"].astype(np.str_)
    return States(state, rows_of(state), whole["home_win"].astype(np.float64), game, whole["at_bat_number"])


def after(bases: int, event: str, runs: int) -> int:
    """Bases (bits 1, 2, 4) after a plate appearance in which ``runs`` scored.

    >>> after(1, "double", 0), after(1, "double", 1), after(7, "walk", 1), after(2, "strikeout", 0)
    (6, 2, 7, 2)
    """
    reached = REACHES.get(event, 0)
    ahead = [base for base in (3, 2, 1) if bases >> (base - 1) & 1]
    if event in _FORCED and ahead and runs < len(ahead):
        ahead.pop()  # the throw goes after the runner who stood nearest to the batter
    scorers = runs - (reached == 4)
    ahead = ahead[max(scorers, 0) :]
    if event in _WALKS:
        step, free = bases, 1
        while free <= 3 and step >> (free - 1) & 1:
            free += 1
        moved = [base + 1 if base < free else base for base in ahead]
    elif reached:
        moved = [base + reached for base in ahead]
    else:
        moved = [base + (event in _PRODUCTIVE) for base in ahead]
    found, limit = 0, 3
    for base in moved:
        # every runner who did not score stands on a base, one runner on each
        base = min(base, limit)
        if base > 0:
            found |= 1 << (base - 1)
        limit = base - 1
    if 1 <= reached <= 3:
        found |= 1 << (reached - 1)
    return found


def is_here(folder: Path) -> Any:
    return (folder / FILE).is_file()
