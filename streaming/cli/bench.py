"""``touchline bench``: the hot paths, each beside a floor measured in the same run."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

#: name -> (module, function); a function returns a dict with at least "what", "figures", "target" and "floor"
BENCHES: Final = {
    "codec": ("streaming.bench.pipeline", "codec"),
    "window": ("streaming.bench.pipeline", "window"),
    "window-nfl": ("streaming.bench.nfl", "window"),
    "ngs-speed": ("streaming.bench.nfl", "speed"),
    "websocket": ("streaming.bench.pipeline", "websocket"),
    "relay": ("streaming.bench.relay", "relay"),
    "replay": ("streaming.bench.pipeline", "replay"),
    "kinematics": ("streaming.bench.pipeline", "kinematics"),
    "xgoals": ("streaming.bench.models", "xgoals"),
    "endpoint": ("streaming.bench.endpoint", "endpoint"),
    "lead-curve": ("streaming.bench.models", "lead_curve"),
    "attribution": ("streaming.bench.models", "attribution"),
    "cars": ("streaming.bench.cars", "cars"),
    "storm": ("streaming.bench.hostile", "storm"),
    "hostile": ("streaming.bench.hostile", "bench"),
    "start": ("streaming.bench.pipeline", "start"),
    "kafka": ("streaming.bench.cluster", "kafka"),
    "flink": ("streaming.bench.cluster", "flink"),
    "soak": ("streaming.bench.cluster", "soak"),
    "flink-curve": ("streaming.bench.cluster", "flink_curve"),
}
#: these need a broker, and a cluster: without, a run of all passes them over
CLUSTER: Final = ("kafka", "flink", "soak", "flink-curve")
#: these need real games, in the folder that --data names: only by name
DATA: Final = ("ngs-speed",)
#: these take many minutes: only by name
LONG: Final = ("soak", "flink-curve", "hostile")
PEERS_FOLDER: Final = Path.home() / ".cache" / "touchline" / "peers"


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f"Some of: {', '.join(BENCHES)}; none: all that are not long.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    core_hour_price: Annotated[
        float, typer.Option(help="endpoint: price of a core hour, for the cost per prediction.", min=0.0)
    ] = 0.05,
    peers: Annotated[
        bool, typer.Option("--peers", help="endpoint: also measure MLServer and BentoML, which are installed once.")
    ] = False,
    peers_folder: Annotated[Path, typer.Option(help="endpoint: folder where the peers are installed.")] = PEERS_FOLDER,
    minutes: Annotated[float, typer.Option(help="soak: length of the games.", min=1.0)] = 60.0,
    kill_every_s: Annotated[float, typer.Option(help="soak: kill one of two operators so often; 0: never.", min=0.0)] = 0.0,
    data: Annotated[Path | None, typer.Option(help=f"Folder of real games, for {', '.join(DATA)}.", metavar="FOLDER")] = None,
) -> None:
    """Run benchmarks, each beside its floor. Figures depend on the machine and the moment, so compare the ratios.

    Example: touchline bench window replay

    ngs-speed compares our causal speed with the official one of NGS plays: touchline bench ngs-speed --data FOLDER --json, where
    FOLDER holds plays.parquet and tracking.parquet.

    kafka and flink need what make up ARGS="--mode thread" starts, or TOUCHLINE_KAFKA (kafka://host:port) and TOUCHLINE_FLINK
    (http://host:port) name a broker and a cluster. soak, which takes an hour, needs the broker. flink-curve, which takes
    a quarter of an hour, writes its drawing and its figures into the folder docs, or the one that TOUCHLINE_CURVE names.
    """
    from streaming.errors import BadInput, Unavailable

    unknown = [name for name in names or [] if name not in BENCHES]
    if unknown:
        raise BadInput(f"no benchmark {unknown[0]!r}: there are {', '.join(BENCHES)}")
    options: dict[str, dict[str, Any]] = {
        "endpoint": {"core_hour_price": core_hour_price, "peers": peers_folder if peers else None},
        "soak": {"minutes": minutes, "kill_every_s": kill_every_s},
    }
    results = []
    if names and data is None and (judged := [name for name in names if name in DATA]):
        raise BadInput(f"{judged[0]} needs --data FOLDER, the folder with the real games")
    for name in names or (name for name in BENCHES if name not in (*LONG, *DATA)):
        module, function = BENCHES[name]
        result: dict[str, Any] = {"name": name}
        arguments: dict[str, Any] = {"folder": data} if name in DATA else options.get(name, {})
        try:
            result |= getattr(importlib.import_module(module), function)(**arguments)
        except Unavailable as error:
            if names or name not in CLUSTER:
                raise
            result["skipped"] = str(error)
        results.append(result)
        if not as_json:
            _print(result)
    if as_json:
        print(json.dumps(results, indent=2))


def _shown(value: float) -> str:
    """
    >>> _shown(1234000.0), _shown(0.00231), _shown(7)
    ('1,234,000', '0.00231', '7')
    """
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,}"


def _print(result: dict[str, Any]) -> None:
    if "skipped" in result:
        print(f"{result['name']}: skipped: {result['skipped']}", flush=True)
        return
    print(f"{result['name']}: {result['what']}")
    for part in ("figures", "floor"):
        text = ", ".join(f"{key} {_shown(value)}" for key, value in result[part].items())
        print(f"  {part:<8} {text}")
    for note in result.get("notes", ()):
        print(f"  note     {note}")
    print(f"  target   {result['target']}", flush=True)
