"""touchline full-rate: raw channels of a simulated game's sources, sent as fast as they go, or received and reduced into a
recording."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from streaming.bench.figures import figure

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Send or receive raw telemetry at full rate.\n\nExample: touchline full-rate receive --port 9300 --out REC",
)

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@app.command()
def send(
    to: Annotated[str, typer.Argument(help="host:port of the receiver.", metavar="HOST:PORT")],
    seed: Annotated[int, typer.Option(help="Random seed of the simulated race.")] = 7,
    minutes: Annotated[float, typer.Option(help="Length of the race.")] = 5.0,
    seconds: Annotated[float | None, typer.Option(help="Send only this many seconds of it.", min=0.1)] = None,
    speed: Annotated[str, typer.Option(help="Speed in multiples of real time, or max.")] = "1",
    as_json: Json = False,
) -> None:
    """Send a race at the cars' own rates, about 3 gigabits a second, to a socket.

    Example: touchline full-rate send 127.0.0.1:9300 --seconds 10
    """
    from simulators.f1.full_rate import BLOCK_US, FullRate
    from simulators.f1.game import GrandPrix
    from streaming.cli.parsing import parse_speed

    host, port = _address(to)
    pace = parse_speed(speed)
    full = FullRate(GrandPrix(seed, minutes))
    limit = None if seconds is None else 1 + full.cars * int(seconds * 1e6 / BLOCK_US)
    with _connected(host, port) as connection:
        began, total, blocks = time.perf_counter(), 0, 0
        try:
            for block in full:
                if limit is not None and blocks >= limit:
                    break
                connection.sendall(block)
                total, blocks = total + len(block), blocks + 1
                if pace is not None and blocks % full.cars == 0:
                    ahead = blocks / full.cars * BLOCK_US / 1e6 / pace - (time.perf_counter() - began)
                    if ahead > 0:
                        time.sleep(ahead)
        except ConnectionError:
            from streaming.errors import Unavailable

            raise Unavailable(f"{to} closed the connection after {total:,} bytes") from None
    took = time.perf_counter() - began
    _print({"sent_bytes": total, "blocks": blocks, "took_s": round(took, 3), "gigabit_s": figure(8e-9 * total / took)}, as_json)


@app.command()
def receive(
    out: Annotated[Path, typer.Option(help="Folder of the recording.", metavar="REC")],
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 9300,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    raw: Annotated[Path | None, typer.Option(help="Also keep the raw blocks in this folder.", metavar="FOLDER")] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the simulated race whose game record is used.")] = 7,
    minutes: Annotated[float, typer.Option(help="Length of that race.")] = 5.0,
    overwrite: Annotated[bool, typer.Option("--force", help="Replace an existing recording.")] = False,
    as_json: Json = False,
) -> None:
    """Receive the raw blocks of one sender, reduce them to packets of 100 ms, and record those.

    Example: touchline full-rate receive --port 9300 --out REC --raw RAW
    """
    from simulators.f1.game import GrandPrix
    from streaming.errors import Unavailable
    from streaming.factory import sport_named
    from streaming.recordings.reader import Writer
    from streaming.reducing.receiving import RawRecorder
    from streaming.reducing.receiving import receive as take
    from streaming.reducing.reducer import Reducer

    record = GrandPrix(seed, minutes).record
    reducer = Reducer(wanted=sport_named(record.sport).channels)
    recorder = RawRecorder(raw) if raw is not None else None
    other_samples = samples = 0
    try:
        server = socket.create_server((host, port))
    except OSError as error:
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror}") from None
    with server, Writer(out, record, overwrite=overwrite) as writer:
        connection, _ = server.accept()

        def deliver(packets: list[Any]) -> None:
            nonlocal other_samples, samples
            for packet in packets:
                if packet.game == record.game:
                    writer.write(packet)
                    samples += len(packet)
                else:
                    other_samples += len(packet)

        began = time.perf_counter()
        with connection:
            total = take(connection, reducer, deliver, lambda: time.time_ns() // 1000, recorder)
        took = time.perf_counter() - began
    if recorder is not None:
        recorder.close()
    counts = {f"{kind}: {reason}": n for (kind, reason), n in sorted(reducer.counts.items())}
    if other_samples:
        counts["quarantined: another game"] = other_samples
    _print({"received_bytes": total, "took_s": round(took, 3), "samples": samples, "out": str(out), **counts}, as_json)


def _address(text: str) -> tuple[str, int]:
    from streaming.errors import BadInput

    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise BadInput(f"{text!r} is no address: give host:port")
    return host, int(port)


def _connected(host: str, port: int) -> socket.socket:
    from streaming.errors import Unavailable

    try:
        return socket.create_connection((host, port), timeout=30)
    except OSError as error:
        raise Unavailable(f"no process listens on {host}:{port}: {error.strerror or error}") from None


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts))
    else:
        print(", ".join(f"{key} {value:,}" if isinstance(value, int) else f"{key} {value}" for key, value in facts.items()))
