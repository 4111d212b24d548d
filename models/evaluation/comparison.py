"""Two versions of a model on the same games: side by side, and whether the difference is luck."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from models.base import Floats, Model
from models.metrics import paired_bootstrap, row_brier, row_log_loss, scores
from models.training.training import Table

ROUNDS: Final = 2_000
#: fewer games say nothing
LEAST_GAMES: Final = 5


def compare(first: Model, second: Model, table: Table, seed: int = 0, rounds: int = ROUNDS) -> dict[str, Any]:
    """Scores of both, and of ``second`` minus ``first`` the difference with its 95 % interval over whole games drawn with
    replacement.

    The second wins when its log loss is lower beyond the interval, the first when it is higher; otherwise neither does.
    ``ValueError`` when the two answer different questions, or there are too few games.
    """
    names = [[f.name for f in model.features] for model in (first, second)]
    if first.name != second.name or names[0] != names[1]:
        raise ValueError(f"{first.name} {first.version} and {second.name} {second.version} answer different questions")
    games = len(np.unique(table.game))
    if games < LEAST_GAMES:
        raise ValueError(f"{games} games are too few to compare models: {LEAST_GAMES} are the least")
    a, b = first.predict(table.rows), second.predict(table.rows)
    whole = ~np.isnan((a + b).reshape(len(a), -1)).any(axis=1)
    a, b, label, game = a[whole], b[whole], table.label[whole], table.game[whole]
    if a.ndim == 1:
        differences = paired_bootstrap(label, b, a, game, rounds=rounds, seed=seed)
    else:
        differences = _means(label, b, a, game, rounds, seed)
    low, high = differences["log_loss"]["low"], differences["log_loss"]["high"]
    return {
        "model": first.name,
        "rows": int(whole.sum()),
        "games": games,
        "not_answered": int((~whole).sum()),
        "source": table.source,
        "versions": [first.version, second.version],
        "scores": [scores(label, a), scores(label, b)],
        "second_minus_first": differences,
        "better": second.version if high < 0.0 else first.version if low > 0.0 else None,
    }


def _means(label: Floats, ours: Floats, theirs: Floats, game: Any, rounds: int, seed: int) -> dict[str, dict[str, float]]:
    """The paired bootstrap of scores that are means over rows, for any number of classes."""
    _, at = np.unique(game, return_inverse=True)
    count = np.bincount(at).astype(np.float64)
    drawn = np.random.default_rng(seed).multinomial(len(count), np.full(len(count), 1.0 / len(count)), rounds)
    found = {}
    for name, score in (("log_loss", row_log_loss), ("brier", row_brier)):
        off = np.bincount(at, score(label, ours) - score(label, theirs))
        values = (drawn * off).sum(1) / (drawn * count).sum(1)
        low, high = np.quantile(values, (0.025, 0.975))
        found[name] = {
            "difference": float(off.sum() / count.sum()),
            "low": float(low),
            "high": float(high),
            "better": float((values < 0.0).mean()),
        }
    return found


def as_text(report: dict[str, Any]) -> str:
    """Side by side, for a person."""
    first, second = report["versions"]
    lines = [f"{report['model']}: {report['rows']} rows of {report['games']} games"]
    lines.append(f"{'':10s}{first:>14s}{second:>14s}   second minus first")
    for name, value in report["scores"][0].items():
        line = f"{name:10s}{value:14.5f}{report['scores'][1][name]:14.5f}"
        if row := report["second_minus_first"].get(name):
            line += f"   {row['difference']:+.5f} (95 % {row['low']:+.5f} to {row['high']:+.5f}), "
            line += f"better in {row['better']:.1%} of draws"
        lines.append(line)
    better = report["better"]
    lines.append(f"{better} is better: the interval of the log loss leaves out 0" if better else "no difference beyond luck")
    return "\n".join(lines)
