"""Records games while they are played: a recording of each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import msgspec

from streaming.errors import BadInput, BadRecord, TouchlineError
from streaming.recordings.model_copies import Timed
from streaming.recordings.parquet_parts import reason
from streaming.recordings.writer import Writer
from streaming.threads import WatchedThread
from streaming.wire import topics
from streaming.wire.arrivals import ArrivalGuard, Verdicts
from streaming.wire.blocks import DeadLetter, Output
from streaming.wire.feed import FeedRecord, GameEnd, GameStart, decode_feed
from streaming.wire.records import Event, GameRecord, Telemetry, encode

_log = logging.getLogger(__name__)

#: row groups of one kind that may wait for the disk of a game on the air: minutes of it, and tens of megabytes
MOST_WAITING: Final = 4
#: how long the end of a game waits until a recording that was given up is removed, s
GIVE_UP_S: Final = 10.0


class GameRecorder:
    """Recordings of games of ``sport``, each in ``folder`` under its name, there when the game has ended or this closes; what
    was there of that name is replaced then. ``requested`` are the models that were requested by name, with
    their versions; ``timed`` is what the times of predictions are measured in; ``waiting`` as for :class:`Writer`.
    A context manager: on an error it leaves nothing
    of the games that were still on.

    Attributes
    ----------
    finished : recordings that are there
    unclaimed : records that belong to no game on the air, and are in no recording
    """

    def __init__(
        self, folder: Path, sport: str, requested: Mapping[str, str] | None = None, timed: Timed = "live", waiting: int = 0
    ) -> None:
        self.folder, self.sport, self.requested, self.timed, self.waiting = folder, sport, requested, timed, waiting
        self.finished: list[Path] = []
        self.unclaimed = 0
        self._writers: dict[str, Writer] = {}
        self._guards: dict[str, ArrivalGuard] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"cannot record in {folder}: {reason(error)}") from error

    def take(self, game: str, raw: bytes, now_us: int) -> None:
        """One message of the input topic, under its key. What cannot be used is recorded as a dead letter, with its reason."""
        try:
            self._put(game, decode_feed(raw), now_us)
        except BadRecord as bad:
            writer = self._writers.get(game)
            if writer is None:
                self.unclaimed += 1
            else:
                source = topics.events(self.sport) if raw[:1] == b"{" else topics.telemetry(self.sport)
                writer.write(DeadLetter.of(source, game, bad.reason, now_us, raw, str(bad)))

    def tee(self, game: GameRecord, records: Iterable[Telemetry | Event | int]) -> Iterator[Telemetry | Event | int]:
        """Pass a source's records on to a runner and record them. As a sink of that runner, this also records the outputs of its
        operator, and the runner closes it."""
        writer = self.begin(game)
        for record in records:
            if not isinstance(record, int):
                writer.write(record)
            yield record

    def write(self, outputs: Sequence[Output], published_us: int) -> None:
        """Record outputs of the operator of a game: stats, predictions, changes of models, dead letters."""
        for game in {output.game for output in outputs}:
            if game in self._writers:
                self._writers[game].write_outputs([output for output in outputs if output.game == game], published_us)

    def close(self) -> None:
        for game in list(self._writers):
            self._end(game)

    def abort(self) -> None:
        while self._writers:
            self._writers.popitem()[1].abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.close() if kind is None else self.abort()

    def _put(self, game: str, record: FeedRecord, now_us: int) -> None:
        if isinstance(record, GameStart):
            if record.record.game != game:
                raise BadRecord("another game", f"the record of {record.record.game} under the key {game}")
            if game not in self._writers:
                self.begin(record.record, aired=True)
            elif self._writers[game].game != record.record:
                raise BadRecord("changed game record", "the game has started with another one")
            return
        writer = self._writers.get(game)
        if writer is None:
            raise BadRecord("unknown game", "no game record arrived before it")
        if record.game != game:
            raise BadRecord("another game", f"{record.game} under the key {game}")
        if isinstance(record, GameEnd):
            self._end(game)
        else:
            self._write(writer, self._judged(game, record, now_us))

    def _judged(self, game: str, record: Telemetry | Event, now_us: int) -> Verdicts:
        guard = self._guards[game]
        record, now_us = guard.even(record, now_us)
        return guard.take(_stamped(record, now_us), now_us)

    def _write(self, writer: Writer, verdicts: Verdicts) -> None:
        """What an operator takes; records whose stamps it cannot believe are dead letters, or a replay would come across them."""
        for record in verdicts.taken:
            writer.write(record)
        for record in verdicts.refused:
            source = topics.events(self.sport) if isinstance(record, Event) else topics.telemetry(self.sport)
            payload = encode(record) if isinstance(record, Event) else record
            writer.write(DeadLetter(source, record.game, "arrival ahead", 0, payload))

    def begin(self, record: GameRecord, *, aired: bool = False) -> Writer:
        """Begin the recording of a game; ``aired``: of a feed that operators elsewhere answer."""
        self._guards[record.game] = ArrivalGuard(record)
        self._writers[record.game] = writer = Writer(
            self._path(record.game),
            record,
            overwrite=True,
            requested=self.requested,
            timed=self.timed,
            aired=aired,
            copies=True,
            waiting=self.waiting,
        )
        return writer

    def _end(self, game: str) -> None:
        writer = self._writers[game]
        self._write(writer, self._guards.pop(game).end())
        writer.close()
        del self._writers[game]
        self.finished.append(self._path(game))

    def _path(self, game: str) -> Path:
        name = quote(game, safe=" ")
        return self.folder / (f"%2E{name[1:]}" if name.startswith(".") else name)


class LiveRecorder:
    """Records one game on the air, as a ``GameRecorder``. What goes wrong in recording (a full disk, or one so slow that
    ``MOST_WAITING`` row groups wait for it) ends the recording, with a line on stderr, and neither ends nor delays the game."""

    def __init__(self, folder: Path, game: GameRecord, requested: Mapping[str, str] | None = None) -> None:
        self.game, self.failed = game, ""
        self._recorder = GameRecorder(folder, game.sport, requested, waiting=MOST_WAITING)
        self._giving_up: WatchedThread | None = None

    def tee(self, records: Iterable[Telemetry | Event | int]) -> Iterator[Telemetry | Event | int]:
        """The records, which are recorded on their way."""
        with self._going_on():
            writer = self._recorder.begin(self.game)
        for record in records:
            if not self.failed and not isinstance(record, int):
                with self._going_on():
                    writer.write(record)
            yield record

    def write(self, outputs: Sequence[Output], published_us: int) -> None:
        """Record the outputs of the game's operator."""
        if not self.failed:
            with self._going_on():
                self._recorder.write(outputs, published_us)

    def close(self) -> None:
        """The game is over: the recording is there."""
        if not self.failed:
            with self._going_on():
                self._recorder.close()
        if self._giving_up is not None:
            self._giving_up.join(GIVE_UP_S)

    def abort(self) -> None:
        """Leave nothing of the game."""
        self._give_up()
        self.close()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        try:
            yield
        except (TouchlineError, OSError, ValueError) as error:
            self.failed = str(error)
            self._give_up()
            _log.error("%s is no longer recorded: %s", self.game.game, error)

    def _give_up(self) -> None:
        """Remove what there is, on a thread: the disk that is too slow is needed for that, too."""
        self.failed = self.failed or "the game was given up"
        if self._giving_up is None:
            self._giving_up = WatchedThread(self._recorder.abort, "giving up a recording").start()


def _stamped(record: Telemetry | Event, now_us: int) -> Telemetry | Event:
    """With the broker's stamp where there is none of an ingress, as an operator takes it."""
    if isinstance(record, Event):
        return record if record.arrival_us else msgspec.structs.replace(record, arrival_us=now_us)
    if isinstance(record.arrival_us, int) and not record.arrival_us:
        record.arrival_us = now_us
    return record
