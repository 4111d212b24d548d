"""Real shots for xGoals: StatsBomb's, with everybody's position, and those of Wyscout's open events, with nobody's.

One forest is right with all, some or none of the positions: it learns from shots of which a part is withheld
(``models.data.withheld_shots``).
Inside it are five: without any player in sight, without opponents but the keeper, with few of them, without the keeper, and with
nearly everybody. Whole games are held out by the rule of ``models.holdout``, from the artefact too, so that what ships can be
judged by them; kicks of a shoot-out are no shots of a match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.soccer.shots import SHOT_INDEX
from models.artefact import Card, CardFeature, ForestModel
from models.artefact import load as load_model
from models.base import Floats
from models.data import withheld_shots, wyscout, wyscout_shots
from models.data.statsbomb_shots import CREDIT, TERMS, ShotTable, load, training_table
from models.data.wyscout_shots import EventShots
from models.evaluation.evaluation import against
from models.evaluation_set import EvaluationSet
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.forest.rewrite import light, with_leaf
from models.gate import narrowest
from models.holdout import held_out
from models.home import Home, Inside, inputs_of
from models.metrics import reliability
from models.recipes.shared import sight
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
#: copies of a shot with everybody's position: what is withheld, and whether words are too
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
_SEED: Final = 17
#: the cases that have a level of their own, and the seed of what is withheld where it is found
_IN_SIGHT: Final = (withheld_shots.FULL, withheld_shots.NO_KEEPER, withheld_shots.NO_DEFENDERS, withheld_shots.PART)
_LEVELS_SEED: Final = 500


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
            raise ValueError("the shots have no column is_goal: they can be scored, but not learnt from")
    return Shots(shots, None if events is None else wyscout_shots.load(events))


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


def held(shots: Shots) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each shot of StatsBomb's and of Wyscout's belongs to a game that is held out; empty where there are none."""
    none = np.empty(0, np.bool_)
    return (
        none if shots.statsbomb is None else held_out("statsbomb", shots.statsbomb.match),
        none if shots.wyscout is None else held_out(wyscout.HELD_OUT_AS, shots.wyscout.match),
    )


def taught(shots: Shots, statsbomb: npt.NDArray[np.bool_], events: npt.NDArray[np.bool_]) -> Table:
    """What the shots ``statsbomb`` and ``events`` (bool) teach, all copies with a part withheld among them."""
    parts: list[tuple[Floats, Floats, npt.NDArray[np.str_]]] = []
    if shots.statsbomb is not None and statsbomb.any():
        of = shots.statsbomb
        assert of.picture is not None
        for i, (case, words) in enumerate(_COPIES):
            chosen = np.flatnonzero(statsbomb & ~of.shootout & np.isfinite(of.rows[:, 0]))
            rows = of.seen(withheld_shots.players(case, of.picture, _SEED + i), chosen)
            game = np.char.add("statsbomb/", of.match[chosen].astype(np.str_))
            parts.append((withheld_shots.without_words(rows, _SEED + i) if words else rows, of.goal[chosen], game))
    if shots.wyscout is not None and events.any():
        goal = shots.wyscout.goal[events]
        game = np.char.add("wyscout/", shots.wyscout.match[events].astype(np.str_))
        rows = shots.wyscout.rows[events]
        parts += [(rows, goal, game), (withheld_shots.without_words(rows, _SEED + len(_COPIES)), goal, game)]
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
    games = {name: np.unique(match[chosen]) for name, match, chosen in _by_source(shots, statsbomb, events)}
    source["games"] = sum(len(found) for found in games.values())
    source["rows"] = sum(int(chosen.sum()) for _, _, chosen in _by_source(shots, statsbomb, events))
    # by this a game that it has not seen is known
    return source | {f"{name}_games": " ".join(map(str, found.tolist())) for name, found in games.items()}


