"""The cases in which xGoals is evaluated: with all players in sight, with a part withheld, and without positions, on whole games
that it has not seen.

Each case has its reference: the provider's xG where all players are seen; where a part is withheld, a model made for just that
case, grown on other games of the same case; without positions the gate's logistic regression. Penalties, which all have one value,
are left aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.data import withheld_shots
from models.data.statsbomb_shots import ShotTable
from models.data.wyscout_shots import EventShots
from models.evaluation_set import Words
from models.forest.evaluate import Margins
from models.forest.format import read_forest
from models.gate import Gate, gate
from models.holdout import held_out
from models.metrics import paired_bootstrap, scores
from models.specs import Recipe, spec_of
from models.training.training import grow

Answer = Callable[[Floats], Floats]
Bools = npt.NDArray[np.bool_]

_SLOW: Final = {"eta": 0.05, "subsample": 0.6, "colsample_bytree": 0.3, "reg_lambda": 5.0}
#: how a model for one case is grown: the recipe of shots with all positions, as it was found by cross-validation
MADE: Final = Recipe(
    boosters=(
        ({**_SLOW, "max_depth": 3, "min_child_weight": 20.0}, 300),
        ({**_SLOW, "max_depth": 4, "min_child_weight": 30.0}, 200),
    ),
    smooth=0.7,
    by="header",
    strength=0.003,
    knots=4,
    own=1.0,
)
#: fewer rows of other games make no model to compare with
_LEAST: Final = 2_000
#: seed of what is withheld at random in an evaluation; training uses others
_SEED: Final = 1_000
_ROUNDS: Final = 1_000


@dataclass(frozen=True)
class Case:
    """``label``, ``probability``, ``game`` (B,), ``rows`` (B, F); ``reference`` (B,) of ``versus``, empty where there is none."""

    source: str
    case: str
    label: Floats
    probability: Floats
    game: npt.NDArray[Any]
    rows: Floats
    groups: dict[str, Words] = field(default_factory=dict)
    reference: Floats = field(default_factory=lambda: np.empty(0))
    versus: str = ""
    gate: Gate | None = None

    @property
    def reading(self) -> str:
        return f"{self.source}, {self.case}"

    @property
    def scores(self) -> dict[str, float]:
        return scores(self.label, self.probability)

    @property
    def facts(self) -> dict[str, Any]:
        """All of it as plain values: scores, sum against goals, difference from the reference, the gate."""
        found: dict[str, Any] = {
            "rows": len(self.label),
            "games": len(np.unique(self.game)),
            "scores": self.scores,
            "sum": summed(self.label, self.probability, self.game),
        }
        if self.reference.size:
            found |= {
                "versus": self.versus,
                "reference": scores(self.label, self.reference),
                "ours_minus_reference": paired_bootstrap(self.label, self.probability, self.reference, self.game),
            }
        if self.gate is not None:
            found["gate"] = msgspec.to_builtins(self.gate) | {"passed": self.gate.passed, "reason": self.gate.reason}
        return found


def summed(label: Floats, probability: Floats, game: npt.NDArray[Any], seed: int = 0) -> dict[str, float]:
    """Summed xGoals for every goal, with the interval of 95 % of draws of whole games with replacement."""
    generator = np.random.default_rng(seed)
    _, at = np.unique(game, return_inverse=True)
    games = int(at.max()) + 1
    goals, xgoals = np.bincount(at, label, games), np.bincount(at, probability, games)
    drawn = [np.bincount(generator.integers(0, games, games), minlength=games) for _ in range(_ROUNDS)]
    ratios = [float(w @ xgoals / (w @ goals)) for w in drawn if w @ goals > 0.0]
    low, high = np.quantile(ratios, (0.025, 0.975)) if ratios else (np.nan, np.nan)
    total = float(goals.sum())
    return {
        "xgoals": float(xgoals.sum()),
        "goals": total,
        "ratio": float(xgoals.sum()) / total if total else float("nan"),
        "low": float(low),
        "high": float(high),
    }


def cases_of(
    statsbomb: ShotTable | None,
    wyscout: EventShots | None,
    out: tuple[Bools, Bools],
    answer: Answer,
    *,
    made: bool = False,
    seed: int = 0,
    on_progress: Callable[[str], None] = lambda text: None,
) -> list[Case]:
    """Every case on the shots ``out`` (bool, of StatsBomb's and of Wyscout's); with ``made`` beside models made for each, grown on
    the games that are not held out by the rule, where there are enough of them."""
    found = list(_with_positions(statsbomb, out[0], answer, made, seed, on_progress)) if statsbomb is not None else []
    if wyscout is not None:
        found += _without(wyscout, out[1], answer, seed)
        on_progress(f"wyscout, {withheld_shots.NONE}")
    return found


def _with_positions(
    shots: ShotTable, out: Bools, answer: Answer, made: bool, seed: int, on_progress: Callable[[str], None]
) -> Iterator[Case]:
    plain = ~shots.penalty & ~shots.shootout & np.isfinite(shots.rows[:, 0])
    predictions, others = np.flatnonzero(out & plain), np.flatnonzero(~held_out("statsbomb", shots.match) & plain)
    if not len(predictions) or shots.picture is None:
        return
    label, game = shots.goal[predictions], shots.match[predictions]
    groups = {name: words[predictions] for name, words in shots.groups.items()}
    for case in withheld_shots.CASES:
        players = withheld_shots.players(case, shots.picture, _SEED + seed)
        rows = shots.seen(players, predictions)
        reference, versus = np.empty(0), ""
        provider = shots.reference[predictions]
        if case == withheld_shots.FULL and np.isfinite(provider).all():
            reference, versus = provider, "provider"
        elif made and len(others) >= _LEAST:
            blob = grow(spec_of("xgoals"), MADE, shots.seen(players, others), shots.goal[others], seed)
            reference, versus = 1.0 / (1.0 + np.exp(-Margins(read_forest(blob))(rows)[:, 0])), "a model made for it"
        probability = answer(rows)
        opened = _gate(f"StatsBomb open data, {case}", rows, label, probability, game)
        on_progress(f"statsbomb, {case}")
        yield Case("statsbomb", case, label, probability, game, rows, groups, reference, versus, opened)


def _without(shots: EventShots, out: Bools, answer: Answer, seed: int) -> Iterator[Case]:
    plain = ~shots.penalty & np.isfinite(shots.rows[:, 0])
    predictions = np.flatnonzero(out & plain)
    if not len(predictions):
        return
    rows, label, game = shots.rows[predictions], shots.goal[predictions], shots.match[predictions]
    groups = {name: words[predictions] for name, words in shots.groups.items()}
    probability = answer(rows)
    others = np.flatnonzero(~held_out("wyscout", shots.match) & plain)
    reference = np.empty(0)
    if len(others) >= _LEAST:
        from models.gate import logistic_of

        reference = logistic_of(shots.rows[others], shots.goal[others], rows, 2)[:, 1].copy()
    opened = _gate("Wyscout events", rows, label, probability, game, reference)
    yield Case(
        "wyscout",
        withheld_shots.NONE,
        label,
        probability,
        game,
        rows,
        groups,
        reference,
        "logistic" if reference.size else "",
        opened,
    )


def _gate(
    data: str, rows: Floats, label: Floats, probability: Floats, game: npt.NDArray[Any], logistic: Floats | None = None
) -> Gate | None:
    """What the gate measures; None where there are too few games or goals to measure anything."""
    if len(np.unique(game)) < 25 or not 20 <= label.sum() <= len(label) - 20:
        return None
    seen = ~np.isnan(rows).all(axis=0)
    return gate(data, rows[:, seen], label, probability, game, logistic if logistic is not None and logistic.size else None)
