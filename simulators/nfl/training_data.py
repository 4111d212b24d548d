"""The training tables of nfl's models."""

from __future__ import annotations

from functools import partial
from typing import Final

from simulators.nfl.training_games import fourth_table, win_table
from simulators.nfl.training_plays import play_table

_PLAYS: Final = (
    "nfl-completion", "nfl-rushing", "nfl-yac", "nfl-pressure", "nfl-tackle", "nfl-coverage", "nfl-route",
)  # fmt: skip
TABLES: Final = {
    **{name: partial(play_table, name) for name in _PLAYS},
    "nfl-win-probability": win_table,
    "nfl-fourth-down": fourth_table,
}
