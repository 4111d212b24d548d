"""TRACAB optical tracking, with Opta events as databallpy saves them (Parquet and CSV), or TRACAB's own .dat and metadata.

The first shape is read by ``_tracab_saved``, the second by ``_tracab_dat``.
"""

from __future__ import annotations

from pathlib import Path

from simulators.providers import Imported
from simulators.providers._files import maybe, only, pick
from simulators.providers._tracab_dat import read_dat
from simulators.providers._tracab_saved import TAKES, read_saved


def read(files: list[Path]) -> Imported:
    """One game; the names of the files decide its shape."""
    raw = maybe(files, "tracab", "the positions", lambda name: name.endswith(".dat"))
    if raw is None:
        return read_saved(files)
    meta = pick(files, "tracab", "the metadata (.xml or .json)", lambda name: name.endswith((".xml", ".json")))
    only(files, [raw, meta], "tracab", TAKES)
    return read_dat(raw, meta)
