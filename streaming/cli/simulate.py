"""``touchline simulate``: a simulated game, with sensor faults on request, becomes a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streaming.wire.records import Event, GameRecord, Telemetry

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def simulate(
    sport: Annotated[str, typer.Argument(help="The sport, one of those with a simulator.", metavar="SPORT")],
    out: Annotated[Path | None, typer.Option(help="Folder of the recording.", metavar="REC")] = None,
    to: Annotated[str, typer.Option(help="Send it live to a broker instead: kafka://host:port.", metavar="URL")] = "",
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same game.")] = 7,
    minutes: Annotated[float, typer.Option(help="Length of the game without breaks.")] = 90.0,
    game: Annotated[str, typer.Option(help="Id of the game; default: from sport and seed.")] = "",
    options: Annotated[
        list[str] | None,
        typer.Option("--with", help="Set an option of the sport's simulator; may be repeated.", metavar="NAME=VALUE"),
    ] = None,
    noise_in: Annotated[float, typer.Option(help="Noise of each coordinate, standard deviation in inches.")] = 0.0,
    jitter_ms: Annotated[float, typer.Option(help="Delay packets by up to this long.")] = 0.0,
    loss: Annotated[float, typer.Option(help="Share of samples that never arrive, 0 to 1.")] = 0.0,
    duplicates: Annotated[float, typer.Option(help="Share of samples and events that arrive twice, 0 to 1.")] = 0.0,
    disorder_ms: Annotated[float, typer.Option(help="Delay some samples by up to this long, so that others overtake them.")] = 0.0,
    clock_skew_ppm: Annotated[float, typer.Option(help="Clock drift of the tags, standard deviation.")] = 0.0,
    clock_offset_ms: Annotated[float, typer.Option(help="Clock offset of the tags, standard deviation.")] = 0.0,
    dropout_per_minute: Annotated[float, typer.Option(help="Dropouts of a tag per minute.")] = 0.0,
    dropout_s: Annotated[float, typer.Option(help="Mean length of a dropout.")] = 3.0,
    own_clocks: Annotated[bool, typer.Option("--rfid", help="Each tag samples on its own clock, unaligned.")] = False,
    late: Annotated[bool, typer.Option("--late", help="Allow delays beyond the lateness that the game declares.")] = False,
    overwrite: Annotated[bool, typer.Option("--force", help="Replace an existing recording.")] = False,
    games: Annotated[int, typer.Option(help="With --to: number of games at once, with consecutive seeds.", min=1, max=1000)] = 1,
    speed: Annotated[str, typer.Option(help="With --to: speed in multiples of real time, or max.")] = "1",
    per_frame: Annotated[bool, typer.Option("--per-frame", help="With --to: one message per frame instead of per window.")] = False,
    partitions: Annotated[int | None, typer.Option(help="With --to: partitions of the topics.", min=1)] = None,
    kafka_settings: Annotated[
        Path | None, typer.Option(help="With --to: TOML file with security settings.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Play a simulated game into a recording, or to a broker.

    Example: touchline simulate soccer --seed 7 --minutes 90 --out REC

    Half-time adds a minute without telemetry.

    With worse sensors: touchline simulate soccer --out REC --noise-in 2 --loss 0.01 --disorder-ms 40

    A season in which all players finish better: touchline simulate soccer --out REC --with finishing=1.0

    To a broker, ten games live: touchline simulate soccer --to kafka://127.0.0.1:9092 --games 10
    """
    from simulators.catalogue import open_simulator, options_of
    from simulators.sensor_faults import Faults, apply, check_lateness, declare, unsynchronised
    from streaming.cli.progress import Progress
    from streaming.errors import BadInput
    from streaming.recordings.reader import Writer
    from streaming.wire.records import Event

    if (out is None) == (not to):
        raise BadInput("no destination: give --out REC for a recording, or --to kafka://host:port")
    faults = Faults(
        noise_in=noise_in,
        jitter_ms=jitter_ms,
        loss=loss,
        duplicates=duplicates,
        disorder_ms=disorder_ms,
        clock_skew_ppm=clock_skew_ppm,
        clock_offset_ms=clock_offset_ms,
        dropout_per_minute=dropout_per_minute,
        dropout_s=dropout_s,
    )
    plain = not (faults.any or own_clocks)
    chosen = options_of(sport, options or ())

    def play(number: int, **more: Any) -> tuple[GameRecord, Iterable[Telemetry | Event]]:
        name = f"{game}-{number}" if game and number else game
        simulator = open_simulator(sport, seed + number, minutes, game=name or None, **chosen, **more)
        record, stream = simulator.record, simulator.stream(PACKED_FRAMES if plain and not to else 1)
        if own_clocks:
            record, stream = unsynchronised(record, stream, seed + number)
        if faults.any and not late:
            check_lateness(record, faults)
        return declare(record, faults), apply(stream, seed + number, faults)

    if to:
        from streaming.cli.parsing import parse_speed
        from streaming.cli.sending import send

        send(to, sport, games, play, parse_speed(speed), not per_frame, partitions, kafka_settings, as_json)
        return
    assert out is not None
    record, stream = play(0)
    start_us = record.t0_us
    spans = [(p.start_us, p.end_us or p.start_us) for p in record.periods]
    total = sum(end - start for start, end in spans) / 60e6
    samples = events = 0
    done = 0.0
    with (
        Writer(out, record, overwrite=overwrite) as writer,
        Progress(f"playing {record.title or record.game}", total, "minutes") as progress,
    ):
        for packet in stream:
            writer.write(packet)
            if isinstance(packet, Event):
                events += 1
                continue
            samples += len(packet)
            at = int(packet.t_us[-1])
            if at - start_us >= 1_000_000:  # a second of play, not every frame
                start_us = at
                played = sum(min(max(at - start, 0), end - start) for start, end in spans) / 60e6
                progress.advance(max(played - done, 0.0))
                done = max(played, done)
        progress.advance(max(total - done, 0.0))
    if as_json:
        import json

        result = {"out": str(out), "game": record.game, "title": record.title, "samples": samples, "events": events}
        print(json.dumps({**result, "provenance": record.provenance}, ensure_ascii=False))
    else:
        print(f"{out}: {record.title}, {samples:,} samples, {events:,} events")


#: frames in a packet when nothing is wrong with them: a recording keeps every sample's arrival anyway
PACKED_FRAMES = 250
