"""Where outputs go. A sink has two methods; everything else about a destination is the sink's own business.

A kind of sink is an entry point of the group ``touchline.sinks``, under the scheme of its URLs or the ending of its files: a
function ``(url, options) -> Sink``. docs/adding-a-sink.md adds one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from features.core.plugins import PluginGroup
from streaming.errors import BadInput, plugin_errors
from streaming.operator.metrics import OperatorMetrics
from streaming.wire.blocks import FrameBlock, Output, StatBlock
from streaming.wire.records import GameRecord, StatUpdate

SINKS: Final = PluginGroup("touchline.sinks", "sink")


class Sink(Protocol):
    """Takes what an operator emits, in order.

    ``write`` must not block for long and must not keep references that it then changes. ``close`` is called once, after
    the last write; a sink that makes a file shows it only then. A file sink also has ``abort``, which leaves nothing. A sink that
    publishes the events of a game, too, has ``tee(records)``: the records of the source on their way to the runner.
    """

    def write(self, outputs: list[Output], published_us: int) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SinkOptions:
    """What a command knows when it opens a sink.

    ``game`` is the game whose outputs the sink gets, with the ``metrics`` of its operator; None where it gets those of several
    games. ``final_only`` leaves out provisional and stale values; ``overwrite`` replaces a file; ``language`` is that of stories;
    ``settings`` is a file of a broker's security settings, ``partitions`` the number of partitions of topics made here.
    """

    game: GameRecord | None = None
    metrics: OperatorMetrics | None = None
    final_only: bool = True
    overwrite: bool = False
    language: str = "en"
    settings: Path | None = None
    partitions: int | None = None


def sink_kind(url: str) -> str:
    """The kind of sink of ``KIND://...``, ``file://PATH.KIND`` or ``PATH.KIND``; ``BadInput`` with the known ones for another."""
    kind = file_of(url).suffix[1:] if is_file(url) else url.partition("://")[0]
    if not kind:
        raise BadInput(f"{url!r} is neither a URL nor a file with an ending: this installation knows {', '.join(SINKS.names())}")
    with plugin_errors():
        SINKS.find(kind)
    return kind


def is_file(url: str) -> bool:
    """Whether the sink is a file: ``file://PATH`` or ``PATH``."""
    return "://" not in url.removeprefix("file://")


def file_of(url: str) -> Path:
    """The path of ``file://PATH`` or ``PATH``."""
    return Path(url.removeprefix("file://"))


def open_sink(url: str, options: SinkOptions) -> Sink:
    """The sink at ``url``. ``BadInput`` for an unknown kind, or for a URL or options that the sink cannot take."""
    kind = sink_kind(url)
    with plugin_errors():
        opening = SINKS.load(kind)
        if not callable(opening):
            raise SINKS.misfit(kind, "is no function")
    sink: Sink = opening(url, options)
    return sink


@contextmanager
def closing(sink: Sink) -> Iterator[Sink]:
    """Closes the sink at the end; after an error a sink that makes a file leaves nothing."""
    try:
        yield sink
    except BaseException:
        getattr(sink, "abort", sink.close)()
        raise
    sink.close()


def through(sink: Sink, records: Iterable[Any]) -> Iterable[Any]:
    """The records of a source, seen by a sink that publishes events (``tee``)."""
    tee = getattr(sink, "tee", None)
    return records if tee is None else tee(records)


class ListSink:
    """Keeps everything in memory: for tests and small games."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.published_us: list[int] = []
        self.closed = False

    def write(self, outputs: list[Output], published_us: int) -> None:
        self.outputs.extend(outputs)
        self.published_us.extend([published_us] * len(outputs))

    def close(self) -> None:
        self.closed = True

    def updates(self) -> Iterator[StatUpdate]:
        """Every value as the message it would have been, in order."""
        for output, published_us in zip(self.outputs, self.published_us, strict=True):
            if isinstance(output, StatBlock):
                yield from output.updates(published_us)

    def frames(self) -> list[FrameBlock]:
        """The positions for drawing."""
        return [output for output in self.outputs if isinstance(output, FrameBlock)]
