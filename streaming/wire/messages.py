"""What goes out, as messages for topics, and back: a batch of stats, positions, a dead letter, a prediction.

One message holds all that was published of a game at once, so that neither a broker nor a Python consumer pays for two
hundred values a window one by one. Everything is JSON; a dead letter's payload, which may be anything, is base64 in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
import numpy as np

from streaming.errors import BadRecord
from streaming.wire import bounds, topics
from streaming.wire.blocks import DeadLetter, FrameBlock, ModelSwitch, Output, Prediction, Quality, StatBlock
from streaming.wire.headers import Headers, headers
from streaming.wire.records import EVENT_VERSION, STAT_VERSION, Event, StatUpdate, encode, encode_telemetry
from streaming.wire.stat_json import block_raw

#: a message of stats is closed when it has grown to this size: brokers take a megabyte unless configured otherwise
FULL_BYTES: Final = 400_000


class StatBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Updates of one game that were published together, oldest first. A reader that comes across an id again takes the
    newer one: a final value stands for its provisional one, a higher revision for a lower."""

    v: Literal[1, 2] = STAT_VERSION
    game: str
    sport: str
    updates: list[StatUpdate]


class Positions(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="positions"):
    """Positions of all entities. ``xyz_m`` has a row per time: x, y, z of each of ``ids`` in turn, null where unknown."""

    game: str
    sport: str
    period: int
    ids: list[str]
    t_us: list[int]
    xyz_m: list[list[float | None]]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be used. ``source`` is the kind of record it was meant to be (``telemetry.<sport>`` or
    ``events.<sport>``), ``records`` how many samples or events it stands for, ``payload`` its bytes as they can be sent again. Of a
    record that was too long for that it is the beginning: then ``cut_from_bytes`` is its length and ``sha256`` its hash."""

    v: Literal[1] = 1
    source: str
    game: str
    reason: str
    detail: str = ""
    arrival_us: int = 0
    records: int = 1
    payload: bytes = b""
    cut_from_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0
    sha256: str = ""


class PredictionMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The features and the answer of a model; null where a feature was not known. ``rows`` were inferred together: ``features`` and
    ``answer`` are theirs one after the other, ``subjects`` theirs in order."""

    v: Literal[1] = 1
    game: str
    stat: str
    event: str | None
    t_us: int
    model: str
    version: str
    features: list[float | None]
    answer: list[float | None]
    quality: Quality
    rows: Annotated[int, msgspec.Meta(ge=1)] = 1
    subjects: list[str] = []


class Message(NamedTuple):
    """One message for one topic; its key is the game."""

    topic: str
    game: str
    value: bytes
    headers: Headers = ()


_json = msgspec.json.Encoder().encode
_batch_decoder = msgspec.json.Decoder(StatBatch)
_positions_decoder = msgspec.json.Decoder(Positions)
_letter_decoder = msgspec.json.Decoder(Letter)
_prediction_decoder = msgspec.json.Decoder(PredictionMessage)


def messages(sport: str, game: str, outputs: Iterable[Output | Event], published_us: int) -> Iterator[Message]:
    """What ``outputs`` of one game, published together, become on the sport's topics. None is larger than ``bounds.MAX_BYTES``: in
    the place of one that would be goes a small dead letter."""
    for message in _messages(sport, bounds.game_name(game), outputs, published_us):
        if len(message.value) <= bounds.MAX_BYTES:
            yield message
            continue
        source = topics.events(sport) if message.topic == topics.events(sport) else topics.telemetry(sport)
        letter = bounds.TooLarge.of(message.topic, message.value).letter(source, message.game, published_us, message.value)
        yield Message(topics.dead(source), message.game, encode_letter(letter), headers("dead-letter", 1, message.game))


