"""``touchline replay``: a recorded game through the pipeline again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streaming.cli.lifecycle.common import Contradicted

if TYPE_CHECKING:
    from streaming.cli.progress import Progress
    from streaming.sinks import Sink
    from streaming.wire.records import GameRecord


def replay(
    recording: Annotated[Path, typer.Argument(help="The folder of the recording.", metavar="REC")],
    speed: Annotated[str, typer.Option(help="Speed in multiples of real time: 1, 10, ... or max.")] = "max",
    start: Annotated[str, typer.Option("--from", help="Start at this game time: 12:30, or seconds.")] = "0",
    out: Annotated[
        str | None,
        typer.Option(help="Write stats to FILE.parquet, FILE.jsonl or another sink, stories to FILE.vtt.", metavar="FILE"),
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the stories in FILE.vtt: en, de, ru or es.")] = "en",
    every: Annotated[bool, typer.Option("--provisional", help="Also write provisional values.")] = False,
    force: Annotated[bool, typer.Option(help="Replace an existing FILE.")] = False,
    serve: Annotated[bool, typer.Option(help="Serve the pages during the replay, and afterwards until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8080,
    model: Annotated[
        list[str] | None, typer.Option(help="A folder, NAME@simulated, NAME@real, or NAME=ADDRESS of an endpoint.")
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(envvar="TOUCHLINE_REGISTRY", help="Model registry with the versions that the recording names.", metavar="DIR"),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow-registry", help="Use the models deployed in the registry, now and later, not the recorded ones."),
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="Also record in this folder, with stats and predictions.", metavar="DIR")
    ] = None,
    contradicted: Contradicted = "withhold",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a recording through the pipeline, at any speed, from any minute.

    Example: touchline replay REC --speed max --out stats.parquet

    Models have the versions that the recording names, each from where it took over, and those chosen by name stay chosen; --model
    gives others, and --follow-registry those that are deployed.

    Example: touchline replay REC --speed 1 --serve --registry model-registry --follow-registry
    """
    from streaming.cli.lifecycle.common import watch_models
    from streaming.cli.lifecycle.pinning import pin_models
    from streaming.cli.parsing import parse_from, parse_speed
    from streaming.cli.progress import Progress
    from streaming.errors import BadInput
    from streaming.factory import OperatorFactory, prepare, requested_of
    from streaming.recordings.reader import Recording
    from streaming.runners.embedded import EmbeddedRunner
    from streaming.sinks import SinkOptions, open_sink
    from streaming.sinks.base import through
    from streaming.sources.pace import paced
    from streaming.sources.recording import due

    pace, from_s = parse_speed(speed), parse_from(start)
    rec = Recording(recording)
    records: Iterable[Any] = (each for _, each in due(rec, pace, from_s))
    options: dict[str, Any] = {"draw": serve, "provisional": serve or every or pace is not None}
    if follow and (registry is None or model):
        raise BadInput("--follow-registry takes the models from --registry DIR, and no --model")
    make = OperatorFactory(model, registry if follow else None, **options)
    if model or follow:
        operator = make(rec.game)
    else:
        operator, records = pin_models(rec, records, registry, **options)
    file: Sink | None = None
    if out is not None:
        chosen = SinkOptions(game=rec.game, metrics=operator.metrics, final_only=not every, overwrite=force, language=language)
        file = open_sink(out, chosen)
    sinks = [] if file is None else [file]
    gateway = None
    try:
        if serve:
            from streaming.web.gateway import Gateway
            from streaming.web.hub import Hub

            hub = Hub()
            models = watch_models(hub, registry, contradicted, "replay", recording)
            gateway = Gateway(hub, port=port, recordings=recording.parent).start()
            hub.attach(rec.game, operator.metrics)
            sinks += [hub, models]
            prepare(rec.game.sport, make)
            print(f"live page {gateway.url}/   operator page {gateway.url}/operator", flush=True)
        if pace is not None:
            records = paced(records, pace)
        if file is not None:
            records = through(file, records)
        if gateway is not None:
            records = hub.tee(records if hub.models is None else hub.models.tee(rec.game, records))
        if record is not None:
            from streaming.recordings.capture import GameRecorder

            if (record / rec.path.name).resolve() == rec.path.resolve():
                raise BadInput(f"{record} holds the very recording that is replayed")
            capture = GameRecorder(record, rec.game.sport, requested_of(operator), timed="replay")
            records = capture.tee(rec.game, records)
            sinks.append(capture)
        began = time.perf_counter()
        with Progress(f"replaying {rec.game.title or rec.game.game}", rec.samples or None, "samples") as progress:
            EmbeddedRunner(operator, sinks).run(_counted(records, progress))
        took_s = time.perf_counter() - began
    except BaseException:
        for sink in sinks:
            getattr(sink, "abort", sink.close)()
        make.close()
        if gateway is not None:
            gateway.stop()
        raise
    done = summary(operator.metrics, rec.game, took_s)
    if out is not None:
        done["out"] = out
    print(json.dumps(done) if as_json else sentence(done), flush=True)
    if gateway is not None:
        try:
            while True:
                gateway.check()
                time.sleep(1.0)
        except KeyboardInterrupt:
            pass
        finally:
            gateway.stop()
    make.close()


def _counted(records: Iterable[Any], progress: Progress) -> Iterator[Any]:
    for record in records:
        yield record
        if not isinstance(record, int) and hasattr(record, "tag"):
            progress.advance(len(record))


def summary(metrics: Any, game: GameRecord, took_s: float) -> dict[str, Any]:
    """What a run did, in figures: ``not_used`` counts by reason the records that were not used, ``unavailable`` by reason and stat
    the values that there are not, since a model was not at home."""
    # to the last of both: tracking may end before the events do, and events before the tracking
    last_us = max(metrics.watermark_us, metrics.event_us) or metrics.arrival_us
    last_us = max(last_us, game.t0_us)
    played_s = (last_us - game.t0_us) / 1e6
    counts = metrics.counts
    return {
        "game": game.game,
        "game_s": round(played_s, 3),
        "took_s": round(took_s, 3),
        "times_real_time": round(played_s / took_s, 1) if took_s else None,
        "samples": counts["accepted", "sample"],
        "events": counts["accepted", "event"],
        "windows": metrics.windows,
        "not_used": {f"{kind}: {why}": n for kind, why, n in metrics.records() if kind != "accepted"},
        "unavailable": unavailable(metrics),
    }


def sentence(done: dict[str, Any]) -> str:
    """The summary in a sentence."""
    pace = "" if done["times_real_time"] is None else f" ({done['times_real_time']:,} times real time)"
    text = (
        f"{done['game']}: {done['game_s'] / 60:.1f} minutes in {done['took_s']:.1f} s{pace}, "
        f"{done['samples']:,} samples, {done['events']:,} events, {done['windows']:,} windows"
    )
    if done["not_used"]:
        text += "; not used: " + ", ".join(f"{n:,} {why}" for why, n in done["not_used"].items())
    for reason, stats in done["unavailable"].items():
        text += f"; unavailable, {reason}: " + ", ".join(f"{stat} ({n:,})" for stat, n in stats.items())
    return text + (f"; stats in {done['out']}" if "out" in done else "")


def unavailable(metrics: Any) -> dict[str, dict[str, int]]:
    """By reason, how many values of each stat there are not."""
    found: dict[str, dict[str, int]] = {}
    for stat, reason, n in metrics.unavailable():
        found.setdefault(reason, {})[stat] = n
    return found
