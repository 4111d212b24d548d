"""The shots that xGoals is trained and evaluated on: reading a folder, the training table with parts withheld, and which games an
artefact was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.artefact import Card
from models.base import Floats
from models.data import withheld_shots, wyscout, wyscout_shots
from models.data.statsbomb_shots import CREDIT, TERMS, ShotTable, load
from models.data.wyscout_shots import EventShots
from models.holdout import held_out
from models.training.training import Table

#: copies of a shot with positions: what is withheld, and whether words are too
_COPIES: Final = (
    (withheld_shots.FULL, False),
    (withheld_shots.FULL, True),
    (withheld_shots.NONE, False),
    (withheld_shots.NO_KEEPER, False),
    (withheld_shots.NO_KEEPER, True),
    (withheld_shots.NO_DEFENDERS, False),
    (withheld_shots.NO_DEFENDERS, True),
    (withheld_shots.PART, False),
    (withheld_shots.PART, True),
)
#: so that no shot is withheld from twice alike
SEED: Final = 17


@dataclass(frozen=True)
class Shots:
    """What a folder holds."""

    statsbomb: ShotTable | None
    wyscout: EventShots | None


def read(folder: Path) -> Shots:
    """``folder`` holds ``statsbomb_shots`` or ``wyscout_events`` or both, or is one of them."""
    statsbomb = next((at for at in (folder, folder / "statsbomb_shots") if (at / "shots.parquet").is_file()), None)
    events = next((at for at in (folder, folder / "wyscout_events") if wyscout.is_here(at)), None)
    if statsbomb is None and events is None:
        where = f"{folder}, or in its statsbomb_shots or wyscout_events"
        raise ValueError(f"there is no file shots.parquet or events.parquet in {where}")
    shots = None
    if statsbomb is not None:
        frames = statsbomb / "freeze_frames.parquet"
        shots = load(statsbomb / "shots.parquet", frames if frames.is_file() else None)
        if not np.isfinite(shots.goal).all():
            raise ValueError("the shots have no column is_goal: they can be scored, but not used for training")
    return Shots(shots, None if events is None else wyscout_shots.load(events))


def held(shots: Shots) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each shot of StatsBomb's and of Wyscout's belongs to a game that is held out; empty where there are none."""
    none = np.empty(0, np.bool_)
    return (
        none if shots.statsbomb is None else held_out("statsbomb", shots.statsbomb.match),
        none if shots.wyscout is None else held_out(wyscout.HELD_OUT_AS, shots.wyscout.match),
    )


def training_rows(shots: Shots, statsbomb: npt.NDArray[np.bool_], events: npt.NDArray[np.bool_]) -> Table:
    """The training table of the shots ``statsbomb`` and ``events`` (bool), with all copies of which a part is withheld."""
    parts: list[tuple[Floats, Floats, npt.NDArray[np.str_]]] = []
    if shots.statsbomb is not None and statsbomb.any():
        of = shots.statsbomb
        assert of.picture is not None
        for i, (case, words) in enumerate(_COPIES):
            chosen = np.flatnonzero(statsbomb & ~of.shootout & np.isfinite(of.rows[:, 0]))
            rows = of.seen(withheld_shots.players(case, of.picture, SEED + i), chosen)
            game = np.char.add("statsbomb/", of.match[chosen].astype(np.str_))
            parts.append((withheld_shots.without_words(rows, SEED + i) if words else rows, of.goal[chosen], game))
    if shots.wyscout is not None and events.any():
        goal = shots.wyscout.goal[events]
        game = np.char.add("wyscout/", shots.wyscout.match[events].astype(np.str_))
        rows = shots.wyscout.rows[events]
        parts += [(rows, goal, game), (withheld_shots.without_words(rows, SEED + len(_COPIES)), goal, game)]
    if sum(len(goal) for _, goal, _ in parts) < 200:
        raise ValueError("there are too few shots to train xgoals")
    if len(np.unique(np.concatenate([goal for _, goal, _ in parts]))) < 2:
        raise ValueError("the shots that are not held out are all goals or all misses: they teach nothing")
    return Table(
        np.concatenate([rows for rows, _, _ in parts]),
        np.concatenate([goal for _, goal, _ in parts]),
        np.unique(np.concatenate([game for _, _, game in parts]), return_inverse=True)[1],
        _source(shots, statsbomb, events),
        origin="real",
        terms=_joined(shots, TERMS, wyscout.TERMS),
        credit=_joined(shots, CREDIT, wyscout.CREDIT),
    )


def _joined(shots: Shots, statsbomb: str, events: str) -> str:
    return "; ".join([statsbomb] * (shots.statsbomb is not None) + [events] * (shots.wyscout is not None))


def _source(shots: Shots, statsbomb: npt.NDArray[np.bool_], events: npt.NDArray[np.bool_]) -> dict[str, str | float | int]:
    source: dict[str, str | float | int] = {"source": _joined(shots, "StatsBomb open data", wyscout.SOURCE)}
    games = {name: np.unique(match[chosen]) for name, match, chosen in by_source(shots, statsbomb, events)}
    source["games"] = sum(len(found) for found in games.values())
    source["rows"] = sum(int(chosen.sum()) for _, _, chosen in by_source(shots, statsbomb, events))
    # by this a game that it has not seen is known
    return source | {f"{name}_games": " ".join(map(str, found.tolist())) for name, found in games.items()}


def by_source(shots: Shots, statsbomb: Any, events: Any) -> list[tuple[str, npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
    found = []
    if shots.statsbomb is not None:
        found.append(("statsbomb", shots.statsbomb.match, statsbomb & ~shots.statsbomb.shootout))
    if shots.wyscout is not None:
        found.append(("wyscout", shots.wyscout.match, events))
    return found


def unseen(shots: Shots, card: Card) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which shots are of games that the model of ``card`` was not trained on, as ``held`` has them."""
    found = []
    for name, match, _ in by_source(shots, np.True_, np.True_):
        games = card.trained_on.get(f"{name}_games")
        if games is None and str(card.trained_on.get("source", "")).startswith("simulated"):
            games = ""
        known_games = np.array([int(game) for game in str(games or "").split()], np.int64)
        found.append(~np.isin(match, known_games) if games is not None else held_out(name, match))
    none = np.empty(0, np.bool_)
    return (none if shots.statsbomb is None else found[0], none if shots.wyscout is None else found[-1])