def _messages(sport: str, game: str, outputs: Iterable[Output | Event], published_us: int) -> Iterator[Message]:
    head = b'{"v":%d,"game":%b,"sport":%b,"updates":[' % (STAT_VERSION, _json(game), _json(sport))
    parts: list[bytes] = []
    stats: dict[str, None] = {}
    size = 0
    for output in outputs:
        if isinstance(output, StatBlock):
            for raw in _pieces(output, published_us):
                parts.append(raw)
                stats[output.stat] = None
                size += len(raw)
                if size >= FULL_BYTES:
                    yield _stats(sport, game, head + b",".join(parts) + b"]}", stats)
                    parts, stats, size = [], {}, 0
        elif isinstance(output, FrameBlock):
            for some in bounds.frames(output):
                yield Message(topics.positions(sport), game, encode_positions(some), headers("positions", 1, game))
        elif isinstance(output, DeadLetter):
            for letter in bounds.letters(output):
                yield Message(topics.dead(output.source), game, encode_letter(letter), headers("dead-letter", 1, game))
        elif isinstance(output, Prediction):
            yield Message(
                topics.predictions(sport), game, encode_prediction(output), headers("prediction", 1, game, (output.stat,))
            )
        elif isinstance(output, ModelSwitch):
            continue  # every prediction says its version
        else:
            yield Message(topics.events(sport), game, encode(output), headers("event", EVENT_VERSION, game))
    if parts:
        yield _stats(sport, game, head + b",".join(parts) + b"]}", stats)


def _stats(sport: str, game: str, value: bytes, stats: Iterable[str]) -> Message:
    return Message(topics.stats(sport), game, value, headers("stat-batch", STAT_VERSION, game, tuple(stats)))


def _pieces(block: StatBlock, published_us: int) -> Iterator[bytes]:
    """A block's updates, a window at a time where there are several: a long packet can close a minute of them."""
    windows = len(block.end_us)
    if windows == 1:
        if raw := block_raw(block, published_us):
            yield raw
        return
    for k in range(windows):
        rows = slice(k, k + 1)
        live = None if block.live is None else block.live[rows]
        one = StatBlock(
            stat=block.stat,
            game=block.game,
            sport=block.sport,
            unit=block.unit,
            subjects=block.subjects,
            end_us=block.end_us[rows],
            span_us=block.span_us,
            values=block.values[rows],
            quality=block.quality,
            ingress_us=block.ingress_us[rows],
            live=live,
            revision=block.revision,
            event=block.event,
            frame=block.frame,
            model=block.model,
            reason=block.reason,
        )
        if raw := block_raw(one, published_us):
            yield raw


def encode_positions(block: FrameBlock) -> bytes:
    """A ``Positions`` in whole centimetres: more is not on any sensor, and it is a third shorter."""
    rows = np.round(block.xyz_m.reshape(len(block.t_us), -1).astype("f8") * 100.0) / 100.0
    return _json(
        Positions(
            game=block.game,
            sport=block.sport,
            period=block.period,
            ids=list(block.ids),
            t_us=block.t_us.tolist(),
            xyz_m=rows.tolist(),
        )
    )


def encode_letter(letter: DeadLetter) -> bytes:
    payload = letter.payload if isinstance(letter.payload, bytes) else encode_telemetry(letter.payload)
    return _json(
        Letter(
            source=letter.source,
            game=bounds.game_name(letter.game),
            reason=letter.reason,
            detail=letter.detail[:1000],
            arrival_us=letter.arrival_us,
            records=len(letter),
            payload=payload,
            cut_from_bytes=letter.cut_from_bytes,
            sha256=letter.sha256,
        )
    )


def encode_prediction(prediction: Prediction) -> bytes:
    return _json(
        PredictionMessage(
            game=prediction.game,
            stat=prediction.stat,
            event=prediction.event,
            t_us=prediction.t_us,
            model=prediction.model,
            version=prediction.version,
            features=prediction.features.ravel().tolist(),
            answer=prediction.answer.ravel().tolist(),
            quality=prediction.quality,
            rows=len(prediction.answer),
            subjects=list(prediction.subjects),
        )
    )


def _decode(decoder: msgspec.json.Decoder[Any], raw: bytes, kind: str) -> Any:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord(f"bad {kind}", str(error)) from None


