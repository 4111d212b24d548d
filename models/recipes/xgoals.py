"""Real shots for xGoals: StatsBomb's, with positions, and those of Wyscout's open events, without.

One forest is calibrated with all, some or none of the positions: it is trained on shots of which a part is withheld
(``models.data.withheld_shots``). Inside it are five: without any player in sight, without opponents but the keeper, with few of
them, without the keeper, and with nearly everybody. Whole games are held out by the rule of ``models.holdout``, from the artefact
too, so that the shipped model can be evaluated on them; kicks of a shoot-out are no shots of a match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.soccer.shots import SHOT_INDEX
from models.artefact import Card, ForestModel
from models.artefact import load as load_model
from models.base import Floats
from models.data import withheld_shots
from models.data.statsbomb_shots import ShotTable, load, training_table
from models.evaluation.evaluation import against
from models.evaluation_set import EvaluationSet
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import strip_training_data, with_leaf
from models.gate import narrowest
from models.holdout import held_out
from models.home import Home, Inside, inputs_of
from models.metrics import reliability
from models.recipes.shared import sight
from models.recipes.shared.xgoals_shots import SEED, Shots, held, read, training_rows, unseen
from models.specs import Recipe, spec_of
from models.training.training import Table, grow, profile

MODEL: Final = "xgoals"
FILES: Final = ("shots", "frames")
OPTIONAL: Final = ("frames",)
#: the case that a single plot is of
MAIN: Final = f"statsbomb, {withheld_shots.FULL}"
#: the cases that are explained: each is of shots of its own
EXPLAINED: Final = (MAIN, f"wyscout, {withheld_shots.NONE}")
RECIPE: Final = spec_of(MODEL).real or spec_of(MODEL).recipe
FITS: Final = 3
#: the cases that have a level of their own, and the seed of what is withheld where it is found
_IN_SIGHT: Final = (withheld_shots.FULL, withheld_shots.NO_KEEPER, withheld_shots.NO_DEFENDERS, withheld_shots.PART)
_LEVELS_SEED: Final = 500


def table(folder: Path) -> Table:
    """The shots with positions, nothing withheld, of the games that are not held out: what a recipe is searched on."""
    shots = read(folder).statsbomb
    if shots is None:
        raise ValueError(f"there is no file shots.parquet in {folder}")
    found = training_table(shots)
    kept = ~held_out("statsbomb", found.game)
    groups = {name: words[kept] for name, words in found.groups.items()}
    source = found.source | {"rows": int(kept.sum()), "games": len(np.unique(found.game[kept]))}
    return replace(
        found,
        rows=found.rows[kept],
        label=found.label[kept],
        game=found.game[kept],
        reference=found.reference[kept],
        groups=groups,
        source=source,
    )


def fit_forest(
    shots: Shots, statsbomb: npt.NDArray[np.bool_], events: npt.NDArray[np.bool_], seed: int, recipe: Recipe = RECIPE
) -> tuple[Table, bytes, dict[str, float]]:
    """The training table of the shots ``statsbomb`` and ``events`` (bool), the forest, and the level of each case
    (``models.recipes.shared.sight``), none where there are no shots with positions."""
    train_table = training_rows(shots, statsbomb, events)
    blob = grow(spec_of(MODEL), recipe, train_table.rows, train_table.label, seed)
    blob, level = _levelled(blob, shots.statsbomb, statsbomb)
    return train_table, strip_training_data(_with_penalty(blob, train_table)), level


def _levelled(blob: bytes, of: ShotTable | None, statsbomb: npt.NDArray[np.bool_]) -> tuple[bytes, dict[str, float]]:
    if of is None or of.picture is None:
        return blob, {}
    chosen = np.flatnonzero(statsbomb & ~of.shootout & ~of.penalty & np.isfinite(of.rows[:, 0]))
    seen = [of.seen(withheld_shots.players(case, of.picture, _LEVELS_SEED), chosen) for case in _IN_SIGHT]
    if any(sight.cell_of(rows).max(initial=-1) < 0 for rows in seen):
        return blob, {}  # shots without any picture
    case = np.repeat(np.arange(len(_IN_SIGHT)), len(chosen))
    blob, level = sight.levelled(blob, np.concatenate(seen), np.tile(of.goal[chosen], len(_IN_SIGHT)), case)
    return blob, dict(zip(_IN_SIGHT, np.round(level, 4).tolist(), strict=True))


def _with_penalty(blob: bytes, train_table: Table) -> bytes:
    """All penalties are one shot, and its chance is the share of them that went in."""
    column = SHOT_INDEX["penalty"]
    penalty = train_table.rows[:, column] == 1.0
    if penalty.any():
        share = (train_table.label[penalty].sum() + 0.5) / (penalty.sum() + 1.0)
        one = train_table.rows[np.flatnonzero(penalty)[:1]]
        blob = with_leaf(blob, column, float(np.log(share / (1.0 - share)) - Margins(read_forest(blob))(one)[0, 0]))
    return blob


def train(folder: Path, seed: int, command: str, on_progress: Callable[[str], None], recipe: Recipe = RECIPE) -> tuple[Card, bytes]:
    """Train on the games that are not held out, and evaluate on those that are."""
    from models.recipes.shared.shot_cases import cases_of

    shots, model = read(folder), spec_of(MODEL)
    out = held(shots)
    on_progress("read")
    train_table, blob, level = fit_forest(shots, ~out[0], ~out[1], seed, recipe)
    on_progress("fitted")
    margins = Margins(read_forest(blob))
    predictions = cases_of(shots.statsbomb, shots.wyscout, out, lambda rows: 1.0 / (1.0 + np.exp(-margins(rows)[:, 0])))
    metrics: dict[str, Any] = {
        "held_out": predictions[0].scores if predictions else {},
        "cases": {c.reading: c.facts for c in predictions},
    }
    # shots without positions have the events before them, and the other way round: a live feed may have both
    led = ~np.isnan(train_table.rows[:, SHOT_INDEX["since_touch_s"]])
    some = np.flatnonzero(~led)[::3]
    both = withheld_shots.led_by_another(train_table.rows[some], train_table.rows[led], SEED)
    wide = replace(
        train_table,
        rows=np.concatenate([train_table.rows, both]),
        label=np.concatenate([train_table.label, train_table.label[some]]),
    )
    metrics["profile"] = profile(model, wide)
    gates = [case.gate for case in predictions if case.gate is not None]
    home = Home(
        "real",
        str(train_table.source["source"]),
        inputs_of(wide.rows),
        train_table.terms,
        train_table.credit,
        narrowest(gates) if gates else None,
    )
    on_progress("evaluated")
    card = Card.of(
        model,
        trained_on=train_table.source,
        command=command,
        seed=seed,
        metrics=metrics,
        parameters=recipe.as_card() | {"levels": level, "reach": sight.REACH},
        home=home,
    )
    return card, blob


def predict_held_out(
    folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]
) -> tuple[EvaluationSet, ...]:
    """A judgement of every case (``models.recipes.shared.shot_cases``) on games not seen: of ``artefact``, those that it was not
    trained on;
    without one the recipe is trained on the games that are not held out and evaluated on the others."""
    from models.recipes.shared.shot_cases import cases_of

    shots, spec = read(folder), spec_of(MODEL)
    if artefact is None:
        out = held(shots)
        _, blob, _ = fit_forest(shots, ~out[0], ~out[1], seed)
        on_progress("fitted on the games not held out")
        forest = read_forest(blob)
        margins, attribution = Margins(forest), Attribution(forest)
        how = "trained on the games not held out"

        def answer(rows: Floats) -> Floats:
            return np.asarray(1.0 / (1.0 + np.exp(-margins(rows)[:, 0])), np.float64)

        def attribute(rows: Floats) -> Floats:
            return np.asarray(attribution(np.ascontiguousarray(rows))[:, 0], np.float64)
    else:
        model = load_model(artefact)
        if model.name != MODEL:
            raise ValueError(f"{artefact} is a model of {model.name}, not of {MODEL}")
        out, how, answer, attribute = unseen(shots, model.card), f"artefact {model.version}", model.predict, model.attribute
    found = cases_of(shots.statsbomb, shots.wyscout, out, answer, made=True, seed=seed, on_progress=on_progress)
    if not found:
        raise ValueError(f"no game in {folder} is held out: there is nothing to evaluate {MODEL} on")

    def of(rows: Floats) -> Callable[[npt.NDArray[np.int64]], Floats]:
        return lambda at: attribute(rows[at])

    return tuple(
        EvaluationSet(
            MODEL,
            how,
            case.label,
            case.probability,
            case.game,
            case.rows,
            spec.features,
            spec.classes,
            of(case.rows),
            case.groups,
            case.reference,
            case.versus,
            case.reading,
            "matches",
            case.facts,
        )
        for case in found
    )


def report(predictions: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores of every case, the sum against the goals, the difference from its reference with the interval, and the gate."""
    first = predictions[0]
    readings = {each.reading: {**each.facts, "reliability": reliability(each.label, each.probability)} for each in predictions}
    top = against(first) if first.versus == "provider" else {"model": MODEL, "how": first.how, "scores": first.facts["scores"]}
    return top | {
        "shots": len(first.label),
        "readings": readings,
        "reliability": {name: found["reliability"] for name, found in readings.items()},
    }


def evaluate(folder: Path, artefact: str | None, seed: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    return report(predict_held_out(folder, artefact, seed, on_progress))


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    """Every shot's xGoals, with or without pictures; null without a place, and where the model is not valid."""
    import pyarrow

    shots = load(files["shots"], files.get("frames"))
    if not len(shots.rows):
        return {"shot_id": [], "xgoals": pyarrow.array([], pyarrow.float64())}, "0 shots"
    probability = np.where(np.isfinite(shots.rows[:, 0]), model.predict(shots.rows), np.nan)
    reasons: Counter[str] = Counter()
    if model.card.home is not None:
        inside = Inside(model.card.home.inputs, model.features)
        for i, (found, which) in enumerate(zip(*(part.tolist() for part in inside.check(shots.rows)), strict=True)):
            if found:
                probability[i] = np.nan
                reasons[inside.reason(found, which)] += 1
    missing = "".join(f"; {count} without a value: {reason}" for reason, count in sorted(reasons.items()))
    values = [None if v != v else v for v in probability.tolist()]
    return {
        "shot_id": shots.shot_id.tolist(),
        "xgoals": pyarrow.array(values, pyarrow.float64()),
    }, f"{len(shots.rows)} shots{missing}"
