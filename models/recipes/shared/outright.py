"""Real rows that teach a model outright: a table, a part of whose games is held out, and what the simple logistic regression says.

For models whose real data are rows of the live features and nothing else; the modules in ``models.recipes`` say where the rows come
from. Games are held out by the rule of ``models.holdout``; where a table has too few of them for that, the recipe is judged in five
parts, and the artefact learns from all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.artefact import Card, CardFeature, load
from models.base import Floats
from models.evaluation.evaluation import against
from models.evaluation_set import EvaluationSet
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import light
from models.gate import gate, logistic_held_out, logistic_of
from models.holdout import folds_of, held_out
from models.home import Home, inputs_of
from models.metrics import scores
from models.recipes.shared.by_command import Doors, Tell
from models.specs import Recipe, spec_of
from models.training.training import Table, grow, profile

#: fewer games than these are judged in parts
LEAST: Final = 50
FOLDS: Final = 5
FITS: Final = FOLDS + 2


def train(name: str, table: Table, held_as: str, seed: int, command: str, tell: Tell) -> tuple[Card, bytes]:
    """The artefact and its card, with the gate that it passed or did not."""
    model, recipe = spec_of(name), _recipe(name)
    kept_out = _kept_out(table, held_as)
    taught = table if kept_out is None else _take(table, ~kept_out)
    blob = light(grow(model, recipe, taught.rows, taught.label, seed))
    tell("fitted")
    judged = _recipe_judged(name, table, held_as, seed, tell)
    measured = gate(
        str(table.source["source"]), judged.rows, judged.label, judged.probability, judged.game, judged.reference, seed=seed
    )
    tell("gate measured")
    source = {**table.source, "rows": len(taught.label), "games": len(np.unique(taught.game)), "held_out": judged.how}
    card = Card(
        name=model.name,
        title=model.title,
        classes=list(model.classes),
        features=[CardFeature(f.name, f.unit, f.label) for f in model.features],
        trained_on=source,
        command=command,
        seed=seed,
        metrics={
            "held_out": scores(judged.label, judged.probability),
            "held_out_logistic": scores(judged.label, judged.reference),
            "profile": profile(model, taught),
        },
        parameters=recipe.told(),
        limits=model.limits,
        home=Home("real", str(table.source["source"]), inputs_of(taught.rows), table.terms, table.credit, measured),
    )
    return card, blob


def judge(name: str, table: Table, held_as: str, artefact: str | None, seed: int, tell: Tell) -> tuple[EvaluationSet, ...]:
    """The recipe on games that it has not seen; or an artefact, by the games held out, or by all where it was trained on simulated
    games. ``ValueError`` for one that may have seen all of them."""
    if artefact is None:
        return (_recipe_judged(name, table, held_as, seed, tell),)
    model = load(artefact)
    if model.name != name:
        raise ValueError(f"{artefact} is a model of {model.name}, not of {name}")
    kept_out = _kept_out(table, held_as)
    home = model.card.home
    if kept_out is None and not (home is not None and home.origin == "simulated"):
        raise ValueError(f"{artefact} may have learnt from all of these games: they are too few to hold any out")
    if kept_out is None:
        asked, plain = table, logistic_held_out(_used(table.rows), table.label, table.game, 2, seed)
    else:
        asked, taught = _take(table, kept_out), _take(table, ~kept_out)
        used = ~np.isnan(taught.rows).all(0)
        plain = logistic_of(taught.rows[:, used], taught.label, asked.rows[:, used], 2)[:, 1].copy()
    tell("predicted")
    return (_judgement(name, f"artefact {model.version}", asked, model.predict(asked.rows), plain, model.attribute),)


def report(judged: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores, those of the simple logistic regression, a bootstrap over games of the difference, and the gate."""
    (each,) = judged
    found = against(each)
    reading = {
        "scores": found.pop("scores"),
        "logistic": found.pop("provider"),
        "ours_minus_logistic": found.pop("ours_minus_provider"),
    }
    passed = gate(str(each.facts["source"]), each.rows, each.label, each.probability, each.game, each.reference)
    return found | {"readings": {"all": reading | {"gate": {"passed": passed.passed, "reason": passed.reason}}}}


def doors(name: str, read: Callable[[Path], Table], held_as: str) -> Doors:
    """Those of a model of which ``read``, the rows of a folder, says everything."""

    def trained(folder: Path, seed: int, command: str, tell: Tell) -> tuple[Card, bytes]:
        return train(name, read(folder), held_as, seed, command, tell)

    def judged(folder: Path, artefact: str | None, seed: int, tell: Tell) -> tuple[EvaluationSet, ...]:
        return judge(name, read(folder), held_as, artefact, seed, tell)

    def evaluated(folder: Path, artefact: str | None, seed: int, tell: Tell) -> dict[str, Any]:
        return report(judged(folder, artefact, seed, tell))

    return Doors(trained, judged, report, evaluated)


def _recipe_judged(name: str, table: Table, held_as: str, seed: int, tell: Tell) -> EvaluationSet:
    model, recipe = spec_of(name), _recipe(name)
    kept_out = _kept_out(table, held_as)
    if kept_out is not None:
        fold, parts, how = kept_out.astype(np.int64) - 1, [0], f"whole games, by the rule of models.holdout, as {held_as}"
    else:
        fold, parts = folds_of(table.game, FOLDS, seed), list(range(FOLDS))
        how = f"{FOLDS} parts, whole games held out"
    said, plain, blob = np.full(len(fold), np.nan), np.full(len(fold), np.nan), b""
    used = ~np.isnan(table.rows).all(0)
    for k in parts:
        mine = fold == k
        blob = grow(model, recipe, table.rows[~mine], table.label[~mine], seed)
        margins = Margins(read_forest(blob))(np.ascontiguousarray(table.rows[mine]))[:, 0]
        said[mine] = 1.0 / (1.0 + np.exp(-margins))
        plain[mine] = logistic_of(table.rows[~mine][:, used], table.label[~mine], table.rows[mine][:, used], 2)[:, 1]
        tell(f"part {k + 1} of {len(parts)} held out")
    there, last = fold >= 0, Attribution(read_forest(blob))
    return _judgement(name, how, _take(table, there), said[there], plain[there], lambda rows: last(rows)[:, 0])


def _judgement(
    name: str, how: str, asked: Table, said: Floats, plain: Floats, attribute: Callable[[Floats], Floats]
) -> EvaluationSet:
    def of(at: npt.NDArray[np.int64]) -> Floats:
        return attribute(np.ascontiguousarray(asked.rows[at]))

    model = spec_of(name)
    return EvaluationSet(
        name,
        how,
        asked.label,
        said,
        asked.game,
        asked.rows,
        model.features,
        model.classes,
        of,
        {},
        plain,
        "logistic",
        facts={"source": asked.source["source"]},
    )


def _kept_out(table: Table, held_as: str) -> npt.NDArray[np.bool_] | None:
    """(B,) whether each row is held out; None where there are too few games."""
    if len(np.unique(table.game)) < LEAST:
        return None
    return held_out(held_as, table.groups["date"])


def _take(table: Table, chosen: npt.NDArray[np.bool_]) -> Table:
    return replace(
        table,
        rows=table.rows[chosen],
        label=table.label[chosen],
        game=table.game[chosen],
        groups={name: words[chosen] for name, words in table.groups.items()},
    )


def _used(rows: Floats) -> Floats:
    return rows[:, ~np.isnan(rows).all(0)]


def _recipe(name: str) -> Recipe:
    model = spec_of(name)
    return model.real or model.recipe