def decode_stats(raw: bytes) -> StatBatch:
    """``BadRecord`` when it is not one of ours, or of a newer schema version."""
    batch: StatBatch = _decode(_batch_decoder, raw, "batch of stats")
    return batch


def decode_letter(raw: bytes) -> Letter:
    """``BadRecord`` when it is not one of ours."""
    letter: Letter = _decode(_letter_decoder, raw, "dead letter")
    return letter


def decode_prediction(raw: bytes) -> Prediction:
    """The inverse of :func:`encode_prediction`; how long it took is not on the wire. ``BadRecord`` on anything else."""
    found: PredictionMessage = _decode(_prediction_decoder, raw, "prediction")
    features, answer = (np.array([np.nan if v is None else v for v in values]) for values in (found.features, found.answer))
    if not len(features) or not len(answer) or len(features) % found.rows or len(answer) % found.rows:
        raise BadRecord("bad prediction", f"{len(features)} features and {len(answer)} answers are not of {found.rows} questions")
    return Prediction(
        game=found.game,
        stat=found.stat,
        event=found.event,
        t_us=found.t_us,
        model=found.model,
        version=found.version,
        features=features.reshape(found.rows, -1),
        answer=answer if len(answer) == found.rows else answer.reshape(found.rows, -1),
        quality=found.quality,
        subjects=tuple(found.subjects),
    )


def decode_positions(raw: bytes) -> FrameBlock:
    """The inverse of :func:`encode_positions`, to the centimetre; ``BadRecord`` on anything else."""
    found: Positions = _decode(_positions_decoder, raw, "positions")
    try:
        xyz = np.array([[np.nan if v is None else v for v in row] for row in found.xyz_m], np.float32)
        xyz = xyz.reshape(len(found.t_us), len(found.ids), 3)
        t_us = np.array(found.t_us, np.int64)
    except (ValueError, OverflowError) as error:
        raise BadRecord("bad positions", str(error)) from None
    return FrameBlock(found.game, found.sport, tuple(found.ids), t_us, xyz, found.period)


def blocks_of(batch: StatBatch) -> list[tuple[int, StatBlock]]:
    """The updates as blocks again, each with its published clock: neighbours that differ only in subject and value are one.
    ``BadRecord`` where a window lies beyond all time."""
    found: list[tuple[int, StatBlock]] = []
    run: list[StatUpdate] = []
    for update in batch.updates:
        if run and not _alike(run[0], update):
            found.append(_block(run))
            run = []
        run.append(update)
    if run:
        found.append(_block(run))
    return found


def _alike(a: StatUpdate, b: StatUpdate) -> bool:
    return (
        a.stat == b.stat
        and a.window_us == b.window_us
        and a.event == b.event
        and a.quality == b.quality
        and a.revision == b.revision
        and a.clocks == b.clocks
        and a.unit == b.unit
        and a.frame == b.frame
        and a.model == b.model
        and a.reason == b.reason
        and a.game == b.game
        and a.sport == b.sport
    )


def _block(run: list[StatUpdate]) -> tuple[int, StatBlock]:
    one = run[0]
    start, end = one.window_us
    if not -(1 << 62) <= end <= 1 << 62:
        raise BadRecord("bad batch of stats", f"a window ends at {end}")
    values: Any = [update.value for update in run]
    if all(value is None or isinstance(value, float) for value in values):
        values = np.array([[np.nan if value is None else value for value in values]])
    else:
        values = [values]
    block = StatBlock(
        stat=one.stat,
        game=one.game,
        sport=one.sport,
        unit=one.unit,
        subjects=tuple(update.subject for update in run),
        end_us=np.array([end], np.int64),
        span_us=end - start,
        values=values,
        quality=one.quality,
        ingress_us=np.array([one.clocks.ingress_us], np.int64),
        live=None,
        revision=one.revision,
        event=one.event,
        frame=one.frame,
        model=one.model,
        reason=one.reason,
    )
    return one.clocks.published_us, block
