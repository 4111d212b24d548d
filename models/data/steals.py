"""Real steal attempts with leads, one row a play, as Baseball Savant publishes them: read, and made rows of features.

Which rows count: attempts that ended in a stolen base or a runner caught stealing, with both leads measured. Pick-offs and balks
are no attempts of this kind; they only show how often a pitcher picks runners off. What becomes known after the play (result,
description, fielder) or with the pitch (its kind and speed) is never a feature. Nor is it a feature that another runner goes on
the same pitch: by rule 9.07(d) no runner is credited with a stolen base when one of them is put out, so that the second row would
reveal the result of the first.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.diamond import FT_M
from features.mlb.steal_features import COLUMN, blank, derive
from models.base import Floats
from models.training.priors import Ints, Names
from models.training.tables import read_any

FILE: Final = "steal_leads.csv.gz"
_NEEDED: Final = ("play_id", "date", "runner_id", "pitcher_name", "catcher_id", "target_base", "lead_at_first_move_ft")
_EPOCH: Final = date(2016, 1, 1)
#: the first season of pitch timer and bigger bases
RULES_2023: Final = (date(2023, 3, 1) - _EPOCH).days
HELD_OUT_MONTHS: Final = 4
DAYS_A_YEAR: Final = 365.25


@dataclass(frozen=True)
class Plays:
    """n plays in columns, SI; NaN where nothing is known. ``day`` counts from 2016-01-01; ``success`` 1, 0 or NaN.

    ``picked_off`` is NaN where a file does not say how the play ended."""

    play_id: Names
    day: Ints
    runner: Names
    pitcher: Names
    catcher: Names
    third: Floats
    balls: Floats
    strikes: Floats
    lead_m: Floats
    release_lead_m: Floats
    gain_m: Floats
    sprint_mps: Floats
    pop_s: Floats
    success: Floats
    picked_off: Floats

    def __len__(self) -> int:
        return len(self.day)

    def take(self, rows: Any) -> Plays:
        return Plays(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def counts(self) -> npt.NDArray[np.bool_]:
        """(n,) the rows that can teach: decided, with both leads."""
        return np.asarray(self.measured & ~np.isnan(self.success), np.bool_)

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """(n,) attempts with both leads: those that are known to be none (picked off, a balk) are left out."""
        attempt = ~np.isnan(self.success) | np.isnan(self.picked_off)
        return np.asarray(attempt & ~np.isnan(self.lead_m) & ~np.isnan(self.gain_m), np.bool_)


def read(path: Path) -> Plays:
    """Plays of a .csv, .csv.gz or .parquet file, in the file's order; ``ValueError`` with one sentence when it is none."""
    table = read_any(path, _NEEDED)
    lead, release, gain = (table.numbers(name) * FT_M for name in ("lead_at_first_move_ft", "lead_at_release_ft", "lead_gain_ft"))
    base = table.words("target_base")
    result = table.words("result")
    success = table.numbers("success")
    success = np.where(np.isnan(success) & (result == "SB"), 1.0, np.where(np.isnan(success) & (result == "CS"), 0.0, success))
    if (~np.isnan(success) & (success != 0.0) & (success != 1.0)).any():
        raise ValueError(f"{path}: success is 1, 0 or empty")
    decided = (result == "") | (result == "SB") | (result == "CS")
    gain = np.where(np.isnan(gain), release - lead, gain)
    picked_off = np.where((result == "") & np.isnan(success), np.nan, (result == "PK") | (result == "FB"))
    return Plays(
        play_id=table.words("play_id"),
        day=np.array([_day(text, path) for text in table.words("date").tolist()], np.int64),
        runner=table.ids("runner_id"),
        pitcher=table.words("pitcher_name"),
        catcher=table.ids("catcher_id"),
        third=np.where(base == "3B", 1.0, np.where(base == "2B", 0.0, np.nan)),
        balls=table.numbers("balls"),
        strikes=table.numbers("strikes"),
        lead_m=lead,
        release_lead_m=np.where(np.isnan(release), lead + gain, release),
        gain_m=gain,
        sprint_mps=table.numbers("runner_sprint_speed_ftps") * FT_M,
        pop_s=table.numbers("catcher_pop_time_s"),
        success=np.where(decided, success, np.nan),
        picked_off=picked_off,
    )


def read_folder(folder: Path) -> Plays:
    """The plays of ``FILE`` in ``folder``, in order of time."""
    plays = read(folder / FILE)
    return plays.take(np.lexsort((plays.play_id, plays.day)))


def _day(text: str, path: Path) -> int:
    try:
        return (date.fromisoformat(text[:10]) - _EPOCH).days
    except ValueError:
        raise ValueError(f"{path}: {text[:20]!r} is not a date (2024-07-31)") from None


def day_of(day: int) -> str:
    return (_EPOCH + timedelta(days=int(day))).isoformat()


def held_out_from(plays: Plays) -> int:
    """The first day of the last ``HELD_OUT_MONTHS`` calendar months of ``plays``."""
    last = _EPOCH + timedelta(days=int(plays.day[-1]))
    months = last.year * 12 + last.month - 1 - (HELD_OUT_MONTHS - 1)
    return (date(months // 12, months % 12 + 1, 1) - _EPOCH).days


def feature_rows(plays: Plays, priors: dict[str, Floats], at_release: bool) -> Floats:
    """(n, WIDTH) in the order of ``STEAL_FEATURES``; before the pitch all that comes with the release is missing."""
    rows = blank(len(plays))
    third = plays.third > 0.5
    given = {
        "lead_m": plays.lead_m,
        "third": plays.third,
        "balls": np.minimum(plays.balls, 3.0),
        "strikes": plays.strikes,
        "sprint_mps": plays.sprint_mps,
        "pop_second_s": np.where(third, np.nan, plays.pop_s),
        "pop_third_s": np.where(third, plays.pop_s, np.nan),
        "rules_2023": (plays.day >= RULES_2023).astype(np.float64),
        **{name: values for name, values in priors.items() if at_release or not name.endswith("_at_release")},
    }
    if at_release:
        given |= {"release_lead_m": plays.release_lead_m, "gain_m": plays.gain_m}
    for name, values in given.items():
        rows[:, COLUMN[name]] = values
    derive(rows)
    return rows
