"""Real steal attempts with leads, one row a play, as Baseball Savant publishes them: read, learnt from, judged and scored.

Which rows count: attempts that ended in a stolen base or a runner caught stealing, with both leads measured. Pick-offs and balks
are no attempts of this kind; they only tell how often a pitcher picks runners off. What becomes known after the play (result,
description, fielder) or with the pitch (its kind and speed) is never a feature. Nor is it a feature that another runner goes on
the same pitch: by rule 9.07(d) nobody is credited with a stolen base when one of them is put out, so that the second row would
tell the result of the first.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.ground import FT_M
from features.mlb.stealrow import COLUMN, USUAL_GAIN_M, USUAL_LEAD_M, blank, derive
from models.base import Floats
from models.priors import Frozen, Ints, Measure, Names, look_up, walk
from models.tables import read_any

FILE: Final = "steal_leads.csv.gz"
_NEEDED: Final = ("play_id", "date", "runner_id", "pitcher_name", "catcher_id", "target_base", "lead_at_first_move_ft")
_EPOCH: Final = date(2016, 1, 1)
#: the first season of pitch timer and bigger bases
_RULES_2023: Final = (date(2023, 3, 1) - _EPOCH).days
HELD_OUT_MONTHS: Final = 4
DAYS_A_YEAR: Final = 365.25

#: k of each prior (see ``models.priors``), and the columns that it fills
_PEOPLE: Final = {
    "runner": ("runner_prior", "runner_prior_at_release", "runner_lead_m", "runner_gain_m"),
    "pitcher": ("pitcher_prior", "pitcher_prior_at_release", "pitcher_lead_m", "pitcher_gain_m", "pitcher_pickoffs"),
    "catcher": ("catcher_prior", "catcher_prior_at_release", "catcher_gain_m"),
}  # fmt: skip
_K_SUCCESS: Final = {"runner": 12.0, "pitcher": 8.0, "catcher": 10.0}
_K_LEAD, _K_GAIN, _K_PICKOFFS = 1.0, 2.0, 10.0


@dataclass(frozen=True)
class Plays:
    """n plays in columns, SI; NaN where nothing is known. ``day`` counts from 2016-01-01; ``success`` 1, 0 or NaN."""

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
        return np.asarray(~np.isnan(self.success) & ~np.isnan(self.lead_m) & ~np.isnan(self.gain_m), np.bool_)


def read(path: Path) -> Plays:
    """Plays of a .csv, .csv.gz or .parquet file, in the file's order; ``ValueError`` with one sentence when it is none."""
    table = read_any(path, _NEEDED)
    lead, release, gain = (
        table.numbers(name) * FT_M for name in ("lead_at_first_move_ft", "lead_at_release_ft", "lead_gain_ft")
    )
    base = table.words("target_base")
    result = table.words("result")
    success = table.numbers("success")
    success = np.where(np.isnan(success) & (result == "SB"), 1.0, np.where(np.isnan(success) & (result == "CS"), 0.0, success))
    if (~np.isnan(success) & (success != 0.0) & (success != 1.0)).any():
        raise ValueError(f"{path}: success is 1, 0 or empty")
    decided = (result == "") | (result == "SB") | (result == "CS")
    gain = np.where(np.isnan(gain), release - lead, gain)
    return Plays(
        play_id=table.words("play_id"), day=np.array([_day(text, path) for text in table.words("date").tolist()], np.int64),
        runner=table.ids("runner_id"), pitcher=table.words("pitcher_name"), catcher=table.ids("catcher_id"),
        third=np.where(base == "3B", 1.0, np.where(base == "2B", 0.0, np.nan)),
        balls=table.numbers("balls"), strikes=table.numbers("strikes"),
        lead_m=lead, release_lead_m=np.where(np.isnan(release), lead + gain, release), gain_m=gain,
        sprint_mps=table.numbers("runner_sprint_speed_ftps") * FT_M, pop_s=table.numbers("catcher_pop_time_s"),
        success=np.where(decided, success, np.nan), picked_off=((result == "PK") | (result == "FB")).astype(np.float64),
    )  # fmt: skip


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


