"""`touchline models compare` and `monitor`: is another version better, and is the deployed one still calibrated?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streaming.cli.error_mapping import plain_errors
from streaming.cli.lifecycle.common import DEFAULT_REGISTRY, Json, Name, Registry

if TYPE_CHECKING:
    from models.artefact import Card
    from models.monitoring.monitor import ModelMonitor
    from models.monitoring.profile import Profile
    from models.training.labelled_predictions import LabelledPredictions


def compare(
    first: Annotated[str, typer.Argument(help="A model folder, a shipped model, or NAME@VERSION of the registry.", metavar="A")],
    second: Annotated[str, typer.Argument(help="The other version; VERSION alone is enough.", metavar="B")],
    table: Annotated[
        list[Path], typer.Option("--data", help="A table from touchline models prepare, or recordings.", metavar="PATH")
    ],
    registry: Registry = DEFAULT_REGISTRY,
    as_json: Json = False,
) -> None:
    """Compare two versions of a model on the same games, with a bootstrap test over whole games. Use games that neither version was
    trained on.

    Example: touchline models compare xgoals@deployed 3fa91c --data may.parquet
    """
    with plain_errors():
        from models.evaluation import comparison
        from streaming.cli.lifecycle.common import find_model, registry_at
        from streaming.cli.lifecycle.learning import labelled_from

        store = registry_at(registry)
        a = find_model(store, first)
        b = find_model(store, second, a.name)
        report = comparison.compare(a, b, labelled_from(a.name, table, registry=registry).table())
    print(json.dumps(report, indent=1) if as_json else comparison.as_text(report))


def monitor(
    name: Name,
    source: Annotated[
        list[Path], typer.Argument(help="Recordings, or tables from touchline models prepare, oldest first.", metavar="REC...")
    ],
    reference: Annotated[
        Path | None, typer.Option(help="Table to compare the inputs with, when the card has no profile.", metavar="TABLE")
    ] = None,
    registry: Registry = DEFAULT_REGISTRY,
    as_json: Json = False,
) -> None:
    """Monitor a model on recorded games: drift of its inputs against training, calibration against outcomes, missing values and
    latency.

    Example: touchline models monitor xgoals REC1 REC2 REC3
    """
    with plain_errors():
        from models.monitoring.profile import profile_of
        from models.training.labelled_predictions import read_labelled
        from streaming.cli.lifecycle.common import card_finder
        from streaming.cli.lifecycle.learning import labelled_from, no_label_reason

        missing = Counter[str]()
        table = labelled_from(name, source, labelled=False, missing=missing, registry=registry)
        if not len(table):
            why = "; ".join(f"{n} values unavailable: {reason}" for reason, n in missing.items())
            raise ValueError(f"no predictions of {name} in these recordings" + (f": {why}" if why else ""))
        given = None
        if reference is not None:
            past = read_labelled(name, reference)
            given = profile_of(past.rows, _names(name), past.label[past.label == past.label])
        watched = watch(table, card_finder(registry, [path for path in source if path.is_dir()]), given)
    report = watched.report() | {"unavailable": dict(missing)}
    print(json.dumps(report, indent=1) if as_json else as_text(report))
    if not as_json and (why := no_label_reason(name)):
        print(why)


def watch(table: LabelledPredictions, card_of: Callable[[str, str], Card | None], given: Profile | None = None) -> ModelMonitor:
    """A monitor that was fed the whole table, as a live one would be: another version starts a new count, and predictions with the
    same labelling event are one outcome, counted with the last of them. ``ValueError`` for a version whose card is not to be had,
    unless a profile is ``given``: no other version is taken for it."""
    from models.monitoring.monitor import ModelMonitor, profile_on

    rows_by_outcome: dict[tuple[str, str, str], list[int]] = {}
    keys = list(zip(table.game.tolist(), table.label_event.tolist(), table.version.tolist(), strict=True))
    for i, key in enumerate(keys):
        if key[1]:
            rows_by_outcome.setdefault(key, []).append(i)
    monitor: ModelMonitor | None = None
    for i, key in enumerate(keys):
        game, label_event, version = key
        if monitor is None or monitor.version != version:
            card = card_of(table.model, version)
            if card is None and given is None:
                raise ValueError(
                    f"{table.model} {version} predicted here, and is neither shipped nor in the registry nor with the recording: "
                    f"pass its registry (--registry DIR), or a table to compare the inputs with (--reference TABLE)"
                )
            profile = given or (None if card is None else profile_on(card))
            if monitor is None:
                monitor = ModelMonitor(table.model, version, tuple(_names(table.model)), profile)
            monitor.switch_version(version, profile)
        monitor.predicted(game, table.rows[i : i + 1], float(table.took_us[i]))
        if not label_event:
            monitor.add_unlabelled(1)
        elif rows_by_outcome[key][-1] == i:
            monitor.outcome(game, table.answer[rows_by_outcome[key]], table.label[rows_by_outcome[key]])
    assert monitor is not None
    return monitor


def _names(name: str) -> list[str]:
    from models.specs import spec_of

    return [feature.name for feature in spec_of(name).features]


def as_text(report: dict[str, Any]) -> str:
    """The report as text, alerts first."""
    lines = [f"{a['kind']}: {a['reason']}" for a in report["alerts"]] or ["nothing to report"]
    c = report["calibration"]
    lines.append(
        f"{report['model']} {report['version']}: {report['predictions']} predictions in {report['games']} games, "
        f"{report['labelled']} labelled, by {report['outcomes']} outcomes"
    )
    if c["said"] is not None:
        lines.append(f"predicted {c['said']:.1%}, observed {c['happened']:.1%} ({c['standard_errors']:+.1f} standard errors)")
    lines += [f"unavailable: {n} values, {reason}" for reason, n in report.get("unavailable", {}).items()]
    if not report["profile"]:
        lines.append("the card has no training profile: pass --reference TABLE to compare the inputs with earlier games")
    lines += [
        f"{f['feature']:24s} PSI {f['psi']:.3f} of {f['limit']:.3f}  "
        f"missing {f['missing']:.1%}, in training {f['missing_in_training']:.1%}"
        for f in report["features"][:5]
    ]
    if report["took_us"]["p50"] is not None:
        lines.append(f"latency {report['took_us']['p50']:.0f} us, 99th percentile {report['took_us']['p99']:.0f} us")
    return "\n".join(lines)


COMMANDS: Final = {"compare": compare, "monitor": monitor}
