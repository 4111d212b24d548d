"""The training tables of soccer's models."""

from __future__ import annotations

from functools import partial
from typing import Final

from streaming.cli.tables.soccer_events import event_table
from streaming.cli.tables.soccer_results import result_table

TABLES: Final = {
    "xgoals": partial(event_table, "xgoals"),
    "pass-completion": partial(event_table, "pass-completion"),
    "soccer-win-probability": result_table,
}
