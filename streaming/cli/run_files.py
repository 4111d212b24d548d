"""Where ``touchline run`` takes games from and gives stats to: a broker, or files on one side of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streaming.errors import BadInput

if TYPE_CHECKING:
    from streaming.kafka.settings import Address
    from streaming.recordings.capture import GameRecorder

FILES = (".parquet", ".jsonl")


def recording_at(source: str) -> Path | None:
    """The folder that a source names, ``file://REC`` or the path itself; None for the address of a broker."""
    if source.startswith("file://"):
        return Path(source.removeprefix("file://"))
    return Path(source) if Path(source).is_dir() else None


def file_at(sink: str) -> Path | None:
    """The file that a sink names; None for the address of a broker."""
    path = Path(sink.removeprefix("file://"))
    if not sink.startswith("file://") and ("://" in sink or path.suffix not in FILES):
        return None
    if path.suffix not in FILES:
        raise BadInput(f"{path.name}: stats of games from a broker are written to a .parquet or a .jsonl file")
    return path


@contextmanager
def captured(address: Address, sport: str, folder: Path | None, stop: threading.Event) -> Iterator[None]:
    """Meanwhile, what is on a broker and comes is written down in ``folder`` (None: nothing is), whoever works on it; when that
    goes wrong, ``stop`` is set, and it is raised at the end."""
    from streaming.kafka.tail import follow
    from streaming.recordings.capture import GameRecorder
    from streaming.wire import topics

    if folder is None:
        yield
        return
    failed: list[BaseException] = []
    capture, enough = GameRecorder(folder, sport), threading.Event()

    def listen() -> None:
        try:
            for game, raw, now_us in follow(address, topics.telemetry(sport), enough):
                capture.take(game, raw, now_us)
        except BaseException as error:  # noqa: BLE001 (raised below)
            failed.append(error)
            stop.set()

    thread = threading.Thread(target=listen, name="capture", daemon=True)
    thread.start()
    with capture:
        try:
            yield
        finally:
            enough.set()
            thread.join()
        if failed:
            raise failed[0]
    print(recorded(capture))


def recorded(capture: GameRecorder) -> str:
    """What was written down, for a person."""
    missed = f"; {capture.unclaimed:,} records of games whose beginning is gone are in none" if capture.unclaimed else ""
    return f"recorded {len(capture.finished)} games in {capture.folder}{missed}"


def from_recording(
    path: Path,
    address: Address,
    partitions: int | None,
    speed: str,
    model: list[str] | None,
    record: Path | None,
    registry: Path | None = None,
) -> None:
    """A recorded game through an operator in this process, and what it gives out to the topics of its sport."""
    from simulators.replay import due, parse_speed
    from streaming.cli.pace import paced
    from streaming.cli.replay import sentence, summary
    from streaming.factory import operator_for, prepare, requested_of
    from streaming.kafka.broker import ensure
    from streaming.recordings.capture import GameRecorder
    from streaming.recordings.reader import Recording
    from streaming.runners.embedded import EmbeddedRunner
    from streaming.sinks.kafka import KafkaSink

    pace, rec = parse_speed(speed), Recording(path)
    options: dict[str, Any] = {"given": model, "registry": registry, "draw": True, "provisional": pace is not None}
    if pace is not None:
        prepare(rec.game.sport, partial(operator_for, **options))
    operator = operator_for(rec.game, **options)
    number = ensure(address, rec.game.sport, partitions)
    print(f"{rec.game.game} from {path} to {address.text}, {number} partitions", flush=True)
    with ExitStack() as stack:
        sink = KafkaSink(address, rec.game, operator.meters)
        records = (one for _, one in due(rec, pace))
        passing = sink.overhear(records if pace is None else paced(records, pace))
        capture = None if record is None else stack.enter_context(GameRecorder(record, rec.game.sport, requested_of(operator)))
        if capture is not None:
            passing = capture.overhear(rec.game, passing)
        began = time.perf_counter()
        EmbeddedRunner(operator, [sink] if capture is None else [sink, capture]).run(passing)
    print(sentence(summary(operator.meters, rec.game, time.perf_counter() - began)))
    if capture is not None:
        print(recorded(capture))


def to_file(
    address: Address,
    sport: str,
    path: Path,
    overwrite: bool,
    model: list[str] | None,
    stop: threading.Event,
    registry: Path | None = None,
) -> None:
    """Every game that is on a broker or comes, through operators in this process, and the final stats of all to one file."""
    from streaming.cli.replay import stat_file
    from streaming.factory import maker
    from streaming.kafka.tail import follow
    from streaming.operator.session import GameSession
    from streaming.wire import topics
    from streaming.wire.blocks import DeadLetter, StatBlock
    from streaming.wire.records import Event

    make = maker(model, registry, provisional=False)
    hosts: dict[str, GameSession] = {}
    aside: Counter[str] = Counter()
    values = 0
    with stat_file(path, final_only=True, overwrite=overwrite) as sink:
        print(f"{sport} from {address.text} to {path}, from the beginning: on the air; Ctrl-C ends it", flush=True)
        for game, raw, now_us in follow(address, topics.telemetry(sport), stop):
            host = hosts.get(game) or GameSession(sport, game, make)
            out = [output for output in host.take(raw, now_us) if not isinstance(output, Event)]
            if host.phase != "waiting":
                hosts[game] = host
            sink.write(out, time.time_ns() // 1000)
            for output in out:
                if isinstance(output, StatBlock):
                    values += len(output)
                elif isinstance(output, DeadLetter):
                    aside[output.reason] += len(output)
    text = f"{len(hosts)} games, {values:,} values in {path}"
    if aside:
        text += "; not used: " + ", ".join(f"{n:,} {why}" for why, n in sorted(aside.items()))
    print(text)
