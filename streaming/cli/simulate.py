"""touchline simulate: a simulated game, with sensors as good or as bad as asked, becomes a recording."""

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
    sport: Annotated[str, typer.Argument(help="What is played: one of the sports that can be simulated.", metavar="SPORT")],
    out: Annotated[Path | None, typer.Option(help="The folder to write the recording to.", metavar="REC")] = None,
    to: Annotated[str, typer.Option(help="Or send it to a broker, live: kafka://host:port.", metavar="URL")] = "",
    seed: Annotated[int, typer.Option(help="The same seed plays the same game.")] = 7,
    minutes: Annotated[float, typer.Option(help="Length of the game, both halves together.")] = 90.0,
    game: Annotated[str, typer.Option(help="Id of the game; made from the seed when left out.")] = "",
    options: Annotated[
        list[str] | None,
        typer.Option("--with", help="What this sport's world lets one set; any number of times.", metavar="NAME=VALUE"),
    ] = None,
    noise_in: Annotated[float, typer.Option(help="Noise of each coordinate, standard deviation in inches.")] = 0.0,
    jitter_ms: Annotated[float, typer.Option(help="Packets wait up to this long.")] = 0.0,
    loss: Annotated[float, typer.Option(help="Share of samples that never arrive, 0 to 1.")] = 0.0,
    duplicates: Annotated[float, typer.Option(help="Share of samples and events that arrive twice, 0 to 1.")] = 0.0,
    disorder_ms: Annotated[float, typer.Option(help="Some samples arrive up to this late, overtaken by others.")] = 0.0,
    clock_skew_ppm: Annotated[float, typer.Option(help="Spread of the speeds of the tags' clocks.")] = 0.0,
    clock_offset_ms: Annotated[float, typer.Option(help="Spread of the offsets of the tags' clocks.")] = 0.0,
    dropout_per_minute: Annotated[float, typer.Option(help="How often a tag falls silent.")] = 0.0,
    dropout_s: Annotated[float, typer.Option(help="Mean length of such a silence.")] = 3.0,
    own_clocks: Annotated[bool, typer.Option("--rfid", help="Tags sample on clocks of their own, unaligned.")] = False,
    late: Annotated[bool, typer.Option("--late", help="Allow delays beyond the lateness that the game declares.")] = False,
    overwrite: Annotated[bool, typer.Option("--force", help="Replace what is there already.")] = False,
    games: Annotated[int, typer.Option(help="With --to: how many games at once, seeds counting up.", min=1, max=1000)] = 1,
    speed: Annotated[str, typer.Option(help="With --to: times real time, or max.")] = "1",
    per_frame: Annotated[bool, typer.Option("--per-frame", help="With --to: a message per frame, not per window.")] = False,
    partitions: Annotated[int | None, typer.Option(help="With --to: partitions of the topics.", min=1)] = None,
    kafka_settings: Annotated[Path | None, typer.Option(help="With --to: security settings, TOML.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was made as JSON.")] = False,
) -> None:
    """Play a simulated game into a recording, or to a broker.

    Example: touchline simulate soccer --seed 7 --minutes 90 --out REC

    Half-time adds a minute without telemetry.

    With worse sensors: touchline simulate soccer --out REC --noise-in 2 --loss 0.01 --disorder-ms 40

    A season in which everybody finishes better: touchline simulate soccer --out REC --with finishing=1.0

    To a broker, ten games live: touchline simulate soccer --to kafka://127.0.0.1:9092 --games 10
    """
    from simulators.catalogue import open_simulator, options_of
    from simulators.sensor_faults import Faults, apply, check_lateness, declare, unsynchronised
    from streaming.cli.progress import Progress
    from streaming.errors import BadInput
    from streaming.recordings.reader import Writer
    from streaming.wire.records import Event

    if (out is None) == (not to):
        raise BadInput("say where the game goes: --out REC for a recording, or --to kafka://host:port")
    wrong = Faults(
        noise_in, jitter_ms, loss, duplicates, disorder_ms, clock_skew_ppm, clock_offset_ms, dropout_per_minute, dropout_s
    )
    plain = not (wrong.any or own_clocks)
    chosen = options_of(sport, options or ())

    def play(number: int, **more: Any) -> tuple[GameRecord, Iterable[Telemetry | Event]]:
        name = f"{game}-{number}" if game and number else game
        world = open_simulator(sport, seed + number, minutes, game=name or None, **chosen, **more)
        record, stream = world.record, world.stream(PACKED_FRAMES if plain and not to else 1)
        if own_clocks:
            record, stream = unsynchronised(record, stream, seed + number)
        if wrong.any and not late:
            check_lateness(record, wrong)
        return declare(record, wrong), apply(stream, seed + number, wrong)

    if to:
        from simulators.replay import parse_speed
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

        told = {"out": str(out), "game": record.game, "title": record.title, "samples": samples, "events": events}
        print(json.dumps({**told, "provenance": record.provenance}, ensure_ascii=False))
    else:
        print(f"{out}: {record.title}, {samples:,} samples, {events:,} events")


#: frames in a packet when nothing is wrong with them: a recording keeps every sample's arrival anyway
PACKED_FRAMES = 250
