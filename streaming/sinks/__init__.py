"""Where outputs go. A sink has two methods; everything else about a destination is the sink's own business."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from streaming.wire.blocks import FrameBlock, Output, StatBlock
from streaming.wire.records import StatUpdate


class Sink(Protocol):
    """Takes what an operator emits, in order.

    ``write`` must not block for long and must not keep references that it then changes. ``close`` is called once, after
    the last write; a sink that makes a file shows it only then. A file sink also has ``abort``, which leaves nothing.
    """

    def write(self, outputs: list[Output], published_us: int) -> None: ...

    def close(self) -> None: ...


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
