"""The training tables of soccer's models."""

from __future__ import annotations

from functools import partial
from typing import Final

from simulators.soccer.training_events import event_table
from simulators.soccer.training_results import result_table

TABLES: Final = {
    "xgoals": partial(event_table, "xgoals"),
    "pass-completion": partial(event_table, "pass-completion"),
    "soccer-win-probability": result_table,
}