def plain_columns(plays: Plays, at_release: bool) -> Floats:
    """(n, C) of what the plain logistic regression knows, standardised by fixed figures: the reference of an evaluation, and what
    an attempt is expected to come to before anybody's record is looked at."""
    third = np.nan_to_num(plays.third)
    usual = np.where(third > 0.5, USUAL_LEAD_M[1], USUAL_LEAD_M[0])
    lead = np.nan_to_num(plays.lead_m - usual)
    sprint = np.nan_to_num((plays.sprint_mps - 28.4 * FT_M) / 0.35)
    pop = np.nan_to_num((plays.pop_s - np.where(third > 0.5, 1.55, 1.98)) / 0.05)
    columns = [
        lead / 0.5, third, lead * third, sprint, pop, np.nan_to_num(plays.balls), np.nan_to_num(plays.strikes),
        (np.nan_to_num(plays.balls) >= 3) * (np.nan_to_num(plays.strikes) >= 2), plays.day >= _RULES_2023,
    ]  # fmt: skip
    if at_release:
        gain = np.nan_to_num(plays.gain_m - np.where(third > 0.5, USUAL_GAIN_M[1], USUAL_GAIN_M[0]))
        columns += [gain, gain * third]
    return np.stack([np.asarray(c, np.float64) for c in columns], 1)


def plain_logistic(plays: Plays, learnt: npt.NDArray[np.bool_], at_release: bool) -> Floats:
    """(n,) chances by a logistic regression fitted to the rows ``learnt``."""
    from sklearn.linear_model import LogisticRegression

    columns = plain_columns(plays, at_release)
    fit = LogisticRegression(max_iter=1000).fit(columns[learnt], plays.success[learnt] > 0.5)
    return np.asarray(fit.predict_proba(columns)[:, 1], np.float64)


def history(plays: Plays, freeze_day: int) -> tuple[dict[str, Floats], dict[str, Frozen]]:
    """Columns of priors for plays in order of time, each as of the evening before, and the tables as of ``freeze_day``."""
    learnt = plays.counts & (plays.day < freeze_day)
    before, released = (plays.success - plain_logistic(plays, learnt, late) for late in (False, True))
    third = plays.third > 0.5
    lead = plays.lead_m - np.where(third, USUAL_LEAD_M[1], USUAL_LEAD_M[0])
    gain = plays.gain_m - np.where(third, USUAL_GAIN_M[1], USUAL_GAIN_M[0])
    counts = plays.counts
    columns: dict[str, Floats] = {}
    tables: dict[str, Frozen] = {}
    for role, names in _PEOPLE.items():
        measures = []
        for name in names:
            if name.endswith("_lead_m"):
                measures.append(Measure(name, np.where(counts, lead, np.nan), _K_LEAD))
            elif name.endswith("_gain_m"):
                measures.append(Measure(name, np.where(counts, gain, np.nan), _K_GAIN))
            elif name.endswith("_pickoffs"):
                measures.append(Measure(name, plays.picked_off, _K_PICKOFFS))
            else:
                surprise = released if name.endswith("_at_release") else before
                measures.append(Measure(name, np.where(counts, surprise, np.nan), _K_SUCCESS[role]))
        told, tables[role] = walk(getattr(plays, role), plays.day, measures, freeze_day=freeze_day)
        columns |= {name: told[:, i] for i, name in enumerate(names)}
    return columns, tables


def known_of(plays: Plays, tables: dict[str, Frozen]) -> dict[str, Floats]:
    """Columns of priors from frozen tables."""
    columns: dict[str, Floats] = {}
    for role, names in _PEOPLE.items():
        told = look_up(getattr(plays, role), tables.get(role, {}), len(names))
        columns |= {name: told[:, i] for i, name in enumerate(names)}
    return columns


def feature_rows(plays: Plays, priors: dict[str, Floats], at_release: bool) -> Floats:
    """(n, WIDTH) in the order of ``STEAL_FEATURES``; before the pitch all that comes with the release is missing."""
    rows = blank(len(plays))
    third = plays.third > 0.5
    given = {
        "lead_m": plays.lead_m, "third": plays.third, "balls": np.minimum(plays.balls, 3.0), "strikes": plays.strikes,
        "sprint_mps": plays.sprint_mps, "pop_second_s": np.where(third, np.nan, plays.pop_s),
        "pop_third_s": np.where(third, plays.pop_s, np.nan), "rules_2023": (plays.day >= _RULES_2023).astype(np.float64),
        **{name: values for name, values in priors.items() if at_release or not name.endswith("_at_release")},
    }  # fmt: skip
    if at_release:
        given |= {"release_lead_m": plays.release_lead_m, "gain_m": plays.gain_m}
    for name, values in given.items():
        rows[:, COLUMN[name]] = values
    derive(rows)
    return rows
