"""Touchline from Python: open a recording, run it through the pipeline, get its stats as columns.

    import touchline

    recording = touchline.open_recording("match")
    shots = touchline.replay(recording, stats="soccer.shot.xgoals").to_pandas()

This module is the public interface. The packages behind it (``streaming``, ``features``, ``models``, ``simulators``) are internal
and may change from version to version; ``docs/api.md`` lists what plug-ins import of them. Nothing heavy is imported before the
first call.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

    from features.core.sport import Sport
    from models.artefact import ForestModel
    from streaming.errors import BadInput, TouchlineError
    from streaming.operator.game import GameOperator
    from streaming.recordings.reader import Recording
    from streaming.wire.records import GameRecord

__all__ = [
    "BadInput",
    "GameOperator",
    "PackageCollision",
    "TouchlineError",
    "load_model",
    "load_sport",
    "open_recording",
    "operator_for",
    "replay",
]

#: the packages behind this module
PACKAGES: Final = ("features", "models", "simulators", "streaming")

_BESIDE: Final = Path(__file__).resolve().parent
#: where those packages lie: beside this file in a checkout, in the folder ``touchline`` beside it where a wheel was installed
HOME: Final = _BESIDE / "touchline" if (_BESIDE / "touchline" / "streaming").is_dir() else _BESIDE

if HOME != _BESIDE and str(HOME) not in sys.path:
    sys.path.append(str(HOME))  # last: packages of the same names that somebody else installed stay what they were


class PackageCollision(ImportError):
    """Another package has the name of one of ``PACKAGES`` and would be imported in its place."""


def open_recording(path: str | os.PathLike[str]) -> Recording:
    """A recording, opened for reading.

    Parameters
    ----------
    path : its folder, as ``touchline simulate``, ``touchline import`` and ``touchline run --record`` write it

    Raises
    ------
    BadInput
        it is not there, not whole, or damaged; the sentence names the file
    """
    _check_packages()
    from streaming.recordings.reader import Recording

    return Recording(Path(path))


def replay(
    recording: Recording | str | os.PathLike[str],
    *,
    stats: str | Iterable[str] | None = None,
    from_s: float = 0.0,
    models: Iterable[str] = (),
    provisional: bool = False,
) -> pa.Table:
    """Run a recording through the pipeline, as fast as it goes, and return its stats.

    Parameters
    ----------
    recording : an opened recording, or its folder
    stats : ids or patterns of the stats to return (``"soccer.shot.*"``; ``touchline catalogue`` lists them); None returns all
    from_s : seconds after the game's t0; what had arrived by then is left out
    models : other models than the recording names: folders, ``NAME@simulated``, ``NAME@real``, or ``NAME=ADDRESS`` of an endpoint
    provisional : also return values that no final value has replaced

    Returns
    -------
    pa.Table
        A row per value with the columns of ``stats`` in docs/recordings.md; ``value`` is null where there is no value, and
        ``reason`` says why. ``.to_pandas()`` and ``polars.from_arrow`` make data frames of it, DuckDB reads it as it is.

    Raises
    ------
    BadInput
        a recording that cannot be read, an unknown stat, sport or model
    """
    _check_packages()
    from streaming.cli.lifecycle.pinning import pin_models
    from streaming.recordings.reader import Recording
    from streaming.runners.embedded import EmbeddedRunner
    from streaming.sinks.table import StatTableSink, stat_filter
    from streaming.sources.recording import due

    opened = recording if isinstance(recording, Recording) else Recording(Path(recording))
    options: dict[str, Any] = {"draw": False, "provisional": provisional}
    records: Iterable[Any] = (record for _, record in due(opened, None, from_s))
    if named := list(models):
        operator = operator_for(opened.game, models=named, **options)
    else:
        operator, records = pin_models(opened, records, **options)
    ids = frozenset(stat.id for stat in operator.sport.stats)
    wanted = ids if stats is None else stat_filter([stats] if isinstance(stats, str) else stats, ids)
    sink = StatTableSink(wanted.__contains__, final_only=not provisional)
    EmbeddedRunner(operator, [sink]).run(records)
    return sink.table()


def operator_for(game: GameRecord, *, models: Iterable[str] = (), **options: Any) -> GameOperator:
    """An operator for one game, with its sport and the models that the sport's stats name.

    Parameters
    ----------
    game : the game record, such as ``open_recording(path).game``
    models : as in ``replay``; empty for the models that ship with the package
    options : keyword arguments of ``GameOperator``

    Raises
    ------
    BadInput
        an unknown sport or model
    """
    _check_packages()
    from streaming.factory import operator_for as make

    return make(game, list(models), **options)


def load_sport(name: str) -> Sport:
    """What a sport declares: field, signals, steps, and the table of its stats (``load_sport("soccer").stats``).

    Raises
    ------
    BadInput
        no sport of this name is installed; the sentence lists those that are
    """
    _check_packages()
    from streaming.factory import sport_named

    return sport_named(name)


def load_model(model: str | os.PathLike[str]) -> ForestModel:
    """A model: ``predict(rows)`` takes (B, F) float64, NaN for missing, and returns probabilities in [0, 1], (B,) or (B, C).

    Parameters
    ----------
    model : a model of the package (``"xgoals"``, ``"xgoals@real"``; ``touchline models list``) or the folder of one

    Raises
    ------
    BadInput
        no such model, or a file that does not match its card
    """
    _check_packages()
    from models.artefact import load
    from streaming.errors import BadInput

    try:
        return load(model)
    except ValueError as error:
        raise BadInput(str(error)) from None


def main() -> None:
    """The command ``touchline``. In a process of its own its packages go first, whatever else is installed."""
    if HOME != _BESIDE and str(HOME) in sys.path:
        sys.path.remove(str(HOME))
    if sys.path[:1] != [str(HOME)]:
        sys.path.insert(0, str(HOME))
    if HOME != _BESIDE:  # processes that the command starts find them as well
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HOME), os.environ.get("PYTHONPATH"))))
    try:
        _check_packages()
    except PackageCollision as error:
        print(f"touchline: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    from streaming.cli import main as run

    run()


def collisions() -> dict[str, str]:
    """The packages of ``PACKAGES`` that an import would not find in this distribution, with the place of the one it would find."""
    from importlib.util import find_spec

    found: dict[str, str] = {}
    for name in PACKAGES:
        module = sys.modules.get(name)
        spec = find_spec(name) if module is None else getattr(module, "__spec__", None)
        places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
        if not any(place and Path(place).resolve() in (HOME / name, HOME / name / "__init__.py") for place in places):
            found[name] = next((str(place) for place in places if place), "nowhere")
    return found


@cache
def _check_packages() -> None:
    """``PackageCollision`` when code of another distribution would be run in the place of ours."""
    for name, place in collisions().items():
        if place == "nowhere":
            raise PackageCollision(f"the package {name!r} of Touchline is missing in {HOME}: install touchline again")
        raise PackageCollision(
            f"the package {name!r} at {place} has the name of a package of Touchline and hides it: install touchline in an "
            f"environment of its own (python -m venv, pipx or uv tool install)"
        )


def __getattr__(name: str) -> Any:
    """``GameOperator`` and the errors, imported when they are first used."""
    if name == "GameOperator":
        _check_packages()
        from streaming.operator.game import GameOperator

        return GameOperator
    if name in ("BadInput", "TouchlineError"):
        _check_packages()
        from streaming import errors

        return getattr(errors, name)
    raise AttributeError(f"module 'touchline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if __name__ == "__main__":
    main()
