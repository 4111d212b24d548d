"""``touchline run`` where source and sink are not one broker: one game from any source, or the games of a feed, to any sink."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streaming.recordings.capture import GameRecorder
    from streaming.sources import FeedSource, GameSource


@contextmanager
def captured(source: FeedSource, folder: Path | None, stop: threading.Event) -> Iterator[None]:
    """Records meanwhile the games of the source in ``folder`` (None: no recording); when that fails, ``stop`` is set, and the error
    is raised at the end."""
    from streaming.recordings.capture import GameRecorder
    from streaming.threads import WatchedThread

    if folder is None:
        yield
        return
    recorder, enough = GameRecorder(folder, source.sport), threading.Event()

    def record() -> None:
        for game, raw, now_us in source.messages(enough):
            recorder.take(game, raw, now_us)

    thread = WatchedThread(record, "recorder", failed=stop.set).start()
    with recorder:
        try:
            yield
        finally:
            enough.set()
            thread.join()
        thread.check()
    print(recorded(recorder))


def recorded(recorder: GameRecorder) -> str:
    """What was recorded, in a sentence."""
    missed = f"; {recorder.unclaimed:,} records of games without their beginning are in none" if recorder.unclaimed else ""
    return f"recorded {len(recorder.finished)} games in {recorder.folder}{missed}"


def run_game(
    source: GameSource,
    sink_url: str,
    *,
    speed: str,
    sink_options: dict[str, Any],
    model: list[str] | None,
    registry: Path | None,
    record: Path | None,
) -> None:
    """One game through an operator in this process to a sink; ``sink_options`` as in ``SinkOptions``."""
    from streaming.cli.parsing import parse_speed
    from streaming.cli.replay import sentence, summary
    from streaming.factory import OperatorFactory, prepare, requested_of
    from streaming.recordings.capture import GameRecorder
    from streaming.runners.embedded import EmbeddedRunner
    from streaming.sinks import SinkOptions, open_sink
    from streaming.sinks.base import through
    from streaming.sources.pace import paced

    pace, game = parse_speed(speed), source.record
    with ExitStack() as stack:
        make = stack.enter_context(OperatorFactory(model, registry, draw=True, provisional=pace is not None))
        if pace is not None:
            prepare(game.sport, make)
        operator = make(game)
        recorder = None if record is None else stack.enter_context(GameRecorder(record, game.sport, requested_of(operator)))
        sink = open_sink(sink_url, SinkOptions(game=game, metrics=operator.metrics, **sink_options))
        print(f"{game.game} from {source.text} to {sink_url}", flush=True)
        records: Iterable[Any] = source.records(live=pace is not None)
        records = through(sink, records if pace is None else paced(records, pace))
        if recorder is not None:
            records = recorder.tee(game, records)
        began = time.perf_counter()
        EmbeddedRunner(operator, [sink] if recorder is None else [sink, recorder]).run(records)
    print(sentence(summary(operator.metrics, game, time.perf_counter() - began)))
    if recorder is not None:
        print(recorded(recorder))


def run_feed(
    source: FeedSource,
    sink_url: str,
    *,
    sink_options: dict[str, Any],
    model: list[str] | None,
    registry: Path | None,
    stop: threading.Event,
) -> None:
    """Every game of a feed through operators in this process, and the final stats of all to one sink."""
    from streaming.factory import maker
    from streaming.operator.session import GameSession
    from streaming.sinks import SinkOptions, open_sink
    from streaming.sinks.base import closing
    from streaming.wire.blocks import DeadLetter, StatBlock
    from streaming.wire.records import Event

    sessions: dict[str, GameSession] = {}
    unused: Counter[str] = Counter()
    values = 0
    with (
        maker(model, registry, provisional=False) as make,
        closing(open_sink(sink_url, SinkOptions(**sink_options))) as sink,
    ):
        print(f"{source.sport} from {source.text} to {sink_url}, from the beginning: on the air; Ctrl-C ends it", flush=True)
        for game, raw, now_us in source.messages(stop):
            session = sessions.get(game) or GameSession(source.sport, game, make)
            out = [output for output in session.take(raw, now_us) if not isinstance(output, Event)]
            if session.phase != "waiting":
                sessions[game] = session
            sink.write(out, time.time_ns() // 1000)
            for output in out:
                if isinstance(output, StatBlock):
                    values += len(output)
                elif isinstance(output, DeadLetter):
                    unused[output.reason] += len(output)
    text = f"{len(sessions)} games, {values:,} values in {sink_url}"
    if unused:
        text += "; not used: " + ", ".join(f"{n:,} {reason}" for reason, n in sorted(unused.items()))
    print(text)