def _by_source(shots: Shots, statsbomb: Any, events: Any) -> list[tuple[str, npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
    found = []
    if shots.statsbomb is not None:
        found.append(("statsbomb", shots.statsbomb.match, statsbomb & ~shots.statsbomb.shootout))
    if shots.wyscout is not None:
        found.append(("wyscout", shots.wyscout.match, events))
    return found


def learnt(
    shots: Shots, statsbomb: npt.NDArray[np.bool_], events: npt.NDArray[np.bool_], seed: int, recipe: Recipe = RECIPE
) -> tuple[Table, bytes, dict[str, float]]:
    """What the shots ``statsbomb`` and ``events`` (bool) teach, the forest that learnt it, and the level of each case
    (``models.recipes.shared.sight``), none where there are no shots with positions."""
    lessons = taught(shots, statsbomb, events)
    blob = grow(spec_of(MODEL), recipe, lessons.rows, lessons.label, seed)
    blob, level = _levelled(blob, shots.statsbomb, statsbomb)
    return lessons, light(_with_penalty(blob, lessons)), level


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


def _with_penalty(blob: bytes, lessons: Table) -> bytes:
    """All penalties are one shot, and its chance is the share of them that went in."""
    column = SHOT_INDEX["penalty"]
    penalty = lessons.rows[:, column] == 1.0
    if penalty.any():
        share = (lessons.label[penalty].sum() + 0.5) / (penalty.sum() + 1.0)
        one = lessons.rows[np.flatnonzero(penalty)[:1]]
        blob = with_leaf(blob, column, float(np.log(share / (1.0 - share)) - Margins(read_forest(blob))(one)[0, 0]))
    return blob


def train(folder: Path, seed: int, command: str, tell: Callable[[str], None], recipe: Recipe = RECIPE) -> tuple[Card, bytes]:
    """Learns from the games that are not held out, and is judged by those that are."""
    from models.recipes.shared.shot_cases import cases_of

    shots, model = read(folder), spec_of(MODEL)
    out = held(shots)
    tell("read")
    lessons, blob, level = learnt(shots, ~out[0], ~out[1], seed, recipe)
    tell("fitted")
    margins = Margins(read_forest(blob))
    judged = cases_of(shots.statsbomb, shots.wyscout, out, lambda rows: 1.0 / (1.0 + np.exp(-margins(rows)[:, 0])))
    metrics: dict[str, Any] = {"held_out": judged[0].scores if judged else {}, "cases": {c.reading: c.facts for c in judged}}
    # where nobody's position is known it is known what led to a shot, and the other way round: a live feed may know both
    led = ~np.isnan(lessons.rows[:, SHOT_INDEX["since_touch_s"]])
    some = np.flatnonzero(~led)[::3]
    both = withheld_shots.led_by_another(lessons.rows[some], lessons.rows[led], _SEED)
    wide = replace(lessons, rows=np.concatenate([lessons.rows, both]), label=np.concatenate([lessons.label, lessons.label[some]]))
    metrics["profile"] = profile(model, wide)
    gates = [case.gate for case in judged if case.gate is not None]
    home = Home(
        "real",
        str(lessons.source["source"]),
        inputs_of(wide.rows),
        lessons.terms,
        lessons.credit,
        narrowest(gates) if gates else None,
    )
    tell("judged")
    card = Card(
        name=model.name,
        title=model.title,
        classes=list(model.classes),
        features=[CardFeature(f.name, f.unit, f.label) for f in model.features],
        trained_on=lessons.source,
        command=command,
        seed=seed,
        metrics=metrics,
        parameters=recipe.told() | {"levels": level, "reach": sight.REACH},
        limits=model.limits,
        home=home,
    )
    return card, blob


def unseen(shots: Shots, card: Card) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which shots are of games that the model of ``card`` was not trained on, as ``held`` has them."""
    found = []
    for name, match, _ in _by_source(shots, np.True_, np.True_):
        games = card.trained_on.get(f"{name}_games")
        if games is None and str(card.trained_on.get("source", "")).startswith("simulated"):
            games = ""
        known_games = np.array([int(game) for game in str(games or "").split()], np.int64)
        found.append(~np.isin(match, known_games) if games is not None else held_out(name, match))
    none = np.empty(0, np.bool_)
    return (none if shots.statsbomb is None else found[0], none if shots.wyscout is None else found[-1])


def judge(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> tuple[EvaluationSet, ...]:
    """A judgement of every case (``models.recipes.shared.shot_cases``) on games not seen: of ``artefact``, those that it was not
    trained on;
    without one the recipe learns from the games that are not held out and is judged by the others."""
    from models.recipes.shared.shot_cases import cases_of

    shots, asked = read(folder), spec_of(MODEL)
    if artefact is None:
        out = held(shots)
        _, blob, _ = learnt(shots, ~out[0], ~out[1], seed)
        tell("fitted on the games not held out")
        forest = read_forest(blob)
        margins, attribution = Margins(forest), Attribution(forest)
        how = "learnt from the games not held out"

        def answer(rows: Floats) -> Floats:
            return np.asarray(1.0 / (1.0 + np.exp(-margins(rows)[:, 0])), np.float64)

        def attribute(rows: Floats) -> Floats:
            return np.asarray(attribution(np.ascontiguousarray(rows))[:, 0], np.float64)
    else:
        model = load_model(artefact)
        if model.name != MODEL:
            raise ValueError(f"{artefact} is a model of {model.name}, not of {MODEL}")
        out, how, answer, attribute = unseen(shots, model.card), f"artefact {model.version}", model.predict, model.attribute
    found = cases_of(shots.statsbomb, shots.wyscout, out, answer, made=True, seed=seed, tell=tell)
    if not found:
        raise ValueError(f"no game in {folder} is held out: there is nothing to judge {MODEL} by")

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
            asked.features,
            asked.classes,
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


def report(judged: tuple[EvaluationSet, ...]) -> dict[str, Any]:
    """Scores of every case, the sum against the goals, the difference from its reference with the interval, and the gate."""
    first = judged[0]
    readings = {each.reading: {**each.facts, "reliability": reliability(each.label, each.probability)} for each in judged}
    top = against(first) if first.versus == "provider" else {"model": MODEL, "how": first.how, "scores": first.facts["scores"]}
    return top | {
        "shots": len(first.label),
        "readings": readings,
        "reliability": {name: found["reliability"] for name, found in readings.items()},
    }


def evaluate(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    return report(judge(folder, artefact, seed, tell))


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    """Every shot's xGoals, with or without pictures; null without a place, and where the model is not at home."""
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
    said = "".join(f"; {count} without a value: {reason}" for reason, count in sorted(reasons.items()))
    values = [None if v != v else v for v in probability.tolist()]
    return {"shot_id": shots.shot_id.tolist(), "xgoals": pyarrow.array(values, pyarrow.float64())}, f"{len(shots.rows)} shots{said}"
